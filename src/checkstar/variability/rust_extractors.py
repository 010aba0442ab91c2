"""The Rust extractors of the light-curve package, where it is installed: the same statistics as ours, faster."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from checkstar.errors import InputError
from checkstar.variability.epochs import Epochs

__all__ = ["extract_with_rust", "has_rust", "need_rust"]

Array = NDArray[np.float64]


def has_rust() -> bool:
    """Whether the light-curve package is installed."""
    return find_spec("light_curve") is not None


def need_rust() -> None:
    """Refuse to go on without the light-curve package.

    Raises
    ------
    InputError
        If it is not installed.
    """
    if not has_rust():
        raise InputError(
            "the Rust extractors need the light-curve package (GPL-3), which is not installed; "
            "pip install 'checkstar[light-curves]', or use extractors='numpy', which gives the same numbers."
        )


def extract_with_rust(epochs: Epochs) -> dict[str, Array]:
    """The statistics of `describe_distribution` (n,), by name.

    Those of `describe_sequence` are left to ours, which are as fast: the Rust ones end the process where all epochs of
    an object have the same time.

    References
    ----------
    Malanchev et al. 2021, MNRAS 502, 5147.
    """
    extractor = _extractor()
    # Values without their mean: sums of squares of large magnitudes would lose digits.
    value = epochs.value - epochs.parts.spread(epochs.parts.mean(epochs.value))
    table = extractor.many(
        _arrow(epochs, value),
        arrow_fields={"t": "t", "m": "m", "sigma": "sigma"},
        sorted=True,
        check=False,
        fill_value=np.nan,
        n_jobs=1,
    )
    return dict(zip(map(str.lower, extractor.names), np.ascontiguousarray(table.T), strict=True))


def _extractor() -> Any:
    import light_curve as lc

    return lc.Extractor(
        lc.Amplitude(),
        lc.StandardDeviation(),
        lc.Skew(),
        lc.Kurtosis(),
        lc.InterPercentileRange(0.05),
        lc.InterPercentileRange(0.25),
        lc.MedianAbsoluteDeviation(),
        lc.MedianBufferRangePercentage(0.1),
        lc.ReducedChi2(),
        lc.StetsonK(),
        lc.Roms(),
        lc.BeyondNStd(1.0),
        lc.AndersonDarlingNormal(),
        lc.OtsuSplit(),
    )


def _arrow(epochs: Epochs, value: Array) -> Any:
    import pyarrow as pa

    since = epochs.time - epochs.parts.spread(epochs.time[epochs.parts.starts])
    columns = pa.StructArray.from_arrays(
        [pa.array(since), pa.array(value), pa.array(epochs.error)], ["t", "m", "sigma"]
    )
    return pa.LargeListArray.from_arrays(pa.array(epochs.parts.offsets), columns)
