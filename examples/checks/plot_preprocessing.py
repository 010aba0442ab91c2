"""
Preprocessing: a scaler that has met the test set
=================================================

Scaling, imputing, whitening, choosing features: each learns from the objects it is fitted on. Fitted before the split, it
has learned from the test objects.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.feature_selection import SelectKBest, f_regression
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import checkstar as cs
from checkstar.checks.leaks import Preprocessing

check = Preprocessing()
claim = cs.Claim("object_value")

# %%
# The worst case: 60 objects with 2000 features that have nothing to do with the label.

rng = np.random.default_rng(0)
x, y = rng.standard_normal((60, 2000)), rng.standard_normal(60)
train, test = cs.Dataset(x[:40], y[:40]), cs.Dataset(x[40:], y[40:])

# %%
# The fault
# ---------
# The ten features that go best with the label are chosen from all objects, and only the last step is fitted on the
# training set. The check fits a copy of each step on the training objects and another on all, and sees which one it is.

choice = make_pipeline(StandardScaler(), SelectKBest(f_regression, k=10)).fit(x, y)
line = LinearRegression().fit(choice.transform(x[:40]), y[:40])
leaky = cs.Run.of(make_pipeline(*(step for _, step in choice.steps), line), train=train, test=test)
fault = check.examine(leaky, claim, rng)
print(f"{fault.verdict}: {fault.reason}")

# %%
# The cure
# --------
# All steps in one pipeline, fitted on the training set.

honest = cs.Run.of(
    make_pipeline(StandardScaler(), SelectKBest(f_regression, k=10), LinearRegression()), train=train, test=test
)
cured = check.examine(honest, claim, rng)
print(f"{cured.verdict}: {cured.reason}")

correlation = {
    name: np.corrcoef(run.view("y").predicted, run.view("y").truth)[0, 1]
    for name, run in {"chosen from all objects": leaky, "chosen from the training set": honest}.items()
}
for name, value in correlation.items():
    print(f"correlation of prediction and label, features {name}: {value:+.2f}")

figure, axes = plt.subplots(layout="constrained")
for name, run in {"chosen from all objects": leaky, "chosen from the training set": honest}.items():
    axes.plot(run.view("y").truth, run.view("y").predicted, "o", label=f"{name}: r = {correlation[name]:+.2f}")
axes.set_xlabel("label (pure noise)")
axes.set_ylabel("prediction")
axes.legend()

assert fault.verdict == "FAIL"
assert cured.verdict == "PASS"
assert correlation["chosen from all objects"] > 0.5 > abs(correlation["chosen from the training set"])
