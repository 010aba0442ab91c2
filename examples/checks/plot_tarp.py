"""
TARP: references that know the observation
==========================================

Balls about a reference point must hold the truth as often as they say, whatever the reference. One that does not know
the observation cannot tell a posterior from the prior; one that does, can.
"""

import matplotlib.pyplot as plt
import numpy as np

import checkstar as cs
from checkstar.checks.posteriors import Tarp
from checkstar.simulators import gaussian_posteriors

check = Tarp()
claim = cs.Claim("posterior")

# %%
# The fault
# ---------
# The network has learned nothing and returns the prior, with perfect coverage. Random truths as references see nothing
# wrong with it. A neighbour in x, or a linear regression on x, does.

made = gaussian_posteriors(12_000, 2, 200, rng=0, shrink=1.0)
learning, held = slice(0, 6000), slice(6000, None)


def judge(draws):
    run = cs.Run.from_samples(draws, made.theta[held], x=made.x[held])
    evidence = check.examine(run, claim, np.random.default_rng(0))
    for part in evidence.parts:
        print(f"  {part.text}")
    print(f"{evidence.verdict}: {evidence.reason}")
    return evidence


fault = judge(made.draws[held])

# %%
# The cure
# --------
# Here even a linear regression on x with the scatter of its residuals is a posterior.

slope = np.linalg.lstsq(made.x[learning], made.theta[learning], rcond=None)[0]
expected = made.x @ slope
factor = np.linalg.cholesky(np.cov((made.theta - expected)[learning].T))
scatter = np.random.default_rng(1).normal(size=(6000, 200, 2)) @ factor.T
better = judge(expected[held, None] + scatter)

figure, axes = plt.subplots(1, 2, sharey=True, layout="constrained", figsize=(9, 4))
for panel, title, evidence in zip(axes, ("the prior", "regression with its scatter"), (fault, better), strict=True):
    band, *lines = evidence.figure["layers"]
    panel.fill_between(band["x"], band["low"], band["high"], color="grey", alpha=0.3, label=band["label"])
    for line in lines:
        panel.plot(line["x"], line["y"], label=line["label"])
    panel.set_title(title)
    panel.set_xlabel(evidence.figure["xlabel"])
axes[0].set_ylabel(fault.figure["ylabel"])
axes[0].legend()

assert fault.parts[0].estimate.low < 0.05 < fault.parts[1].estimate.low
assert fault.verdict == "FAIL"
assert better.verdict == "PASS"
