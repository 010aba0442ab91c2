"""What happens to light curves between surveys and nights, as `Nuisance`s of known size: epochs lost, drifts, scatter.

Each function takes the names of the columns (`Dataset.features`) and gives a `checkstar.nuisances.Nuisance`. Choices are
drawn from a seed, and are others for a negative size than for a positive one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from checkstar.data.curve_layout import CurveLayout
from checkstar.data.light_curves import LightCurves
from checkstar.errors import InputError
from checkstar.nuisances import Nuisance

__all__ = ["drift", "dropped_epochs", "extra_scatter", "lost_seasons", "other_cadence", "season_offsets"]

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
#: Times (n, m), NaN where there is no epoch, the size of the effect, and random numbers: which epochs are lost.
Loss = Callable[[Array, float, np.random.Generator], Flags]

_YEAR = 365.25


def dropped_epochs(features: Sequence[str], share: float, *, seed: int = 0, name: str = "loss of epochs") -> Nuisance:
    """A share of the epochs of every object lost at random: clouds, full moons, a shorter survey.

    Raises
    ------
    InputError
        If `share` is not between 0 and 1.

    Examples
    --------
    >>> layout = CurveLayout(n_epochs=4)
    >>> x = np.array([[1.0, 2.0, 3.0, 4.0, 15.0, 15.1, 15.2, 15.3]])
    >>> int(np.isfinite(dropped_epochs(layout.features, 0.5).apply(x, 1.0)).sum())
    4
    """
    if not 0 < share < 1:
        raise InputError(f"the share of epochs lost is {share}; give a number between 0 and 1.")

    def lost(time: Array, size: float, rng: np.random.Generator) -> Flags:
        number = np.round(min(share * size, 1.0) * np.isfinite(time).sum(axis=1))
        order = np.where(np.isfinite(time), rng.random(time.shape), np.inf).argsort(axis=1).argsort(axis=1)
        return np.asarray(order < number[:, None])

    return _losing(name, features, lost, seed)


def lost_seasons(
    features: Sequence[str], seasons: int = 1, *, gap_days: float = 60.0, seed: int = 0, name: str = "loss of a season"
) -> Nuisance:
    """All epochs of some observing seasons of every object lost, but never of all: a season ends with a gap."""

    def lost(time: Array, size: float, rng: np.random.Generator) -> Flags:
        order = np.argsort(time, axis=1)
        with np.errstate(invalid="ignore"):
            new = np.diff(np.take_along_axis(time, order, axis=1), axis=1, prepend=np.nan) > gap_days
        number = np.empty(time.shape, dtype=np.intp)
        np.put_along_axis(number, order, new.cumsum(axis=1), axis=1)
        there = np.where(np.isfinite(time), number, 0).max(axis=1) + 1
        drawn = rng.random((len(time), int(there.max(initial=1))))
        drawn[np.arange(drawn.shape[1]) >= there[:, None]] = np.inf
        chosen = drawn.argsort(axis=1).argsort(axis=1) < np.minimum(round(seasons * size), there - 1)[:, None]
        return np.take_along_axis(chosen, np.minimum(number, drawn.shape[1] - 1), axis=1) & np.isfinite(time)

    return _losing(name, features, lost, seed)


def other_cadence(
    features: Sequence[str], survey: LightCurves, *, seed: int = 0, name: str = "cadence of another survey"
) -> Nuisance:
    """Only those epochs left that are nearest to the epochs of an object of another survey, drawn at random.

    The other object's epochs begin with the first of its own, and go round its baseline where they last longer. An effect
    of size below one loses each of the other epochs with that probability.
    """
    donors = [np.sort(curve.time) - curve.time.min() for curve in survey if len(curve.time)]
    if not donors:
        raise InputError("the other survey has no epochs; give light curves.")

    def lost(time: Array, size: float, rng: np.random.Generator) -> Flags:
        kept = np.zeros(time.shape, dtype=bool)
        chosen = rng.integers(len(donors), size=len(time))
        for i, own in enumerate(time):
            there = np.flatnonzero(np.isfinite(own))
            if len(there) < 2:
                kept[i, there] = True
                continue
            since = own[there] - own[there].min()
            wanted = np.mod(donors[chosen[i]], max(float(since.max()), 1e-9))
            kept[i, there[np.abs(since[None, :] - wanted[:, None]).argmin(axis=1)]] = True
        return np.isfinite(time) & ~kept & (rng.random(time.shape) < size)

    return _losing(name, features, lost, seed)


def extra_scatter(features: Sequence[str], sigma: float, *, seed: int = 0, name: str = "extra scatter") -> Nuisance:
    """Normal scatter of `sigma`, in the unit of the values, that their standard errors do not hold."""
    return _adding(name, features, lambda time: sigma * np.random.default_rng(seed).standard_normal(time.shape))


def drift(features: Sequence[str], per_year: float, *, name: str = "drift of the zero point") -> Nuisance:
    """A zero point that moves by `per_year`, in the unit of the values, about the middle of each object's epochs.

    Examples
    --------
    >>> layout = CurveLayout(n_epochs=2)
    >>> drift(layout.features, 0.02).apply(np.array([[0.0, 365.25, 15.0, 15.0]]), 1.0)[0, 2:].tolist()
    [14.99, 15.01]
    """

    def offset(time: Array) -> Array:
        there = np.isfinite(time)
        middle = np.where(there, time, 0.0).sum(axis=1) / np.maximum(there.sum(axis=1), 1)
        return per_year * (time - middle[:, None]) / _YEAR

    return _adding(name, features, offset)


def season_offsets(
    features: Sequence[str], sigma: float, *, seed: int = 0, name: str = "zero points of the seasons"
) -> Nuisance:
    """A zero point of each year, off by normal numbers of `sigma` in the unit of the values; the same for all objects."""

    def offset(time: Array) -> Array:
        year = np.floor(np.where(np.isfinite(time), time, 0.0) / _YEAR).astype(np.int64)
        known, which = np.unique(year, return_inverse=True)
        drawn = [float(np.random.default_rng([seed, abs(int(y)), int(y < 0)]).standard_normal()) for y in known]
        return sigma * np.asarray(drawn)[which].reshape(time.shape)

    return _adding(name, features, offset)


def _losing(name: str, features: Sequence[str], lost: Loss, seed: int) -> Nuisance:
    """A nuisance that takes epochs away."""
    layout = CurveLayout.of(features)

    def apply(x: Array, size: float) -> Array:
        of_x = layout.for_width(x.shape[1])
        changed = np.array(x, dtype=float)
        if size:
            gone = lost(_times(x, of_x), abs(size), np.random.default_rng([seed, int(size < 0)]))
            for start in range(len(of_x.extras), x.shape[1], of_x.n_epochs):
                changed[:, start : start + of_x.n_epochs][gone] = np.nan
        return changed

    return Nuisance(name=name, apply=apply)


def _adding(name: str, features: Sequence[str], offset: Callable[[Array], Array]) -> Nuisance:
    """A nuisance that adds a number to each value, given the times."""
    layout = CurveLayout.of(features)

    def apply(x: Array, size: float) -> Array:
        of_x = layout.for_width(x.shape[1])
        changed = np.array(x, dtype=float)
        changed[:, of_x.value_columns.start : of_x.value_columns.stop] += size * offset(_times(x, of_x))
        return changed

    return Nuisance(name=name, apply=apply)


def _times(x: Array, layout: CurveLayout) -> Array:
    """Times (n, m) of the epochs that are there."""
    columns = [slice(part.start, part.stop) for part in (layout.time_columns, layout.value_columns)]
    time, value = (np.asarray(x[:, part], dtype=float) for part in columns)
    return np.where(np.isfinite(time) & np.isfinite(value), time, np.nan)
