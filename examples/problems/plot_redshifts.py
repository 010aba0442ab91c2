"""
Redshifts of galaxies from their colours
========================================

Photometric redshifts by several methods beside the domain's own way, a fit of templates under a prior of magnitude. The
galaxies are simulated from the embedded templates with the errors of SDSS, so that nothing is downloaded;
``cs.problems.redshifts("sdss")`` and ``"boss"`` are the same with real galaxies.
"""

import matplotlib.pyplot as plt
import numpy as np

import checkstar as cs
from checkstar.statistics.cde_loss import cde_loss

problem = cs.problems.redshifts()
print(f"{problem.question}: {len(problem.train)} galaxies to learn from, {len(problem.test)} to test")

# %%
# The scores of the field
# -----------------------
# Of the point estimates (PHAT, Hildebrandt et al. 2010), and of the densities: how far the share of truths below each
# quantile is from what it says (PIT), and the loss of the density (CDE).

methods = (cs.methods.Constant(), cs.methods.KNearest(), cs.methods.Forest(n_quantiles=9), cs.methods.GaussianProcess())
runs = {type(method).__name__: cs.run(problem, method, seed=0) for method in methods}
runs["SedFit"] = runs["Constant"].reference


def pit_distance(run):
    pit = np.sort(run.prediction.cdf(run.test.y)[:, 0])
    return np.abs(pit - (np.arange(len(pit)) + 0.5) / len(pit)).max()


names = [metric.name for metric in problem.metrics["z_spec"]]
print(f"{'method':16s}" + "".join(f"{name:>13s}" for name in (*names, "PIT", "CDE loss")))
losses, distances = {}, {}
for name, run in runs.items():
    view = run.view("z_spec")
    scores = [metric(view.truth, view.predicted) for metric in problem.metrics["z_spec"]]
    losses[name], distances[name] = cde_loss(run.prediction, run.test.y).mean(), pit_distance(run)
    print(f"{name:16s}" + "".join(f"{value:13.4f}" for value in (*scores, distances[name], losses[name])))

# %%
# Perfect error bars, and nothing known
# -------------------------------------
# The distribution of all training redshifts, given to every galaxy ("trainZ"), covers as it says. Only a score shows that it
# says nothing; so the loss of the density stands in the evidence of the coverage too.

claim = cs.Claim("object_interval", label="z_spec")
audit = cs.audit(runs["Constant"], claim)
for item in audit.judgements[0].evidence:
    if item.check in ("coverage", "skill"):
        print(f"{item.check}: {item.verdict}: {item.reason}")

figure, axes = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
view = runs["SedFit"].view("z_spec")
axes[0].plot(view.truth, view.predicted, ".", markersize=3, label="template fit")
view = runs["GaussianProcess"].view("z_spec")
axes[0].plot(view.truth, view.predicted, ".", markersize=3, label="Gaussian process")
axes[0].axline((0, 0), slope=1, color="0.5")
axes[0].set_xlabel("spectroscopic redshift")
axes[0].set_ylabel("photometric redshift")
axes[0].legend()
for name in runs:
    axes[1].plot(distances[name], losses[name], "o")
    axes[1].annotate(name, (distances[name], losses[name]), xytext=(5, 5), textcoords="offset points")
axes[1].set_xlabel("distance of the PIT from uniform")
axes[1].set_ylabel("loss of the density (CDE)")
axes[1].margins(0.2)

# %%
# What they may be used for
# -------------------------

print(cs.audit(runs["GaussianProcess"], problem.claims[1]).to_dict()["headline"])

verdicts = {item.check: item.verdict for item in audit.judgements[0].evidence}
assert verdicts["coverage"] == "PASS"
assert verdicts["skill"] == "FAIL"
assert losses["GaussianProcess"] < losses["KNearest"] < losses["Constant"]
