"""
Class activation: where a network keeps its evidence
====================================================

A network says that an event is a supernova of type II. Because of its rise, or because it stayed bright? A
class-activation map divides the logit of each class exactly among the times of the light curve.
"""

import matplotlib.pyplot as plt
import numpy as np

import checkstar as cs
from checkstar.data.curve_layout import curve_dataset
from checkstar.simulators.supernovae import simulate_supernovae
from checkstar.variability.interpolation import interpolate

# %%
# Simulated events of two types that differ in what comes after maximum: type Ia fades, type II stays for months.

events = simulate_supernovae(400, rng=0, classes=("Ia", "II"))
data = curve_dataset(events, "class", n_epochs=60)
train, test = data[:250], data[250:]
method = cs.methods.TimeSeriesTransformer(n_times=50, n_features=16, n_heads=2, max_epochs=25, device="cpu").fit_data(
    train
)
predicted = method.predict_distribution(test.x, noise=test.noise)
truth = test.y[:, 0]
right = predicted.predicted() == truth
print(f"{100 * right.mean():.0f} % of {len(test)} events are given the right type")

# %%
# The map of an event has one number for each time and class; the mean over time, plus what is said beside the light
# curve, is the logit, so nothing is left out.

found = method.class_activation(test.x, noise=test.noise)
column = found.names.index("II")
odds = found.logits[:, column] - found.logits[:, 1 - column]
probability = 1 / (1 + np.exp(-odds))
largest = np.abs(probability - predicted.probabilities[:, column]).max()
print(f"the sum of the map gives the probability to {largest:.0e}")

evidence = found.evidence[:, :, column] - found.evidence[:, :, 1 - column]
figure, axes = plt.subplots(layout="constrained")
for name in ("Ia", "II"):
    some = evidence[truth == name]
    axes.fill_between(found.days, *np.quantile(some, [0.16, 0.84], axis=0), alpha=0.3)
    axes.plot(found.days, np.median(some, axis=0), label=f"events of type {name}")
axes.axhline(0, color="k", linewidth=0.5)
axes.set_xlabel("days since maximum")
axes.set_ylabel("evidence for type II (log odds)")
axes.legend()

# %%
# Is it the network that we see, or only the data? With its weights shuffled the map should be another one.

shuffled = cs.methods.TimeSeriesTransformer(**method.settings())
vars(shuffled).update(method.learned())
rng = np.random.default_rng(0)
shuffled.network_ = {name: rng.permutation(a.ravel()).reshape(a.shape) for name, a in method.network_.items()}
other = shuffled.class_activation(test.x, noise=test.noise).evidence[:, :, column]
alike = np.median([np.corrcoef(a, b)[0, 1] for a, b in zip(found.evidence[:, :, column], other, strict=True)])
print(f"correlation of the maps with those of shuffled weights: {alike:.2f}")

# %%
# Attention mixes times before the map is made: it shows where the network keeps the evidence, which need not be where the
# star told it. The types differ in the map on both sides of maximum, by nearly as much.

contrast = np.median(evidence[truth == "II"], axis=0) - np.median(evidence[truth == "Ia"], axis=0)
late, early = found.days > 20, found.days < -20
print(
    f"evidence that separates the types: {contrast[late].mean():.1f} after day 20, {contrast[early].mean():.1f} before -20"
)

# %%
# What epochs are worth is found by leaving them out: how far the log odds then move. Another question, another answer.

times, values = (test.x[:, slice(c.start, c.stop)] for c in (test.layout.time_columns, test.layout.value_columns))
since = times - interpolate(test.light_curves()).peak[:, None]
moved = {}
for name, gone in (("after day 20", since > 20), ("before day -20", since < -20)):
    x = test.x.copy()
    x[:, test.layout.value_columns.start : test.layout.value_columns.stop] = np.where(gone, np.nan, values)
    logits = method.class_activation(x, noise=test.noise).logits
    moved[name] = np.nanmean(np.abs(logits[:, column] - logits[:, 1 - column] - odds))
    print(f"without the epochs {name} the log odds move by {moved[name]:.2f}")

assert right.mean() > 0.8
assert largest < 1e-9
assert abs(alike) < 0.8
assert moved["after day 20"] > moved["before day -20"]
