"""Studies: methods on problems over folds, with costs, in a store that survives kills.

Nothing is imported before it is asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from checkstar.studies.execution import DaskExecutor as DaskExecutor
    from checkstar.studies.execution import JoblibExecutor as JoblibExecutor
    from checkstar.studies.execution import SerialExecutor as SerialExecutor
    from checkstar.studies.hyperparameters import Between as Between
    from checkstar.studies.hyperparameters import Search as Search
    from checkstar.studies.partitions import score_partitions as score_partitions
    from checkstar.studies.running import Study as Study
    from checkstar.studies.running import study as study
    from checkstar.studies.store import Store as Store

_HOME = {
    "Between": "hyperparameters",
    "DaskExecutor": "execution",
    "JoblibExecutor": "execution",
    "Search": "hyperparameters",
    "SerialExecutor": "execution",
    "Store": "store",
    "Study": "running",
    "score_partitions": "partitions",
    "study": "running",
}

__all__ = [
    "Between",
    "DaskExecutor",
    "JoblibExecutor",
    "Search",
    "SerialExecutor",
    "Store",
    "Study",
    "score_partitions",
    "study",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
