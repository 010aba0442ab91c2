"""Estimates with 95 % intervals that know the independent unit: stars, fields or nights, never rows.

All standard errors are cluster-robust: influence values are summed within each unit first (Liang & Zeger 1986,
Biometrika 73, 13), with the g/(g-1) correction and Student's t with g-1 degrees of freedom for g units.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from checkstar.evidence import ALPHA, Estimate, binomial

__all__ = [
    "effective_number",
    "from_influence",
    "kish",
    "mean",
    "normalised_weights",
    "quantile",
    "ratio",
    "relabelled",
    "share",
    "unit_count",
]

Array = NDArray[np.float64]
Units = NDArray[np.intp]


def normalised_weights(weights: Array | None, n: int) -> Array:
    """Weights (n,) with mean one."""
    return np.ones(n) if weights is None else weights / weights.mean()


def unit_count(units: Units) -> int:
    """Number of independent units coded 0..g-1."""
    return int(units.max()) + 1 if units.size else 0


def relabelled(units: Units) -> Units:
    """Codes 0..g-1 of the units that are left among some objects; in one pass, without sorting."""
    present = np.zeros(unit_count(units), dtype=bool)
    present[units] = True
    return (np.cumsum(present) - 1)[units]


def kish(weights: Array, units: Units | None = None) -> float:
    """Effective number of objects (or units), (sum w)^2 / sum w^2 (Kish 1965).

    Examples
    --------
    >>> kish(np.array([1.0, 1.0, 1.0, 1.0]))
    4.0
    """
    w = weights if units is None else np.bincount(units, weights=weights)
    total = float(np.square(w).sum())
    return float(w.sum()) ** 2 / total if total > 0 else 0.0


def standard_error(influence: Array, units: Units) -> float:
    """Cluster-robust standard error of an estimate whose influence values (n,) average to zero."""
    g = unit_count(units)
    if g < 2:
        return math.inf
    # With one row a unit the sums are the rows: skip the pass over memory.
    sums = influence if g == influence.size else np.bincount(units, weights=influence)
    return float(np.sqrt(g / (g - 1) * np.square(sums).sum()) / influence.size)


def from_influence(value: float, influence: Array, units: Units, weights: Array | None = None) -> Estimate:
    """Estimate of `value` from its influence function evaluated at the objects (n,).

    With `weights`, Kish's effective number of units stands for their number: a few heavy objects decide as few.
    """
    g = float(unit_count(units)) if weights is None else kish(weights, units)
    if g < 1.5 or unit_count(units) < 2:
        return Estimate(float(value), -math.inf, math.inf, g)
    n = unit_count(units)
    error = standard_error(influence, units) * math.sqrt((n - 1) / n * g / (g - 1))
    half = float(special.stdtrit(g - 1, 1 - ALPHA)) * error
    return Estimate(float(value), float(value - half), float(value + half), g)


def at_least_normal(log_sd: Estimate, n: float) -> Estimate:
    """The interval of the logarithm of a standard deviation, no narrower than that of `n` independent normals (chi^2).

    The fourth moment of few numbers is too small more often than not, and with it their interval.
    """
    degrees = max(n - 1, 1.0)
    ends = (0.5 * math.log(degrees / special.chdtri(degrees, tail)) for tail in (ALPHA, 1 - ALPHA))
    low, high = (log_sd.value + end for end in ends)
    return log_sd._replace(low=min(log_sd.low, low), high=max(log_sd.high, high))


def mean(values: Array, units: Units, weights: Array | None = None) -> Estimate:
    """Weighted mean of `values` (n,)."""
    w = normalised_weights(weights, len(values))
    centre = float((w * values).mean())
    return from_influence(centre, w * (values - centre), units, weights)


def ratio(numerator: Array, denominator: Array, units: Units, weights: Array | None = None) -> Estimate:
    """Ratio of the weighted means of two paired quantities (n,)."""
    w = normalised_weights(weights, len(numerator))
    bottom = float((w * denominator).mean())
    if bottom == 0:
        return Estimate(math.nan, -math.inf, math.inf, unit_count(units))
    value = float((w * numerator).mean()) / bottom
    return from_influence(value, w * (numerator - value * denominator) / bottom, units, weights)


def share(inside: NDArray[np.bool_], units: Units, weights: Array | None = None) -> Estimate:
    """Weighted share of true values (n,) with its Clopper-Pearson interval at the effective number of objects."""
    value, effective = _share(inside, units, weights)
    return binomial(value * effective, effective)._replace(value=value, n=float(unit_count(units)))


def quantile(values: Array, level: float, units: Units, weights: Array | None = None) -> Estimate:
    """Weighted quantile of `values` (n,); its interval is that between order statistics (Woodruff 1952).

    Exact for single objects, whatever their distribution; with groups or weights at the effective number of objects.
    An end beyond the outermost object is infinite.
    """
    order = np.argsort(values, kind="stable")
    w = normalised_weights(weights, len(values))
    cumulative = np.cumsum(w[order]) / w.sum()
    ordered = values[order]
    at = float(ordered[min(int(np.searchsorted(cumulative, level)), len(ordered) - 1)])
    effective = max(int(_share(values <= at, units, weights)[1]), 1)
    below, above = stats.binom.ppf(ALPHA, effective, level), stats.binom.isf(ALPHA, effective, level) + 1
    low = -math.inf if below < 1 else ordered[_first(cumulative, below / effective)]
    high = math.inf if above > effective else ordered[_first(cumulative, above / effective)]
    return Estimate(at, float(low), float(high), float(unit_count(units)))


def _first(cumulative: Array, level: float) -> int:
    # Cumulative shares are sums of floats: the one meant may lie a rounding error below the level.
    return min(int(np.searchsorted(cumulative, level - 1e-9)), len(cumulative) - 1)


def _share(inside: NDArray[np.bool_], units: Units, weights: Array | None) -> tuple[float, float]:
    """Weighted share and the effective number of objects behind it."""
    n = len(inside)
    w = normalised_weights(weights, n)
    value = float((w * inside).mean())
    if weights is None and unit_count(units) == n:
        return value, float(n)
    return value, max(effective_number(np.asarray(inside, dtype=float), units, w), 1e-9)


def effective_number(inside: Array, units: Units, w: Array) -> float:
    """Effective number of objects behind the share of `inside` (n,), between 0 and 1, with weights of mean one.

    With groups or weights that is the number of independent objects with the same variance: n over the design effect
    (Korn & Graubard 1998, Survey Methodology 24, 193), but no less than the units count for, which is what remains of
    objects that are all alike within their unit. A rare state is shown by few units, which know the variance badly: its
    degrees of freedom are those of the ``(sum s^2)^2 / sum s^4`` units that make up the sum of squares s^2 of units.
    """
    n, value, g = len(inside), float((w * inside).mean()), kish(w, units)
    influence = w * (inside - value)
    error, least = standard_error(influence, units), g * design_factor(n, g)
    if not (0 < value < 1 and 0 < error < math.inf):
        return least
    squares = np.square(np.bincount(units, weights=influence))
    behind = min(1 + float(squares.sum()) ** 2 / float(np.square(squares).sum()), g)
    # Where heavy objects happen to agree, the variance seen is that of the light ones: no more than Kish's number.
    return max(least, min(kish(w), value * (1 - value) / error**2) * design_factor(n, behind))


def design_factor(n: float, g: float) -> float:
    """What an effective number estimated from `g` units of `n` objects is worth: (t_(n-1) / t_(g-1))^2.

    The variance within few units is itself uncertain (Korn & Graubard 1998, equation 2.4).
    """
    if g < 1.5 or n < 2:
        return 0.0
    return float(special.stdtrit(n - 1, 1 - ALPHA) / special.stdtrit(g - 1, 1 - ALPHA)) ** 2
