"""
Positions: one star observed twice, on both sides of the split
==============================================================

Fields of a survey overlap, so the catalogue of detections holds many stars twice or more. A split by detection puts some
stars on both sides, and nothing in their identifiers shows it. Their places on the sky do.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.neighbors import KNeighborsRegressor

import checkstar as cs
from checkstar.checks.leaks import Positions

check = Positions(radius_arcsec=2.0)
claim = cs.Claim("object_value")

# %%
# A catalogue of 3000 detections of 2000 stars: astrometry good to 0.2 arcsec, magnitudes in five bands good to 0.02, and a
# metallicity that the magnitudes tell poorly.

rng = np.random.default_rng(0)
star = np.concatenate([np.arange(2000), rng.integers(0, 2000, 1000)])
place = np.column_stack([rng.uniform(150, 152, 2000), rng.uniform(0, 2, 2000)])[star]
ra, dec = (place + rng.normal(0, 0.2 / 3600, place.shape)).T
colours, feh = rng.normal(0, 0.5, (2000, 5)), rng.normal(0, 0.3, 2000)
feh += 0.3 * colours[:, 0]
x = colours[star] + rng.normal(0, 0.02, (3000, 5))
catalogue = cs.Dataset(x, feh[star], labels=["feh"], meta={"ra": ra, "dec": dec, "star": star})

# %%
# The fault
# ---------

train, test = catalogue.split(0.3, 0)
leaky = cs.Run.of(KNeighborsRegressor(1), train=train, test=test)
fault = check.examine(leaky, claim, rng)
print(f"{fault.verdict}: {fault.reason}")
near = fault.flags["position_in_training"]
error = np.abs(leaky.view("feh").error)
print(
    f"median |error|: {np.median(error[near]):.3f} dex of those near, {np.median(error[~near]):.3f} dex of the others"
)

# %%
# The cure
# --------
# Match the catalogue with itself first, call what lies within the radius one star, and split by star.

by_star = cs.Dataset(x, feh[star], labels=["feh"], meta={"ra": ra, "dec": dec, "star": star}, group="star")
train, test = by_star.split(0.3, 0)
cured = check.examine(cs.Run.of(KNeighborsRegressor(1), train=train, test=test), claim, rng)
print(f"{cured.verdict}: {cured.reason}")

figure, axes = plt.subplots(layout="constrained")
for name, evidence in {"split by detection": fault, "split by star": cured}.items():
    layer = evidence.figure["layers"][0]
    axes.semilogx(layer["x"], layer["y"], label=name)
axes.axvline(check.radius_arcsec, linestyle="--", color="grey", label="point-spread function")
axes.set_xlabel("distance to the nearest training object (arcsec)")
axes.set_ylabel("share of test objects nearer")
axes.legend()

assert fault.verdict == "FAIL"
assert np.median(error[near]) < 0.5 * np.median(error[~near])
assert cured.verdict == "PASS"
