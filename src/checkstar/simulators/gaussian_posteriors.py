"""Joint posteriors of any dimension in closed form, right or wrong by known amounts."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from checkstar.errors import InputError

__all__ = ["GaussianPosteriors", "gaussian_posteriors"]

Array = NDArray[np.float64]


class GaussianPosteriors(NamedTuple):
    """What a simulation-based inference gives, and what it should have given.

    `theta` (n, d) is the truth, a draw from the prior N(0, 1); `x` (n, d) is ``theta`` plus correlated normal noise;
    `draws` (n, s, d) are of the claimed posterior, a normal of mean `mean` (n, d) and covariance `covariance` (d, d);
    `log_prob` holds its log-densities at the draws (n, s) and at the truth (n,), as `Run.from_samples` takes them;
    `training` (n, d) are other draws from the prior. The exact posterior is a normal of mean `exact_mean` (n, d) and
    covariance `exact_covariance` (d, d).
    """

    theta: Array
    x: Array
    draws: Array
    log_prob: tuple[Array, Array]
    mean: Array
    covariance: Array
    training: Array
    exact_mean: Array
    exact_covariance: Array


def gaussian_posteriors(
    n: int,
    d: int = 2,
    n_draws: int = 1000,
    rng: Any = None,
    *,
    noise: float = 0.5,
    correlation: float = 0.5,
    width: float = 1.0,
    bias: float = 0.0,
    shrink: float = 0.0,
) -> GaussianPosteriors:
    """Simulate `n` truths from the prior N(0, 1) of `d` parameters, observe them with noise, and claim posteriors.

    The noise has covariance ``S = noise^2 ((1 - correlation) 1 + correlation J)``, so the exact posterior has
    covariance ``C = (1 + S^-1)^-1`` and mean ``m = C S^-1 x``. The claimed one has mean ``(1 - shrink) m``, plus
    `bias` times its exact standard deviation in the first parameter, and covariance
    ``width^2 (C + shrink^2 (1 - C))``: whatever the shrinkage, truths have the claimed scatter about the claimed mean,
    so that all coverage averaged over `x` is right.

    Parameters
    ----------
    n, d, n_draws : int
        Simulations, parameters, draws of each posterior.
    rng : anything `numpy.random.default_rng` accepts
    noise : float
        Standard deviation of the noise of each observed parameter, where the prior has 1.
    correlation : float in (-1 / (d - 1), 1)
        Between the noise of two parameters.
    width : float
        Claimed widths over right ones; below 1 the posteriors are too narrow.
    bias : float
        Offset of the claimed mean of the first parameter, in exact posterior standard deviations.
    shrink : float in [0, 1]
        0 is the exact posterior, 1 is the prior.

    Raises
    ------
    InputError
        If `width` or `noise` is not positive, or the noise has no such correlation.

    Examples
    --------
    >>> found = gaussian_posteriors(1000, 2, 100, rng=0)
    >>> found.draws.shape, bool(np.allclose(found.covariance, found.exact_covariance))
    ((1000, 100, 2), True)
    """
    if not (width > 0 and noise > 0 and correlation * max(d - 1, 1) > -1 and correlation < 1):
        raise InputError(
            f"width is {width}, noise {noise} and correlation {correlation} for {d} parameters; give a positive width "
            "and noise, and a correlation between -1/(d - 1) and 1."
        )
    generator = np.random.default_rng(rng)
    unit = np.eye(d)
    scatter = noise**2 * ((1 - correlation) * unit + correlation)
    exact_covariance = np.linalg.inv(unit + np.linalg.inv(scatter))
    theta, training = generator.standard_normal((2, n, d))
    x = theta + generator.standard_normal((n, d)) @ np.linalg.cholesky(scatter).T
    exact_mean = x @ np.linalg.solve(scatter, exact_covariance)
    covariance = width**2 * (exact_covariance + shrink**2 * (unit - exact_covariance))
    mean = (1 - shrink) * exact_mean + bias * np.sqrt(exact_covariance[0, 0]) * unit[0]
    factor = np.linalg.cholesky(covariance)
    white = generator.standard_normal((n, n_draws, d))
    draws = mean[:, None, :] + white @ factor.T
    constant = -0.5 * d * np.log(2 * np.pi) - np.log(np.diag(factor)).sum()
    at_truth = np.linalg.solve(factor, (theta - mean).T).T
    log_prob = (constant - 0.5 * np.square(white).sum(axis=2), constant - 0.5 * np.square(at_truth).sum(axis=1))
    return GaussianPosteriors(theta, x, draws, log_prob, mean, covariance, training, exact_mean, exact_covariance)
