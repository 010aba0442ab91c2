"""Prediction: what methods return. Every kind answers mean, std, quantile, cdf, log_prob, sample and crps.

Shapes: n objects, k labels; single-label predictions keep their label axis, k = 1.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from checkstar.errors import InputError, NotApplicable, unknown_name

__all__ = ["Classes", "Grid", "Kind", "Mixture", "Normal", "Point", "Prediction", "Samples", "label_matrix"]

Kind = Literal["point", "normal", "mixture", "grid", "samples", "classes"]
Array = NDArray[np.float64]

_LOG_2PI = float(np.log(2 * np.pi))


def label_matrix(name: str, values: ArrayLike) -> Array:
    """`values` (n,) or (n, k) as finite floats (n, k); the one error for what is not."""
    array = np.asarray(values)
    if array.dtype.kind not in "fiub":
        raise InputError(f"{name} holds {array.dtype} values; numbers are needed.")
    array = array.astype(float)
    array = array[:, None] if array.ndim == 1 else array
    if array.ndim != 2:
        raise InputError(f"{name} has shape {array.shape}; give (n_objects,) or (n_objects, n_labels).")
    bad = ~np.isfinite(array).all(axis=1)
    if bad.any():
        first = ", ".join(map(str, np.flatnonzero(bad)[:5]))
        raise InputError(
            f"{name} has {int(bad.sum())} non-finite rows of {len(array)} (first: {first}); "
            "drop these objects, or predict them."
        )
    return array


class Prediction(ABC):
    """Predictions of `k` labels for `n` objects."""

    kind: Kind

    @abstractmethod
    def mean(self) -> Array:
        """Mean (n, k)."""

    @abstractmethod
    def std(self) -> Array:
        """Standard deviation (n, k); NaN where no uncertainty was given."""

    @abstractmethod
    def cdf(self, y: ArrayLike) -> Array:
        """Probability of a value up to `y` (n, k)."""

    @abstractmethod
    def quantile(self, level: float) -> Array:
        """Value (n, k) below which the label lies with probability `level`."""

    @abstractmethod
    def log_prob(self, y: ArrayLike) -> Array:
        """Log density of each label at `y` (n, k)."""

    @abstractmethod
    def sample(self, size: int, rng: Any = None) -> Array:
        """Draws (n, size, k)."""

    @abstractmethod
    def crps(self, y: ArrayLike) -> Array:
        """Continuous ranked probability score (n, k): smaller is better, in the label's unit (Gneiting 2007)."""

    @abstractmethod
    def with_noise(self, sigma: ArrayLike, rng: Any = 0) -> Prediction:
        """The predictive distribution of a measurement with standard error `sigma` (n, k) of the same label."""

    @abstractmethod
    def __getitem__(self, index: Any) -> Prediction:
        """The predictions of some of the objects."""

    @abstractmethod
    def select(self, column: int) -> Prediction:
        """The predictions of one label."""

    @property
    def shape(self) -> tuple[int, int]:
        """(n_objects, n_labels)."""
        rows, columns = self.mean().shape
        return rows, columns

    @property
    def has_spread(self) -> bool:
        """Whether the method said how unsure it is."""
        return self.kind != "point"

    def __len__(self) -> int:
        return self.shape[0]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.shape[0]} objects, {self.shape[1]} labels)"


class Point(Prediction):
    """Values without any uncertainty: `values` (n,) or (n, k)."""

    kind: Kind = "point"

    def __init__(self, values: ArrayLike) -> None:
        self.values = label_matrix("predictions", values)

    def mean(self) -> Array:
        return self.values

    def std(self) -> Array:
        return np.full(self.values.shape, np.nan)

    def cdf(self, y: ArrayLike) -> Array:
        raise self._no_spread("a cumulative probability")

    def quantile(self, level: float) -> Array:
        raise self._no_spread("a quantile")

    def log_prob(self, y: ArrayLike) -> Array:
        raise self._no_spread("a density")

    def sample(self, size: int, rng: Any = None) -> Array:
        raise self._no_spread("a sample")

    def crps(self, y: ArrayLike) -> Array:
        return np.abs(self.values - label_matrix("y", y))

    def with_noise(self, sigma: ArrayLike, rng: Any = 0) -> Point:
        return self

    def __getitem__(self, index: Any) -> Point:
        return Point(self.values[index])

    def select(self, column: int) -> Point:
        return Point(self.values[:, [column]])

    @staticmethod
    def _no_spread(what: str) -> NotApplicable:
        return NotApplicable(f"point predictions have no uncertainty, so {what} does not exist; give standard errors.")


