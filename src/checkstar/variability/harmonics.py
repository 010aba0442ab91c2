"""Harmonics of light curves at given periods: weighted least squares of a Fourier series, all objects at once."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from checkstar.data.light_curves import LightCurves
from checkstar.errors import InputError

__all__ = ["Harmonics", "fit_harmonics", "harmonic_model", "inverse_variance"]

Array = NDArray[np.float64]
# Relative to the diagonal. It keeps gaps in phase from exploding amplitudes and moves a good fit by less than 1e-6 of it.
_RIDGE = 1e-7
# Scatter relative to the level below which values differ by rounding alone.
CONSTANT = 1e-12
# Beyond, a value or an error is a place holder, and its square would overflow.
_LARGEST = 1e30


class Harmonics(NamedTuple):
    """Fourier series ``mean[band] + sum_k amplitude[k] cos(2 pi k (t - epoch) / period + phase[k])`` of n objects.

    Attributes
    ----------
    mean : (n, n_bands) array
        Mean magnitude or flux of the series in each band; NaN in a band without epochs.
    amplitude, phase : (n, n_harmonics) arrays
        Half amplitudes in the unit of the values, and phases in radians between -pi and pi, harmonic 1 first. Zero for
        a harmonic that an object has too few epochs for.
    chi2, chi2_constant : (n,) arrays
        Weighted squared residuals of the series and of a constant in each band.
    n_parameters : (n,) array of int
        Means and coefficients fitted.
    n_epochs : (n,) array of int
        Epochs used.
    epoch : (n,) array
        Time of phase zero, in days as the light curves: the weighted mean time of the object.
    """

    mean: Array
    amplitude: Array
    phase: Array
    chi2: Array
    chi2_constant: Array
    n_parameters: NDArray[np.int64]
    n_epochs: NDArray[np.int64]
    epoch: Array


def fit_harmonics(curves: LightCurves, period: ArrayLike, n_harmonics: int = 4) -> Harmonics:
    """Fourier series of each light curve at its period, with an offset of its own in every band.

    Weighted least squares in one pass over the epochs: the normal equations need only the sums of ``w exp(2 pi i j t / P)``
    for j up to twice the number of harmonics. Epochs that are not finite are left out. Errors that are not known count as
    the median of the object's known ones, or as 1 if it has none. An object whose epochs are fewer than the
    parameters gets fewer harmonics.

    Parameters
    ----------
    curves : LightCurves
        n objects, in any number of bands.
    period : (n,) array
        Days; where it is not finite and positive the answer is NaN.
    n_harmonics : int
        Most harmonics of the series.

    Raises
    ------
    InputError
        If there is not one period per object, or no harmonic is asked for.

    References
    ----------
    Simon & Lee 1981, ApJ 248, 291; VanderPlas & Ivezic 2015, ApJ 812, 18 (bands).

    Examples
    --------
    >>> t = np.linspace(0.0, 10.0, 40)
    >>> curves = LightCurves.from_lists([t], [12.0 + 0.3 * np.cos(2 * np.pi * t / 0.7)], [np.full(40, 0.01)])
    >>> fit = fit_harmonics(curves, [0.7], 2)
    >>> fit.mean.round(4).tolist(), fit.amplitude.round(4).tolist()
    ([[12.0]], [[0.3, 0.0]])
    """
    period = _periods(curves, period)
    if n_harmonics < 1:
        raise InputError(f"{n_harmonics} harmonics were asked for; fit at least one.")
    n, n_bands = len(curves), len(curves.bands)
    owner, weight = curves.owner, inverse_variance(curves)
    group = owner * n_bands + np.asarray(curves.band)
    value = np.where(weight > 0, curves.value, 0.0)
    used = np.bincount(group[weight > 0], minlength=n * n_bands).reshape(n, n_bands)
    total = _by_band(group, weight, n, n_bands)
    with np.errstate(invalid="ignore", divide="ignore"):
        centre = _by_band(group, weight * value, n, n_bands) / total
        epoch = np.bincount(owner, weight * np.where(weight > 0, curves.time, 0.0), n) / total.sum(axis=1)
    value = np.where(weight > 0, value - centre.ravel()[group], 0.0)
    bad = ~(np.isfinite(period) & (period > 0) & (total.sum(axis=1) > 0))
    frequency = np.where(bad, 0.0, 1 / np.where(bad, 1.0, period))
    turn = np.where(weight > 0, 2 * np.pi * ((curves.time - epoch[owner]) * frequency[owner]), 0.0)
    n_epochs = used.sum(axis=1)
    n_means = (used > 0).sum(axis=1)
    allowed = np.clip((n_epochs - n_means - 1) // 2, 0, n_harmonics)
    sums, moments = _sums(group, weight, value, np.exp(1j * turn), n_harmonics, (n, n_bands))
    coefficient, explained = _solve(sums, moments.sum(axis=1), total, allowed)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = centre - np.einsum("nk,nbk->nb", coefficient, _real(sums[:, :, 1 : n_harmonics + 1])) / total
    constant = np.bincount(owner, weight * value**2, n).astype(float)
    cosine, sine = coefficient[:, :n_harmonics], coefficient[:, n_harmonics:]
    amplitude, phase = np.hypot(cosine, sine), np.arctan2(-sine, cosine)
    chi2 = np.maximum(constant - explained, 0.0)
    for answer in (mean, amplitude, phase, chi2):
        answer[bad] = np.nan
    constant[n_epochs == 0] = np.nan
    return Harmonics(mean, amplitude, phase, chi2, constant, n_means + 2 * allowed, n_epochs, epoch)


def harmonic_model(
    curves: LightCurves, period: ArrayLike, harmonics: Harmonics, n_harmonics: int | None = None
) -> Array:
    """Value (N,) of the series at every epoch of the light curves; of its first `n_harmonics` only where that is given."""
    period = _periods(curves, period)
    owner = curves.owner
    with np.errstate(divide="ignore", invalid="ignore"):
        turn = np.exp(2j * np.pi * ((curves.time - harmonics.epoch[owner]) / period[owner]))
    coefficient = harmonics.amplitude * np.exp(1j * harmonics.phase)
    model, power = harmonics.mean[owner, np.asarray(curves.band)], np.ones_like(turn)
    for k in range(coefficient.shape[1] if n_harmonics is None else n_harmonics):
        power = power * turn
        model = model + (coefficient[owner, k] * power).real
    return model


def inverse_variance(curves: LightCurves) -> Array:
    """Weight (N,) of every epoch: 1 / error^2, zero for an epoch whose time or value is not finite.

    An error that is not known is the median of those that are; an object without any has weights 1. A value of 1e30 and
    more is none.
    """
    good = np.isfinite(curves.time) & (np.abs(curves.value) < _LARGEST)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        known = (curves.error > 0) & (curves.error < _LARGEST) & np.isfinite(1 / curves.error**2)
        weight = np.where(known, 1 / curves.error**2, np.nan)
    for i in np.unique(curves.owner[good & ~known]):
        part = slice(curves.offsets[i], curves.offsets[i + 1])
        usual = np.median(weight[part][known[part]]) if known[part].any() else 1.0
        weight[part] = np.where(known[part], weight[part], usual)
    return np.where(good, weight, 0.0)


def _periods(curves: LightCurves, period: ArrayLike) -> Array:
    periods = np.asarray(period, dtype=float)
    if periods.shape != (len(curves),):
        raise InputError(f"periods have shape {periods.shape} but there are {len(curves)} light curves; give one each.")
    return periods


def _by_band(group: NDArray[np.int64], values: Array, n: int, n_bands: int) -> Array:
    return np.bincount(group, values, n * n_bands).reshape(n, n_bands).astype(float)


def _sums(
    group: NDArray[np.int64], weight: Array, value: Array, turn: NDArray[np.complex128], k: int, shape: tuple[int, int]
) -> tuple[NDArray[np.complex128], Array]:
    """Sums of w z^j (n, n_bands, 2k + 1) and, real parts first, of w y z^j for j from 1 (n, n_bands, 2k); z on the circle."""
    sums = np.empty((*shape, 2 * k + 1), complex)
    moments = np.empty((*shape, k), complex)
    power = weight.astype(complex)
    for j in range(2 * k + 1):
        sums[:, :, j] = _by_band(group, power.real, *shape) + 1j * _by_band(group, power.imag, *shape)
        if 1 <= j <= k:
            product = power * value
            moments[:, :, j - 1] = _by_band(group, product.real, *shape) + 1j * _by_band(group, product.imag, *shape)
        power *= turn
    return sums, _real(moments)


def _real(values: NDArray[np.complex128]) -> Array:
    return np.concatenate([values.real, values.imag], axis=-1)


def normal_matrix(sums: NDArray[np.complex128], band_sums: Array, total: Array) -> Array:
    """Matrices (n, 2k, 2k) of the normal equations of cosines and sines, with the means of the bands projected out.

    From the sums of ``w z^j`` (n, 2k + 1) over all epochs; and over those of each band, of harmonics 1 to k, real parts
    first (n, n_bands, 2k), beside the weight of the band (n, n_bands).
    """
    k = sums.shape[-1] // 2
    j = np.arange(1, k + 1)
    plus, minus = j[:, None] + j, j[:, None] - j
    difference = np.where(minus >= 0, sums[:, np.abs(minus)], sums[:, np.abs(minus)].conj())
    matrix = np.empty((len(sums), 2 * k, 2 * k))
    matrix[:, :k, :k] = (difference.real + sums[:, plus].real) / 2
    matrix[:, k:, k:] = (difference.real - sums[:, plus].real) / 2
    matrix[:, k:, :k] = (sums[:, plus].imag + difference.imag) / 2
    matrix[:, :k, k:] = matrix[:, k:, :k].swapaxes(1, 2)
    inverse = np.divide(1.0, total, out=np.zeros_like(total), where=total > 0)
    return matrix - np.einsum("nbi,nbj,nb->nij", band_sums, band_sums, inverse)


def _solve(
    sums: NDArray[np.complex128], moments: Array, total: Array, allowed: NDArray[np.int64]
) -> tuple[Array, Array]:
    """Coefficients (n, 2k), cosines first, and the part of chi^2 that they explain (n,)."""
    k = sums.shape[-1] // 2
    matrix = normal_matrix(sums.sum(axis=1), _real(sums[:, :, 1 : k + 1]), total)
    left_out = np.tile(np.arange(1, k + 1) > allowed[:, None], 2)
    matrix[left_out[:, :, None] | left_out[:, None, :]] = 0.0
    diagonal = np.arange(2 * k)
    weight = np.where(total.sum(axis=1) > 0, total.sum(axis=1), 1.0)[:, None]
    matrix[:, diagonal, diagonal] += np.where(left_out, weight, _RIDGE * weight)
    right = np.where(left_out, 0.0, moments)
    coefficient = np.linalg.solve(matrix, right[..., None])[..., 0]
    fitted = np.einsum("nij,nj->ni", matrix, coefficient) - _RIDGE * weight * coefficient
    return coefficient.astype(float), 2 * (coefficient * right).sum(axis=1) - (coefficient * fitted).sum(axis=1)
