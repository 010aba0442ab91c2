"""Rescaling: symmetries that multiply each column by a factor and add a constant: units, zero points, times."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np
from numpy.typing import NDArray

from checkstar.noise import Noise
from checkstar.symmetries.base import Element, Symmetry
from checkstar.symmetries.moved_noise import MovedNoise, rescaled

__all__ = ["Rescaling"]


class Rescaling(Symmetry):
    """A symmetry ``x -> scale x + offset``, column by column."""

    @abstractmethod
    def factors(self, g: Element, n_features: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Scale and offset (p,) of each column."""

    def act(self, g: Element, x: NDArray[np.float64]) -> NDArray[np.float64]:
        scale, offset = self.factors(g, x.shape[1])
        return x * scale + offset

    def move_sigma(self, g: Element, sigma: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[np.float64]:
        return sigma * np.abs(self.factors(g, x.shape[1])[0])

    def move_noise(self, g: Element, noise: Noise, x: NDArray[np.float64]) -> Noise:
        return rescaled(noise, *self.factors(g, x.shape[1])) or MovedNoise.of(noise, self, g)
