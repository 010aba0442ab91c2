"""Would it be as good on a new field, night or cluster?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from checkstar.checks.base import Check
from checkstar.checks.losses import loss, loss_name
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.errors import InputError, NotApplicable
from checkstar.estimates import ratio, relabelled, unit_count
from checkstar.evidence import Evidence, Part
from checkstar.runs import Run
from checkstar.statistics.subsamples import some_rows

__all__ = ["Split"]

Codes = NDArray[np.intp]

_TIMES = ("mjd", "jd", "bjd", "hjd", "time", "epoch", "date", "night")


@dataclass(frozen=True, kw_only=True)
class Split(Check):
    """Would the method be as good on a field, night or cluster that it has not seen?

    The training data are predicted by cross-validation twice: with folds drawn object by object, and with folds that
    keep blocks whole: the declared groups; cells on the sky (k-means of unit vectors, where positions are given);
    stretches of time (where a column such as mjd is given). Both learn from the same number of objects. The fault is
    the relative rise of the mean loss, ``mean(loss_blocked) / mean(loss_random) - 1``, paired object by object, with
    the block as the independent unit (Roberts et al. 2017). A rise says that a random split is an exam with known
    questions.

    Parameters
    ----------
    n_folds : int
        Folds of each cross-validation, and so fits of each.
    n_cells : int
        Cells on the sky, or stretches of time.
    limit : float
        Largest tolerated rise; a convention.
    max_objects : int
        At most so many training objects; of groups whole ones, unless these are so large that fewer than `n_cells` would
        be left.
    """

    name = "split"
    code = "I2"
    family = "leakage"
    question = "Would it be as good on a field, night or cluster that it has not seen?"
    statistic = "relative rise of the loss from random to blocked cross-validation"
    needs = frozenset({"refit"})
    depends_on = "label"
    tasks = ("regression", "classification")
    refits = True
    references = ("Roberts et al. 2017, Ecography 40, 913", "Kapoor & Narayanan 2023, Patterns 4, 100804")

    n_folds: int = 5
    n_cells: int = 30
    limit: float = 0.10
    max_objects: int = 5000

    def examine(self, run: Run, claim: Claim, rng: np.random.Generator) -> Evidence:
        assert run.train is not None
        train = self._sampled(run.train, rng)
        blocks = {name: codes for name, codes in self._blocks(train, rng).items() if unit_count(codes) >= 2}
        if not blocks:
            raise NotApplicable("the training data have no groups, positions or times by which they could be split")
        few = {name: unit_count(codes) for name, codes in blocks.items() if unit_count(codes) < 2 * self.n_folds}
        if few:
            name, n = next(iter(few.items()))
            return self.undecided(claim, f"{n} blocks by {name} are too few to leave some out", n, 2.0 * self.n_folds)
        column = run.labels.index(run.view(claim.label).name)
        try:
            singly = self._losses(run, train, column, rng.permutation(len(train)))
            blocked = {
                name: self._losses(run, train, column, rng.permutation(unit_count(c))[c]) for name, c in blocks.items()
            }
        except InputError as error:
            return self.undecided(
                claim, f"the method could not be fitted on parts of the training data: {error}", len(train)
            )
        parts = []
        for name, codes in blocks.items():
            found = ratio(blocked[name], singly, codes, train.weight)
            rise = found._replace(value=found.value - 1, low=found.low - 1, high=found.high - 1)
            parts.append(Part(name=name, estimate=rise, limit=self.limit))
        measured = loss_name(run.prediction.has_spread, train.task)
        return self.conclude(claim, parts, reason=lambda part: _sentence(part, measured), figure=_figure(parts))

    def _sampled(self, train: Dataset, rng: np.random.Generator) -> Dataset:
        """At most `max_objects`, in whole groups: objects drawn singly would part what belongs together."""
        if len(train) <= self.max_objects:
            return train
        if train.group is not None:
            codes = relabelled(train.units_of_independence)
            rows = _some_whole(codes, self.max_objects, rng)
            if len(np.unique(codes[rows])) >= self.n_cells:
                return train[rows]
        return train[some_rows(len(train), self.max_objects, rng)]

    def _blocks(self, train: Dataset, rng: np.random.Generator) -> dict[str, Codes]:
        """Codes (n,) of the blocks, by what makes them."""
        found = {}
        if train.group is not None:
            found[train.group_name] = relabelled(train.units_of_independence)
        if {"ra", "dec"} <= set(train.meta.columns):
            found["cell on the sky"] = _cells(train, self.n_cells, rng)
        for name in train.meta.columns:
            values = train.meta[name].to_numpy()
            if name.lower() in _TIMES and values.dtype.kind in "fiu" and name != train.group_name:
                found[f"stretch of {name}"] = _stretches(np.asarray(values, dtype=float), self.n_cells)
        return found

    def _losses(self, run: Run, train: Dataset, column: int, order: Codes) -> NDArray[np.float64]:
        """Loss (n,) of each object, predicted by a fit without its fold; objects of one order share a fold."""
        found, fold = np.empty(len(train)), _folds(order, self.n_folds)
        for k in range(self.n_folds):
            held = train[fold == k]
            again = run.refit(train[fold != k], test=held)
            if again.failure or again.unlearned:
                raise InputError(again.failure or f"nobody learned of the class {', '.join(again.unlearned)}")
            assert held.y is not None
            prediction = again.prediction.select(column)
            found[fold == k] = loss(prediction, held.y[:, column], points_only=False)
        return found

    def calls(self, run: Run) -> float:
        n = 0 if run.train is None else min(len(run.train), self.max_objects)
        ways = 0 if run.train is None else len(self._blocks(run.train[: min(n, 50)], np.random.default_rng(0)))
        return (1 + ways) * n / len(run.test)

    def fault(self, size: float) -> str:
        return f"labels with an offset of {size:.1f} spreads common to each group of twenty, and features that know the group"

    def plant(self, n: int, size: float, rng: np.random.Generator) -> tuple[Run, Claim]:
        """Groups with a common offset, and features by which a group is recognised."""
        from sklearn.neighbors import KNeighborsRegressor

        n_train = min(n, 1500)
        group = rng.permutation(np.arange(2 * n_train) % max(n_train // 10, 2))
        signal = rng.standard_normal(2 * n_train)
        offset = size * rng.standard_normal(group.max() + 1)[group]
        mark = 3 * size * rng.standard_normal((group.max() + 1, 3))[group]
        x = np.column_stack([signal, mark + 0.1 * rng.standard_normal(mark.shape)])
        y = signal + offset + 0.5 * rng.standard_normal(2 * n_train)
        halves = (slice(0, n_train), slice(n_train, None))
        train, test = (Dataset(x[h], y[h], group=group[h]) for h in halves)
        return Run.of(KNeighborsRegressor(8), train=train, test=test), Claim("object_value")


def _folds(order: Codes, n_folds: int) -> Codes:
    """Fold (n,) of each object: blocks in their order, each to the emptiest fold."""
    sizes = np.bincount(order)
    fold_of, filled = np.zeros(len(sizes), dtype=np.intp), np.zeros(n_folds)
    for block in np.argsort(-sizes, kind="stable"):
        fold_of[block] = int(filled.argmin())
        filled[fold_of[block]] += sizes[block]
    return fold_of[order]


def _some_whole(codes: Codes, most: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Rows of whole blocks drawn at random, `most` rows or fewer."""
    order = rng.permutation(unit_count(codes))
    kept = order[np.cumsum(np.bincount(codes)[order]) <= most]
    return np.flatnonzero(np.isin(codes, kept))


