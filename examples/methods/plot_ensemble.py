"""
Ensemble: what the members disagree about
=========================================

A method repeats some of the noise of the objects that it happened to learn from. Copies that learned from other draws of
these objects repeat other noise: their mean less of it, and their disagreement says how much there is.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import BayesianRidge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler
from sklearn.tree import DecisionTreeRegressor

import checkstar as cs
from checkstar.methods import Ensemble

rng = np.random.default_rng(0)


def observe(n, n_features):
    x = rng.uniform(-1, 1, (n, n_features))
    return cs.Dataset(x, np.sin(3 * x[:, 0]) + x[:, -1] ** 2 + 0.5 * rng.standard_normal(n))


train, test = observe(300, 2), observe(3000, 2)

# %%
# The fault
# ---------
# One tree with three objects a leaf does worse than something simple.

baselines, claim = cs.checks.Baselines(), cs.Claim("object_value")


def audited(method):
    run = cs.Run.of(method, train=train, test=test)
    evidence = baselines.examine(run, claim, np.random.default_rng(0))
    print(f"{run.name}: {evidence.verdict}: {evidence.reason}")
    return evidence


tree = DecisionTreeRegressor(min_samples_leaf=3)
fault = audited(tree)

# %%
# The cure
# --------
# The mean of thirty trees, each grown on its own draw.

cured = audited(Ensemble(tree, n_members=30))

# %%
# What is not known
# -----------------
# For a method that has error bars, what the members do not know each by itself and what they disagree about come apart.
# Amid the data nearly all of the error is the noise of the objects; beyond them the disagreement takes over.

curve = make_pipeline(PolynomialFeatures(5), StandardScaler(), BayesianRidge())
few = observe(60, 1)
members = Ensemble(curve, n_members=30).fit_data(few)
new = np.linspace(-1.4, 1.4, 200)[:, None]
spread = members.spread(new)
inside, outside = np.abs(new[:, 0]) < 0.8, np.abs(new[:, 0]) > 1.3
for name, part in (("each by itself", spread.aleatoric), ("disagreement", spread.epistemic)):
    print(f"{name}: {part[inside].mean():.2f} amid the data, {part[outside].mean():.2f} beyond")

figure, (left, right) = plt.subplots(1, 2, layout="constrained", figsize=(9, 4))
for member in members.members_:
    left.plot(new, member.predict(new)[:, 0], color="grey", alpha=0.4, linewidth=0.7)
left.plot(new, members.predict(new)[:, 0], color="tab:blue")
left.plot(few.x, few.y, ".", color="black")
left.set_ylim(-4, 4)
left.set_xlabel("x")
left.set_ylabel("label")
right.plot(new, spread.aleatoric, label="each by itself")
right.plot(new, spread.epistemic, label="what they disagree about")
right.set_yscale("log")
right.set_xlabel("x")
right.set_ylabel("sigma")
right.legend()

assert fault.verdict == "FAIL"
assert cured.verdict == "PASS"
assert (spread.epistemic < spread.aleatoric)[inside].all()
assert spread.epistemic[outside].mean() > 5 * spread.epistemic[inside].mean()
