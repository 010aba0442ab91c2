"""Resampling: symmetries that read an image between its pixels, and lose a little each time."""

from __future__ import annotations

from abc import abstractmethod
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from checkstar.noise import Noise
from checkstar.symmetries.base import Element, Symmetry
from checkstar.symmetries.moved_noise import MovedNoise
from checkstar.symmetries.rearrangements import image_columns, require_width

__all__ = ["Resampling"]

Array = NDArray[np.float64]


class Resampling(Symmetry):
    """A symmetry whose elements say where in the image each pixel is read.

    Pixels are interpolated by cubic convolution (Keys 1981, IEEE Trans. ASSP 29, 1153, with a = -1/2); beyond the
    border the outermost pixel is repeated. A whole pixel is read as it is.
    """

    image_shape: tuple[int, ...]

    @property
    def exact(self) -> bool:
        return False

    @abstractmethod
    def source(self, g: Element, rows: Array, columns: Array) -> tuple[Array, Array]:
        """Fractional row and column at which each pixel is read."""

    def act(self, g: Element, x: Array) -> Array:
        require_width(self.name, x, int(np.prod(self.image_shape)))
        return np.asarray((self._weights(g) @ x.T).T)

    def move_sigma(self, g: Element, sigma: Array, x: Array) -> Array:
        return np.asarray(np.sqrt((self._weights(g).power(2) @ np.square(sigma).T).T))

    def move_noise(self, g: Element, noise: Noise, x: Array) -> Noise:
        return MovedNoise.of(noise, self, g)

    def _weights(self, g: Element) -> Any:
        """The weight (p, p) of each pixel of the image in each pixel of the new one, as a sparse matrix."""
        from scipy.sparse import csr_array

        grid = image_columns(self.image_shape)
        height, width = grid.shape[-2:]
        rows, columns = np.indices((height, width), dtype=float)
        # Rounded, so that a whole pixel is read from one pixel and nothing else.
        at_row, at_column = (np.round(place, 9) for place in self.source(g, rows, columns))
        weights, sources = [], []
        for dy, dx in product(range(-1, 3), repeat=2):
            y, x = np.floor(at_row) + dy, np.floor(at_column) + dx
            near = np.clip(y, 0, height - 1).astype(int), np.clip(x, 0, width - 1).astype(int)
            sources.append(grid[(..., *near)].ravel())
            weights.append(np.broadcast_to(_keys(at_row - y) * _keys(at_column - x), grid.shape).ravel())
        targets = np.tile(np.arange(grid.size), len(weights))
        found = csr_array((np.concatenate(weights), (targets, np.concatenate(sources))), shape=(grid.size, grid.size))
        found.sum_duplicates()
        # A pixel without weight must not spread what it holds, which may be NaN.
        found.eliminate_zeros()
        return found


def _keys(distance: Array) -> Array:
    """Weight of a pixel at this distance."""
    d = np.abs(distance)
    inner = (1.5 * d - 2.5) * d**2 + 1
    outer = ((-0.5 * d + 2.5) * d - 4) * d + 2
    return np.where(d <= 1, inner, np.where(d < 2, outer, 0.0))
