"""Splits: which objects of a problem train and which test; no group is ever divided, rare classes are spread."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from checkstar.data.dataset import Dataset
from checkstar.errors import InputError

__all__ = ["Split", "grouped_folds", "part_of", "random_splits"]

Rows = NDArray[np.intp]


class Split(NamedTuple):
    """Positions of the objects that train and of those that test."""

    train: Rows
    test: Rows


def grouped_folds(data: Dataset, n_folds: int, rng: np.random.Generator) -> list[Split]:
    """`n_folds` splits that together test every object once, each class spread as evenly as its groups allow.

    Groups are taken in the order of how rare their class is, the largest first, and each goes to the fold that has least
    of its class; without classes, to the fold that has least of all.

    Raises
    ------
    InputError
        If there are fewer groups than folds.
    """
    units, strata = data.units_of_independence, _strata(data)
    n_units = len(strata)
    if not 2 <= n_folds <= n_units:
        raise InputError(f"folds is {n_folds}; with {n_units} independent groups it lies between 2 and {n_units}.")
    sizes = np.bincount(units, minlength=n_units)
    order = rng.permutation(n_units)
    frequency = np.bincount(strata, sizes)
    order = order[np.lexsort((-sizes[order], frequency[strata[order]]))]
    fold_of, load = np.empty(n_units, dtype=int), np.zeros((n_folds, strata.max() + 1))
    for unit in order:
        emptiest = np.lexsort((load.sum(axis=1), load[:, strata[unit]]))[0]
        fold_of[unit] = emptiest
        load[emptiest, strata[unit]] += sizes[unit]
    return [_split(fold_of[units] == fold) for fold in range(n_folds)]


def random_splits(data: Dataset, n_splits: int, test_share: float, rng: np.random.Generator) -> list[Split]:
    """`n_splits` random splits with about `test_share` of the groups of each class in the test part.

    A class of two groups or more is in both parts of every split.

    Raises
    ------
    InputError
        If there are fewer than two groups, or the share is not between 0 and 1.
    """
    units, strata = data.units_of_independence, _strata(data)
    if n_splits < 1 or not 0 < test_share < 1 or len(strata) < 2:
        raise InputError(
            f"{n_splits} splits with a test share of {test_share} of {len(strata)} independent groups cannot be made; "
            "give one split or more, a share between 0 and 1, and at least two groups."
        )
    return [_split(_drawn(strata, test_share, rng)[units]) for _ in range(n_splits)]


def part_of(data: Dataset, rows: Rows, share: float, rng: np.random.Generator) -> Rows:
    """About `share` of the groups of each class among `rows`, at least one of each; smaller shares lie inside larger."""
    if share >= 1:
        return rows
    part = data[rows]
    strata = _strata(part)
    rank = np.empty(len(strata))
    for stratum in np.unique(strata):
        members = rng.permutation(np.flatnonzero(strata == stratum))
        rank[members] = np.arange(len(members)) / len(members)
    kept: Rows = rows[(rank < share)[part.units_of_independence]]
    return kept


def _drawn(strata: NDArray[np.intp], test_share: float, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Which groups test."""
    test = np.zeros(len(strata), dtype=bool)
    for stratum in np.unique(strata):
        members = rng.permutation(np.flatnonzero(strata == stratum))
        most = max(len(members) - 1, 0)
        test[members[: int(np.clip(round(test_share * len(members)), min(1, most), most))]] = True
    return test


def _strata(data: Dataset) -> NDArray[np.intp]:
    """Class (g,) of each group: the rarest that it holds; one for all where there are no classes."""
    units = data.units_of_independence
    n_units = int(units.max(initial=-1)) + 1
    if data.task != "classification" or data.y is None:
        return np.zeros(n_units, dtype=np.intp)
    codes = np.unique(data.y[:, 0], return_inverse=True)[1]
    rarity = np.argsort(np.argsort(np.bincount(codes), kind="stable"))[codes]
    rarest = np.full(n_units, rarity.max())
    np.minimum.at(rarest, units, rarity)
    return rarest.astype(np.intp)


def _split(test: NDArray[np.bool_]) -> Split:
    return Split(np.flatnonzero(~test), np.flatnonzero(test))
