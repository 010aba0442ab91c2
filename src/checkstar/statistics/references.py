"""Reference points for an object that know its observation but not its truth, learned from the truths of others.

Objects are taken in a random order, in blocks that double; a block learns from the blocks before it. So a truth never
enters, not even through others, a reference of its own: given all observations and draws, the ranks of calibrated
posteriors about such references are independent and exactly uniform. (With one fold for the other and the other for the
one, or with nearest neighbours of each other, they are not independent.)
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from checkstar.statistics.ranks import chunks

__all__ = ["blocks", "nearest", "regressed"]

Array = NDArray[np.float64]
Rows = NDArray[np.intp]

#: Ridge in units of the mean square of the standardised features: enough for features that repeat each other.
_RIDGE = 1e-3


def blocks(units: Rows, rng: np.random.Generator, *, first: int = 32) -> Iterator[tuple[Rows, Rows]]:
    """Pairs (objects known, objects new) in random order; units are never divided, the first objects are never new."""
    n_units = int(units.max()) + 1 if units.size else 0
    place = rng.permutation(n_units)[units]
    start = min(first, n_units // 2)
    while 0 < start < n_units:
        end = min(2 * start, n_units)
        yield np.flatnonzero(place < start), np.flatnonzero((place >= start) & (place < end))
        start = end


def regressed(features: Array, truth: Array, known: Rows, new: Rows) -> tuple[Array, Array]:
    """Linear regression of `truth` (n, d) on `features` (n, q): predictions of the new objects, residuals of the known."""
    centre, scale = features[known].mean(axis=0), features[known].std(axis=0)
    scale = np.where(scale > 1e-9 * (1 + np.abs(centre)), scale, np.inf)
    z = (features - centre) / scale
    middle = truth[known].mean(axis=0)
    gram = z[known].T @ z[known] / len(known) + (_RIDGE + 1 / len(known)) * np.eye(z.shape[1])
    slopes = np.linalg.solve(gram, z[known].T @ (truth[known] - middle) / len(known))
    return middle + z[new] @ slopes, truth[known] - middle - z[known] @ slopes


def nearest(features: Array, known: Rows, new: Rows) -> Rows:
    """The known object that is nearest to each new one in standardised features."""
    centre, scale = features[known].mean(axis=0), features[known].std(axis=0)
    z = (features - centre) / np.where(scale > 1e-9 * (1 + np.abs(centre)), scale, np.inf)
    old, found = z[known], np.empty(len(new), dtype=np.intp)
    half_square = 0.5 * np.square(old).sum(axis=1)
    for rows in chunks(len(new), len(known)):
        found[rows] = np.argmin(half_square - z[new[rows]] @ old.T, axis=1)
    return known[found]
