"""Strangeness: how far an observation lies from those of a training set, by its distance to their neighbours.

Two spaces to measure it in. Whitened principal components, with the norm of what they leave over as one more axis, hold
what varies most. Axes along which the labels change (a ridge regression) hold what matters most: a metal-poor star is
hardly stranger than others in the components of its spectrum, but it is along the axis of metallicity.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Strangeness", "along_components", "along_labels", "at_least_as_strange"]

Array = NDArray[np.float64]

#: Share of the variance of standardised features that the components hold; the rest is one axis, its norm.
_EXPLAINED = 0.95
#: Rows from which components and label axes are learned.
_ROWS = 5000


class Strangeness(NamedTuple):
    """Distance to the k-th neighbour among the training `points`; called with x (n, p), NaN where missing.

    It is made of arrays and numbers only, so that a method can keep it.
    """

    median: Array
    centre: Array
    scale: Array
    axes: Array
    spread: Array
    points: Array
    n_neighbours: int

    def __call__(self, x: Array) -> Array:
        from sklearn.neighbors import NearestNeighbors

        n_neighbours = min(self.n_neighbours, len(self.points))
        distance = NearestNeighbors(n_neighbors=n_neighbours).fit(self.points).kneighbors(self.coordinates(x))[0][:, -1]
        # An object of which nothing was seen is like nothing.
        return np.where(np.isfinite(x).any(axis=1), distance, np.inf)

    def coordinates(self, x: Array) -> Array:
        """Coordinates (n, k) in which distances are measured; missing elements lie at the training median."""
        z = (np.where(np.isfinite(x), x, self.median) - self.centre) / self.scale
        return _components(z, self.axes, len(self.spread) > len(self.axes)) / self.spread


def along_components(x: Array, n_components: int = 20, n_neighbours: int = 5) -> Strangeness:
    """Strangeness in whitened principal components of a training set `x` (n, p), with the left-over norm."""
    median, centre, scale, z = _standardised(x)
    singular, axes = np.linalg.svd(z[:_ROWS], full_matrices=False)[1:]
    # Whitened axes without variance of their own would drown the others in noise.
    explained = np.cumsum(singular**2) / max(float((singular**2).sum()), 1e-300)
    n_kept = min(n_components, int(np.searchsorted(explained, _EXPLAINED)) + 1, len(singular))
    return _placed(median, centre, scale, axes[:n_kept], z, n_neighbours, left_over=True)


def along_labels(x: Array, labels: Array, n_neighbours: int = 5) -> Strangeness:
    """Strangeness along the axes on which `labels` (n, k) change: those of a ridge regression, of smallest GCV error.

    References
    ----------
    Golub, Heath & Wahba 1979, Technometrics 21, 215 (generalised cross-validation).
    """
    median, centre, scale, z = _standardised(x)
    some, y = z[:_ROWS], labels[:_ROWS] - labels[:_ROWS].mean(axis=0)
    left, singular, right = np.linalg.svd(some, full_matrices=False)
    seen = left.T @ y
    axes = []
    for column in range(y.shape[1]):
        slopes = _ridge(singular, seen[:, column], float((y[:, column] ** 2).sum()), len(y)) @ right
        size = float(np.linalg.norm(slopes))
        if size > 0:
            axes.append(slopes / size)
    found = np.asarray(axes) if axes else right[:1]
    return _placed(median, centre, scale, found, z, n_neighbours, left_over=False)


def at_least_as_strange(calibration: Array, strange: Array) -> Array:
    """How many of the calibration objects are at least as strange as each object: counts (n,).

    ``(1 + count) / (1 + len(calibration))`` is the conformal p-value.

    Examples
    --------
    >>> at_least_as_strange(np.array([1.0, 2.0, 3.0]), np.array([2.0, 9.0])).tolist()
    [2.0, 0.0]
    """
    ordered = np.sort(calibration)
    return (len(ordered) - np.searchsorted(ordered, strange, side="left")).astype(float)


def _ridge(singular: Array, seen: Array, total: float, n: int) -> Array:
    """Coefficients along the singular axes, for the ridge with the smallest generalised cross-validation error."""
    largest = max(float(singular[0]) ** 2, 1e-300)
    best, chosen = np.inf, np.zeros_like(singular)
    for ridge in largest * np.logspace(-10, 1, 23):
        kept = singular**2 / (singular**2 + ridge)
        misfit = total - float(((2 * kept - kept**2) * seen**2).sum())
        error = misfit / max(n - float(kept.sum()) - 1, 1e-9) ** 2
        # As many directions as objects fit anything: no error can be told then.
        if error < best and kept.sum() < 0.9 * n:
            best = error
            chosen = np.divide(kept * seen, singular, out=np.zeros_like(singular), where=singular > 0)
    return chosen


def _placed(
    median: Array, centre: Array, scale: Array, axes: Array, z: Array, n_neighbours: int, *, left_over: bool
) -> Strangeness:
    coordinates = _components(z, axes, left_over)
    # What is left over by all components is rounding error, not an axis.
    spread = np.where(coordinates.std(axis=0) > 1e-6, coordinates.std(axis=0), np.inf)
    return Strangeness(median, centre, scale, axes, spread, coordinates / spread, n_neighbours)


def _standardised(x: Array) -> tuple[Array, Array, Array, Array]:
    """Median, centre and scale (p,) of the features, and the standardised objects (n, p)."""
    missing = ~np.isfinite(x)
    if missing.any():
        median = np.ma.filled(np.ma.median(np.ma.masked_array(x, missing), axis=0), 0.0)
        x = np.where(missing, median, x)
    else:
        median = np.median(x, axis=0)
    centre, spread = x.mean(axis=0), x.std(axis=0)
    scale = np.where(spread > 0, spread, 1.0)
    return median, centre, scale, (x - centre) / scale


def _components(z: Array, axes: Array, left_over: bool) -> Array:
    kept = z @ axes.T
    if not left_over:
        return kept
    return np.column_stack([kept, np.sqrt(np.maximum((z**2).sum(axis=1) - (kept**2).sum(axis=1), 0.0))])
