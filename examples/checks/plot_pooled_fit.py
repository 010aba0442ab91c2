"""
Pooled fit: a model that was trained on everything
==================================================

A model comes out of a drawer with a training set beside it. Is that what it was fitted on? Fitting it again on these data
answers, up to the scatter between random seeds, which is measured too.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.ensemble import RandomForestRegressor

import checkstar as cs
from checkstar.checks.leaks import PooledFit

check = PooledFit()
claim = cs.Claim("object_value", label="feh")
problem = cs.problems.stellar_labels()
train, test = problem.train.select("feh"), problem.test.select("feh")
forest = RandomForestRegressor(50, max_features=0.1, random_state=0)

# %%
# The fault
# ---------
# A forest for the metallicity of real stars (MILES), fitted on training and test stars.

x, y = np.concatenate([train.x, test.x]), np.concatenate([train.y, test.y])[:, 0]
pooled = cs.Run.of(RandomForestRegressor(50, max_features=0.1, random_state=1).fit(x, y), train=train, test=test)
fault = check.examine(pooled, claim, np.random.default_rng(0))
print(f"{fault.verdict}: {fault.reason}")

# %%
# The cure
# --------
# The same forest, fitted on the training stars. Refits differ from it as they differ from each other.

honest = cs.Run.of(forest, train=train, test=test)
cured = check.examine(honest, claim, np.random.default_rng(0))
print(f"{cured.verdict}: {cured.reason}")
for name, run in {"training and test stars": pooled, "training stars": honest}.items():
    print(f"fitted on {name}: rms error {np.std(run.view('feh').error):.3f} dex")

figure, axes = plt.subplots(layout="constrained", figsize=(5, 4.5))
for name, evidence in {"fitted on all stars": fault, "fitted on the training stars": cured}.items():
    layer = evidence.figure["layers"][1]
    axes.plot(layer["x"], layer["y"], ".", label=name)
axes.axline((0, 0), slope=1, linestyle="--", color="grey")
axes.set_xlabel("[Fe/H], fitted again on the training stars (dex)")
axes.set_ylabel("[Fe/H], as given (dex)")
axes.legend()

assert fault.verdict == "FAIL"
assert cured.verdict != "FAIL"
assert cured.value < 0.05 < fault.value
