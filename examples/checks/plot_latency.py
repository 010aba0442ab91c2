"""
Latency: an answer for each alert
=================================

Alerts come one at a time. A model that predicts a million objects in a minute may still take too long for one, because
every call has a price of its own. This check never decides a claim. The numbers are those of this machine.
"""

import time

import matplotlib.pyplot as plt
import numpy as np

import checkstar as cs
from checkstar.checks.costs import Latency

check = Latency(limit_ms=50.0)
claim = cs.Claim("object_value")
x = np.random.default_rng(0).standard_normal((500, 3))
data = cs.Dataset(x, x.sum(axis=1))

# %%
# The fault
# ---------
# A model that is loaded anew for each call: 80 ms here, whatever it is asked.


def loading(x):
    time.sleep(0.08)
    return x.sum(axis=1)


slow = cs.Run.of(cs.as_method(loading), test=data)
fault = check.examine(slow, claim, np.random.default_rng(0))
print(f"{fault.verdict}: {fault.reason}")

# %%
# The cure
# --------
# Load it once. Where that cannot be, alerts are best gathered: in a batch the price of a call is shared.

ready = cs.Run.of(cs.as_method(lambda x: x.sum(axis=1)), test=data)
cured = check.examine(ready, claim, np.random.default_rng(0))
print(f"{cured.verdict}: {cured.reason}")
print(f"loaded for each call: {fault.limits_of_use[0].text}")

figure, axes = plt.subplots(layout="constrained")
for name, evidence in {"loaded for each call": fault, "loaded once": cured}.items():
    layer = evidence.figure["layers"][0]
    axes.semilogx(layer["x"], layer["y"], "o-", markersize=3, label=name)
axes.axvline(check.limit_ms, linestyle="--", color="grey", label="limit for 95 %")
axes.set_xlabel("time of an answer (ms)")
axes.set_ylabel("share of answers sooner")
axes.legend()

assert fault.verdict == "FAIL"
assert cured.verdict == "PASS"
