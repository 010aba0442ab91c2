"""Paired comparison of methods on the same objects: differences with simultaneous intervals, and the simplest that will do.

Two questions are kept apart. *Are these fitted models better?* The mean of k-fold predictions over objects answers it: its
interval from the scatter over objects is right for the average of the models that were fitted (Bayle et al. 2020). *Would
the method be better if it were trained again?* Folds share training objects, so the scatter between folds is too small;
the corrected t of Nadeau & Bengio (2003) answers that, with as many degrees of freedom as there are folds less one.

Two methods that differ in no object of 50 may still differ in 7 % of all. So where it is known how much one object can
change (`Reach`), an interval counts the disagreements that a difference larger by h would bring: each adds w^2 to the sum of
squares V, so ``h^2 = z^2 (V + w h (1 - h / M))``, with M for a change in all objects. For one share that is the score interval
(Wilson 1927); halves of classes, which are samples of their own, are added in squares (Zou & Donner 2008).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from checkstar.errors import InputError
from checkstar.evidence import Verdict
from checkstar.studies.contributions import Reach, by_unit

__all__ = ["Comparison", "Difference", "Standing", "compare", "corrected_resampled", "simultaneous_factor"]

Array = NDArray[np.float64]
_LEVEL = 0.95
_N_MULTIPLIERS = 2000


class Difference(NamedTuple):
    """Score of `first` less that of `second`, so that positive is better for `first`.

    ``low`` and ``high`` hold for all pairs at once, with 95 % confidence, for the models that were fitted;
    ``retrained_low`` and ``retrained_high`` for this pair alone, for models trained again (infinite with one fold, never
    narrower than for those that were fitted).
    """

    first: str
    second: str
    value: float
    low: float
    high: float
    retrained_low: float
    retrained_high: float


class Standing(NamedTuple):
    """One method beside the best: how far it may be behind, and whether it is inside the tolerance."""

    method: str
    score: float
    low: float
    high: float
    behind: float
    behind_low: float
    behind_high: float
    verdict: Verdict


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Methods compared by one score on one problem.

    Attributes
    ----------
    standings : tuple of Standing
        Best first; scores with their own 95 % intervals; how far behind the best each is, with simultaneous intervals.
    differences : tuple of Difference
        All pairs.
    tolerance : float
        What counts as behind the best.
    n_objects, n_units, n_folds : int
    """

    score: str
    standings: tuple[Standing, ...]
    differences: tuple[Difference, ...]
    tolerance: float
    n_objects: int
    n_units: int
    n_folds: int

    def simplest(self, cost: Mapping[str, float]) -> str | None:
        """The cheapest method that is shown to be inside the tolerance of the best; None if none is."""
        inside = [s.method for s in self.standings if s.verdict is Verdict.PASS and math.isfinite(cost[s.method])]
        return min(inside, key=lambda method: cost[method], default=None)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "score": self.score,
            "tolerance": self.tolerance,
            "n_objects": self.n_objects,
            "n_units": self.n_units,
            "n_folds": self.n_folds,
            "standings": [{**s._asdict(), "verdict": s.verdict.value} for s in self.standings],
            "differences": [_finite(d._asdict()) for d in self.differences],
        }


