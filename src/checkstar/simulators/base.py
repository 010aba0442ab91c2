"""ForwardModel: from labels to the mean of the observations, with derivatives."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray

__all__ = ["ForwardModel"]


class ForwardModel(ABC):
    """What would be observed without noise, for given labels."""

    @abstractmethod
    def mean(self, labels: NDArray[np.float64]) -> NDArray[np.float64]:
        """Noiseless observations (n, p) for `labels` (n, k)."""

    def jacobian(self, labels: NDArray[np.float64]) -> NDArray[np.float64]:
        """Derivatives (n, p, k) of `mean` by each label; central differences unless a subclass knows better."""
        labels = np.asarray(labels, dtype=float)
        scale = np.maximum(np.abs(labels), np.maximum(labels.std(axis=0), 1e-8))
        columns = []
        for k in range(labels.shape[1]):
            step = np.zeros_like(labels)
            # The cube root of the machine's precision balances rounding and curvature.
            step[:, k] = np.finfo(float).eps ** (1 / 3) * scale[:, k]
            columns.append((self.mean(labels + step) - self.mean(labels - step)) / (2 * step[:, [k]]))
        return np.stack(columns, axis=2)
