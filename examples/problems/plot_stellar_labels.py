"""
Labels of stars from spectra
============================

Effective temperature, surface gravity and metallicity of real stars (MILES) from their spectra, by several methods
beside the domain's own way, a fit to a library. The scores say which is best. The audit says what its labels may be
used for, which is another question. ``make demo`` does the same and writes the reports.
"""

import matplotlib.pyplot as plt
import numpy as np

import checkstar as cs

problem = cs.problems.stellar_labels()
print(f"{problem.question}: {len(problem.train)} stars to learn from, {len(problem.test)} to test")

# %%
# The scores
# ----------
# Scatter of prediction minus truth on stars of clusters that no method has seen (1.4826 MAD).

methods = (cs.methods.Ridge(), cs.methods.KNearest(), cs.methods.Forest(), cs.methods.Cannon())
runs = {type(method).__name__: cs.run(problem, method, seed=0) for method in methods}
runs["TemplateFit"] = runs["Cannon"].reference


def score(run, label):
    metric = next(metric for metric in problem.metrics[label] if metric.name == "sigma_mad")
    view = run.view(label)
    return metric(view.truth, view.predicted)


print(f"{'method':12s}" + "".join(f"{label:>10s}" for label in problem.labels))
for name, run in runs.items():
    print(f"{name:12s}" + "".join(f"{score(run, label):10.3g}" for label in problem.labels))

# %%
# The claim
# ---------
# The mean metallicity of 500 stars of a population that is not like the training set, to 0.02 dex.

claim = cs.Claim("population_mean", n_objects=500, tolerance=0.02, label="feh", unit="dex")
audits = {name: cs.audit(runs[name], claim) for name in ("Ridge", "Cannon")}
for name, audit in audits.items():
    print(f"{name}: {audit.verdict}: {audit.to_dict()['headline']}")

# %%
# The same labels for another use: which stars to observe first.

ranking = cs.audit(runs["Ridge"], cs.Claim("ranking", label="feh"))
print(f"Ridge: {ranking.verdict} for {ranking.judgements[0].claim.sentence()}")

figure, axes = plt.subplots(layout="constrained")
for name, audit in audits.items():
    evidence = next(item for item in audit.judgements[0].evidence if item.check == "population")
    layer = evidence.figure["layers"][0]
    bias = np.array(layer["y"])
    axes.errorbar(
        layer["x"],
        bias,
        [bias - np.array(layer["low"]), np.array(layer["high"]) - bias],
        fmt="o",
        capsize=3,
        label=name,
    )
axes.axhspan(-claim.tolerance, claim.tolerance, alpha=0.15, label="tolerance of the claim")
axes.set_xlabel("true mean [Fe/H] of the population averaged (dex)")
axes.set_ylabel("bias of its mean (dex)")
axes.legend()

# %%
# Everything at once
# ------------------
# Without a claim, every use that the data allow is judged, at conventional tolerances.

print(cs.audit(runs["Ridge"]))

assert min(runs, key=lambda name: score(runs[name], "feh")) in ("Ridge", "TemplateFit")
assert audits["Ridge"].verdict == "FAIL"
assert audits["Cannon"].verdict != "PASS"
assert ranking.verdict == "PASS"
