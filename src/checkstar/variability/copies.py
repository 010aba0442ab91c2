"""Copies: light curves that hold the same measurements, under whatever names."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from checkstar.data.light_curves import LightCurves

__all__ = ["copied"]

#: Two times within so many days (a second) are one.
_TICK = 1e-5
_LATEST = 1e12  # days; beyond there is no date, and no integer of that many ticks
#: Stars of one field share their times, and now and then a value; half of a light curve is no chance.
_SHARE, _FEWEST = 0.5, 3


def copied(curves: LightCurves, known: LightCurves) -> NDArray[np.bool_]:
    """Whether half of the measurements of an object, or of one of the known objects, are the same in the other (n,).

    A measurement is the same where time (to a second), band and value (in single precision) are; three at least.

    Examples
    --------
    >>> star = LightCurves.from_lists([[1.0, 2.0, 4.0, 7.0]], [[15.0, 15.3, 15.1, 15.2]])
    >>> copied(star, star.where(np.array([True, True, True, False]))).tolist()
    [True]
    """
    keys, known_keys = _keys(curves), _keys(known)
    order = np.argsort(known_keys, kind="stable")
    first, last = (np.searchsorted(known_keys[order], keys, side) for side in ("left", "right"))
    times = last - first
    mine = np.repeat(curves.owner, times)
    theirs = known.owner[order[np.repeat(first - np.cumsum(times) + times, times) + np.arange(times.sum())]]
    pair, count = np.unique(mine * np.int64(len(known)) + theirs, return_counts=True)
    mine, theirs = np.divmod(pair, len(known))
    shorter = np.minimum(curves.n_epochs[mine], known.n_epochs[theirs])
    found = np.zeros(len(curves), dtype=bool)
    found[mine[(count >= _SHARE * shorter) & (count >= _FEWEST)]] = True
    return found


def _keys(curves: LightCurves) -> NDArray[np.uint64]:
    """One number for each measurement; different ones hardly ever share it."""
    days = np.clip(np.nan_to_num(curves.time), -_LATEST, _LATEST)
    ticks = np.round(days / _TICK).astype(np.int64).view(np.uint64)
    with np.errstate(over="ignore"):
        bits = curves.value.astype(np.float32).view(np.uint32).astype(np.uint64)
    names = np.array([sum(letter << (8 * i) for i, letter in enumerate(band.encode()[:4])) for band in curves.bands])
    # Multiplied by an odd number modulo 2^64, all digits of the time count.
    return ticks * np.uint64(0x9E3779B97F4A7C15) + bits + (names.astype(np.uint64) << np.uint64(32))[curves.band]
