"""Continua: spectra of arbitrary level or slow shape, divided by a smooth level of their own."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from checkstar.errors import InputError

__all__ = ["Continuum", "Divided", "divide_continuum"]

Array = NDArray[np.float64]

#: "mean" and "median" are one number a spectrum; "running" is a mean weighted by a Gaussian around each pixel.
Continuum = Literal["mean", "median", "running"]


class Divided(NamedTuple):
    """Flux (n, p), zero where masked, and its sigma (n, p), infinite where masked; the level divided out, (n, 1 or p)."""

    flux: Array
    sigma: Array
    level: Array


def divide_continuum(flux: Array, sigma: Array, continuum: Continuum, width: float) -> Divided:
    """Divide each spectrum `flux` (n, p) and its noise by the level of its unmasked pixels.

    Parameters
    ----------
    flux, sigma : (n, p) arrays
        Spectra and noise; infinite sigma marks masked pixels, whose flux is never read.
    continuum : {"mean", "median", "running"}
        The level. Its own error is neglected.
    width : float
        Standard deviation of the Gaussian of "running", in pixels.

    Raises
    ------
    InputError
        If a spectrum has no good pixel, or its level is not positive.

    Examples
    --------
    >>> divide_continuum(np.array([[2.0, 4.0]]), np.ones((1, 2)), "mean", 1.0).flux.round(3).tolist()
    [[0.667, 1.333]]
    """
    good = np.isfinite(sigma)
    clean = np.where(good, flux, 0.0)
    if not good.any(axis=1).all():
        raise InputError(f"{int((~good.any(axis=1)).sum())} of {len(flux)} spectra have no good pixel; drop them.")
    if continuum == "running":
        # Normalised convolution: masked pixels count neither above nor below the line.
        share = ndimage.gaussian_filter1d(good.astype(float), width, axis=1, mode="constant", truncate=6)
        share = np.where(share > 1e-12, share, np.inf)
        level = ndimage.gaussian_filter1d(clean, width, axis=1, mode="constant", truncate=6) / share
        # Far from any good pixel there is no level, and nothing to divide.
        level = np.where(good, level, 1.0)
    elif continuum == "mean":
        level = clean.sum(axis=1, keepdims=True) / good.sum(axis=1, keepdims=True)
    else:
        level = np.nanmedian(np.where(good, flux, np.nan), axis=1, keepdims=True)
    bad = (level <= 0).any(axis=1)
    if bad.any():
        first = ", ".join(map(str, np.flatnonzero(bad)[:5]))
        raise InputError(
            f"{int(bad.sum())} of {len(flux)} spectra have a continuum that is not positive (rows {first}); drop them, "
            "or use no continuum."
        )
    return Divided(clean / level, sigma / level, level)
