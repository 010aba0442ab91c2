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
# Errors follow Student's t with 4 degrees of freedom; the claimed sigma is their true standard deviation.

n = 8000
rng = np.random.default_rng(0)
truth = rng.standard_normal(2 * n)
estimate = truth + 0.1 * rng.standard_t(4, 2 * n)
sigma = 0.1 * np.sqrt(2.0)
calibration, held = slice(0, n), slice(n, None)
data = cs.Dataset(y=truth[held])

# %%
# The fault
# ---------

normal = cs.prediction.Normal(estimate[held], np.full(n, sigma))
fault = check.examine(cs.Run(name="normal", test=data, prediction=normal), claim, rng)
print(f"{fault.verdict}: {fault.reason}")

# %%
# The cure
# --------
# Take the quantiles of the errors from objects with known truth, and predict those instead of a normal distribution.

levels = np.linspace(0.005, 0.995, 199)
error = (truth - estimate)[calibration]
values = estimate[held, None, None] + np.quantile(error, levels)
grid = cs.prediction.Grid.from_quantiles(levels, values)
cured = check.examine(cs.Run(name="quantiles", test=data, prediction=grid), claim, rng)
print(f"{cured.verdict}: {cured.reason}")

figure, axes = plt.subplots(layout="constrained")
for name, evidence in {"normal error bars": fault, "quantiles of the errors": cured}.items():
    layer = evidence.figure["layers"][1]
    nominal, found = np.array(layer["x"]), np.array(layer["y"])
    ends = [found - np.array(layer["low"]), np.array(layer["high"]) - found]
    axes.errorbar(nominal, 100 * (found - nominal), 100 * np.array(ends), fmt="o", capsize=3, label=name)
axes.axhline(0, linestyle="--", color="grey")
axes.set_xlabel("nominal level of the interval")
axes.set_ylabel("share of truths inside, minus nominal (%)")
axes.legend()

assert fault.verdict == "FAIL"
assert cured.verdict == "PASS"
