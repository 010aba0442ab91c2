"""
Importance: leaning on what tells nothing
=========================================

A feature matters where the error rises without it. It may also move the prediction without any gain: then the model
leans on noise. For the best possible model the two are equal; what the prediction moves beyond the gain is error.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.ensemble import RandomForestRegressor

import checkstar as cs
from checkstar.checks.explanations import Importance

check = Importance()
claim = cs.Claim("object_value")

# %%
# Two bands that carry the label, one that is a noisy copy of the first, and two that were observed at a signal-to-noise
# ratio below one and carry nothing.

rng = np.random.default_rng(0)
n = 3300
label = rng.standard_normal(n)
second = rng.standard_normal(n)
x = np.column_stack(
    [
        label + 0.5 * second,
        second + 0.3 * rng.standard_normal(n),
        label + 0.5 * second + 0.3 * rng.standard_normal(n),
        rng.standard_normal(n),
        rng.standard_normal(n),
    ]
)
features = ["g", "r", "g again", "u (noise)", "y (noise)"]
data = cs.Dataset(x, label + 0.5 * rng.standard_normal(n), features=features)
train, test = data[:300], data[300:]

# %%
# The fault
# ---------
# Trees grown to the last object.

deep = cs.Run.of(RandomForestRegressor(1, bootstrap=False, random_state=0), train=train, test=test)
fault = check.examine(deep, claim, rng)
print(f"{fault.verdict}: {fault.reason}")

# %%
# The cure
# --------
# Many trees with leaves of ten objects.

forest = RandomForestRegressor(100, min_samples_leaf=10, random_state=0)
cured = check.examine(cs.Run.of(forest, train=train, test=test), claim, rng)
print(f"{cured.verdict}: {cured.reason}")

figure, (left, right) = plt.subplots(2, 1, layout="constrained", sharex=True, figsize=(6, 5))
for offset, (name, evidence) in enumerate({"one deep tree": fault, "many shallow trees": cured}.items()):
    order = [evidence.figure["xticks"].index(feature) for feature in features]
    layer = {
        key: np.array(value)[order]
        for key, value in evidence.figure["layers"][1].items()
        if key in ("y", "low", "high")
    }
    at = np.arange(len(features)) + 0.2 * offset
    ends = [layer["y"] - layer["low"], layer["high"] - layer["y"]]
    left.errorbar(at, layer["y"], ends, fmt="o", capsize=3, label=name)
    leaning = {part.name: part.estimate for part in evidence.parts}
    value, low, high = (np.array([getattr(leaning[f], end) for f in features]) for end in ("value", "low", "high"))
    right.errorbar(at, value, [value - low, high - value], fmt="o", capsize=3)
left.set_ylabel("rise of the\nsquared error without it")
right.set_ylabel("share of the squared error\nfrom leaning without gain")
right.axhline(check.limit, linestyle="--", color="grey")
right.set_xticks(np.arange(len(features)) + 0.1, features)
left.legend()

assert fault.verdict == "FAIL"
assert cured.value < fault.value
assert cured.verdict == "PASS"
