"""
Account: what a prediction costs, all included
==============================================

The training of the model that was kept is the smaller part of its cost: there was a search for it, there will be
predictions, and it was audited. This check never decides a claim; it adds up. Energy is modelled from CPU seconds, not
measured. The numbers are those of this machine.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.ensemble import RandomForestRegressor

import checkstar as cs
from checkstar.checks.costs import Account
from checkstar.simulators import linear_gaussian

drawn = linear_gaussian(2000, 0)
data = cs.Dataset(drawn.x, drawn.y)
run = cs.Run.of(RandomForestRegressor(50, random_state=0), train=data[:1000], test=data[1000:])
fit = run.costs.fit_cpu_seconds

# %%
# The fault
# ---------
# A search over three thousand settings, each as long as this training, for the sake of a hundred stars.

check = Account(search_seconds=3000 * fit)
few = check.examine(run, cs.Claim("object_value", n_objects=100), np.random.default_rng(0))
print(f"{few.verdict}: {few.reason}")

# %%
# The cure
# --------
# The same search for a survey of ten million stars; or, for a hundred stars, no search.

many = check.examine(run, cs.Claim("object_value", n_objects=10_000_000), np.random.default_rng(0))
none = Account().examine(run, cs.Claim("object_value", n_objects=100), np.random.default_rng(0))
print(f"ten million stars: {many.verdict}: {many.reason}")
print(f"without a search: {none.verdict}: {none.reason}")

figure, axes = plt.subplots(layout="constrained")
n = np.logspace(1, 8, 60)
pace = run.costs.predict_cpu_seconds / len(run.test)
for name, search in {"with the search": check.search_seconds, "without": 0.0}.items():
    axes.loglog(n, (search + fit) / n + pace, label=name)
axes.axhline(check.limit_seconds, linestyle="--", color="grey", label="limit")
axes.set_xlabel("number of stars")
axes.set_ylabel("CPU seconds per star")
axes.legend()

assert few.verdict == "FAIL"
assert many.verdict == "PASS"
assert none.verdict == "PASS"
