"""
Leakage: stars of one cluster on both sides of the split
========================================================

The stars of a cluster were born together and share one metallicity. With one of them in the training set, the
metallicity of the others is known before their spectra are looked at. A split by rows at random lets that happen; a
split by cluster does not.
"""

import matplotlib.pyplot as plt
import numpy as np

import checkstar as cs

check = cs.checks.Leakage()
claim = cs.Claim("object_value", label="feh")
method = cs.methods.KNearest(n_neighbors=5)

# %%
# The fault
# ---------
# Real stars (MILES), split at random by rows.

careless = cs.problems.stellar_labels(split="random")
leaky = cs.Run.of(method, train=careless.train, test=careless.test)
fault = check.examine(leaky, claim, np.random.default_rng(0))
print(f"{fault.verdict}: {fault.reason}")

# %%
# What it does: the same method predicts the same stars, once with and once without their siblings in the training set.

shared = fault.flags["group_in_training"]
siblings = np.isin(careless.train.group, careless.test.group[shared])
clean = cs.Run.of(method, train=careless.train[~siblings], test=careless.test)
feh = careless.test.label_index("feh")
truth = careless.test.y[shared, feh]
errors = {
    "siblings in the training set": np.abs(leaky.prediction.mean()[shared, feh] - truth),
    "without them": np.abs(clean.prediction.mean()[shared, feh] - truth),
}
for name, error in errors.items():
    print(f"mean |error| of [Fe/H] of {len(error)} stars, {name}: {error.mean():.3f} dex")

figure, axes = plt.subplots(layout="constrained", figsize=(5, 4))
axes.plot(errors["without them"], errors["siblings in the training set"], "o")
top = max(error.max() for error in errors.values())
axes.plot([0, top], [0, top], "--", color="grey")
axes.set_xlabel("|error| of [Fe/H] without siblings (dex)")
axes.set_ylabel("|error| with siblings in training (dex)")

# %%
# The cure
# --------
# Name the group that must not be divided; every split of a :class:`checkstar.Dataset` then respects it.

careful = cs.problems.stellar_labels(split="cluster")
honest = cs.Run.of(method, train=careful.train, test=careful.test)
cured = check.examine(honest, claim, np.random.default_rng(0))
print(f"{cured.verdict}: {cured.reason}")

assert fault.verdict == "FAIL"
assert cured.verdict == "PASS"
