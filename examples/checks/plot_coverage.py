"""
Coverage: the right sigma, the wrong intervals
==============================================

Errors with tails wider than a normal distribution can have the claimed standard deviation and still not the claimed
intervals: the central ones hold too many objects, the outer ones too few.
"""

import matplotlib.pyplot as plt
import numpy as np

import checkstar as cs

check = cs.checks.Coverage()
claim = cs.Claim("object_interval")

# %%
# A survey measures something with errors that follow Student's t with 4 degrees of freedom; the claimed sigma is their
# true standard deviation.

n = 8000
rng = np.random.default_rng(0)
truth = rng.standard_normal(2 * n)
data = cs.Dataset(truth + 0.1 * rng.standard_t(4, 2 * n), truth)
method = cs.as_method(lambda estimate: (estimate, np.full(estimate.shape, 0.1 * np.sqrt(2.0))))

# %%
# The fault
# ---------

normal = cs.Run.of(method, train=data[:n], test=data[n:])
fault = check.examine(normal, claim, rng)
print(f"{fault.verdict}: {fault.reason}")

# %%
# The cure
# --------
# ``Conformal`` sorts the errors of objects that the method was not shown, in units of the claimed sigma, and predicts
# their distribution instead of a normal one. Each interval then holds what it promises, whatever the errors look like.

conformal = cs.Run.of(cs.methods.Conformal(method), train=data[:n], test=data[n:])
cured = check.examine(conformal, claim, rng)
print(f"{cured.verdict}: {cured.reason}")

# %%
# A factor cannot do that: sigma was right before.

factor = cs.Run.of(cs.methods.Calibrated(method), train=data[:n], test=data[n:])
not_cured = check.examine(factor, claim, rng)
print(f"rescaled: {not_cured.verdict}: {not_cured.reason}")

figure, axes = plt.subplots(layout="constrained")
for name, evidence in {"normal error bars": fault, "conformal": cured}.items():
    layer = evidence.figure["layers"][1]
    nominal, found = np.array(layer["x"]), np.array(layer["y"])
    ends = [found - np.array(layer["low"]), np.array(layer["high"]) - found]
    axes.errorbar(nominal, 100 * (found - nominal), 100 * np.array(ends), fmt="o", capsize=3, label=name)
axes.axhline(0, linestyle="--", color="grey")
axes.set_xlabel("nominal level of the interval")
axes.set_ylabel("share of truths inside, minus nominal (%)")
axes.legend()

assert fault.verdict == "FAIL"
assert not_cured.verdict == "FAIL"
assert cured.verdict == "PASS"
