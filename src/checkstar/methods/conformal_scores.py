"""Conformal scores: errors in units of sigma, their quantiles, and the levels at which coverage is exact."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from checkstar.errors import InputError
from checkstar.methods.wrappers import Held
from checkstar.prediction import Classes, Prediction

__all__ = [
    "Scale",
    "Scores",
    "conformal_levels",
    "conformal_scores",
    "held_levels",
    "score_quantiles",
    "spread_or_one",
]

Array = NDArray[np.float64]
Scale = Literal["sigma", "none"]


class Scores(NamedTuple):
    """Scores, predicted values and units of the scores, each (n, k), of held-out objects."""

    scores: Array
    centre: Array
    sigma: Array


def conformal_scores(held: Held, scale: Scale, who: str) -> Scores:
    """Errors of held-out objects in units of the claimed sigma.

    Raises
    ------
    InputError
        If the method predicts classes.
    """
    if held.data.task == "classification" or isinstance(held.prediction, Classes):
        raise InputError(f"{who} predicts numbers but got classes; use TemperatureScaled, Isotonic or DeepKNN.")
    assert held.data.y is not None
    centre, sigma = held.prediction.mean(), spread_or_one(held.prediction, scale)
    return Scores((held.data.y - centre) / sigma, centre, sigma)


def spread_or_one(prediction: Prediction, scale: Scale) -> Array:
    """The claimed sigma (n, k), or one where there is none or none is wanted."""
    if scale == "none" or not prediction.has_spread:
        return np.ones(prediction.shape)
    # Draws that are all equal claim an error of zero.
    return np.maximum(prediction.std(), 1e-9 * (1 + np.abs(prediction.mean())))


def conformal_levels(n_scores: int) -> Array:
    """Levels k / (n + 1) at which the quantiles of `n_scores` exchangeable scores are exact; about 150, more in the tails.

    Examples
    --------
    >>> conformal_levels(3).tolist()
    [0.25, 0.5, 0.75]
    """
    if n_scores <= 200:
        return np.arange(1, n_scores + 1) / (n_scores + 1)
    wanted = np.concatenate([np.arange(1, 100) / 100, special.expit(np.linspace(-1, 1, 61) * np.log(n_scores))])
    rank = np.clip(np.round(wanted * (n_scores + 1)), 1, n_scores)
    return np.unique(rank) / (n_scores + 1)


def held_levels(n_units: int, who: str) -> Array:
    """`conformal_levels` of `n_units` independent calibration objects.

    Raises
    ------
    InputError
        If there is only one: then nothing is known of another.
    """
    if n_units < 2:
        raise InputError(
            f"{who} got calibration objects of one group; objects of at least two are needed: give more groups or a larger "
            "held_out."
        )
    return conformal_levels(n_units)


def score_quantiles(scores: Array, levels: Array, weight: Array | None = None, n_units: int | None = None) -> Array:
    """Quantiles of exchangeable `scores` (n,) of which one more, of mean weight, is to come.

    The score of rank k is the quantile of level k / (n + 1); between ranks it is linear. With selection weights, ranks
    are sums of weights up to the middle of each, with half of the newcomer's.

    Of objects in `n_units` groups the newcomer is one of a new group, and weighs as much as a whole one: groups are
    exchangeable, objects of different groups are not (Dunn, Wasserman & Ramdas 2023, JASA 118, 2491).
    """
    order = np.argsort(scores, kind="stable")
    w = np.ones(len(scores)) if weight is None else weight[order]
    new = w.sum() / (len(scores) if n_units is None else n_units)
    position = (np.cumsum(w) - 0.5 * w + 0.5 * new) / (w.sum() + new)
    return np.interp(levels, position, scores[order])
