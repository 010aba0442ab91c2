"""
Light curves: a classifier that knows the calendar
==================================================

A light curve of a star that was observed a year later is one of the same star. A method that looks at dates, because
in its training set the classes were observed in other years, is right for the wrong reason; a shift of all dates finds
it, and the smallest light curve that proves it.
"""

import matplotlib.pyplot as plt
import numpy as np

import checkstar as cs
from checkstar.checks.symmetry import KeepsSymmetries
from checkstar.data.curve_shapes import CurveShapes
from checkstar.simulators.variable_stars import simulate_variable_stars

check, claim = KeepsSymmetries(), cs.Claim("classification")


def observed(seed):
    """RR Lyrae stars, and eclipsing binaries that were observed two years later."""
    stars = simulate_variable_stars(400, seed, classes=["RRab", "EA"])
    later = 730.0 * (stars.meta["class"].to_numpy() == "EA")
    return cs.data.curve_dataset(stars.replace(time=stars.time + later[stars.owner]), "class")


class Calendar(cs.methods.Method):
    """Logistic regression on the descriptors of light curves and, if asked to, the first date."""

    def __init__(self, dates=False):
        self.dates = dates

    def fit(self, x, y, *, noise=None, y_err=None, features=None):
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        self.features_ = list(features)
        self.model_ = make_pipeline(StandardScaler(), LogisticRegression())
        self.model_.fit(self._numbers(x, noise), np.ravel(y))
        return self

    def predict_distribution(self, x, *, noise=None):
        return cs.prediction.Classes(self.model_.predict_proba(self._numbers(x, noise)), self.model_.classes_)

    def _numbers(self, x, noise):
        layout = cs.data.CurveLayout.of(self.features_).for_width(x.shape[1])
        numbers = np.nan_to_num(CurveShapes()(x, noise, layout.features))
        first = np.nanmin(x[:, layout.time_columns], axis=1)
        return np.column_stack([numbers, first]) if self.dates else numbers


train, test = observed(0), observed(1)
scope = cs.Scope(symmetries=[cs.symmetries.TimeShift(columns=test.layout.time_columns, largest=1000.0)])


def examine(dates):
    run = cs.Run.of(Calendar(dates), train=train, test=test, scope=scope)
    right = (run.prediction.predicted() == test.y[:, 0]).mean()
    print(f"{100 * right:.1f} % of the classes are right")
    return check.examine(run, claim, np.random.default_rng(0))


# %%
# The fault
# ---------
# Almost everything is right, because the test set has the same accident as the training set.

fault = examine(dates=True)
print(f"{fault.verdict}: {fault.reason}")

# %%
# The cure
# --------
# Numbers that do not know the date.

cured = examine(dates=False)
print(f"{cured.verdict}: {cured.reason}")

figure, axis = plt.subplots(layout="constrained")
for layer in fault.figure["layers"]:
    axis.plot(layer["x"], layer["y"], "o", label=layer["label"])
axis.set_xlabel(fault.figure["xlabel"])
axis.set_ylabel(fault.figure["ylabel"])
axis.set_title("The smallest light curve whose class changes with the year")
axis.invert_yaxis()
axis.legend()

assert fault.verdict == "FAIL"
assert cured.verdict == "PASS"
