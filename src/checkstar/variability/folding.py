"""fold: light curves as rings of points in the order of phase, all objects at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from checkstar.data.light_curves import LightCurves
from checkstar.errors import InputError

__all__ = ["MIN_EPOCHS", "FoldedSequences", "fold"]

Array = NDArray[np.float64]

#: Objects with fewer epochs are not folded.
MIN_EPOCHS = 5


@dataclass(frozen=True, kw_only=True, eq=False)
class FoldedSequences:
    """Rings of points in the order of phase: n objects, at most L points each, zero after the last.

    Attributes
    ----------
    lag : (n, L) array
        Phase to the next point; of the last point, to the first one of the next cycle. Those of one object sum to one.
    value : (n, L) array
        Values less the mean of their band, in standard deviations of the object.
    error : (n, L) array
        Their standard errors in the same unit; one where they are not known.
    band : (n, L) array of int
        Position of the passband among those of the light curves.
    length : (n,) array of int
        Number of points; zero for an object that cannot be folded.
    mean, scale : (n,) array
        Mean and standard deviation of all epochs, in the unit of the light curves; a constant object has the scale 1.
    period : (n,) array
        Days.
    """

    lag: Array
    value: Array
    error: Array
    band: NDArray[np.int16]
    length: NDArray[np.int64]
    mean: Array
    scale: Array
    period: Array

    def __len__(self) -> int:
        return len(self.length)

    @property
    def usable(self) -> NDArray[np.bool_]:
        """Which objects (n,) were folded."""
        return self.length > 0

    @property
    def valid(self) -> NDArray[np.bool_]:
        """Which places (n, L) hold a point."""
        return np.arange(self.lag.shape[1]) < self.length[:, None]

    def __getitem__(self, rows: Any) -> FoldedSequences:
        """The objects chosen by a slice, a boolean mask or integer positions."""
        return FoldedSequences(**{name: array[rows] for name, array in vars(self).items()})


def fold(curves: LightCurves, period: ArrayLike, length: int = 200, rng: Any = None) -> FoldedSequences:
    """Rings of at most `length` points in the order of phase (Zhang & Bloom 2020, section 2).

    Phase zero is time zero. Another origin of time turns every ring by some points and changes nothing else: an object
    of n epochs has a ring of ``min(n, length)`` points, never filled up or binned, because only the ring of the true
    number of points can be turned exactly. Of longer ones, points that stand evenly in the order of time are kept,
    a choice that knows no phase. Points of equal phase stand in the order of time.

    Parameters
    ----------
    curves : LightCurves
        Epochs whose time or value is no number are left out.
    period : (n,) array
        Days. An object whose period is not positive, or with fewer than five epochs, is not folded.
    length : int
        Most points of a ring.
    rng : Generator or seed, optional
        Draws the points that are kept of longer light curves at random, to train with all of them in turn.

    Raises
    ------
    InputError
        If there is not one period an object, or `length` is below five.

    References
    ----------
    Zhang & Bloom 2020, arXiv:2011.01243.

    Examples
    --------
    >>> curves = LightCurves.from_lists([[0.0, 1.1, 2.4, 3.2, 4.3]], [[10.0, 11.0, 13.0, 12.0, 14.0]])
    >>> folded = fold(curves, [1.0])
    >>> folded.lag.round(3).tolist(), (folded.mean + folded.scale * folded.value).round(3).tolist()
    ([[0.1, 0.1, 0.1, 0.1, 0.6]], [[10.0, 11.0, 12.0, 14.0, 13.0]])
    """
    periods = np.asarray(period, dtype=float)
    if periods.shape != (len(curves),) or length < MIN_EPOCHS:
        raise InputError(
            f"there are periods of shape {periods.shape} for {len(curves)} objects and length={length}; give one period "
            f"an object and a length of at least {MIN_EPOCHS}."
        )
    curves = curves.where(np.isfinite(curves.time) & np.isfinite(curves.value))
    folded = (curves.n_epochs >= MIN_EPOCHS) & np.isfinite(periods) & (periods > 0)
    curves = curves.where(folded[curves.owner])
    curves = _in_time(curves)
    mean, centred, scale = _standard(curves)
    kept = _thinned(curves, length, rng)
    owner, chosen = curves.owner[kept], np.flatnonzero(kept)
    counts = np.bincount(owner, minlength=len(curves))
    place = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)
    shape = (len(curves), max(int(counts.max(initial=0)), 1))

    def table(column: NDArray[Any], empty: float = 0) -> NDArray[Any]:
        rows = np.full(shape, empty, column.dtype)
        rows[owner, place] = column
        return rows

    # The remainder of a division is exact in floating point, so the order is, however many cycles have passed.
    remainder = table(np.mod(curves.time[chosen], periods[owner]), np.inf)
    order = np.argsort(remainder, axis=1, kind="stable")
    error = curves.error[chosen] / scale[owner]
    columns = (centred[chosen] / scale[owner], np.where(np.isfinite(error), error, 1.0), curves.band[chosen])  # type: ignore[index]
    value, error, band = (np.take_along_axis(table(column), order, axis=1) for column in columns)
    return FoldedSequences(
        lag=_lags(np.take_along_axis(remainder, order, axis=1), periods, counts),
        value=value,
        error=error,
        band=band,
        length=counts,
        mean=mean,
        scale=scale,
        period=periods,
    )


def _in_time(curves: LightCurves) -> LightCurves:
    """The epochs of each object in the order of time, and of value where times are equal."""
    owner, step = curves.owner, np.diff(curves.time)
    behind = (np.diff(owner) == 0) & ((step < 0) | ((step == 0) & (np.diff(curves.value) < 0)))
    if not behind.any():
        return curves
    epochs = np.flatnonzero(np.isin(owner, owner[1:][behind]))
    order = np.arange(len(owner))
    order[epochs] = epochs[np.lexsort((curves.value[epochs], curves.time[epochs], owner[epochs]))]
    return curves.sorted_by(order)


def _standard(curves: LightCurves) -> tuple[Array, Array, Array]:
    """Mean (n,) of each object, values (N,) less the mean of their band, and their standard deviation (n,)."""
    owner, n = curves.owner, len(curves)
    counts = np.maximum(curves.n_epochs, 1)
    mean = np.bincount(owner, curves.value, n) / counts
    key = owner * len(curves.bands) + np.asarray(curves.band)
    n_of_band = np.bincount(key, minlength=n * len(curves.bands))
    of_band = np.bincount(key, curves.value, len(n_of_band)) / np.maximum(n_of_band, 1)
    centred = curves.value - of_band[key]
    scale = np.sqrt(np.bincount(owner, centred**2, n) / counts)
    return mean, centred, np.where(scale > 1e-12 * (1 + np.abs(mean)), scale, 1.0)


def _thinned(curves: LightCurves, most: int, rng: Any) -> NDArray[np.bool_]:
    """Which epochs (N,), sorted by time, are kept."""
    counts = np.repeat(curves.n_epochs, curves.n_epochs)
    rank = np.arange(len(counts)) - np.repeat(curves.offsets[:-1], curves.n_epochs)
    if rng is not None:
        drawn = np.lexsort((np.random.default_rng(rng).random(len(counts)), curves.owner))
        shuffled = np.empty_like(rank)
        shuffled[drawn] = rank
        return np.asarray(shuffled < most)
    return np.asarray(
        (counts <= most) | ((rank + 1) * most // np.maximum(counts, 1) > rank * most // np.maximum(counts, 1))
    )


def _lags(remainder: Array, period: Array, counts: NDArray[np.int64]) -> Array:
    """Phase to the next point (n, L) of each ring; `remainder` is sorted in each row, infinite after the last point."""
    lags = np.zeros(remainder.shape)
    there = counts > 0
    rows, last = np.flatnonzero(there), counts[there] - 1
    with np.errstate(invalid="ignore"):
        lags[:, :-1] = np.diff(remainder, axis=1)
    lags[rows, last] = remainder[rows, 0] + period[rows] - remainder[rows, last]
    lags[~np.isfinite(remainder)] = 0.0
    return np.asarray(lags / np.where(there, period, 1.0)[:, None])
