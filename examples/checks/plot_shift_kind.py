"""
Shift kind: the error where it counts
=====================================

The test set is bright, the survey is faint. Test objects that are weighted to look like the survey tell what the error
will be there; a few labels of survey objects tell what no weights can: that the labels themselves changed.
"""

import matplotlib.pyplot as plt
import numpy as np

import checkstar as cs
from checkstar.checks.shifts import ShiftKind

check = ShiftKind()
claim = cs.Claim("object_value", label="z")
rng = np.random.default_rng(0)


def galaxies(n, magnitude):
    faintness = magnitude + rng.normal(size=n)
    redshift = rng.gamma(4.0, 0.1, n)
    error = 0.02 * np.exp(0.7 * faintness) * rng.normal(size=n)
    return cs.Dataset(np.column_stack([redshift + error, faintness]), redshift, labels=["z"])


def examine(method, test, target):
    run = cs.Run.of(method, test=test, scope=cs.Scope(target=target))
    return run, check.examine(run, claim, np.random.default_rng(0))


def template_fit(x):
    return x[:, 0]


# %%
# The fault
# ---------
# On the test set the redshifts are right to 0.02; the survey is 0.7 magnitudes fainter.

test, survey = galaxies(3000, 0.0), galaxies(3000, 0.7)
run, fault = examine(template_fit, test, cs.Dataset(survey.x))
print(f"{fault.verdict}: {fault.reason}")
rise = np.abs(survey.x[:, 0] - survey.y[:, 0]).mean() / np.abs(run.view("z").error).mean() - 1
print(f"the true rise, which the check did not know: {100 * rise:.0f} %")

# %%
# The cure
# --------
# Quote the error of test objects as faint as the survey: here another test set, chosen so.

_, cured = examine(template_fit, galaxies(3000, 0.7), cs.Dataset(survey.x))
print(f"{cured.verdict}: {cured.reason}")

figure, axis = plt.subplots(layout="constrained")
for layer in fault.figure["layers"]:
    axis.plot(layer["x"], layer["y"], label=layer["label"])
true = np.sort(np.abs(survey.x[:, 0] - survey.y[:, 0]))
axis.plot(true, np.linspace(0, 1, len(true)), ":", color="black", label="target, in truth")
axis.set_xlim(0, np.quantile(true, 0.99))
axis.set_xlabel("absolute error of z")
axis.set_ylabel("share of galaxies below")
axis.legend()

assert fault.verdict == "FAIL"
assert cured.verdict == "PASS"
