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
        studies,
        symmetries,
        testing,
        variability,
    )
    from checkstar.audits import Audit, audit, plan
    from checkstar.candidate_lists import CandidateList, candidates
    from checkstar.claims import Claim, Population, Shift
    from checkstar.data.curve_layout import curve_dataset
    from checkstar.data.dataset import Dataset
    from checkstar.data.light_curves import LightCurves
    from checkstar.errors import ContractError, InputError, NotApplicable
    from checkstar.evidence import Evidence, Verdict
    from checkstar.methods.wrapping import as_method
    from checkstar.nuisances import Nuisance
    from checkstar.runs import Run, run
    from checkstar.scope import Scope
    from checkstar.studies.running import Study, study

__version__ = "0.1.0"

_HOME = {
    "Audit": "audits",
    "CandidateList": "candidate_lists",
    "Claim": "claims",
    "ContractError": "errors",
    "Dataset": "data.dataset",
    "Evidence": "evidence",
    "LightCurves": "data.light_curves",
    "InputError": "errors",
    "NotApplicable": "errors",
    "Nuisance": "nuisances",
    "Population": "claims",
    "Shift": "claims",
    "Run": "runs",
    "Scope": "scope",
    "Study": "studies.running",
    "Verdict": "evidence",
    "as_method": "methods.wrapping",
    "audit": "audits",
    "candidates": "candidate_lists",
    "curve_dataset": "data.curve_layout",
    "plan": "audits",
    "run": "runs",
    "study": "studies.running",
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
    "studies",
    "symmetries",
    "testing",
    "variability",
)

__all__ = [
    "Audit",
    "CandidateList",
    "Claim",
    "ContractError",
    "Dataset",
    "Evidence",
    "InputError",
    "LightCurves",
    "NotApplicable",
    "Nuisance",
    "Population",
    "Run",
    "Scope",
    "Shift",
    "Study",
    "Verdict",
    "__version__",
    "as_method",
    "audit",
    "candidates",
    "checks",
    "curve_dataset",
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
    "studies",
    "study",
    "symmetries",
    "testing",
    "variability",
]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"checkstar.{name}")
    if name in _HOME:
        return getattr(import_module(f"checkstar.{_HOME[name]}"), name)
    raise AttributeError(f"module 'checkstar' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
