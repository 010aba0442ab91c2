"""
Epistemic honesty: sigmas that do not know which objects are bad
================================================================

Error bars can be right on average and still not say which objects to trust. Who keeps the most certain 80 % wants them
to be better than all.
"""

import matplotlib.pyplot as plt
import numpy as np

import checkstar as cs
from checkstar.checks.calibrations.epistemic_honesty import EpistemicHonesty

check = EpistemicHonesty()
claim = cs.Claim("object_interval")
rng = np.random.default_rng(0)

# %%
# The fault
# ---------
# Faint objects have larger errors. The claimed sigmas have the right distribution, but follow something else: here a
# colour that has nothing to do with the noise.

n = 4000
y, magnitude, colour = rng.standard_normal(n), rng.uniform(18, 22, n), rng.uniform(18, 22, n)


def sigma(quantity):
    return 0.1 * 10 ** (0.15 * (quantity - 20))


predicted = y + sigma(magnitude) * rng.standard_normal(n)
found = {}
for name, quantity in (("sigma from colour", colour), ("sigma from magnitude", magnitude)):
    prediction = cs.prediction.Normal(predicted, sigma(quantity))
    run = cs.Run(name=name, test=cs.Dataset(y=y), prediction=prediction)
    found[name] = check.examine(run, claim, rng)
    print(f"{name}: {found[name].verdict}: {found[name].reason}")

# %%
# The cure
# --------
# Let sigma depend on what the errors depend on.

figure, axes = plt.subplots(layout="constrained")
for name, evidence in found.items():
    delivered = evidence.figure["layers"][2]
    axes.plot(delivered["x"], delivered["y"], label=name)
promised = found["sigma from magnitude"].figure["layers"][1]
axes.plot(promised["x"], promised["y"], "--", color="grey", label="promised")
axes.set_xlabel(evidence.figure["xlabel"])
axes.set_ylabel(evidence.figure["ylabel"])
axes.legend()

assert found["sigma from colour"].verdict == "FAIL"
assert found["sigma from magnitude"].verdict == "PASS"
