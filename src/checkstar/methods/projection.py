"""Projection: standardise the columns of x, and turn many correlated ones (pixels) into a few components."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from checkstar.errors import InputError

__all__ = ["AUTO_COLUMNS", "AUTO_COMPONENTS", "Projection", "fit_projection", "project"]

#: What a projection learned, by name: mean (p,), scale (p,) and, where components are used, axes (p, r).
Projection = dict[str, NDArray[np.float64]]

#: "auto" keeps up to this many columns as they are, and takes so many components of more.
AUTO_COLUMNS, AUTO_COMPONENTS = 100, 30


def fit_projection(name: str, x: NDArray[np.float64], n_components: int | Literal["auto"] | None) -> Projection:
    """Learn how to standardise `x` (n, p), and its principal components if any are wanted.

    Parameters
    ----------
    name : str
        The method that asks, for the message.
    x : (n, p) array
        Training observations.
    n_components : int, "auto" or None
        Number of principal components of the standardised columns, at most min(n, p); None keeps the columns;
        "auto" keeps up to 100 columns and takes 30 components of more.

    Raises
    ------
    InputError
        If `n_components` is none of these.
    """
    wanted = _n_components(name, n_components, x.shape[1])
    mean, spread = x.mean(axis=0), x.std(axis=0)
    # A column that is constant up to rounding carries nothing: dividing by its spread would invent a signal.
    scale = np.where(spread > 1e-12 * np.abs(mean), spread, 1.0)
    projection = {"mean": mean, "scale": scale}
    if wanted is not None and wanted < x.shape[1]:
        projection["axes"] = _principal_axes((x - mean) / scale, wanted)
    return projection


def project(projection: Projection, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Standardised columns (n, p) of `x`, or its components (n, r)."""
    standard = (x - projection["mean"]) / projection["scale"]
    return standard @ projection["axes"] if "axes" in projection else standard


def _n_components(name: str, value: Any, n_features: int) -> int | None:
    if value is None:
        return None
    if isinstance(value, str) and value == "auto":
        return AUTO_COMPONENTS if n_features > AUTO_COLUMNS else None
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise InputError(f"{name} got n_components={value!r}; give a positive integer, 'auto' or None.")
    return int(value)


def _principal_axes(standard: NDArray[np.float64], n_components: int) -> NDArray[np.float64]:
    if standard.shape[0] > standard.shape[1]:
        axes = np.linalg.eigh(standard.T @ standard)[1][:, ::-1]
    else:
        axes = np.linalg.svd(standard, full_matrices=False)[2].T
    axes = axes[:, : min(n_components, *standard.shape)]
    # The sign of an eigenvector is arbitrary; fix it, so that equal data give equal arrays everywhere.
    peak = axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])]
    return np.ascontiguousarray(axes * np.where(peak < 0, -1.0, 1.0))
