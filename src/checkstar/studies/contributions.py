"""What each prediction adds to a score: numbers whose mean is the score, so that methods are compared object by object."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from checkstar.errors import InputError
from checkstar.estimates import relabelled, unit_count

__all__ = ["Reach", "by_unit", "of_accuracy", "of_any", "of_balanced_accuracy"]

Array = NDArray[np.float64]
#: Most groups of units, one less than a power of two.
_MOST_GROUPS = 63


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
    share = counts / len(truth)
    return recall.mean() + (right - recall[codes]) / (len(counts) * share[codes])


class Reach(NamedTuple):
    """How much another answer can change the contribution of each object (n,), and the sample (n,) that it belongs to."""

    most: Array
    stratum: NDArray[np.intp]

    @classmethod
    def of_objects(cls, truth: NDArray[Any]) -> Self:
        """In a mean over objects: from wrong to right."""
        return cls(np.ones(len(truth)), np.zeros(len(truth), dtype=np.intp))

    @classmethod
    def of_classes(cls, truth: NDArray[Any], most: float = 1.0) -> Self:
        """In a mean over K classes of shares, each of its own n_class objects: n / (K n_class).

        Examples
        --------
        >>> Reach.of_classes(np.array(["a", "a", "a", "b"])).most.round(3).tolist()
        [0.667, 0.667, 0.667, 2.0]
        """
        _, codes, counts = np.unique(truth.astype(str), return_inverse=True, return_counts=True)
        return cls(most * len(truth) / (len(counts) * counts[codes]), codes)


def of_any(score: Callable[[NDArray[np.intp]], float], units: NDArray[np.intp], seed: int = 0) -> Array:
    """Contributions (n,) to any score from what it is on balanced halves of the units; their mean is the score.

    Halves of groups of units follow the columns of a Hadamard matrix, so what each group adds is told exactly if the score is
    a mean, and the scatter is right for medians too, of which leaving out few objects tells nothing.

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
    McCarthy 1969, Rev. Int. Stat. Inst. 37, 239; Shao & Rao 1993, Sankhya B 55, 343 (medians).
    """
    n_units = unit_count(units)
    if n_units < 2:
        raise InputError(f"all {len(units)} objects belong to one unit; a comparison needs at least two.")
    halves = _halves(n_units)
    n_groups = halves.shape[1]
    group_of_unit = np.random.default_rng(seed).permutation(n_units) % n_groups
    group, rows = group_of_unit[units], np.arange(len(units))
    whole = score(rows)
    changes = np.array([score(rows[(half > 0)[group]]) - whole for half in halves])
    # Of a mean, a change is the sum of the signed groups over twice the number of groups in the half.
    influence = halves.T @ (2 * (halves > 0).sum(axis=1) * changes) / (len(halves) + 1)
    # Units of one group share its value, yet are summed as independent: each has its group's scatter over their root.
    in_group = np.bincount(group_of_unit, minlength=n_groups)
    per_unit = influence / np.sqrt(in_group) * len(units) / n_groups
    added = per_unit[group] / np.bincount(units, minlength=n_units)[units]
    made: Array = whole + added - added.mean()
    return made


def _halves(n_units: int) -> NDArray[np.int64]:
    """Signs (r, g) of groups in r halves, orthogonal but for a common row."""
    from scipy.linalg import hadamard

    if n_units < 3:
        return np.array([[1, -1]])
    order = 2 ** int(math.log2(min(n_units, _MOST_GROUPS) + 1))
    return np.asarray(hadamard(order)[1:, 1:], dtype=np.int64)


def by_unit(contributions: Array, units: NDArray[np.intp]) -> Array:
    """Sums (g, m) of the deviations of contributions (n, m) from their means, for each unit."""
    deviations = contributions - contributions.mean(axis=0)
    codes = relabelled(units)
    sums = np.zeros((unit_count(codes), contributions.shape[1]))
    np.add.at(sums, codes, deviations)
    return sums
