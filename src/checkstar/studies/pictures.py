"""Pictures of single objects: a light curve, folded where its period is known, or a row of numbers that is a spectrum."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from checkstar.data.curve_layout import CurveLayout
from checkstar.data.dataset import Dataset
from checkstar.errors import InputError

__all__ = ["picture_of"]

Array = NDArray[np.float64]
_MOST_POINTS = 150
#: Columns from which on a row is drawn as a sequence.
_SEQUENCE = 30


def picture_of(data: Dataset, row: int) -> dict[str, Any] | None:
    """One object as points: ``{"kind", "x", "y", "band", "xlabel", "ylabel", "inverted"}``; None if it cannot be drawn.

    ``kind`` is "phase" (from 0 to 2), "time" or "sequence"; ``band`` numbers the passband of each point.
    """
    if data.x is None:
        return None
    try:
        layout = CurveLayout.of(data.features)
    except InputError:
        return _sequence(data, row)
    curves = layout.unpack(data.x[row : row + 1], None if data.noise is None else data.noise[[row]])
    if not len(curves.time):
        return None
    period = float(curves.meta["period"].iloc[0]) if "period" in curves.meta else np.nan
    assert curves.band is not None
    kept = np.unique(np.linspace(0, len(curves.time) - 1, _MOST_POINTS).astype(int))
    time, value, band = curves.time[kept], curves.value[kept], curves.band[kept]
    shown: dict[str, Any] = {"ylabel": layout.unit, "inverted": layout.unit == "mag"}
    if period > 0:
        phase = time / period % 1.0
        x, xlabel = np.concatenate([phase, phase + 1]), f"phase at {period:.5g} d"
        return shown | _points("phase", x, np.tile(value, 2), np.tile(band, 2), xlabel)
    return shown | _points("time", time - time.min(), value, band, "days")


def _sequence(data: Dataset, row: int) -> dict[str, Any] | None:
    assert data.x is not None
    values = np.asarray(data.x[row], dtype=float)
    good = np.flatnonzero(np.isfinite(values))
    if len(values) < _SEQUENCE or not good.size:
        return None
    kept = good[np.unique(np.linspace(0, len(good) - 1, _MOST_POINTS).astype(int))]
    return {"ylabel": "x", "inverted": False} | _points(
        "sequence", kept.astype(float), values[kept], 0 * kept, "column"
    )


def _points(kind: str, x: Array, y: Array, band: NDArray[Any], xlabel: str) -> dict[str, Any]:
    """Rounded, so that a report of many objects stays small."""
    return {
        "kind": kind,
        "x": [float(f"{v:.5g}") for v in x],
        "y": [float(f"{v:.6g}") for v in y],
        "band": [int(b) for b in band],
        "xlabel": xlabel,
    }
