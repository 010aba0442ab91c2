"""
Class calibration: evidence counted twice
=========================================

Naive Bayes multiplies the evidence of every feature as if features were independent. Two colours that measure the same
thing are then counted twice: the classes come out in the right order and the probabilities too near to 0 and 1. Counts
made from such probabilities are wrong.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.naive_bayes import GaussianNB

import checkstar as cs
from checkstar.methods import Isotonic, TemperatureScaled

check = cs.checks.ClassCalibration()
claim = cs.Claim("classification")  # probabilities right to 2 %, by convention

# %%
# Quasars and stars in two colours that are almost the same one.


def observe(n, rng):
    quasar = rng.random(n) < 0.5
    colour = quasar + rng.standard_normal(n)
    both = colour[:, None] + 0.3 * rng.standard_normal((n, 2))
    return cs.Dataset(both, np.where(quasar, "quasar", "star"))


rng = np.random.default_rng(0)
train, test = observe(40_000, rng), observe(20_000, rng)


def audited(method):
    run = cs.Run.of(method, train=train, test=test)
    evidence = check.examine(run, claim, np.random.default_rng(0))
    print(f"{run.name}: {evidence.verdict}: {evidence.reason}")
    return run, evidence


# %%
# The fault
# ---------

_, fault = audited(GaussianNB())

# %%
# The cure
# --------
# Divide the logarithms of the probabilities by one number, a temperature: that of the smallest log loss on objects that
# the method was not shown.

run, cured = audited(TemperatureScaled(GaussianNB()))
print(f"temperature {run.method.temperature_:.2f}")

# %%
# Where the distortion is of another form, and the objects are many, map the probabilities by increasing steps onto the
# shares that were found.

_, stepped = audited(Isotonic(GaussianNB()))

figure, axes = plt.subplots(layout="constrained", figsize=(5, 4.5))
for name, evidence in {"naive Bayes": fault, "temperature scaled": cured, "isotonic": stepped}.items():
    layer = evidence.figure["layers"][1]
    axes.plot(layer["x"], layer["y"], "o", label=name)
axes.plot([0, 1], [0, 1], "--", color="grey")
axes.set_xlabel("predicted probability of a star")
axes.set_ylabel("share of stars")
axes.legend()

assert fault.verdict == "FAIL"
assert cured.verdict == "PASS"
assert stepped.verdict == "PASS"
