"""
Proxy: the plate that knows what was put on it
==============================================

Spectrographs are pointed by what an object is thought to be: a plate of quasar candidates holds quasars. A classifier
that sees the plate number learns the target selection instead of the sky; on objects without a spectrum there is no
plate.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

import checkstar as cs
from checkstar.checks.leaks import Proxy

check = Proxy()
claim = cs.Claim("classification")

# %%
# Stars and galaxies of different colours, in four bands, observed with plates of which most hold one of the two.

rng = np.random.default_rng(0)
n = 4000
star = rng.random(n) < 0.5
names = np.where(star, "star", "galaxy")
bands = rng.normal(20, 1, n)[:, None] + np.where(star[:, None], [0.6, 0.1, 0, -0.05], [0.9, 0.4, 0, -0.25])
bands += rng.normal(0, 0.25, bands.shape)
plate = np.where(rng.random(n) < 0.8, 100 + 2 * rng.integers(0, 60, n) + star, 100 + rng.integers(0, 120, n))
redshift = np.where(star, 0, np.abs(rng.normal(0.15, 0.08, n))) + rng.normal(0, 3e-4, n)


def run_with(columns, features, **meta):
    data = cs.Dataset(np.column_stack(columns), names, features=features, meta=meta)
    train, test = data.split(0.4, 0)
    return cs.Run.of(HistGradientBoostingClassifier(max_iter=50, random_state=0), train=train, test=test)


# %%
# The fault
# ---------

leaky = run_with([bands, plate], ["u", "g", "r", "i", "plate"], redshift=redshift)
fault = check.examine(leaky, claim, rng)
print(f"{fault.verdict}: {fault.reason}")

# %%
# The cure
# --------
# Features that any object of the sky has. What stays in the metadata is measured too; it does not decide, because the
# method does not see it, but the report names what must never become a feature.

honest = run_with([bands], ["u", "g", "r", "i"], plate=plate, redshift=redshift)
cured = check.examine(honest, claim, rng)
print(f"{cured.verdict}: {cured.reason}")

figure, (left, right) = plt.subplots(1, 2, layout="constrained", figsize=(8, 3.4), sharey=True)
for axes, evidence, title in ((left, fault, "plate among the features"), (right, cured, "plate in the metadata")):
    for i, part in enumerate(evidence.parts):
        value, low, high, _ = part.estimate
        axes.errorbar(
            i, max(value, -1), [[max(value, -1) - max(low, -1)], [max(high, -1) - max(value, -1)]],
            fmt="o", capsize=3, color="C0" if part.decides else "grey",
        )  # fmt: skip
        axes.plot([i - 0.3, i + 0.3], [part.limit, part.limit], color="C3")
    axes.set_xticks(range(len(evidence.parts)), [part.name for part in evidence.parts])
    axes.set_title(title)
left.set_ylabel("error saved alone (records: variance explained)")

assert fault.verdict == "FAIL"
assert fault.worst.name == "plate"
assert cured.verdict == "PASS"
assert "would give it away: redshift, plate" in cured.reason
