"""DomainGuard: a method that knows where it has learned nothing, and says so."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from checkstar.data.dataset import Dataset
from checkstar.errors import InputError
from checkstar.estimates import unit_count
from checkstar.methods.base import check_observations
from checkstar.methods.wrappers import Wrapper
from checkstar.noise import Noise
from checkstar.prediction import Classes, Normal, Point, Prediction
from checkstar.statistics.observed_components import without_masked
from checkstar.statistics.strangeness import Strangeness, along_components, along_labels, at_least_as_strange

__all__ = ["DomainGuard"]

Array = NDArray[np.float64]


class DomainGuard(Wrapper):
    """A method that abstains outside the domain of its training set.

    The strangeness of an object (distance to the `n_neighbours`-th neighbour, among whitened principal components and along
    the axes on which the labels change) is compared with that of training objects that had no part in it, two halves
    calibrating each other: it abstains where the conformal p-value is at most `level`, which happens to at most about a
    share `level` of ordinary objects (of objects in groups: of a new group). There it says what it knows without having looked: the mean and spread of the training labels, or the shares of the classes. These are valid
    predictions, far too wide to be mistaken for measurements; `abstains` tells which they are, and a catalogue should
    leave them out.

    Elsewhere the predictions are those of the method inside, as normal distributions with its mean and standard deviation.
    A method without a spread keeps none: then only `abstains` tells.

    Parameters
    ----------
    method : Method, scikit-learn estimator or callable
        The method inside.
    level : float in (0, 1)
        Share of ordinary objects on which it abstains. At least ``2 / level - 1`` independent objects are needed: fewer
        cannot single out any.
    n_components, n_neighbours : int
        Of the strangeness.
    random_state : int
        Seed of the halves.

    References
    ----------
    Vovk, Gammerman & Shafer 2005, Algorithmic Learning in a Random World; Chow 1970, IEEE Trans. Inf. Theory 16, 41
    (rejection).

    Examples
    --------
    >>> from checkstar.methods import Ridge
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(500, 3))
    >>> guard = DomainGuard(Ridge(), level=0.01).fit(x, x[:, 0])
    >>> guard.abstains(np.array([[0.0, 0.0, 0.0], [9.0, 9.0, -9.0]])).tolist()
    [False, True]
    """

    references = ("Vovk, Gammerman & Shafer 2005, Algorithmic Learning in a Random World",)

    def __init__(
        self,
        method: Any,
        level: float = 0.01,
        n_components: int = 20,
        n_neighbours: int = 5,
        random_state: int = 0,
    ) -> None:
        self.method = method
        self.level = level
        self.n_components = n_components
        self.n_neighbours = n_neighbours
        self.random_state = random_state

    def _learn(self, data: Dataset) -> None:
        if not 0 < self.level < 1:
            raise InputError(f"DomainGuard got level={self.level!r}; give a share of objects between 0 and 1.")
        assert data.x is not None and data.y is not None
        self.n_used_, self.n_units_ = len(data), unit_count(data.units_of_independence)
        if 2 / (self.n_units_ + 1) > self.level:
            raise InputError(
                f"DomainGuard got {self.n_units_} independent objects, too few to tell any object at level={self.level:g}: "
                f"it would never abstain; give {math.ceil(2 / self.level) - 1} or a larger level."
            )
        self.method_ = self._fit_inner(data)
        # Kept as arrays, so that the guard can be saved: one half scores, the other calibrates, and back.
        self.scores_: list[Any] = []
        self.calibration_: list[Any] = []
        for learned, held in self._folds(data, 2):
            assert learned.x is not None and held.x is not None
            seen = without_masked(learned.x, learned.noise)
            scores = (
                along_components(seen, self.n_components, self.n_neighbours),
                along_labels(seen, _label_columns(learned), self.n_neighbours),
            )
            unseen = without_masked(held.x, held.noise)
            self.scores_.append([[*score[:6]] for score in scores])
            self.calibration_.append([np.sort(score(unseen)) for score in scores])
        if data.task == "classification":
            names, counts = np.unique(data.y, return_counts=True)
            self.names_ = [str(name) for name in names]
            self.usual_, self.spread_ = counts / counts.sum(), np.zeros(0)
        else:
            self.names_ = []
            self.usual_ = data.y.mean(axis=0)
            self.spread_ = np.maximum(data.y.std(axis=0), 1e-12)

    def abstains(self, x: ArrayLike, *, noise: Noise | None = None) -> NDArray[np.bool_]:
        """Whether each of the objects `x` (n, p) is outside the domain."""
        self._fitted()
        observations = check_observations("DomainGuard", x, noise, self.n_features_, allow_masked=True)
        return self.p_value(observations, noise=noise) <= self.level

    def p_value(self, x: Array, *, noise: Noise | None = None) -> Array:
        """Conformal p-value (n,) of each object being like the training set: the smaller of the two, doubled."""
        seen = without_masked(x, noise)
        counts = np.zeros((2, len(seen)))
        for scores, calibrations in zip(self.scores_, self.calibration_, strict=True):
            for kind, (score, calibration) in enumerate(zip(scores, calibrations, strict=True)):
                counts[kind] += at_least_as_strange(calibration, Strangeness._make([*score, self.n_neighbours])(seen))
        # A new object is one of a new group, which counts as a whole one of those that calibrate.
        own = self.n_used_ / self.n_units_
        return np.minimum(1.0, 2 * (own + counts.min(axis=0)) / (own + self.n_used_))

    def _predict(self, x: Array, noise: Noise | None) -> Prediction:
        outside = self.p_value(x, noise=noise) <= self.level
        inner = self.method_.predict_distribution(x, noise=noise)
        if isinstance(inner, Classes):
            usual = np.zeros(len(inner.names))
            usual[[inner.names.index(name) for name in self.names_]] = self.usual_
            return Classes(np.where(outside[:, None], usual, inner.probabilities), inner.names)
        mean = np.where(outside[:, None], self.usual_, inner.mean())
        if not inner.has_spread:
            return Point(mean)
        spread = inner.std()
        return Normal(mean, np.where(outside[:, None], np.maximum(self.spread_, spread), spread))


def _label_columns(data: Dataset) -> Array:
    """Labels (n, k), or one column of zeros and ones for each class."""
    assert data.y is not None
    if data.task == "classification":
        names, codes = np.unique(data.y, return_inverse=True)
        return np.asarray(np.eye(len(names))[codes.ravel()])
    return np.asarray(data.y, dtype=float)
