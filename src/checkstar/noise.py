"""Noise: how the observations would differ if they were observed again: draw, whiten, propagate.

Every noise acts on `x` of shape (n_objects, n_features) and can be indexed by object like an array.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from checkstar.errors import InputError

__all__ = ["Covariance", "Custom", "Gaussian", "Noise", "Poisson"]

Index = Any


class Noise(ABC):
    """What every noise can do. Masked elements (infinite sigma) carry no information and are never redrawn."""

    @abstractmethod
    def draw(self, x: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
        """Observe again: `x` (n, p) with one more realisation of the noise; a new array."""

    @abstractmethod
    def sigma(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Standard deviation of each element of `x` (n, p); infinite where masked."""

    @abstractmethod
    def __getitem__(self, index: Index) -> Noise:
        """The noise of some of the objects."""

    def inverse_variance(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """1/sigma^2 of each element of `x` (n, p); zero where masked."""
        return 1.0 / np.square(self.sigma(x))

    def whiten(self, residual: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[np.float64]:
        """`residual` (n, p) in units of the noise of `x`: independent unit normals if it is nothing but noise."""
        return residual / self.sigma(x)

    def colour(self, unit: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[np.float64]:
        """The change (n, p) of `x` whose whitened form is `unit`: L u with C = L L^T; nothing where masked."""
        sigma = self.sigma(x)
        return unit * np.where(np.isfinite(sigma), sigma, 0.0)

    def whiten_gradient(self, jacobian: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Gradients (n, k, p) by whitened observations of functions with gradients `jacobian` (n, k, p): J L."""
        sigma = self.sigma(x)
        return jacobian * np.where(np.isfinite(sigma), sigma, 0.0)[:, None, :]

    def propagate(self, jacobian: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Covariance (n, k, k) of k linear functions of `x` with gradients `jacobian` (n, k, p): J C J^T."""
        scaled = self.whiten_gradient(jacobian, x)
        return scaled @ np.swapaxes(scaled, 1, 2)


class Gaussian(Noise):
    """Independent normal noise per element.

    Parameters
    ----------
    sigma : float, (p,) or (n, p) array
        Standard deviation, in the unit of `x`. Infinite marks a masked element.

    Raises
    ------
    InputError
        If a sigma is negative, zero or NaN.

    Examples
    --------
    >>> Gaussian(0.5).whiten(np.array([[1.0]]), np.array([[3.0]])).tolist()
    [[2.0]]
    """

    def __init__(self, sigma: ArrayLike) -> None:
        array = np.asarray(sigma, dtype=float)
        # One row is one sigma per feature, for any number of objects.
        array = array[0] if array.ndim == 2 and len(array) == 1 else array
        bad = ~(array > 0)
        if bad.any():
            raise InputError(
                f"{int(bad.sum())} of {array.size} noise sigmas are not positive; give positive standard deviations "
                "and infinity for masked elements."
            )
        self.sigma_ = array

    @classmethod
    def from_inverse_variance(cls, inverse_variance: ArrayLike) -> Gaussian:
        """Noise from inverse variances (n, p): zero, negative or NaN means masked."""
        ivar = np.asarray(inverse_variance, dtype=float)
        good = ivar > 0
        return cls(np.where(good, 1.0 / np.sqrt(np.where(good, ivar, 1.0)), np.inf))

    def draw(self, x: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
        sigma = self.sigma(x)
        return x + rng.standard_normal(x.shape) * np.where(np.isfinite(sigma), sigma, 0.0)

    def sigma(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        try:
            return np.broadcast_to(self.sigma_, x.shape)
        except ValueError:
            raise InputError(
                f"the noise has shape {self.sigma_.shape} but x has shape {x.shape}; "
                "give one sigma, one per feature, or one per element."
            ) from None

    def __getitem__(self, index: Index) -> Gaussian:
        return Gaussian(self.sigma_[index]) if self.sigma_.ndim == 2 else self

    def __repr__(self) -> str:
        return f"Gaussian(sigma of shape {self.sigma_.shape})"


class Covariance(Noise):
    """Normal noise correlated between the elements of one object.

    Parameters
    ----------
    covariance : (p, p) or (n, p, p) array
        Symmetric positive definite, in the squared unit of `x`.

    Raises
    ------
    InputError
        If a covariance is not symmetric positive definite.
    """

    def __init__(self, covariance: ArrayLike) -> None:
        self.covariance_ = np.asarray(covariance, dtype=float)
        if self.covariance_.ndim not in (2, 3) or self.covariance_.shape[-1] != self.covariance_.shape[-2]:
            raise InputError(f"a covariance has shape (p, p) or (n, p, p); got {self.covariance_.shape}.")
        if not np.allclose(self.covariance_, np.swapaxes(self.covariance_, -1, -2)):
            raise InputError("the covariance is not symmetric; give C with C = C^T.")
        try:
            self._factor = np.linalg.cholesky(self.covariance_)
        except np.linalg.LinAlgError:
            raise InputError("the covariance is not positive definite; add its missing variance.") from None

    def draw(self, x: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
        return x + self.colour(rng.standard_normal(x.shape), x)

    def sigma(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.broadcast_to(np.sqrt(np.diagonal(self.covariance_, axis1=-2, axis2=-1)), x.shape)

    def whiten(self, residual: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[np.float64]:
        factor = np.broadcast_to(self._factor, (*residual.shape, residual.shape[-1]))
        return np.linalg.solve(factor, residual[..., None])[..., 0]

    def colour(self, unit: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.einsum("...ij,...j->...i", self._factor, unit)

    def whiten_gradient(self, jacobian: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[np.float64]:
        return jacobian @ self._factor

    def propagate(self, jacobian: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[np.float64]:
        return jacobian @ self.covariance_ @ np.swapaxes(jacobian, 1, 2)

    def __getitem__(self, index: Index) -> Covariance:
        return Covariance(self.covariance_[index]) if self.covariance_.ndim == 3 else self

    def __repr__(self) -> str:
        return f"Covariance(shape {self.covariance_.shape})"


class Poisson(Noise):
    """Counting noise: ``x * gain`` counts, plus normal `read_noise` counts.

    Parameters
    ----------
    gain : float
        Counts (electrons) per unit of `x`.
    read_noise : float
        Standard deviation of the read-out, in counts.
    """

    def __init__(self, gain: float = 1.0, read_noise: float = 0.0) -> None:
        if not gain > 0 or read_noise < 0:
            raise InputError(
                f"gain is {gain} and read_noise {read_noise}; gain must be positive, read noise not negative."
            )
        self.gain, self.read_noise = gain, read_noise

    def draw(self, x: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
        counts = rng.poisson(np.clip(x, 0.0, None) * self.gain) - np.clip(x, 0.0, None) * self.gain
        return x + (counts + self.read_noise * rng.standard_normal(x.shape)) / self.gain

    def sigma(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        # An element without expected counts still carries one count of uncertainty.
        return np.sqrt(np.maximum(np.clip(x, 0.0, None) * self.gain + self.read_noise**2, 1.0)) / self.gain

    def __getitem__(self, index: Index) -> Poisson:
        return self

    def __repr__(self) -> str:
        return f"Poisson(gain={self.gain:g}, read_noise={self.read_noise:g})"


class Custom(Noise):
    """Any noise: a function that observes again.

    Parameters
    ----------
    function : callable
        ``function(x, rng) -> x`` with one more realisation of the noise; it may not change its argument.
    sigma : float, (p,) or (n, p) array
        Standard deviation of each element, for whitening and propagation.
    """

    def __init__(
        self, function: Callable[[NDArray[np.float64], np.random.Generator], ArrayLike], sigma: ArrayLike
    ) -> None:
        self.function = function
        self._scale = Gaussian(sigma)

    def draw(self, x: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
        drawn = np.asarray(self.function(x.copy(), rng), dtype=float)
        if drawn.shape != x.shape:
            raise InputError(
                f"the noise function returned shape {drawn.shape} for x of shape {x.shape}; keep the shape."
            )
        return drawn

    def sigma(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        return self._scale.sigma(x)

    def __getitem__(self, index: Index) -> Custom:
        return Custom(self.function, self._scale[index].sigma_)

    def __repr__(self) -> str:
        return f"Custom({getattr(self.function, '__name__', 'function')})"
