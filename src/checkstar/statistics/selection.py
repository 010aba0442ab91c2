"""Injections: objects of known label put through a selection, found or missed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Injections"]


@dataclass(frozen=True, kw_only=True)
class Injections:
    """Injected objects.

    Attributes
    ----------
    labels : (m, k) array
        True labels at which objects were injected.
    log_density : (m,) array
        Logarithm of the density from which each was drawn.
    found : (m,) bool array
        Whether it was selected.
    """

    labels: NDArray[np.float64]
    log_density: NDArray[np.float64]
    found: NDArray[np.bool_]
