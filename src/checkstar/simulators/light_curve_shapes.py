"""Shapes of light curves: Fourier series of pulsators, eclipses, spots, irregular changes; evaluated at flat epochs.

Every function takes the parameters of n stars and the epochs of all of them in one column (N,), with the `owner` (N,) of
each; it returns magnitudes (N,), positive where the star is fainter.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Binaries",
    "FourierTable",
    "cycles",
    "damped_random_walk",
    "eclipses",
    "fourier_series",
    "microlensing",
    "slow_waves",
]

Array = NDArray[np.float64]
Owners = NDArray[np.intp]

_TWO_PI = 2 * np.pi


@dataclass(frozen=True, kw_only=True)
class FourierTable:
    """Fourier parameters of one mode of pulsation as functions of period, with their scatter from star to star.

    The series is ``sum_k A_k cos(k omega t + phi_k)`` in magnitudes, ``R_k1 = A_k / A_1`` and
    ``phi_k1 = phi_k - k phi_1`` (Simon & Lee 1981, ApJ 248, 291). Between the tabulated periods all is linear in the
    logarithm of the period.

    Attributes
    ----------
    period : (k,) sequence
        Days, increasing.
    amplitude : (k,) sequence
        A_1 in magnitudes; `amplitude_scatter` is the standard deviation of its logarithm.
    ratios : three (k,) sequences
        R_21, R_31, R_41; the scatter is `ratio_scatter`, shared by the three of a star.
    phases : three (k,) sequences
        phi_21, phi_31, phi_41 in radians, continued beyond 2 pi where they wind; the scatter is `phase_scatter`.
    """

    period: tuple[float, ...]
    amplitude: tuple[float, ...]
    ratios: tuple[tuple[float, ...], ...]
    phases: tuple[tuple[float, ...], ...]
    amplitude_scatter: float = 0.2
    ratio_scatter: float = 0.15
    phase_scatter: tuple[float, float, float] = (0.15, 0.25, 0.4)

    def draw(self, period: Array, rng: np.random.Generator) -> tuple[Array, Array]:
        """Amplitudes (n, 4) and phases (n, 4) of the harmonics of stars of these periods, beginning anywhere."""
        n = len(period)
        at = np.log(period)
        ratios = np.column_stack([np.ones(n), *(self._at(at, row) for row in self.ratios)])
        phases = np.column_stack([np.zeros(n), *(self._at(at, row) for row in self.phases)])
        # A star whose second harmonic is strong has strong higher ones too.
        common = self.ratio_scatter * rng.standard_normal((n, 1))
        own = 0.5 * self.ratio_scatter * rng.standard_normal((n, 3))
        ratios[:, 1:] *= np.exp(common * [1.0, 1.4, 1.8] + own)
        phases[:, 1:] += np.asarray(self.phase_scatter) * rng.standard_normal((n, 3))
        amplitude = self._at(at, self.amplitude) * np.exp(self.amplitude_scatter * rng.standard_normal(n))
        start = _TWO_PI * rng.random((n, 1))
        return amplitude[:, None] * ratios, phases + start * np.arange(1, 5)

    def _at(self, log_period: Array, row: tuple[float, ...]) -> Array:
        return np.interp(log_period, np.log(self.period), row)


class Binaries(NamedTuple):
    """Two spheres around each other; each column (n,).

    Radii of the stars in units of their separation; brightness of the surface of star 2 over that of star 1; cosine of
    the inclination; eccentricity and longitude of periastron (radians); amplitudes, in flux, of the light of tides and
    of reflection.
    """

    radius_1: Array
    radius_2: Array
    surface: Array
    cos_i: Array
    eccentricity: Array
    periastron: Array
    ellipsoidal: Array
    reflection: Array


def cycles(time: Array, period: Array, owner: Owners) -> Array:
    """Phase (N,) in cycles since MJD 0, for the `period` (n,) of each star."""
    return time / period[owner]


def fourier_series(phase: Array, amplitudes: Array, phases: Array, owner: Owners) -> Array:
    """``sum_k A_k cos(2 pi k phase + phi_k)`` (N,) for amplitudes and phases (n, k)."""
    total = np.zeros_like(phase)
    for k in range(amplitudes.shape[1]):
        total += amplitudes[owner, k] * np.cos(_TWO_PI * (k + 1) * phase + phases[owner, k])
    return total


def eclipses(phase: Array, stars: Binaries, owner: Owners) -> Array:
    """Magnitudes (N,) lost to eclipses, tides and reflection; star 1 is eclipsed at phase 0.

    Uniform discs: the light of one star is lost in proportion to the part of its disc that the other covers. Orbits of
    small eccentricity follow the equation of the centre to second order.
    """
    one = Binaries(*(column[owner] for column in stars))
    anomaly = _TWO_PI * phase
    e = one.eccentricity
    angle = anomaly + 2 * e * np.sin(anomaly - one.periastron) + 1.25 * e**2 * np.sin(2 * (anomaly - one.periastron))
    # Star 1 is behind where cos(angle) is positive.
    apart = np.sqrt(np.sin(angle) ** 2 + (one.cos_i * np.cos(angle)) ** 2)
    covered = _overlap(apart, one.radius_1, one.radius_2)
    light_1, light_2 = one.radius_1**2, one.surface * one.radius_2**2
    behind = np.cos(angle) > 0
    lost = np.where(behind, light_1 * covered / one.radius_1**2, light_2 * covered / one.radius_2**2)
    flux = 1 - lost / (light_1 + light_2)
    flux += -one.ellipsoidal * np.cos(2 * angle) - one.reflection * np.cos(angle)
    return np.asarray(-2.5 * np.log10(np.maximum(flux, 0.01)))


def _overlap(apart: Array, radius_1: Array, radius_2: Array) -> Array:
    """Area that two discs share, over pi: 0 where they do not touch, the smaller disc where one lies on the other."""
    small = np.minimum(radius_1, radius_2)
    shared = np.where(apart <= np.abs(radius_1 - radius_2), small**2, 0.0)
    cut = (apart > np.abs(radius_1 - radius_2)) & (apart < radius_1 + radius_2)
    d, a, b = apart[cut], radius_1[cut], radius_2[cut]
    x = np.clip((d**2 + a**2 - b**2) / (2 * d * a), -1, 1)
    y = np.clip((d**2 + b**2 - a**2) / (2 * d * b), -1, 1)
    kite = np.sqrt(np.maximum((a + b - d) * (d + a - b) * (d - a + b) * (a + b + d), 0.0))
    shared[cut] = (a**2 * np.arccos(x) + b**2 * np.arccos(y) - 0.5 * kite) / np.pi
    return shared


def slow_waves(time: Array, timescale: Array, owner: Owners, rng: np.random.Generator, n_waves: int = 4) -> Array:
    """Irregular change (N,) of unit variance on about `timescale` (n,) days: a few sinusoids of random frequency."""
    n = len(timescale)
    frequency = np.exp(rng.normal(0.0, 0.5, (n, n_waves))) / timescale[:, None]
    start = rng.random((n, n_waves))
    total = np.zeros_like(time)
    for k in range(n_waves):
        total += np.cos(_TWO_PI * (time * frequency[owner, k] + start[owner, k]))
    return total * np.sqrt(2 / n_waves)


def damped_random_walk(time: Array, timescale: Array, owner: Owners, rng: np.random.Generator) -> Array:
    """Ornstein-Uhlenbeck process (N,) of unit variance with correlation time `timescale` (n,) days, exact at any epochs.

    Kelly, Bechtold & Siemiginowska 2009, ApJ 698, 895. Epochs of each star stand together in order of time.
    """
    count = np.bincount(owner, minlength=len(timescale))
    place = np.arange(len(time)) - np.repeat(np.cumsum(count) - count, count)
    order = np.argsort(place, kind="stable")
    edges = np.searchsorted(place[order], np.arange(count.max(initial=0) + 1))
    value = rng.standard_normal(len(time))
    for first, last in pairwise(edges[1:]):
        now = order[first:last]
        memory = np.exp(-(time[now] - time[now - 1]) / timescale[owner[now]])
        value[now] = memory * value[now - 1] + np.sqrt(1 - memory**2) * value[now]
    return value


def microlensing(time: Array, peak: Array, crossing: Array, impact: Array, owner: Owners) -> Array:
    """Magnitudes (N,), all negative, of a point lens: `crossing` time in days, `impact` in Einstein radii; each (n,).

    Paczynski 1986, ApJ 304, 1, equation 2.
    """
    u = np.hypot(impact[owner], (time - peak[owner]) / crossing[owner])
    return np.asarray(-2.5 * np.log10((u**2 + 2) / (u * np.sqrt(u**2 + 4))))
