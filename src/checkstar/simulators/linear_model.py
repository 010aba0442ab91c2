"""A forward model that is linear in the labels: bounds on errors are known in closed form."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from checkstar.simulators.base import ForwardModel

__all__ = ["LinearModel"]


class LinearModel(ForwardModel):
    """Observations ``offset + labels @ slopes``.

    Parameters
    ----------
    slopes : (k, p) array
        Change of each feature by a unit of each label.
    offset : (p,) array or float
        Observations where all labels are zero.

    Examples
    --------
    >>> LinearModel([[1.0, 2.0]]).mean(np.array([[3.0]])).tolist()
    [[3.0, 6.0]]
    """

    def __init__(self, slopes: ArrayLike, offset: ArrayLike = 0.0) -> None:
        self.slopes = np.atleast_2d(np.asarray(slopes, dtype=float))
        self.offset = np.asarray(offset, dtype=float)

    def mean(self, labels: NDArray[np.float64]) -> NDArray[np.float64]:
        return self.offset + np.asarray(labels, dtype=float) @ self.slopes

    def jacobian(self, labels: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.broadcast_to(self.slopes.T, (len(labels), *self.slopes.T.shape))
