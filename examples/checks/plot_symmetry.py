"""
Symmetry: an answer that depends on how the camera was held
===========================================================

Turn a galaxy by 90 degrees and it is as bright as before. A method that was trained on pixels need not know that: it is
asked here, and the smallest counter-example is shown. The mean over the group is the cure.
"""

import matplotlib.pyplot as plt
import numpy as np

import checkstar as cs
from checkstar.checks.symmetry import KeepsSymmetries
from checkstar.symmetries import Flip, Rotation90, Units

check = KeepsSymmetries()
claim = cs.Claim("object_value", label="log_flux")
rng = np.random.default_rng(0)

# %%
# Galaxies
# --------
# Images of 12 x 12 pixels with noise; the label is the logarithm of the flux. The galaxies of the training set lie near
# the horizontal, as in a catalogue of one cluster with intrinsic alignments; those to be measured lie anywhere.

side = 12
y, x = np.indices((side, side)) - (side - 1) / 2


def galaxies(n, largest_angle):
    angle = rng.uniform(-largest_angle, largest_angle, (n, 1, 1))
    log_flux, size = rng.uniform(1.5, 2.5, (n, 1, 1)), rng.uniform(1.2, 2.0, (n, 1, 1))
    along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    profile = np.exp(-0.5 * ((along / size) ** 2 + (across / (0.6 * size)) ** 2)) / (2 * np.pi * 0.6 * size**2)
    image = 10**log_flux * profile + rng.normal(0, 0.3, (n, side, side))
    return cs.Dataset(image.reshape(n, -1), log_flux.ravel(), noise=0.3, labels=["log_flux"])


train, test = galaxies(800, 0.4), galaxies(600, np.pi)
scope = cs.Scope(symmetries=[Rotation90(image_shape=(side, side)), Flip(image_shape=(side, side))])

# %%
# The fault
# ---------

nearest = cs.methods.KNearest()
run = cs.Run.of(nearest, train=train, test=test, scope=scope)
fault = check.examine(run, claim, np.random.default_rng(0))
print(f"{fault.verdict}: {fault.reason}")

# %%
# The cure
# --------
# The mean of the predictions of all eight images of each galaxy: exact, and also nearer to the truth.

symmetrized = cs.Run.of(cs.methods.Symmetrized(nearest, scope.symmetries), train=train, test=test, scope=scope)
cured = check.examine(symmetrized, claim, np.random.default_rng(0))
print(f"{cured.verdict}: {cured.reason}")
scatter = [float(np.std(r.view("log_flux").error)) for r in (run, symmetrized)]
print(f"scatter around the truth: {scatter[0]:.3f} dex, then {scatter[1]:.3f} dex")

figure, axes = plt.subplots(1, 2, layout="constrained", sharey=True)
for panel, layer in zip(axes, fault.figure["layers"], strict=True):
    panel.imshow(np.array(layer["y"]).reshape(side, side))
    panel.set_title(layer["label"])
figure.suptitle(fault.figure["title"])

# %%
# Units are a symmetry too
# ------------------------
# A luminosity from a flux and a distance must be the same in any units. A method that has learned in one unit is found
# out by the units of the columns alone; one that learns logarithms of dimensionless ratios would pass.

flux, distance = np.exp(rng.normal(size=(2, 2000)))
columns = {"features": ["flux", "distance"], "labels": ["L"], "units": {"flux": "W / m2", "distance": "m", "L": "W"}}
data = cs.Dataset(np.column_stack([flux, distance]), 4 * np.pi * flux * distance**2, **columns)
units = cs.Scope(symmetries=[Units.of(data)])
learned = cs.Run.of(cs.methods.BoostedTrees(), train=data[:1000], test=data[1000:], scope=units)
bound = check.examine(learned, cs.Claim("object_value"), np.random.default_rng(0))
print(f"trees: {bound.verdict}: {bound.reason}")
physics = cs.Run.of(lambda x: 4 * np.pi * x[:, 0] * x[:, 1] ** 2, test=data[1000:], scope=units)
free = check.examine(physics, cs.Claim("object_value"), np.random.default_rng(0))
print(f"physics: {free.verdict}: {free.reason}")

assert fault.verdict == "FAIL"
assert cured.verdict == "PASS"
assert scatter[1] < scatter[0]
assert bound.verdict == "FAIL"
assert free.verdict == "PASS"
