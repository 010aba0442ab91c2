"""
Seeds: the same method, trained again, says something else
==========================================================

A deep tree fits one star each: trained again with another seed and other random features, it gives other metallicities. That scatter is
an error that its claimed sigma has to hold.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.base import BaseEstimator
from sklearn.ensemble import ExtraTreesRegressor

import checkstar as cs
from checkstar.checks.practice import Seeds

problem = cs.problems.stellar_labels()
train, test = (data.select("feh") for data in (problem.train, problem.test))
claim = cs.Claim("object_value")


class Trees(BaseEstimator):
    """Random trees that claim the error with which they fit their own training stars."""

    def __init__(self, n_trees=1, random_state=None):
        self.n_trees, self.random_state = n_trees, random_state

    def fit(self, X, y):
        self.trees_ = ExtraTreesRegressor(self.n_trees, max_features=0.05, random_state=self.random_state).fit(X, y)
        return self

    def predict(self, X, return_std=False):
        mean = self.trees_.predict(X)
        return (mean, np.full(len(X), 0.2)) if return_std else mean


# %%
# The fault
# ---------

one = cs.Run.of(Trees(), train=train, test=test)
fault = Seeds().examine(one, claim, np.random.default_rng(0))
print(f"{fault.verdict}: {fault.reason}")

# %%
# The cure
# --------
# Many trees: what the seed chose averages out.

many = cs.Run.of(Trees(n_trees=100), train=train, test=test)
cured = Seeds().examine(many, claim, np.random.default_rng(0))
print(f"{cured.verdict}: {cured.reason}")

figure, axes = plt.subplots(layout="constrained")
for run, colour in ((one, "tab:orange"), (many, "tab:blue")):
    again = [run.refit(train, seed=seed).prediction.mean()[:, 0] for seed in (1, 2)]
    axes.plot(*again, ".", color=colour, label=f"{run.method.model.n_trees} trees")
axes.axline((0, 0), slope=1, color="black", lw=0.8)
axes.set_xlabel("[Fe/H] (dex), first training")
axes.set_ylabel("[Fe/H] (dex), second training")
axes.legend()

assert fault.verdict == "FAIL"
assert cured.verdict == "PASS"
