"""Derivatives of predictions by the observations, in units of their noise: by gradients, by differences, by redraws.

All three give the error that the noise of `x` (n, p) causes in k predicted labels: ``s_prop^2 = J C J^T`` from exact
gradients or from differences in noise-scaled steps, and its Monte Carlo estimate from redrawn noise. They agree for a
method that is linear over the noise; where they differ, the method bends within its own error bars.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from checkstar.noise import Covariance, Noise

__all__ = [
    "Predict",
    "Redrawn",
    "directional_derivatives",
    "propagated_error",
    "redrawn",
    "redrawn_variance",
    "whitened_gradient",
]

Array = NDArray[np.float64]

#: Point predictions (n, k) of observations (n, p) with their noise.
Predict = Callable[[Array, Noise], Array]

_ROWS = 8192
_ELEMENTS = 4_000_000


def propagated_error(gradient: Array) -> Array:
    """Standard error (n, k) from gradients (n, k, p) by whitened observations: sqrt(J C J^T) label by label.

    References
    ----------
    Cramer 1946, Mathematical Methods of Statistics, section 27.7.

    Examples
    --------
    >>> propagated_error(np.array([[[3.0, 4.0]]])).tolist()
    [[5.0]]
    """
    return np.sqrt(np.square(gradient).sum(axis=2))


def whitened_gradient(predict: Predict, x: Array, noise: Noise, *, step: float = 0.1) -> Array:
    """Gradients (n, k, p) of `predict` by whitened observations, by central differences of `step` sigma: 2 p calls.

    Parameters
    ----------
    predict : callable
        ``predict(x, noise) -> (n, k)``.
    step : float
        In units of the noise: much smaller steps drown in single precision, or see nothing of a tree.
    """
    axes = np.eye(x.shape[1])
    return directional_derivatives(predict, x, noise, np.broadcast_to(axes, (len(x), *axes.shape)), step=step)


def directional_derivatives(predict: Predict, x: Array, noise: Noise, directions: Array, *, step: float = 0.1) -> Array:
    """Derivatives (n, k, m) of `predict` along whitened `directions` (n, m, p), by central differences: 2 m calls."""
    n, n_directions, _ = directions.shape
    block = _block(x, noise)
    parts = []
    for start in range(0, n_directions, block):
        chosen = range(start, min(start + block, n_directions))
        shifts = np.concatenate([noise.colour(step * directions[:, i], x) for i in chosen])
        rows = np.tile(np.arange(n), len(chosen))
        there, back = (predict(x[rows] + sign * shifts, noise[rows]) for sign in (1.0, -1.0))
        slopes = (there - back) / (2 * step)
        parts.append(slopes.reshape(len(chosen), n, -1).transpose(1, 2, 0))
    return np.concatenate(parts, axis=2)


def _block(x: Array, noise: Noise) -> int:
    """Directions taken at a time: many calls of few objects are slow, large repeats fill the memory."""
    size = x.size * (x.shape[1] if isinstance(noise, Covariance) else 1)
    return max(1, min(_ROWS // max(len(x), 1), _ELEMENTS // max(size, 1)))


def redrawn_variance(
    predict: Predict, x: Array, noise: Noise, rng: np.random.Generator, n_redraws: int, gradient: Array | None = None
) -> Array:
    """Unbiased variance (n, k) of predictions of observations redrawn from their noise: `n_redraws` calls.

    Parameters
    ----------
    gradient : (n, k, p) array, optional
        By whitened observations. Where it explains most of the scatter, that part is replaced by its expectation (a
        control variate), so that a linear method has no Monte Carlo error at all.
    """
    return redrawn(predict, x, noise, rng, n_redraws, gradient).variance


class Redrawn(NamedTuple):
    """Variance (n, k) of redrawn predictions, and the share (k,) of their squared scatter that the gradient explains.

    The share is at most one, negative where the gradient foretells worse than no change at all, and NaN without one.
    """

    variance: Array
    explained: Array


def redrawn(
    predict: Predict, x: Array, noise: Noise, rng: np.random.Generator, n_redraws: int, gradient: Array | None = None
) -> Redrawn:
    """What `redrawn_variance` gives, and how much of it is linear over the noise; one where nothing moves at all."""
    draws = [noise.draw(x, rng) for _ in range(n_redraws)]
    scatter = _centred(np.stack([predict(drawn, noise) for drawn in draws]))
    variance = np.square(scatter).sum(axis=0) / (n_redraws - 1)
    if gradient is None:
        return Redrawn(variance, np.full(variance.shape[1], np.nan))
    # Masked elements may hold anything, NaN too; they were not redrawn.
    units = (np.nan_to_num(noise.whiten(drawn - x, x)) for drawn in draws)
    linear = _centred(np.stack([np.einsum("nkp,np->nk", gradient, unit) for unit in units]))
    excess = np.square(propagated_error(gradient)) - np.square(linear).sum(axis=0) / (n_redraws - 1)
    left, total = np.square(scatter - linear).sum(axis=(0, 1)), np.square(scatter).sum(axis=(0, 1))
    explained = 1 - np.divide(left, total, out=np.zeros_like(left), where=total > 0)
    return Redrawn(variance + np.where(explained > 0.5, excess, 0.0), explained)


def _centred(values: Array) -> Array:
    return values - values.mean(axis=0)
