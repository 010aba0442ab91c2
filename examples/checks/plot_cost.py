"""
Cost: trained for longer than it will ever save
===============================================

A network is slow to train and quick to apply; a comparison with a library is the other way round. From some number of
objects on the network is cheaper, and the claim says how many objects there are. This check never decides a claim; it
is shown beside the evidence. The numbers are seconds of this machine.
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import checkstar as cs

# The number of epochs is fixed here: this page is about seconds, not about accuracy.
warnings.simplefilter("ignore", ConvergenceWarning)

check = cs.checks.Expense()
problem = cs.problems.stellar_labels()
train, test = problem.train.select("feh"), problem.test.select("feh")
network = make_pipeline(
    StandardScaler(),
    MLPRegressor(hidden_layer_sizes=(256, 256), max_iter=150, tol=0, n_iter_no_change=150, random_state=0),
)
run = cs.Run.of(network, train=train, test=test, reference=cs.methods.TemplateFit())
print(f"training: network {run.costs.fit_seconds:.2f} s, template fit {run.reference.costs.fit_seconds:.2f} s")

# %%
# The fault
# ---------
# A hundred stars.

few = check.examine(run, cs.Claim("object_value", n_objects=100, label="feh"), np.random.default_rng(0))
print(f"{few.verdict}: {few.reason}")

# %%
# The cure
# --------
# Use the template fit for a hundred stars, and the network for a survey of ten million.

many = check.examine(run, cs.Claim("object_value", n_objects=10_000_000, label="feh"), np.random.default_rng(0))
print(f"{many.verdict}: {many.reason}")

figure, axes = plt.subplots(layout="constrained")
n = np.logspace(1, 7, 50)
for name, one in {"network": run, "template fit": run.reference}.items():
    seconds = np.median(one.predict_seconds())
    axes.loglog(n, one.costs.fit_seconds + seconds * n, label=name)
axes.set_xlabel("number of stars")
axes.set_ylabel("seconds, training and prediction")
axes.legend()

assert few.verdict == "FAIL"
assert many.verdict == "PASS"
