"""Classes that several surveys share: a method is judged on those that it learned, and the others are named."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from checkstar.data.dataset import Dataset

__all__ = ["SharedClasses", "shared_classes"]


class SharedClasses(NamedTuple):
    """Objects (n,) of one data set and (m,) of another that are of classes which both have and the method learned.

    `left_out` says in words which of the second are not; empty where all are.
    """

    here: NDArray[np.intp]
    there: NDArray[np.intp]
    left_out: str


def shared_classes(here: Dataset, there: Dataset, learned: Dataset | None = None) -> SharedClasses:
    """The objects of two data sets that are of classes which both have, and `learned` too where it is given.

    All objects where labels are numbers. Numbers of objects are those before any other choice.
    """
    if here.task != "classification" or here.y is None or there.y is None:
        return SharedClasses(np.arange(len(here)), np.arange(len(there)), "")
    names = set(np.unique(here.y)) & set(np.unique(there.y))
    if learned is not None and learned.y is not None:
        names &= set(np.unique(learned.y))
    kept = [np.isin(data.y[:, 0], sorted(names)) for data in (here, there)]  # type: ignore[index]
    other, counts = np.unique(there.y[~kept[1], 0], return_counts=True)
    named = ", ".join(f"{count} {name}" for name, count in zip(other, counts, strict=True))
    left_out = f"{counts.sum()} objects of classes that are not in both are left out ({named})" if len(other) else ""
    return SharedClasses(np.flatnonzero(kept[0]), np.flatnonzero(kept[1]), left_out)
