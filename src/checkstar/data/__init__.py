"""Data: the Dataset, what is embedded, what is fetched, and files."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from checkstar.data import embedded, sources
    from checkstar.data.dataset import Dataset
    from checkstar.data.tables import read_table

__all__ = ["Dataset", "embedded", "read_table", "sources"]

_HOMES = {"Dataset": "dataset", "read_table": "tables"}


def __getattr__(name: str) -> Any:
    # Lazy: importing checkstar must not read pandas, astropy or pooch.
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    if name in __all__:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
