"""CurveShapes: the few numbers by which light curves are compared, whose own columns mean nothing side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from checkstar.data.curve_layout import CurveLayout
from checkstar.data.light_curves import LightCurves
from checkstar.noise import Noise

__all__ = ["CurveShapes"]

Array = NDArray[np.float64]

#: Percentiles of the values of an object about the mean of their band.
_LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
_OBSERVING = ("log epochs", "log baseline", "log cadence", "log error")
_SHAPE = (
    "log scatter",
    "log amplitude",
    "asymmetry",
    "middle half",
    "skewness",
    "kurtosis",
    "log chi2",
    "eta",
    "trend",
)
_PERIOD = "period"


@dataclass(frozen=True, kw_only=True)
class CurveShapes:
    """How a light curve was observed, how bright it is and what shape its variation has, in about fifteen numbers.

    The extras of the layout come first, as they are, but for the decimal logarithm of a period. Then decimal logarithms of the number of epochs, the baseline and
    the median gap (days) and the median error; the mean in each band; and of the values about the mean of their band:
    decimal logarithms of the standard deviation and of the range from the 5th to the 95th percentile; asymmetry
    ``(q95 + q5 - 2 q50) / (q95 - q5)``; the share of that range that the middle half takes; skewness and excess
    kurtosis; the decimal logarithm of the reduced chi^2 of a constant; von Neumann's eta, the mean squared step between
    neighbours over the variance (2 for noise, less for what varies slowly); and the correlation with time. Where the
    extras hold a period, eta once more around the ring of phases. NaN stands where an object has too few epochs to say.

    Parameters
    ----------
    fewest : int
        Epochs below which the numbers of the shape are NaN.

    References
    ----------
    Richards et al. 2011, ApJ 733, 10 (percentiles and moments); von Neumann 1941, Ann. Math. Stat. 12, 367 (eta).
    """

    fewest: int = 5

    def names(self, features: Sequence[str]) -> tuple[str, ...]:
        """What the numbers are called, for light curves with these columns."""
        layout = CurveLayout.of(features)
        folded = ("eta in phase",) if _PERIOD in layout.extras else ()
        extras = (f"log {name}" if name == _PERIOD else name for name in layout.extras)
        return (*extras, *_OBSERVING, *(f"mean {band}" for band in layout.bands), *_SHAPE, *folded)

    def __call__(self, x: NDArray[Any], noise: Noise | None, features: Sequence[str]) -> Array:
        """The numbers (n, q) of light curves in rows `x` (n, p) with these columns."""
        layout = CurveLayout.of(features)
        curves = layout.unpack(x, noise)
        extras = np.array(curves.meta, dtype=float).reshape(len(curves), -1)
        period = extras[:, layout.extras.index(_PERIOD)].copy() if _PERIOD in layout.extras else None
        with np.errstate(divide="ignore", invalid="ignore"):
            if period is not None:
                extras[:, layout.extras.index(_PERIOD)] = np.log10(period)
            columns = np.column_stack([extras, _observing(curves), _means(curves), self._shape(curves, period)])
        return np.where(np.isfinite(columns), columns, np.nan)

    def _shape(self, curves: LightCurves, period: Array | None) -> Array:
        owner, n, group = curves.owner, len(curves), _group(curves)
        off = curves.value - _mean_of(curves.value, group, n * len(curves.bands))[group]
        moments = [_mean_of(off**power, owner, n) for power in (2, 3, 4)]
        quantiles = _quantiles(off, curves, _LEVELS)
        spread = quantiles[:, 4] - quantiles[:, 0]
        columns = [
            np.log10(moments[0]) / 2,
            np.log10(spread),
            (quantiles[:, 4] + quantiles[:, 0] - 2 * quantiles[:, 2]) / spread,
            (quantiles[:, 3] - quantiles[:, 1]) / spread,
            moments[1] / moments[0] ** 1.5,
            moments[2] / moments[0] ** 2 - 3,
            np.log10(_mean_of((off / curves.error) ** 2, owner, n)),
            _eta(off, curves.time, group, owner, n),
            _correlation(off, curves.time, owner, n),
        ]
        if period is not None:
            columns.append(_eta(off, np.mod(curves.time, period[owner]), group, owner, n, ring=True))
        return np.where((curves.n_epochs < self.fewest)[:, None], np.nan, np.column_stack(columns))


def _observing(curves: LightCurves) -> Array:
    """Logarithms (n, 4) of the number of epochs, the baseline and the median gap in days, and the median error."""
    ordered = curves.sorted_by(np.lexsort((curves.time, curves.owner)))
    ends = _quantiles(ordered.time, ordered, (0.0, 1.0))
    follows = np.diff(ordered.owner, prepend=-1) == 0
    gaps = ordered.where(follows).replace(value=np.diff(ordered.time, prepend=0.0)[follows])
    middle = [_quantiles(values, of, (0.5,))[:, 0] for values, of in ((gaps.value, gaps), (curves.error, curves))]
    return np.log10(np.column_stack([curves.n_epochs, ends[:, 1] - ends[:, 0], *middle]))


def _means(curves: LightCurves) -> Array:
    """Mean value (n, b) in each band."""
    n, b = len(curves), len(curves.bands)
    return _mean_of(curves.value, _group(curves), n * b).reshape(n, b)


def _group(curves: LightCurves) -> NDArray[np.int64]:
    """Number (N,) of the object and band of each epoch."""
    assert curves.band is not None
    return curves.owner * len(curves.bands) + curves.band


def _mean_of(values: Array, group: NDArray[np.int64], n_groups: int) -> Array:
    return np.bincount(group, weights=values, minlength=n_groups) / np.bincount(group, minlength=n_groups)


def _quantiles(values: Array, curves: LightCurves, levels: Sequence[float]) -> Array:
    """Quantiles (n, k) of the values of each object, between neighbours by a straight line; NaN without any."""
    known = curves.n_epochs > 0
    found = np.full((len(curves), len(levels)), np.nan)
    if known.any():
        ordered = values[np.lexsort((values, curves.owner))]
        first, last = curves.offsets[:-1][known], curves.n_epochs[known] - 1
        for j, level in enumerate(levels):
            place = level * last
            below = np.floor(place).astype(np.int64)
            low, high = ordered[first + below], ordered[first + np.minimum(below + 1, last)]
            found[known, j] = low + (place - below) * (high - low)
    return found


def _eta(
    off: Array, along: Array, group: NDArray[np.int64], owner: NDArray[np.int64], n: int, *, ring: bool = False
) -> Array:
    """Mean squared step between neighbours of one band `along` an axis, over the mean square.

    On a ring the first follows the last, so that no origin is marked.
    """
    order = np.lexsort((along, group))
    starts = np.flatnonzero(np.diff(group[order], prepend=-1))
    before = np.arange(len(order)) - 1
    before[starts] = np.append(starts[1:], len(order)) - 1
    steps = off[order] - off[order][before]
    kept = np.ones(len(order), dtype=bool)
    kept[starts] = ring
    return _mean_of(steps[kept] ** 2, owner[order][kept], n) / _mean_of(off**2, owner, n)


def _correlation(off: Array, time: Array, owner: NDArray[np.int64], n: int) -> Array:
    late = time - _mean_of(time, owner, n)[owner]
    return _mean_of(off * late, owner, n) / np.sqrt(_mean_of(off**2, owner, n) * _mean_of(late**2, owner, n))
