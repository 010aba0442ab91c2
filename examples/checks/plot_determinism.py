"""
Determinism: another answer each time
=====================================

A network left in training mode drops some of its units at random, and each call gives another answer; normalisation
left in training mode makes an object's answer depend on its neighbours in the batch. Asked again, both are found.
"""

import matplotlib.pyplot as plt
import numpy as np

import checkstar as cs
from checkstar.checks.symmetry import Determinism

check = Determinism()
claim = cs.Claim("object_value")
rng = np.random.default_rng(0)

# %%
# A network of one hidden layer
# -----------------------------

x = rng.normal(size=(1000, 5))
y = np.tanh(x[:, 0]) + 0.1 * rng.normal(size=1000)
hidden = rng.normal(size=(5, 64))
out = np.linalg.lstsq(np.tanh(x[:500] @ hidden), y[:500], rcond=None)[0]
test = cs.Dataset(x[500:], y[500:])


def network(x, *, dropout=0.0, batch_norm=False):
    layer = np.tanh(x @ hidden)
    layer = layer * (rng.random(layer.shape) >= dropout) / (1 - dropout)
    layer = layer - layer.mean(axis=0) if batch_norm else layer
    return layer @ out, np.full(len(x), 0.15)


# %%
# The faults, and the cure: evaluation mode
# -----------------------------------------

found = {}
for name, mode in {"dropout": {"dropout": 0.1}, "batch norm": {"batch_norm": True}, "evaluation": {}}.items():
    run = cs.Run.of(lambda x, mode=mode: network(x, **mode), test=test)
    found[name] = check.examine(run, claim, np.random.default_rng(0))
    print(f"{name}: {found[name].verdict}: {found[name].reason}")

figure, axes = plt.subplots(layout="constrained")
for name, evidence in found.items():
    axes.semilogy(evidence.figure["xticks"], evidence.figure["layers"][0]["y"], "o-", label=name)
axes.axhline(check.limit, color="grey", linestyle="--")
axes.set_ylabel("largest change (sigma)")
axes.legend()

assert found["dropout"].verdict == "FAIL"
assert found["batch norm"].verdict == "FAIL"
assert found["evaluation"].verdict == "PASS"
