"""Moved predictions: a prediction of any kind, its labels mapped as a symmetry maps them; and the mean of several."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from checkstar.prediction import Classes, Grid, Mixture, Normal, Point, Prediction, Samples
from checkstar.symmetries.label_maps import LabelMap

__all__ = ["mean_prediction", "moved_prediction"]

Array = NDArray[np.float64]

_LEVELS = (np.arange(199) + 1) / 200


def moved_prediction(prediction: Prediction, follow: LabelMap) -> Prediction:
    """The prediction of the mapped labels.

    Mixtures and grids of labels that turn into each other become normal distributions of the same mean and width.
    """
    if follow.is_unchanged or isinstance(prediction, Classes):
        return prediction
    scale = np.diagonal(follow.matrix)
    match prediction:
        case Point():
            return Point(follow(prediction.values))
        case Samples():
            flat = follow(prediction.draws.reshape(-1, prediction.shape[1]))
            return Samples(flat.reshape(prediction.draws.shape))
        case Mixture() if follow.is_diagonal:
            means = prediction.means * scale + follow.offset
            return Mixture(prediction.weights, means, prediction.stds * np.abs(scale))
        case Grid() if follow.is_diagonal:
            edges = prediction.edges * scale[:, None] + follow.offset[:, None]
            down = (scale < 0)[None, :, None]
            return Grid(
                np.where(down, edges[..., ::-1], edges), np.where(down, prediction.mass[..., ::-1], prediction.mass)
            )
    covariance = getattr(prediction, "covariance", None)
    if covariance is None:
        return Normal(follow(prediction.mean()), follow.widths(prediction.std()))
    covariance = follow.covariances(covariance)
    return Normal(follow(prediction.mean()), np.sqrt(np.diagonal(covariance, axis1=1, axis2=2)), covariance)


def mean_prediction(predictions: Sequence[Prediction], period: Array) -> Prediction:
    """The mean of several predictions of the same objects, of one kind; labels of finite `period` (k,) as angles.

    Means, probabilities and quantile functions are averaged; draws and mixtures are pooled. The variance of a normal
    mean is the mean variance: by Jensen's inequality no smaller than what the squared error of the mean can be, where
    the single error bars are right.
    """
    first = predictions[0]
    match first:
        case Classes():
            return Classes(_mean(p.mean() for p in predictions), first.names)
        case Samples():
            return Samples(np.concatenate([p.draws for p in predictions if isinstance(p, Samples)], axis=1))
        case Mixture():
            parts = [p for p in predictions if isinstance(p, Mixture)]
            weights, means, stds = (
                np.concatenate([getattr(p, name) for p in parts], axis=1) for name in ("weights", "means", "stds")
            )
            return Mixture(weights / len(parts), means, stds)
        case Grid():
            levels = [_mean(p.quantile(float(level)) for p in predictions) for level in _LEVELS]
            return Grid.from_quantiles(_LEVELS, np.stack(levels, axis=2))
    centre = _around(first.mean(), predictions, period)
    if isinstance(first, Point):
        return Point(centre)
    covariances = [getattr(p, "covariance", None) for p in predictions]
    covariance = None if any(c is None for c in covariances) else _mean(covariances)
    return Normal(centre, np.sqrt(_mean(np.square(p.std()) for p in predictions)), covariance)


def _mean(arrays: Iterable[Array | None]) -> Array:
    return np.asarray(np.mean([array for array in arrays if array is not None], axis=0))


def _around(first: Array, predictions: Sequence[Prediction], period: Array) -> Array:
    """Mean of the means (n, k); of angles, the mean of what they differ from the first."""
    turns = np.isfinite(period)
    if not turns.any():
        return _mean(p.mean() for p in predictions)
    follow = replace(LabelMap.unchanged(len(period)), period=period)
    around = first + _mean(follow.difference(p.mean(), first) for p in predictions)
    return follow(around)
