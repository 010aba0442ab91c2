"""Galaxies of a magnitude-limited survey, simulated from templates: redshifts and magnitudes with known truth."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from checkstar.data.embedded import SedTable, sed_templates

__all__ = ["SimulatedGalaxies", "simulate_galaxies"]

Array = NDArray[np.float64]

_SPEED_OF_LIGHT_KM_S, _HUBBLE_KM_S_MPC, _DECELERATION = 299792.458, 70.0, -0.55
#: Magnitude limit of the main galaxy sample (Strauss et al. 2002) and where nearly all of it ends.
_FAINTEST_R, _Z_RANGE = 17.77, (0.01, 0.3)
#: Absolute r magnitude of the knee and faint-end slope of the luminosity function (Blanton et al. 2003, ApJ 592, 819).
_KNEE_R, _SLOPE = -20.44 + 5 * np.log10(_HUBBLE_KM_S_MPC / 100), -1.05
#: log10 sigma (mag) of each band is linear in its magnitude: what the 5000 galaxies of `sdss_galaxies` have.
_SIGMA_SLOPE = np.array([0.237, 0.179, 0.165, 0.173, 0.229])
_SIGMA_ZERO = np.array([-5.84, -5.30, -5.04, -5.09, -5.57])
#: Reddening by dust in magnitudes a unit of E(B - V) (Schlafly & Finkbeiner 2011, ApJ 737, 103).
_EXTINCTION = np.array([4.24, 3.30, 2.28, 1.70, 1.26])


class SimulatedGalaxies(NamedTuple):
    """Galaxies: true redshifts ``z`` (n,), observed ``magnitudes`` (n, 5) in ugriz and their errors ``sigma`` (n, 5)."""

    z: Array
    magnitudes: Array
    sigma: Array


def simulate_galaxies(n: int, rng: Any = None, *, faintest_r: float = _FAINTEST_R) -> SimulatedGalaxies:
    """`n` galaxies brighter than `faintest_r` before noise, with the errors of SDSS.

    Luminosities follow a Schechter function and volume a Euclidean one, so that redshift and magnitude are related as in
    a magnitude limit; luminous galaxies are mostly early. Each has a type between two templates, dust of its own, and
    colours that scatter by 0.03 mag about the templates: no template fits it exactly.

    Examples
    --------
    >>> drawn = simulate_galaxies(1000, rng=0)
    >>> bool(0.08 < np.median(drawn.z) < 0.13)
    True
    """
    generator = np.random.default_rng(rng)
    table = sed_templates()
    kept: list[tuple[Array, Array]] = []
    while sum(len(z) for z, _ in kept) < n:
        z, magnitudes = _observable(20 * n, table, generator)
        bright = magnitudes[:, 2] < faintest_r
        kept.append((z[bright], magnitudes[bright]))
    z, true = (np.concatenate(parts)[:n] for parts in zip(*kept, strict=True))
    sigma = 10 ** (_SIGMA_ZERO + _SIGMA_SLOPE * true)
    return SimulatedGalaxies(z, true + sigma * generator.standard_normal(true.shape), sigma)


def _observable(n: int, table: SedTable, rng: np.random.Generator) -> tuple[Array, Array]:
    """Redshifts (n,) and magnitudes (n, 5) of a volume, whatever their magnitude."""
    z = rng.uniform(_Z_RANGE[0] ** 3, _Z_RANGE[1] ** 3, n) ** (1 / 3)
    absolute = _luminosities(n, rng)
    # 0 is El and 5 is SB2: luminous galaxies are early, faint ones late, each with a wide spread.
    early = 1 / (1 + np.exp(2.0 * (absolute - _KNEE_R)))
    kind = np.where(rng.random(n) < early, rng.exponential(0.25, n), rng.gamma(3.0, 0.6, n))
    colours = -2.5 * np.log10(_flux(table, z, np.minimum(kind, 5.0)))
    dust = rng.exponential(0.04, (n, 1)) * np.minimum(kind, 1.0)[:, None]
    colours += _EXTINCTION * dust + 0.03 * rng.standard_normal(colours.shape)
    distance_mpc = _SPEED_OF_LIGHT_KM_S / _HUBBLE_KM_S_MPC * z * (1 + 0.5 * (1 - _DECELERATION) * z)
    modulus = 25 + 5 * np.log10(distance_mpc)
    # The templates have magnitude 0 at rest near 5500 Angstrom, a little blueward of r.
    return z, colours + (absolute + modulus)[:, None]


def _luminosities(n: int, rng: np.random.Generator) -> Array:
    """Absolute magnitudes (n,) of a Schechter function between three magnitudes above and four below its knee."""
    grid = np.linspace(_KNEE_R - 3, _KNEE_R + 4, 701)
    ratio = 10 ** (-0.4 * (grid - _KNEE_R))
    cumulative = np.cumsum(ratio ** (_SLOPE + 1) * np.exp(-ratio))
    return np.interp(rng.random(n), cumulative / cumulative[-1], grid)


def _flux(table: SedTable, z: Array, kind: Array) -> Array:
    """Flux (n, 5) of galaxies between the templates floor(kind) and the next, at redshifts `z` (n,)."""
    row = np.minimum(kind.astype(int), len(table.templates) - 2)
    column = np.minimum((z / table.z[1]).astype(int), len(table.z) - 2)
    right, later = (z / table.z[1] - column)[:, None], (kind - row)[:, None]
    corner = [[table.flux[row + i, column + j] for j in (0, 1)] for i in (0, 1)]
    early, late = (pair[0] * (1 - right) + pair[1] * right for pair in corner)
    return early * (1 - later) + late * later
