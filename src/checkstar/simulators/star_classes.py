"""Classes of variable stars: what each does, how its periods are distributed, in which shapes it comes."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from checkstar.simulators import pulsators
from checkstar.simulators.light_curve_shapes import (
    Binaries,
    cycles,
    damped_random_walk,
    eclipses,
    microlensing,
    slow_waves,
)
from checkstar.simulators.pulsators import Periods, Signal

__all__ = ["NON_PERIODIC", "NOVEL", "SHARES", "STAR_CLASSES", "Behaviour"]

Array = NDArray[np.float64]
Owners = NDArray[np.intp]

#: ``draw(time, owner, n, rng)``: the signal of n stars at flat epochs.
Draw = Callable[[Array, Owners, int, np.random.Generator], Signal]


class Behaviour(NamedTuple):
    """One way to vary: its share within the class, what draws it, the relative range in g over r, and the colour g - r."""

    share: float
    draw: Draw
    range_ratio: float = 1.3
    colour: float = 0.5


def _detached(time: Array, owner: Owners, n: int, rng: np.random.Generator) -> Signal:
    period = Periods(median=1.1, scatter=0.33, limits=(0.35, 30.0)).draw(n, rng)
    radius_1 = np.clip(0.22 * period**-0.45 * np.exp(0.25 * rng.standard_normal(n)), 0.03, 0.33)
    radius_2 = np.minimum(radius_1 * rng.uniform(0.5, 1.2, n), 0.33)
    eccentric = np.where(period > 2, np.minimum(rng.rayleigh(0.1, n), 0.4), 0.0)
    cos_i = 0.75 * (radius_1 + radius_2) * rng.random(n)
    return _binary(time, owner, period, radius_1, radius_2, rng.uniform(0.1, 1.0, n), cos_i, eccentric, rng)


def _semi_detached(time: Array, owner: Owners, n: int, rng: np.random.Generator) -> Signal:
    period = Periods(median=0.6, scatter=0.2, limits=(0.3, 5.0)).draw(n, rng)
    radius_2 = _roche_radius(rng.uniform(0.2, 0.8, n))
    radius_1 = rng.uniform(0.25, 0.4, n)
    cos_i = 0.7 * (radius_1 + radius_2) * rng.random(n)
    return _binary(time, owner, period, radius_1, radius_2, rng.uniform(0.25, 0.9, n), cos_i, np.zeros(n), rng)


def _contact(time: Array, owner: Owners, n: int, rng: np.random.Generator) -> Signal:
    period = Periods(median=0.35, scatter=0.085, limits=(0.215, 1.0)).draw(n, rng)
    q, fill = rng.uniform(0.15, 1.0, n), rng.uniform(1.0, 1.08, n)
    cos_i = 0.75 * rng.random(n)
    radii = fill * _roche_radius(1 / q), fill * _roche_radius(q)
    return _binary(time, owner, period, *radii, rng.uniform(0.85, 1.05, n), cos_i, np.zeros(n), rng)


def _roche_radius(mass_ratio: Array) -> Array:
    """Radius of the Roche lobe of a star `mass_ratio` times as heavy as the other (Eggleton 1983, ApJ 268, 368)."""
    cube_root = np.cbrt(mass_ratio)
    return np.asarray(0.49 * cube_root**2 / (0.6 * cube_root**2 + np.log1p(cube_root)))


def _binary(
    time: Array,
    owner: Owners,
    period: Array,
    radius_1: Array,
    radius_2: Array,
    surface: Array,
    cos_i: Array,
    eccentricity: Array,
    rng: np.random.Generator,
) -> Signal:
    n = len(period)
    light_1 = radius_1**2 / (radius_1**2 + surface * radius_2**2)
    # Tides to first order (Morris & Naftilan 1993, ApJ 419, 344), for equal masses and darkening of solar stars.
    tides = 1.2 * (1 - cos_i**2) * (light_1 * radius_1**3 + (1 - light_1) * radius_2**3)
    stars = Binaries(
        radius_1=radius_1,
        radius_2=radius_2,
        surface=surface,
        cos_i=cos_i,
        eccentricity=eccentricity,
        periastron=2 * np.pi * rng.random(n),
        ellipsoidal=tides,
        reflection=0.3 * (1 - surface) * radius_2**2,
    )
    return Signal(eclipses(cycles(time, period, owner) + rng.random(n)[owner], stars, owner), period)


def _mira(time: Array, owner: Owners, n: int, rng: np.random.Generator) -> Signal:
    period = Periods(median=280.0, scatter=0.13, limits=(100.0, 700.0)).draw(n, rng)
    full = np.clip(3.6 * np.exp(0.3 * rng.standard_normal(n)), 2.2, 7.0)
    return Signal(_quasi_periodic(time, owner, period, full, rng, wander=0.06, swell=0.12, skew=0.15), period)


def _semiregular(time: Array, owner: Owners, n: int, rng: np.random.Generator) -> Signal:
    period = Periods(median=80.0, scatter=0.3, limits=(20.0, 500.0)).draw(n, rng)
    full = np.clip(0.7 * np.exp(0.6 * rng.standard_normal(n)), 0.12, 3.0)
    change = _quasi_periodic(time, owner, period, full, rng, wander=0.15, swell=0.3, skew=0.05)
    shorter = rng.uniform(0.45, 0.6, n) * period
    change += _quasi_periodic(
        time, owner, shorter, full * rng.uniform(0.1, 0.5, n), rng, wander=0.15, swell=0.3, skew=0.0
    )
    # Long secondary periods, about nine times the first, in a third of them (Soszynski et al. 2009, AcA 59, 239).
    long = np.where(rng.random(n) < 0.33, full * rng.uniform(0.3, 1.0, n), 0.0)
    slow = rng.uniform(7.5, 10.5, n) * period
    return Signal(change + _quasi_periodic(time, owner, slow, long, rng, wander=0.05, swell=0.1, skew=0.1), period)


def _quasi_periodic(
    time: Array,
    owner: Owners,
    period: Array,
    full: Array,
    rng: np.random.Generator,
    *,
    wander: float,
    swell: float,
    skew: float,
) -> Array:
    """Cycles of full amplitude `full` (n,) whose phase wanders (in cycles) and whose amplitude swells, over several periods."""
    n = len(period)
    phase = cycles(time, period, owner) + rng.random(n)[owner] + wander * slow_waves(time, 5 * period, owner, rng)
    skews = skew * rng.uniform(0.3, 1.7, n)
    cycle = np.cos(2 * np.pi * phase) + skews[owner] * np.cos(4 * np.pi * phase + rng.normal(4.5, 0.5, n)[owner])
    strength = np.maximum(1 + swell * slow_waves(time, 5 * period, owner, rng), 0.1)
    return np.asarray(0.5 * full[owner] * strength * cycle)


def _spotted(periods: Periods) -> Draw:
    """Two groups of spots that grow, fade and drift over hundreds of days (Strassmeier 2009, A&ARv 17, 251)."""

    def draw(time: Array, owner: Owners, n: int, rng: np.random.Generator) -> Signal:
        period = periods.draw(n, rng)
        full = 0.16 * np.exp(0.45 * rng.standard_normal(n))
        life = rng.uniform(200.0, 1000.0, n)
        change = np.zeros_like(time)
        for share in (np.ones(n), rng.uniform(0.1, 0.9, n)):
            drift = 0.06 * slow_waves(time, life, owner, rng) + rng.random(n)[owner]
            angle = 2 * np.pi * (cycles(time, period, owner) + drift)
            size = (0.5 * full * share)[owner] * np.maximum(1 + 0.35 * slow_waves(time, life, owner, rng), 0.1)
            # A spot is seen during half a turn: (2/pi)(1/2 + pi/4 cos + 1/3 cos 2) to second order.
            change += size * (np.cos(angle) + 0.42 * np.cos(2 * angle))
        return Signal(change, period)

    return draw


def _wandering(time: Array, owner: Owners, n: int, rng: np.random.Generator) -> Signal:
    """Damped random walks of quasars (MacLeod et al. 2010, ApJ 721, 1014) and of young stars, which are faster."""
    timescale = np.where(rng.random(n) < 0.6, 150.0, 4.0) * np.exp(0.7 * rng.standard_normal(n))
    spread = 0.18 * np.exp(0.4 * rng.standard_normal(n))
    return Signal(spread[owner] * damped_random_walk(time, timescale, owner, rng), np.full(n, np.nan))


def _constant(time: Array, owner: Owners, n: int, rng: np.random.Generator) -> Signal:
    return Signal(np.zeros_like(time), np.full(n, np.nan))


def _lensed(time: Array, owner: Owners, n: int, rng: np.random.Generator) -> Signal:
    """Microlensing events whose peak lies within the observations."""
    first, last = (time.min(), time.max()) if len(time) else (0.0, 1.0)
    crossing = 60.0 * np.exp(0.6 * rng.standard_normal(n))
    return Signal(
        microlensing(time, rng.uniform(first, last, n), crossing, rng.uniform(0.02, 0.6, n), owner), np.full(n, np.nan)
    )


NON_PERIODIC = "non-periodic"
#: A class that no default sample holds: something new.
NOVEL = "microlensing"

STAR_CLASSES: dict[str, tuple[Behaviour, ...]] = {
    "RRab": (Behaviour(1.0, pulsators.RRAB, 1.35, 0.25),),
    "RRc": (Behaviour(1.0, pulsators.RRC, 1.35, 0.15),),
    "DCEP": (Behaviour(0.85, pulsators.DCEP, 1.4, 0.7), Behaviour(0.15, pulsators.DCEP_OVERTONE, 1.4, 0.6)),
    "T2CEP": (
        Behaviour(0.4, pulsators.BL_HERCULIS, 1.3, 0.5),
        Behaviour(0.4, pulsators.W_VIRGINIS, 1.3, 0.7),
        Behaviour(0.2, pulsators.RV_TAURI, 1.2, 0.9),
    ),
    "DSCT": (Behaviour(0.6, pulsators.DSCT_HIGH, 1.35, 0.15), Behaviour(0.4, pulsators.DSCT_LOW, 1.35, 0.2)),
    "EA": (Behaviour(1.0, _detached, 1.0, 0.4),),
    "EB/EW": (Behaviour(0.7, _contact, 1.03, 0.6), Behaviour(0.3, _semi_detached, 1.03, 0.5)),
    "Mira": (Behaviour(1.0, _mira, 1.2, 2.0),),
    "SR": (Behaviour(1.0, _semiregular, 1.4, 1.6),),
    "ROT": (
        Behaviour(0.55, _spotted(Periods(median=0.38, scatter=0.2, limits=(0.15, 2.0))), 1.15, 0.9),
        Behaviour(0.45, _spotted(Periods(median=12.0, scatter=0.5, limits=(1.0, 300.0))), 1.15, 0.9),
    ),
    NON_PERIODIC: (Behaviour(0.5, _wandering, 1.15, 0.4), Behaviour(0.5, _constant, 1.0, 0.7)),
    NOVEL: (Behaviour(1.0, _lensed, 1.0, 0.8),),
}

#: Shares of the classes in a sample by default: unequal, as in catalogues.
SHARES = {
    "RRab": 0.16,
    "RRc": 0.12,
    "DCEP": 0.06,
    "T2CEP": 0.05,
    "DSCT": 0.07,
    "EA": 0.14,
    "EB/EW": 0.16,
    "Mira": 0.06,
    "SR": 0.06,
    "ROT": 0.08,
    NON_PERIODIC: 0.04,
}
