"""Methods: one estimator family a file, all behind `checkstar.methods.base.Method`.

Nothing is imported before it is asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from checkstar.methods.base import Method as Method
    from checkstar.methods.calibrated import Calibrated as Calibrated
    from checkstar.methods.cannon import Cannon as Cannon
    from checkstar.methods.conformal import Conformal as Conformal
    from checkstar.methods.conformal_quantiles import ConformalQuantiles as ConformalQuantiles
    from checkstar.methods.conformal_weighted import WeightedConformal as WeightedConformal
    from checkstar.methods.constant import Constant as Constant
    from checkstar.methods.deep_knn import DeepKNN as DeepKNN
    from checkstar.methods.distance_error import DistanceError as DistanceError
    from checkstar.methods.domain_guard import DomainGuard as DomainGuard
    from checkstar.methods.ensemble import Ensemble as Ensemble
    from checkstar.methods.gaussian_process import GaussianProcess as GaussianProcess
    from checkstar.methods.isotonic import Isotonic as Isotonic
    from checkstar.methods.nearest import KNearest as KNearest
    from checkstar.methods.networks.mixture_density import MixtureDensity as MixtureDensity
    from checkstar.methods.prior_divided import PriorDivided as PriorDivided
    from checkstar.methods.ridge import Ridge as Ridge
    from checkstar.methods.sed_fit import SedFit as SedFit
    from checkstar.methods.symmetrized import Symmetrized as Symmetrized
    from checkstar.methods.temperature import TemperatureScaled as TemperatureScaled
    from checkstar.methods.template_fit import TemplateFit as TemplateFit
    from checkstar.methods.trees import BoostedTrees as BoostedTrees
    from checkstar.methods.trees import Forest as Forest
    from checkstar.methods.wrappers import Frozen as Frozen
    from checkstar.methods.wrappers import Wrapper as Wrapper
    from checkstar.methods.wrapping import as_method as as_method

_HOME = {
    "BoostedTrees": "trees",
    "Calibrated": "calibrated",
    "Cannon": "cannon",
    "Conformal": "conformal",
    "ConformalQuantiles": "conformal_quantiles",
    "Constant": "constant",
    "DeepKNN": "deep_knn",
    "DistanceError": "distance_error",
    "DomainGuard": "domain_guard",
    "Ensemble": "ensemble",
    "Forest": "trees",
    "Frozen": "wrappers",
    "GaussianProcess": "gaussian_process",
    "Isotonic": "isotonic",
    "KNearest": "nearest",
    "Method": "base",
    "MixtureDensity": "networks.mixture_density",
    "PriorDivided": "prior_divided",
    "Ridge": "ridge",
    "SedFit": "sed_fit",
    "Symmetrized": "symmetrized",
    "TemperatureScaled": "temperature",
    "TemplateFit": "template_fit",
    "WeightedConformal": "conformal_weighted",
    "Wrapper": "wrappers",
    "as_method": "wrapping",
}

__all__ = [
    "BoostedTrees",
    "Calibrated",
    "Cannon",
    "Conformal",
    "ConformalQuantiles",
    "Constant",
    "DeepKNN",
    "DistanceError",
    "DomainGuard",
    "Ensemble",
    "Forest",
    "Frozen",
    "GaussianProcess",
    "Isotonic",
    "KNearest",
    "Method",
    "MixtureDensity",
    "PriorDivided",
    "Ridge",
    "SedFit",
    "Symmetrized",
    "TemperatureScaled",
    "TemplateFit",
    "WeightedConformal",
    "Wrapper",
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
