"""Contrasts: by how much differences between groups are compressed in the predictions."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from checkstar.estimates import from_influence, normalised_weights
from checkstar.evidence import ALPHA, Estimate

__all__ = ["Contrast", "contrast"]

Array = NDArray[np.float64]


class Contrast(NamedTuple):
    """Slope of predicted on true group means, and what it rests on.

    Attributes
    ----------
    slope : Estimate
        One where differences between groups are right; two groups: predicted over true difference.
    strength : float
        F statistic of the true means being different; below 10 the slope is not to be used (Staiger & Stock 1997).
    true, predicted : (g,) array
        Means of the groups.
    size : (g,) array of int
        Objects in each.
    """

    slope: Estimate
    strength: float
    true: Array
    predicted: Array
    size: NDArray[np.intp]


def contrast(
    predicted: ArrayLike,
    truth: ArrayLike,
    codes: NDArray[np.intp],
    *,
    units: NDArray[np.intp] | None = None,
    weights: Array | None = None,
) -> Contrast:
    """Slope of predicted on true group means, weighted by the number of objects.

    That is two-stage least squares with the groups as instruments: errors of single truths average out and do not
    compress it, as they would a slope over objects.

    Parameters
    ----------
    predicted, truth : (n,) array
    codes : (n,) array of int
        Group 0..g-1 of each object; none is empty.
    units : (n,) array of int, optional
        Independent unit 0..u-1 of each object.
    weights : (n,) array, optional

    References
    ----------
    Wald 1940, Ann. Math. Stat. 11, 284; Staiger & Stock 1997, Econometrica 65, 557.

    Examples
    --------
    >>> found = contrast([0.1, 0.1, 0.9, 0.9], [-0.1, 0.1, 0.9, 1.1], np.array([0, 0, 1, 1]))
    >>> round(found.slope.value, 6)
    0.8
    """
    p, y = np.asarray(predicted, dtype=float), np.asarray(truth, dtype=float)
    n, g = len(y), int(codes.max()) + 1
    w = normalised_weights(weights, n)
    units = np.arange(n) if units is None else units
    mass = np.bincount(codes, weights=w, minlength=g)
    true, said = (np.bincount(codes, weights=w * v, minlength=g) / np.maximum(mass, 1e-300) for v in (y, p))
    instrument = true[codes] - float((w * y).mean())
    between = float((w * instrument**2).mean())
    sizes = np.bincount(codes, minlength=g)
    if between <= 0:
        return Contrast(Estimate(math.nan, -math.inf, math.inf, 0.0), 0.0, true, said, sizes)
    slope = float((w * instrument * p).mean()) / between
    rest = (p - float((w * p).mean())) - slope * (y - float((w * y).mean()))
    influence = w * instrument * rest / between
    estimate = _by_group(from_influence(slope, influence, units, weights), influence, codes, units, weights)
    return Contrast(estimate, _strength(y - true[codes], instrument, w, units, g), true, said, sizes)


def _by_group(
    found: Estimate, influence: Array, codes: NDArray[np.intp], units: NDArray[np.intp], weights: Array | None
) -> Estimate:
    """The interval with the degrees of freedom of the groups, of which a small one may carry most of the error.

    Each group's variance has its own g/(g-1), and degrees of freedom are Welch's.
    """
    pairs = np.unique(codes * (int(units.max()) + 1) + units, return_inverse=True)[1].ravel()
    group = np.zeros(int(pairs.max()) + 1, dtype=np.intp)
    group[pairs] = codes
    raw = np.bincount(group, weights=np.bincount(pairs, weights=influence) ** 2)
    mass = np.ones(len(group)) if weights is None else np.bincount(pairs, weights=weights)
    size = np.bincount(group, weights=mass) ** 2 / np.maximum(np.bincount(group, weights=mass**2), 1e-300)
    if (size < 1.5).any() or not math.isfinite(found.high):
        return found._replace(low=-math.inf, high=math.inf)
    if raw.sum() <= 0:
        return found
    variance = raw * size / (size - 1)
    degrees = min(float(variance.sum() ** 2 / (variance**2 / (size - 1)).sum()), found.n - 1)
    widen = math.sqrt(float(variance.sum() / raw.sum()) * (found.n - 1) / found.n)
    widen *= float(special.stdtrit(degrees, 1 - ALPHA) / special.stdtrit(found.n - 1, 1 - ALPHA))
    half = (found.high - found.value) * max(widen, 1.0)
    return Estimate(found.value, found.value - half, found.value + half, found.n)


def _strength(within: Array, instrument: Array, w: Array, units: NDArray[np.intp], g: int) -> float:
    """F of the true means, with the scatter within groups counted by unit."""
    between = float((w * instrument**2).sum())
    noise = float(np.square(np.bincount(units, weights=w * within)).sum()) / float(w.sum())
    if g < 2:
        return 0.0
    return between / (g - 1) / noise if noise > 0 else math.inf
