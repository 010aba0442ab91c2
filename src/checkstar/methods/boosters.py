"""Boosters: trained models of xgboost and lightgbm in their native form, as functions of x."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["booster_function"]


def booster_function(model: Any) -> Callable[[NDArray[np.float64]], NDArray[np.float64]] | None:
    """What a native Booster predicts, as a function of `x` (n, p); None for anything else.

    Their scikit-learn classes need nothing of this. A booster of two classes gives the probability of the second one;
    both columns are returned where its objective says so.
    """
    # No import: if the library was never imported, nobody can have made a booster.
    xgboost, lightgbm = sys.modules.get("xgboost"), sys.modules.get("lightgbm")
    if xgboost is not None and isinstance(model, xgboost.Booster):
        names = model.feature_names
        return lambda x: _columns(model.predict(xgboost.DMatrix(x, feature_names=names)), _xgboost_objective(model))
    if lightgbm is not None and isinstance(model, lightgbm.Booster):
        objective = str(getattr(model, "params", {}).get("objective", ""))
        return lambda x: _columns(np.asarray(model.predict(x)), objective)
    return None


def _xgboost_objective(model: Any) -> str:
    import json

    return str(json.loads(model.save_config())["learner"]["objective"]["name"])


def _columns(values: NDArray[np.float64], objective: str) -> NDArray[np.float64]:
    """Predictions; of two classes the probabilities of both."""
    if values.ndim == 1 and objective.split(" ")[0] in ("binary", "binary:logistic"):
        return np.column_stack([1.0 - values, values])
    return values
