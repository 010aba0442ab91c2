"""
Information limit: better than the data allow
=============================================

Noisy data hold a finite amount of information about their labels. No estimate has, on average over a population, a
smaller squared error than the Bayesian Cramer-Rao bound, which counts what the population itself gives away. Results
below it know something that is not in the data.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.neighbors import KNeighborsRegressor

import checkstar as cs
from checkstar.checks.references import InformationLimit
from checkstar.simulators import LinearModel, linear_gaussian

check, claim = InformationLimit(), cs.Claim("object_value")

# %%
# A label measured four times, with the same noise.

drawn = linear_gaussian(6000, 0)
data = cs.Dataset(drawn.x, drawn.y, noise=drawn.sigma)
train, test = data[:3000], data[3000:]
scope = cs.Scope(forward=LinearModel(np.ones((1, 4))))

# %%
# The fault
# ---------
# Three nearest neighbours, learned from a catalogue in which the test objects were left: each is its own neighbour.

leaky = KNeighborsRegressor(3).fit(data.x, data.y[:, 0])
fault = check.examine(cs.Run.of(leaky, test=test, scope=scope), claim, np.random.default_rng(0))
print(f"{fault.verdict}: {fault.reason}")

# %%
# The cure
# --------
# Learn from other objects. More neighbours come near the bound, and none below it. The posterior mean of this problem
# shrinks towards the mean of the population, beats the bound of unbiased estimates, and is no leak.

honest = cs.Run.of(KNeighborsRegressor(100), train=train, test=test, scope=scope)
cured = check.examine(honest, claim, np.random.default_rng(0))
print(f"{cured.verdict}: {cured.reason}")
shrinking = cs.Run.of(lambda x: 0.8 * x.mean(axis=1), test=test, scope=scope)
posterior = check.examine(shrinking, claim, np.random.default_rng(0))
print(f"posterior mean: {posterior.verdict}: {posterior.reason}")

figure, axes = plt.subplots(layout="constrained")
for name, evidence in {"test objects left in": fault, "100 other objects": cured, "posterior mean": posterior}.items():
    layer = evidence.figure["layers"][1]
    axes.plot(layer["x"], layer["y"], ".", label=name)
axes.plot([-3, 3], [-3, 3], "--", color="grey", label="the least that the data allow")
axes.set_xlabel("quantile of a unit normal")
axes.set_ylabel("quantile of the errors / bound")
axes.legend()

assert fault.verdict == "FAIL"
assert cured.verdict == "PASS"
assert posterior.verdict != "FAIL"
