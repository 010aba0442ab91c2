"""Rescaling: a prediction of any kind, moved and stretched about its mean."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from checkstar.errors import ContractError
from checkstar.prediction import Grid, Mixture, Normal, Prediction, Samples

__all__ = ["rescaled"]


def rescaled(prediction: Prediction, factor: NDArray[np.float64], shift: NDArray[np.float64]) -> Prediction:
    """The prediction with its spread times `factor` and its mean plus `shift`, both (n, k); its shape stays.

    Raises
    ------
    ContractError
        If the prediction is of a kind without a spread.

    Examples
    --------
    >>> wider = rescaled(Normal([1.0], [2.0]), np.array([[3.0]]), np.array([[0.5]]))
    >>> wider.mean().item(), wider.std().item()
    (1.5, 6.0)
    """
    centre = prediction.mean()

    def moved(values: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
        old, stretch, new = (np.expand_dims(part, axis) for part in (centre, factor, centre + shift))
        return new + stretch * (values - old)

    match prediction:
        case Normal():
            covariance = prediction.covariance
            if covariance is not None:
                covariance = covariance * factor[:, :, None] * factor[:, None, :]
            return Normal(centre + shift, factor * prediction.std_values, covariance)
        case Mixture():
            return Mixture(prediction.weights, moved(prediction.means, 1), factor[:, None, :] * prediction.stds)
        case Grid():
            return Grid(moved(prediction.edges, 2), prediction.mass)
        case Samples():
            return Samples(moved(prediction.draws, 1))
    raise ContractError(f"predictions of kind {prediction.kind!r} have no spread to rescale; give error bars.")
