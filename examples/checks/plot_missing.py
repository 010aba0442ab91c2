"""
Missing: error bars that do not notice a lost band
==================================================

Bands are missing, pixels are masked. A method that fills the gap with something plausible goes on claiming the error that
it has with everything there.
"""

import matplotlib.pyplot as plt
import numpy as np

import checkstar as cs
from checkstar.checks.robustness import Missing
from checkstar.testing import simulate_spectra

check = Missing()
claim = cs.Claim("object_interval", label="metals")
data = simulate_spectra(5000)
train, test = data[:2000], data[2000:]

# %%
# The fault
# ---------
# A regression that fills masked pixels with their mean.


class FilledRidge(cs.methods.Ridge):
    """Ridge regression with masked pixels at the mean of the training set, as noisy as the others."""

    def predict_distribution(self, x, *, noise=None):
        filled = np.where(np.isfinite(noise.sigma(x)), x, train.x.mean(axis=0))
        return super().predict_distribution(filled, noise=train.noise)


fault = check.examine(cs.Run.of(FilledRidge(), train=train, test=test), claim, np.random.default_rng(0))
print(f"{fault.verdict}: {fault.reason}")

# %%
# The cure
# --------
# Leave masked pixels out of the likelihood, as The Cannon does: error bars grow by what was lost. A method that refuses
# masked spectra is safe too, and is not asked.

cured = check.examine(cs.Run.of(cs.methods.Cannon(order=3), train=train, test=test), claim, np.random.default_rng(0))
print(f"{cured.verdict}: {cured.reason}")

figure, axes = plt.subplots(layout="constrained")
for name, evidence in {"filled with the mean": fault, "left out": cured}.items():
    layer = evidence.figure["layers"][0]
    axes.errorbar(
        layer["x"], layer["y"], yerr=np.abs(np.array([layer["low"], layer["high"]]) - layer["y"]), fmt="o", label=name
    )
axes.axhline(check.level, color="grey", ls="--", label="nominal")
axes.set_xticks(range(len(cured.parts)), evidence.figure["xticks"], rotation=30)
axes.set_xlabel("masked pixels")
axes.set_ylabel("share of truths inside")
axes.legend()

assert fault.verdict == "FAIL"
assert cured.verdict == "PASS"
