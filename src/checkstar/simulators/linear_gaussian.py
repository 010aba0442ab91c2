"""One label seen through linear features with normal noise: every posterior and every bias is known in closed form."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["LinearGaussian", "linear_gaussian"]


class LinearGaussian(NamedTuple):
    """Labels `y` (n,), features `x` (n, p), the noise `sigma` of each feature, and the efficient estimate.

    `estimate` (n,) is the mean of the features: normal around `y` with standard deviation `noise`, and sufficient. With
    a normal training set of mean m and standard deviation t, the posterior mean is ``w estimate + (1 - w) m`` with
    ``w = t^2 / (t^2 + noise^2)``, and its standard deviation is ``noise sqrt(w)``.
    """

    y: NDArray[np.float64]
    x: NDArray[np.float64]
    sigma: float
    estimate: NDArray[np.float64]
    noise: float


def linear_gaussian(
    n: int, rng: Any = None, *, n_features: int = 4, noise: float = 0.5, mean: float = 0.0, std: float = 1.0
) -> LinearGaussian:
    """Draw `n` objects with labels N(mean, std^2).

    Parameters
    ----------
    n : int
    rng : anything `numpy.random.default_rng` accepts
    n_features : int
    noise : float
        Standard deviation of the efficient estimate of one object's label.
    mean, std : float
        Of the population.

    Examples
    --------
    >>> drawn = linear_gaussian(1000, rng=0)
    >>> drawn.x.shape, round(float(np.std(drawn.estimate - drawn.y)), 1)
    ((1000, 4), 0.5)
    """
    generator = np.random.default_rng(rng)
    y = mean + std * generator.standard_normal(n)
    sigma = noise * np.sqrt(n_features)
    x = y[:, None] + sigma * generator.standard_normal((n, n_features))
    return LinearGaussian(y, x, float(sigma), x.mean(axis=1), noise)
