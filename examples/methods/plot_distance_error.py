"""
DistanceError: error bars that grow with the distance to the training set
=========================================================================

A method that interpolates between neighbours is right where there are neighbours. One factor on its error bars makes
them right on average, which is right nowhere.
"""

import matplotlib.pyplot as plt
import numpy as np

import checkstar as cs
from checkstar.methods import Calibrated, DistanceError, KNearest

# %%
# Stars become rare towards the edge of the parameter space. The label is a smooth function that ten neighbours follow
# well in the middle.

rng = np.random.default_rng(0)


def observe(n):
    x = rng.standard_t(3, size=(n, 2))
    return cs.Dataset(x, 3 * np.sin(x[:, 0]) + x[:, 1] + 0.05 * rng.standard_normal(n))


train, test = observe(3000), observe(20_000)
calibrated, by_distance = (wrap(KNearest()).fit_data(train) for wrap in (Calibrated, DistanceError))
distance = by_distance.distance(test.x)

# %%
# The fault
# ---------
# Error bars measured on all stars serve all stars together. They do not serve the half that lies in the sparser regions.

pulls, claim = cs.checks.Pulls(), cs.Claim("object_interval")


def audited(method, rows):
    run = cs.Run.of(method, test=test[rows])
    evidence = pulls.examine(run, claim, np.random.default_rng(0))
    print(f"{run.name}: {evidence.verdict}: {evidence.reason}")
    return evidence


everywhere, sparse = distance >= 0, distance > np.median(distance)
overall = audited(calibrated, everywhere)
fault = audited(calibrated, sparse)

# %%
# The cure
# --------
# An error that grows with the distance to the fifth neighbour, by a law learned from training stars that were held out.

cured = audited(by_distance, sparse)

# %%
# Far out, where few training stars were, the law is an extrapolation: better than a factor, and not to be trusted to ten
# percent.

outermost = distance > np.quantile(distance, 0.9)
far = {name: audited(method, outermost) for name, method in (("one", calibrated), ("distance", by_distance))}

rows = np.digitize(distance, np.quantile(distance, np.linspace(0, 1, 11))[1:-1])
figure, axes = plt.subplots(layout="constrained")
for name, method in {"one factor": calibrated, "by distance": by_distance}.items():
    prediction = method.predict_distribution(test.x)
    pull = (test.y - prediction.mean()) / prediction.std()
    rms = [np.sqrt(np.mean(pull[rows == i] ** 2)) for i in range(10)]
    axes.plot([distance[rows == i].mean() for i in range(10)], rms, "o-", label=name)
axes.axhline(1, linestyle="--", color="grey")
axes.set_xscale("log")
axes.set_yscale("log")
axes.set_xlabel("distance to the training set")
axes.set_ylabel("root mean square pull")
axes.legend()

assert overall.verdict == "PASS"
assert fault.verdict == "FAIL"
assert cured.verdict == "PASS"
assert far["distance"].value < 0.5 * far["one"].value
