"""Supernovae and other explosions in six bands, as a deep survey sees them, with known class, redshift and peak."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from checkstar.data.light_curves import LightCurves
from checkstar.errors import InputError
from checkstar.simulators.explosions import EXPLOSIONS
from checkstar.simulators.shares import class_shares

__all__ = ["SimulatedSupernovae", "draw_supernovae", "simulate_supernovae"]

Array = NDArray[np.float64]

_BANDS = ("u", "g", "r", "i", "z", "Y")
#: Effective wavelengths in Angstrom, share of the visits, and 5-sigma depth (AB) of one visit (Ivezic et al. 2019, ApJ 873, 111).
_WAVELENGTH = np.array([3671.0, 4827.0, 6223.0, 7546.0, 8691.0, 9712.0])
_VISITS = np.array([0.07, 0.10, 0.22, 0.22, 0.19, 0.20])
_DEPTH = np.array([23.9, 25.0, 24.7, 24.0, 23.3, 22.1])
#: Photometric errors of the same paper, equation 5: how the error grows with the flux of the source.
_GAMMA, _SYSTEMATIC = 0.039, 0.005
#: AB magnitude of 1 nJy.
_ZERO_POINT = 31.4
_SPEED_OF_LIGHT_KM_S, _HUBBLE_KM_S_MPC, _MATTER = 299792.458, 70.0, 0.3
#: h c / k in Angstrom Kelvin.
_HC_K = 1.43877688e8
_VISUAL = 5500.0
_LARGEST_Z = 1.2
#: Days before and after maximum light (observer's frame) within which epochs are kept.
_WINDOW = (-50.0, 150.0)
_VISIT_DAYS, _SEASON_DAYS = 3.2, 190.0
#: An event is found where so many epochs are beyond five sigma.
_FEWEST_DETECTIONS, _DETECTION_SIGMA = 3, 5.0
_ROUNDS = 40


class SimulatedSupernovae(NamedTuple):
    """Light curves, and at each of their epochs (N,) the flux in nJy without noise."""

    curves: LightCurves
    true_value: Array


def simulate_supernovae(
    n: int, rng: Any = None, *, classes: Sequence[str] | Mapping[str, float] | None = None
) -> LightCurves:
    """Light curves of `n` explosions found by a survey like LSST, in ugrizY fluxes.

    In the rest frame a class has a peak, a rise, a plateau and a decline, the colours of a cooling black body, and metal lines;
    redshift stretches times, moves wavelengths into the bands and dims; dust of the host reddens. Volume is
    uniform. Only what has three epochs beyond five sigma is there, so faint classes are near.

    Parameters
    ----------
    n : int
        Number of events that are found.
    rng : seed or Generator
        What `numpy.random.default_rng` takes.
    classes : sequence of str, or mapping of str to float, optional
        Classes in equal shares, or with a share each; by default the six of `EXPLOSIONS`.

    Returns
    -------
    LightCurves
        In nJy, with the metadata id, class, redshift (measured from the light of the host) and redshift_err,
        true_redshift, peak_time (MJD of maximum in rest-frame V), ra and dec (degrees).

    Raises
    ------
    InputError
        If there is no such class, `n` is not positive, or shares are not.

    Examples
    --------
    >>> events = simulate_supernovae(20, rng=0)
    >>> len(events), events.bands, events.unit
    (20, ('u', 'g', 'r', 'i', 'z', 'Y'), 'nJy')
    """
    return draw_supernovae(n, rng, classes=classes).curves


def draw_supernovae(
    n: int, rng: Any = None, *, classes: Sequence[str] | Mapping[str, float] | None = None
) -> SimulatedSupernovae:
    """The same as `simulate_supernovae`, with the true flux of every epoch."""
    if n < 1:
        raise InputError(f"n is {n}; simulate at least one event.")
    shares = class_shares(classes, {name: about.share for name, about in EXPLOSIONS.items()}, EXPLOSIONS)
    generator = np.random.default_rng(rng)
    label = np.asarray(list(shares))[generator.choice(len(shares), size=n, p=list(shares.values()))]
    kept: list[tuple[NDArray[np.intp], SimulatedSupernovae]] = []
    missing = np.arange(n)
    for _ in range(_ROUNDS):
        tried = _observed(label[missing], generator)
        found = _is_found(tried.curves)
        kept.append((missing[found], _of(tried, found)))
        missing = missing[~found]
        if not len(missing):
            return _joined(kept)
    raise InputError(f"{len(missing)} of {n} events were not bright enough in {_ROUNDS} tries; change EXPLOSIONS.")


class _Events(NamedTuple):
    """Parameters (n,) of events: see `Explosion`; dust is A_V of the host."""

    z: Array
    peak: Array
    rise: Array
    fall: Array
    plateau: Array
    slope: Array
    hot: Array
    cool: Array
    cooling: Array
    blanketing: Array
    bump: Array
    dust: Array


def _draw_events(label: NDArray[np.str_], rng: np.random.Generator) -> _Events:
    about = [EXPLOSIONS[str(name)] for name in label]
    n = len(label)

    def pair(name: str) -> tuple[Array, Array]:
        mean, spread = np.array([getattr(one, name) for one in about]).T
        return mean, spread * rng.standard_normal(n)

    def one(name: str) -> Array:
        return np.array([getattr(each, name) for each in about])

    peak = sum(pair("peak"))
    rise, fall = (mean * 10**spread for mean, spread in (pair("rise"), pair("fall")))
    hot = np.maximum(sum(pair("hot")), 5.0)
    dust = rng.exponential(0.15, n)
    # Found to about this apparent magnitude; farther ones are tried in vain.
    reach = np.interp(24.2 - peak, _distances().modulus, _distances().z)
    volume = np.interp(np.minimum(reach, _LARGEST_Z), _distances().z, _distances().volume)
    z = np.interp(rng.random(n) * volume, _distances().volume, _distances().z)
    return _Events(
        z=np.maximum(z, 0.005),
        peak=np.asarray(peak),
        rise=rise,
        fall=fall,
        plateau=np.maximum(sum(pair("plateau")), 0.0),
        slope=one("slope"),
        hot=np.asarray(hot),
        cool=one("cool"),
        cooling=one("cooling"),
        blanketing=one("blanketing"),
        bump=one("bump") * rng.uniform(0.6, 1.4, n),
        dust=dust,
    )


class _Distances(NamedTuple):
    z: Array
    modulus: Array
    volume: Array


@cache
def _distances() -> _Distances:
    """Distance modulus and comoving volume, over (1 + z) for rates at rest, of a flat universe, on a grid of redshift."""
    z = np.linspace(0, 1.5 * _LARGEST_Z, 2000)
    rate = 1 / np.sqrt(_MATTER * (1 + z) ** 3 + 1 - _MATTER)
    step = z[1] - z[0]
    comoving = np.concatenate([[0], np.cumsum((rate[1:] + rate[:-1]) / 2 * step)]) * (
        _SPEED_OF_LIGHT_KM_S / _HUBBLE_KM_S_MPC
    )
    modulus = 25 + 5 * np.log10(np.maximum(comoving * (1 + z), 1e-3))
    volume = np.cumsum(comoving**2 * rate / (1 + z))
    return _Distances(z, modulus, volume / volume[-1])


def _observed(label: NDArray[np.str_], rng: np.random.Generator) -> SimulatedSupernovae:
    import pandas as pd

    n = len(label)
    events = _draw_events(label, rng)
    peak_time = 60200.0 + rng.uniform(0, 365.0 * 3, n)
    time, band, owner = _epochs(peak_time, rng)
    flux = _flux(events, (time - peak_time[owner]), band, owner)
    five_sigma = 10 ** (-0.4 * (_DEPTH[band] - 0.25 * np.abs(rng.standard_normal(len(time))) - _ZERO_POINT))
    variance = _GAMMA * five_sigma**2 + (0.04 - _GAMMA) * five_sigma * flux + (_SYSTEMATIC * flux) ** 2
    error = np.sqrt(variance)
    spectroscopic = rng.random(n) < 0.1
    z_err = np.where(spectroscopic, 0.001, 0.03 * (1 + events.z))
    meta = {
        "class": label,
        "redshift": np.maximum(events.z + z_err * rng.standard_normal(n), 0.001),
        "redshift_err": z_err,
        "true_redshift": events.z,
        "peak_time": peak_time,
        "ra": rng.uniform(0, 360, n),
        "dec": np.degrees(np.arcsin(rng.uniform(-0.9, 0.05, n))),
    }
    curves = LightCurves(
        time=time,
        value=flux + error * rng.standard_normal(len(flux)),
        error=error,
        offsets=np.concatenate([[0], np.cumsum(np.bincount(owner, minlength=n))]),
        band=band.astype(np.int16),
        bands=_BANDS,
        meta=pd.DataFrame(meta),
        unit="nJy",
        name="simulated supernovae",
        citation="simulated; Bazin et al. 2009, A&A 499, 653; Villar et al. 2019, ApJ 884, 83; Kessler et al. 2019, PASP "
        "131, 094501",
    )
    return SimulatedSupernovae(curves, flux)


def _epochs(peak_time: Array, rng: np.random.Generator) -> tuple[Array, NDArray[np.intp], NDArray[np.intp]]:
    """Times, bands and owners (N,) of epochs in the window about maximum, within a season of the year."""
    n = len(peak_time)
    slots = int((_WINDOW[1] - _WINDOW[0]) / _VISIT_DAYS)
    pace = _VISIT_DAYS * np.exp(0.2 * rng.standard_normal((n, 1)))
    offset = _WINDOW[0] + pace * (np.arange(slots) + rng.random((n, slots)))
    # The middle of the season lies anywhere, but maximum is within it.
    middle = rng.uniform(-0.5, 0.5, (n, 1)) * _SEASON_DAYS
    kept = (np.abs(offset - middle) < _SEASON_DAYS / 2) & (offset < _WINDOW[1]) & (rng.random((n, slots)) < 0.8)
    owner, place = np.nonzero(kept)
    first = peak_time[owner] + offset[owner, place]
    band = rng.choice(len(_BANDS), size=len(owner), p=_VISITS)
    # A second visit of the night, in another band, follows half of the first ones.
    twice = rng.random(len(owner)) < 0.5
    other = (band + rng.integers(1, 3, len(owner))) % len(_BANDS)
    time = np.concatenate([first, first[twice] + 0.023])
    owners, bands = np.concatenate([owner, owner[twice]]), np.concatenate([band, other[twice]])
    order = np.lexsort([time, owners])
    return time[order], bands[order], owners[order]


def _flux(events: _Events, days: Array, band: NDArray[np.intp], owner: NDArray[np.intp]) -> Array:
    """Flux (N,) in nJy at observer's days from maximum."""
    one = _Events(*(column[owner] for column in events))
    rest = days / (1 + one.z)
    wavelength = _WAVELENGTH[band] / (1 + one.z)
    modulus = np.interp(one.z, _distances().z, _distances().modulus)
    dust = one.dust * (wavelength / _VISUAL) ** -1.3
    magnitude = one.peak + modulus + dust - 2.5 * np.log10(1 + one.z) - _ZERO_POINT
    shape = _rise_and_fall(one, rest) * _colour(one, rest, wavelength)
    infrared = 1 / (1 + np.exp(-(wavelength - 7000) / 300))
    shape += one.bump * infrared * np.exp(-0.5 * ((rest - 25) / 7) ** 2) * _colour(one, np.zeros_like(rest), wavelength)
    return np.asarray(10 ** (-0.4 * magnitude) * shape)


