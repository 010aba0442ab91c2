"""Objects of counter-examples, in words and in figures: columns unlike the median, or a light curve."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from checkstar.data.curve_layout import CurveLayout
from checkstar.data.dataset import Dataset
from checkstar.symmetries.counter_examples import CounterExample

__all__ = ["before_and_after", "object_in_words"]

Array = NDArray[np.float64]
_MOST = 300


def object_in_words(found: CounterExample, test: Dataset) -> str:
    """What the object of a counter-example is, briefly."""
    if test.layout is not None:
        return _curve_in_words(found.x, test.layout)
    if not len(found.differs):
        return "the median object"
    if len(found.differs) > 3:
        return f"an object unlike the median in {len(found.differs)} of {len(found.x)} columns"
    return f"the median object with {' and '.join(f'{test.features[i]} = {found.x[i]:.4g}' for i in found.differs[:3])}"


def before_and_after(found: CounterExample, after: Array, test: Dataset) -> dict[str, Any]:
    """Axes and layers of a figure: the object, and what it was changed to (p,)."""
    if test.layout is not None:
        return _curves(found.x, after, test.layout)
    shown = np.linspace(0, len(found.x) - 1, min(_MOST, len(found.x))).astype(int)
    shown = np.union1d(shown, found.differs)[:_MOST]
    kind = "line" if len(shown) > 30 else "points"
    return {
        "xlabel": "column of x",
        "ylabel": "x",
        "layers": [
            {"kind": kind, "x": shown.tolist(), "y": found.x[shown].tolist(), "tone": "main", "label": "before"},
            {"kind": kind, "x": shown.tolist(), "y": after[shown].tolist(), "tone": "second", "label": "after"},
        ],
    }


def _curve_in_words(x: Array, layout: CurveLayout) -> str:
    time = layout.unpack(x[None]).time
    known = "".join(f", {name} {value:.6g}" for name, value in zip(layout.extras, x, strict=False))
    if not len(time):
        return f"an object without epochs{known}"
    return f"a light curve of {len(time)} epochs (MJD {time.min():.3f} to {time.max():.3f}{known})"


def _curves(x: Array, after: Array, layout: CurveLayout) -> dict[str, Any]:
    layers = []
    for row, tone, label in ((x, "main", "before"), (after, "second", "after")):
        curve = layout.unpack(row[None])
        first = slice(0, _MOST)
        times, values = curve.time[first].tolist(), curve.value[first].tolist()
        layers.append({"kind": "points", "x": times, "y": values, "tone": tone, "label": label})
    return {"xlabel": "time (MJD)", "ylabel": layout.unit, "layers": layers}