class Normal(Prediction):
    """Normal distributions.

    Parameters
    ----------
    mean, std : (n,) or (n, k) array
        Standard deviations must be positive.
    covariance : (n, k, k) array, optional
        Covariance between the labels of one object; its diagonal is ``std ** 2``.
    """

    kind: Kind = "normal"

    def __init__(self, mean: ArrayLike, std: ArrayLike, covariance: ArrayLike | None = None) -> None:
        self.mean_values = label_matrix("predictions", mean)
        self.std_values = label_matrix("predicted standard deviations", std)
        if self.std_values.shape != self.mean_values.shape:
            raise InputError(
                f"predictions have shape {self.mean_values.shape} but their standard deviations {self.std_values.shape}; "
                "give one standard deviation per prediction."
            )
        _positive("predicted standard deviations", self.std_values)
        self.covariance = None if covariance is None else np.asarray(covariance, dtype=float)
        if self.covariance is not None and self.covariance.shape != (
            *self.mean_values.shape,
            self.mean_values.shape[1],
        ):
            raise InputError(
                f"covariance has shape {self.covariance.shape}; (n_objects, n_labels, n_labels) is needed."
            )

    def mean(self) -> Array:
        return self.mean_values

    def std(self) -> Array:
        return self.std_values

    def cdf(self, y: ArrayLike) -> Array:
        return special.ndtr(self._pull(y))

    def quantile(self, level: float) -> Array:
        return self.mean_values + self.std_values * special.ndtri(level)

    def log_prob(self, y: ArrayLike) -> Array:
        return -0.5 * np.square(self._pull(y)) - np.log(self.std_values) - 0.5 * _LOG_2PI

    def sample(self, size: int, rng: Any = None) -> Array:
        n, k = self.shape
        unit = np.random.default_rng(rng).standard_normal((n, size, k))
        if self.covariance is None:
            return self.mean_values[:, None, :] + unit * self.std_values[:, None, :]
        factor = np.linalg.cholesky(self.covariance)
        return self.mean_values[:, None, :] + unit @ np.swapaxes(factor, 1, 2)

    def crps(self, y: ArrayLike) -> Array:
        z = self._pull(y)
        density = np.exp(-0.5 * z**2) / np.sqrt(2 * np.pi)
        return self.std_values * (z * (2 * special.ndtr(z) - 1) + 2 * density - 1 / np.sqrt(np.pi))

    def with_noise(self, sigma: ArrayLike, rng: Any = 0) -> Normal:
        extra = np.broadcast_to(np.asarray(sigma, dtype=float), self.shape)
        covariance = self.covariance
        if covariance is not None:  # measurement errors of different labels are independent
            covariance = covariance + np.square(extra)[:, :, None] * np.eye(self.shape[1])
        return Normal(self.mean_values, np.hypot(self.std_values, extra), covariance)

    def __getitem__(self, index: Any) -> Normal:
        covariance = None if self.covariance is None else self.covariance[index]
        return Normal(self.mean_values[index], self.std_values[index], covariance)

    def select(self, column: int) -> Normal:
        return Normal(self.mean_values[:, [column]], self.std_values[:, [column]])

    def _pull(self, y: ArrayLike) -> Array:
        return (label_matrix("y", y) - self.mean_values) / self.std_values


