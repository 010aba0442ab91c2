"""
Noise excess: directions in which there is nothing but noise
============================================================

Where a forward model is known, so is the least error that noise must cause: the Cramer-Rao bound. A method that answers
to noise much more than that reads directions of the observations in which there is no signal.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import LinearRegression

import checkstar as cs
from checkstar.checks.robustness import NoiseExcess
from checkstar.simulators import LinearModel

check, claim = NoiseExcess(), cs.Claim("object_value")

# %%
# One label, seen by ten of sixty pixels; 70 objects to learn from.

rng = np.random.default_rng(0)
line = np.where(np.arange(60) < 10, 1.0, 0.0)
y = rng.normal(size=1070)
data = cs.Dataset(y[:, None] * line + 0.5 * rng.normal(size=(1070, 60)), y, noise=0.5)
train, test = data[:70], data[70:]
scope = cs.Scope(forward=LinearModel([line]))

# %%
# The fault
# ---------
# Least squares with sixty coefficients fits the noise of 70 objects too, and then asks the same pixels of new ones.

free = cs.Run.of(LinearRegression(), train=train, test=test, scope=scope)
fault = check.examine(free, claim, np.random.default_rng(0))
print(f"least squares: {fault.verdict}: {fault.reason}")

# %%
# The cure
# --------
# A penalty chosen by leave-one-out.

ridge = cs.Run.of(cs.methods.Ridge(), train=train, test=test, scope=scope)
cured = check.examine(ridge, claim, np.random.default_rng(0))
print(f"ridge: {cured.verdict}: {cured.reason}")

slopes = ridge.jacobian(test.x[:1])[0, 0]
figure, axes = plt.subplots(layout="constrained")
axes.plot(free.method.model_.coef_, ".-", label="least squares")
axes.plot(slopes, ".-", label="ridge")
axes.plot(line / line.sum(), "--", color="grey", label="efficient")
axes.set_xlabel("pixel")
axes.set_ylabel("weight")
axes.legend()

assert fault.verdict == "FAIL"
assert cured.verdict == "PASS"
