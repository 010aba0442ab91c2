"""
Population: labels that may not be averaged
===========================================

A regression that minimises the squared error returns posterior means: each is pulled towards the training set. The
pull is small beside the error of one star, and invisible in the mean of stars that are like the training set. In the
mean of N stars of *another* population the errors shrink as 1/sqrt(N) and the pull stays. The
equations are in :doc:`/concepts/population`.
"""

import matplotlib.pyplot as plt
import numpy as np

import checkstar as cs
from checkstar.simulators import linear_gaussian

check = cs.checks.PopulationMean()

# %%
# The fault, on real stars
# ------------------------
# [Fe/H] of MILES stars by ridge regression, whose score is as good as that of the domain's own template fit
# (:doc:`/gallery/checks/plot_reference`). And yet:

problem = cs.problems.stellar_labels()
train, test = problem.train.select("feh"), problem.test.select("feh")
ridge = cs.Run.of(cs.methods.Ridge(), train=train, test=test)
claim = cs.Claim("population_mean", n_objects=500, label="feh")
fault = check.examine(ridge, claim, np.random.default_rng(0))
print(f"{fault.verdict}: {fault.reason}")
for limit in fault.limits_of_use:
    print(" ", limit.text)

# %%
# The cure
# --------
# The training set acts as a prior N(m, t^2) of its labels. A normal posterior N(p, s^2) is divided by it: the
# precision of the likelihood is 1/s^2 - 1/t^2. :class:`checkstar.methods.PriorDivided` does so for any method with
# error bars. (Or use a method without a prior in the first place, such as :class:`checkstar.methods.Cannon`.)

divided = cs.Run.of(cs.methods.PriorDivided(cs.methods.Ridge()), train=train, test=test)
better = check.examine(divided, claim, np.random.default_rng(0))
print(f"{better.verdict}: {better.reason}")

# %%
# The stars of this test set are too few to show that a mean is right to the error of 500 of them; a check that cannot
# decide says so. Where objects are many, it decides. One label seen in four noisy features, where ridge regression
# finds the exact posterior:

learned, drawn = linear_gaussian(20_000, 1), linear_gaussian(4000, 2)
train, test = cs.Dataset(learned.x, learned.y), cs.Dataset(drawn.x, drawn.y)
weight = 1 / (1 + drawn.noise**2)
claim = cs.Claim("population_mean", n_objects=500, tolerance=0.1)
found = {}
for name, method in {
    "posterior means": cs.methods.Ridge(),
    "prior divided out": cs.methods.PriorDivided(cs.methods.Ridge()),
}.items():
    found[name] = check.examine(cs.Run.of(method, train=train, test=test), claim, np.random.default_rng(0))
    print(f"{name}: {found[name].verdict}: {found[name].reason}")

# %%
# The measured bias beside the law: (1 - w) (mean of the training set - mean of the population).

figure, axes = plt.subplots(layout="constrained")
for name, evidence in found.items():
    layer = evidence.figure["layers"][0]
    centre, low, high = np.array(layer["y"]), np.array(layer["low"]), np.array(layer["high"])
    axes.errorbar(layer["x"], centre, [centre - low, high - centre], fmt="o", capsize=3, label=name)
mean = np.linspace(-2, 2, 50)
axes.plot(mean, -(1 - weight) * mean, "--", color="grey", label="(1 - w)(m - mean)")
axes.axhspan(-claim.tolerance, claim.tolerance, alpha=0.1, label="tolerance of the claim")
axes.set_xlabel("true mean of the population averaged (sd of the training set)")
axes.set_ylabel("bias of the mean")
axes.legend()

assert fault.verdict == "FAIL"
assert abs(better.figure["layers"][0]["y"][1]) < abs(fault.figure["layers"][0]["y"][1])
assert found["posterior means"].verdict == "FAIL"
assert found["prior divided out"].verdict == "PASS"
