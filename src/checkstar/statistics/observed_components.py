"""Few numbers that describe observations: features as they are where they are few, else their principal components."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from checkstar.noise import Noise

__all__ = ["ObservedComponents", "without_masked"]

Array = NDArray[np.float64]
#: Objects that the axes are learned from.
_ENOUGH = 5000


def without_masked(x: NDArray[np.floating], noise: Noise | None) -> Array:
    """Observations (n, p) as floats, with NaN where an element is missing or masked (infinite noise)."""
    values = np.asarray(x, dtype=float)
    missing = ~np.isfinite(values)
    if noise is not None:
        missing |= np.isinf(noise.sigma(values))
    return np.where(missing, np.nan, values)


class ObservedComponents:
    """Standardised features of observations, or their leading principal components where there are many.

    Elements that are NaN are put at the median: they say nothing about the object.

    Parameters
    ----------
    x : (n, p) array
        Observations from which centre, scale and axes are learned.
    n_components : int
        More features than these are projected on so many axes.

    Examples
    --------
    >>> ObservedComponents(np.array([[1.0], [3.0], [np.nan]]), 4)(np.array([[2.0], [np.nan]])).tolist()
    [[0.0], [0.0]]
    """

    def __init__(self, x: Array, n_components: int) -> None:
        self.median = np.ma.filled(np.ma.median(np.ma.masked_invalid(x), axis=0), 0.0)
        filled = np.where(np.isnan(x), self.median, x)
        self.centre, spread = filled.mean(axis=0), filled.std(axis=0)
        # Rounding errors of a constant are no information.
        self.scale = np.where(spread > 1e-9 * (1 + np.abs(self.centre)), spread, np.inf)
        self.axes = None if x.shape[1] <= n_components else _axes((filled - self.centre) / self.scale, n_components)

    def __call__(self, x: Array) -> Array:
        """Components (m, q) of other observations (m, p)."""
        z = (np.where(np.isnan(x), self.median, x) - self.centre) / self.scale
        return z if self.axes is None else z @ self.axes

    def names(self, features: Sequence[str]) -> tuple[str, ...]:
        """What the components are called, if the features are called so."""
        if self.axes is None:
            return tuple(features)
        return tuple(f"component {i + 1} of x" for i in range(self.axes.shape[1]))


def _axes(z: Array, n_components: int) -> Array:
    chosen = z[np.linspace(0, len(z) - 1, min(len(z), _ENOUGH)).astype(int)]
    axes: Array = np.linalg.svd(chosen, full_matrices=False)[2][:n_components].T
    return axes
