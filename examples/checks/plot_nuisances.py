"""
Nuisances: a calibration that is off by its own budget
======================================================

Noise differs from object to object and averages out. A calibration error is the same for all of them and does not. Each
effect is put on the test data at one standard deviation of its budget.
"""

import matplotlib.pyplot as plt
import numpy as np

import checkstar as cs
from checkstar.checks.robustness import Nuisances
from checkstar.nuisances import smoothing, wavelength_shift, zero_point

check = Nuisances()
problem = cs.problems.stellar_labels()
claim = cs.Claim("object_value", label="feh")

# %%
# The budget: fluxes to 2 %, wavelengths to a tenth of a pixel, the width of the line-spread function to 2 %.

scope = cs.Scope(nuisances=[zero_point(0.02), wavelength_shift(0.1), smoothing(1.2, 0.024)])


def examine(method):
    return check.examine(
        cs.Run.of(method, train=problem.train, test=problem.test, scope=scope), claim, np.random.default_rng(0)
    )


# %%
# The fault
# ---------
# A Cannon of the fluxes as they are takes a brighter spectrum for another star.

fault = examine(cs.methods.Cannon())
print(f"{fault.verdict}: {fault.reason}")
for limit in fault.limits_of_use:
    print(limit.text)

# %%
# The cure
# --------
# Divide by the mean flux first: a zero point has no effect then. What is left must go into the error budget.

cured = examine(cs.methods.Cannon(continuum="mean"))
for name, found in {"as it is": fault, "divided": cured}.items():
    print(name, {part.name: round(part.estimate.value, 2) for part in found.parts})

figure, axes = plt.subplots(layout="constrained")
names = [part.name for part in fault.parts]
for shift, (label, found) in enumerate({"fluxes as they are": fault, "divided by their mean": cured}.items()):
    axes.bar(np.arange(3) + 0.4 * shift, [part.estimate.value for part in found.parts], 0.4, label=label)
axes.axhline(check.limit, color="tab:red", ls="--", label="limit")
axes.set_xticks(np.arange(3) + 0.2, names)
axes.set_yscale("log")
axes.set_ylabel("shift of [Fe/H] / error bar")
axes.legend()

assert fault.verdict == "FAIL"
assert cured.parts[0].estimate.high < check.limit < fault.parts[0].estimate.low
