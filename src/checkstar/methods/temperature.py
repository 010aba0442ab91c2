"""TemperatureScaled: one number that makes class probabilities as sure as they deserve."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import special

from checkstar.data.dataset import Dataset
from checkstar.errors import InputError
from checkstar.methods.held_classes import HeldClasses, class_names, held_classes
from checkstar.methods.wrappers import Wrapper, aligned
from checkstar.noise import Noise
from checkstar.prediction import Classes

__all__ = ["TemperatureScaled"]

Array = NDArray[np.float64]

_RANGE = (0.02, 50.0)


class TemperatureScaled(Wrapper):
    """Divide the logarithms of class probabilities by one temperature: ``p^(1/T)``, normalised.

    T has the smallest log loss on objects that the method was not shown (cross-fitting by group). T > 1 makes too sure
    probabilities less sure; the most probable class never changes, nor does the order of two objects of a problem of
    two classes. One number cannot mend probabilities that are too high for one class and too low for another
    (`Isotonic` can).

    Parameters
    ----------
    method : Method or scikit-learn classifier
        Predicts classes.
    floor : float
        Probabilities below are raised to it first: a forest's zero has no logarithm.
    n_folds : int
        Folds of the cross-fitting (fewer if there are fewer groups).
    random_state : int
        Seed of the folds and of the method.

    Attributes
    ----------
    temperature_ : float
        From 0.02 to 50.

    References
    ----------
    Guo, Pleiss, Sun & Weinberger 2017, ICML (arXiv:1706.04599), section 4.2.

    Examples
    --------
    >>> from checkstar.methods import KNearest
    >>> from checkstar.testing import simulate_classes
    >>> method = TemperatureScaled(KNearest()).fit_data(simulate_classes())
    >>> bool(0.02 <= method.temperature_ <= 50)
    True
    """

    references: ClassVar[tuple[str, ...]] = ("Guo, Pleiss, Sun & Weinberger 2017, ICML (arXiv:1706.04599)",)

    def __init__(self, method: object, floor: float = 1e-6, n_folds: int = 5, random_state: int = 0) -> None:
        self.method = method
        self.floor = floor
        self.n_folds = n_folds
        self.random_state = random_state

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.estimator_type = "classifier"
        return tags

    def _learn(self, data: Dataset) -> None:
        if not 0 < self.floor < 0.1:
            raise InputError(f"TemperatureScaled got floor={self.floor}; give a probability between 0 and 0.1.")
        self.names_ = class_names(data, "TemperatureScaled")
        held = held_classes(self._cross_fit(data, self.n_folds), self.names_, "TemperatureScaled")
        self.temperature_ = _best_temperature(held, self.floor)

    def _predict(self, x: Array, noise: Noise | None) -> Classes:
        probabilities = aligned(self.method_.predict_distribution(x, noise=noise), self.names_, "TemperatureScaled")
        return Classes(special.softmax(_logarithms(probabilities, self.floor) / self.temperature_, axis=1), self.names_)


def _logarithms(probabilities: Array, floor: float) -> Array:
    return np.log(np.maximum(probabilities, floor))


def _best_temperature(held: HeldClasses, floor: float) -> float:
    from scipy.optimize import minimize_scalar

    logs = _logarithms(held.probabilities, floor)
    truth = logs[np.arange(len(logs)), held.codes]

    def loss(inverse: float) -> float:  # convex in 1/T
        return float(np.average(special.logsumexp(inverse * logs, axis=1) - inverse * truth, weights=held.weight))

    low, high = 1 / _RANGE[1], 1 / _RANGE[0]
    # Convex, but flat far from the minimum: first find where to look.
    grid = np.geomspace(low, high, 25)
    best = int(np.argmin([loss(value) for value in grid]))
    bounds = grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]
    return 1 / float(minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-6 * bounds[1]}).x)
