"""A split in which every class is on both sides: rare classes would be lost in a plain one."""

from __future__ import annotations

import numpy as np

from checkstar.data.dataset import Dataset
from checkstar.errors import InputError

__all__ = ["stratified_split"]


def stratified_split(data: Dataset, fraction: float, seed: int) -> tuple[Dataset, Dataset]:
    """Split into (train, test) with about `fraction` of the units of each class in test, and at least one in train.

    No group is divided; one whose objects differ in class counts for that of its first.

    Raises
    ------
    InputError
        If there are no classes, the share is not between 0 and 1, or a side stays empty.
    """
    if data.y is None or data.task != "classification":
        raise InputError("a stratified split needs classes; the labels are numbers, use Dataset.split.")
    if not 0 < fraction < 1:
        raise InputError(f"fraction is {fraction}; the share of test objects lies between 0 and 1.")
    units = data.units_of_independence
    _, first = np.unique(units, return_index=True)
    in_test = np.zeros(len(first), dtype=bool)
    kinds = data.y[first, 0]
    rng = np.random.default_rng(seed)
    for name in np.unique(kinds):
        members = rng.permutation(np.flatnonzero(kinds == name))
        in_test[members[: min(round(fraction * len(members)), len(members) - 1)]] = True
    test = in_test[units]
    if not test.any():
        raise InputError(f"no class of {len(first)} objects has enough for a share of {fraction}; give more objects.")
    return data[~test], data[test]