def compare(
    contributions: Mapping[str, Array],
    units: NDArray[np.intp],
    folds: NDArray[np.intp],
    *,
    score: str = "accuracy",
    tolerance: float = 0.01,
    n_train: Sequence[int] | None = None,
    reach: Reach | Literal["seen"] | None = None,
    seed: int = 0,
) -> Comparison:
    """Compare methods on the same predictions, object by object.

    Parameters
    ----------
    contributions : mapping of method to (n,) array
        What each prediction adds to the score; larger is better (`checkstar.studies.contributions`). An object that was
        predicted in several splits has a row for each.
    units : (n,) array of int
        Independent unit of each row: the star, whatever the split.
    folds : (n,) array of int
        The fold or split of each row.
    score : str
        Its name.
    tolerance : float
        How far behind the best a method may be, in the unit of the score.
    n_train : sequence of int, optional
        Training objects of each fold; by default all other rows.
    reach : Reach or "seen", optional
        How much one object can change a score between 0 and 1. With "seen", the largest difference there is stands for it, where
        tails are heavy. By default intervals are those of Student's t.
    seed : int
        Of the multipliers behind the simultaneous intervals.

    Raises
    ------
    InputError
        If there are fewer than two methods or units, or the arrays differ in length.

    References
    ----------
    Wilson 1927, JASA 22, 209; Zou & Donner 2008, Stat. Med. 27, 1693; Bayle et al. 2020, NeurIPS 33, 16339; Nadeau &
    Bengio 2003, Machine Learning 52, 239; Hsu 1984, Ann. Stat. 12, 1136 (multiple comparisons with the best); Chernozhukov,
    Chetverikov & Kato 2013, Ann. Stat. 41, 2786 (multipliers).
    """
    names = tuple(contributions)
    table = _table(contributions, units, folds)
    n, g = len(table), len(np.unique(units))
    pairs = list(combinations(range(len(names)), 2))
    first, second = np.array(pairs).T
    scores, gaps = table.mean(axis=0), table[:, first] - table[:, second]
    sums = by_unit(gaps, units)
    factor = simultaneous_factor(sums, np.random.default_rng(seed), reach=_unseen(reach, sums, units))
    half = _half_widths(gaps, units, factor, reach) / n
    values = scores[first] - scores[second]
    alone = float(stats.t.ppf(0.5 + _LEVEL / 2, g - 1))
    # Folds that happen to agree do not make models of tomorrow better known than those of today.
    retrained = np.maximum(corrected_resampled(gaps, folds, n_train), _half_widths(gaps, units, alone, reach) / n)
    differences = tuple(
        Difference(names[a], names[b], float(v), float(v - h), float(v + h), float(v - r), float(v + r))
        for a, b, v, h, r in zip(first, second, values, half, retrained, strict=True)
    )
    own = _half_widths(table, units, alone, reach) / n
    bounds = (0.0, 1.0) if isinstance(reach, Reach) else (-math.inf, math.inf)
    ends = np.clip([scores - own, scores + own], *bounds)
    return Comparison(
        score=score,
        standings=_standings(names, scores, ends, values, half, pairs, tolerance),
        differences=differences,
        tolerance=tolerance,
        n_objects=n,
        n_units=g,
        n_folds=len(np.unique(folds)),
    )


