"""Moved noise: the noise of observations that a symmetry has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from checkstar.noise import Covariance, Gaussian, Noise, Poisson

if TYPE_CHECKING:
    from checkstar.symmetries.base import Element, Symmetry

__all__ = ["MovedNoise", "rearranged", "rescaled"]


class MovedNoise(Noise):
    """Noise of any kind, carried along: the observations are changed back, observed again, and changed.

    Parameters
    ----------
    noise : Noise
        Of the observations as they were.
    symmetry, element
        What was done to them.
    """

    def __init__(self, noise: Noise, symmetry: Symmetry, element: Element) -> None:
        self.noise, self.symmetry, self.element = noise, symmetry, element

    def draw(self, x: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
        back = self._back(x)
        drawn = self.symmetry.act(self.element, self.noise.draw(back, rng))
        # What interpolation loses must not count as noise.
        return drawn if self.symmetry.exact else x + drawn - self.symmetry.act(self.element, back)

    def sigma(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        back = self._back(x)
        return self.symmetry.move_sigma(self.element, self.noise.sigma(back), back)

    def __getitem__(self, index: Any) -> MovedNoise:
        return MovedNoise(self.noise[index], self.symmetry, self.element)

    def __repr__(self) -> str:
        return f"MovedNoise({self.noise!r}, {self.symmetry.describe(self.element)})"

    @classmethod
    def of(cls, noise: Noise, symmetry: Symmetry, element: Element) -> Noise:
        """The noise moved; noise that this symmetry has moved before is not wrapped twice."""
        if isinstance(noise, MovedNoise) and noise.symmetry == symmetry:
            element, noise = symmetry.compose(element, noise.element), noise.noise
        return noise if symmetry.size(element) == 0 else cls(noise, symmetry, element)

    def _back(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        return self.symmetry.act(self.symmetry.inverse(self.element), x)


def rearranged(noise: Noise, columns: NDArray[np.intp]) -> Noise | None:
    """The noise of ``x[:, columns]``; None where its kind cannot say."""
    match noise:
        case Gaussian():
            return noise if noise.sigma_.ndim == 0 else Gaussian(noise.sigma_[..., columns])
        case Covariance():
            return Covariance(noise.covariance_[..., columns, :][..., columns])
        case Poisson():
            return noise
    return None


def rescaled(noise: Noise, scale: NDArray[np.float64], offset: NDArray[np.float64]) -> Noise | None:
    """The noise of ``scale x + offset``, both of shape (p,); None where its kind cannot say."""
    match noise:
        case Gaussian():
            # One sigma for all stays one sigma where nothing is scaled.
            return noise if (scale == 1).all() else Gaussian(noise.sigma_ * np.abs(scale))
        case Covariance():
            return Covariance(noise.covariance_ * np.multiply.outer(scale, scale))
        case Poisson() if (scale == scale[0]).all() and scale[0] > 0 and not offset.any():
            return Poisson(noise.gain / float(scale[0]), noise.read_noise)
    return None
