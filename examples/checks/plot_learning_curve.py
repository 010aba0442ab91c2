"""
Learning curve: is it the method, or the number of training stars?
==================================================================

Before one tries a deeper network one wants to know whether the old one has learned what there is. A power law through the errors at
a half, a quarter and an eighth of the training set says what twice as many objects would bring.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.neighbors import KNeighborsRegressor

import checkstar as cs
from checkstar.checks.practice import LearningCurve

check, claim = LearningCurve(), cs.Claim("object_value")


def colours(n, noise, seed):
    """A smooth relation between two colours and a label, with some scatter of its own."""
    rng = np.random.default_rng(seed)
    x = rng.random((n, 2))
    return cs.Dataset(x, np.sin(6 * x).sum(axis=1) + noise * rng.standard_normal(n))


# %%
# The fault
# ---------
# Nearest neighbours on few objects of a sharp relation.

starved = cs.Run.of(KNeighborsRegressor(), train=colours(500, 0.02, 0), test=colours(2000, 0.02, 1))
fault = check.examine(starved, claim, np.random.default_rng(0))
print(f"{fault.verdict}: {fault.reason}")

# %%
# The cure
# --------
# Thirty times as many, until the scatter of the relation itself is what is left.

fed = cs.Run.of(KNeighborsRegressor(), train=colours(15_000, 0.3, 0), test=colours(5000, 0.3, 1))
cured = check.examine(fed, claim, np.random.default_rng(0))
print(f"{cured.verdict}: {cured.reason}")

figure, axes = plt.subplots(layout="constrained")
for found, colour, label in ((fault, "tab:orange", "few objects"), (cured, "tab:blue", "many")):
    line = found.figure["layers"][0]
    axes.loglog(line["x"], line["y"], "o-", color=colour, label=label)
axes.set_xlabel("training objects")
axes.set_ylabel("mean absolute error")
axes.legend()

assert fault.verdict == "FAIL"
assert cured.verdict == "PASS"