def _rise_and_fall(one: _Events, rest: Array) -> Array:
    """Flux in V over that at maximum: Bazin's function where there is no plateau, else Villar's."""
    # Bazin's function is largest where exp((t - t0) / rise) = fall / rise - 1.
    start = -one.rise * np.log(np.maximum(one.fall / one.rise - 1, 0.1))
    decline = np.exp(-0.4 * np.log(10) * one.slope * np.clip(rest, 0, one.plateau))
    fall = np.exp(-np.maximum(rest - start - one.plateau, np.minimum(rest - start, 0.0)) / one.fall)
    rise = 1 / (1 + np.exp(np.clip(-(rest - start) / one.rise, -60, 60)))
    top = np.exp(start / one.fall * (one.plateau == 0)) / (1 + np.exp(start / one.rise))
    return np.asarray(decline * fall * rise / top)


def _colour(one: _Events, rest: Array, wavelength: Array) -> Array:
    """Flux density at a rest-frame wavelength over that in V: a black body that cools, and metal lines."""
    cooled = np.exp(-np.maximum(rest, -20.0) / one.cooling)
    # At maximum (rest = 0) it has the temperature `hot`; before, it is hotter by no more than a half.
    kelvin = 1000 * np.minimum(one.cool + (one.hot - one.cool) * cooled, 1.5 * one.hot)
    body = (_VISUAL / wavelength) ** 3 * np.expm1(_HC_K / (_VISUAL * kelvin)) / np.expm1(_HC_K / (wavelength * kelvin))
    lines = one.blanketing / (1 + np.exp((wavelength - 3800) / 150))
    return np.asarray(body * 10 ** (-0.4 * lines))


