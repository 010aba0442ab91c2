"""Factors by which error bars are too small, from errors (n,), claimed sigmas, errors of the truth and weights."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

__all__ = ["LARGEST_FACTOR", "SMALLEST_FACTOR", "factor_of", "robust_factor"]

Array = NDArray[np.float64]

#: Beyond, the claimed error bars say nothing at all.
SMALLEST_FACTOR, LARGEST_FACTOR = 1e-4, 1e6


def factor_of(error: Array, sigma: Array, truth_err: Array, weight: Array) -> float:
    """The factor that makes the weighted mean square pull one."""

    def excess(log_factor: float) -> float:
        variance = (np.exp(log_factor) * sigma) ** 2 + truth_err**2
        return float(np.average(error**2 / variance, weights=weight)) - 1

    return float(np.exp(_root(excess, np.log(SMALLEST_FACTOR), np.log(LARGEST_FACTOR))))


def robust_factor(error: Array, sigma: Array, truth_err: Array, weight: Array) -> float:
    """The factor with which 68.3 % of the errors are smaller than their error bars."""

    def lack(log_factor: float) -> float:
        inside = np.abs(error) <= np.hypot(np.exp(log_factor) * sigma, truth_err)
        return 0.683 - float(np.average(inside, weights=weight))

    return float(np.exp(_root(lack, np.log(SMALLEST_FACTOR), np.log(LARGEST_FACTOR))))


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    """Where a decreasing function is zero, or the end at which it is nearest to it."""
    from scipy.optimize import brentq

    if function(low) <= 0:
        return low
    if function(high) >= 0:
        return high
    return float(brentq(function, low, high, xtol=1e-10))
