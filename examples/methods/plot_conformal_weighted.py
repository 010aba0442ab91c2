"""
Weighted conformal prediction: a fainter survey than the one learned from
=========================================================================

Calibrated intervals hold what they promise for objects like those that calibrated them. A deeper survey has fainter and
noisier objects, and no truths to calibrate with; but its observations are there, and they say how much more often it
meets each kind of object.
"""

import matplotlib.pyplot as plt
import numpy as np

import checkstar as cs
from checkstar.methods import Conformal, ConformalQuantiles, Ridge, WeightedConformal

check = cs.checks.Coverage()
claim = cs.Claim("object_interval")

# %%
# A redshift from a colour; both scatter more for fainter magnitudes. The spectroscopic sample is bright.


def observe(n, magnitude, rng):
    mag = rng.normal(magnitude, 0.7, n)
    z = rng.uniform(0.2, 0.8, n)
    scatter = 0.01 * np.exp(0.8 * (mag - 20))
    return cs.Dataset(np.column_stack([z + scatter * rng.standard_normal(n), mag]), z, labels=["z"])


rng = np.random.default_rng(0)
bright, deep = observe(20_000, 20, rng), observe(8000, 20.5, rng)


def audited(method):
    run = cs.Run.of(method, train=bright, test=deep)
    evidence = check.examine(run, claim, np.random.default_rng(0))
    print(f"{run.name}: {evidence.verdict}: {evidence.reason}")
    return run, evidence


# %%
# The fault
# ---------
# Split conformal prediction, exact for bright objects, is not for deep ones.

_, fault = audited(Conformal(Ridge()))

# %%
# The cure
# --------
# Held-out bright objects count as much as the deep survey has objects like them.

run, cured = audited(WeightedConformal(Ridge(), target=deep.x))
mass = run.method.mass_at_infinity(deep.x)
print(f"{len(run.method.weights_)} held-out objects are worth {run.method.n_effective_:.0f}")
print(f"largest mass at infinity of an object: {mass.max():.4f}")

# %%
# What it promises holds for the deep survey as a whole, not for each magnitude. Quantiles that were learned widen with
# the magnitude; moved to hold what they promise, they do so for any mixture of magnitudes that the training set covers.

quantile_run, quantiles = audited(ConformalQuantiles(cs.methods.BoostedTrees()))

figure, axes = plt.subplots(layout="constrained")
bins = np.quantile(deep.x[:, 1], np.linspace(0, 1, 11))
centre = 0.5 * (bins[1:] + bins[:-1])
for name, each in {"weighted": run, "quantiles": quantile_run}.items():
    low, high = (each.prediction.quantile(level)[:, 0] for level in (0.05, 0.95))
    inside = (low <= deep.y[:, 0]) & (deep.y[:, 0] <= high)
    rows = np.digitize(deep.x[:, 1], bins[1:-1])
    axes.plot(centre, [inside[rows == i].mean() for i in range(10)], "o-", label=name)
axes.axhline(0.9, linestyle="--", color="grey")
axes.set_xlabel("magnitude")
axes.set_ylabel("share of truths in the 90 % interval")
axes.legend()

assert fault.verdict == "FAIL"
assert cured.verdict == "PASS"
assert quantiles.verdict == "PASS"
