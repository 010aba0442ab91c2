"""
Baselines: beaten by a straight line
====================================

Before a method is admired it should beat what costs nothing: the training labels alone, a ridge regression, boosted
trees with default settings. They are fitted on the same training data and compared on the same test objects.
"""

import matplotlib.pyplot as plt
import numpy as np

import checkstar as cs

check = cs.checks.Baselines()
claim = cs.Claim("object_value", label="feh")
problem = cs.problems.stellar_labels()
train, test = problem.train.select("feh"), problem.test.select("feh")

# %%
# The fault
# ---------
# [Fe/H] from the most similar spectra. Spectra are similar first of all in colour, and so in temperature.

nearest = cs.Run.of(cs.methods.KNearest(), train=train, test=test)
fault = check.examine(nearest, claim, np.random.default_rng(0))
print(f"{fault.verdict}: {fault.reason}")

# %%
# The cure
# --------
# Use the simple method, until another one beats it.

ridge = cs.Run.of(cs.methods.Ridge(), train=train, test=test)
cured = check.examine(ridge, claim, np.random.default_rng(0))
print(f"{cured.verdict}: {cured.reason}")

figure, axes = plt.subplots(layout="constrained")
for shift, (name, evidence) in zip((-0.08, 0.08), {"nearest spectra": fault, "ridge": cured}.items(), strict=True):
    value, low, high = np.array([part.estimate[:3] for part in evidence.parts]).T
    axes.errorbar(np.arange(len(value)) + shift, value, [value - low, high - value], fmt="o", capsize=3, label=name)
for at, part in enumerate(cured.parts):
    axes.hlines(part.limit, at - 0.3, at + 0.3, linestyle="--", color="grey", label=None if at else "limit")
axes.set_xticks(range(len(cured.parts)), [part.name for part in cured.parts])
axes.set_ylabel("mean loss relative to the baseline, minus one")
axes.legend()

assert fault.verdict == "FAIL"
assert cured.verdict == "PASS"
