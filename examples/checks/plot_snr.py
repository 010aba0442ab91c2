"""
Signal to noise: error bars that do not grow as the signal fades
================================================================

Noise can be added to data. The error then grows, and an honest error bar with it. One that was tuned on bright objects
does not.
"""

import matplotlib.pyplot as plt
import numpy as np

import checkstar as cs
from checkstar.checks.robustness import SignalToNoise
from checkstar.testing import simulate_spectra

check = SignalToNoise()
claim = cs.Claim("object_interval", label="metals")
data = simulate_spectra(4000)
train, test = data[:500], data[500:]
cannon = cs.methods.Cannon().fit_data(train)

# %%
# The fault
# ---------
# The right error bar of the test set, whatever the noise: as a network that never saw fainter stars would give it.

inside = cannon.predict(train.x, noise=train.noise) - train.y


def tuned(x):
    values = cannon.predict(x, noise=train.noise)
    return values, np.broadcast_to(inside.std(axis=0), values.shape)


fault = check.examine(cs.Run.of(tuned, test=test), claim, np.random.default_rng(0))
print(f"{fault.verdict}: {fault.reason}")

# %%
# The cure
# --------
# Propagate the noise of each object. What would be left without any noise is read off the same data.

cured = check.examine(cs.Run.of(cannon, test=test), claim, np.random.default_rng(0))
print(f"{cured.verdict}: {cured.reason}")
print(cured.limits_of_use[0].text)

figure, axes = plt.subplots(layout="constrained")
claimed, error = cured.figure["layers"]
axes.plot(error["x"], error["y"], "o", label="error")
axes.plot(claimed["x"], claimed["y"], label="claimed: noise propagated")
axes.plot(claimed["x"], fault.figure["layers"][0]["y"], "--", label="claimed: tuned on bright stars")
axes.set_xlabel("noise / noise of the test set")
axes.set_ylabel("root mean square of metals")
axes.legend()

assert fault.verdict == "FAIL"
assert cured.verdict == "PASS"
