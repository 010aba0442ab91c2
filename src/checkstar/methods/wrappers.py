"""Wrapper: the base of methods that hold another method, and the data it was not shown."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone

from checkstar.data.dataset import Dataset
from checkstar.errors import InputError
from checkstar.methods.base import Estimand, Method, check_observations, check_training, seeded
from checkstar.methods.class_labels import check_classes, holds_classes
from checkstar.methods.wrapping import as_method
from checkstar.noise import Noise
from checkstar.prediction import Classes, Prediction

__all__ = ["Frozen", "Held", "Wrapper", "aligned", "seen"]


class Held(NamedTuple):
    """Objects that a method was not shown when it learned, and what it then said of them."""

    data: Dataset
    prediction: Prediction

    def weight(self) -> NDArray[np.float64]:
        """Selection weights (n,), one where none were given."""
        return np.ones(len(self.data)) if self.data.weight is None else self.data.weight


class Wrapper(Method, ABC):
    """A method that holds another one, its setting `method`.

    Subclasses write `_learn`, which keeps the fitted inner method in ``method_`` (`_fit_inner`, `_cross_fit` or
    `_hold_out` do so), and `_predict`; settings of theirs come after `method`, and `random_state` is one of them if
    anything is drawn. An inner method that cannot be fitted again (a function, a torch module, a `Frozen` method) is
    used as it is, and all training objects count as held out.

    Attributes
    ----------
    method : Method, scikit-learn estimator, torch module or callable
        The method inside; a copy is fitted.
    method_ : Method
        The fitted copy.
    """

    method: Any
    method_: Method

    @abstractmethod
    def _learn(self, data: Dataset) -> None:
        """Fit the inner method and learn from the checked training set `data`."""

    @abstractmethod
    def _predict(self, x: NDArray[np.float64], noise: Noise | None) -> Prediction:
        """Predictions of the checked observations `x` (n, p)."""

    def fit(
        self,
        x: ArrayLike,
        y: ArrayLike,
        *,
        noise: Noise | None = None,
        y_err: ArrayLike | None = None,
        group: ArrayLike | None = None,
        weight: ArrayLike | None = None,
    ) -> Self:
        """Fit the inner method and learn what is added to it.

        Parameters
        ----------
        x : (n, p) array
            Observations.
        y : (n, k) or (n,) array
            Labels, or classes (n,).
        noise : Noise, optional
            Noise of `x`.
        y_err : (n, k) array, optional
            Errors of the labels.
        group : (n,) array, optional
            The independent unit that must not be split between what is learned and what is held out.
        weight : (n,) array, optional
            Selection weights.
        """
        name = type(self).__name__
        if holds_classes(y):
            observations, codes, names = check_classes(name, x, y, noise)
            labels: NDArray[Any] = np.asarray(names)[codes]
        else:
            observations, labels = check_training(name, x, y, noise, allow_masked=True)
        self.n_features_ = observations.shape[1]
        self._learn(Dataset(observations, labels, noise=noise, y_err=y_err, group=group, weight=weight))
        return self

    def predict_distribution(self, x: ArrayLike, *, noise: Noise | None = None) -> Prediction:
        """Predictions with their uncertainty for observations `x` (n, p) with the given noise."""
        self._fitted()
        observations = check_observations(type(self).__name__, x, noise, self.n_features_, allow_masked=True)
        return self._predict(observations, noise)

    @property
    def name(self) -> str:
        """What wraps what, for reports: ``Calibrated(Cannon)``."""
        inner = as_method(self.method)
        return f"{type(self).__name__}({getattr(inner, 'name', type(inner).__name__)})"

    @property
    def estimand(self) -> Estimand:  # type: ignore[override]
        """That of the inner method: a cure of the error bars does not divide the prior out."""
        return as_method(self.method).estimand

    @property
    def can_save(self) -> bool:  # type: ignore[override]
        """Whether the inner method can be saved."""
        return as_method(self.method).can_save

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        if hasattr(self.method, "__sklearn_tags__"):
            tags.estimator_type = self.method.__sklearn_tags__().estimator_type
        return tags

    def _fit_inner(self, data: Dataset, seed: int | None = None) -> Method:
        """A fitted copy of the inner method, seeded with `seed` or `random_state` wherever it takes a seed."""
        inner = as_method(self.method)
        if not inner.can_refit:
            return inner
        copy: Method = clone(inner)
        seed = getattr(self, "random_state", None) if seed is None else seed
        return (copy if seed is None else seeded(copy, seed)).fit_data(data)

    def _cross_fit(self, data: Dataset, n_folds: int) -> list[Held]:
        """Keep the inner method fitted on all of `data`; predict each object by a copy that did not see its group."""
        self.method_ = self._fit_inner(data)
        if not self.method_.can_refit:
            return [self._held(self.method_, data)]
        return [self._held(self._fit_inner(learn), held) for learn, held in self._folds(data, n_folds)]

    def _hold_out(self, data: Dataset, share: float) -> Held:
        """Keep the inner method fitted on a part of `data`; predict the other part, about `share` of the objects."""
        if not as_method(self.method).can_refit:
            self.method_ = self._fit_inner(data)
            return self._held(self.method_, data)
        learn, held = self._split(data, share)
        self.method_ = self._fit_inner(learn)
        return self._held(self.method_, held)

    def _split(self, data: Dataset, share: float) -> tuple[Dataset, Dataset]:
        """Parts (learn, held) that divide no group; about `share` of the objects are held out."""
        if not 0 < share < 1:
            raise InputError(
                f"{type(self).__name__} got held_out={share!r}; give the share of objects to hold out, between 0 and 1."
            )
        self._check_groups(data)
        learn, held = data.split(share, self._rng())
        if held.weight is not None and not held.weight.any():
            raise InputError(f"{type(self).__name__} held out only objects of weight zero; drop these objects first.")
        return learn, held

    def _folds(self, data: Dataset, n_folds: int) -> Iterator[tuple[Dataset, Dataset]]:
        """Up to `n_folds` pairs (learn, held) that divide no group."""
        if not n_folds >= 2:
            raise InputError(f"{type(self).__name__} got n_folds={n_folds!r}; at least two are needed.")
        return data.folds(min(n_folds, self._check_groups(data)), self._rng())

    def _check_groups(self, data: Dataset) -> int:
        n_groups = int(data.units_of_independence.max()) + 1
        if n_groups < 2:
            raise InputError(
                f"{type(self).__name__} got {len(data)} objects of one group; at least two groups are needed, to learn "
                "from one and hold out another."
            )
        return n_groups

    def _rng(self) -> np.random.Generator:
        return np.random.default_rng(getattr(self, "random_state", 0))

    @staticmethod
    def _held(method: Method, data: Dataset) -> Held:
        if data.weight is not None:  # what was selected with weight zero is no part of the population
            data = data[data.weight > 0]
        assert data.x is not None
        return Held(data, method.predict_distribution(data.x, noise=data.noise))


class Frozen(Method):
    """A fitted method that is not fitted again: inside a wrapper, all training objects then calibrate it.

    Parameters
    ----------
    method : Method
        Fitted. It is not copied.

    Examples
    --------
    >>> from checkstar.methods import Ridge
    >>> ridge = Ridge().fit([[0.0], [1.0], [2.0]], [0.0, 1.0, 2.0])
    >>> Frozen(ridge).is_fitted(), Frozen(ridge).can_refit
    (True, False)
    """

    def __init__(self, method: Any) -> None:
        self.method = method

    def __sklearn_clone__(self) -> Self:
        return self

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        if hasattr(self.method, "__sklearn_tags__"):
            tags.estimator_type = self.method.__sklearn_tags__().estimator_type
        return tags

    def fit(self, x: ArrayLike, y: ArrayLike, *, noise: Noise | None = None, y_err: ArrayLike | None = None) -> Self:
        """Nothing is learned: the method stays as it is."""
        self._fitted()
        return self

    def predict_distribution(self, x: ArrayLike, *, noise: Noise | None = None) -> Prediction:
        """What the method says."""
        self._fitted()
        return as_method(self.method).predict_distribution(x, noise=noise)

    @property
    def name(self) -> str:
        """Name of the method inside, for reports."""
        inner = as_method(self.method)
        return str(getattr(inner, "name", type(inner).__name__))

    @property
    def estimand(self) -> Estimand:  # type: ignore[override]
        """That of the method inside."""
        return as_method(self.method).estimand

    @property
    def can_save(self) -> bool:  # type: ignore[override]
        """Whether the method inside can be saved."""
        return as_method(self.method).can_save

    @property
    def can_refit(self) -> bool:
        return False

    def is_fitted(self) -> bool:
        """Whether the method inside is."""
        return as_method(self.method).is_fitted()


def aligned(prediction: Prediction, names: list[str], who: str) -> NDArray[np.float64]:
    """Class probabilities (n, c) in the order of `names`; zero for a class that was not there to be learned.

    Raises
    ------
    InputError
        If `prediction` is of numbers, or knows a class that is not in `names`.
    """
    if not isinstance(prediction, Classes):
        raise InputError(f"{who} needs class probabilities but its method predicts numbers; give a classifier.")
    unknown = sorted(set(prediction.names) - set(names))
    if unknown:
        raise InputError(f"{who} got no object of class {unknown[0]!r}, which its method predicts; add some.")
    probabilities = np.zeros((len(prediction.probabilities), len(names)))
    probabilities[:, [names.index(name) for name in prediction.names]] = prediction.probabilities
    return probabilities


def seen(x: NDArray[np.float64], noise: Noise | None) -> NDArray[np.float64]:
    """Observations `x` (n, p) with NaN where they are masked by infinite noise."""
    return x if noise is None else np.where(np.isfinite(noise.sigma(x)), x, np.nan)
