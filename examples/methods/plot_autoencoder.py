"""
AutoencoderForest: many light curves, few labels
================================================

Surveys have light curves by the million and labels by the hundred. A network can learn what light curves look like
from all of them, by writing each down in a few numbers and finding it again; the labels then only have to name regions of
these numbers.
"""

import matplotlib.pyplot as plt
import numpy as np

import checkstar as cs
from checkstar.data.curve_layout import curve_dataset
from checkstar.simulators.variable_stars import simulate_variable_stars

# %%
# Simulated stars of five classes with known periods: 800 without labels, 60 with labels, and 400 to test on.

wanted = ("RRab", "RRc", "EA", "EB/EW", "DSCT")
stars = curve_dataset(simulate_variable_stars(1260, rng=0, classes=wanted), "class", extras=("period",), n_epochs=60)
unlabelled, labelled, test = stars[:800], stars[800:860], stars[860:]

# %%
# The same method, once taught by the light curves with labels alone and once by the others first.

settings = {"n_units": 16, "n_embedded": 8, "length": 48, "max_epochs": 12, "learning_rate": 0.02}
alone = cs.methods.AutoencoderForest(**settings)
taught = alone.pretrained(unlabelled.x, noise=unlabelled.noise, features=unlabelled.features)
right = {}
for name, method in (("60 light curves", alone), ("800 more without labels", taught)):
    method.fit_data(labelled)
    found = method.predict_distribution(test.x, noise=test.noise)
    right[name] = found.predicted() == test.y[:, 0]
    print(f"taught by {name}: {100 * right[name].mean():.1f} % right")

# %%
# The difference on the same stars, with its standard error.

difference = right["800 more without labels"].astype(float) - right["60 light curves"]
error = difference.std() / np.sqrt(len(difference))
print(f"difference: {100 * difference.mean():.1f} +- {100 * error:.1f} %")

# %%
# Two principal components of the embedding: no label had a part in it.

embedded = taught.embed(test.x, noise=test.noise)
axes_of = np.linalg.svd(embedded - embedded.mean(axis=0), full_matrices=False)[2][:2]
figure, axes = plt.subplots(layout="constrained")
for name in wanted:
    some = (embedded[test.y[:, 0] == name] - embedded.mean(axis=0)) @ axes_of.T
    axes.plot(*some.T, ".", label=name)
axes.set_xlabel("first component of the embedding")
axes.set_ylabel("second component of the embedding")
axes.legend()

assert right["800 more without labels"].mean() > 0.6
assert difference.mean() > 0
