"""Data: the Dataset, what is embedded, what is fetched, and files."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from checkstar.data import curve_sources, embedded, sources
    from checkstar.data.curve_files import (
        iterate_light_curves,
        light_curve_partitions,
        read_light_curves,
        write_light_curves,
    )
    from checkstar.data.curve_layout import CurveLayout, curve_dataset
    from checkstar.data.curve_shapes import CurveShapes
    from checkstar.data.dataset import Dataset
    from checkstar.data.light_curves import LightCurves
    from checkstar.data.tables import read_table

__all__ = [
    "CurveLayout",
    "CurveShapes",
    "Dataset",
    "LightCurves",
    "curve_dataset",
    "curve_sources",
    "embedded",
    "iterate_light_curves",
    "light_curve_partitions",
    "read_light_curves",
    "read_table",
    "sources",
    "write_light_curves",
]

_HOMES = {
    "CurveLayout": "curve_layout",
    "CurveShapes": "curve_shapes",
    "Dataset": "dataset",
    "LightCurves": "light_curves",
    "curve_dataset": "curve_layout",
    "iterate_light_curves": "curve_files",
    "light_curve_partitions": "curve_files",
    "read_light_curves": "curve_files",
    "read_table": "tables",
    "write_light_curves": "curve_files",
}


def __getattr__(name: str) -> Any:
    # Lazy: importing checkstar must not read pandas, astropy or pooch.
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    if name in __all__:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
