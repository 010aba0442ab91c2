"""Shape of a population as a histogram: the weights of bins, from posteriors with their interim prior divided out."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from checkstar.errors import InputError
from checkstar.estimates import from_influence, normalised_weights
from checkstar.evidence import Estimate
from checkstar.populations.likelihoods import likelihoods_of
from checkstar.populations.priors import InterimPrior
from checkstar.prediction import Prediction

__all__ = ["HistogramPopulation", "infer_histogram"]

Array = NDArray[np.float64]

_ITERATIONS = 20_000
#: The likelihood of all objects together changes by less than this at the end.
_CONVERGED = 1e-7


@dataclass(frozen=True, kw_only=True, eq=False)
class HistogramPopulation:
    """A population that is flat within bins.

    Attributes
    ----------
    edges : (b + 1,) array
    weights : tuple of Estimate
        Share of the population in each bin.
    mean : Estimate
        Its mean, with every bin at its centre.
    n_outside : int
        Objects whose likelihood vanishes in all bins; they were left out.
    """

    edges: Array
    weights: tuple[Estimate, ...]
    mean: Estimate
    n_outside: int


def infer_histogram(
    prediction: Prediction,
    prior: InterimPrior,
    edges: ArrayLike,
    *,
    label: int = 0,
    weights: ArrayLike | None = None,
    units: NDArray[np.intp] | None = None,
) -> HistogramPopulation:
    """Weights of the bins `edges` (b + 1,) of a population, by maximum likelihood.

    The likelihood is concave; it is climbed by the EM algorithm, accelerated (SQUAREM). Bins narrower than the errors
    of single objects are told apart badly: their intervals say so, and their weights tend to zero in turn.

    Parameters
    ----------
    prediction, prior, label, weights, units
        As in `infer_normal`.
    edges : (b + 1,) array
        Increasing; they should reach beyond all objects.

    Returns
    -------
    HistogramPopulation

    Raises
    ------
    InputError
        If the edges do not increase, or no object lies within them.

    References
    ----------
    Hogg, Myers & Bovy 2010, ApJ 725, 2166; Varadhan & Roland 2008, Scand. J. Stat. 35, 335 (SQUAREM).
    """
    edge = np.asarray(edges, dtype=float)
    if edge.ndim != 1 or len(edge) < 3 or not (np.diff(edge) > 0).all():
        raise InputError(f"edges have shape {edge.shape}; give at least three increasing edges.")
    likelihoods = likelihoods_of(prediction, prior, label=label)
    table = likelihoods.bins((edge - likelihoods.centre) / likelihoods.scale)
    inside = table.sum(axis=1) > 0
    if not inside.any():
        raise InputError(f"no object lies between the edges {edge[0]:g} and {edge[-1]:g}; give wider ones.")
    w = normalised_weights(None if weights is None else np.asarray(weights, dtype=float), len(table)) * inside
    table = np.where(inside[:, None], table, 1.0)
    share = _climbed(table, w)
    influence = _influence(table, w, share)
    codes = np.arange(len(table)) if units is None else units
    given = None if weights is None else w
    estimates = [from_influence(float(s), w * i, codes, given) for s, i in zip(share, influence.T, strict=True)]
    tops = _tops(table, w, share)
    centre = 0.5 * (edge[1:] + edge[:-1])
    return HistogramPopulation(
        edges=edge,
        weights=tuple(
            e._replace(low=max(e.low, 0.0), high=min(max(e.high, t), 1.0)) for e, t in zip(estimates, tops, strict=True)
        ),
        mean=from_influence(float(share @ centre), w * (influence @ centre), codes, given),
        n_outside=int((~inside).sum()),
    )


def _climbed(table: Array, w: Array) -> Array:
    """Weights (b,) of greatest likelihood."""
    share = np.full(table.shape[1], 1.0 / table.shape[1])
    value = -math.inf
    for _ in range(_ITERATIONS):
        one = _expected(table, w, share)
        two = _expected(table, w, one)
        first, second = one - share, two - 2 * one + share
        curvature = float(np.abs(second).max())
        length = math.sqrt(float(first @ first) / float(second @ second)) if curvature > 1e-300 else 1.0
        leap = np.maximum(share + 2 * length * first + length**2 * second, 0.0)
        leap = _expected(table, w, leap / leap.sum()) if leap.sum() > 0 else two
        found = [(_log_likelihood(table, w, s), s) for s in (leap, two)]
        best, share = max(found, key=lambda pair: pair[0])
        if best - value < _CONVERGED:
            break
        value = best
    # EM comes near an empty bin and never reaches it.
    share = np.where(_open(share, w.sum()), share, 0.0)
    return share / share.sum()


def _expected(table: Array, w: Array, share: Array) -> Array:
    """One step of EM: the mean of the objects' probabilities (n, b) of lying in each bin."""
    return share * ((w / _density(table, share)) @ table) / w.sum()


def _density(table: Array, share: Array) -> Array:
    return np.maximum(table @ share, 1e-300)


def _log_likelihood(table: Array, w: Array, share: Array) -> float:
    return float(w @ np.log(_density(table, share)))


def _open(share: Array, n: float) -> NDArray[np.bool_]:
    """Bins that are not at their lower edge."""
    return share > 1e-3 / n


def _influence(table: Array, w: Array, share: Array) -> Array:
    """How each object moves each weight (n, b), by the observed information of the bins that are not empty."""
    scores = table / _density(table, share)[:, None] - 1
    free = _open(share, w.sum())
    inverse = np.zeros((len(share), len(share)))
    inverse[np.ix_(free, free)] = _constrained_inverse(_information(table, w, share)[np.ix_(free, free)])
    return len(w) * scores @ inverse


def _information(table: Array, w: Array, share: Array) -> Array:
    scaled = table / _density(table, share)[:, None]
    return (w[:, None] * scaled).T @ scaled


def _constrained_inverse(information: Array) -> Array:
    """Covariance of weights that sum to one."""
    b = len(information)
    basis = np.linalg.svd(np.ones((1, b)))[2][1:]
    if b == 1:
        return np.zeros((1, 1))
    return basis.T @ np.linalg.pinv(basis @ information @ basis.T, rcond=1e-12, hermitian=True) @ basis


def _tops(table: Array, w: Array, share: Array) -> Array:
    """Upper ends (b,) of bins at zero, where the quadratic profile of the likelihood has fallen by 1.92; else zero."""
    free = _open(share, w.sum())
    information = _information(table, w, share)
    slope = (w / _density(table, share)) @ table - w.sum()
    kept = np.linalg.pinv(information[np.ix_(free, free)], rcond=1e-12, hermitian=True)
    tops = np.zeros(len(share))
    for j in np.flatnonzero(~free):
        with_others = information[j, free]
        curvature = max(float(information[j, j] - with_others @ kept @ with_others), 1e-300)
        fall = max(-float(slope[j]), 0.0)
        tops[j] = (math.sqrt(fall**2 + 2 * 1.92 * curvature) - fall) / curvature
    return np.minimum(tops, 1.0)
