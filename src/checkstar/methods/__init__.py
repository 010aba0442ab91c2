"""Methods: one estimator family a file, all behind `checkstar.methods.base.Method`.

Nothing is imported before it is asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from checkstar.methods.base import Method as Method
    from checkstar.methods.cannon import Cannon as Cannon
    from checkstar.methods.constant import Constant as Constant
    from checkstar.methods.nearest import KNearest as KNearest
    from checkstar.methods.ridge import Ridge as Ridge
    from checkstar.methods.template_fit import TemplateFit as TemplateFit
    from checkstar.methods.trees import BoostedTrees as BoostedTrees
    from checkstar.methods.trees import Forest as Forest
    from checkstar.methods.wrapping import as_method as as_method

_HOME = {
    "BoostedTrees": "trees",
    "Cannon": "cannon",
    "Constant": "constant",
    "Forest": "trees",
    "KNearest": "nearest",
    "Method": "base",
    "Ridge": "ridge",
    "TemplateFit": "template_fit",
    "as_method": "wrapping",
}

__all__ = [
    "BoostedTrees",
    "Cannon",
    "Constant",
    "Forest",
    "KNearest",
    "Method",
    "Ridge",
    "TemplateFit",
    "as_method",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
