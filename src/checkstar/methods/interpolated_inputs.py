"""What methods of explosions read: fluxes on an even grid about maximum, and numbers beside them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from checkstar.data.curve_layout import CurveLayout
from checkstar.noise import Noise
from checkstar.variability.interpolation import InterpolatedCurves, interpolate

__all__ = ["InterpolatedInputs", "interpolated_inputs"]


class InterpolatedInputs(NamedTuple):
    """Interpolated light curves of n objects, and numbers known beside them (n, a), NaN where one is not known.

    These are the extras (redshift and its error), then the decimal logarithms of the largest flux and of the length of
    the correlation in days.
    """

    curves: InterpolatedCurves
    beside: NDArray[np.float64]


def interpolated_inputs(
    layout: CurveLayout, rows: NDArray[np.float64], noise: Noise | None, days: NDArray[np.float64]
) -> InterpolatedInputs:
    """Interpolate the light curves in `rows` (n, p) at `days` since their brightest moment."""
    curves = layout.unpack(rows, noise)
    found = interpolate(curves, days=days)
    extras = curves.meta.to_numpy(dtype=float).reshape(len(rows), -1)
    logs = np.log10(np.column_stack([found.scale, np.where(found.usable, found.length, 1.0)]))
    return InterpolatedInputs(found, np.hstack([extras, logs]))
