"""
Contrast: differences between groups that come out too small
============================================================

Is the disc more metal-rich than the halo, and by how much? One training set of both pulls the labels of each towards
the other, and no number of stars averages that away. The slope of predicted on true group means measures it.
"""

import matplotlib.pyplot as plt
import numpy as np

import checkstar as cs
from checkstar.checks.populations import Contrast
from checkstar.simulators import linear_gaussian

rng = np.random.default_rng(0)


def stars(n):
    """[Fe/H]-like labels of two components 1.2 apart, seen in four noisy features."""
    drawn = linear_gaussian(n, rng, std=0.6)
    halo = rng.random(n) < 0.5
    shift = np.where(halo, -1.2, 0.0)
    meta = {"component": np.where(halo, "halo", "disc")}
    return cs.Dataset(drawn.x + shift[:, None], drawn.y + shift, meta=meta, labels=["feh"], units={"feh": "dex"})


train, test = stars(20_000), stars(5000)
claim = cs.Claim("population_mean", label="feh")

# %%
# The fault
# ---------

ridge = cs.Run.of(cs.methods.Ridge(), train=train, test=test)
fault = Contrast().examine(ridge, claim, rng)
print(f"{fault.verdict}: {fault.reason}")

# %%
# The cure
# --------
# Estimates without the prior of the training set:

divided = cs.Run.of(cs.methods.PriorDivided(cs.methods.Ridge()), train=train, test=test)
better = Contrast().examine(divided, claim, rng)
print(f"{better.verdict}: {better.reason}")

figure, axes = plt.subplots(layout="constrained")
for name, evidence in {"Ridge": fault, "prior divided out": better}.items():
    points = evidence.figure["layers"][2]
    axes.plot(points["x"], points["y"], "o-", label=f"{name}: slope {evidence.limits_of_use[0].value:.2f}")
axes.plot([-1.2, 0], [-1.2, 0], "--", color="grey", label="equality")
axes.set_xlabel("true mean [Fe/H] (dex)")
axes.set_ylabel("mean of predictions (dex)")
axes.legend()

assert fault.verdict == "FAIL"
assert better.verdict == "PASS"
