"""
Reference: worse than the domain's own method
=============================================

Astronomers measured metallicities before machine learning: by comparing a spectrum with a library, star by star
(:class:`checkstar.methods.TemplateFit`). A new method is worth its training if it is at least as good *on the same
stars*.
"""

import matplotlib.pyplot as plt
import numpy as np

import checkstar as cs

check = cs.checks.Reference()
claim = cs.Claim("object_value", label="feh")
problem = cs.problems.stellar_labels()  # its reference is TemplateFit

# %%
# The fault
# ---------
# The Cannon describes every pixel by one quadratic of the labels, which does not reach from 3800 to 7500 K.

cannon = cs.run(problem, cs.methods.Cannon(), seed=0)
fault = check.examine(cannon, claim, np.random.default_rng(0))
print(f"{fault.verdict}: {fault.reason}")

# %%
# The cure
# --------
# A method that suits the range (or the same method for a narrower range).

ridge = cs.run(problem, cs.methods.Ridge(), seed=0)
cured = check.examine(ridge, claim, np.random.default_rng(0))
print(f"{cured.verdict}: {cured.reason}")

figure, axes = plt.subplots(layout="constrained")
levels = np.linspace(0.01, 0.99, 99)
for name, run in {"Cannon": cannon, "ridge": ridge, "template fit": cannon.reference}.items():
    axes.plot(np.quantile(np.abs(run.view("feh").error), levels), levels, label=name)
axes.set_xscale("log")
axes.set_xlabel("|error| of [Fe/H] (dex)")
axes.set_ylabel("share of stars within")
axes.legend()

assert fault.verdict == "FAIL"
assert cured.verdict == "PASS"
