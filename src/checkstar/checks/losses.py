"""Losses: one number per object by which any two predictions of the same objects can be compared."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from checkstar.estimates import ratio
from checkstar.evidence import Estimate
from checkstar.prediction import Classes, Prediction
from checkstar.runs import LabelView

__all__ = ["loss", "loss_name", "relative_loss"]


def loss_name(both_spread: bool, task: str) -> str:
    """What `loss` measures, in words."""
    if task == "classification":
        return "log loss"
    return "continuous ranked probability score" if both_spread else "absolute error"


def loss(prediction: Prediction, truth: NDArray, *, points_only: bool) -> NDArray[np.float64]:
    """Loss (n,) of one label: log loss of classes, CRPS of densities, absolute error of points."""
    if isinstance(prediction, Classes):
        return prediction.log_loss(truth)
    if points_only or not prediction.has_spread:
        # The median minimises the absolute error, so a density is not punished for its mean.
        centre = prediction.quantile(0.5) if prediction.has_spread else prediction.mean()
        return np.abs(centre[:, 0] - truth)
    return prediction.crps(truth)[:, 0]


def relative_loss(view: LabelView, other: Prediction) -> Estimate:
    """Mean loss relative to that of another prediction of the same objects, minus one; paired, by independent unit."""
    points_only = not (view.prediction.has_spread and other.has_spread)
    ours = loss(view.prediction, view.truth, points_only=points_only)
    theirs = loss(other, view.truth, points_only=points_only)
    found = ratio(ours, theirs, view.units, view.weight)
    return found._replace(value=found.value - 1, low=found.low - 1, high=found.high - 1)