def _cells(train: Dataset, n_cells: int, rng: np.random.Generator) -> Codes:
    from sklearn.cluster import KMeans

    a, d = (np.radians(np.nan_to_num(train.meta[name].to_numpy(dtype=float))) for name in ("ra", "dec"))
    vectors = np.stack([np.cos(d) * np.cos(a), np.cos(d) * np.sin(a), np.sin(d)], axis=1)
    wanted = min(n_cells, len(np.unique(vectors, axis=0)))
    seed = int(rng.integers(2**31 - 1))
    return relabelled(np.asarray(KMeans(wanted, n_init=1, random_state=seed).fit_predict(vectors), dtype=np.intp))


def _stretches(times: NDArray[np.float64], n_cells: int) -> Codes:
    known = times[np.isfinite(times)]
    edges = np.unique(np.quantile(known, np.linspace(0, 1, n_cells + 1)[1:-1])) if known.size else known
    return relabelled(np.asarray(np.searchsorted(edges, np.nan_to_num(times), side="right"), dtype=np.intp))


def _sentence(part: Part, measured: str) -> str:
    value, low, high, n = part.estimate
    return (
        f"split by {part.name} instead of at random, its {measured} is {100 * abs(value):.0f} % "
        f"{'larger' if value > 0 else 'smaller'} [{100 * low:+.0f}, {100 * high:+.0f}] % ({n:.0f} blocks)"
    )


def _figure(parts: list[Part]) -> dict[str, Any]:
    at = list(range(len(parts)))
    return {
        "title": "What a random split hides",
        "xlabel": "kept whole",
        "ylabel": "relative rise of the loss",
        "xticks": [part.name for part in parts],
        "layers": [
            {
                "kind": "interval",
                "x": at,
                "y": [part.estimate.value for part in parts],
                "low": [part.estimate.low for part in parts],
                "high": [part.estimate.high for part in parts],
                "tone": "main",
                "label": "blocked against random",
            },
            {"kind": "hline", "y": [parts[0].limit], "tone": "limit", "label": "limit"},
        ],
    }
