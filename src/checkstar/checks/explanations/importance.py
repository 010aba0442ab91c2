"""Does it lean on features that tell it nothing?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from checkstar.checks.base import Check
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.errors import NotApplicable
from checkstar.estimates import ratio, relabelled, unit_count
from checkstar.evidence import Estimate, Evidence, Part
from checkstar.prediction import Classes, Prediction
from checkstar.runs import Run
from checkstar.simulators import linear_gaussian
from checkstar.statistics.subsamples import some_rows

__all__ = ["Importance"]

Array = NDArray[np.float64]
#: Repeats of one star among which its donors are looked for; where all neighbours are repeats, anyone else is taken.
_MOST_REPEATS = 100


@dataclass(frozen=True, kw_only=True)
class Importance(Check):
    """Does the method lean on features that tell it nothing?

    Features are grouped by their rank correlation (average linkage on ``1 - |rho|``). For each group G, every object's
    values of G are replaced by those of another independent one that is like it in all other features: conditional
    permutation, which stays where there are data (Strobl et al. 2008). With f the prediction before and f' after it,

    * the *importance* is the relative rise of the squared error, ``E (f' - y)^2 / E (f - y)^2 - 1``;
    * the *response* is ``E (f' - f)^2``, how much the prediction moved.

    The residual of the best possible prediction is uncorrelated with every function of the observations, so for it rise
    and response are equal, whatever the donors are. What moves the prediction without a gain is

        ``fault = (response - rise) / (2 E (f - y)^2) = E (f' - f)(y - f) / E (f - y)^2``.

    A prediction ``f = f_best + b u`` with u of unit variance and without information has ``E (f' - f)(y - f) = b^2``:
    the fault is then exactly the share of the squared error that leaning on u costs. Overfitted wiggles count alike;
    a prediction that makes too little of G has a negative fault. For classes the squares are summed over the classes
    (the Brier score). Intervals by independent unit. It never decides a claim.

    Parameters
    ----------
    limit : float
        Largest tolerated share of the squared error that leaning on one group costs; a convention.
    max_groups : int
        Groups of features, each one more prediction of the objects.
    max_objects : int
        At most so many test objects, drawn at random.
    n_neighbours : int
        Donors are drawn among so many objects nearest in the other features.
    """

    name = "importance"
    code = "H5"
    family = "explanation"
    question = "Does it lean on features that tell it nothing?"
    statistic = "share of the squared error that comes from leaning on a group of features without gain"
    needs = frozenset({"model"})
    uses = frozenset()
    depends_on = "label"
    tasks = ("regression", "classification")
    references = (
        "Breiman 2001, Machine Learning 45, 5",
        "Strobl et al. 2008, BMC Bioinformatics 9, 307 (conditional permutation)",
        "Hooker, Mentch & Zhou 2021, Stat. Comput. 31, 82",
    )

    limit: float = 0.10
    max_groups: int = 5
    max_objects: int = 3000
    n_neighbours: int = 10

    def examine(self, run: Run, claim: Claim, rng: np.random.Generator) -> Evidence:
        if run.test.layout is not None:
            raise NotApplicable("no epoch of a light curve can be taken from another object: its times would not fit")
        rows = some_rows(len(run.test), self.max_objects, rng)
        view, test = run.view(claim.label), run.test[rows]
        units = relabelled(view.units[rows])
        if unit_count(units) < 2:
            return self.undecided(claim, "one object has no other to borrow features from", unit_count(units), 10.0)
        z, fixed = _standardised(test)
        groups = _groups(z, test.features, self.max_groups)
        if not groups:
            raise NotApplicable("every feature is the same for all test objects")
        before, truth = _said(run.prediction[rows], run, view.name), _truth(run, view.name, rows)
        residual = truth - before
        squared = np.square(residual).sum(axis=1)
        if not squared.any():
            raise NotApplicable("the predictions equal the truth: there is no error to account for")
        weight = None if view.weight is None else view.weight[rows]
        parts, rises = [], []
        for group in groups:
            donors = _donors(np.delete(z, group.columns, axis=1), units, self.n_neighbours, rng)
            assert test.x is not None
            x = _replaced(np.asarray(test.x), group.columns, donors, fixed)
            moved = _said(run.predict(x, test.noise), run, view.name) - before
            useless = ratio((moved * residual).sum(axis=1), squared, units, weight)
            rise = ratio(np.square(moved).sum(axis=1) - 2 * (moved * residual).sum(axis=1), squared, units, weight)
            parts.append(Part(name=group.name, estimate=useless, limit=self.limit))
            rises.append(rise)
        first = int(np.argmax([rise.value for rise in rises]))
        said = (
            f"; most important is {groups[first].name}: without it the squared error is {1 + rises[first].value:.3g} "
            f"[{1 + rises[first].low:.3g}, {1 + rises[first].high:.3g}] times as large"
        )
        return self.conclude(
            claim, parts, reason=lambda part: _sentence(part) + said, figure=_figure(groups, rises, parts)
        )

    def calls(self, run: Run) -> float:
        width = 0 if run.test.x is None else run.test.x.shape[1]
        return min(self.max_groups, width) * min(1.0, self.max_objects / len(run.test))

    def fault(self, size: float) -> str:
        return (
            f"a feature without information, on which {100 * 0.4 * size:.0f} % of the squared error comes from leaning"
        )

    def plant(self, n: int, size: float, rng: np.random.Generator) -> tuple[Run, Claim]:
        """The best possible prediction, plus a feature that has nothing to do with the label."""
        from checkstar.methods import as_method

        drawn = linear_gaussian(n, rng)
        x = np.column_stack([drawn.x, rng.standard_normal(n)])
        best = 1 / (1 + drawn.noise**2)
        # The posterior variance is noise^2 best; leaning adds b^2, two fifths of the sum.
        lean = np.sqrt(0.4 * size / (1 - 0.4 * size) * drawn.noise**2 * best)
        method = as_method(lambda x: best * x[:, :4].mean(axis=1) + lean * x[:, 4])
        return Run.of(method, test=Dataset(x, drawn.y)), Claim("object_value")


class _Group(NamedTuple):
    name: str
    columns: NDArray[np.intp]


def _truth(run: Run, label: str, rows: NDArray[np.intp]) -> Array:
    """Truth (n, 1), or class indicators (n, c)."""
    values = run.view(label).truth[rows][:, None]
    prediction = run.prediction
    return np.asarray(
        values == np.asarray(prediction.names) if isinstance(prediction, Classes) else values, dtype=float
    )


def _said(prediction: Prediction, run: Run, label: str) -> Array:
    """Point predictions (n, 1), or class probabilities (n, c)."""
    return prediction.select(run.labels.index(label)).mean()


def _standardised(test: Dataset) -> tuple[Array, NDArray[np.bool_]]:
    """Observations (n, p) with unit variance, missing elements at the mean; and which are missing or masked."""
    assert test.x is not None
    x = np.asarray(test.x, dtype=float)
    missing = ~np.isfinite(x)
    if test.noise is not None:
        missing |= np.isinf(test.noise.sigma(x))
    masked = np.ma.masked_array(x, missing)
    centre, spread = np.ma.filled(masked.mean(axis=0), 0.0), np.ma.filled(masked.std(axis=0), 0.0)
    scale = np.where(spread > 1e-12 * (1 + np.abs(centre)), spread, np.inf)
    return np.where(missing, 0.0, (np.where(missing, 0.0, x) - centre) / scale), missing


def _groups(z: Array, names: tuple[str, ...], most: int) -> list[_Group]:
    """Groups of correlated features; features that are the same for all belong to none."""
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform
    from scipy.stats import rankdata

    live = np.flatnonzero(z.std(axis=0) > 0)
    if len(live) <= most:
        return [_Group(names[j], np.array([j])) for j in live]
    # Beyond a thousand features runs of neighbours are taken as one: a correlation matrix grows as their square.
    blocks = np.array_split(live, min(len(live), 1000))
    ranks = np.stack([rankdata(z[:2000, block].mean(axis=1)) for block in blocks])
    distance = np.clip(1 - np.abs(np.nan_to_num(np.corrcoef(ranks))), 0, 1)
    np.fill_diagonal(distance, 0.0)
    code = fcluster(linkage(squareform((distance + distance.T) / 2, checks=False), "average"), most, "maxclust")
    members = [
        np.sort(np.concatenate([b for b, c in zip(blocks, code, strict=True) if c == k])) for k in np.unique(code)
    ]
    return [_Group(_name(names, columns), columns) for columns in members]


def _name(names: tuple[str, ...], columns: NDArray[np.intp]) -> str:
    if len(columns) <= 3:
        return ", ".join(names[j] for j in columns)
    return f"{names[columns[0]]} ... {names[columns[-1]]} ({len(columns)})"


def _donors(others: Array, units: NDArray[np.intp], k: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """For each object one of another unit that is like it in the other features: repeats of a star would move nothing."""
    from scipy.spatial import cKDTree

    n, largest = len(others), int(np.bincount(units).max())
    anyone = _anyone_else(units, rng)
    if others.shape[1] == 0 or not others.any():
        return anyone
    if others.shape[1] > 10:
        # The leading axes hold what the others have in common, and a search in few dimensions is quick.
        others = others @ np.linalg.svd(others[:1000], full_matrices=False)[2][:10].T
    nearest = cKDTree(others).query(others, k=[*range(1, min(k + min(largest, _MOST_REPEATS), n) + 1)])[1]
    other = units[nearest] != units[:, None]
    # The nearest k of other units; of these one by chance.
    able = other & (np.cumsum(other, axis=1) <= k)
    chosen = np.where(able, rng.random(able.shape), -1.0).argmax(axis=1)
    return np.where(able.any(axis=1), nearest[np.arange(n), chosen], anyone)


def _anyone_else(units: NDArray[np.intp], rng: np.random.Generator) -> NDArray[np.intp]:
    """For each object any one of another unit, all alike probable."""
    order = np.argsort(units, kind="stable")
    sizes = np.bincount(units)
    start, size, n = (np.cumsum(sizes) - sizes)[units], sizes[units], len(units)
    return order[(start + size + rng.integers(0, n - size)) % n]


def _replaced(x: Array, columns: NDArray[np.intp], donors: NDArray[np.intp], fixed: NDArray[np.bool_]) -> Array:
    """Observations with some columns taken from donors, where neither they nor their donors are masked."""
    changed = x.copy()
    keep = fixed[:, columns] | fixed[donors][:, columns]
    changed[:, columns] = np.where(keep, x[:, columns], x[donors][:, columns])
    return changed


def _sentence(part: Part) -> str:
    value, low, high, _ = part.estimate
    return (
        f"{100 * max(value, 0):.0f} % [{100 * max(low, 0):.0f}, {100 * max(high, 0):.0f}] of the squared error come from "
        f"leaning on {part.name} without gain"
    )


def _figure(groups: list[_Group], rises: list[Estimate], parts: list[Part]) -> dict[str, Any]:
    order = np.argsort([-rise.value for rise in rises])
    columns = {
        "importance: rise of the squared error without it": ("main", [rises[i] for i in order], -0.12),
        "leaning without gain": ("second", [parts[i].estimate for i in order], 0.12),
    }
    layers: list[dict[str, Any]] = [
        {
            "kind": "interval",
            "x": (np.arange(len(order)) + offset).tolist(),
            "y": [e.value for e in estimates],
            "low": [e.low for e in estimates],
            "high": [e.high for e in estimates],
            "tone": tone,
            "label": label,
        }
        for label, (tone, estimates, offset) in columns.items()
    ]
    bars = {"kind": "bars", "x": list(range(len(order))), "y": [rises[i].value for i in order], "tone": "muted"}
    limit = {"kind": "hline", "y": [parts[0].limit], "tone": "limit", "label": "limit of leaning without gain"}
    return {
        "title": "What the prediction rests on",
        "xlabel": "features",
        "ylabel": "relative to the squared error",
        "xticks": [groups[i].name for i in order],
        "layers": [bars, *layers, limit],
    }
