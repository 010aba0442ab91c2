"""False alarms: how often noise alone reaches so high a peak somewhere in a multi-harmonic periodogram."""

from __future__ import annotations

from math import factorial, prod

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

__all__ = ["effective_span", "false_alarm"]

Array = NDArray[np.float64]


def false_alarm(
    power: ArrayLike, n_free: ArrayLike, bandwidth: ArrayLike, n_harmonics: ArrayLike = 1
) -> NDArray[np.float64]:
    """Probability that white noise has a peak of this power anywhere in the range of frequencies that was searched.

    The bound of Davies for a beta process, as Baluev derived it for one harmonic (2008) and for several (2009): the
    number of independent frequencies is not counted but follows from the expected number of upcrossings. It is an upper
    limit that is close where it is small; red noise, which many stars and nights have, makes peaks more often.

    Parameters
    ----------
    power : array
        Share of chi^2 that the Fourier series explains, between 0 and 1.
    n_free : array
        Epochs less the constants fitted: one in each band.
    bandwidth : array
        Highest frequency searched times the effective span (`effective_span`): no unit.
    n_harmonics : array of int
        Harmonics of the series.

    References
    ----------
    Baluev 2008, MNRAS 385, 1279, eq. 5; Baluev 2009, MNRAS 395, 1541, eq. 6.

    Examples
    --------
    >>> false_alarm([0.05, 0.3], 100, 1000.0).round(6).tolist()
    [1.0, 0.000118]
    """
    z, free, width = (np.asarray(a, dtype=float) for a in (power, n_free, bandwidth))
    k = np.asarray(n_harmonics)
    left = free - 2 * k
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        single = special.betaincc(k, left / 2, np.clip(z, 0.0, 1.0))
        log_ratio = special.gammaln(free / 2) - special.gammaln((left + 1) / 2)
        upward = width * _upcrossings(k) * np.exp(log_ratio + (k - 0.5) * np.log(z) + (left - 1) / 2 * np.log1p(-z))
        chance = -np.expm1(np.log1p(-single) - upward)
    # With no degree of freedom left, every series fits: nothing was found.
    return np.where(left > 0, np.nan_to_num(chance, nan=1.0), 1.0)


def effective_span(time: Array, weight: Array) -> float:
    """Days ``sqrt(4 pi var(t))`` of a sequence of epochs that the width of its peaks answers to (Baluev 2008, eq. 5)."""
    total = weight.sum()
    mean = weight @ time / total
    return float(np.sqrt(4 * np.pi * (weight @ (time - mean) ** 2) / total))


def _upcrossings(n_harmonics: NDArray[np.integer]) -> Array:
    """The factor A / W of Baluev 2009 for each number of harmonics; one for a sinusoid."""
    return np.vectorize(_factor, otypes=[float])(n_harmonics)


def _factor(n: int) -> float:
    odd = prod(range(1, 2 * n, 2))
    terms = ((-1) ** (n - k) * k ** (2 * n + 1) / (factorial(n + k) * factorial(n - k)) for k in range(1, n + 1))
    return float(2**n / odd * sum(terms))
