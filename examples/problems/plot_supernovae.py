"""
Classes of supernovae from light curves in six bands
====================================================

Explosions of six classes, found by a survey like LSST among many: which are of type Ia? The reference fits the mean light
curve of each class. The events are simulated; ``cs.problems.supernovae("ztf")`` has redshifts of real supernovae instead.
"""

import matplotlib.pyplot as plt
import numpy as np

import checkstar as cs
from checkstar.simulators import draw_supernovae

problem = cs.problems.supernovae(n_simulated=1500)
print(f"{problem.question}: {len(problem.train)} events to learn from, {len(problem.test)} to test")
for note in problem.notes:
    print(note)

# %%
# What a survey sees
# ------------------
# The brightest event of each class among a few hundred, in flux, about maximum light.

events = draw_supernovae(400, 1)
curves = events.curves
brightest = np.maximum.reduceat(curves.value, curves.offsets[:-1])
figure, axes = plt.subplots(2, 3, figsize=(12, 6), layout="constrained")
for axis, name in zip(axes.ravel(), sorted(set(curves.meta["class"])), strict=True):
    row = int(np.argmax(np.where(curves.meta["class"] == name, brightest, -np.inf)))
    part = slice(curves.offsets[row], curves.offsets[row + 1])
    for code, band in enumerate(curves.bands):
        here = curves.band[part] == code
        days = (curves.time[part] - curves.meta["peak_time"][row])[here]
        axis.errorbar(days, curves.value[part][here], curves.error[part][here], fmt=".", label=band)
    axis.set_title(f"{name}, z = {curves.meta['true_redshift'][row]:.2f}")
axes[0, 0].legend()
axes[1, 0].set_xlabel("days from maximum")
axes[1, 0].set_ylabel("flux (nJy)")

# %%
# The scores
# ----------

run = cs.run(problem, problem.reference, seed=0)
view = run.view("class")
scores = {metric.name: metric.score(view.truth, view.prediction) for metric in problem.metrics["class"]}
print("  ".join(f"{name} {value:.3f}" for name, value in scores.items()))

# %%
# Which events are of type Ia
# ---------------------------
# Purity against completeness, by taking the most probable ones first.

column = view.prediction.names.index("Ia")
order = np.argsort(-view.prediction.probabilities[:, column])
right = (view.truth[order] == "Ia").cumsum()
purity, completeness = right / np.arange(1, len(right) + 1), right / right[-1]
figure, axis = plt.subplots(layout="constrained")
axis.plot(completeness, purity)
axis.set_xlabel("completeness of type Ia")
axis.set_ylabel("purity")

# %%
# What the classes may be used for
# --------------------------------

audit = cs.audit(run, problem.claims[0])
print(audit)

half = np.searchsorted(completeness, 0.5)
share = np.mean(view.truth == "Ia")
assert purity[half] > share + 0.2
assert scores["accuracy"] > share + 0.1
assert audit.verdict in ("FAIL", "INCONCLUSIVE")
