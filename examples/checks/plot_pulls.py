"""
Pulls: error bars that are too small
====================================

The pull of an object is its error in units of its claimed sigma. Honest error bars give pulls of mean zero and variance
one.
"""

import matplotlib.pyplot as plt
import numpy as np

import checkstar as cs
from checkstar.simulators import linear_gaussian

check = cs.checks.Pulls()

# %%
# The fault, on real stars
# ------------------------
# The Cannon propagates the noise of each pixel, and counts what its model does not explain as independent from pixel to
# pixel. In real spectra a quadratic model of few labels misses whole lines.

problem = cs.problems.stellar_labels()
claim = cs.Claim("object_interval", label="feh")
cannon = cs.Run.of(cs.methods.Cannon(), train=problem.train, test=problem.test)
fault = check.examine(cannon, claim, np.random.default_rng(0))
print(f"{fault.verdict}: {fault.reason}")

# %%
# The cure
# --------
# Measure on stars that the method has not seen, five folds of the training set, by how much the error bars are too
# small, and enlarge them. The test stars must have no part in it.


def pulls(run):
    view = run.view("feh")
    return view.error / view.prediction.std()[:, 0]


unseen = [cs.Run.of(cs.methods.Cannon(), train=learn, test=held) for learn, held in problem.train.folds(5, 0)]
factor = np.std(np.concatenate([pulls(run) for run in unseen]))
print(f"error bars enlarged by {factor:.1f}")
enlarged = cs.prediction.Normal(cannon.prediction.mean(), factor * cannon.prediction.std())
rescaled = cs.Run(name="Cannon, enlarged", train=problem.train, test=problem.test, prediction=enlarged)
better = check.examine(rescaled, claim, np.random.default_rng(0))
print(f"{better.verdict}: {better.reason}")

# %%
# One factor for all stars cannot mend a tail, and these stars are too few to show error bars right to 10 %. Where the
# fault is one of scale and the objects are many, the cure can be shown to work: 4000 objects with error bars 40 % too
# small, the first half to measure the factor, the second half to test it.

drawn = linear_gaussian(4000, 0)
claimed = np.full(4000, drawn.noise / 1.4)
calibration, held = slice(0, 2000), slice(2000, None)
scale = np.std((drawn.estimate - drawn.y)[calibration] / claimed[calibration])
data = cs.Dataset(y=drawn.y[held])
found = {
    name: check.examine(
        cs.Run(name=name, test=data, prediction=cs.prediction.Normal(drawn.estimate[held], sigma[held])),
        cs.Claim("object_interval"),
        np.random.default_rng(0),
    )
    for name, sigma in {"as claimed": claimed, "rescaled": scale * claimed}.items()
}
for name, evidence in found.items():
    print(f"{name}: {evidence.verdict}: {evidence.reason}")

figure, axes = plt.subplots(layout="constrained")
for name, evidence in found.items():
    axes.plot(evidence.figure["layers"][1]["x"], evidence.figure["layers"][1]["y"], ".", label=name)
axes.plot([-3, 3], [-3, 3], "--", color="grey", label="honest error bars")
axes.set_xlabel("quantile of a unit normal")
axes.set_ylabel("quantile of the pulls")
axes.legend()

assert fault.verdict == "FAIL"
assert better.value < fault.value
assert found["as claimed"].verdict == "FAIL"
assert found["rescaled"].verdict == "PASS"
