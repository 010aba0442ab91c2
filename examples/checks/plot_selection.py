"""
Selection: the mean of what was found
=====================================

However good single values are, the mean of a magnitude-limited, quality-cut or hand-picked sample is the mean of what
was selected. Objects injected into the survey, found and missed, measure by how much.
"""

import matplotlib.pyplot as plt
import numpy as np
from scipy import stats

import checkstar as cs
from checkstar.checks.populations import Selection
from checkstar.simulators import linear_gaussian

rng = np.random.default_rng(0)
drawn = linear_gaussian(1000, rng)
claim = cs.Claim("population_mean", n_objects=1000, tolerance=0.1, population=cs.Population(mean=0.0, std=1.0))


def chance(y):
    """The chance of an object to be found rises with its label."""
    return 1 / (1 + np.exp(-1.5 * y))


def examine(weighted):
    y = 2 * rng.standard_normal(100_000)
    injections = cs.populations.Injections(
        labels=y,
        log_density=stats.norm(0, 2).logpdf(y),
        found=rng.random(len(y)) < chance(y),
        weight=1 / chance(y) if weighted else None,
    )
    prediction = cs.prediction.Normal(drawn.estimate, np.full(1000, drawn.noise))
    scope = cs.Scope(injections=injections)
    run = cs.Run(name="survey", test=cs.Dataset(y=drawn.y), prediction=prediction, scope=scope)
    return Selection().examine(run, claim, rng)


# %%
# The fault
# ---------

fault = examine(weighted=False)
print(f"{fault.verdict}: {fault.reason}")
print(" ", fault.limits_of_use[0].text)

# %%
# The cure
# --------
# Weight every object by one over its chance, where that is known (``Dataset(weight=...)``):

better = examine(weighted=True)
print(f"{better.verdict}: {better.reason}")

# %%
# Or infer the population with the selection in its likelihood, where every object counts once and the chance is known
# from the injections alone (:func:`checkstar.populations.infer_normal`). Here objects are found by what was observed of
# them, above -0.5:

observed = rng.standard_normal(4000) + 0.5 * rng.standard_normal(4000)
observed = observed[observed > -0.5][:1000]
posterior = cs.prediction.Normal(0.8 * observed, np.full(1000, np.sqrt(0.2)))
y = 2 * rng.standard_normal(200_000)
injections = cs.populations.Injections(
    labels=y, log_density=stats.norm(0, 2).logpdf(y), found=y + 0.5 * rng.standard_normal(len(y)) > -0.5
)
prior = cs.populations.NormalPrior(mean=0.0, std=1.0)
found = {
    "selection ignored": cs.populations.infer_normal(posterior, prior),
    "selection in the likelihood": cs.populations.infer_normal(posterior, prior, selection=injections),
}
figure, axes = plt.subplots(layout="constrained")
for name, population in found.items():
    mean = population.mean
    print(f"{name}: mean {mean.value:+.2f} [{mean.low:+.2f}, {mean.high:+.2f}], truth 0")
    axes.errorbar([name], [mean.value], [[mean.value - mean.low], [mean.high - mean.value]], fmt="o", capsize=4)
axes.axhline(0.0, linestyle="--", color="grey")
axes.set_ylabel("mean of the population")

assert fault.verdict == "FAIL"
assert better.verdict == "PASS"
assert found["selection in the likelihood"].mean.low < 0 < found["selection in the likelihood"].mean.high
assert found["selection ignored"].mean.low > 0.3
