"""
Input shift: a target in another part of the plane
==================================================

The distance to the nearest training objects is blind to a shift in a direction of little variance. A classifier that is
asked to tell training from target objects is not. Before it is asked, the better data are degraded to the noise of the
worse, so that a shallower survey is not called another population.
"""

import matplotlib.pyplot as plt
import numpy as np

import checkstar as cs
from checkstar.checks.shifts import InputShift

check = InputShift()
claim = cs.Claim("object_value", label="feh")
rng = np.random.default_rng(0)
weak = np.sin(np.linspace(0, 20, 40))
axes = rng.normal(size=(3, 40))


def spectra(n, metallicity, sigma):
    feh = metallicity + 0.5 * rng.normal(size=n)
    clean = rng.normal(size=(n, 3)) @ axes + 0.2 * feh[:, None] * weak
    return cs.Dataset(clean + sigma * rng.normal(size=clean.shape), feh, noise=sigma, labels=["feh"])


train, test = spectra(2000, 0.0, 0.1), spectra(500, 0.0, 0.1)
ridge = cs.methods.Ridge().fit_data(train)


def examine(train, target):
    run = cs.Run.of(ridge, train=train, test=test, scope=cs.Scope(target=target))
    return check.examine(run, claim, np.random.default_rng(0))


# %%
# No fault
# --------
# The target was observed with four times the noise. That is another matter (noise response, coverage), not another kind
# of star.

shallow = spectra(2000, 0.0, 0.4)
quiet = examine(train, shallow)
print(f"{quiet.verdict}: {quiet.reason}")

# %%
# The fault
# ---------
# The target is metal-poor, by one standard deviation of a label that moves the spectra very little.

poor = spectra(2000, -0.5, 0.4)
fault = examine(train, poor)
print(f"{fault.verdict}: {fault.reason}")

# %%
# The cure
# --------
# Training objects like the target: here a second training set that was chosen among metal-poor stars.

cured = examine(spectra(2000, -0.5, 0.1), poor)
print(f"{cured.verdict}: {cured.reason}")

figure, axis = plt.subplots(layout="constrained")
found = {"noisier": quiet, "metal-poor": fault, "after the cure": cured}
for place, (name, evidence) in enumerate(found.items()):
    axis.errorbar(
        place,
        0.5 + evidence.value,
        [[evidence.value - evidence.low], [evidence.high - evidence.value]],
        fmt="o",
        label=f"{name}: {evidence.verdict}",
    )
axis.axhline(0.5, color="grey", ls="--")
axis.axhline(0.5 + check.limit, color="tab:red", ls=":", label="limit")
axis.set_xticks(range(len(found)), list(found))
axis.set_ylabel("AUC of target against training")
axis.legend()

assert quiet.verdict == "PASS"
assert fault.verdict == "FAIL"
assert cured.verdict == "PASS"
