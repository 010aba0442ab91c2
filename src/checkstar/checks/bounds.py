"""The information that test objects hold about their labels, by the forward model that was declared."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from checkstar.data.dataset import Dataset
from checkstar.errors import InputError
from checkstar.simulators.base import ForwardModel
from checkstar.statistics.information import fisher_information

__all__ = ["information_in"]


def information_in(data: Dataset, forward: ForwardModel) -> NDArray[np.float64]:
    """Fisher information (n, k, k) of each object about its labels, at its truth and with its noise.

    Raises
    ------
    InputError
        If the forward model gives other observations than those of `data`.
    """
    assert data.x is not None and data.y is not None and data.noise is not None
    mean, jacobian = forward.mean(data.y), forward.jacobian(data.y)
    if mean.shape != data.x.shape or jacobian.shape != (*data.x.shape, data.y.shape[1]):
        raise InputError(
            f"the forward model gives observations of shape {mean.shape} with derivatives {jacobian.shape}, but x has "
            f"shape {data.x.shape} and y {data.y.shape}; declare a model from these labels to these observations."
        )
    return fisher_information(jacobian, mean, data.noise)