class Mixture(Prediction):
    """Mixtures of normals.

    Parameters
    ----------
    weights : (n, m) array
        Weights of the m components; each row sums to one.
    means, stds : (n, m) or (n, m, k) array
        Means and standard deviations of the components.
    """

    kind: Kind = "mixture"

    def __init__(self, weights: ArrayLike, means: ArrayLike, stds: ArrayLike) -> None:
        self.weights = label_matrix("mixture weights", weights)
        self.means, self.stds = _with_label_axis("mixture means", means), _with_label_axis("mixture stds", stds)
        if self.means.shape != self.stds.shape or self.means.shape[:2] != self.weights.shape:
            raise InputError(
                f"mixture weights {self.weights.shape}, means {self.means.shape} and stds {self.stds.shape} disagree; "
                "give (n, m), (n, m, k) and (n, m, k)."
            )
        _sums_to_one("mixture weights", self.weights)
        _positive("mixture standard deviations", self.stds)

    def mean(self) -> Array:
        return np.einsum("nm,nmk->nk", self.weights, self.means)

    def std(self) -> Array:
        second = np.einsum("nm,nmk->nk", self.weights, self.stds**2 + (self.means - self.mean()[:, None, :]) ** 2)
        return np.sqrt(second)

    def cdf(self, y: ArrayLike) -> Array:
        z = (label_matrix("y", y)[:, None, :] - self.means) / self.stds
        return np.einsum("nm,nmk->nk", self.weights, special.ndtr(z))

    def quantile(self, level: float) -> Array:
        low = (self.means - 40 * self.stds).min(axis=1)
        high = (self.means + 40 * self.stds).max(axis=1)
        for _ in range(100):  # bisection: 2^-60 of the range at the end
            middle = 0.5 * (low + high)
            below = self.cdf(middle) < level
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        return 0.5 * (low + high)

    def log_prob(self, y: ArrayLike) -> Array:
        z = (label_matrix("y", y)[:, None, :] - self.means) / self.stds
        terms = -0.5 * z**2 - np.log(self.stds) - 0.5 * _LOG_2PI
        return special.logsumexp(terms, b=self.weights[:, :, None], axis=1)

    def sample(self, size: int, rng: Any = None) -> Array:
        generator = np.random.default_rng(rng)
        n, m, k = self.means.shape
        uniform = generator.random((n, size, 1))
        component = np.minimum((uniform > np.cumsum(self.weights, axis=1)[:, None, :]).sum(axis=2), m - 1)
        rows = np.arange(n)[:, None]
        return self.means[rows, component] + self.stds[rows, component] * generator.standard_normal((n, size, k))

    def crps(self, y: ArrayLike) -> Array:
        # Grimit et al. 2006, QJRMS 132, 2925.
        target = label_matrix("y", y)
        first = np.einsum("nm,nmk->nk", self.weights, _mean_absolute(target[:, None, :] - self.means, self.stds))
        spread = np.sqrt(self.stds[:, :, None, :] ** 2 + self.stds[:, None, :, :] ** 2)
        pair = _mean_absolute(self.means[:, :, None, :] - self.means[:, None, :, :], spread)
        return first - 0.5 * np.einsum("nm,nl,nmlk->nk", self.weights, self.weights, pair)

    def with_noise(self, sigma: ArrayLike, rng: Any = 0) -> Mixture:
        extra = np.broadcast_to(np.asarray(sigma, dtype=float), self.shape)[:, None, :]
        return Mixture(self.weights, self.means, np.hypot(self.stds, extra))

    def __getitem__(self, index: Any) -> Mixture:
        return Mixture(self.weights[index], self.means[index], self.stds[index])

    def select(self, column: int) -> Mixture:
        return Mixture(self.weights, self.means[:, :, [column]], self.stds[:, :, [column]])


