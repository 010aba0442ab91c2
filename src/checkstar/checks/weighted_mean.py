"""A method for planted faults: the weighted mean of features that all measure one label, masks and all."""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike

from checkstar.methods.base import Estimand, Method, check_observations
from checkstar.noise import Noise
from checkstar.prediction import Normal

__all__ = ["WeightedMean"]


class WeightedMean(Method):
    """Mean of the features by inverse variance, and its standard error.

    Parameters
    ----------
    claimed : float, optional
        The standard error that it claims whatever the noise; by default the right one.
    takes_masks : bool
        Whether masked features may hold NaN.
    """

    estimand: ClassVar[Estimand] = "likelihood"
    can_save: ClassVar[bool] = False

    def __init__(self, claimed: float | None = None, takes_masks: bool = True) -> None:
        self.claimed = claimed
        self.takes_masks = takes_masks

    def fit(self, x: ArrayLike, y: ArrayLike, *, noise: Noise | None = None, y_err: ArrayLike | None = None) -> Self:
        """Nothing is learned."""
        return self

    def is_fitted(self) -> bool:
        return True

    def predict_distribution(self, x: ArrayLike, *, noise: Noise | None = None) -> Normal:
        assert noise is not None
        observations = check_observations("WeightedMean", x, noise, allow_masked=self.takes_masks)
        weight = noise.inverse_variance(observations)
        total = weight.sum(axis=1)
        estimate = (weight * np.where(weight > 0, observations, 0.0)).sum(axis=1) / total
        error = 1 / np.sqrt(total) if self.claimed is None else np.full(len(estimate), self.claimed)
        return Normal(estimate, error)
