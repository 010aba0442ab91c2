"""Nuisance: a systematic effect of known size: a background, a zero point, a point-spread function.

Each function below gives one, from the standard deviation of its calibration budget.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from checkstar.errors import InputError

__all__ = ["Nuisance", "background", "bad_pixel", "smoothing", "wavelength_shift", "zero_point"]

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Nuisance:
    """One systematic effect.

    Parameters
    ----------
    name : str
        As it stands in the report.
    apply : callable
        ``apply(x, size) -> x``: the observations (n, p) with the effect at `size` standard deviations of its budget;
        a new array. Sizes are negative too.
    """

    name: str
    apply: Callable[[Array, float], Array]


def background(sigma: ArrayLike, *, name: str = "background") -> Nuisance:
    """An offset of all features, by `sigma` (or (p,) of them) in the unit of `x`: sky level, or a zero point in magnitudes.

    Examples
    --------
    >>> background(0.1).apply(np.ones((1, 2)), 2.0).tolist()
    [[1.2, 1.2]]
    """
    step = np.asarray(sigma, dtype=float)
    return Nuisance(name=name, apply=lambda x, size: x + size * step)


def zero_point(sigma: ArrayLike, *, name: str = "zero point") -> Nuisance:
    """A factor 1 + `sigma` (or (p,) of them) on fluxes: flux calibration, gain, extinction of each band.

    Examples
    --------
    >>> zero_point(0.01).apply(np.full((1, 2), 100.0), -1.0).tolist()
    [[99.0, 99.0]]
    """
    step = np.asarray(sigma, dtype=float)
    return Nuisance(name=name, apply=lambda x, size: x * (1 + size * step))


def bad_pixel(feature: int, amplitude: float, *, name: str = "bad pixel") -> Nuisance:
    """An excess of `amplitude`, in the unit of `x`, in one feature: a cosmic ray, a hot pixel, one wrong band.

    Examples
    --------
    >>> bad_pixel(1, 5.0).apply(np.zeros((1, 3)), 1.0).tolist()
    [[0.0, 5.0, 0.0]]
    """

    def apply(x: Array, size: float) -> Array:
        struck = np.array(x, dtype=float)
        struck[:, feature] += size * amplitude
        return struck

    return Nuisance(name=name, apply=apply)


def smoothing(width: float, change: float, *, name: str = "resolution") -> Nuisance:
    """A Gaussian line-spread function of standard deviation `width` that is wider by `change`, both in pixels of `x`.

    Its variance grows by ``(width + size change)^2 - width^2``. Where it shrinks, the data are sharpened to first order:
    twice themselves less their smoothed form. The noise is smoothed too. Masked (NaN) pixels stay so and weigh nothing.

    Raises
    ------
    InputError
        If `width` is not positive or `change` is not smaller than it.
    """
    if not (width > 0 and 0 < change < width):
        raise InputError(
            f"the width is {width} and its change {change} pixels; give a positive change below the width."
        )

    def apply(x: Array, size: float) -> Array:
        variance = max(width + size * change, 0.0) ** 2 - width**2
        blurred = _smoothed(x, abs(variance))
        return blurred if variance >= 0 else 2 * x - blurred

    return Nuisance(name=name, apply=apply)


def wavelength_shift(pixels: float, *, name: str = "wavelength shift") -> Nuisance:
    """A shift of the features by `pixels`, towards higher indices, by cubic splines: wavelength calibration, velocity.

    Ends repeat the outermost pixel. Masked (NaN) pixels stay so; their neighbours see them interpolated.
    """

    def apply(x: Array, size: float) -> Array:
        from scipy.ndimage import shift

        moved = shift(_filled(x), (0.0, size * pixels), order=3, mode="nearest")
        return np.where(np.isnan(x), np.nan, moved)

    return Nuisance(name=name, apply=apply)


def _smoothed(x: Array, variance: float) -> Array:
    """Mean (n, p) along the features under a discrete Gaussian of `variance` pixels^2, over pixels that are not NaN.

    A sampled Gaussian narrower than a pixel does next to nothing; the discrete one (Lindeberg 1990, IEEE PAMI 12, 234)
    has its variance at any width.
    """
    from scipy.ndimage import convolve1d
    from scipy.special import ive

    masked = np.isnan(x)
    reach = int(6 * np.sqrt(variance)) + 3
    kernel = ive(np.abs(np.arange(-reach, reach + 1)), variance)
    total, weight = (
        convolve1d(values, kernel / kernel.sum(), axis=1, mode="nearest")
        for values in (np.where(masked, 0.0, x), (~masked).astype(float))
    )
    return np.where(masked, np.nan, total / np.where(weight > 0, weight, 1.0))


def _filled(x: Array) -> Array:
    """`x` with masked pixels interpolated between their neighbours."""
    filled = np.array(x, dtype=float)
    pixel = np.arange(x.shape[1])
    for row in np.flatnonzero(np.isnan(x).any(axis=1)):
        good = ~np.isnan(x[row])
        filled[row] = np.interp(pixel, pixel[good], x[row, good]) if good.any() else 0.0
    return filled