class Grid(Prediction):
    """Piecewise constant densities, as histograms or as quantile functions give them.

    Parameters
    ----------
    edges : (g + 1,), (k, g + 1) or (n, k, g + 1) array
        Increasing bin edges.
    mass : (n, g) or (n, k, g) array
        Probability of each bin, not negative; each row sums to one.
    """

    kind: Kind = "grid"

    def __init__(self, edges: ArrayLike, mass: ArrayLike) -> None:
        array = np.asarray(mass, dtype=float)
        self.mass = array[:, None, :] if array.ndim == 2 else array
        _sums_to_one("grid masses", self.mass)
        needed = (*self.mass.shape[:2], self.mass.shape[2] + 1)
        try:
            self.edges = np.broadcast_to(np.asarray(edges, dtype=float), needed)
        except ValueError:
            raise InputError(
                f"grid edges have shape {np.shape(edges)} but the masses need {needed}; give one edge more than bins."
            ) from None
        if not (np.diff(self.edges, axis=2) > 0).all():
            raise InputError("grid edges must increase; sort them and drop empty bins.")

    @classmethod
    def from_quantiles(cls, levels: ArrayLike, values: ArrayLike) -> Grid:
        """The density between quantiles; the tails fall off over as much as the outer half of the distribution.

        Parameters
        ----------
        levels : (q,) array
            Increasing levels in (0, 1).
        values : (n, k, q) array
            Quantiles at these levels; crossing quantiles are sorted (Chernozhukov et al. 2010, Econometrica 78, 1093).
        """
        level = np.asarray(levels, dtype=float)
        if level.ndim != 1 or level.size < 2 or not (np.diff([0.0, *level, 1.0]) > 0).all():
            raise InputError(f"quantile levels are {level.tolist()}; give at least two increasing levels in (0, 1).")
        value = np.sort(np.asarray(values, dtype=float), axis=2)
        spread = np.maximum(value[..., -1] - value[..., 0], 1e-9 * (1 + np.abs(value).max(axis=2)))
        # Coinciding quantiles are point masses: open them by a millionth of the spread.
        value = value + spread[..., None] * 1e-6 * np.arange(level.size)
        # Linear tails as long as those of a normal distribution with this central spread.
        per_sigma = special.ndtri(level[-1]) - special.ndtri(level[0])
        tail = (spread * max(3.0 - special.ndtri(level[-1]), 0.5) / per_sigma)[..., None]
        edges = np.concatenate([value[..., :1] - tail, value, value[..., -1:] + tail], axis=2)
        mass = np.diff(np.concatenate([[0.0], level, [1.0]]))
        return cls(edges, np.broadcast_to(mass, (*value.shape[:2], mass.size)))

    def mean(self) -> Array:
        return np.einsum("nkg,nkg->nk", self.mass, self._centres())

    def std(self) -> Array:
        within = np.diff(self.edges, axis=2) ** 2 / 12
        offset = self._centres() - self.mean()[..., None]
        return np.sqrt(np.einsum("nkg,nkg->nk", self.mass, within + offset**2))

    def cdf(self, y: ArrayLike) -> Array:
        share = np.clip((label_matrix("y", y)[..., None] - self.edges[..., :-1]) / np.diff(self.edges, axis=2), 0, 1)
        return np.einsum("nkg,nkg->nk", self.mass, share)

    def quantile(self, level: float) -> Array:
        cumulative = np.cumsum(self.mass, axis=2)
        cell = np.minimum((cumulative < level - 1e-12).sum(axis=2), self.mass.shape[2] - 1)[..., None]
        below = np.take_along_axis(cumulative - self.mass, cell, 2)
        inside = np.clip((level - below) / np.maximum(np.take_along_axis(self.mass, cell, 2), 1e-300), 0, 1)
        left, width = np.take_along_axis(self.edges, cell, 2), np.take_along_axis(np.diff(self.edges, axis=2), cell, 2)
        return (left + inside * width)[..., 0]

    def log_prob(self, y: ArrayLike) -> Array:
        target = label_matrix("y", y)[..., None]
        inside = (self.edges[..., :-1] <= target) & (target < self.edges[..., 1:])
        with np.errstate(divide="ignore"):
            return np.log(np.where(inside, self.mass / np.diff(self.edges, axis=2), 0.0).sum(axis=2))

    def sample(self, size: int, rng: Any = None) -> Array:
        uniform = np.random.default_rng(rng).random((*self.shape, size))
        return np.stack([self._quantile_of(uniform[..., i]) for i in range(size)], axis=1)

    def crps(self, y: ArrayLike) -> Array:
        target = label_matrix("y", y)
        upper = np.cumsum(self.mass, axis=2)
        lower = upper - self.mass
        width = np.diff(self.edges, axis=2)
        share = np.clip((target[..., None] - self.edges[..., :-1]) / width, 0, 1)
        at = lower + share * self.mass  # the cumulative probability where the target cuts the cell
        left = share * width * (lower**2 + lower * at + at**2) / 3
        right = (1 - share) * width * ((1 - at) ** 2 + (1 - at) * (1 - upper) + (1 - upper) ** 2) / 3
        outside = np.maximum(self.edges[..., 0] - target, 0) + np.maximum(target - self.edges[..., -1], 0)
        return (left + right).sum(axis=2) + outside

    def with_noise(self, sigma: ArrayLike, rng: Any = 0) -> Samples:
        levels = (np.arange(200) + 0.5) / 200
        draws = np.stack([self.quantile(float(level)) for level in levels], axis=1)
        return Samples(draws).with_noise(sigma, rng)

    def __getitem__(self, index: Any) -> Grid:
        return Grid(self.edges[index], self.mass[index])

    def select(self, column: int) -> Grid:
        return Grid(self.edges[:, [column]], self.mass[:, [column]])

    def _centres(self) -> Array:
        return 0.5 * (self.edges[..., 1:] + self.edges[..., :-1])

    def _quantile_of(self, level: Array) -> Array:
        cumulative = np.cumsum(self.mass, axis=2)
        cell = np.minimum((cumulative < level[..., None]).sum(axis=2), self.mass.shape[2] - 1)[..., None]
        mass = np.take_along_axis(self.mass, cell, 2)
        inside = (level[..., None] - (np.take_along_axis(cumulative, cell, 2) - mass)) / np.maximum(mass, 1e-300)
        left, right = np.take_along_axis(self.edges, cell, 2), np.take_along_axis(self.edges, cell + 1, 2)
        return (left + np.clip(inside, 0, 1) * (right - left))[..., 0]


