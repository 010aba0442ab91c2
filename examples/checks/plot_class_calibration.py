"""
Class calibration: evidence counted twice
=========================================

Naive Bayes multiplies the evidence of every feature as if features were independent. Two colours that measure the same
thing are then counted twice: the classes come out in the right order and the probabilities too near to 0 and 1. Counts
made from such probabilities are wrong.
"""

import matplotlib.pyplot as plt
import numpy as np
from scipy.optimize import minimize_scalar
from sklearn.naive_bayes import GaussianNB

import checkstar as cs

check = cs.checks.ClassCalibration()
claim = cs.Claim("classification")  # probabilities right to 2 %, by convention

# %%
# Quasars and stars in two colours that are almost the same one.


def observe(n, rng):
    quasar = rng.random(n) < 0.5
    colour = quasar + rng.standard_normal(n)
    both = colour[:, None] + 0.3 * rng.standard_normal((n, 2))
    return both, np.where(quasar, "quasar", "star")


rng = np.random.default_rng(0)
(x_train, y_train), (x_held, y_held), (x_test, y_test) = (observe(20_000, rng) for _ in range(3))
bayes = GaussianNB().fit(x_train, y_train)
logit, held_logit = (np.diff(bayes.predict_log_proba(x), axis=1)[:, 0] for x in (x_test, x_held))


def audited(temperature):
    p_star = 1 / (1 + np.exp(-logit / temperature))
    prediction = cs.prediction.Classes(np.column_stack([1 - p_star, p_star]), bayes.classes_)
    run = cs.Run(name=f"T = {temperature:.2f}", test=cs.Dataset(y=y_test), prediction=prediction)
    return check.examine(run, claim, np.random.default_rng(0))


# %%
# The fault
# ---------

fault = audited(1.0)
print(f"{fault.verdict}: {fault.reason}")

# %%
# The cure
# --------
# Divide the log-odds by one number, a temperature, that minimises the log loss on objects held back for it.


def log_loss(temperature):
    sign = np.where(y_held == bayes.classes_[1], 1, -1)
    return np.logaddexp(0, -sign * held_logit / temperature).mean()


temperature = minimize_scalar(log_loss, bounds=(0.2, 10), method="bounded").x
cured = audited(temperature)
print(f"temperature {temperature:.2f}: {cured.verdict}: {cured.reason}")

figure, axes = plt.subplots(layout="constrained", figsize=(5, 4.5))
for name, evidence in {"naive Bayes": fault, "temperature scaled": cured}.items():
    layer = evidence.figure["layers"][1]
    axes.plot(layer["x"], layer["y"], "o", label=name)
axes.plot([0, 1], [0, 1], "--", color="grey")
axes.set_xlabel("predicted probability of a star")
axes.set_ylabel("share of stars")
axes.legend()

assert fault.verdict == "FAIL"
assert cured.verdict == "PASS"
