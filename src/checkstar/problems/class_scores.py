"""Scores of classifications: accuracy, balanced accuracy, macro F1 and logarithmic loss."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from checkstar.errors import InputError
from checkstar.prediction import Classes, Prediction
from checkstar.problems.base import Metric

__all__ = ["CLASS_METRICS", "accuracy", "balanced_accuracy", "log_loss", "macro_f1"]

_Names = NDArray[Any]
#: Probability of a class that a method does not know, as in `Classes.log_loss`.
_SMALLEST = 1e-15


def accuracy(truth: _Names, predicted: _Names) -> float:
    """Share of objects (n,) whose class is right."""
    return float(np.mean(truth == predicted))


def balanced_accuracy(truth: _Names, predicted: _Names) -> float:
    """Mean over the true classes of the share that is found.

    Examples
    --------
    >>> balanced_accuracy(np.array(["a", "a", "a", "b"]), np.array(["a", "a", "a", "a"]))
    0.5
    """
    return float(np.mean([np.mean(predicted[truth == name] == name) for name in np.unique(truth)]))


def macro_f1(truth: _Names, predicted: _Names) -> float:
    """Mean over classes, true or predicted, of the harmonic mean of purity and completeness.

    Examples
    --------
    >>> round(macro_f1(np.array(["a", "a", "a", "b"]), np.array(["a", "a", "a", "a"])), 4)
    0.4286
    """
    scores = []
    for name in np.union1d(truth, predicted):
        right = np.sum((truth == name) & (predicted == name))
        scores.append(2 * right / (np.sum(truth == name) + np.sum(predicted == name)))
    return float(np.mean(scores))


def log_loss(truth: _Names, prediction: Prediction) -> float:
    """Mean of -ln p of the true class; a class that the method does not know counts as p = 1e-15.

    Raises
    ------
    InputError
        If the prediction holds no class probabilities.
    """
    if not isinstance(prediction, Classes):
        raise InputError(f"the logarithmic loss needs class probabilities; the prediction is {prediction.kind!r}.")
    names = truth.astype(str)
    known = np.isin(names, prediction.names)
    loss = np.full(len(names), -np.log(_SMALLEST))
    if known.any():
        loss[known] = prediction[np.flatnonzero(known)].log_loss(names[known])
    return float(loss.mean())


#: What the field reports of classes.
CLASS_METRICS = (
    Metric(
        name="accuracy", function=accuracy, direction="higher", unit="", source="share of objects whose class is right"
    ),
    Metric(
        name="balanced_accuracy",
        function=balanced_accuracy,
        direction="higher",
        unit="",
        source="mean completeness of the classes; Brodersen et al. 2010, ICPR, 3121",
    ),
    Metric(
        name="macro_f1",
        function=macro_f1,
        direction="higher",
        unit="",
        source="mean over classes of the harmonic mean of purity and completeness; van Rijsbergen 1979",
    ),
    Metric(
        name="log_loss",
        function=log_loss,
        direction="lower",
        unit="",
        source="mean -ln p of the true class; Good 1952, JRSS B 14, 107",
        of="distribution",
    ),
)
