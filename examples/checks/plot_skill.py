"""
Skill: perfect error bars, and nothing known
============================================

Give every star the mean and the spread of the training labels. The error bars are honest, the coverage is right, no
calibration check objects, and nothing was learned. Only a score that rewards sharpness tells.
"""

import matplotlib.pyplot as plt
import numpy as np

import checkstar as cs

check = cs.checks.Skill()
claim = cs.Claim("object_interval", label="feh")
problem = cs.problems.stellar_labels()
train, test = problem.train.select("feh"), problem.test.select("feh")

# %%
# The fault
# ---------

empty = cs.Run.of(cs.methods.Constant(), train=train, test=test)
fault = check.examine(empty, claim, np.random.default_rng(0))
print(f"{fault.verdict}: {fault.reason}")
pulls = cs.checks.Pulls().examine(empty, claim, np.random.default_rng(0))
print(f"while pulls say {pulls.verdict}: {pulls.reason}")

# %%
# The cure
# --------
# Look at the spectra.

ridge = cs.Run.of(cs.methods.Ridge(), train=train, test=test)
cured = check.examine(ridge, claim, np.random.default_rng(0))
print(f"{cured.verdict}: {cured.reason}")

figure, axes = plt.subplots(layout="constrained")
order = np.argsort(test.y[:, 0])
for run, colour in ((empty, "tab:orange"), (ridge, "tab:blue")):
    mean, sigma = run.prediction.mean()[order, 0], run.prediction.std()[order, 0]
    axes.errorbar(np.arange(len(order)), mean, sigma, fmt=".", elinewidth=0.6, color=colour, label=run.name, alpha=0.7)
axes.plot(test.y[order, 0], color="black", label="truth")
axes.set_xlabel("test stars, in the order of their true [Fe/H]")
axes.set_ylabel("[Fe/H] (dex)")
axes.legend()

assert fault.verdict == "FAIL"
assert pulls.verdict != "FAIL"
assert cured.verdict == "PASS"
