"""Problems: one scientific question a file, loaded when first used."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from checkstar.problems.base import Metric, Problem
    from checkstar.problems.photometric_redshifts import redshifts
    from checkstar.problems.stellar_spectra import stellar_labels
    from checkstar.problems.stellar_variability import variable_stars
    from checkstar.problems.transients import supernovae

__all__ = ["Metric", "Problem", "redshifts", "stellar_labels", "supernovae", "variable_stars"]

_HOME = {
    "Metric": "base",
    "Problem": "base",
    "redshifts": "photometric_redshifts",
    "stellar_labels": "stellar_spectra",
    "supernovae": "transients",
    "variable_stars": "stellar_variability",
}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"checkstar.problems.{_HOME[name]}"), name)
    raise AttributeError(f"module 'checkstar.problems' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
