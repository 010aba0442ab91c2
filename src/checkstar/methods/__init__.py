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
    from checkstar.methods.light_curves.curve_trees import CurveBoosting as CurveBoosting
    from checkstar.methods.light_curves.curve_trees import CurveForest as CurveForest
    from checkstar.methods.light_curves.cuts import VariableStarCuts as VariableStarCuts
    from checkstar.methods.light_curves.event_templates import EventTemplates as EventTemplates
    from checkstar.methods.light_curves.hubble_diagram import HubbleDiagram as HubbleDiagram
    from checkstar.methods.light_curves.interpolated_trees import InterpolatedTrees as InterpolatedTrees
    from checkstar.methods.nearest import KNearest as KNearest
    from checkstar.methods.networks.autoencoder import AutoencoderForest as AutoencoderForest
    from checkstar.methods.networks.inception import TIN as TIN
    from checkstar.methods.networks.inception import InvariantTIN as InvariantTIN
    from checkstar.methods.networks.mixture_density import MixtureDensity as MixtureDensity
    from checkstar.methods.networks.recurrent import GRU as GRU
    from checkstar.methods.networks.recurrent import LSTM as LSTM
    from checkstar.methods.networks.residual import InvariantResNet as InvariantResNet
    from checkstar.methods.networks.residual import ResNet as ResNet
    from checkstar.methods.networks.temporal_convolutions import TCN as TCN
    from checkstar.methods.networks.temporal_convolutions import InvariantTCN as InvariantTCN
    from checkstar.methods.networks.transformer import TimeSeriesTransformer as TimeSeriesTransformer
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
    "AutoencoderForest": "networks.autoencoder",
    "BoostedTrees": "trees",
    "Calibrated": "calibrated",
    "Cannon": "cannon",
    "Conformal": "conformal",
    "ConformalQuantiles": "conformal_quantiles",
    "Constant": "constant",
    "CurveBoosting": "light_curves.curve_trees",
    "CurveForest": "light_curves.curve_trees",
    "DeepKNN": "deep_knn",
    "DistanceError": "distance_error",
    "DomainGuard": "domain_guard",
    "Ensemble": "ensemble",
    "EventTemplates": "light_curves.event_templates",
    "Forest": "trees",
    "Frozen": "wrappers",
    "GRU": "networks.recurrent",
    "GaussianProcess": "gaussian_process",
    "HubbleDiagram": "light_curves.hubble_diagram",
    "InterpolatedTrees": "light_curves.interpolated_trees",
    "InvariantResNet": "networks.residual",
    "InvariantTCN": "networks.temporal_convolutions",
    "InvariantTIN": "networks.inception",
    "Isotonic": "isotonic",
    "KNearest": "nearest",
    "LSTM": "networks.recurrent",
    "Method": "base",
    "MixtureDensity": "networks.mixture_density",
    "PriorDivided": "prior_divided",
    "ResNet": "networks.residual",
    "Ridge": "ridge",
    "SedFit": "sed_fit",
    "Symmetrized": "symmetrized",
    "TCN": "networks.temporal_convolutions",
    "TIN": "networks.inception",
    "TemperatureScaled": "temperature",
    "TemplateFit": "template_fit",
    "TimeSeriesTransformer": "networks.transformer",
    "VariableStarCuts": "light_curves.cuts",
    "WeightedConformal": "conformal_weighted",
    "Wrapper": "wrappers",
    "as_method": "wrapping",
}

__all__ = [
    "GRU",
    "LSTM",
    "TCN",
    "TIN",
    "AutoencoderForest",
    "BoostedTrees",
    "Calibrated",
    "Cannon",
    "Conformal",
    "ConformalQuantiles",
    "Constant",
    "CurveBoosting",
    "CurveForest",
    "DeepKNN",
    "DistanceError",
    "DomainGuard",
    "Ensemble",
    "EventTemplates",
    "Forest",
    "Frozen",
    "GaussianProcess",
    "HubbleDiagram",
    "InterpolatedTrees",
    "InvariantResNet",
    "InvariantTCN",
    "InvariantTIN",
    "Isotonic",
    "KNearest",
    "Method",
    "MixtureDensity",
    "PriorDivided",
    "ResNet",
    "Ridge",
    "SedFit",
    "Symmetrized",
    "TemperatureScaled",
    "TemplateFit",
    "TimeSeriesTransformer",
    "VariableStarCuts",
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
