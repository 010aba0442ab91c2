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
# ``Calibrated`` predicts each training star by a copy of the method that has not seen it, measures by how much the error
# bars are too small, and enlarges them. The test stars have no part in it.

enlarged = cs.methods.Calibrated(cs.methods.Cannon())
rescaled = cs.Run.of(enlarged, train=problem.train, test=problem.test)
for label, factor, wild in zip(problem.labels, rescaled.method.factors_[:, 0], rescaled.method.outliers_, strict=True):
    print(f"{label}: error bars enlarged by {factor:.1f}; {100 * wild:.1f} % of the stars are beyond any error bar")
better = check.examine(rescaled, claim, np.random.default_rng(0))
print(f"{better.verdict}: {better.reason}")

# %%
# One factor for all stars cannot mend a tail, and these stars are too few to show error bars right to 10 %. Where the
# fault is one of scale and the objects are many, the cure can be shown to work: 4000 objects with error bars 40 % too
# small, the first half to measure the factor, the second half to test it.

drawn = linear_gaussian(4000, 0)
data = cs.Dataset(drawn.estimate, drawn.y)
method = cs.as_method(lambda estimate: (estimate, np.full(estimate.shape, drawn.noise / 1.4)))
found = {
    name: check.examine(
        cs.Run.of(cure, train=data[:2000], test=data[2000:]), cs.Claim("object_interval"), np.random.default_rng(0)
    )
    for name, cure in {"as claimed": method, "rescaled": cs.methods.Calibrated(method)}.items()
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
assert better.value < 0.1 * fault.value
assert found["as claimed"].verdict == "FAIL"
assert found["rescaled"].verdict == "PASS"
