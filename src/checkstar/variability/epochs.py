"""Epochs: the usable epochs of light curves, in order of time, on one brightness scale, ready to be described."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from checkstar.data.light_curves import LightCurves
from checkstar.variability.segments import Segments

__all__ = ["FEWEST_EPOCHS", "Epochs", "usable_epochs"]

Array = NDArray[np.float64]

#: An object with fewer good epochs is not described.
FEWEST_EPOCHS = 5
#: Weights of smaller errors would overflow.
_SMALLEST = 1e-60


@dataclass(frozen=True, kw_only=True)
class Epochs:
    """Epochs of n objects, at least `FEWEST_EPOCHS` each.

    Attributes
    ----------
    parts : Segments
        Which epochs belong to which object.
    time : (N,) array
        Days, ascending within an object.
    value : (N,) array
        Faintness: magnitudes, or minus the flux, so that a dip is a maximum whatever was measured. Bands are shifted to
        the median of the band that the object was observed most in.
    error : (N,) array
        Standard errors of `value`.
    flux, flux_error : (N,) arrays
        Flux in units of the object's median flux, and its error.
    has_errors : (n,) array of bool
        Whether any error of the object was known; the others' are 1.
    """

    parts: Segments
    time: Array
    value: Array
    error: Array
    flux: Array
    flux_error: Array
    has_errors: NDArray[np.bool_]


def usable_epochs(curves: LightCurves) -> Epochs:
    """The finite epochs of light curves that all have at least `FEWEST_EPOCHS` of them, sorted in time.

    An error that is not known counts as the median of the object's known ones.
    """
    parts = Segments(curves.offsets)
    order = parts.order(curves.time)
    curves = curves.sorted_by(order)
    error, has_errors = _known_errors(curves, parts)
    value = curves.value if curves.is_magnitude else -curves.value
    value = _one_band(value, curves, parts)
    flux, flux_error = _relative_flux(value, error, curves.is_magnitude, parts)
    return Epochs(
        parts=parts,
        time=curves.time,
        value=value,
        error=error,
        flux=flux,
        flux_error=flux_error,
        has_errors=has_errors,
    )


def _known_errors(curves: LightCurves, parts: Segments) -> tuple[Array, NDArray[np.bool_]]:
    known = np.isfinite(curves.error) & (curves.error > _SMALLEST)
    n_known = parts.sum(known)
    if known.all():
        return curves.error, n_known > 0
    # Unknown ones sort last, so the median of the known ones is at half their number.
    ascending = parts.sorted(np.where(known, curves.error, np.inf))
    usual = ascending[parts.starts + (n_known // 2).astype(np.int64).clip(max=parts.counts - 1)]
    usual = np.where(n_known > 0, usual, 1.0)
    return np.where(known, curves.error, parts.spread(usual)), n_known > 0


def _one_band(value: Array, curves: LightCurves, parts: Segments) -> Array:
    if len(curves.bands) == 1:
        return value
    medians, counts = band_medians(curves.replace(value=value))
    reference = medians[np.arange(len(counts)), counts.argmax(axis=1)]
    return value - medians[parts.owner, curves.band] + parts.spread(reference)


def band_medians(curves: LightCurves) -> tuple[Array, NDArray[np.int64]]:
    """Median value (n, n_bands) of each object in each band, NaN where it has none, and the number of epochs."""
    n, n_bands = len(curves), len(curves.bands)
    group = curves.owner * n_bands + np.asarray(curves.band)
    ascending = curves.value[np.lexsort((curves.value, group))]
    counts = np.bincount(group, minlength=n * n_bands)
    medians, filled = np.full(n * n_bands, np.nan), counts > 0
    offsets = np.concatenate([[0], np.cumsum(counts[filled])])
    medians[filled] = Segments(offsets).quantile(ascending, 0.5)
    return medians.reshape(n, n_bands), counts.reshape(n, n_bands)


def _relative_flux(value: Array, error: Array, magnitude: bool, parts: Segments) -> tuple[Array, Array]:
    median = parts.median(value)
    if magnitude:
        # Ten magnitudes each way are beyond any star; more is a bad number that must not overflow.
        flux = 10 ** (-0.4 * np.clip(value - parts.spread(median), -10.0, 10.0))
        return flux, flux * error * (0.4 * np.log(10))
    # Around zero a median flux says nothing: the usual error is the smallest scale.
    scale = parts.spread(np.maximum(np.abs(median), parts.median(error)))
    return -value / scale, error / scale
