"""Nuisance: a systematic effect of known size: a background, a zero point, a point-spread function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Nuisance"]


@dataclass(frozen=True, kw_only=True)
class Nuisance:
    """One systematic effect.

    Parameters
    ----------
    name : str
        As it stands in the report.
    apply : callable
        ``apply(x, size) -> x``: the observations (n, p) with the effect at `size` standard deviations of its budget;
        a new array.
    """

    name: str
    apply: Callable[[NDArray[np.float64], float], NDArray[np.float64]]
