"""Variability: periods, shapes and descriptors of light curves, vectorised over objects; loaded when first used."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from checkstar.variability import nuisances
    from checkstar.variability.cleaning import Cleaned, clean
    from checkstar.variability.features import Features, describe_curves
    from checkstar.variability.folding import FoldedSequences, fold
    from checkstar.variability.match_rates import MatchRates, match_rate
    from checkstar.variability.periods import Periods, find_periods

__all__ = [
    "Cleaned",
    "Features",
    "FoldedSequences",
    "MatchRates",
    "Periods",
    "clean",
    "describe_curves",
    "find_periods",
    "fold",
    "match_rate",
    "nuisances",
]

_HOME = {
    "Cleaned": "cleaning",
    "Features": "features",
    "FoldedSequences": "folding",
    "MatchRates": "match_rates",
    "Periods": "periods",
    "clean": "cleaning",
    "describe_curves": "features",
    "find_periods": "periods",
    "fold": "folding",
    "match_rate": "match_rates",
}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    if name in __all__:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
