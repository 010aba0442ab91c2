"""Class probabilities of objects that a method was not shown, with their true classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from checkstar.data.dataset import Dataset
from checkstar.errors import InputError
from checkstar.methods.wrappers import Held, aligned
from checkstar.prediction import Classes

__all__ = ["HeldClasses", "class_names", "held_classes"]


class HeldClasses(NamedTuple):
    """Probabilities (n, c), codes (n,) of the true classes, selection weights (n,)."""

    probabilities: NDArray[np.float64]
    codes: NDArray[np.intp]
    weight: NDArray[np.float64]


def class_names(data: Dataset, who: str) -> list[str]:
    """The sorted names of the classes of a training set.

    Raises
    ------
    InputError
        If its labels are numbers.
    """
    if data.y is None or data.task != "classification":
        raise InputError(f"{who} calibrates class probabilities but the labels are numbers; give class names (text).")
    return [str(name) for name in np.unique(data.y)]


def held_classes(parts: Sequence[Held], names: list[str], who: str) -> HeldClasses:
    """Join what copies of a method said of objects that they were not shown.

    An object whose class its copy did not know (all of its class were held out) says nothing about probabilities and is
    left out.
    """
    found = []
    for held in parts:
        probabilities = aligned(held.prediction, names, who)
        assert isinstance(held.prediction, Classes) and held.data.y is not None
        truth = held.data.y[:, 0]
        known = np.isin(truth, held.prediction.names)
        codes = np.searchsorted(names, truth[known])
        found.append(HeldClasses(probabilities[known], codes, held.weight()[known]))
    return HeldClasses(*(np.concatenate(columns) for columns in zip(*found, strict=True)))
