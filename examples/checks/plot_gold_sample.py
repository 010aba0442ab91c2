"""
Gold sample: a few labels for the mean of many predictions
==========================================================

Labels that cost a night each exist for a few hundred of the objects of a survey, predictions for all.
Prediction-powered inference joins both: its mean is right whatever the predictions are, and sharper than that of the
few labels where they are good.
"""

import matplotlib.pyplot as plt
import numpy as np

import checkstar as cs
from checkstar.checks.populations import GoldSample
from checkstar.simulators import linear_gaussian

# %%
# The fault
# ---------
# A regression learned from objects around 0 and is used on a survey around 1. The mean of its predictions is pulled:

learned, gold, survey = (
    linear_gaussian(n, seed, mean=m) for n, seed, m in ((5000, 0, 0.0), (500, 1, 1.0), (50_000, 2, 1.0))
)
train, test, target = cs.Dataset(learned.x, learned.y), cs.Dataset(gold.x, gold.y), cs.Dataset(survey.x)
claim = cs.Claim("population_mean", n_objects=1000, tolerance=0.1)
scope = cs.Scope(target=target)
check = GoldSample(max_ratio=100)
fault = check.examine(
    cs.Run.of(cs.methods.Ridge(), train=train, test=test, scope=scope), claim, np.random.default_rng(0)
)
print(f"{fault.verdict}: {fault.reason}")

# %%
# The cure
# --------
# Quote the prediction-powered mean, or use estimates without the training prior. With more labels the check can show
# that these need no correction:

more = linear_gaussian(3000, 3, mean=1.0)
divided = cs.Run.of(
    cs.methods.PriorDivided(cs.methods.Ridge()), train=train, test=cs.Dataset(more.x, more.y), scope=scope
)
better = check.examine(divided, claim, np.random.default_rng(0))
print(f"{better.verdict}: {better.reason}")

# %%
# The same for other questions: a median, and the slope on a covariate.

ridge = cs.methods.Ridge().fit_data(train)
few = cs.populations.Gold(gold.y, ridge.predict(gold.x)[:, 0])
many = cs.populations.Unlabelled(ridge.predict(survey.x)[:, 0])
median = cs.populations.powered_quantile(few, many, 0.5)
print(
    f"median {median.value:.2f} [{median.low:.2f}, {median.high:.2f}], truth 1; of predictions {np.median(many.predicted):.2f}"
)

figure, axes = plt.subplots(layout="constrained")
layer = fault.figure["layers"][0]
y, low, high = (np.array(layer[k]) for k in ("y", "low", "high"))
axes.errorbar(fault.figure["xticks"], y, [y - low, high - y], fmt="o", capsize=4)
axes.axhline(1.0, linestyle="--", color="grey", label="truth")
axes.set_ylabel("mean of the survey")
axes.legend()

assert fault.verdict == "FAIL"
assert better.verdict == "PASS"
assert median.low < 1 < median.high
