"""
Expected coverage: credible regions of all parameters together
==============================================================

The 90 % region of highest density must hold 90 % of the truths. In many dimensions a small error of the widths is a
large error of the coverage, so the check translates one into the other.
"""

import matplotlib.pyplot as plt
import numpy as np

import checkstar as cs
from checkstar.checks.posteriors import ExpectedCoverage
from checkstar.simulators import gaussian_posteriors

check = ExpectedCoverage()
claim = cs.Claim("posterior", tolerance=0.1)

# %%
# The fault
# ---------
# Five correlated parameters, each claimed to be known 25 % better than it is: their 90 % regions hold far fewer truths.

made = gaussian_posteriors(6000, 5, 200, rng=0, width=0.75)
calibration, held = slice(0, 3000), slice(3000, None)


def judge(draws):
    run = cs.Run.from_samples(draws, made.theta[held])
    evidence = check.examine(run, claim, np.random.default_rng(0))
    print(f"{evidence.verdict}: {evidence.reason}")
    return evidence


fault = judge(made.draws[held])

# %%
# The cure
# --------
# One factor for all widths, from simulations that the posteriors have not seen: the mean squared Mahalanobis distance of
# the truth is the number of parameters where the widths are right.

centre = made.draws.mean(axis=1)
away = made.draws - centre[:, None]
covariance = (np.swapaxes(away, 1, 2) @ away / away.shape[1])[calibration]
error = (made.theta - centre)[calibration]
squared = np.einsum("ni,ni->n", error, np.linalg.solve(covariance, error[..., None])[..., 0])
factor = np.sqrt(np.mean(squared) / 5)
print(f"widths enlarged by {factor:.2f}")
better = judge((centre[:, None] + factor * away)[held])

figure, axes = plt.subplots(layout="constrained")
band = fault.figure["layers"][0]
axes.fill_between(band["x"], band["low"], band["high"], color="grey", alpha=0.3, label=band["label"])
for name, evidence in {"as inferred": fault, "enlarged": better}.items():
    axes.plot(evidence.figure["layers"][1]["x"], evidence.figure["layers"][1]["y"], label=name)
axes.set_xlabel(fault.figure["xlabel"])
axes.set_ylabel(fault.figure["ylabel"])
axes.legend()

assert fault.verdict == "FAIL"
assert better.verdict == "PASS"
