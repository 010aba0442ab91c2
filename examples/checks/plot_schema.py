"""
Schema: numbers that are no measurements
========================================

A catalogue writes -999 where a band was not measured, and a column may change its unit between two releases. A model takes
both as data. This check never decides a claim; it says where to look.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import LinearRegression

import checkstar as cs
from checkstar.checks.leaks import Schema

check = Schema()
claim = cs.Claim("object_value")

# %%
# Three bands; in the test catalogue the u band is missing for one object in fifty, and fluxes of the r band are in nJy
# instead of Jy.

rng = np.random.default_rng(0)
n = 2000
true = rng.lognormal(0, 0.5, 2 * n)
x = true[:, None] * [0.5, 1.0, 1.5] + 0.05 * rng.standard_normal((2 * n, 3))
features = ["flux_u", "flux_g", "flux_r"]
train = cs.Dataset(x[:n], true[:n], features=features)
raw = x[n:].copy()
lost = rng.random(n) < 0.02
raw[lost, 0] = -999.0
raw[:, 2] *= 1e9

# %%
# The fault
# ---------

model = LinearRegression()
fault = check.examine(cs.Run.of(model, train=train, test=cs.Dataset(raw, true[n:], features=features)), claim, rng)
print(f"{fault.verdict}: {fault.reason}")

# %%
# The cure
# --------
# One unit, and objects without a measurement left out (or masked by infinite noise, for methods that take it).

keep = ~lost
mended = cs.Dataset((raw / [1, 1, 1e9])[keep], true[n:][keep], features=features)
cured = check.examine(cs.Run.of(model, train=train, test=mended), claim, rng)
print(f"{cured.verdict}: {cured.reason}")

names = [part.name for part in fault.parts]
figure, axes = plt.subplots(layout="constrained", figsize=(6, 3.6))
for offset, (name, evidence) in enumerate({"as delivered": fault, "mended": cured}.items()):
    shares = [100 * max(part.estimate.value, 0) for part in evidence.parts]
    axes.barh(np.arange(len(names)) + 0.4 * offset, shares, height=0.4, label=name)
axes.set_yticks(np.arange(len(names)) + 0.2, names)
axes.set_xlabel("objects or columns that break the rule (%)")
axes.legend()

assert fault.verdict == "FAIL"
assert fault.flags["schema_sentinel"].sum() == lost.sum()
assert "flux_r" in fault.reason
assert cured.verdict == "PASS"
