"""
Train-test matrix: every survey against every other
===================================================

The diagonal of the matrix is what a survey says of itself. The drop from it is what learning elsewhere costs.
"""

import matplotlib.pyplot as plt
import numpy as np

import checkstar as cs
from checkstar.checks.shifts import TrainTestMatrix

check = TrainTestMatrix()
claim = cs.Claim("object_value", label="feh")
rng = np.random.default_rng(0)


def survey(n, throughput):
    feh = rng.normal(size=n)
    lines = np.column_stack([feh, 0.5 * feh, -feh]) + 0.2 * rng.normal(size=(n, 3))
    return cs.Dataset(throughput * (1 + 0.1 * lines), feh, labels=["feh"])


def normalised(data):
    return cs.Dataset(data.x / data.x.sum(axis=1, keepdims=True), data.y, labels=["feh"])


def examine(prepare):
    train, test, other = (prepare(data) for data in (survey(1500, 1.0), survey(1500, 1.0), survey(2500, 1.2)))
    run = cs.Run.of(cs.methods.Ridge(), train=train, test=test, scope=cs.Scope(suites={"south": other}))
    return check.examine(run, claim, np.random.default_rng(0))


# %%
# The fault
# ---------
# The southern telescope has twenty per cent more throughput, and the spectra are used as they come.

fault = examine(lambda data: data)
print(f"{fault.verdict}: {fault.reason}")

# %%
# The cure
# --------
# Normalised spectra know nothing of the throughput.

cured = examine(normalised)
print(f"{cured.verdict}: {cured.reason}")

figure, axes = plt.subplots(1, 2, layout="constrained", sharey=True, figsize=(9, 4))
for axis, (name, evidence) in zip(axes, {"as they come": fault, "normalised": cured}.items(), strict=True):
    for layer in evidence.figure["layers"]:
        axis.semilogy(layer["x"], layer["y"], "o", label=layer["label"])
    axis.set_xticks(range(2), evidence.figure["xticks"])
    axis.set_xlabel("tested on")
    axis.set_title(name)
axes[0].set_ylabel("mean error of [Fe/H] (dex)")
axes[0].legend()

assert fault.verdict == "FAIL"
assert cured.verdict == "PASS"
