"""Pulsating stars: modes of pulsation with their periods and the Fourier parameters of their light curves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from checkstar.simulators.light_curve_shapes import FourierTable, cycles, fourier_series

__all__ = [
    "BL_HERCULIS",
    "DCEP",
    "DCEP_OVERTONE",
    "DSCT_HIGH",
    "DSCT_LOW",
    "RRAB",
    "RRC",
    "RV_TAURI",
    "W_VIRGINIS",
    "Periods",
    "Pulsator",
    "Signal",
]

Array = NDArray[np.float64]
Owners = NDArray[np.intp]


class Signal(NamedTuple):
    """What stars do: change of magnitude (N,) at their epochs, and their periods (n,) in days, NaN where they have none."""

    change: Array
    period: Array


@dataclass(frozen=True, kw_only=True)
class Periods:
    """Periods that are log-normal between limits: median in days, standard deviation in dex, shortest, longest."""

    median: float
    scatter: float
    limits: tuple[float, float]

    def draw(self, n: int, rng: np.random.Generator) -> Array:
        """Periods (n,) in days."""
        low, high = ndtr((np.log10(self.limits) - np.log10(self.median)) / self.scatter)
        return np.asarray(self.median * 10 ** (self.scatter * ndtri(rng.uniform(low, high, n))))


@dataclass(frozen=True, kw_only=True)
class Pulsator:
    """A mode of pulsation, of which a share of stars is modulated and a share has a second period."""

    periods: Periods
    table: FourierTable
    modulated: float = 0.0
    second: float = 0.0
    period_ratio: float = 0.77

    def __call__(self, time: Array, owner: Owners, n: int, rng: np.random.Generator) -> Signal:
        period = self.periods.draw(n, rng)
        amplitudes, phases = self.table.draw(period, rng)
        change = fourier_series(cycles(time, period, owner), amplitudes, phases, owner)
        depth = np.where(rng.random(n) < self.modulated, rng.uniform(0.1, 0.35, n), 0.0)
        cycle = rng.uniform(20.0, 120.0, n)
        change *= 1 + depth[owner] * np.cos(2 * np.pi * (time / cycle[owner] + rng.random(n)[owner]))
        share = np.where(rng.random(n) < self.second, rng.uniform(0.15, 0.5, n), 0.0)
        other = 2 * np.pi * (cycles(time, self.period_ratio * period, owner) + rng.random(n)[owner])
        return Signal(change + (share * amplitudes[:, 0])[owner] * np.cos(other), period)


# Cosine series in V. RR Lyrae, high-amplitude delta Scuti and type-II Cepheids: medians of Fourier fits to the bright stars
# of Catalina South (Drake et al. 2017, MNRAS 469, 3688); classical Cepheids: the 89 of ASAS (Richards et al. 2012), with the
# progression of Hertzsprung about 10 days. They agree with Simon & Clement 1993, ApJ 410, 526 (RRc), Simon & Lee 1981
# (Cepheids) and Deb & Singh 2009, A&A 507, 1729.
RRAB = Pulsator(
    periods=Periods(median=0.58, scatter=0.055, limits=(0.40, 0.95)),
    table=FourierTable(
        period=(0.40, 0.50, 0.57, 0.63, 0.75),
        amplitude=(0.36, 0.325, 0.26, 0.21, 0.17),
        ratios=(
            (0.46, 0.47, 0.48, 0.45, 0.43),
            (0.30, 0.30, 0.29, 0.25, 0.23),
            (0.19, 0.19, 0.17, 0.15, 0.14),
        ),
        phases=((3.90, 3.95, 4.10, 4.20, 4.33), (1.70, 1.85, 2.15, 2.45, 2.65), (6.0, 6.2, 6.65, 7.1, 7.5)),
        amplitude_scatter=0.2,
        ratio_scatter=0.12,
        phase_scatter=(0.17, 0.28, 0.5),
    ),
    modulated=0.2,
)
RRC = Pulsator(
    periods=Periods(median=0.325, scatter=0.055, limits=(0.22, 0.45)),
    table=FourierTable(
        period=(0.25, 0.28, 0.31, 0.34, 0.38),
        amplitude=(0.21, 0.207, 0.195, 0.19, 0.185),
        ratios=(
            (0.18, 0.155, 0.125, 0.11, 0.11),
            (0.06, 0.065, 0.075, 0.08, 0.08),
            (0.04, 0.04, 0.04, 0.04, 0.04),
        ),
        phases=((4.65, 4.70, 4.77, 4.88, 4.96), (2.9, 3.05, 3.4, 3.7, 3.8), (1.4, 1.6, 2.1, 2.2, 2.4)),
        amplitude_scatter=0.15,
        ratio_scatter=0.3,
        phase_scatter=(0.3, 0.5, 0.8),
    ),
    modulated=0.05,
)
DCEP = Pulsator(
    periods=Periods(median=5.6, scatter=0.28, limits=(2.2, 50.0)),
    table=FourierTable(
        period=(2.5, 3.5, 5.0, 7.0, 8.5, 9.5, 11.0, 12.5, 14.0, 17.0, 22.0, 30.0, 45.0),
        amplitude=(0.30, 0.30, 0.30, 0.30, 0.29, 0.30, 0.35, 0.38, 0.42, 0.44, 0.46, 0.44, 0.41),
        ratios=(
            (0.33, 0.37, 0.38, 0.34, 0.22, 0.12, 0.07, 0.15, 0.22, 0.26, 0.32, 0.39, 0.45),
            (0.13, 0.15, 0.14, 0.15, 0.14, 0.10, 0.12, 0.11, 0.13, 0.15, 0.19, 0.23, 0.20),
            (0.05, 0.06, 0.06, 0.04, 0.08, 0.06, 0.07, 0.10, 0.14, 0.135, 0.13, 0.15, 0.09),
        ),
        phases=(
            (4.10, 4.17, 4.42, 4.88, 5.40, 5.30, 3.70, 4.20, 4.45, 4.45, 4.40, 4.50, 4.72),
            (2.0, 2.2, 2.6, 2.9, 4.1, 5.4, 6.8, 7.15, 7.7, 8.05, 8.35, 8.8, 9.3),
            (0.0, 0.1, 0.6, 4.9, 7.4, 9.3, 10.9, 11.3, 12.0, 12.3, 12.6, 13.2, 13.5),
        ),
        amplitude_scatter=0.17,
        ratio_scatter=0.1,
        phase_scatter=(0.1, 0.18, 0.3),
    ),
)
DCEP_OVERTONE = Pulsator(
    periods=Periods(median=2.2, scatter=0.15, limits=(0.8, 6.0)),
    table=FourierTable(
        period=(1.0, 2.0, 3.0, 5.0),
        amplitude=(0.17, 0.16, 0.15, 0.13),
        ratios=((0.22, 0.18, 0.10, 0.10), (0.06, 0.05, 0.03, 0.04), (0.02, 0.02, 0.02, 0.02)),
        phases=((4.2, 4.4, 4.7, 5.6), (2.7, 3.5, 4.5, 6.5), (1.0, 2.0, 3.0, 4.0)),
        ratio_scatter=0.2,
        phase_scatter=(0.2, 0.4, 0.8),
    ),
    second=0.1,
    period_ratio=0.805,
)
BL_HERCULIS = Pulsator(
    periods=Periods(median=1.6, scatter=0.15, limits=(1.0, 4.0)),
    table=FourierTable(
        period=(1.0, 1.6, 2.5, 4.0),
        amplitude=(0.26, 0.25, 0.25, 0.22),
        ratios=((0.32, 0.30, 0.30, 0.25), (0.10, 0.09, 0.09, 0.08), (0.05, 0.05, 0.05, 0.05)),
        phases=((4.1, 4.3, 4.5, 5.0), (3.0, 3.5, 3.8, 4.5), (2.0, 3.0, 3.5, 4.0)),
        amplitude_scatter=0.35,
        ratio_scatter=0.25,
        phase_scatter=(0.35, 0.8, 1.2),
    ),
)
W_VIRGINIS = Pulsator(
    periods=Periods(median=14.8, scatter=0.08, limits=(9.0, 22.0)),
    table=FourierTable(
        period=(9.0, 13.0, 17.0, 22.0),
        amplitude=(0.30, 0.37, 0.40, 0.38),
        ratios=((0.12, 0.14, 0.18, 0.22), (0.07, 0.09, 0.10, 0.10), (0.03, 0.04, 0.05, 0.05)),
        phases=((5.6, 6.2, 6.5, 6.6), (2.2, 2.5, 2.7, 2.9), (1.5, 2.0, 2.5, 2.5)),
        amplitude_scatter=0.3,
        ratio_scatter=0.3,
        phase_scatter=(0.6, 0.4, 1.0),
    ),
    modulated=0.3,
)
# Deep and shallow minima take turns, and the period is that of both.
RV_TAURI = Pulsator(
    periods=Periods(median=45.0, scatter=0.12, limits=(24.0, 75.0)),
    table=FourierTable(
        period=(24.0, 75.0),
        amplitude=(0.06, 0.08),
        ratios=((4.5, 4.5), (0.9, 0.9), (0.8, 0.9)),
        phases=((6.2, 6.2), (0.0, 0.0), (6.2, 6.2)),
        amplitude_scatter=0.4,
        ratio_scatter=0.2,
        phase_scatter=(0.5, 0.8, 0.8),
    ),
    modulated=0.6,
)
DSCT_HIGH = Pulsator(
    periods=Periods(median=0.126, scatter=0.13, limits=(0.05, 0.25)),
    table=FourierTable(
        period=(0.05, 0.10, 0.15, 0.20),
        amplitude=(0.14, 0.14, 0.14, 0.15),
        ratios=((0.25, 0.28, 0.28, 0.26), (0.08, 0.09, 0.09, 0.09), (0.04, 0.04, 0.04, 0.04)),
        phases=((4.0, 4.1, 4.25, 4.35), (1.7, 1.85, 2.2, 2.5), (5.6, 6.0, 6.4, 6.6)),
        amplitude_scatter=0.4,
        ratio_scatter=0.3,
        phase_scatter=(0.25, 0.4, 0.8),
    ),
    second=0.3,
)
# Small amplitudes: nearly sinusoidal, and several modes (Breger 2000, ASP Conf. 210, 3).
DSCT_LOW = Pulsator(
    periods=Periods(median=0.09, scatter=0.18, limits=(0.03, 0.3)),
    table=FourierTable(
        period=(0.05, 0.10, 0.15, 0.20),
        amplitude=(0.04, 0.045, 0.05, 0.05),
        ratios=((0.08,) * 4, (0.02,) * 4, (0.0,) * 4),
        phases=((4.0, 4.1, 4.25, 4.35), (1.7, 1.85, 2.2, 2.5), (5.6, 6.0, 6.4, 6.6)),
        amplitude_scatter=0.35,
        ratio_scatter=0.5,
        phase_scatter=(0.6, 1.0, 1.0),
    ),
    second=0.8,
)
