"""How far a conditional mean varies: is a score that should have the same mean everywhere right locally too?

A score s (a pull, its square) with constant conditional mean has no projection on any function of what was observed.
Its projection on p orthonormal functions has coefficients ``b = mean(phi s)``, and ``|b|`` is the standard deviation
over objects of the part of E[s | observed] that these functions resolve: never more than the whole.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from checkstar.estimates import kish, normalised_weights, unit_count
from checkstar.evidence import Estimate
from checkstar.statistics.quadratic_forms import root_of_squares

__all__ = ["Basis", "Variation", "squared_residuals", "variation"]

Array = NDArray[np.float64]
#: Share of the mean variance below which a direction repeats the others.
_REPEATED = 1e-3


class Basis:
    """Orthonormal functions of features: each feature's normal scores, then their squares, whitened on some objects.

    Normal scores (van der Waerden 1952) bound the leverage of any object, whatever the features' distributions.

    Parameters
    ----------
    features : (n, q) array
        Most important first; constant ones are dropped.
    weights : (n,) array
    max_terms : int
        Functions beyond these are left out, squares first.
    """

    def __init__(self, features: Array, weights: Array, max_terms: int) -> None:
        self.sorted = np.sort(features, axis=0)
        self.used = np.flatnonzero(self.sorted[0] < self.sorted[-1])[:max_terms]
        self.max_terms = max_terms
        terms = self._terms(features)
        w = weights / weights.sum()
        self.centre = w @ terms
        terms = terms - self.centre
        values, axes = np.linalg.eigh((w[:, None] * terms).T @ terms) if terms.size else (np.zeros(0), np.eye(0))
        kept = values > _REPEATED * max(float(values.mean()), 1e-12) if values.size else np.zeros(0, dtype=bool)
        self.axes = axes[:, kept] / np.sqrt(values[kept])

    @property
    def n_terms(self) -> int:
        """Number of functions."""
        return int(self.axes.shape[1])

    def __call__(self, features: Array) -> Array:
        """The functions (m, p) at other objects."""
        return (self._terms(features) - self.centre) @ self.axes

    def _terms(self, features: Array) -> Array:
        n = len(self.sorted)
        scores = np.empty((len(features), len(self.used)))
        for i, column in enumerate(self.used):
            known, values = self.sorted[:, column], features[:, column]
            rank = 0.5 * (np.searchsorted(known, values, "left") + np.searchsorted(known, values, "right"))
            scores[:, i] = special.ndtri((rank + 0.5) / (n + 1))
        return np.hstack([scores, scores**2])[:, : self.max_terms]


class Variation(NamedTuple):
    """Standard deviation of a conditional mean, and the coefficients (p,) on its functions with their covariance (p, p)."""

    estimate: Estimate
    coefficients: Array
    covariance: Array

    def at(self, functions: Array) -> tuple[Array, Array]:
        """Conditional mean (m,) less its average, and standard error (m,), where the functions (m, p) are these."""
        error = np.sqrt(((functions @ self.covariance) * functions).sum(axis=1))
        return functions @ self.coefficients, error


def _residuals(score: Array, functions: Array, w: Array) -> tuple[Array, Array, Array]:
    """Coefficients (p,), residuals (n,), and leverages (n,) of a weighted projection; the weights have mean one."""
    centred = score - float((w * score).mean())
    coefficients = functions.T @ (w * centred) / len(w)
    leverage = w * (1 + np.square(functions).sum(axis=1)) / len(w)
    return coefficients, centred - functions @ coefficients, np.minimum(leverage, 0.9)


def squared_residuals(score: Array, functions: Array, weights: Array | None) -> Array:
    """Squares (n,) of what the projection leaves over, with mean one; unbiased by the fit (HC2, MacKinnon & White 1985)."""
    w = normalised_weights(weights, len(score))
    _, residual, leverage = _residuals(score, functions, w)
    squares = np.square(residual) / (1 - leverage)
    return squares / max(float((w * squares).mean()), 1e-12)


def variation(score: Array, functions: Array, units: NDArray[np.intp], weights: Array | None) -> Variation:
    """Standard deviation over objects of the conditional mean of `score` (n,), as far as orthonormal `functions` resolve.

    Debiased, with the interval of `root_of_squares`; the covariance is robust and sums influence by unit (HC3).
    """
    n, g = len(score), unit_count(units)
    w = normalised_weights(weights, n)
    coefficients, residual, leverage = _residuals(score, functions, w)
    if g < n:  # a unit left out takes the leverage of all its objects with it
        leverage = np.minimum(np.bincount(units, weights=leverage), 0.9)[units]
    influence = functions * (w * residual / (1 - leverage))[:, None]
    if g < n:
        sums = np.zeros((g, functions.shape[1]))
        np.add.at(sums, units, influence)
        influence = sums
    covariance = g / max(g - 1, 1) * influence.T @ influence / n**2
    return Variation(root_of_squares(coefficients, covariance, kish(w, units)), coefficients, covariance)
