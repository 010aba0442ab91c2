"""Ranks of truths among posterior draws, and what their normal scores say about the size of bias and widths.

If the truth is one more draw of its posterior, its rank r among s draws is uniform on 0..s, whatever s is (Cook, Gelman
& Rubin 2006, J. Comput. Graph. Stat. 15, 675; Talts et al. 2018, arXiv:1804.06788). If the posterior is a normal whose
mean is off by b and whose width is 1/k of the right one, the truth lies at y ~ N(b, k^2) in units of the posterior, and
r given y is binomial with probability Phi(y). From these, the mean and mean square of the normal score of r follow
for every b and k and every s; `location_and_scale` inverts them, so a hundred draws and ten thousand give the same b
and k on average.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from checkstar.estimates import at_least_normal, from_influence, kish, normalised_weights
from checkstar.evidence import Estimate

__all__ = ["LocationScale", "chunks", "location_and_scale", "mean_scores", "ranks", "uniform_scores"]

Array = NDArray[np.float64]
Ranks = NDArray[np.intp]

#: Numbers held at once by a chunk of objects: 32 MB.
_MOST = 4_000_000
#: Widths are wrong by at most exp(5) = 148, biases are at most 50 sigma: beyond, ranks do not tell.
_LARGEST_LOG, _LARGEST_BIAS = 5.0, 50.0


class LocationScale(NamedTuple):
    """Bias (truth minus posterior, in sigma of the posterior) with its influence, ln of the right width over the claimed."""

    bias: Estimate
    log_width: Estimate
    influence: Array


def chunks(n: int, elements: int) -> Iterator[slice]:
    """Slices of `n` objects, each holding a bounded number of numbers at `elements` an object."""
    step = max(1, _MOST // max(elements, 1))
    return (slice(start, min(start + step, n)) for start in range(0, n, step))


def ranks(draws: Array, truth: Array, rng: np.random.Generator) -> Ranks:
    """How many draws lie below the truth, 0..s, ties broken at random: `draws` (n, s, ...), `truth` (n, ...).

    Examples
    --------
    >>> ranks(np.array([[1.0, 2.0, 3.0]]), np.array([2.5]), np.random.default_rng(0)).tolist()
    [2]
    """
    below, equal = np.empty(truth.shape, dtype=np.intp), np.empty(truth.shape, dtype=np.intp)
    for rows in chunks(len(truth), int(np.prod(draws.shape[1:]))):
        here = truth[rows][:, None]
        below[rows] = np.count_nonzero(draws[rows] < here, axis=1)
        equal[rows] = np.count_nonzero(draws[rows] == here, axis=1)
    return below + rng.integers(0, equal + 1)


def uniform_scores(rank: Ranks, n_draws: int, rng: np.random.Generator) -> Array:
    """Ranks 0..s as numbers that are exactly uniform on (0, 1) if the ranks are uniform: ``(r + U) / (s + 1)``."""
    return (rank + rng.random(rank.shape)) / (n_draws + 1)


def mean_scores(rank: Ranks, n_draws: int) -> Array:
    """Mean normal score of each rank: that of ``Phi^-1((r + U) / (s + 1))`` over U. Their mean is zero if calibrated."""
    return _score_moments(n_draws)[0][rank]


def location_and_scale(
    rank: Ranks, n_draws: int, units: NDArray[np.intp], weights: Array | None = None
) -> LocationScale:
    """Bias and width of normal posteriors that give truths these ranks (n,).

    The interval of the width is no narrower than that of as many normal pulls (chi^2): the fourth moment of few is too
    small more often than not.
    """
    scores = np.stack([moment[rank] for moment in _score_moments(n_draws)])
    w = normalised_weights(weights, len(rank))
    wanted = (w * scores).mean(axis=1)
    solution = _solve(wanted, n_draws)
    slopes = np.linalg.pinv(_slopes(solution, n_draws), rcond=1e-3)
    influence = w * (slopes @ (scores - wanted[:, None]))
    bias, log_width = (from_influence(solution[i], influence[i], units, weights) for i in range(2))
    n_effective = len(rank) if weights is None else kish(w)
    return LocationScale(bias, at_least_normal(log_width, n_effective), influence[0])


@lru_cache(maxsize=16)
def _score_moments(n_draws: int) -> tuple[Array, Array]:
    """Mean and mean square of the normal scores in each of the s + 1 cells of equal probability."""
    edges = special.ndtri(np.arange(n_draws + 2) / (n_draws + 1))
    density = np.exp(-0.5 * edges**2) / math.sqrt(2 * math.pi)
    moment = np.where(np.isfinite(edges), edges, 0.0) * density
    return -(n_draws + 1) * np.diff(density), 1 - (n_draws + 1) * np.diff(moment)


@lru_cache(maxsize=16)
def _moments_given_position(n_draws: int) -> tuple[Array, Array, Array]:
    """Positions y of the truth in units of the posterior, and the mean score and its square that its rank gives."""
    y = np.linspace(-9, 9, 721)
    below, above = special.log_ndtr(y)[:, None], special.log_ndtr(-y)[:, None]
    rank = np.arange(n_draws + 1)
    chances = special.gammaln(n_draws + 1) - special.gammaln(rank + 1) - special.gammaln(n_draws - rank + 1)
    moments = np.empty((2, len(y)))
    cells = np.stack(_score_moments(n_draws), axis=1)
    for rows in chunks(len(y), n_draws + 1):
        weight = np.exp(chances + rank * below[rows] + (n_draws - rank) * above[rows])
        moments[:, rows] = (weight @ cells).T
    return y, moments[0], moments[1]


_NODES = np.linspace(-8, 8, 401)
_NODE_WEIGHTS = np.exp(-0.5 * _NODES**2) / np.exp(-0.5 * _NODES**2).sum()


def _expected(parameters: Array, n_draws: int) -> Array:
    """Mean normal score and its mean square for truths at N(b, k^2), parameters (b, ln k)."""
    y, first, second = _moments_given_position(n_draws)
    at = parameters[0] + math.exp(parameters[1]) * _NODES
    return np.array([np.interp(at, y, moment) @ _NODE_WEIGHTS for moment in (first, second)])


def _slopes(parameters: Array, n_draws: int) -> Array:
    step = 1e-3 * np.eye(2)
    columns = [(_expected(parameters + h, n_draws) - _expected(parameters - h, n_draws)) / 2e-3 for h in step]
    return np.stack(columns, axis=1)


def _solve(wanted: Array, n_draws: int) -> Array:
    """Parameters (b, ln k) whose expected moments are the measured ones, by Newton's method within bounds."""
    bounds = np.array([_LARGEST_BIAS, _LARGEST_LOG])
    parameters = np.array([wanted[0], 0.5 * math.log(max(wanted[1] - wanted[0] ** 2, 1e-4))])
    for _ in range(50):
        missing = wanted - _expected(parameters, n_draws)
        # A ridge keeps the step finite where all ranks are extreme and the moments flat.
        slopes = _slopes(parameters, n_draws)
        step = np.linalg.solve(slopes.T @ slopes + 1e-9 * np.eye(2), slopes.T @ missing)
        new = np.clip(parameters + np.clip(step, -1, 1), -bounds, bounds)
        if np.abs(new - parameters).max() < 1e-8:
            break
        parameters = new
    return parameters
