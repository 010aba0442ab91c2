"""Ridge: linear labels from standardised columns or principal components, with honest errors in closed form."""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from checkstar.errors import InputError
from checkstar.methods.base import Method, check_observations, check_training
from checkstar.methods.projection import fit_projection, project
from checkstar.noise import Noise
from checkstar.prediction import Normal

__all__ = ["Ridge"]

_CHUNK = 256


class Ridge(Method):
    """Ridge regression, its penalty and its error bars from leave-one-out in closed form.

    The predictive distribution is the Bayesian linear posterior: residual variance times one plus the leverage of the
    object, so that errors grow outside the training set. The residual variance comes from leave-one-out residuals;
    the errors of the training labels (`y_err`) are taken out of it. Where noise is given, the share of the training
    noise is replaced by that of the new object, propagated through the coefficients.

    Parameters
    ----------
    n_components : int or None
        Principal components of the standardised columns; None uses all columns.
    penalties : sequence of float, optional
        Penalties to choose from, in units of the largest squared singular value; by default 61 from 1e-10 to 1e2.

    References
    ----------
    Hoerl & Kennard 1970, Technometrics 12, 55; Allen 1974, Technometrics 16, 125 (leave-one-out);
    Bishop 2006, Pattern Recognition and Machine Learning, eq. 3.58 (predictive distribution).

    Examples
    --------
    >>> x = np.linspace(0, 1, 20)[:, None]
    >>> bool(abs(Ridge().fit(x, 3 * x + 1).predict([[0.5]])[0, 0] - 2.5) < 1e-6)
    True
    """

    references = ("Hoerl & Kennard 1970, Technometrics 12, 55", "Allen 1974, Technometrics 16, 125")

    def __init__(self, n_components: int | None = None, penalties: tuple[float, ...] | None = None) -> None:
        self.n_components = n_components
        self.penalties = penalties

    def fit(self, x: ArrayLike, y: ArrayLike, *, noise: Noise | None = None, y_err: ArrayLike | None = None) -> Self:
        """Learn k labels `y` (n, k) from `x` (n, p)."""
        observations, labels = check_training("Ridge", x, y, noise)
        self.n_features_ = observations.shape[1]
        self.projection_ = fit_projection("Ridge", observations, self.n_components)
        design = project(self.projection_, observations)
        self.centre_, self.intercept_ = design.mean(axis=0), labels.mean(axis=0)
        left, self.singular_, right = np.linalg.svd(design - self.centre_, full_matrices=False)
        self.axes_ = np.ascontiguousarray(right.T)
        residual, leverage = self._choose_penalty(left, labels - self.intercept_)
        shrunk = self.singular_[:, None] / (self.singular_[:, None] ** 2 + self.penalty_)
        # C order, as a loaded array has it: another order rounds differently.
        self.coefficients_ = np.ascontiguousarray(self.axes_ @ (shrunk * (left.T @ (labels - self.intercept_))))
        self._learn_errors(residual, leverage, labels, y_err)
        self.noise_variance_ = np.zeros(labels.shape[1])
        if noise is not None:
            self.noise_variance_ = np.diagonal(self._propagated(observations, noise), axis1=1, axis2=2).mean(axis=0)
        return self

    def predict_distribution(self, x: ArrayLike, *, noise: Noise | None = None) -> Normal:
        """Normal predictions (n, k) with the covariance between labels."""
        self._fitted()
        observations = check_observations("Ridge", x, noise, self.n_features_)
        design = project(self.projection_, observations) - self.centre_
        inside = np.square(design @ self.axes_)
        # What lies outside the span of the training set is known from the prior alone.
        outside = np.maximum(np.square(design).sum(axis=1) - inside.sum(axis=1), 0.0)[:, None]
        leverage = inside @ (1.0 / (self.singular_[:, None] ** 2 + self.penalty_)) + outside / self.penalty_
        residual = np.broadcast_to(self.variance_, leverage.shape)
        extra = np.zeros((*leverage.shape, leverage.shape[1]))
        if noise is not None:
            residual = np.maximum(residual - self.noise_variance_, 0.01 * residual)
            extra = self._propagated(observations, noise)
        scale = np.sqrt(residual + self.variance_ * (leverage + 1.0 / self.n_training_))
        covariance = scale[:, :, None] * scale[:, None, :] * self.correlation_ + extra
        std = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
        return Normal(design @ self.coefficients_ + self.intercept_, std, covariance)

    def jacobian(self, x: ArrayLike, *, noise: Noise | None = None) -> NDArray[np.float64]:
        """Derivatives (n, k, p) of the labels by `x` (n, p): the same for all."""
        self._fitted()
        observations = check_observations("Ridge", x, noise, self.n_features_)
        slope = self._slope()
        return np.broadcast_to(slope, (len(observations), *slope.shape))

    def _slope(self) -> NDArray[np.float64]:
        """Coefficients (k, p) of the columns as they were given."""
        slope = self.coefficients_
        if "axes" in self.projection_:
            slope = self.projection_["axes"] @ slope
        return (slope / self.projection_["scale"][:, None]).T

    def _choose_penalty(
        self, left: NDArray[np.float64], target: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Set the penalty (k,) of least leave-one-out error; residuals (n, k) of the fit and leverages (n, k)."""
        largest = float(self.singular_[0]) ** 2
        # Columns that are all constant have no scale of their own; standardised ones would have this.
        largest = largest if largest > 1e-20 * len(target) else float(len(target))
        grid = np.logspace(-10, 2, 61) if self.penalties is None else np.asarray(self.penalties, dtype=float)
        if grid.size == 0 or not (np.isfinite(grid) & (grid > 0)).all():
            raise InputError("Ridge got penalties that are not positive; give at least one positive number.")
        coordinates = left.T @ target
        best = np.full(target.shape[1], np.inf)
        residual, leverage = np.empty_like(target), np.empty_like(target)
        self.penalty_ = np.empty(target.shape[1])
        for penalty in grid * largest:
            kept = self.singular_**2 / (self.singular_**2 + penalty)
            misfit = target - left @ (kept[:, None] * coordinates)
            own = np.minimum(np.square(left) @ kept + 1.0 / len(target), 1 - 1e-9)
            score = np.square(misfit / (1 - own)[:, None]).mean(axis=0)
            better = score < best
            best[better], self.penalty_[better] = score[better], penalty
            residual[:, better], leverage[:, better] = misfit[:, better], own[:, None]
        return residual, leverage

    def _learn_errors(
        self,
        residual: NDArray[np.float64],
        leverage: NDArray[np.float64],
        labels: NDArray[np.float64],
        y_err: ArrayLike | None,
    ) -> None:
        """Residual variance (k,) and correlation (k, k) of what the labels scatter around the prediction."""
        self.n_training_ = len(labels)
        # e^2 / (1 - h) estimates the variance without bias for left-out objects: their own leverage is h / (1 - h).
        variance = (np.square(residual) / (1 - leverage)).mean(axis=0)
        known = 0.0 if y_err is None else np.square(np.asarray(y_err, dtype=float)).mean(axis=0)
        floor = np.square(1e-9 * labels.std(axis=0) + 1e-12 * (1 + np.abs(labels.mean(axis=0))))
        self.variance_ = np.maximum(np.maximum(variance - known, 0.01 * variance), floor)
        left_out = residual / (1 - leverage) / np.sqrt(self.variance_)
        second = left_out.T @ left_out + 1e-6 * np.eye(labels.shape[1])
        norm = np.sqrt(np.diag(second))
        self.correlation_ = second / np.outer(norm, norm)

    def _propagated(self, observations: NDArray[np.float64], noise: Noise) -> NDArray[np.float64]:
        """Covariance (n, k, k) of the predictions from the noise of the observations."""
        slope = self._slope()
        parts = []
        for start in range(0, max(len(observations), 1), _CHUNK):
            rows = slice(start, start + _CHUNK)
            some = observations[rows]
            parts.append(noise[rows].propagate(np.broadcast_to(slope, (len(some), *slope.shape)), some))
        return np.concatenate(parts)
