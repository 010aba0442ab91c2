"""checkstar: what may a machine-learned result in astrophysics be used for, and what not?

Everything a user types is here; submodules are loaded when first used, so ``import checkstar`` is quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from checkstar import (
        checks,
        data,
        evidence,
        methods,
        noise,
        populations,
        prediction,
        problems,
        simulators,
        symmetries,
        testing,
    )
    from checkstar.audits import Audit, audit, plan
    from checkstar.claims import Claim, Population, Shift
    from checkstar.data.dataset import Dataset
    from checkstar.errors import ContractError, InputError, NotApplicable
    from checkstar.evidence import Evidence, Verdict
    from checkstar.methods.wrapping import as_method
    from checkstar.nuisances import Nuisance
    from checkstar.runs import Run, run
    from checkstar.scope import Scope

__version__ = "0.1.0"

_HOME = {
    "Audit": "audits",
    "Claim": "claims",
    "ContractError": "errors",
    "Dataset": "data.dataset",
    "Evidence": "evidence",
    "InputError": "errors",
    "NotApplicable": "errors",
    "Nuisance": "nuisances",
    "Population": "claims",
    "Shift": "claims",
    "Run": "runs",
    "Scope": "scope",
    "Verdict": "evidence",
    "as_method": "methods.wrapping",
    "audit": "audits",
    "plan": "audits",
    "run": "runs",
}
_MODULES = (
    "checks",
    "data",
    "evidence",
    "methods",
    "noise",
    "populations",
    "prediction",
    "problems",
    "simulators",
    "symmetries",
    "testing",
)

__all__ = [
    "Audit",
    "Claim",
    "ContractError",
    "Dataset",
    "Evidence",
    "InputError",
    "NotApplicable",
    "Nuisance",
    "Population",
    "Run",
    "Scope",
    "Shift",
    "Verdict",
    "__version__",
    "as_method",
    "audit",
    "checks",
    "data",
    "evidence",
    "methods",
    "noise",
    "plan",
    "populations",
    "prediction",
    "problems",
    "run",
    "simulators",
    "symmetries",
    "testing",
]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"checkstar.{name}")
    if name in _HOME:
        return getattr(import_module(f"checkstar.{_HOME[name]}"), name)
    raise AttributeError(f"module 'checkstar' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
