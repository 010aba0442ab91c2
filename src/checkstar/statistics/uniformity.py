"""Are numbers uniform on (0, 1)? The largest deviation of their distribution, with an interval, and a band for the eye.

The interval of the largest deviation ``sup |F(u) - u|`` is that of Dvoretzky, Kiefer & Wolfowitz with Massart's constant
(1990, Ann. Probab. 18, 1269), which holds at every number of objects and for every F. The band and its p-value are
those of Saeilynoja, Buerkner & Vehtari (2022, Stat. Comput. 32, 32): at each of K points the count below is binomial,
and the pointwise level is the one that makes the band hold at all points together.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from checkstar.estimates import kish, normalised_weights
from checkstar.evidence import ALPHA, Estimate

__all__ = ["Band", "band", "ecdf", "largest_deviation", "uniformity_p_value"]

Array = NDArray[np.float64]

_SIMULATIONS = 2000
_POINTS = 100


class Band(NamedTuple):
    """Where ``F(u) - u`` of uniform numbers lies at all points (K,) together, with probability `level`."""

    points: Array
    low: Array
    high: Array
    level: float


def ecdf(u: Array, points: Array, weights: Array | None = None) -> Array:
    """Weighted share (K,) of `u` (n,) at or below each point."""
    order = np.argsort(u, kind="stable")
    w = normalised_weights(weights, len(u))[order]
    return np.concatenate([[0.0], np.cumsum(w) / w.sum()])[np.searchsorted(u[order], points, side="right")]


def largest_deviation(
    u: Array, units: NDArray[np.intp], weights: Array | None = None, *, looked_at: int = 1
) -> Estimate:
    """Largest distance between the distribution of `u` (n,) and the uniform one, with its interval.

    With groups or weights, at the effective number of units. Where `u` is the worst of several distributions looked at,
    the interval is that of the largest deviation of all of them.

    Examples
    --------
    >>> u = (np.arange(400) + 0.5) / 400
    >>> round(largest_deviation(u**2, np.arange(400)).value, 3)
    0.251
    """
    w = normalised_weights(weights, len(u))
    g = kish(w, units)
    order = np.argsort(u, kind="stable")
    shares = np.cumsum(w[order]) / w.sum()
    before = np.concatenate([[0.0], shares[:-1]])
    value = float(max((shares - u[order]).max(), (u[order] - before).max()))
    # The true deviation has one sign, and only that side can hide it; the measured one is the larger of two.
    below, above = (math.sqrt(math.log(sides / ALPHA) / (2 * g)) for sides in (2 * looked_at, 1))
    return Estimate(value, max(value - below, 0.0), min(value + above, 1.0), g)


def band(n: float, *, level: float = 0.95, points: int = _POINTS) -> Band:
    """Simultaneous band of the distribution of `n` independent uniform numbers, minus the diagonal.

    Examples
    --------
    >>> found = band(100)
    >>> bool(0.1 < found.high.max() < 0.17)
    True
    """
    at, count = np.arange(1, points) / points, max(round(n), 1)
    tail = 0.5 * float(np.quantile(_null(count, points), 1 - level))
    low, high = (stats.binom.ppf(end, count, at) / count for end in (tail, 1 - tail))
    return Band(at, low - at, high - at, level)


def uniformity_p_value(u: Array, units: NDArray[np.intp], weights: Array | None = None) -> float:
    """Chance that uniform numbers leave the band as far as `u` (n,) do; by simulation, so never below 1/2001."""
    n = max(round(kish(normalised_weights(weights, len(u)), units)), 1)
    at = np.arange(1, _POINTS) / _POINTS
    seen = _rarest(np.round(n * ecdf(u, at, weights))[None, :], n, at)[0]
    null = _null(n, _POINTS)
    return float((1 + np.count_nonzero(null <= seen * (1 + 1e-9))) / (1 + len(null)))


def _rarest(counts: Array, n: int, at: Array) -> Array:
    """Smallest two-sided binomial tail (m,) of counts (m, K) below the points."""
    below = special.bdtr(counts, n, at)
    above = np.where(counts > 0, special.bdtrc(np.maximum(counts - 1, 0), n, at), 1.0)
    return 2 * np.minimum(below, above).min(axis=1)


@lru_cache(maxsize=32)
def _null(n: int, points: int) -> Array:
    """The rarest tail of uniform numbers: a table that depends on n alone, drawn with a seed of its own."""
    cells = np.full(points, 1 / points)
    counts = np.random.default_rng(n).multinomial(n, cells, size=_SIMULATIONS)
    return _rarest(np.cumsum(counts, axis=1)[:, :-1].astype(float), n, np.arange(1, points) / points)
