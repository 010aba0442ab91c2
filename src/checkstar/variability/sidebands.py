"""Sidebands: what a Fourier series leaves near its own frequency, and near that of a second radial mode."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from checkstar.variability.distributions import ratio
from checkstar.variability.epochs import Epochs
from checkstar.variability.segments import Segments

__all__ = ["NarrowSpectrum", "describe_residuals", "narrow_spectrum"]

Array = NDArray[np.float64]

#: Steps of frequency for each 1 / (time span), so that a peak between two steps loses at most 4 % of its power.
_OVERSAMPLING = 3
_KERNEL = 4
#: P1 / P0 of double-mode RR Lyrae stars (Petersen diagram): fundamental and first overtone.
_PETERSEN = 0.7455
_MODE_STEPS = 192
_CLIP = 4.0
_CHUNK_CELLS = 4_000_000


class NarrowSpectrum(NamedTuple):
    """Lomb-Scargle power (n, m), without unit between 0 and 1, at frequencies ``centre + offset`` (n, m) in 1/day."""

    offset: Array
    power: Array


def narrow_spectrum(
    parts: Segments, time: Array, value: Array, weight: Array, centre: Array, half_width: float = 0.1, steps: int = 512
) -> NarrowSpectrum:
    """Power of light curves in a narrow band of frequencies around one of each object's own.

    The values are mixed down by the central frequency, and the slow signal that is left is spread on a regular grid and
    Fourier transformed (non-uniform FFT with a Gaussian kernel, exact to about 2e-4). The power is
    ``2 |sum w y exp(-2 pi i f t)|^2 / (sum w  sum w y^2)``: the share of chi^2 that a sinusoid explains where the phases
    are well covered.

    Parameters
    ----------
    parts : Segments
        Which of the N epochs belong to which of n objects.
    time, value, weight : (N,) arrays
        Days, residuals around zero, inverse variances.
    centre : (n,) array
        Cycles per day.
    half_width : float
        Cycles per day on each side; fewer where an object has been observed for so long that `steps` do not reach.
    steps : int
        Frequencies on each side.

    References
    ----------
    Scargle 1982, ApJ 263, 835; Greengard & Lee 2004, SIAM Review 46, 443 (the transform).
    """
    start = time[parts.starts]
    span = np.maximum(time[parts.offsets[1:] - 1] - start, 1e-3)
    per_day = 1 / np.maximum(_OVERSAMPLING * span, steps / half_width)
    since = time - parts.spread(start)
    mixed = weight * value * np.exp(-2j * np.pi * np.mod(parts.spread(centre) * since, 1.0))
    total = _slow_transform(parts, since * parts.spread(per_day), mixed, steps)
    scale = parts.sum(weight) * parts.sum(weight * value**2)
    power = ratio(2 * np.abs(total) ** 2, np.broadcast_to(scale[:, None], total.shape))
    return NarrowSpectrum(np.arange(-steps, steps + 1) * per_day[:, None], np.nan_to_num(power))


def _slow_transform(
    parts: Segments, place: Array, values: NDArray[np.complex128], steps: int
) -> NDArray[np.complex128]:
    """Sums (n, 2 steps + 1) of ``values exp(-2 pi i k place)`` over k from -steps to steps; place in [0, 1)."""
    n, size = len(parts.starts), 4 * steps
    answer = np.empty((n, 2 * steps + 1), complex)
    k = np.arange(-steps, steps + 1)
    # The kernel exp(-u^2 / 4 tau) on a grid twice as fine as needed, and its transform divided out again.
    tau = _KERNEL * np.pi / ((2 * steps) ** 2 * 3.0)
    undo = np.sqrt(np.pi / tau) * np.exp(k**2 * tau) / size
    rows = max(1, _CHUNK_CELLS // size)
    for first in range(0, n, rows):
        last = min(first + rows, n)
        chosen = slice(parts.offsets[first], parts.offsets[last])
        owner = np.repeat(np.arange(last - first), parts.counts[first:last])
        grid = _spread_on_grid(owner, place[chosen], values[chosen], last - first, size, tau)
        answer[first:last] = np.fft.fft(grid, axis=1)[:, k % size] * undo
    return answer


def _spread_on_grid(
    owner: NDArray[np.int64], place: Array, values: NDArray[np.complex128], n: int, size: int, tau: float
) -> NDArray[np.complex128]:
    nearest = np.rint(place * size).astype(np.int64)
    away, step = 2 * np.pi * (place - nearest / size), 2 * np.pi / size
    # exp(-(away - j step)^2 / 4 tau) as a product, so that only two exponentials are taken for each epoch.
    peak, tilt = np.exp(-(away**2) / (4 * tau)), np.exp(away * step / (2 * tau))
    real, imaginary = np.zeros((2, n * size))
    for j in range(-_KERNEL, _KERNEL + 1):
        kernel = peak * tilt**j * np.exp(-((j * step) ** 2) / (4 * tau))
        cell = owner * size + np.mod(nearest + j, size)
        real += np.bincount(cell, values.real * kernel, n * size)
        imaginary += np.bincount(cell, values.imag * kernel, n * size)
    return (real + 1j * imaginary).reshape(n, size)


def describe_residuals(epochs: Epochs, model: Array, period: Array) -> dict[str, Array]:
    """What a periodic model (N,) leaves of light curves with periods in days: features (n,) without unit.

    ``scatter_res_raw`` is the median absolute residual over that of the values, ``chi2_residual`` the mean squared residual
    in units of the errors, ``eta_residual`` von Neumann's ratio of the residuals in time. ``sideband_power`` is the largest
    power within `narrow_spectrum` of the main frequency, ``sideband_distance`` log10 of how far away (1/day),
    ``sideband_twin`` the power as far on the other side (the Blazhko effect gives triplets); ``fundamental_power`` and
    ``overtone_power`` those within 1 % of where a first overtone or a fundamental mode of an RR Lyrae star has its other
    mode, ``..._peak`` the same over the mean power there, and ``..._ratio`` the ratio of periods.

    References
    ----------
    Dubath et al. 2011, MNRAS 414, 2602; Soszynski et al. 2009, AcA 59, 1 (double modes); Alcock et al. 2003, ApJ 598, 597
    (sidebands).
    """
    parts = epochs.parts
    left = epochs.value - model
    left = left - parts.spread(parts.median(left))
    scatter = parts.median(np.abs(left))
    spread = parts.median(np.abs(epochs.value - parts.spread(parts.median(epochs.value))))
    step = parts.has_next()
    found = {
        "scatter_res_raw": ratio(scatter, spread),
        "chi2_residual": parts.mean((left / epochs.error) ** 2),
        "eta_residual": ratio(parts.sum_of(step, (left[step + 1] - left[step]) ** 2), parts.sum(left**2)),
    }
    # Single bad epochs would fill the whole band.
    most = parts.spread(_CLIP * 1.4826 * scatter)
    left = np.clip(left, -most, most)
    weight = epochs.error**-2.0
    left = left - parts.spread(parts.sum(weight * left) / parts.sum(weight))
    spectrum = partial(narrow_spectrum, parts, epochs.time, left, weight)
    return found | _sidebands(epochs, spectrum(1 / period)) | _second_modes(spectrum, period)


def _sidebands(epochs: Epochs, near: NarrowSpectrum) -> dict[str, Array]:
    # The series itself has taken what is nearer than the resolution.
    resolved = np.abs(np.arange(near.power.shape[1]) - near.power.shape[1] // 2) > 2 * _OVERSAMPLING
    power = np.where(resolved, near.power, 0.0)
    at = power.argmax(axis=1)[:, None]
    return {
        "sideband_power": np.take_along_axis(power, at, axis=1)[:, 0],
        "sideband_twin": np.take_along_axis(power[:, ::-1], at, axis=1)[:, 0],
        "sideband_distance": np.log10(np.abs(np.take_along_axis(near.offset, at, axis=1)[:, 0])),
    }


def _second_modes(spectrum: Callable[..., NarrowSpectrum], period: Array) -> dict[str, Array]:
    found = {}
    for name, factor in (("fundamental", _PETERSEN), ("overtone", 1 / _PETERSEN)):
        near = spectrum(factor / period, steps=_MODE_STEPS)
        inside = np.abs(near.offset) < 0.01 * (factor / period)[:, None]
        power = np.where(inside, near.power, 0.0)
        at = power.argmax(axis=1)[:, None]
        other = factor / period + np.take_along_axis(near.offset, at, axis=1)[:, 0]
        highest = np.take_along_axis(power, at, axis=1)[:, 0]
        found[f"{name}_power"] = highest
        found[f"{name}_peak"] = ratio(highest, power.sum(axis=1) / inside.sum(axis=1))
        found[f"{name}_ratio"] = other * period
    return found
