"""
Noise ceiling: better than the labels
=====================================

Stellar ages from spectra, tested against ages from asteroseismology that are good to 10 %. A method that agrees with them
to 5 % has not found a better way to measure ages: it has seen these ages, or their errors are overestimated.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.neighbors import KNeighborsRegressor

import checkstar as cs
from checkstar.checks.leaks import NoiseCeiling

check = NoiseCeiling()
claim = cs.Claim("object_value", label="age")

# %%
# Stars with ages of 1 to 10 Gyr, known to 0.6 Gyr; spectra tell them to about 0.4 Gyr. Each star was observed twice.

rng = np.random.default_rng(0)
n = 1500
age = rng.uniform(1, 10, n)
label = age + 0.6 * rng.standard_normal(n)
quirks = rng.standard_normal((n, 6))
star = np.concatenate([np.arange(n), np.arange(n)])
pixels = np.column_stack([age / 3, quirks])[star] + 0.03 * rng.standard_normal((2 * n, 7))
# A star is told from another by the quirks of its spectrum.
spectra = cs.Dataset(pixels, label[star], y_err=0.6, labels=["age"], units={"age": "Gyr"})

# %%
# The fault
# ---------
# Trained on the first visits, tested on the second: the nearest training spectrum is the same star, with the same error of
# its age.

leaky = cs.Run.of(KNeighborsRegressor(2, weights="distance"), train=spectra[:n], test=spectra[n:])
fault = check.examine(leaky, claim, rng)
print(f"{fault.verdict}: {fault.reason}")

# %%
# The cure
# --------
# A split by star: the error of a label can no longer be predicted.

by_star = cs.Dataset(pixels, label[star], y_err=0.6, labels=["age"], units={"age": "Gyr"}, group=star)
train, test = by_star.split(0.3, 0)
honest = cs.Run.of(KNeighborsRegressor(2, weights="distance"), train=train, test=test)
cured = check.examine(honest, claim, rng)
print(f"{cured.verdict}: {cured.reason}")

figure, axes = plt.subplots(layout="constrained")
for name, evidence in {"split by visit": fault, "split by star": cured}.items():
    layer = evidence.figure["layers"][1]
    axes.plot(layer["y"], layer["x"], label=name)
layer = cured.figure["layers"][0]
axes.plot(layer["y"], layer["x"], "--", color="grey", label="label errors alone")
axes.set_xlim(0, 5)
axes.set_xlabel("|residual| in units of the label error")
axes.set_ylabel("share of stars below")
axes.legend()

assert fault.verdict == "FAIL"
assert cured.verdict == "PASS"
