"""
Relations: a star that grows bluer behind dust
==============================================

Dust makes a star fainter and redder; a method that measures the dust must answer with more of it, whatever the star.
No truth is needed to ask: the change is made by us.
"""

import matplotlib.pyplot as plt
import numpy as np

import checkstar as cs
from checkstar.checks.symmetry import KeepsRelations
from checkstar.symmetries import Dimming

check = KeepsRelations()
claim = cs.Claim("object_value", label="a_v")
rng = np.random.default_rng(0)

# %%
# Stars in four bands
# -------------------
# Intrinsic colours follow the temperature; the training set has little dust, the survey has more.

curve = np.array([1.57, 1.20, 0.84, 0.58])  # A_lambda / A_V of u, g, r, i


def stars(n, most_dust):
    temperature, a_v = rng.uniform(-1, 1, (n, 1)), rng.uniform(0, most_dust, (n, 1))
    intrinsic = np.array([1.2, 0.5, 0.2, 0.0]) - temperature * np.array([0.9, 0.4, 0.15, 0.0])
    magnitudes = rng.uniform(14, 18, (n, 1)) + intrinsic + a_v * curve + rng.normal(0, 0.01, (n, 4))
    return cs.Dataset(magnitudes, a_v.ravel(), noise=0.01, features=list("ugri"), labels=["a_v"], units={"a_v": "mag"})


train, test = stars(1500, 0.5), stars(1000, 2.0)
dust = Dimming(extinction=curve, magnitudes=True, label="a_v", direction=">=", amounts=(0.1, 1.0))
scope = cs.Scope(relations=[dust])

# %%
# The fault
# ---------
# Trees cannot leave the range of their training set, and far from it they answer with whatever leaf is there.

trees = cs.Run.of(cs.methods.BoostedTrees(), train=train, test=test, scope=scope)
fault = check.examine(trees, claim, np.random.default_rng(0))
print(f"{fault.verdict}: {fault.reason}")

# %%
# The cure
# --------
# In magnitudes dust is linear, and so is ridge regression: it answers to more dust with more.

ridge = cs.Run.of(cs.methods.Ridge(), train=train, test=test, scope=scope)
cured = check.examine(ridge, claim, np.random.default_rng(0))
print(f"{cured.verdict}: {cured.reason}")

amounts = np.linspace(0, 1, 21)
figure, axes = plt.subplots(layout="constrained")
for run in (trees, ridge):
    answers = [run.predict(dust.change(test.x[:200], a), test.noise).mean()[:, 0] for a in amounts]
    axes.plot(amounts, np.mean(answers, axis=1), label=run.name)
axes.plot(amounts, test.y[:200].mean() + amounts, "--", color="grey", label="truth")
axes.set_xlabel("dust added (mag)")
axes.set_ylabel("mean dust found (mag)")
axes.legend()

assert fault.verdict == "FAIL"
assert cured.verdict == "PASS"
