"""
Neighbours: twins that are no copies
====================================

Data are often augmented before they are split: a spectrum with a little more noise, an image turned by a few degrees.
The twin of a test object in the training set is no exact copy, and where features are few or noisy chance gives many
objects a copy within their noise; and after a random split the training set holds as many twins as the test set does.
What betrays them is that the nearest training object is too near for the second nearest.
"""

import matplotlib.pyplot as plt
import numpy as np

import checkstar as cs
from checkstar.checks.leaks import Neighbours

check = Neighbours()
claim = cs.Claim("object_value", label="feh")

# %%
# The fault
# ---------
# Real stars (MILES), each with a twin of one per cent more noise, then split at random. Their group would tell; it was not
# handed on.

stars = cs.problems.stellar_labels().train
rng = np.random.default_rng(0)
x = np.concatenate([stars.x, stars.x * (1 + 0.01 * rng.standard_normal(stars.x.shape))])
y = np.concatenate([stars.y, stars.y])
twice = cs.Dataset(x, y, labels=stars.labels)
train, test = twice.split(0.3, 0)
method = cs.methods.KNearest(n_neighbors=1)
leaky = cs.Run.of(method, train=train, test=test)
fault = check.examine(leaky, claim, rng)
print(f"{fault.verdict}: {fault.reason}")

# %%
# The cure
# --------
# Split first, then augment the training set only.

first, held = cs.Dataset(stars.x, stars.y, labels=stars.labels).split(0.3, 0)
learn = cs.Dataset(
    np.concatenate([first.x, first.x * (1 + 0.01 * rng.standard_normal(first.x.shape))]),
    np.concatenate([first.y, first.y]),
    labels=stars.labels,
    group=np.tile(np.arange(len(first)), 2),
)
test = cs.Dataset(held.x, held.y, labels=stars.labels, group=len(first) + np.arange(len(held)))
clean = cs.Run.of(method, train=learn, test=test)
cured = check.examine(clean, claim, rng)
print(f"{cured.verdict}: {cured.reason}")
for name, run in {"with twins": leaky, "without": clean}.items():
    print(f"median |error| of [Fe/H] {name}: {np.median(np.abs(run.view('feh').error)):.3f} dex")

figure, axes = plt.subplots(layout="constrained")
for name, evidence in {"augmented, then split": fault, "split, then augmented": cured}.items():
    layer = evidence.figure["layers"][0]
    axes.plot(layer["x"], layer["y"], label=name)
axes.plot([0, 1], [0, 1], "--", color="grey", label="chance")
axes.set_xlabel("probability of a training star as near by chance")
axes.set_ylabel("share of test stars below")
axes.legend()

assert fault.verdict == "FAIL"
assert cured.verdict != "FAIL"
assert cured.value < check.limit < fault.value
