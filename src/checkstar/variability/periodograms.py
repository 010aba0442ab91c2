"""Lomb-Scargle periodograms of many light curves: floating mean in every band, errors as weights, one FFT a sum."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from checkstar.data.light_curves import LightCurves
from checkstar.variability.fourier_sums import fourier_sums
from checkstar.variability.harmonics import CONSTANT, inverse_variance

__all__ = ["lomb_scargle"]

Array = NDArray[np.float64]
# Frequencies worked on at once: the arrays of a block stay in the cache of the processor.
_BLOCK = 16_384


def lomb_scargle(curves: LightCurves, step: float, n_frequencies: int) -> NDArray[np.float32]:
    """Power (n, n_frequencies) of the best sinusoid at the frequencies ``step * (1, 2, ..., n_frequencies)`` per day.

    The share of chi^2 that a sinusoid takes from a model with one constant per band: between 0 and 1.
    """
    n, n_bands = len(curves), len(curves.bands)
    owner, weight, band = curves.owner, inverse_variance(curves), np.asarray(curves.band)
    group = owner * n_bands + band
    total = np.bincount(owner, weight, n)
    with np.errstate(invalid="ignore", divide="ignore"):
        weight = np.where(weight > 0, weight / total[owner], 0.0)
        share = np.bincount(group, weight, n * n_bands)
        value = np.where(weight > 0, curves.value, 0.0)
        value = np.where(weight > 0, value - (np.bincount(group, weight * value, n * n_bands) / share)[group], 0.0)
        scale = np.sqrt(np.bincount(owner, weight * value**2, n))
        level = np.sqrt(np.bincount(owner, weight * np.where(weight > 0, curves.value, 0.0) ** 2, n))
        value = np.where((scale > CONSTANT * level)[owner], value / scale[owner], 0.0)
    start = np.where(np.isfinite(curves.time), curves.time, 0.0)
    turns = step * (start - start[curves.offsets[:-1].clip(max=max(len(start) - 1, 0))][owner])
    by_band = [np.where(band == b, weight, 0.0) for b in range(n_bands)]
    single = fourier_sums(turns, np.stack([weight * value, *by_band]), owner, n, n_frequencies + 1)
    # The window at twice a frequency is in hand already for the lower half of them.
    half = n_frequencies // 2 + 1
    double = np.empty((n, n_frequencies + 1), np.complex64)
    np.sum(single[1:, :, : 2 * half : 2], axis=0, out=double[:, :half])
    double[:, half:] = fourier_sums(2 * turns, weight[None], owner, n, n_frequencies + 1 - half, half)[0]
    share = share.reshape(n, n_bands)
    power = np.empty((n, n_frequencies), np.float32)
    for i in range(n):
        for first in range(0, n_frequencies, _BLOCK):
            part = slice(first + 1, min(first + _BLOCK, n_frequencies) + 1)
            windows = [single[1 + b, i, part] for b in np.flatnonzero(share[i] > 0)]
            kept = share[i][share[i] > 0].astype(np.float32)
            power[i, first : part.stop - 1] = _power(single[0, i, part], windows, kept, double[i, part])
    return power


def _power(
    moment: NDArray[np.complex64],
    windows: list[NDArray[np.complex64]],
    shares: NDArray[np.float32],
    double: NDArray[np.complex64],
) -> NDArray[np.float32]:
    """Power from the sums of w y z, w z in each band, and w z^2; w adds up to one and w y^2 too.

    The normal equations of cosine and sine, Zechmeister & Kuerster 2009 eq. 5, written with complex numbers: the trace
    of their matrix is `trace` / 1, the traceless part is the complex number `skew` / 2.
    """
    trace = np.ones(len(moment), np.float32)
    skew = double
    for window, share in zip(windows, shares, strict=True):
        trace -= (window.real**2 + window.imag**2) / share
        skew = skew - window * window / share
    squared = moment * moment
    top = trace * (moment.real**2 + moment.imag**2) - (squared.real * skew.real + squared.imag * skew.imag)
    bottom = trace * trace - (skew.real**2 + skew.imag**2)
    # A matrix that is singular to float32 holds no sinusoid: all phases of a frequency fall together.
    np.divide(2 * top, bottom, out=top, where=bottom > 1e-4)
    top[bottom <= 1e-4] = 0.0
    return np.clip(top, 0.0, 1.0, out=top)
