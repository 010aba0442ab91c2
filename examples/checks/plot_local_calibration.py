"""
Local calibration: posteriors that are right on average only
============================================================

A network that has not learned all there is in its simulations pulls its posteriors to the prior, and makes them wider
by as much. Averaged over all simulations their coverage is perfect. For a given observation they are wrong.
"""

import matplotlib.pyplot as plt
import numpy as np

import checkstar as cs
from checkstar.checks.posteriors.local_calibration import LocalCalibration
from checkstar.simulators import gaussian_posteriors

check = LocalCalibration()
claim = cs.Claim("posterior")

# %%
# The fault
# ---------
# Two parameters seen with correlated noise; normal posteriors pulled by 30 % to the mean of the prior. The coverage of
# every interval is what it should be, yet the pulls follow the observation.

made = gaussian_posteriors(12_000, 2, 2, rng=0, shrink=0.3)
calibration, held = slice(0, 6000), slice(6000, None)


def judge(mean, covariance):
    repeated = np.broadcast_to(covariance, (len(mean), 2, 2))
    posterior = cs.prediction.Normal(mean, np.sqrt(np.diagonal(repeated, axis1=1, axis2=2)), repeated)
    run = cs.Run(name="posterior", test=cs.Dataset(made.x[held], made.theta[held]), prediction=posterior)
    inside = np.abs(run.prediction.cdf(run.test.y) - 0.5) < 0.3413
    print(f"truths inside the 68 % interval, all objects: {inside.mean():.3f}")
    evidence = check.examine(run, claim, np.random.default_rng(0))
    for part in evidence.parts:
        print(f"  {part.text}")
    print(f"{evidence.verdict}: {evidence.reason}")
    return evidence


fault = judge(made.mean[held], made.covariance)

# %%
# The cure
# --------
# Simulations that the network has not seen tell how its means are pulled: regress the truth on them, move each posterior
# to where the regression puts it, and give it the spread that is left.

design = np.column_stack([np.ones(len(made.mean)), made.mean])
slope = np.linalg.lstsq(design[calibration], made.theta[calibration], rcond=None)[0]
moved = design @ slope
better = judge(moved[held], np.cov((made.theta - moved)[calibration].T))

figure, axes = plt.subplots(1, 2, sharey=True, layout="constrained", figsize=(9, 4))
for panel, title, evidence in zip(axes, ("as inferred", "recalibrated"), (fault, better), strict=True):
    for layer in evidence.figure["layers"]:
        style = "--" if layer["tone"] == "reference" else "o-"
        panel.plot(layer["x"], layer["y"], style, color="grey" if style == "--" else None, label=layer["label"])
    panel.set_title(title)
    panel.set_xlabel(evidence.figure["xlabel"])
axes[0].set_ylabel("mean and standard deviation of the pulls")
handles, labels = axes[0].get_legend_handles_labels()
axes[0].legend(handles[2:], labels[2:])

assert fault.verdict == "FAIL"
assert better.verdict == "PASS"