class Samples(Prediction):
    """Draws from the predictive (or posterior) distribution: `draws` (n, s) or (n, s, k), at least two an object."""

    kind: Kind = "samples"

    def __init__(self, draws: ArrayLike) -> None:
        self.draws = _with_label_axis("samples", draws)
        if self.draws.shape[1] < 2:
            raise InputError(f"samples have shape {self.draws.shape}; at least two draws an object are needed.")

    def mean(self) -> Array:
        return self.draws.mean(axis=1)

    def std(self) -> Array:
        return self.draws.std(axis=1, ddof=1)

    def cdf(self, y: ArrayLike) -> Array:
        # Mid-rank with one pseudo-draw: never 0 or 1, uniform if the truth is one more draw.
        target = label_matrix("y", y)[:, None, :]
        below, equal = (self.draws < target).sum(axis=1), (self.draws == target).sum(axis=1)
        return (below + 0.5 * equal + 0.5) / (self.draws.shape[1] + 1)

    def quantile(self, level: float) -> Array:
        return np.quantile(self.draws, level, axis=1, method="weibull")

    def log_prob(self, y: ArrayLike) -> Array:
        # Gaussian kernel density per label with Silverman's width.
        spread = np.maximum(self.std(), 1e-12)
        width = (1.06 * spread * self.draws.shape[1] ** -0.2)[:, None, :]
        z = (label_matrix("y", y)[:, None, :] - self.draws) / width
        terms = -0.5 * z**2 - np.log(width) - 0.5 * _LOG_2PI
        return special.logsumexp(terms, axis=1) - np.log(self.draws.shape[1])

    def sample(self, size: int, rng: Any = None) -> Array:
        generator = np.random.default_rng(rng)
        chosen = generator.integers(self.draws.shape[1], size=(len(self.draws), size))
        return self.draws[np.arange(len(self.draws))[:, None], chosen]

    def crps(self, y: ArrayLike) -> Array:
        # Fair estimator: unbiased in the number of draws (Ferro 2014, QJRMS 140, 1917).
        s = self.draws.shape[1]
        first = np.abs(self.draws - label_matrix("y", y)[:, None, :]).mean(axis=1)
        order = np.sort(self.draws, axis=1)
        rank = (2 * np.arange(1, s + 1) - s - 1)[None, :, None]
        return first - (rank * order).sum(axis=1) / (s * (s - 1))

    def with_noise(self, sigma: ArrayLike, rng: Any = 0) -> Samples:
        extra = np.broadcast_to(np.asarray(sigma, dtype=float), self.shape)[:, None, :]
        return Samples(self.draws + extra * np.random.default_rng(rng).standard_normal(self.draws.shape))

    def __getitem__(self, index: Any) -> Samples:
        return Samples(self.draws[index])

    def select(self, column: int) -> Samples:
        return Samples(self.draws[:, :, [column]])


