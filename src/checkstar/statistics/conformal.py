"""Conformal p-values over a sample: how many more objects are strange than a calibration sample says."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from checkstar.estimates import effective_number, kish, normalised_weights
from checkstar.evidence import Z_95, Estimate, binomial

__all__ = ["excess_of", "excess_share"]


def excess_share(
    p: NDArray[np.float64],
    level: float,
    units: NDArray[np.intp],
    weights: NDArray[np.float64] | None,
    n_calibration: float,
) -> Estimate:
    """Share of objects with conformal p-value (n,) at or below `level`, less that level.

    Exact (Clopper & Pearson) at the effective number of objects, widened because the calibration sample is a sample
    too: the share that it calls strange follows a Beta law about `level` (Vovk 2012, Proc. Mach. Learn. Res. 25, 475).

    Examples
    --------
    >>> found = excess_share(np.linspace(0.001, 1, 1000), 0.05, np.arange(1000), None, 1000)
    >>> found.low < 0 < found.high
    True
    """
    found = excess_of((p <= level).astype(float), level, units, weights, n_calibration)
    return found._replace(n=kish(normalised_weights(weights, len(p)), units))


def excess_of(
    strange: NDArray[np.float64],
    level: float,
    units: NDArray[np.intp],
    weights: NDArray[np.float64] | None,
    n_calibration: float,
) -> Estimate:
    """As `excess_share`, of objects that are called strange outright (1), not (0), or by some of several samples.

    Its number of objects is the effective one behind the share.
    """
    w = normalised_weights(weights, len(strange))
    value = float((w * strange).mean())
    effective = effective_number(strange, units, w)
    found = binomial(value * effective, effective)
    own = Z_95 * math.sqrt(level * (1 - level) / n_calibration)
    low = value - math.hypot(value - found.low, own)
    high = value + math.hypot(found.high - value, own)
    return Estimate(value - level, low - level, high - level, found.n)
