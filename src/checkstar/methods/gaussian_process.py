"""GaussianProcess: exact regression, its errors those of the labels, of the observations and of what was never seen."""

from __future__ import annotations

from typing import Literal, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import cho_solve, cholesky, solve_triangular

from checkstar.errors import InputError
from checkstar.methods.base import Method, check_observations, check_training
from checkstar.methods.projection import fit_projection, project
from checkstar.noise import Noise
from checkstar.prediction import Normal
from checkstar.statistics.subsamples import some_rows

__all__ = ["GaussianProcess"]

Array = NDArray[np.float64]

#: Up to so many columns each has a length of its own.
_ARD_COLUMNS = 20
_CHUNK_ELEMENTS = 4_000_000
#: Bounds of ln length, ln amplitude, ln scatter and ln share of the noise, in units of the standardised columns and labels.
_LENGTH, _AMPLITUDE, _SCATTER, _SHARE = (-2.0, 5.0), (-3.0, 7.0), (-14.0, 1.0), (-7.0, 1.0)


class GaussianProcess(Method):
    """Gaussian process with a squared-exponential kernel, one a label, of largest marginal likelihood.

    Where noise is given, the error of an object grows by the noise of its observations through the slope of the mean,
    times a share that is learned: part of that noise is in the scatter of the labels already (NIGP, McHutchon & Rasmussen 2011).
    The errors of the training labels are taken out. Exact, so O(n^3) in the number of training objects and O(n^2) for
    each prediction.

    Parameters
    ----------
    max_objects : int
        More training objects than these are thinned at random.
    max_tuned : int
        Objects, drawn at random, on which the kernel is chosen.
    n_components : int, "auto" or None
        Principal components of the standardised columns; None uses all columns, "auto" 30 components of more than 100.
        Up to 20 columns have a length scale each, more share one.
    random_state : int
        Seed of the draws.

    References
    ----------
    Rasmussen & Williams 2006, Gaussian Processes for Machine Learning, alg. 2.1; McHutchon & Rasmussen 2011, NeurIPS 24.
    """

    references = (
        "Rasmussen & Williams 2006, Gaussian Processes for Machine Learning",
        "McHutchon & Rasmussen 2011, NeurIPS 24",
    )

    def __init__(
        self,
        max_objects: int = 4000,
        max_tuned: int = 800,
        n_components: int | Literal["auto"] | None = "auto",
        random_state: int = 0,
    ) -> None:
        self.max_objects = max_objects
        self.max_tuned = max_tuned
        self.n_components = n_components
        self.random_state = random_state

    def fit(self, x: ArrayLike, y: ArrayLike, *, noise: Noise | None = None, y_err: ArrayLike | None = None) -> Self:
        """Choose the kernel of each label of `y` (n, k) and keep the training objects `x` (n, p)."""
        observations, labels = check_training("GaussianProcess", x, y, noise)
        if not (self.max_objects >= 2 and self.max_tuned >= 2):
            raise InputError(
                f"GaussianProcess got max_objects={self.max_objects}, max_tuned={self.max_tuned}; at least two are needed."
            )
        rng = np.random.default_rng(self.random_state)
        kept = some_rows(len(labels), self.max_objects, rng)
        tuned = some_rows(len(kept), self.max_tuned, rng)
        errors = np.zeros_like(labels) if y_err is None else np.broadcast_to(_columns(y_err), labels.shape)
        self.n_features_ = observations.shape[1]
        self.projection_ = fit_projection("GaussianProcess", observations, self.n_components)
        self.points_ = project(self.projection_, observations)[kept]
        self.centre_, spread = labels.mean(axis=0), labels.std(axis=0)
        self.scale_ = np.where(spread > 1e-12 * (1 + np.abs(self.centre_)), spread, 1.0)
        self.targets_ = ((labels - self.centre_) / self.scale_)[kept]
        self.label_variance_ = np.square(errors / self.scale_)[kept]
        self.through_ = np.zeros_like(self.targets_)
        self.kernels_ = self._tuned(tuned, with_noise=False)
        self._forget()
        self.knows_noise_ = noise is not None
        if noise is not None:
            self.through_ = self._through(observations[kept], noise[kept])
            self.kernels_ = self._tuned(tuned, with_noise=True)
            self._forget()
        return self

    def predict_distribution(self, x: ArrayLike, *, noise: Noise | None = None) -> Normal:
        """Mean and standard deviation of each label (n, k) at `x` (n, p)."""
        self._fitted()
        observations = check_observations("GaussianProcess", x, noise, self.n_features_)
        points = project(self.projection_, observations)
        mean, variance = np.empty((len(points), len(self.scale_))), np.empty((len(points), len(self.scale_)))
        for label, (kernel, solved) in enumerate(zip(self._kernels(), self._solutions(), strict=True)):
            for rows in _chunks(len(points), len(self.points_)):
                cross = kernel.covariance(points[rows], self.points_)
                mean[rows, label] = cross @ solved.weights
                known = np.square(solve_triangular(solved.factor, cross.T, lower=True, check_finite=False)).sum(axis=0)
                variance[rows, label] = np.maximum(kernel.amplitude - known, 0.0) + kernel.scatter
        if self.knows_noise_:
            typical = np.broadcast_to(np.median(self.through_, axis=0), variance.shape)
            through = typical if noise is None else self._through(observations, noise)
            variance += through * np.array([kernel.share for kernel in self._kernels()])
        return Normal(self.centre_ + self.scale_ * mean, self.scale_ * np.sqrt(variance))

    def jacobian(self, x: ArrayLike, *, noise: Noise | None = None) -> Array:
        """Derivatives (n, k, p) of the mean by `x` (n, p)."""
        self._fitted()
        observations = check_observations("GaussianProcess", x, noise, self.n_features_)
        slope = self._slope(observations) * self.scale_[:, None]
        if noise is not None:
            slope = np.where(np.isfinite(noise.sigma(observations))[:, None, :], slope, 0.0)
        return slope

    def _tuned(self, rows: NDArray[np.intp], *, with_noise: bool) -> Array:
        """Logarithms (k, l + 3) of lengths, amplitude, scatter and share of the noise of each label's kernel."""
        n_lengths = self.points_.shape[1] if self.points_.shape[1] <= _ARD_COLUMNS else 1
        kernels = []
        for label in range(self.targets_.shape[1]):
            start = self.kernels_[label] if with_noise else _start(n_lengths, self.points_.shape[1])
            extra = self.label_variance_[rows, label], self.through_[rows, label]
            kernels.append(_most_likely(start, self.points_[rows], self.targets_[rows, label], extra, with_noise))
        return np.array(kernels)

    def _through(self, observations: Array, noise: Noise) -> Array:
        """Variance (n, k) of the noise through the slope of the mean, in standardised labels."""
        return np.einsum("nkk->nk", noise.propagate(self._slope(observations), observations))

    def _slope(self, observations: Array) -> Array:
        """Derivatives (n, k, p) of the standardised means by the observations."""
        points = project(self.projection_, observations)
        slope = np.empty((len(points), len(self.scale_), points.shape[1]))
        for label, (kernel, solved) in enumerate(zip(self._kernels(), self._solutions(), strict=True)):
            for rows in _chunks(len(points), len(self.points_)):
                weighted = kernel.covariance(points[rows], self.points_) * solved.weights
                offset = weighted @ self.points_ - weighted.sum(axis=1, keepdims=True) * points[rows]
                slope[rows, label] = offset / kernel.lengths**2
        if "axes" in self.projection_:
            slope = slope @ self.projection_["axes"].T
        return slope / self.projection_["scale"]

    def _kernels(self) -> list[_Kernel]:
        return [_Kernel.of(row) for row in self.kernels_]

    def _solutions(self) -> list[_Solution]:
        """Factors and weights of each label, made when first needed: they are large, and follow from what is saved."""
        solved: list[_Solution] | None = getattr(self, "_solved", None)
        if solved is None:
            solved = [
                _solve(kernel, self.points_, target, errors + kernel.share * through)
                for kernel, target, errors, through in zip(
                    self._kernels(), self.targets_.T, self.label_variance_.T, self.through_.T, strict=True
                )
            ]
            self._solved = solved
        return solved

    def _forget(self) -> None:
        self.__dict__.pop("_solved", None)