class Classes(Prediction):
    """Class probabilities.

    Parameters
    ----------
    probabilities : (n, c) array
        Not negative; each row sums to one.
    names : sequence of str
        Names of the c classes.
    """

    kind: Kind = "classes"

    def __init__(self, probabilities: ArrayLike, names: Sequence[str]) -> None:
        self.probabilities = label_matrix("class probabilities", probabilities)
        self.names = tuple(str(name) for name in names)
        if len(self.names) != self.probabilities.shape[1] or len(set(self.names)) != len(self.names):
            raise InputError(
                f"{self.probabilities.shape[1]} columns of probabilities but {len(set(self.names))} different class "
                "names; name each column once."
            )
        _sums_to_one("class probabilities", self.probabilities)

    def codes(self, y: ArrayLike) -> NDArray[np.intp]:
        """Positions (n,) of the true classes `y` among the names.

        Raises
        ------
        InputError
            If a true class has no probability column.
        """
        truth = np.asarray(y).astype(str).ravel()
        order = np.argsort(self.names)
        position = np.minimum(np.searchsorted(np.asarray(self.names)[order], truth), len(self.names) - 1)
        codes = order[position]
        unknown = np.asarray(self.names)[codes] != truth
        if unknown.any():
            raise unknown_name("class", str(truth[unknown][0]), self.names)
        return codes

    def predicted(self) -> NDArray[np.str_]:
        """Most probable class (n,) of each object."""
        return np.asarray(self.names)[self.probabilities.argmax(axis=1)]

    def log_loss(self, y: ArrayLike) -> Array:
        """-ln p of the true class (n,), bounded at p = 1e-15."""
        chosen = self.probabilities[np.arange(len(self.probabilities)), self.codes(y)]
        return -np.log(np.clip(chosen, 1e-15, None))

    def mean(self) -> Array:
        return self.probabilities

    def std(self) -> Array:
        return np.sqrt(self.probabilities * (1 - self.probabilities))

    def cdf(self, y: ArrayLike) -> Array:
        raise self._no_order("a cumulative probability")

    def quantile(self, level: float) -> Array:
        raise self._no_order("a quantile")

    def log_prob(self, y: ArrayLike) -> Array:
        return -self.log_loss(y)[:, None]

    def sample(self, size: int, rng: Any = None) -> Array:
        uniform = np.random.default_rng(rng).random((len(self.probabilities), size, 1))
        drawn = (uniform > np.cumsum(self.probabilities, axis=1)[:, None, :]).sum(axis=2)
        return np.minimum(drawn, len(self.names) - 1)[..., None].astype(float)

    def crps(self, y: ArrayLike) -> Array:
        """Brier score (n, 1), the analogue for classes (Brier 1950)."""
        truth = np.eye(len(self.names))[self.codes(y)]
        return np.square(self.probabilities - truth).sum(axis=1, keepdims=True)

    def with_noise(self, sigma: ArrayLike, rng: Any = 0) -> Classes:
        return self

    def __getitem__(self, index: Any) -> Classes:
        return Classes(self.probabilities[index], self.names)

    def select(self, column: int) -> Classes:
        return self

    @staticmethod
    def _no_order(what: str) -> NotApplicable:
        return NotApplicable(f"classes have no order, so {what} does not exist.")


def _with_label_axis(name: str, values: ArrayLike) -> Array:
    array = np.asarray(values)
    if array.dtype.kind not in "fiub" or array.ndim not in (2, 3):
        raise InputError(
            f"{name} have shape {array.shape} and type {array.dtype}; numbers of shape (n, s) or (n, s, k) are needed."
        )
    array = array[:, :, None] if array.ndim == 2 else array
    bad = ~np.isfinite(array).all(axis=(1, 2))
    if bad.any():
        first = ", ".join(map(str, np.flatnonzero(bad)[:5]))
        raise InputError(
            f"{name} have {int(bad.sum())} objects with non-finite values (first: {first}); drop these objects."
        )
    return array.astype(float, copy=False)


def _positive(name: str, values: Array) -> None:
    bad = ~(values > 0)
    if bad.any():
        rows = np.unique(np.nonzero(bad)[0])
        first = ", ".join(map(str, rows[:5]))
        raise InputError(
            f"{name} are zero or negative for {len(rows)} of {len(values)} objects (first rows: {first}); "
            "give positive standard deviations."
        )


def _sums_to_one(name: str, values: Array, tolerance: float = 1e-3) -> None:
    total = values.sum(axis=-1)
    bad = ~(np.abs(total - 1) <= tolerance) | (values < 0).any(axis=-1)  # so that NaN is bad too
    if bad.any():
        rows = np.unique(np.nonzero(bad)[0])
        first = ", ".join(map(str, rows[:5]))
        raise InputError(
            f"{name} are negative or do not sum to one for {len(rows)} of {len(values)} objects (first rows: {first}; the "
            f"first sums to {float(np.ravel(total[rows[0]])[0]):.4g}); normalise them."
        )


def _mean_absolute(offset: Array, sigma: Array) -> Array:
    """E|X| of a normal with mean `offset` and standard deviation `sigma`."""
    z = offset / sigma
    return offset * (2 * special.ndtr(z) - 1) + 2 * sigma * np.exp(-0.5 * z**2) / np.sqrt(2 * np.pi)
