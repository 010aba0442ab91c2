"""Class labels: recognise them, check them, turn them into codes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from checkstar.errors import InputError
from checkstar.methods.base import check_observations
from checkstar.noise import Noise

__all__ = ["ClassTraining", "check_classes", "holds_classes"]


class ClassTraining(NamedTuple):
    """A checked training set of a classification."""

    x: NDArray[np.float64]
    codes: NDArray[np.intp]
    names: list[str]


def holds_classes(y: ArrayLike) -> bool:
    """Whether `y` holds class names (text or booleans) rather than numbers.

    Examples
    --------
    >>> holds_classes(["RRAB", "EW"]), holds_classes([0.3, 1.2])
    (True, False)
    """
    values = np.asarray(y)
    if values.dtype.kind == "O":
        return values.size > 0 and all(isinstance(value, str | bool | np.bool_) for value in values.ravel())
    return values.dtype.kind in "UTb"


def check_classes(name: str, x: ArrayLike, y: ArrayLike, noise: Noise | None = None) -> ClassTraining:
    """The one check of a classification's training set.

    Parameters
    ----------
    name : str
        The method that asks, for the message.
    x : (n, p) array
        Observations.
    y : (n,) or (n, 1) array of text or booleans
        The class of each object.

    Returns
    -------
    ClassTraining
        Observations (n, p), codes (n,) and the sorted names of the classes.

    Raises
    ------
    InputError
        If lengths disagree, there are several columns of classes, or fewer than two classes.
    """
    observations = check_observations(name, x, noise)
    truth = np.asarray(y)
    if truth.ndim > 2 or (truth.ndim == 2 and truth.shape[1] != 1):
        raise InputError(f"{name} got classes of shape {truth.shape}; give one class per object.")
    truth = truth.ravel().astype(str)
    if len(truth) != len(observations):
        raise InputError(
            f"{name} got {len(observations)} objects in x but {len(truth)} in y; pass one class per object."
        )
    names, codes = np.unique(truth, return_inverse=True)
    if len(names) < 2:
        raise InputError(f"{name} got objects of {len(names)} class to learn from; at least two classes are needed.")
    return ClassTraining(observations, codes, [str(value) for value in names])
