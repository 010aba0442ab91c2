"""
Attenuation: a compressed range
===============================

Metal-poor stars come out too rich and metal-rich stars too poor: the slope of prediction on truth is below one. It is
what a regression with noisy input must do to have the smallest squared error, and what nobody may do who then plots
the metallicity distribution.
"""

import matplotlib.pyplot as plt
import numpy as np

import checkstar as cs
from checkstar.simulators import linear_gaussian

check = cs.checks.Attenuation()

# %%
# The fault, on real stars
# ------------------------

problem = cs.problems.stellar_labels()
claim = cs.Claim("object_value", label="feh")
forest = cs.Run.of(cs.methods.Forest(), train=problem.train, test=problem.test)
fault = check.examine(forest, claim, np.random.default_rng(0))
print(f"{fault.verdict}: {fault.reason}")

# %%
# The cure
# --------
# A model of the spectrum given the labels, inverted star by star, has no training set to shrink to: the Cannon.

cannon = cs.Run.of(cs.methods.Cannon(), train=problem.train, test=problem.test)
better = check.examine(cannon, claim, np.random.default_rng(0))
print(f"{better.verdict}: {better.reason}")
print(f"independent stars: {better.n:.0f}, needed to decide: {better.n_needed}")

figure, both = plt.subplots(1, 2, sharey=True, layout="constrained", figsize=(8, 4))
for axes, run in zip(both, (forest, cannon), strict=True):
    view = run.view("feh")
    axes.plot(view.truth, view.predicted, ".")
    axes.plot([-3, 0.5], [-3, 0.5], "--", color="grey")
    axes.set_xlabel("true [Fe/H] (dex)")
    axes.set_title(run.name)
both[0].set_ylabel("predicted [Fe/H] (dex)")
both[0].set_ylim(-4, 1.5)

# %%
# These stars are too few to show a slope of one within 5 %. With 4000 objects it can be shown, here with one label seen
# through noise, for which posterior mean and likelihood are known in closed form.

drawn = linear_gaussian(4000, 0)
weight = 1 / (1 + drawn.noise**2)
data = cs.Dataset(y=drawn.y)
found = {
    name: check.examine(
        cs.Run(name=name, test=data, prediction=cs.prediction.Point(values)),
        cs.Claim("object_value"),
        np.random.default_rng(0),
    )
    for name, values in {"posterior mean": weight * drawn.estimate, "likelihood": drawn.estimate}.items()
}
for name, evidence in found.items():
    print(f"{name}: {evidence.verdict}: {evidence.reason}")

assert fault.verdict == "FAIL"
assert better.value < fault.value
assert found["posterior mean"].verdict == "FAIL"
assert found["likelihood"].verdict == "PASS"
