"""Calibrated: error bars multiplied by what objects that the method was not shown say."""

from __future__ import annotations

from typing import ClassVar, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from checkstar.data.dataset import Dataset
from checkstar.errors import InputError, unknown_name
from checkstar.methods.error_factors import LARGEST_FACTOR, SMALLEST_FACTOR, factor_of, robust_factor
from checkstar.methods.rescaling import rescaled
from checkstar.methods.wrappers import Held, Wrapper
from checkstar.noise import Noise
from checkstar.prediction import Classes, Point, Prediction, Samples

__all__ = ["Calibrated"]

Array = NDArray[np.float64]
Law = Literal["factor", "power", "bins"]

#: Objects a bin: the factor of fewer is known to no better than 16 %.
_PER_BIN = 20


class Calibrated(Wrapper):
    """Multiply the error bars of a method by a factor measured on objects that it was not shown.

    Each training object is predicted by a copy of the method that was fitted without its group (cross-fitting). The
    factor f makes the mean square pull of these predictions one, ``mean (y - mean)^2 / ((f sigma)^2 + y_err^2) = 1``, for
    normal errors the f of largest likelihood. The copies learn from a little less than all objects, so f is a little
    too large rather than too small. The shape of the distributions stays: a factor cannot mend tails (`Conformal` can).
    Least of all catastrophic ones, of which one could set the factor alone: errors beyond `outlier` times the half-width
    that holds 68.3 % of them do not count, and their share is kept in ``outliers_``.

    The estimand is that of the inner method.

    Parameters
    ----------
    method : Method or scikit-learn estimator
        Predicts numbers with error bars.
    law : {"factor", "power", "bins"}
        One factor; a power law of the claimed sigma, ``f = a sigma^b`` with the a and b of largest normal likelihood;
        or a factor of each of `n_bins` quantile bins of the claimed sigma.
    n_bins : int
        Largest number of bins; each has at least 20 objects.
    shift : bool
        Whether to add to each label the constant that makes the mean pull zero.
    outlier : float
        Errors beyond so many robust widths do not count; infinity counts all.
    n_folds : int
        Folds of the cross-fitting (fewer if there are fewer groups). The method is fitted once more on all objects.
    random_state : int
        Seed of the folds and of the method.

    Attributes
    ----------
    factors_ : (k, n_bins) array
        Factors of the labels, at ``sigma = pivot_`` for a power law.
    slope_ : (k,) array
        Exponents of the power law, zero otherwise.
    shift_ : (k,) array
        Constants added to the means, in the units of the labels.
    outliers_ : (k,) array
        Share of the held-out objects that did not count.

    References
    ----------
    Kuleshov, Fenner & Ermon 2018, ICML (recalibration on held-out data); Levi et al. 2022, Sensors 22, 5540 (sigma
    scaling).

    Examples
    --------
    >>> from checkstar.methods import Cannon
    >>> from checkstar.testing import simulate_spectra
    >>> Calibrated(Cannon()).fit_data(simulate_spectra()).factors_.shape
    (2, 1)
    """

    references: ClassVar[tuple[str, ...]] = (
        "Kuleshov, Fenner & Ermon 2018, ICML",
        "Levi et al. 2022, Sensors 22, 5540",
    )

    def __init__(
        self,
        method: object,
        law: Law = "factor",
        n_bins: int = 5,
        shift: bool = False,
        outlier: float = 10.0,
        n_folds: int = 5,
        random_state: int = 0,
    ) -> None:
        self.method = method
        self.law = law
        self.n_bins = n_bins
        self.shift = shift
        self.outlier = outlier
        self.n_folds = n_folds
        self.random_state = random_state

    def _learn(self, data: Dataset) -> None:
        if self.law not in get_args(Law):
            raise unknown_name("law of Calibrated", str(self.law), get_args(Law))
        if not self.n_bins >= 1:
            raise InputError(f"Calibrated got n_bins={self.n_bins}; at least one is needed.")
        if not self.outlier > 1:
            raise InputError(f"Calibrated got outlier={self.outlier}; it counts robust widths and is larger than one.")
        parts = [_errors(held) for held in self._cross_fit(data, self.n_folds)]
        error, sigma, truth_err, weight = (np.concatenate(columns) for columns in zip(*parts, strict=True))
        laws = [self._law(error[:, j], sigma[:, j], truth_err[:, j], weight[:, 0]) for j in range(error.shape[1])]
        self.edges_, self.factors_, self.slope_, self.pivot_, self.shift_, self.outliers_ = (
            np.array(column) for column in zip(*laws, strict=True)
        )

    def _predict(self, x: Array, noise: Noise | None) -> Prediction:
        prediction = self.method_.predict_distribution(x, noise=noise)
        factor = np.column_stack([self._factor(sigma, j) for j, sigma in enumerate(_claimed(prediction).T)])
        return rescaled(prediction, factor, np.broadcast_to(self.shift_, factor.shape))

    def _factor(self, sigma: Array, label: int) -> Array:
        factor = self.factors_[label, np.searchsorted(self.edges_[label], sigma)]
        factor = factor * (sigma / self.pivot_[label]) ** self.slope_[label]
        return np.clip(factor, SMALLEST_FACTOR, LARGEST_FACTOR)

    def _law(self, error: Array, sigma: Array, truth_err: Array, weight: Array) -> _Law:
        """The law of one label, from the errors (n,) of held-out predictions with claimed `sigma`."""
        usual = np.abs(error) <= self.outlier * np.hypot(
            robust_factor(error, sigma, truth_err, weight) * sigma, truth_err
        )
        outliers = 1 - float(np.average(usual, weights=weight))
        error, sigma, truth_err, weight = error[usual], sigma[usual], truth_err[usual], weight[usual]
        pivot = float(np.exp(np.average(np.log(sigma), weights=weight)))
        shift, slope, scale = 0.0, 0.0, np.ones_like(sigma)
        if self.law == "power":
            slope = _best_slope(error, sigma, pivot, truth_err, weight)
            scale = (sigma / pivot) ** slope
        if self.shift:
            claimed = factor_of(error, sigma * scale, truth_err, weight) * sigma * scale
            per_sigma = weight / np.hypot(claimed, truth_err)
            shift = float(np.sum(per_sigma * error) / np.sum(per_sigma))
        n_bins = min(self.n_bins, max(len(error) // _PER_BIN, 1)) if self.law == "bins" else 1
        edges = np.quantile(sigma, np.arange(1, n_bins) / n_bins)
        position = np.searchsorted(edges, sigma)
        whole = factor_of(error - shift, sigma * scale, truth_err, weight)
        factors = [
            factor_of((error - shift)[inside], (sigma * scale)[inside], truth_err[inside], weight[inside])
            if np.any(weight[inside := position == bin_] > 0)
            else whole
            for bin_ in range(n_bins)
        ]
        return _Law(edges, np.array(factors), slope, pivot, shift, outliers)


class _Law(NamedTuple):
    edges: Array
    factors: Array
    slope: float
    pivot: float
    shift: float
    outliers: float


def _claimed(prediction: Prediction) -> Array:
    """The claimed sigmas (n, k)."""
    sigma = prediction.std()
    if isinstance(prediction, Samples) and (s := prediction.draws.shape[1]) > 3:
        # Mean and spread of s draws scatter: honest pulls are Student's t with s - 1 degrees of freedom.
        sigma = sigma * np.sqrt((1 + 1 / s) * (s - 1) / (s - 3))
    # Draws that are all equal claim an error of zero: no factor could mend that.
    return np.maximum(sigma, 1e-12 * (1 + np.abs(prediction.mean())))


def _errors(held: Held) -> tuple[Array, Array, Array, Array]:
    """Errors, claimed sigmas and errors of the truth (n, k), weights (n, 1) of held-out objects."""
    data, prediction = held
    if isinstance(prediction, Classes):
        raise InputError("Calibrated rescales error bars but its method predicts classes; use TemperatureScaled.")
    if isinstance(prediction, Point):
        raise InputError("Calibrated rescales error bars but its method gives none; use Conformal or DistanceError.")
    assert data.y is not None
    sigma = _claimed(prediction)
    truth_err = np.zeros_like(sigma) if data.y_err is None else data.y_err
    return data.y - prediction.mean(), sigma, truth_err, held.weight()[:, None]


def _best_slope(error: Array, sigma: Array, pivot: float, truth_err: Array, weight: Array) -> float:
    """The exponent of largest normal likelihood, each with its best factor; between -1 (sigma says nothing) and 2."""
    from scipy.optimize import minimize_scalar

    log_sigma = np.log(sigma / pivot)
    if log_sigma.std() < 1e-6:
        return 0.0

    def loss(slope: float) -> float:
        claimed = sigma * np.exp(slope * log_sigma)
        variance = (factor_of(error, claimed, truth_err, weight) * claimed) ** 2 + truth_err**2
        return float(np.average(np.log(variance) + error**2 / variance, weights=weight))

    return float(minimize_scalar(loss, bounds=(-1.0, 2.0), method="bounded").x)
