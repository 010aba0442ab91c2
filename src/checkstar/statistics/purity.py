"""How many members a list of k objects holds: from objects of known class that rank as high, or from probabilities."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from checkstar.errors import InputError
from checkstar.evidence import ALPHA

__all__ = ["Count", "members_among", "members_by_probability"]


class Count(NamedTuple):
    """Least and largest number of members that 95 % of such lists hold."""

    low: int
    high: int


def members_among(k: int, found: float, n: float) -> Count:
    """Limits for the number of members among `k` new objects, of `n` alike of which `found` were members.

    Given how many of all n + k are members, those that fall among the n are hypergeometric, whatever the share of
    members in the population is. Numbers of new members that make what was found less probable than 2.5 % in either
    direction are excluded; so each limit is wrong with a probability of at most 2.5 %.

    Parameters
    ----------
    k : int
        New objects.
    found, n : float
        Members and objects of known class; effective numbers are rounded to fewer objects and to the wider interval.

    References
    ----------
    Thatcher 1964, J. R. Stat. Soc. B 26, 176; Fisher 1935, J. R. Stat. Soc. 98, 39.

    Examples
    --------
    >>> members_among(50, 90, 100)
    Count(low=39, high=49)
    >>> members_among(5, 0, 0)
    Count(low=0, high=5)
    """
    if not (k >= 0 and 0 <= found <= n):
        raise InputError(f"{found} members of {n} objects, and {k} new ones, are no counts; give 0 <= found <= n.")
    whole = int(n + 1e-9)
    share = found / n if n > 0 else 0.0
    fewest, most = int(share * whole + 1e-9), min(int(np.ceil(share * whole - 1e-9)), whole)
    new = np.arange(k + 1)
    # P(at least so many among the n) rises with the number of new members, P(at most so many) falls.
    above = stats.hypergeom.sf(fewest - 1, whole + k, fewest + new, whole)
    below = stats.hypergeom.cdf(most, whole + k, most + new, whole)
    return Count(int(new[above > ALPHA].min()), int(new[below > ALPHA].max()))


def members_by_probability(probability: ArrayLike) -> Count:
    """Limits for the number of members among objects with these probabilities (k,), if the probabilities are right.

    The number of successes of independent trials of unequal probabilities (Poisson 1837), its distribution by
    convolution; it is narrower than the binomial of the mean probability (Hoeffding 1956).

    References
    ----------
    Hoeffding 1956, Ann. Math. Stat. 27, 713.

    Examples
    --------
    >>> members_by_probability([1.0, 1.0, 0.0])
    Count(low=2, high=2)
    """
    law: NDArray[np.float64] = np.ones(1)
    for p in np.asarray(probability, dtype=float):
        law = np.convolve(law, [1 - p, p])
    running, new = np.cumsum(law), np.arange(len(law))
    left = np.cumsum(law[::-1])[::-1]
    return Count(int(new[running > ALPHA].min()), int(new[left > ALPHA].max()))
