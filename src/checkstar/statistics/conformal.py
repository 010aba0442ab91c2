"""Conformal p-values over a sample: how many more objects are strange than a calibration sample says."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from checkstar.estimates import design_factor, kish, normalised_weights, standard_error
from checkstar.evidence import Z_95, Estimate, binomial

__all__ = ["excess_share"]


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
    w = normalised_weights(weights, len(p))
    strange = (p <= level).astype(float)
    value = float((w * strange).mean())
    error, effective = standard_error(w * (strange - value), units), kish(w, units)
    if 0 < value < 1 and 0 < error < math.inf:
        # Where heavy objects happen to be ordinary, the variance seen is that of the light ones: no more than Kish's number.
        effective = min(kish(w), value * (1 - value) / error**2)
    effective *= design_factor(len(p), kish(w, units))
    found = binomial(value * effective, effective)
    own = Z_95 * math.sqrt(level * (1 - level) / n_calibration)
    low = value - math.hypot(value - found.low, own)
    high = value + math.hypot(found.high - value, own)
    return Estimate(value - level, low - level, high - level, kish(w, units))
