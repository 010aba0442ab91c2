"""Errors of light curves that came without: the scatter between neighbouring epochs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from checkstar.data.light_curves import LightCurves

__all__ = ["neighbour_scatter", "with_known_errors"]

Array = NDArray[np.float64]

# Normal differences of two equal sigmas: their median absolute value is sqrt(2) / 1.4826 of one sigma.
_SIGMA_OF_STEP = 1.4826 / np.sqrt(2)


def neighbour_scatter(curves: LightCurves) -> Array:
    """Standard deviation (n,) of the noise of each object, if neighbouring epochs differ by nothing else.

    That is 1.4826 / sqrt(2) of the median absolute step between epochs next in time in the same band, which a few
    outliers or a slow variation hardly move; where the object varies from epoch to epoch it is too large, which is the
    safe side. NaN where it cannot be told: fewer than two epochs in a band, or steps of zero.

    References
    ----------
    von Neumann, Kent, Bellinson & Hart 1941, Ann. Math. Statist. 12, 153 (the mean square successive difference).

    Examples
    --------
    >>> curves = LightCurves.from_lists([[0, 1, 2], [0]], [[1.0, 1.1, 1.0], [5.0]])
    >>> neighbour_scatter(curves).round(4).tolist()
    [0.1048, nan]
    """
    owner, band, time, value = curves.owner, np.asarray(curves.band), curves.time, curves.value
    good = np.isfinite(time) & np.isfinite(value)
    owner, band, time, value = owner[good], band[good], time[good], value[good]
    if len(curves.bands) > 1 or ((time[1:] < time[:-1]) & (owner[1:] == owner[:-1])).any():
        order = np.lexsort((time, band, owner))
        owner, band, value = owner[order], band[order], value[order]
    near = (owner[1:] == owner[:-1]) & (band[1:] == band[:-1])
    scatter = _SIGMA_OF_STEP * _medians(np.abs(np.diff(value))[near], owner[1:][near], len(curves))
    return np.where(scatter > 0, scatter, np.nan)


def with_known_errors(curves: LightCurves) -> LightCurves:
    """The same, where every epoch of an object that has no usable error at all is given the object's scatter.

    Where even that cannot be told, it is the median error of the other objects, or 1 if nobody has one. Single epochs
    without error beside others that have one are left as they are.
    """
    good = np.isfinite(curves.error) & (curves.error > 0)
    without = np.bincount(curves.owner[good], minlength=len(curves)) == 0
    if not without[curves.owner].any():
        return curves
    rows = np.flatnonzero(without)
    scatter = np.full(len(curves), np.nan)
    scatter[rows] = neighbour_scatter(curves[rows])
    known = np.concatenate([curves.error[good], scatter[np.isfinite(scatter)]])
    scatter = np.where(np.isfinite(scatter), scatter, np.median(known) if len(known) else 1.0)
    return curves.replace(error=np.where(without[curves.owner], scatter[curves.owner], curves.error))


def _medians(values: Array, owner: NDArray[np.int64], n: int) -> Array:
    """Median (n,) of the values of each owner; NaN without any."""
    import pandas as pd

    found = np.full(n, np.nan)
    medians = pd.Series(values).groupby(owner).median()
    found[medians.index.to_numpy(dtype=int)] = medians.to_numpy()
    return found
