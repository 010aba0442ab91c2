"""
Simplicity: boosted trees where a ridge regression would do
===========================================================

Metallicity is nearly linear in the principal components of a spectrum. Trees do worse than a straight line there, and nobody would know
who had not drawn the line.
"""

import matplotlib.pyplot as plt
import numpy as np

import checkstar as cs
from checkstar.checks.practice import Simplicity

check, claim = Simplicity(), cs.Claim("object_value")


def labels(n, bend, seed):
    """A label and four noisy features of it, straight (bend 0) or bent."""
    drawn = cs.simulators.linear_gaussian(n, seed, noise=0.1)
    return cs.Dataset(np.sign(drawn.x) * np.abs(drawn.x) ** (1 + bend), drawn.y)


# %%
# The fault
# ---------

needless = cs.Run.of(cs.methods.BoostedTrees(), train=labels(1000, 0.0, 0), test=labels(1000, 0.0, 1))
fault = check.examine(needless, claim, np.random.default_rng(0))
print(f"{fault.verdict}: {fault.reason}")

# %%
# The cure
# --------
# Use the ridge regression; or use trees where the features are anything but straight.

needed = cs.Run.of(cs.methods.BoostedTrees(), train=labels(1000, 3.0, 0), test=labels(1000, 3.0, 1))
cured = check.examine(needed, claim, np.random.default_rng(0))
print(f"{cured.verdict}: {cured.reason}")

figure, panels = plt.subplots(1, 2, sharey=True, layout="constrained")
for axes, run, title in zip(panels, (needless, needed), ("straight features", "bent features"), strict=True):
    truth = run.test.y[:, 0]
    axes.plot(truth, run.baseline("Ridge").mean()[:, 0], ".", ms=3, color="tab:gray", label="ridge regression")
    axes.plot(truth, run.prediction.mean()[:, 0], ".", ms=3, color="tab:blue", label="boosted trees")
    axes.set_title(title)
    axes.set_xlabel("truth")
panels[0].set_ylabel("prediction")
panels[0].legend()

assert fault.verdict == "FAIL"
assert cured.verdict == "PASS"
