"""
Prequential: labels that did not exist yet
==========================================

A test set can be looked at. Labels that do not exist yet cannot: freeze the predictions, publish their digest, and score them when
the labels arrive. Here the detector has aged by then.
"""

import matplotlib.pyplot as plt
import numpy as np

import checkstar as cs
from checkstar.checks.practice import Prequential
from checkstar.checks.practice.prequential import digest

claim = cs.Claim("object_value")


def season(n, seed, year, drift=0.0):
    """Objects of one season; the zero point of the detector drifts."""
    drawn = cs.simulators.linear_gaussian(n, seed, noise=0.2)
    days = 59000 + 365 * year + np.random.default_rng(seed).uniform(0, 365, n)
    return cs.Dataset(drawn.x + drift, drawn.y, meta={"mjd": days})


train, test = season(1000, 0, 0), season(1000, 1, 0)


def audited(later):
    """The later season predicted, frozen, and scored."""
    run = cs.Run.of(cs.methods.Ridge(), train=train, test=test, scope=cs.Scope(later=later))
    frozen = digest(run.method.predict_distribution(later.x))
    print("published:", frozen[:16])
    return run, Prequential(frozen=frozen).examine(run, claim, np.random.default_rng(0))


# %%
# The fault
# ---------

aged, fault = audited(season(1000, 2, 1, drift=0.4))
print(f"{fault.verdict}: {fault.reason}")

# %%
# The cure
# --------
# Calibrate the drift away before the model is asked.

mended, cured = audited(season(1000, 2, 1))
print(f"{cured.verdict}: {cured.reason}")

figure, axes = plt.subplots(layout="constrained")
for run, colour, label in ((aged, "tab:orange", "aged detector"), (mended, "tab:blue", "calibrated")):
    later = run.scope.later
    error = run.method.predict_distribution(later.x).mean()[:, 0] - later.y[:, 0]
    axes.plot(later.meta["mjd"], error, ".", ms=3, color=colour, label=label)
axes.plot(test.meta["mjd"], run.prediction.mean()[:, 0] - test.y[:, 0], ".", ms=3, color="tab:gray", label="test set")
axes.set_xlabel("MJD")
axes.set_ylabel("prediction - truth")
axes.legend()

assert fault.verdict == "FAIL"
assert cured.verdict == "PASS"
