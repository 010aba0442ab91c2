"""
Worst case: cliffs within the error bars
========================================

The noise of an observation points anywhere. How far can the worst direction move a prediction? For a method that is
linear over its noise, a perturbation of eps sigma moves it by eps times its response to noise, and no further. A
perturbation of one sigma is, for an optimal test that knows what it looks for, a one-sigma effect: nobody would notice.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.tree import DecisionTreeRegressor

import checkstar as cs
from checkstar.checks.robustness import WorstCase
from checkstar.testing import simulate_spectra

check = WorstCase(budget=20)  # four times the calls of an audit: more objects, narrower intervals
claim = cs.Claim("object_value")
data = simulate_spectra(2300)
train, test = data[:300].select("metals"), data[300:].select("metals")

# %%
# The fault
# ---------
# A regression tree cuts the spectra at thresholds. A star beside one falls over it at the slightest push. The method knows
# no derivatives, so the search asks it along all directions, in steps of half a sigma.

fallen = cs.Run.of(DecisionTreeRegressor(random_state=0), train=train, test=test)
tree = check.examine(fallen, claim, np.random.default_rng(0))
print(f"a tree: {tree.verdict}: {tree.reason}")

# %%
# The cure
# --------
# A model that is smooth where spectra are: The Cannon is a polynomial, and knows its derivatives.

both = data[:300], data[300:]
run = cs.Run.of(cs.methods.Cannon(), train=both[0], test=both[1])
cannon = check.examine(run, cs.Claim("object_value", label="metals"), np.random.default_rng(0))
print(f"The Cannon: {cannon.verdict}: {cannon.reason}")
print(f"limit of use: {cannon.limits_of_use[0].text}")

figure, axes = plt.subplots(layout="constrained")
for name, evidence in {"a regression tree": tree, "The Cannon": cannon}.items():
    layer = evidence.figure["layers"][1]
    error = np.abs(np.array([layer["low"], layer["high"]]) - layer["y"])
    axes.errorbar(layer["x"], layer["y"], yerr=error, fmt="o", capsize=3, label=name)
axes.plot([0, 3], [0, 3], "--", color="grey", label="a linear method")
axes.set_xlabel("perturbation: sigma of an optimal test")
axes.set_ylabel("largest change / response to noise")
axes.legend()

assert tree.verdict == "FAIL"
assert cannon.verdict == "PASS"
