"""DistanceError: error bars that grow with the distance to the training set."""

from __future__ import annotations

from typing import ClassVar, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from checkstar.data.dataset import Dataset
from checkstar.errors import InputError, unknown_name
from checkstar.methods.base import check_observations
from checkstar.methods.error_factors import factor_of
from checkstar.methods.wrappers import Wrapper, seen
from checkstar.noise import Noise
from checkstar.prediction import Classes, Normal
from checkstar.statistics.strangeness import Strangeness, along_components, along_labels

__all__ = ["DistanceError"]

Array = NDArray[np.float64]
Space = Literal["components", "labels"]

#: Distances, in units of the typical one, beyond which sigma stays: nothing can be said there anyway.
_FARTHEST = 1e6


class DistanceError(Wrapper):
    """Error bars from the distance d of an object to the training set: ``sigma^2 = floor^2 + (slope d)^2``.

    The floor is the error amid training objects; the slope, in label units per unit of distance, is how fast the truth
    may run away from a method that has seen nothing near. Both are those of largest normal likelihood for the errors of
    objects that neither the method nor the distance had seen (cross-fitting by group), whose errors of the truth count.
    Point predictions get error bars; claimed error bars are replaced. Only what held-out objects show is known:
    beyond their distances the law is an extrapolation, which grows.

    The estimand is that of the inner method.

    Parameters
    ----------
    method : Method or scikit-learn regressor
        Predicts numbers.
    space : {"components", "labels"}
        Distances in whitened principal components of `x` or along the axes on which the labels change.
    n_neighbors : int
        The distance is that to the neighbour of this rank.
    n_folds : int
        Folds of the cross-fitting (fewer if there are fewer groups).
    random_state : int
        Seed of the folds and of the method.

    Attributes
    ----------
    floor_, slope_ : (k,) array
        The law of each label.

    References
    ----------
    Acquaviva, Lovell & Ishida 2020, NeurIPS workshop (arXiv:2012.00066).

    Examples
    --------
    >>> from checkstar.methods import KNearest
    >>> rng = np.random.default_rng(0)
    >>> x = rng.standard_t(2, size=(500, 1))
    >>> method = DistanceError(KNearest()).fit(x, x[:, 0] ** 2)
    >>> amid, far = method.predict_distribution([[0.0], [50.0]]).std()[:, 0]
    >>> bool(far > 10 * amid)
    True
    """

    references: ClassVar[tuple[str, ...]] = ("Acquaviva, Lovell & Ishida 2020, NeurIPS workshop (arXiv:2012.00066)",)

    def __init__(
        self,
        method: object,
        space: Space = "components",
        n_neighbors: int = 5,
        n_folds: int = 5,
        random_state: int = 0,
    ) -> None:
        self.method = method
        self.space = space
        self.n_neighbors = n_neighbors
        self.n_folds = n_folds
        self.random_state = random_state

    def distance(self, x: ArrayLike, *, noise: Noise | None = None) -> Array:
        """Distance (n,) of observations `x` (n, p) to the training set, in standard deviations of its components."""
        self._fitted()
        observations = check_observations("DistanceError", x, noise, self.n_features_, allow_masked=True)
        return self._measure(Strangeness(**self.strangeness_), observations, noise)

    def _learn(self, data: Dataset) -> None:
        if data.task == "classification":
            raise InputError("DistanceError predicts numbers but got classes; use DeepKNN.")
        if self.space not in get_args(Space):
            raise unknown_name("space of DistanceError", str(self.space), get_args(Space))
        if not self.n_neighbors >= 1:
            raise InputError(f"DistanceError got n_neighbors={self.n_neighbors}; at least one is needed.")
        error, distance, truth_err, weight = self._held_errors(data)
        typical = float(np.median(distance)) or 1.0
        laws = [_law(e, distance / typical, t, weight) for e, t in zip(error.T, truth_err.T, strict=True)]
        self.floor_ = np.array([law.floor for law in laws])
        self.slope_ = np.array([law.slope for law in laws]) / typical
        self.typical_ = typical
        self.strangeness_ = dict(self._strangeness(data)._asdict())
        self.method_ = self._fit_inner(data)

    def _predict(self, x: Array, noise: Noise | None) -> Normal:
        mean = self.method_.predict_distribution(x, noise=noise).mean()
        distance = self._measure(Strangeness(**self.strangeness_), x, noise)
        reach = np.minimum(distance, _FARTHEST * self.typical_)[:, None]
        return Normal(mean, np.hypot(self.floor_, self.slope_ * reach))

    def _held_errors(self, data: Dataset) -> tuple[Array, Array, Array, Array]:
        """Errors (n, k), distances (n,), errors of the truth (n, k) and weights (n,), of objects that were held out."""
        parts = []
        for learn, rest in self._folds(data, self.n_folds):
            held = self._held(self._fit_inner(learn), rest)
            if isinstance(held.prediction, Classes):
                raise InputError("DistanceError predicts numbers but its method predicts classes; use DeepKNN.")
            assert held.data.y is not None and held.data.x is not None
            error = held.data.y - held.prediction.mean()
            truth_err = np.zeros_like(error) if held.data.y_err is None else held.data.y_err
            distance = self._measure(self._strangeness(learn), held.data.x, held.data.noise)
            parts.append((error, distance, truth_err, held.weight()))
        error, distance, truth_err, weight = (np.concatenate(columns) for columns in zip(*parts, strict=True))
        return error, distance, truth_err, weight

    def _strangeness(self, data: Dataset) -> Strangeness:
        assert data.x is not None and data.y is not None
        x = seen(data.x, data.noise)
        if self.space == "labels":
            return along_labels(x, data.y, n_neighbours=self.n_neighbors)
        return along_components(x, n_neighbours=self.n_neighbors)

    @staticmethod
    def _measure(strangeness: Strangeness, x: Array, noise: Noise | None) -> Array:
        return strangeness(seen(x, noise))


class _Law(NamedTuple):
    floor: float
    slope: float


def _law(error: Array, distance: Array, truth_err: Array, weight: Array) -> _Law:
    """Floor and slope of largest normal likelihood; `distance` in units of the typical one."""
    from scipy.optimize import minimize_scalar

    known = np.isfinite(distance)
    error, distance, truth_err, weight = error[known], distance[known], truth_err[known], weight[known]

    def shape(share: float) -> Array:
        return np.hypot(1 - share, share * distance)

    def loss(share: float) -> float:
        sigma = shape(share)
        variance = (factor_of(error, sigma, truth_err, weight) * sigma) ** 2 + truth_err**2
        return float(np.average(np.log(variance) + error**2 / variance, weights=weight))

    grid = np.linspace(0, 0.999, 21)
    best = int(np.argmin([loss(share) for share in grid]))
    bounds = grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]
    share = float(minimize_scalar(loss, bounds=bounds, method="bounded").x)
    share = min((0.0, share), key=loss)  # the minimiser never tries the end itself
    factor = factor_of(error, shape(share), truth_err, weight)
    return _Law(factor * (1 - share), factor * share)
