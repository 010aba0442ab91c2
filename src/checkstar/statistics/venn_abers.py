"""Venn-Abers: scores turned into probabilities that are right on average whatever the scores mean."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["VennAbers", "venn_abers"]

Array = NDArray[np.float64]


class VennAbers(NamedTuple):
    """Probability (m,) of being a member, and the two values between which it lies."""

    probability: Array
    low: Array
    high: Array


def venn_abers(held: ArrayLike, member: ArrayLike, score: ArrayLike) -> VennAbers:
    """Probabilities of membership of new objects, from objects of known class that nothing was learned from.

    The new object is added to those of known class once as an outsider and once as a member, and the increasing step
    function that fits best is read at its score. One of the two readings is perfectly calibrated, if the objects of
    known class and the new one are exchangeable; the distance between them says how much the known objects tell. Where
    one number is asked for it is ``high / (1 - low + high)``, which has the least regret in log loss.

    Parameters
    ----------
    held, member : (n,) array
        Scores of the objects of known class, and whether they are members.
    score : (m,) array
        Scores of the new objects; the larger, the more like a member.

    References
    ----------
    Vovk & Petej 2014, UAI (arXiv:1211.0025); Vovk, Petej & Fedorova 2015, NeurIPS (arXiv:1511.00213).

    Examples
    --------
    >>> found = venn_abers([0.1, 0.2, 0.8, 0.9], [False, False, True, True], [0.95])
    >>> found.low.round(3).tolist(), found.high.round(3).tolist(), found.probability.round(3).tolist()
    ([0.667], [1.0], [0.75])
    """
    levels, place = np.unique(np.asarray(held, dtype=float), return_inverse=True)
    number = np.bincount(place, minlength=len(levels)).astype(float)
    members = np.bincount(place, np.asarray(member, dtype=float), len(levels)).astype(float)
    asked, back = np.unique(np.asarray(score, dtype=float), return_inverse=True)
    found = np.array([_readings(levels, number, members, one) for one in asked]).reshape(-1, 2)[back]
    low, high = found[:, 0], found[:, 1]
    return VennAbers(high / (1 - low + high), low, high)


def _readings(levels: Array, number: Array, members: Array, score: float) -> tuple[float, float]:
    from sklearn.isotonic import isotonic_regression

    at = int(np.searchsorted(levels, score))
    if at == len(levels) or levels[at] != score:
        number, members = np.insert(number, at, 0.0), np.insert(members, at, 0.0)
    number = number.copy()
    number[at] += 1
    low, high = (
        float(
            isotonic_regression((members + label * (np.arange(len(number)) == at)) / number, sample_weight=number)[at]
        )
        for label in (0.0, 1.0)
    )
    return low, high
