"""
Noise response: error bars smaller than the noise that goes through
===================================================================

Observe the same star again and the spectrum differs by its noise; so does the prediction. That scatter is a part of
the error that no method can argue away. Error bars taken from the residuals of the *training* stars know nothing of it.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GroupKFold, cross_val_predict

import checkstar as cs

check = cs.checks.NoiseResponse()
claim = cs.Claim("object_interval", label="feh")
problem = cs.problems.stellar_labels()
train, test = problem.train.select("feh"), problem.test.select("feh")

# %%
# A linear regression on every fourth pixel: 264 coefficients learned from 412 stars.


def pixels(x):
    return x[:, ::4]


labels = train.y[:, 0]
line = LinearRegression().fit(pixels(train.x), labels)


def with_error_bar(sigma):
    """The regression with one error bar for all stars, audited on the test stars."""
    return cs.Run.of(lambda x: (line.predict(pixels(x)), np.full(len(x), sigma)), test=test)


# %%
# The fault
# ---------
# The error bar is the scatter of the residuals of the training stars, which the fit has made small.

inside = float(np.std(line.predict(pixels(train.x)) - labels))
fault = check.examine(with_error_bar(inside), claim, np.random.default_rng(0))
print(f"sigma {inside:.2f} dex: {fault.verdict}: {fault.reason}")

# %%
# The cure
# --------
# Take the residuals of stars that the fit has not seen, cluster by cluster.

unseen = cross_val_predict(LinearRegression(), pixels(train.x), labels, groups=train.group, cv=GroupKFold(5))
outside = float(np.std(unseen - labels))
cured = check.examine(with_error_bar(outside), claim, np.random.default_rng(0))
print(f"sigma {outside:.2f} dex: {cured.verdict}: {cured.reason}")

scatter = np.array(fault.figure["layers"][0]["y"])
figure, axes = plt.subplots(layout="constrained")
axes.hist(scatter, bins=30, alpha=0.6, label="scatter on redrawn noise, star by star")
axes.axvline(inside, color="tab:red", label="claimed: training residuals")
axes.axvline(outside, color="tab:green", label="claimed: residuals of unseen stars")
axes.set_xlabel("dex")
axes.set_ylabel("stars")
axes.legend()

assert fault.verdict == "FAIL"
assert cured.verdict == "PASS"
