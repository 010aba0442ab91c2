"""
Cross survey: another simulator, another answer
===============================================

A method that learned from one suite of simulations has learned its physics and its tricks. Only other suites can tell
the two apart. Here two simulators share the labels but differ in a nuisance that both believe in.
"""

import matplotlib.pyplot as plt
import numpy as np

import checkstar as cs
from checkstar.checks.shifts import CrossSurvey

check = CrossSurvey()
claim = cs.Claim("object_value", label="omega_m")
rng = np.random.default_rng(0)
scale = np.linspace(0, 1, 12)


def simulate(n, feedback):
    omega = rng.uniform(-1, 1, n)
    suppression = feedback * np.exp(0.2 * rng.normal(size=n))
    power = omega[:, None] * (1 - 0.5 * scale) - suppression[:, None] * scale**2
    return cs.Dataset(power + 0.2 * rng.normal(size=power.shape), omega, labels=["omega_m"])


def examine(columns):
    def cut(data):
        return cs.Dataset(data.x[:, columns], data.y, labels=["omega_m"])

    method = cs.methods.Ridge().fit_data(cut(simulate(3000, 0.3)))
    suites = {name: cut(simulate(3000, strength)) for name, strength in {"mild": 0.35, "strong": 1.0}.items()}
    run = cs.Run.of(method, test=cut(simulate(3000, 0.3)), scope=cs.Scope(suites=suites))
    return check.examine(run, claim, np.random.default_rng(0))


# %%
# The fault
# ---------
# All scales: feedback at small scales looks like another cosmology.

fault = examine(scale >= 0)
print(f"{fault.verdict}: {fault.reason}")

# %%
# The cure
# --------
# Leave out the scales on which the simulators disagree.

cured = examine(scale < 0.25)
print(f"{cured.verdict}: {cured.reason}")

figure, axis = plt.subplots(layout="constrained")
for move, (name, evidence) in zip((-0.1, 0.1), {"all scales": fault, "large scales": cured}.items(), strict=True):
    layer = evidence.figure["layers"][0]
    low, high = np.subtract(layer["y"], layer["low"]), np.subtract(layer["high"], layer["y"])
    axis.errorbar(np.array(layer["x"]) + move, layer["y"], [low, high], fmt="o", label=name)
axis.axhline(check.limit, color="tab:red", ls=":", label="limit")
axis.set_xticks(range(2), fault.figure["xticks"])
axis.set_xlabel("feedback of the other suite")
axis.set_ylabel(fault.figure["ylabel"])
axis.legend()

assert fault.verdict == "FAIL"
assert cured.verdict == "PASS"
