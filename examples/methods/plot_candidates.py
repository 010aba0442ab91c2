"""
Candidates: what a list is worth before anyone has looked
=========================================================

Fifty stars will get a spectrum. How many of them will be what the list says they are? The classifier's own probabilities
do not know: they come from the leaves of a forest. Stars of known class that the forest was not shown do.
"""

import tempfile

import matplotlib.pyplot as plt
import numpy as np
from astropy.table import Table

import checkstar as cs
from checkstar.candidate_lists import candidates
from checkstar.data.curve_layout import curve_dataset
from checkstar.data.light_curves import joined
from checkstar.simulators.variable_stars import simulate_variable_stars

# %%
# Simulated stars of a survey: some with known class, to learn from and to hold out, and a catalogue to search, into
# which a few events have strayed that are of no class of the training set.

wanted = ("RRab", "RRc", "EB/EW", "DSCT", "T2CEP", "non-periodic")
known = simulate_variable_stars(800, rng=0, classes=wanted)
catalogue = joined(
    [simulate_variable_stars(700, rng=1, classes=wanted), simulate_variable_stars(15, rng=2, classes=("microlensing",))]
)
catalogue = catalogue.replace(meta=catalogue.meta.assign(id=[f"star {i}" for i in range(len(catalogue))]))
train, held_out, new = (
    curve_dataset(curves, "class", n_epochs=150) for curves in (known[:400], known[400:], catalogue)
)

# %%
# The list of the stars most likely of class RRc, which eclipsing binaries are mistaken for. No period is given, so
# shapes must do: the numbers by which light curves are compared.


class Shapes(cs.methods.Method):
    """A forest on the shapes of light curves."""

    def fit(self, x, y, *, noise=None, y_err=None, features=None):
        data = cs.Dataset(x, y, noise=noise, features=features)
        self.features_, self.forest_ = list(features), cs.methods.Forest().fit(self.described(data), y)
        return self

    def predict_distribution(self, x, *, noise=None):
        return self.forest_.predict_distribution(self.described(cs.Dataset(x, noise=noise, features=self.features_)))

    def described(self, data):
        return np.nan_to_num(data.described().x, nan=-1.0)


run = cs.Run.of(Shapes(), train=train, test=held_out)
found = candidates(run, "RRc", 50, new=new)
print(found)
print(found.table.drop(columns=["ra", "dec"]).head().round(3).to_string(index=False))
low, high = found.in_list
by_name = dict(zip(new.meta["id"], new.y[:, 0], strict=True))
share = np.mean([by_name[name] == "RRc" for name in found.table["id"]])
print(
    f"promised {100 * found.claimed:.0f} %, expected {100 * low:.0f} to {100 * high:.0f} %, found {100 * share:.0f} %"
)

# %%
# The longer the list, the less pure. Its own probabilities (dashed) say so too, but they are not the shares that are
# found; the band, from the stars of known class, is one in which the shares lie.

lengths = np.array([20, 40, 80, 120, 200, 300])
lists = [candidates(run, "RRc", int(k), new=new, describe=lambda data: np.zeros((len(data), 1))) for k in lengths]
purity = np.array([np.mean([by_name[name] == "RRc" for name in one.table["id"]]) for one in lists])
band = np.array([one.in_list for one in lists])
figure, axes = plt.subplots(layout="constrained")
axes.fill_between(lengths, *band.T, alpha=0.3, label="expected, 95 %")
axes.plot(lengths, [one.claimed for one in lists], "--", label="promised by the method")
axes.plot(lengths, purity, "o", label="found")
axes.set_xlabel("length of the list")
axes.set_ylabel("share of RRc")
axes.legend()

# %%
# What is of no known class is flagged, wherever it ranks.

everything = candidates(run, "RRc", len(new), new=new)
flagged = everything.table.set_index("id")["novel"]
strange = [name for name, kind in by_name.items() if kind == "microlensing"]
ordinary = [name for name, kind in by_name.items() if kind != "microlensing"]
print(f"flagged: {flagged[strange].mean():.2f} of the events, {flagged[ordinary].mean():.3f} of the ordinary stars")

# %%
# The list as the Virtual Observatory reads it, with what is known about it.

with tempfile.TemporaryDirectory() as folder:
    files = found.save(folder, claim="ranking")
    table = Table.read(files[1])
print([path.name for path in files], {key: table.meta[key] for key in ("CLASS", "PURITY", "PUR_LOW", "PUR_HIGH")})

assert ((band[:, 0] - 1e-9 <= purity) & (purity <= band[:, 1] + 1e-9)).all()
assert flagged[ordinary].mean() < 0.04
assert flagged[strange].mean() > 0.2
assert len(table) == 50
