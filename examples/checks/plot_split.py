"""
Split: a map that remembers the sky
===================================

Extinction, calibration and the large-scale structure vary smoothly over the sky. A method that knows where it looks can
learn a map of the training objects' errors, and a random split praises it for that. On a field that it has not seen the
map is blank.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.neighbors import KNeighborsRegressor

import checkstar as cs
from checkstar.checks.leaks import Split

check = Split()
claim = cs.Claim("object_value")

# %%
# Colours of galaxies, reddened by dust that is patchy on a scale of ten degrees; the label is the redshift.

rng = np.random.default_rng(0)
n = 3000
ra, dec = rng.uniform(120, 240, n), rng.uniform(0, 60, n)
dust = 0.3 * np.sin(np.radians(ra) * 18) * np.sin(np.radians(dec) * 18)
z = rng.uniform(0.1, 0.5, n)
colour = 2 * z[:, None] * [1.0, 0.5] + dust[:, None] * [1.0, 1.0] + rng.normal(0, 0.1, (n, 2))


def run_with(x):
    data = cs.Dataset(x, z, labels=["z"], units={"z": ""}, meta={"ra": ra, "dec": dec})
    train, test = data.split(0.3, 0)
    return cs.Run.of(KNeighborsRegressor(8), train=train, test=test)


# %%
# The fault
# ---------
# Positions among the features: the method learns the dust of each place from the training galaxies around it.

mapping = run_with(np.column_stack([colour, ra / 15, dec / 15]))
fault = check.examine(mapping, claim, rng)
print(f"{fault.verdict}: {fault.reason}")

# %%
# The cure
# --------
# Without positions; a difference of colours that dust leaves alone is used instead.

honest = run_with(np.column_stack([colour[:, 0] - colour[:, 1], colour[:, 0]]))
cured = check.examine(honest, claim, rng)
print(f"{cured.verdict}: {cured.reason}")

figure, axes = plt.subplots(layout="constrained")
for i, evidence in enumerate((fault, cured)):
    value, low, high, _ = evidence.worst.estimate
    axes.errorbar(i, 100 * value, [[100 * (value - low)], [100 * (high - value)]], fmt="o", capsize=4)
axes.axhline(100 * check.limit, linestyle="--", color="grey", label="limit")
axes.set_xticks([0, 1], ["with positions", "with colours only"])
axes.set_xlim(-0.5, 1.5)
axes.set_ylabel("rise of the error in unseen cells of the sky (%)")
axes.legend()

assert fault.verdict == "FAIL"
assert cured.verdict == "PASS"
