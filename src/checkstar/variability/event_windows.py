"""One event by its mean flux in windows of time about maximum light, band by band: a light curve of few numbers."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from checkstar.data.light_curves import LightCurves

__all__ = ["WINDOWS_DAYS", "EventWindows", "describe_events"]

Array = NDArray[np.float64]

#: Days from maximum at which windows begin and end.
WINDOWS_DAYS = np.array([-60.0, -30.0, -14.0, -5.0, 5.0, 14.0, 25.0, 40.0, 60.0, 90.0, 160.0])
_AT_MAXIMUM = 3
_SEEN = 4.0
_ZERO_POINT = 31.4
_PER_MAGNITUDE = 0.4 * np.log(10)


class EventWindows(NamedTuple):
    """What n events do in each band and window.

    Attributes
    ----------
    flux, variance : (n, b, w) array
        Mean flux over the flux at maximum, and the variance of its noise; NaN and infinite where nothing was observed.
    magnitude : (n,) array
        AB magnitude of the band that is brightest at maximum (relative to one unit where the unit is not nJy); NaN where nothing was seen.
    peak_time : (n,) array
        Time of the brightest epoch; NaN for an object without epochs.
    """

    flux: Array
    variance: Array
    magnitude: Array
    peak_time: Array


# What is no flux and no error, as of a magnitude of 1e9, is a window that was not observed.
@np.errstate(over="ignore", divide="ignore", invalid="ignore")
def describe_events(curves: LightCurves) -> EventWindows:
    """Mean fluxes in windows about maximum light, with weights by inverse variance.

    Maximum is the brightest epoch of those beyond four sigma, in any band; where there is none, the one most above its
    noise. Magnitudes are turned into fluxes first.

    Examples
    --------
    >>> curves = LightCurves.from_lists([[0.0, 1.0, 20.0]], [[90.0, 110.0, 50.0]], [[1.0, 1.0, 1.0]], unit="nJy")
    >>> found = describe_events(curves)
    >>> found.flux[0, 0, [3, 5]].tolist(), float(found.peak_time[0])
    ([1.0, 0.5], 1.0)
    """
    flux, error = _fluxes(curves)
    n, n_bands, n_windows = len(curves), len(curves.bands), len(WINDOWS_DAYS) - 1
    owner = curves.owner
    peak = _brightest(flux, error, curves)
    window = np.searchsorted(WINDOWS_DAYS, curves.time - peak[owner], side="right") - 1
    inside = (window >= 0) & (window < n_windows)
    assert curves.band is not None
    cell = ((owner * n_bands + curves.band) * n_windows + window)[inside]
    weight = error[inside] ** -2.0
    total = np.bincount(cell, weight, minlength=n * n_bands * n_windows)
    summed = np.bincount(cell, weight * flux[inside], minlength=n * n_bands * n_windows)
    shape = (n, n_bands, n_windows)
    mean, variance = (summed / total).reshape(shape), (1 / total).reshape(shape)
    highest = np.nanmax(np.where(np.isnan(mean[:, :, _AT_MAXIMUM]), -np.inf, mean[:, :, _AT_MAXIMUM]), axis=1)
    highest = np.where(highest > 0, highest, np.nan)
    magnitude = _ZERO_POINT - 2.5 * np.log10(highest)
    return EventWindows(
        mean / highest[:, None, None],
        np.where(np.isfinite(mean), variance, np.inf) / highest[:, None, None] ** 2,
        magnitude,
        peak,
    )


def _fluxes(curves: LightCurves) -> tuple[Array, Array]:
    """Fluxes and errors (N,), in nJy where the values are AB magnitudes."""
    if not curves.is_magnitude:
        return curves.value, curves.error
    flux = np.exp(_PER_MAGNITUDE * (_ZERO_POINT - curves.value))
    return flux, _PER_MAGNITUDE * flux * curves.error


def _brightest(flux: Array, error: Array, curves: LightCurves) -> Array:
    """Time (n,) of the brightest epoch."""
    owner, ratio = curves.owner, flux / error
    # Seen epochs come after all others, then the brighter ones; the last of each object is taken.
    seen = ratio > _SEEN
    order = np.lexsort([np.where(seen, flux, ratio), seen, owner])
    last = curves.offsets[1:] - 1
    times = np.full(len(curves), np.nan)
    some = curves.n_epochs > 0
    times[some] = curves.time[order[last[some]]]
    return times
