"""Rearrangement: symmetries that put the columns of the observations in another order, and lose nothing."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np
from numpy.typing import NDArray

from checkstar.errors import InputError
from checkstar.noise import Noise
from checkstar.symmetries.base import Element, Symmetry
from checkstar.symmetries.moved_noise import MovedNoise, rearranged

__all__ = ["Rearrangement", "image_columns", "require_width"]


class Rearrangement(Symmetry):
    """A symmetry whose elements are orders of the columns."""

    @abstractmethod
    def columns(self, g: Element) -> NDArray[np.intp]:
        """Which column (p,) comes to stand at each place."""

    def act(self, g: Element, x: NDArray[np.float64]) -> NDArray[np.float64]:
        columns = self.columns(g)
        require_width(self.name, x, len(columns))
        return x[:, columns]

    def move_sigma(self, g: Element, sigma: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[np.float64]:
        return sigma[:, self.columns(g)]

    def move_noise(self, g: Element, noise: Noise, x: NDArray[np.float64]) -> Noise:
        return rearranged(noise, self.columns(g)) or MovedNoise.of(noise, self, g)


def require_width(name: str, x: NDArray[np.float64], width: int) -> None:
    """Raise where `x` has another number of columns than the settings say."""
    if x.shape[1] != width:
        raise InputError(f"{name} was declared for {width} columns but x has {x.shape[1]}; give the layout of x.")


def image_columns(image_shape: tuple[int, ...]) -> NDArray[np.intp]:
    """Column numbers laid out as the image; rows and columns are its last two axes, bands may come before.

    Raises
    ------
    InputError
        If it is not the shape of an image.
    """
    if len(image_shape) < 2 or any(int(side) != side or side < 1 for side in image_shape):
        raise InputError(f"image_shape is {image_shape}; give (rows, columns) or (bands, rows, columns).")
    return np.arange(int(np.prod(image_shape))).reshape(image_shape)
