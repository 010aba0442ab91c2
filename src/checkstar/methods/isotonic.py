"""Isotonic: class probabilities mapped by increasing steps onto the shares that were found."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from checkstar.data.dataset import Dataset
from checkstar.methods.held_classes import class_names, held_classes
from checkstar.methods.wrappers import Wrapper, aligned
from checkstar.noise import Noise
from checkstar.prediction import Classes

__all__ = ["Isotonic"]

Array = NDArray[np.float64]


class Isotonic(Wrapper):
    """Replace each class probability by the share of objects of that class among those that were given it.

    For each class against the rest, the increasing function of the probability that fits the truth best on objects that
    the method was not shown (cross-fitting by group); the results are normalised over the classes. It mends any
    distortion that keeps the order, and needs some hundred objects of each class (with fewer, use `TemperatureScaled`).
    No probability is more extreme than ``1 / (n + 2)`` of the n held-out objects (Laplace).

    Parameters
    ----------
    method : Method or scikit-learn classifier
        Predicts classes.
    n_folds : int
        Folds of the cross-fitting (fewer if there are fewer groups).
    random_state : int
        Seed of the folds and of the method.

    Attributes
    ----------
    steps_ : list of (2, s) array
        Probability given and share found, of each class.

    References
    ----------
    Zadrozny & Elkan 2002, KDD 694.

    Examples
    --------
    >>> from checkstar.methods import Forest
    >>> from checkstar.testing import simulate_classes
    >>> len(Isotonic(Forest(n_trees=5)).fit_data(simulate_classes()).steps_)
    3
    """

    references: ClassVar[tuple[str, ...]] = ("Zadrozny & Elkan 2002, KDD 694",)

    def __init__(self, method: object, n_folds: int = 5, random_state: int = 0) -> None:
        self.method = method
        self.n_folds = n_folds
        self.random_state = random_state

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.estimator_type = "classifier"
        return tags

    def _learn(self, data: Dataset) -> None:
        self.names_ = class_names(data, "Isotonic")
        held = held_classes(self._cross_fit(data, self.n_folds), self.names_, "Isotonic")
        self.steps_ = [_steps(held.probabilities[:, j], held.codes == j, held.weight) for j in range(len(self.names_))]

    def _predict(self, x: Array, noise: Noise | None) -> Classes:
        given = aligned(self.method_.predict_distribution(x, noise=noise), self.names_, "Isotonic")
        found = np.column_stack([np.interp(p, *step) for p, step in zip(given.T, self.steps_, strict=True)])
        return Classes(found / found.sum(axis=1, keepdims=True), self.names_)


def _steps(given: Array, is_class: NDArray[np.bool_], weight: Array) -> Array:
    from sklearn.isotonic import IsotonicRegression

    fitted = IsotonicRegression(out_of_bounds="clip").fit(given, is_class.astype(float), sample_weight=weight)
    least = 1 / (len(given) + 2)
    return np.stack([fitted.X_thresholds_, np.clip(fitted.y_thresholds_, least, 1 - least)])