class _Kernel(NamedTuple):
    lengths: Array
    amplitude: float
    scatter: float
    share: float

    @classmethod
    def of(cls, logs: Array) -> _Kernel:
        return cls(np.exp(logs[:-3]), *map(float, np.exp(logs[-3:])))

    def covariance(self, left: Array, right: Array) -> Array:
        """Covariance (n, m) of the mean at `left` (n, p) and `right` (m, p)."""
        a, b = left / self.lengths, right / self.lengths
        square = np.square(a).sum(axis=1)[:, None] + np.square(b).sum(axis=1) - 2 * a @ b.T
        return self.amplitude * np.exp(-0.5 * np.maximum(square, 0.0))


class _Solution(NamedTuple):
    factor: Array
    weights: Array


def _solve(kernel: _Kernel, points: Array, target: Array, extra: Array) -> _Solution:
    matrix = kernel.covariance(points, points)
    # A hair of the amplitude keeps duplicates and exact labels solvable.
    matrix[np.diag_indices(len(points))] += kernel.scatter + extra + 1e-8 * kernel.amplitude
    factor = cholesky(matrix, lower=True, overwrite_a=True, check_finite=False)
    return _Solution(factor, cho_solve((factor, True), target, check_finite=False))


def _start(n_lengths: int, n_columns: int) -> Array:
    return np.array([*np.full(n_lengths, np.log(2 * np.sqrt(n_columns))), 0.0, np.log(0.1), 0.0])


