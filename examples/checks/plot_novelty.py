"""
Novelty: a detector that drowns in its features
===============================================

"Nothing unusual was found" means something only if the detector finds unusual objects when they are there. Declared
novelties, of a class that was left out or planted, tell.
"""

import matplotlib.pyplot as plt
import numpy as np

import checkstar as cs
from checkstar.checks.shifts import Novelty

check = Novelty()
claim = cs.Claim("anomaly", tolerance=0.2)
rng = np.random.default_rng(0)


def alerts(n, rise_days, n_features):
    rise = rise_days * np.exp(0.2 * rng.normal(size=n))
    peak = rng.normal(size=n)
    rest = rng.normal(size=(n, n_features - 2))
    return cs.Dataset(np.column_stack([np.log(rise), peak, rest]), np.log(rise), labels=["log_rise"])


def examine(n_features):
    train, test = alerts(2000, 15.0, n_features), alerts(500, 15.0, n_features)
    method = cs.methods.Ridge().fit_data(train)
    odd = alerts(300, 6.5, n_features)
    run = cs.Run.of(method, train=train, test=test, scope=cs.Scope(novelties=odd))
    return check.examine(run, claim, np.random.default_rng(0))


# %%
# The fault
# ---------
# Fast transients rise in a week, not fifteen. Among sixty features, most of them noise, none of this is strange.

fault = examine(60)
print(f"{fault.verdict}: {fault.reason}")

# %%
# The cure
# --------
# Fewer features, chosen for what they mean.

cured = examine(4)
print(f"{cured.verdict}: {cured.reason}")

figure, axis = plt.subplots(layout="constrained")
for name, evidence in {"60 features": fault, "4 features": cured}.items():
    axis.plot(evidence.figure["layers"][0]["x"], evidence.figure["layers"][0]["y"], label=name)
axis.plot([0, 1], [0, 1], "--", color="grey", label="blind")
axis.axvline(check.level, color="tab:red", ls=":")
axis.set_xlabel(fault.figure["xlabel"])
axis.set_ylabel(fault.figure["ylabel"])
axis.legend()

assert fault.verdict == "FAIL"
assert cured.verdict == "PASS"
