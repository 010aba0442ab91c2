"""Light curves on an even grid of time and wavelength, by a Gaussian process in both."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from checkstar.data.light_curves import LightCurves
from checkstar.errors import InputError, unknown_name

__all__ = ["WAVELENGTHS", "InterpolatedCurves", "interpolate"]

Array = NDArray[np.float64]

#: Effective wavelengths in nm (SVO Filter Profile Service; ZTF, else LSST).
WAVELENGTHS = {
    "u": 367.1,
    "g": 482.7,
    "r": 622.3,
    "i": 754.6,
    "z": 869.1,
    "y": 971.0,
    "Y": 971.0,
    "R": 641.7,
    "V": 550.7,
}
#: Length of the correlation in wavelength, nm (Boone 2019).
_ACROSS = 600.0
#: Lengths in days and amplitudes, in the largest significant flux, among which likelihood decides.
_DAYS = (6.0, 12.0, 24.0, 48.0, 96.0)
_AMPLITUDES = (0.35, 0.7, 1.4)
#: Error of the model itself, in the amplitude: photometry is not better calibrated than that.
_JITTER = 0.01
_FEWEST = 5
#: Epochs that a process is conditioned on: the time grows as their cube.
_MOST = 500
#: Beyond, a value or an error is a place holder, and ratios would overflow.
_SMALLEST, _LARGEST = 1e-200, 1e30
#: Elements of a stack of covariance matrices: so few that they stay in the processor's cache.
_ELEMENTS = 60_000


@dataclass(frozen=True, kw_only=True, eq=False)
class InterpolatedCurves:
    """Fluxes of n objects on an even grid of T times in B bands.

    Attributes
    ----------
    days : (T,) array
        Days since the brightest moment.
    flux : (n, T, B) array
        Mean of the Gaussian process, in units of `scale`; zero for an object that is not usable.
    error : (n, T, B) array or None
        Its standard deviation in the same unit, where it was asked for.
    bands : tuple of str
    scale : (n,) array
        Largest flux of the mean, at least the smallest error, in the unit of the light curves (of magnitudes: with magnitude
        25 as 1).
    peak : (n,) array
        Time of the brightest moment, MJD.
    length : (n,) array
        Length of the correlation in time, days.
    usable : (n,) array of bool
        Objects with at least five epochs.
    """

    days: Array
    flux: Array
    error: Array | None
    bands: tuple[str, ...]
    scale: Array
    peak: Array
    length: Array
    usable: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.scale)


def interpolate(
    curves: LightCurves,
    *,
    days: ArrayLike | None = None,
    wavelengths: Sequence[float] | None = None,
    errors: bool = False,
) -> InterpolatedCurves:
    """The mean of a Gaussian process in time and wavelength on an even grid about the brightest moment.

    The covariance of two epochs is ``a^2 (1 + sqrt(3) r) exp(-sqrt(3) r)`` (Matern, nu = 3/2) with ``r^2 = (dt / l)^2 +
    (dlambda / 600 nm)^2``, plus the squared errors and 1 % of a^2; the mean is zero flux, so that what was not seen is not
    there. For each object, `a` and `l` are the pair of the largest marginal likelihood on a grid (l from 6 to 96 days),
    which depends on nothing but the object. The brightest moment is that of the flux summed over the bands.

    It looks at all epochs of an object, later ones too: what is learned from it cannot be asked during the event. Of an
    object with more than 500 epochs, neighbours in time in one band are averaged first.

    Parameters
    ----------
    curves : LightCurves
        Difference fluxes, or magnitudes, which are turned into fluxes.
    days : (T,) array, optional
        Days since the brightest moment; by default 100 from -50 to 130.
    wavelengths : sequence of float, optional
        Of the bands, nm; by default those of the bands' names.
    errors : bool
        Whether the standard deviations are wanted too, which takes as long again.

    Raises
    ------
    InputError
        If the wavelength of a band is not known.

    References
    ----------
    Boone 2019, AJ 158, 257 (section 3.1); Allam & McEwen 2021, arXiv:2105.06178; Rasmussen & Williams 2006, eqs. 2.25-2.30.

    Examples
    --------
    >>> time = np.linspace(0, 100, 30)
    >>> curves = LightCurves.from_lists([time], [np.exp(-0.5 * ((time - 40) / 12) ** 2)], [np.full(30, 0.01)], unit="uJy")
    >>> found = interpolate(curves)
    >>> found.flux.shape, bool(abs(found.peak[0] - 40) < 1)
    ((1, 100, 1), True)
    """
    grid = np.linspace(-50.0, 130.0, 100) if days is None else np.asarray(days, dtype=float)
    colour = _wavelengths(curves.bands, wavelengths) / _ACROSS
    curves = _merged(_fluxes(curves))
    n, n_bands = len(curves), len(curves.bands)
    flux = np.zeros((n, len(grid), n_bands))
    error = np.zeros(flux.shape) if errors else None
    scale, peak, length = np.ones(n), np.zeros(n), np.zeros(n)
    usable = curves.n_epochs >= _FEWEST
    for rows in _stacks(curves.n_epochs, usable):
        padded = _padded(curves, rows, colour)
        process = _best(padded)
        at = _brightest(process, padded, colour)
        mean = _mean(process, padded, at[:, None] + grid, colour)
        largest = np.maximum(mean.max(axis=(1, 2)), padded.least)
        flux[rows] = mean / largest[:, None, None]
        if error is not None:
            error[rows] = _spread(process, padded, at[:, None] + grid, colour) / largest[:, None, None]
        scale[rows], peak[rows], length[rows] = largest * padded.unit, at + padded.first, process.length
    return InterpolatedCurves(
        days=grid, flux=flux, error=error, bands=curves.bands, scale=scale, peak=peak, length=length, usable=usable
    )


@dataclass(frozen=True, kw_only=True)
class _Padded:
    """Epochs (m, N) of objects with up to N of them, in units of the object's largest significant flux.

    What was never seen has none: then its smallest error, `least` (m,) in this unit, stands for it.
    """

    time: Array
    colour: Array
    flux: Array
    variance: Array
    there: NDArray[np.bool_]
    first: Array
    unit: Array
    least: Array


@dataclass(frozen=True, kw_only=True)
class _Process:
    """Of each object: length and amplitude (m,), the factor (m, N, N) of the covariance, and its solution (m, N)."""

    length: Array
    amplitude: Array
    factor: Array
    solved: Array


def _wavelengths(bands: Sequence[str], given: Sequence[float] | None) -> Array:
    if given is not None:
        if len(given) != len(bands):
            raise InputError(
                f"there are {len(given)} wavelengths for the {len(bands)} bands {', '.join(bands)}; give one each."
            )
        return np.asarray(given, dtype=float)
    if len(bands) == 1:
        return np.zeros(1)
    names = [band.rpartition("_")[2].removeprefix("ztf").removeprefix("lsst") for band in bands]
    for name in names:
        if name not in WAVELENGTHS:
            raise unknown_name("wavelength of band", name, WAVELENGTHS)
    return np.array([WAVELENGTHS[name] for name in names])


def _fluxes(curves: LightCurves) -> LightCurves:
    curves = curves.where(_is_good(curves))
    if not curves.is_magnitude:
        return curves
    with np.errstate(over="ignore", invalid="ignore"):
        flux = 10 ** (-0.4 * (curves.value - 25))
        curves = curves.replace(value=flux, error=0.4 * np.log(10) * flux * curves.error, unit="")
    return curves.where(_is_good(curves))  # a magnitude of 1e9 is no flux


def _is_good(curves: LightCurves) -> NDArray[np.bool_]:
    good = np.isfinite(curves.time) & (np.abs(curves.value) < _LARGEST)
    return good & (curves.error > _SMALLEST) & (curves.error < _LARGEST)


def _merged(curves: LightCurves) -> LightCurves:
    """Of objects with more than `_MOST` epochs, neighbours in time in one band as one, averaged with inverse variances."""
    size = -(-curves.n_epochs // _MOST)  # epochs that become one
    if not (size > 1).any():
        return curves
    owner, band, many = curves.owner, np.asarray(curves.band), (size > 1)[curves.owner]
    # What is not merged stays as it stands, so that an answer never depends on what else is asked.
    curves = curves.sorted_by(np.lexsort((np.where(many, curves.time, curves.place), np.where(many, band, 0), owner)))
    sequence = owner * len(curves.bands) + np.where(many, curves.band, 0)  # type: ignore[arg-type]
    place = np.arange(len(owner)) - np.searchsorted(sequence, sequence)
    is_first = place % np.maximum(size, 1)[owner] == 0
    first = np.flatnonzero(is_first)
    weight = np.square(np.minimum.reduceat(curves.error, first)[np.cumsum(is_first) - 1] / curves.error)
    total = np.add.reduceat(weight, first)
    kept = curves.where(is_first)
    return kept.replace(
        time=kept.time + np.add.reduceat(weight * (curves.time - kept.time[np.cumsum(is_first) - 1]), first) / total,
        value=np.add.reduceat(weight * curves.value, first) / total,
        error=np.minimum.reduceat(curves.error, first) / np.sqrt(total),
    )


def _stacks(counts: NDArray[np.int64], usable: NDArray[np.bool_]) -> Iterator[NDArray[np.intp]]:
    """Objects of similar numbers of epochs, so many at once that their covariances fit."""
    order = np.flatnonzero(usable)[np.argsort(counts[usable], kind="stable")]
    while len(order):
        # The longest of the next ones decides how many there may be.
        fits = np.arange(1, len(order) + 1) * counts[order] ** 2 <= _ELEMENTS
        size = max(int(fits.sum()), 1)
        yield order[:size]
        order = order[size:]


def _padded(curves: LightCurves, rows: NDArray[np.intp], colour: Array) -> _Padded:
    some = curves[rows]
    place = np.arange(len(some.time)) - np.repeat(some.offsets[:-1], some.n_epochs)
    shape = (len(rows), int(some.n_epochs.max()))

    def table(values: ArrayLike, fill: float = 0.0) -> Array:
        made = np.full(shape, fill)
        made[some.owner, place] = values
        return made

    first = np.minimum.reduceat(some.time, some.offsets[:-1])
    significance = table(some.value / some.error, -np.inf)
    flux = table(some.value)
    clear = np.where(significance >= np.minimum(3.0, significance.max(axis=1, keepdims=True)), flux, -np.inf)
    least = np.minimum.reduceat(some.error, some.offsets[:-1])
    unit = np.maximum(clear.max(axis=1), least)
    there = table(1.0) > 0
    return _Padded(
        time=table(some.time - first[some.owner]),
        colour=table(colour[some.band]),
        flux=flux / unit[:, None],
        variance=(table(some.error) / unit[:, None]) ** 2,
        there=there,
        first=first,
        unit=unit,
        least=least / unit,
    )


def _matern(days: Array, colour: Array, length: Any) -> Array:
    r = np.sqrt(3 * ((days / length) ** 2 + colour**2))
    return np.asarray((1 + r) * np.exp(-r))


def _best(padded: _Padded) -> _Process:
    """The pair of length and amplitude of the largest marginal likelihood, for each object."""
    days = padded.time[:, :, None] - padded.time[:, None, :]
    colours = padded.colour[:, :, None] - padded.colour[:, None, :]
    pairs = padded.there[:, :, None] & padded.there[:, None, :]
    best = np.full(len(padded.unit), -np.inf)
    length, amplitude = np.zeros((2, len(best)))
    for one in _DAYS:
        shape = np.where(pairs, _matern(days, colours, one), 0.0)
        for size in _AMPLITUDES:
            likelihood = _likelihood(padded, _factor(padded, shape, np.full(len(best), size)))
            better = likelihood > best
            best[better], length[better], amplitude[better] = likelihood[better], one, size
    shape = np.where(pairs, _matern(days, colours, length[:, None, None]), 0.0)
    factor = _factor(padded, shape, amplitude)
    half = _solve(factor, padded.flux)
    return _Process(length=length, amplitude=amplitude, factor=factor, solved=_solve(np.swapaxes(factor, 1, 2), half))


def _factor(padded: _Padded, shape: Array, amplitude: Array) -> Array:
    """Cholesky factor (m, N, N); epochs that are not there are independent of all, with variance one."""
    own = np.where(padded.there, padded.variance + (_JITTER * amplitude[:, None]) ** 2, 1.0)
    covariance = amplitude[:, None, None] ** 2 * shape
    diagonal = np.arange(own.shape[1])
    covariance[:, diagonal, diagonal] += own
    return np.asarray(np.linalg.cholesky(covariance), dtype=float)


def _likelihood(padded: _Padded, factor: Array) -> Array:
    white = _solve(factor, padded.flux)
    diagonal = np.diagonal(factor, axis1=1, axis2=2)
    return np.asarray(-0.5 * (white**2).sum(axis=1) - np.log(diagonal).sum(axis=1))


def _solve(factor: Array, right: Array) -> Array:
    return np.asarray(np.linalg.solve(factor, right[:, :, None])[:, :, 0])


def _brightest(process: _Process, padded: _Padded, colour: Array) -> Array:
    """Days (m,) from the first epoch to the largest flux, summed over the bands, between the first and last epoch."""
    last = np.where(padded.there, padded.time, 0.0).max(axis=1)
    at = last[:, None] * np.linspace(0, 1, 61)
    for width in (1 / 60, 1 / 600):
        flux = _mean(process, padded, at, colour).sum(axis=2)
        best = np.take_along_axis(at, flux.argmax(axis=1)[:, None], 1)
        at = np.clip(best + last[:, None] * width * np.linspace(-1, 1, 21), 0, last[:, None])
    return np.asarray(best[:, 0])


def _across(process: _Process, padded: _Padded, at: Array, colour: float) -> Array:
    """Covariance (m, T, N) of times `at` (m, T) in one band with the epochs."""
    shape = _matern(
        at[:, :, None] - padded.time[:, None, :], colour - padded.colour[:, None, :], process.length[:, None, None]
    )
    return process.amplitude[:, None, None] ** 2 * np.where(padded.there[:, None, :], shape, 0.0)


def _mean(process: _Process, padded: _Padded, at: Array, colour: Array) -> Array:
    columns = [np.einsum("mtn,mn->mt", _across(process, padded, at, one), process.solved) for one in colour]
    return np.stack(columns, axis=2)


def _spread(process: _Process, padded: _Padded, at: Array, colour: Array) -> Array:
    """Standard deviation (m, T, B) at times `at` (m, T)."""
    columns = []
    for one in colour:
        known = np.linalg.solve(process.factor, np.swapaxes(_across(process, padded, at, one), 1, 2))
        columns.append(np.sqrt(np.maximum(process.amplitude[:, None] ** 2 - (known**2).sum(axis=1), 0.0)))
    return np.stack(columns, axis=2)
