"""
Contraction: a posterior that says no more than the prior
=========================================================

The prior in place of the posterior covers the truth as often as it says. Only a score shows that nothing was learned.
"""

import matplotlib.pyplot as plt
import numpy as np
from scipy.spatial import cKDTree

import checkstar as cs
from checkstar.checks.posteriors import Contraction, ExpectedCoverage
from checkstar.simulators import gaussian_posteriors

claim = cs.Claim("posterior")

# %%
# The fault
# ---------
# Rejection sampling (approximate Bayesian computation) keeps the simulations whose x is near the observation. With a
# tolerance that accepts every simulation, it gives the prior: the coverage is right, the score is the prior's.

simulated = gaussian_posteriors(40_000, 2, 1, rng=1)
observed = gaussian_posteriors(4000, 2, 1, rng=2)
rng = np.random.default_rng(0)


def judge(draws):
    train = cs.Dataset(y=simulated.theta)
    run = cs.Run.from_samples(draws, observed.theta, x=observed.x, train=train, labels=["omega_m", "sigma_8"])
    found = {check.name: check.examine(run, claim, rng) for check in (ExpectedCoverage(), Contraction())}
    for name, evidence in found.items():
        print(f"{name}: {evidence.verdict}: {evidence.reason}")
    return found


fault = judge(simulated.theta[rng.integers(0, 40_000, (4000, 100))])

# %%
# The cure
# --------
# A tolerance that accepts the 100 nearest simulations of 40,000.

nearest = cKDTree(simulated.x).query(observed.x, 100)[1]
better = judge(simulated.theta[nearest])

figure, axes = plt.subplots(layout="constrained")
for offset, (title, found) in enumerate({"all accepted": fault, "100 nearest": better}.items()):
    layer = found["contraction"].figure["layers"][1]
    length = np.abs(np.array([layer["low"], layer["high"]]) - layer["y"])
    axes.errorbar(np.array(layer["x"]) + 0.1 * offset, layer["y"], length, fmt="o", label=title)
axes.axhline(0, color="grey", linestyle="--", label="the prior")
axes.set_xticks([0, 1], ["omega_m", "sigma_8"])
axes.set_ylabel("skill against the prior")
axes.legend()

assert fault["expected_coverage"].verdict == "PASS"
assert fault["contraction"].verdict == "FAIL"
assert better["contraction"].verdict == "PASS"