def _most_likely(start: Array, points: Array, target: Array, extra: tuple[Array, Array], with_noise: bool) -> Array:
    """Logarithms of the kernel's parameters of largest marginal likelihood, near `start`."""
    from scipy.optimize import minimize

    n_lengths = len(start) - 3
    share = _SHARE if with_noise else (start[-1], start[-1])
    bounds = [_LENGTH] * n_lengths + [_AMPLITUDE, _SCATTER, share]
    found = minimize(
        _loss, start, (points, target, *extra), jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 60}
    )
    return np.asarray(found.x)


def _loss(logs: Array, points: Array, target: Array, errors: Array, through: Array) -> tuple[float, Array]:
    """Negative log marginal likelihood and its gradient (Rasmussen & Williams 2006, eq. 5.9)."""
    kernel = _Kernel.of(logs)
    solved = _solve(kernel, points, target, errors + kernel.share * through)
    inverse = cho_solve((solved.factor, True), np.eye(len(points)), check_finite=False)
    value = 0.5 * target @ solved.weights + np.log(np.diag(solved.factor)).sum()
    outer = inverse - np.outer(solved.weights, solved.weights)
    weighted = outer * kernel.covariance(points, points)
    scaled = points / kernel.lengths
    total = weighted.sum(axis=1)
    by_length = (total[:, None] * scaled**2).sum(axis=0) - np.einsum("ij,ij->j", scaled, weighted @ scaled)
    lengths = by_length if len(kernel.lengths) > 1 or points.shape[1] == 1 else by_length.sum(keepdims=True)
    diagonal = np.diag(outer)
    rest = (
        0.5 * (weighted.sum() + 1e-8 * kernel.amplitude * diagonal.sum()),
        0.5 * kernel.scatter * diagonal.sum(),
        0.5 * kernel.share * (diagonal * through).sum(),
    )
    return float(value), np.array([*lengths, *rest])


def _columns(values: ArrayLike) -> Array:
    array = np.asarray(values, dtype=float)
    return array[:, None] if array.ndim == 1 else array


def _chunks(n: int, width: int) -> list[slice]:
    step = max(1, _CHUNK_ELEMENTS // width)
    return [slice(start, start + step) for start in range(0, n, step)]
