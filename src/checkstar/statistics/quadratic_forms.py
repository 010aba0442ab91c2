"""The root of a sum of squares of normal differences: debiased, with an interval that is honest near zero.

The plug-in root mean square of noisy differences is positive even where all of them are zero. For differences d with
covariance S, the mean of ``Q = |d|^2`` is ``theta^2 + tr S`` and its variance without a fault ``2 tr S^2``.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import special

from checkstar.evidence import ALPHA, Z_95, Estimate

__all__ = ["root_of_squares"]


def root_of_squares(differences: NDArray[np.float64], covariance: NDArray[np.float64], n: float) -> Estimate:
    """Length ``theta`` of the mean of normal `differences` (p,) of known `covariance` (p, p), from `n` units.

    ``Q`` is taken as ``a`` times a noncentral chi^2 with ``nu`` degrees of freedom and noncentrality ``theta^2 / a``; a
    and nu match its mean and variance without a fault (Satterthwaite 1946, Biometrics Bull. 2, 110). Exact where the
    covariance is a multiple of the unit matrix. A covariance from few units is itself uncertain: the interval is that
    of a covariance as much larger as the square of Student's t with n - 1 - p degrees of freedom is.

    Examples
    --------
    >>> found = root_of_squares(np.array([0.3, 0.4]), np.eye(2) / 1000, 1e6)
    >>> [round(end, 2) for end in found[:3]]
    [0.5, 0.44, 0.56]
    """
    size, p = float(differences @ differences), len(differences)
    trace, squares = float(np.trace(covariance)), float(np.square(covariance).sum())
    if n - 1 - p < 1 or not (math.isfinite(trace) and trace > 0 and squares > 0):
        return Estimate(math.sqrt(size), 0.0, math.inf, n)
    widen = float(special.stdtrit(n - 1 - p, 1 - ALPHA) / Z_95) ** 2
    a, nu = widen * squares / trace, trace**2 / squares
    low = special.chndtrinc(size / a, nu, 1 - ALPHA) if special.chdtr(nu, size / a) > 1 - ALPHA else 0.0
    # Agreement better than expected by chance must not narrow the interval (power-constrained limit, Cowan 2011).
    high = special.chndtrinc(max(size / a, nu), nu, ALPHA)
    value = math.sqrt(max(size - trace, 0.0))
    low, high = math.sqrt(a * low), math.sqrt(a * high)
    return Estimate(value, min(low, value), max(high, value), n)