def simultaneous_factor(sums: Array, rng: np.random.Generator, level: float = _LEVEL, reach: ArrayLike = 0.0) -> float:
    """Standard errors to either side so that the intervals of all means hold at once, by multipliers.

    Parameters
    ----------
    sums : (g, m) array
        Sums over each of g independent units for m means, each with mean zero.
    reach : (m,) array or float
        The most that one unit can change. What was not seen of one pair says nothing about another: it counts as independent.

    Returns
    -------
    float
        The quantile of the largest absolute t among the m, not less than that of one mean with g - 1 degrees of freedom.
    """
    g, most = len(sums), np.broadcast_to(np.asarray(reach, dtype=float), sums.shape[1])
    scale = np.sqrt(np.square(sums).sum(axis=0) + most**2)
    unit, unseen = sums[:, scale > 0] / scale[scale > 0], most[scale > 0] / scale[scale > 0]
    alone = float(stats.t.ppf(0.5 + level / 2, g - 1))
    if not unit.size:
        return alone
    largest = np.concatenate([_largest(unit, unseen, rng) for _ in range(_N_MULTIPLIERS // 500)])
    # Few units: the normal quantile is widened as that of a single mean is.
    return max(float(np.quantile(largest, level)) * alone / float(stats.norm.ppf(0.5 + level / 2)), alone)


def _largest(unit: Array, unseen: Array, rng: np.random.Generator) -> Array:
    """Largest absolute t (500,) of multipliers."""
    drawn = rng.standard_normal((500, len(unit))) @ unit
    if unseen.any():
        drawn += unseen * rng.standard_normal(drawn.shape)
    return np.asarray(np.abs(drawn).max(axis=1))


def _half_widths(
    columns: Array, units: NDArray[np.intp], factor: float, reach: Reach | Literal["seen"] | None
) -> Array:
    """Half-widths (m,) of the sums of columns (n, m) over all rows."""
    sums = by_unit(columns, units)
    total = _variance(sums)
    if not isinstance(reach, Reach):
        return _score_half(total, _unseen(reach, sums, units), np.inf, factor)
    squares = np.zeros_like(total)
    for stratum in np.unique(reach.stratum):
        part = reach.stratum == stratum
        own = _variance(by_unit(columns[part], units[part]))
        most = np.bincount(units[part], reach.most[part]).max()
        squares += _score_half(own, most, reach.most[part].sum(), factor) ** 2
        total -= own
    # Units that reach into several strata tie these together.
    return np.asarray(np.sqrt(squares + factor**2 * np.maximum(total, 0.0)))


def _score_half(variance: Array, most: Array | float, everything: float, factor: float) -> Array:
    """The half-width h of ``h^2 = factor^2 (variance + most h (1 - h / everything))``."""
    b, a = factor**2 * most / 2, 1 + factor**2 * most / everything
    return np.asarray((b + np.sqrt(b**2 + a * factor**2 * variance)) / a)


def _variance(sums: Array) -> Array:
    """Variance (m,) of the total of independent units (g, m)."""
    return np.asarray(np.square(sums).sum(axis=0) * len(sums) / max(len(sums) - 1, 1))


def _unseen(reach: Reach | Literal["seen"] | None, sums: Array, units: NDArray[np.intp]) -> Array:
    """What one unit more can change each of the sums (g, m); of several strata, one in each."""
    if isinstance(reach, Reach):
        squares = [
            np.bincount(units[part], reach.most[part]).max() ** 2
            for part in (reach.stratum == stratum for stratum in np.unique(reach.stratum))
        ]
        return np.full(sums.shape[1], math.sqrt(sum(squares)))
    return np.zeros(sums.shape[1]) if reach is None else np.asarray(np.abs(sums).max(axis=0))


def corrected_resampled(differences: Array, folds: NDArray[np.intp], n_train: Sequence[int] | None = None) -> Array:
    """Half widths (m,) of the 95 % intervals of mean differences (n, m) between methods that are trained again.

    Variance (1/J + n_test/n_train) S^2 of J folds whose means have variance S^2 (Nadeau & Bengio 2003, eq. 7); infinite
    with one fold.
    """
    codes = np.unique(folds, return_inverse=True)[1]
    sizes = np.bincount(codes)
    if len(sizes) < 2:
        return np.full(differences.shape[1], math.inf)
    means = np.stack([np.bincount(codes, column) / sizes for column in differences.T], axis=1)
    trained = np.asarray(len(codes) - sizes if n_train is None else n_train, dtype=float)
    variance = (1 / len(sizes) + float(np.mean(sizes / trained))) * means.var(axis=0, ddof=1)
    return np.sqrt(variance) * float(stats.t.ppf(0.5 + _LEVEL / 2, len(sizes) - 1))


def _standings(
    names: tuple[str, ...],
    scores: Array,
    ends: Array,
    values: Array,
    half: Array,
    pairs: list[tuple[int, int]],
    tolerance: float,
) -> tuple[Standing, ...]:
    """How far behind the best each may be: the largest of its simultaneous intervals to all others (Hsu 1984)."""
    m = len(names)
    behind, low, high = np.zeros(m), np.zeros(m), np.zeros(m)
    for (a, b), value, h in zip(pairs, values, half, strict=True):
        for mine, gap in ((a, -value), (b, value)):
            behind[mine] = max(behind[mine], gap)
            low[mine], high[mine] = max(low[mine], gap - h), max(high[mine], gap + h)
    made = [
        Standing(
            names[i],
            float(scores[i]),
            float(ends[0, i]),
            float(ends[1, i]),
            float(behind[i]),
            float(low[i]),
            float(high[i]),
            _verdict(low[i], high[i], tolerance),
        )
        for i in range(m)
    ]
    return tuple(sorted(made, key=lambda standing: -standing.score))


def _verdict(low: float, high: float, tolerance: float) -> Verdict:
    """Inside the tolerance of the best (PASS), shown to be outside (FAIL), or neither."""
    if high <= tolerance:
        return Verdict.PASS
    return Verdict.FAIL if low > tolerance else Verdict.INCONCLUSIVE


def _table(contributions: Mapping[str, Array], units: NDArray[np.intp], folds: NDArray[np.intp]) -> Array:
    lengths = {name: len(values) for name, values in contributions.items()} | {"units": len(units), "folds": len(folds)}
    if len(contributions) < 2:
        raise InputError(f"{len(contributions)} method was given; a comparison needs at least two.")
    if len(set(lengths.values())) > 1:
        said = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise InputError(f"the methods were not asked about the same objects ({said}); give one row per prediction.")
    if len(np.unique(units)) < 2:
        raise InputError("all objects belong to one unit; a comparison needs at least two.")
    return np.column_stack([np.asarray(values, dtype=float) for values in contributions.values()])


def _finite(values: dict[str, Any]) -> dict[str, Any]:
    return {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in values.items()}
