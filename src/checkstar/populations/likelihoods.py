"""Likelihoods of single objects: posteriors with their interim prior divided out.

For a population p(y | L) an object's likelihood is, up to a constant, the integral of its posterior times
``p(y | L) / p0(y)``, with p0 the interim prior (Hogg, Myers & Bovy 2010, ApJ 725, 2166, eq. 9). Here it is given as its
logarithm and as the moments of y under posterior times that ratio, from which all derivatives follow exactly.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from checkstar.errors import InputError
from checkstar.populations.priors import InterimPrior, NormalPrior
from checkstar.prediction import Mixture, Normal, Prediction, Samples

__all__ = ["DrawnLikelihoods", "Likelihoods", "NormalLikelihoods", "Terms", "likelihoods_of", "points_of"]

Array = NDArray[np.float64]

#: Elements of one chunk: what a processor's cache holds.
_CHUNK_ELEMENTS = 65_536
#: Points that stand for a density which is neither normal nor given by draws.
_QUADRATURE = 400


class Terms(NamedTuple):
    """What a normal population of given mean and width says of n objects.

    Attributes
    ----------
    log_likelihood : (n,) array
    moments : (n, 4) array
        Mean of u, u^2, u^3, u^4 under posterior times population over prior, with u the label in the population's
        units.
    squares : (n, 5) array
        Sums of w^2 u^k, k = 0..4, of the normalised weights w of the draws; zero where there are none.
    """

    log_likelihood: Array
    moments: Array
    squares: Array


class Likelihoods(ABC):
    """Of n objects, in labels standardised by the `centre` and `scale` of the interim prior."""

    centre: float
    scale: float

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def terms(self, mean: float, std: float) -> Terms:
        """Under a normal population; `mean` and `std` are standardised."""

    @abstractmethod
    def bins(self, edges: Array) -> Array:
        """Mean likelihood (n, b) in each bin of standardised `edges` (b + 1,), up to a factor of each object."""


class NormalLikelihoods(Likelihoods):
    """``exp(shift y - precision y^2 / 2)``: normal, or flat at precision zero.

    Parameters
    ----------
    precision, shift : (n,) array
        In standardised labels; the precision is not negative.
    """

    def __init__(self, precision: Array, shift: Array, centre: float = 0.0, scale: float = 1.0) -> None:
        self.precision, self.shift, self.centre, self.scale = precision, shift, centre, scale

    def __len__(self) -> int:
        return len(self.precision)

    def terms(self, mean: float, std: float) -> Terms:
        # Completing the square: y is normal with u = (y - mean) / std of mean a and variance v.
        v = 1 / (1 + self.precision * std**2)
        pull = self.shift - self.precision * mean
        a = pull * std * v
        log = 0.5 * np.log(v) + mean * (self.shift - 0.5 * self.precision * mean) + 0.5 * pull * std * a
        moments = np.stack([a, a**2 + v, a * (a**2 + 3 * v), a**4 + 6 * a**2 * v + 3 * v**2], axis=1)
        return Terms(log, moments, np.zeros((len(a), 5)))

    def bins(self, edges: Array) -> Array:
        # A flat likelihood is the limit of a wide one.
        precision = np.maximum(self.precision, 1e-6)[:, None]
        cumulative = special.ndtr((edges - self.shift[:, None] / precision) * np.sqrt(precision))
        inside = np.diff(cumulative, axis=1) / np.diff(edges)
        top = inside.max(axis=1, keepdims=True)
        # An object far from every bin is told by the nearest: the logarithm of its density there.
        middle = 0.5 * (edges[1:] + edges[:-1])
        log = self.shift[:, None] * middle - 0.5 * self.precision[:, None] * middle**2
        outside = np.exp(log - log.max(axis=1, keepdims=True))
        return np.where(top > 1e-200, inside / np.maximum(top, 1e-200), outside)


class DrawnLikelihoods(Likelihoods):
    """Posterior draws (n, s) with the log-density (n, s) of their interim prior; both standardised."""

    def __init__(self, draws: Array, log_prior: Array, centre: float = 0.0, scale: float = 1.0) -> None:
        self.draws, self.log_prior, self.centre, self.scale = draws, log_prior, centre, scale

    def __len__(self) -> int:
        return len(self.draws)

    def terms(self, mean: float, std: float) -> Terms:
        log, moments, squares = np.empty(len(self)), np.empty((len(self), 4)), np.empty((len(self), 5))
        for rows in self._chunks():
            u = (self.draws[rows] - mean) / std
            u2 = u * u
            w, log[rows] = _weights(-0.5 * u2 - self.log_prior[rows] - math.log(std))
            wu, wu2 = w * u, w * u2
            pairs = [(w, u), (w, u2), (wu, u2), (wu2, u2)]
            moments[rows] = np.stack([np.einsum("ns,ns->n", *pair) for pair in pairs], axis=1)
            pairs = [(w, w), (w, wu), (wu, wu), (wu, wu2), (wu2, wu2)]
            squares[rows] = np.stack([np.einsum("ns,ns->n", *pair) for pair in pairs], axis=1)
        return Terms(log, moments, squares)

    def bins(self, edges: Array) -> Array:
        found = np.empty((len(self), len(edges) - 1))
        for rows in self._chunks():
            w = _weights(-self.log_prior[rows])[0]
            # Draws beyond the ends belong to no bin.
            cell = np.searchsorted(edges, self.draws[rows], side="right") - 1
            cell[self.draws[rows] == edges[-1]] = len(edges) - 2
            inside = (cell >= 0) & (cell < found.shape[1])
            flat = (np.arange(len(w))[:, None] * found.shape[1] + cell)[inside]
            found[rows] = np.bincount(flat, weights=w[inside], minlength=w.shape[0] * found.shape[1]).reshape(
                len(w), -1
            )
        return found / np.diff(edges)

    def _chunks(self) -> Iterator[slice]:
        step = max(1, _CHUNK_ELEMENTS // self.draws.shape[1])
        return (slice(start, start + step) for start in range(0, len(self), step))


def _weights(log_ratio: Array) -> tuple[Array, Array]:
    """Normalised weights (n, s) and the logarithm of their mean (n,); works in place."""
    top = log_ratio.max(axis=1, keepdims=True)
    log_ratio -= top
    w = np.exp(log_ratio, out=log_ratio)
    total = w.sum(axis=1, keepdims=True)
    w /= total
    return w, (top + np.log(total))[:, 0] - math.log(w.shape[1])


def likelihoods_of(prediction: Prediction, prior: InterimPrior, *, label: int = 0, rng: Any = None) -> Likelihoods:
    """Divide an interim prior out of posteriors.

    Parameters
    ----------
    prediction : Prediction
        With a spread. Normal posteriors under a normal prior are divided in closed form; samples by importance; other
        densities by points at equal steps of probability.
    prior : InterimPrior
    label : int
        Which of several.

    Raises
    ------
    InputError
        If the predictions say no spread, or are classes.
    """
    if prediction.kind in ("point", "classes"):
        raise InputError(
            f"predictions of kind {prediction.kind!r} are no posteriors, so no prior can be divided out of them; give "
            "standard errors, samples or densities."
        )
    one = prediction.select(label)
    if isinstance(one, Normal) and isinstance(prior, NormalPrior):
        return _divided(one.mean()[:, 0], one.std()[:, 0], prior)
    draws, log_weight = points_of(one)
    log_prior = prior.log_density(draws) + math.log(prior.std) - log_weight
    return DrawnLikelihoods((draws - prior.mean) / prior.std, log_prior, prior.mean, prior.std)


def _divided(mean: Array, std: Array, prior: NormalPrior) -> NormalLikelihoods:
    """1/s_L^2 = 1/s^2 - 1/tau^2; a posterior as wide as the prior says nothing: precision and shift zero."""
    ratio = np.square(prior.std / std)
    informed = ratio > 1
    precision = np.where(informed, ratio - 1, 0.0)
    shift = np.where(informed, (mean - prior.mean) / prior.std * ratio, 0.0)
    return NormalLikelihoods(precision, shift, prior.mean, prior.std)


def points_of(one: Prediction) -> tuple[Array, Array]:
    """Points (n, s) that stand for the density of one label, and the logarithm of their weights, one on average.

    Draws are themselves; mixtures are points at equal steps of probability of each component, other densities of the
    whole.
    """
    if isinstance(one, Samples):
        return one.draws[:, :, 0], np.zeros(one.draws.shape[:2])
    if not isinstance(one, Mixture):
        points = np.stack([one.quantile(float(level))[:, 0] for level in _levels(_QUADRATURE)], axis=1)
        return points, np.zeros(points.shape)
    n, m = one.weights.shape
    steps = special.ndtri(_levels(max(_QUADRATURE // m, 20)))
    points = one.means[:, :, 0, None] + one.stds[:, :, 0, None] * steps
    with np.errstate(divide="ignore"):  # a component without weight
        log_weight = np.log(one.weights * m)
    return points.reshape(n, -1), np.repeat(log_weight, len(steps), axis=1)


def _levels(n: int) -> Array:
    return (np.arange(n) + 0.5) / n
