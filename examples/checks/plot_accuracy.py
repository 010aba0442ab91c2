"""
Accuracy: right on average, wrong for one kind of star
======================================================

One number for the scatter of all stars hides the kinds of stars for which it is larger. The check looks at the typical
error in bins of the prediction and of every column of metadata, because those are known for new stars too; the worst
bin decides.
"""

import matplotlib.pyplot as plt
import numpy as np

import checkstar as cs

check = cs.checks.Accuracy()
claim = cs.Claim("object_value", label="logg")  # no tolerance: a third of the spread of the labels, by convention
problem = cs.problems.stellar_labels()

# %%
# The fault
# ---------
# Surface gravities by a random forest, which keeps nothing of what few training stars have.

forest = cs.Run.of(cs.methods.Forest(), train=problem.train, test=problem.test)
fault = check.examine(forest, claim, np.random.default_rng(0))
print(f"{fault.verdict}: {fault.reason}")

# %%
# The cure
# --------
# Another method, here; where there is none, a claim about fewer kinds of stars.

ridge = cs.Run.of(cs.methods.Ridge(), train=problem.train, test=problem.test)
cured = check.examine(ridge, claim, np.random.default_rng(0))
print(f"{cured.verdict}: {cured.reason}")

figure, axes = plt.subplots(layout="constrained")
for shift, (name, evidence) in zip((-0.08, 0.08), {"forest": fault, "ridge": cured}.items(), strict=True):
    value, low, high = np.array([part.estimate[:3] for part in evidence.parts]).T
    axes.errorbar(np.arange(len(value)) + shift, value, [value - low, high - value], fmt="o", capsize=3, label=name)
axes.axhline(cured.limit, linestyle="--", color="grey", label="limit")
axes.set_xticks(range(len(value)), ["all stars", "predicted\ngiants", "predicted\ndwarfs"])
axes.set_ylabel("typical error of log g (dex)")
axes.legend()

assert fault.verdict == "FAIL"
assert cured.verdict == "PASS"
