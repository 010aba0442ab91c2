"""
Support: galaxies without a counterpart in the training set
===========================================================

A spectroscopic training set covers the bright galaxies; the photometric survey goes deeper. A method answers for all of
them. The check counts the target objects in whose neighbourhood the training set has less than a tenth of their density.
"""

import matplotlib.pyplot as plt
import numpy as np

import checkstar as cs
from checkstar.checks.shifts import Support

check = Support()
claim = cs.Claim("object_value", label="z")
rng = np.random.default_rng(0)


def galaxies(n, faintest):
    magnitude = faintest - rng.exponential(1.0, n)
    redshift = np.clip(0.1 * (magnitude - 16) + 0.1 * rng.normal(size=n), 0.01, None)
    colours = np.column_stack([redshift, np.sqrt(redshift)]) + 0.05 * rng.normal(size=(n, 2))
    x = np.column_stack([magnitude, colours])
    return cs.Dataset(x, redshift, labels=["z"], features=["mag_i", "g_r", "r_i"])


train, test, target = galaxies(2000, 21.0), galaxies(500, 21.0), galaxies(2000, 22.5)
trees = cs.methods.BoostedTrees(random_state=0).fit_data(train)

# %%
# The fault
# ---------
# On the test set all is well; the target is 1.5 magnitudes deeper.

deeper = cs.Run.of(trees, train=train, test=test, scope=cs.Scope(target=target))
fault = check.examine(deeper, claim, np.random.default_rng(0))
print(f"{fault.verdict}: {fault.reason}")

# %%
# The cure
# --------
# Cut the target where the training set ends, and say so in the paper.

cut = target[target.x[:, 0] < 21.0]
limited = cs.Run.of(trees, train=train, test=test, scope=cs.Scope(target=cut))
cured = check.examine(limited, claim, np.random.default_rng(0))
print(f"{cured.verdict}: {cured.reason}")
for name, some in (("whole target", target), ("after the cut", cut)):
    error = np.abs(trees.predict(some.x)[:, 0] - some.y[:, 0])
    print(f"{name}: median |error| of z {np.median(error):.3f}")

figure, axis = plt.subplots(layout="constrained")
for layer, colour in zip(fault.figure["layers"], ("lightgrey", "tab:blue", "tab:red"), strict=True):
    axis.plot(layer["x"], layer["y"], ".", color=colour, label=layer["label"])
axis.set_xlabel(fault.figure["xlabel"])
axis.set_ylabel(fault.figure["ylabel"])
axis.legend()

assert fault.verdict == "FAIL"
assert cured.verdict == "PASS"
