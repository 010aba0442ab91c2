"""Photometry: magnitudes and the colours between neighbouring bands, which share their errors."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["colour_covariance", "colour_jacobian"]

# Colours are printed to 1e-6 mag. Without this rounding their covariance with the magnitudes would be singular.
_ROUNDING_MAG = 1e-6


def colour_jacobian(n_bands: int) -> NDArray[np.float64]:
    """Derivatives (2 b - 1, b) of b magnitudes and the colours between neighbours by the magnitudes."""
    return np.vstack([np.eye(n_bands), np.eye(n_bands)[:-1] - np.eye(n_bands)[1:]])


def colour_covariance(errors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Covariance (n, 2 b - 1, 2 b - 1) of magnitudes and colours from independent errors (n, b) of b magnitudes."""
    n_bands = errors.shape[1]
    jacobian = colour_jacobian(n_bands)
    covariance = np.einsum("ij,nj,kj->nik", jacobian, np.square(errors), jacobian)
    colours = range(n_bands, 2 * n_bands - 1)
    covariance[:, colours, colours] += _ROUNDING_MAG**2
    return covariance