def _is_found(curves: LightCurves) -> NDArray[np.bool_]:
    seen = curves.value > _DETECTION_SIGMA * curves.error
    return np.asarray(np.bincount(curves.owner[seen], minlength=len(curves)) >= _FEWEST_DETECTIONS)


def _of(events: SimulatedSupernovae, chosen: NDArray[np.bool_]) -> SimulatedSupernovae:
    return SimulatedSupernovae(events.curves[chosen], events.true_value[chosen[events.curves.owner]])


def _joined(parts: list[tuple[NDArray[np.intp], SimulatedSupernovae]]) -> SimulatedSupernovae:
    """The events of all rounds in the order in which their classes were drawn."""
    import pandas as pd

    columns = {
        name: np.concatenate([getattr(part.curves, name) for _, part in parts])
        for name in ("time", "value", "error", "band")
    }
    counts = np.concatenate([part.curves.n_epochs for _, part in parts])
    order = np.argsort(np.concatenate([rows for rows, _ in parts]))
    joined = parts[0][1].curves.replace(
        **columns,
        offsets=np.concatenate([[0], np.cumsum(counts)]),
        meta=pd.concat([part.curves.meta for _, part in parts], ignore_index=True),
    )
    flux = np.split(np.concatenate([part.true_value for _, part in parts]), joined.offsets[1:-1])
    curves = joined[order]
    names = pd.Series([f"event-{i:06d}" for i in range(len(curves))], name="id")
    curves = curves.replace(meta=pd.concat([names, curves.meta], axis=1))
    return SimulatedSupernovae(curves, np.concatenate([flux[i] for i in order]))
