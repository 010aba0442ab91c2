"""What each prediction adds to a score: numbers whose mean is the score, so that methods are compared object by object."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from checkstar.errors import InputError
from checkstar.estimates import relabelled, unit_count

__all__ = ["by_unit", "of_accuracy", "of_any", "of_balanced_accuracy", "share_of_class"]

Array = NDArray[np.float64]
#: Groups of units that are left out in turn: so few that many are left out of a median at once, else its scatter is not
#: found (Shao & Wu 1989, Ann. Stat. 17, 1176).
_MOST_GROUPS = 50


def of_accuracy(truth: NDArray[np.str_], predicted: NDArray[np.str_]) -> Array:
    """1 where the class is right, 0 elsewhere (n,)."""
    return (truth == predicted).astype(float)


def of_balanced_accuracy(truth: NDArray[np.str_], predicted: NDArray[np.str_]) -> Array:
    """Contributions (n,) to the mean recall of the classes: the score plus its influence function at each object.

    Examples
    --------
    >>> made = of_balanced_accuracy(np.array(["a", "a", "a", "b"]), np.array(["a", "a", "b", "b"]))
    >>> round(float(made.mean()), 6)
    0.833333
    """
    right = (truth == predicted).astype(float)
    _, codes, counts = np.unique(truth, return_inverse=True, return_counts=True)
    recall = np.bincount(codes, right) / counts
    # Few deviations from their own mean are too small: by (n - 1) / n of their squares, all of one.
    spread = np.sqrt(counts / np.maximum(counts - 1, 1))
    return recall.mean() + (right - recall[codes]) * spread[codes] * share_of_class(truth)


def share_of_class(truth: NDArray[np.str_]) -> Array:
    """How much one object (n,) counts in a mean over classes, relative to one in a mean over objects: n / (K n_class).

    Examples
    --------
    >>> share_of_class(np.array(["a", "a", "a", "b"])).round(3).tolist()
    [0.667, 0.667, 0.667, 2.0]
    """
    _, codes, counts = np.unique(truth, return_inverse=True, return_counts=True)
    return np.asarray(len(truth) / (len(counts) * counts[codes]))


def of_any(score: Callable[[NDArray[np.intp]], float], units: NDArray[np.intp], seed: int = 0) -> Array:
    """Contributions (n,) to any score by leaving groups of units out in turn; their mean is the score.

    Parameters
    ----------
    score : callable
        ``score(rows) -> float`` of some of the objects.
    units : (n,) array of int
        Independent unit of each object.

    Raises
    ------
    InputError
        If there are fewer than two units.

    References
    ----------
    Tukey 1958, Ann. Math. Stat. 29, 614 (pseudo-values); Efron & Stein 1981, Ann. Stat. 9, 586.
    """
    n_units = unit_count(units)
    if n_units < 2:
        raise InputError(f"all {len(units)} objects belong to one unit; a comparison needs at least two.")
    n_groups = min(n_units, _MOST_GROUPS)
    group_of_unit = np.random.default_rng(seed).permutation(n_units) % n_groups
    group = group_of_unit[units]
    everything, rows = score(np.arange(len(units))), np.arange(len(units))
    without = np.array([score(rows[group != g]) for g in range(n_groups)])
    pseudo = n_groups * everything - (n_groups - 1) * without
    # Units of one group share its value, yet are summed as independent: each has its group's scatter over their root.
    in_group = np.bincount(group_of_unit, minlength=n_groups)
    per_unit = (pseudo - pseudo.mean()) / np.sqrt(in_group) * len(units) / n_groups
    made: Array = everything + per_unit[group] / np.bincount(units, minlength=n_units)[units]
    return made


def by_unit(contributions: Array, units: NDArray[np.intp]) -> Array:
    """Sums (g, m) of the deviations of contributions (n, m) from their means, for each unit."""
    deviations = contributions - contributions.mean(axis=0)
    codes = relabelled(units)
    sums = np.zeros((unit_count(codes), contributions.shape[1]))
    np.add.at(sums, codes, deviations)
    return sums
