"""
Ranking: two tables joined by row
=================================

Picking the best candidates asks for little: no error bars, no absolute scale, only the right order. So it is the safest
use, and what spoils it is rarely the method. Here it is a catalogue joined to its predictions row by row although one of
the two was sorted.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import checkstar as cs

check = cs.checks.Ranking()
claim = cs.Claim("ranking")
problem = cs.problems.stellar_labels()
train, test = problem.train.select("feh"), problem.test.select("feh")
predicted = cs.methods.Ridge().fit_data(train).predict(test.x, noise=test.noise)[:, 0]

catalogue = pd.DataFrame({"name": test.meta["name"], "feh": test.y[:, 0]})
predictions = pd.DataFrame({"name": test.meta["name"], "feh_ml": predicted}).sort_values("name", ignore_index=True)

# %%
# The fault
# ---------

by_row = catalogue.assign(feh_ml=predictions["feh_ml"])
fault = check.examine(cs.Run.from_table(by_row, truth="feh", predicted="feh_ml"), claim, np.random.default_rng(0))
print(f"{fault.verdict}: {fault.reason}")

# %%
# The cure
# --------
# Join by what names the object, and let the join complain where the name is not unique.

by_name = catalogue.merge(predictions, on="name", validate="one_to_one")
cured = check.examine(cs.Run.from_table(by_name, truth="feh", predicted="feh_ml"), claim, np.random.default_rng(0))
print(f"{cured.verdict}: {cured.reason}")

figure, both = plt.subplots(1, 2, sharey=True, layout="constrained", figsize=(8, 4))
for axes, title, table in zip(both, ("joined by row", "joined by name"), (by_row, by_name), strict=True):
    axes.plot(table["feh"], table["feh_ml"], ".")
    axes.set_title(title)
    axes.set_xlabel("true [Fe/H] (dex)")
both[0].set_ylabel("predicted [Fe/H] (dex)")

assert fault.verdict == "FAIL"
assert cured.verdict == "PASS"
