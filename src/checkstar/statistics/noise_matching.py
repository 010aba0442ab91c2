"""Noise matching: degrade the better of two samples, so that a difference of their noise is no difference of the objects.

Every element gets the larger of its own sigma and that of a like element of the other sample: the one nearest in the
value of the same feature, because the noise of a faint source is that of a faint source. Extra noise of variance
``max(s_own, s_other)^2 - s_own^2`` is drawn. Correlated noise has no larger of two: each sample is then observed through
the noise of the other as well, after which both carry the sum.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from checkstar.noise import Covariance, Noise

__all__ = ["match_noise"]

Array = NDArray[np.float64]


def match_noise(
    first: Array, noise_first: Noise, second: Array, noise_second: Noise, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Both samples (n, p) and (m, p), NaN where masked, with more noise where the other has more; masks are kept.

    Examples
    --------
    >>> from checkstar.noise import Gaussian
    >>> rng = np.random.default_rng(0)
    >>> good, bad = rng.normal(0, 1, (2000, 1)), rng.normal(0, 5, (2000, 1))
    >>> good, bad = match_noise(good, Gaussian(1.0), bad, Gaussian(5.0), rng)
    >>> round(float(good.std())), round(float(bad.std()))
    (5, 5)
    """
    if isinstance(noise_first, Covariance) or isinstance(noise_second, Covariance):
        return _observed_through(first, noise_second, len(second), rng), _observed_through(
            second, noise_first, len(first), rng
        )
    sigmas = noise_first.sigma(np.nan_to_num(first)), noise_second.sigma(np.nan_to_num(second))
    return _degraded(first, sigmas[0], second, sigmas[1], rng), _degraded(second, sigmas[1], first, sigmas[0], rng)


def _observed_through(x: Array, noise: Noise, n_other: int, rng: np.random.Generator) -> Array:
    filled = np.nan_to_num(x)
    return x + noise[rng.integers(n_other, size=len(x))].draw(filled, rng) - filled


def _degraded(x: Array, sigma: Array, other: Array, sigma_other: Array, rng: np.random.Generator) -> Array:
    worse = np.empty(x.shape)
    for column in range(x.shape[1]):
        worse[:, column] = _borrowed(x[:, column], other[:, column], sigma_other[:, column])
    own = np.where(np.isfinite(sigma), sigma, 0.0)
    extra = np.sqrt(np.maximum(np.square(worse) - np.square(own), 0.0))
    return x + extra * rng.standard_normal(x.shape)


def _borrowed(x: Array, other: Array, sigma_other: Array) -> Array:
    """Sigma (n,) of the object of the other sample that is nearest in this feature; zero where it has none."""
    seen = np.isfinite(other) & np.isfinite(sigma_other)
    if not seen.any():
        return np.zeros(len(x))
    values, sigma = other[seen], sigma_other[seen]
    if sigma.min() == sigma.max():
        return np.full(len(x), sigma[0])
    order = np.argsort(values)
    values, sigma = values[order], sigma[order]
    right = np.clip(np.searchsorted(values, np.nan_to_num(x)), 1, len(values) - 1) if len(values) > 1 else 0
    left = np.maximum(right - 1, 0)
    nearer = np.where(np.abs(values[left] - x) <= np.abs(values[right] - x), left, right)
    return sigma[nearer]
