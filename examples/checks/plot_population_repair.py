"""
Population repair: the prior divided out of every posterior
===========================================================

Posterior means may not be averaged (:doc:`/gallery/checks/plot_population`), but posteriors hold more than their means.
Divided by the training prior they are likelihoods, from which the mean and the width of another population are inferred
together. That works as well as the error bars do: the check measures how well.
"""

import matplotlib.pyplot as plt
import numpy as np

import checkstar as cs
from checkstar.checks.populations import PopulationMean, PopulationRepair
from checkstar.simulators import linear_gaussian

learned, drawn = linear_gaussian(20_000, 1), linear_gaussian(4000, 2)
train, test = cs.Dataset(y=learned.y), cs.Dataset(y=drawn.y)
weight = 1 / (1 + drawn.noise**2)
posterior = cs.prediction.Normal(weight * drawn.estimate, np.full(4000, drawn.noise * np.sqrt(weight)))
claim = cs.Claim("population_mean", n_objects=1000, tolerance=0.1)

# %%
# The fault
# ---------
# Error bars three times too small claim that the data outweighed the prior. Hardly anything is divided out:

bold = cs.prediction.Normal(posterior.mean(), posterior.std() / 3)
fault = PopulationRepair().examine(
    cs.Run(name="bold", train=train, test=test, prediction=bold), claim, np.random.default_rng(0)
)
print(f"{fault.verdict}: {fault.reason}")

# %%
# The cure
# --------
# Honest error bars (:doc:`/gallery/checks/plot_pulls`). The naive mean stays biased, the repaired one is right:

honest = cs.Run(name="honest", train=train, test=test, prediction=posterior)
naive = PopulationMean().examine(honest, claim, np.random.default_rng(0))
better = PopulationRepair().examine(honest, claim, np.random.default_rng(0))
print(f"naive: {naive.verdict}: {naive.reason}")
print(f"repaired: {better.verdict}: {better.reason}")

# %%
# Drawn posteriors are repaired by importance sums, weighted by one over the prior, and diagnosed: how many draws an
# object's sum rests on, and how far finite draws move the log-likelihood. A population of mean 0.5 and width 0.7:

rng = np.random.default_rng(3)
other = linear_gaussian(10_000, rng, mean=0.5, std=0.7)
draws = cs.prediction.Normal(weight * other.estimate, np.full(10_000, drawn.noise * np.sqrt(weight))).sample(300, rng)
found = cs.populations.infer_normal(cs.prediction.Samples(draws), cs.populations.NormalPrior(mean=0.0, std=1.0))
print(f"mean {found.mean.value:.3f} [{found.mean.low:.3f}, {found.mean.high:.3f}], truth 0.500")
print(f"width {found.std.value:.3f} [{found.std.low:.3f}, {found.std.high:.3f}], truth 0.700")
print(f"mean of the posterior means {draws.mean():.3f}")
print(f"median number of effective draws {np.median(found.diagnostics.effective_draws):.0f} of 300")

figure, axes = plt.subplots(layout="constrained")
for layer, label in zip(better.figure["layers"][1:3], ("mean of predictions", "prior divided out"), strict=True):
    y, low, high = (np.array(layer[k]) for k in ("y", "low", "high"))
    axes.errorbar(layer["x"], y, [y - low, high - y], fmt="o", capsize=3, label=label)
axes.axhspan(-0.1, 0.1, alpha=0.1, label="tolerance of the claim")
axes.set_xlabel("true mean of the population (sd of the training set)")
axes.set_ylabel("bias of the mean")
axes.legend()

assert fault.verdict == "FAIL"
assert naive.verdict == "FAIL"
assert better.verdict == "PASS"
assert found.mean.low < 0.5 < found.mean.high
