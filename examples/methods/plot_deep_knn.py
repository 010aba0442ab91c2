"""
DeepKNN: sure of what was never seen
====================================

A classifier answers every object with one of its classes, most surely those that lie farthest from everything it has
learned. Whether neighbours support the answer is another question, and it can be calibrated.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import LogisticRegression

import checkstar as cs
from checkstar.methods import DeepKNN

# %%
# Two classes of variable stars in two features, and a third that nobody has labelled.

rng = np.random.default_rng(0)


def observe(n, novel):
    kind = rng.choice(["RRAB", "EW", "new"], n, p=[0.5 - novel / 2, 0.5 - novel / 2, novel])
    centre = np.select([(kind == "RRAB")[:, None], (kind == "EW")[:, None]], [[-2.0, 0.0], [2.0, 0.0]], [6.0, 5.0])
    return centre + 0.8 * rng.standard_normal((n, 2)), kind


x, y = observe(2000, 0.0)
survey, truth = observe(4000, 0.2)
method = DeepKNN(LogisticRegression()).fit(x, y)

# %%
# The fault
# ---------
# The classifier is surest of what it has never seen.

surest = method.predict(survey).max(axis=1)
known = truth != "new"
print(f"mean probability of the predicted class: known {surest[known].mean():.3f}, new {surest[~known].mean():.3f}")

# %%
# The cure
# --------
# The p-value of the predicted class: the share of held-out objects of that class that are as far from their neighbours of
# that class. At level 0.05, one in twenty of the known is refused, as promised, and every new one.

refused = method.abstains(survey, 0.05)
print(f"refused: {100 * refused[known].mean():.1f} % of the known, {100 * refused[~known].mean():.1f} % of the new")
accepted = ~refused
predicted = np.array(method.names_)[method.predict(survey).argmax(axis=1)]
purity = {
    name: np.mean(predicted[rows] == truth[rows])
    for name, rows in (("all", accepted | refused), ("accepted", accepted))
}
print({name: f"{100 * value:.1f} % right" for name, value in purity.items()})

# %%
# The check of the domain says the same of the survey as a whole, and of what was accepted.

domain = cs.checks.Domain()
train = cs.Dataset(x, y)
verdicts = {}
for name, rows in (("survey", accepted | refused), ("accepted", accepted)):
    # The check needs no truths; the survey has none.
    run = cs.Run.of(method, train=train, test=cs.Dataset(survey[rows], predicted[rows]))
    evidence = domain.examine(run, cs.Claim("classification"), np.random.default_rng(0))
    verdicts[name] = evidence.verdict
    print(f"{name}: {evidence.verdict}: {evidence.reason}")

figure, axes = plt.subplots(layout="constrained")
for name, rows, mark in (("accepted", accepted, "."), ("refused", refused, "x")):
    axes.plot(*survey[rows].T, mark, markersize=4, label=name)
axes.set_xlabel("first feature")
axes.set_ylabel("second feature")
axes.legend()

assert surest[~known].mean() > surest[known].mean()
assert refused[known].mean() < 0.09
assert refused[~known].mean() > 0.95
assert verdicts == {"survey": "FAIL", "accepted": "PASS"}
