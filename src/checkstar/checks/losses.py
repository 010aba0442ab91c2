"""Losses: one number per object by which any two predictions of the same objects can be compared."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from checkstar.estimates import mean, ratio
from checkstar.evidence import Estimate
from checkstar.prediction import Classes, Prediction
from checkstar.runs import LabelView
from checkstar.statistics.cde_loss import cde_loss, has_density, prior_cde_loss

__all__ = ["density_words", "loss", "loss_name", "relative_loss"]


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


def density_words(view: LabelView) -> str:
    """The CDE loss beside that of the prior, in words; empty for what has no density of its own.

    Said wherever coverage is: the prior alone covers perfectly and says nothing (Schmidt et al. 2020, MNRAS 499, 1587).
    """
    if not has_density(view.prediction):
        return ""
    prior = view.truth if view.training is None else view.training
    ours = mean(cde_loss(view.prediction, view.truth[:, None])[:, 0], view.units, view.weight)
    blind = mean(prior_cde_loss(prior, view.truth), view.units, view.weight)
    return (
        f"; the loss of its density (CDE) is {ours.value:.3g} [{ours.low:.3g}, {ours.high:.3g}], "
        f"that of the prior {blind.value:.3g}; less is better"
    )
