"""
Simulation-based calibration: posteriors that are too narrow and off
====================================================================

If a posterior is right, the truth is one more draw from it: its rank among the draws is uniform. How far the ranks are
from uniform says how wrong the posterior is, in sigma and in percent.
"""

import matplotlib.pyplot as plt
import numpy as np

import checkstar as cs
from checkstar.checks.posteriors import Sbc
from checkstar.simulators import gaussian_posteriors

check = Sbc()
claim = cs.Claim("posterior")

# %%
# The fault
# ---------
# Two parameters seen with correlated noise. The claimed posteriors are 0.7 times as wide as the right ones, and those of
# the first parameter are off by 0.3 of their right sigma.

made = gaussian_posteriors(12_000, 2, 200, rng=0, width=0.7, bias=0.3)
calibration, held = slice(0, 6000), slice(6000, None)


def judge(draws):
    run = cs.Run.from_samples(draws, made.theta[held], x=made.x[held], labels=["omega_m", "sigma_8"])
    evidence = check.examine(run, claim, np.random.default_rng(0))
    for part in evidence.parts:
        print(f"  {part.text}")
    print(f"{evidence.verdict}: {evidence.reason}")
    return evidence


fault = judge(made.draws[held])

# %%
# The cure
# --------
# Simulations that the posteriors have not seen tell by how much: shift the draws by the mean error, and stretch them
# about their mean by the ratio of the errors to the claimed widths.

centre, width = made.draws.mean(axis=1), made.draws.std(axis=1)
error = (made.theta - centre)[calibration]
stretch = error.std(axis=0) / width[calibration].mean(axis=0)
print(f"stretched by {stretch.round(2)}, moved by {error.mean(axis=0).round(2)}")
mended = centre[:, None] + error.mean(axis=0) + stretch * (made.draws - centre[:, None])
better = judge(mended[held])

figure, axes = plt.subplots(1, 2, sharey=True, layout="constrained", figsize=(9, 4))
for panel, title, evidence in zip(axes, ("as inferred", "shifted and stretched"), (fault, better), strict=True):
    band, *lines = evidence.figure["layers"]
    panel.fill_between(band["x"], band["low"], band["high"], color="grey", alpha=0.3, label=band["label"])
    for line in lines:
        panel.plot(line["x"], line["y"], label=line["label"])
    panel.set_title(title)
    panel.set_xlabel(evidence.figure["xlabel"])
axes[0].set_ylabel(fault.figure["ylabel"])
axes[0].legend()

assert fault.verdict == "FAIL"
assert better.verdict == "PASS"
