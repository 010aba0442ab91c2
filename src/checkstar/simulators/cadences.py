"""Survey: when a telescope looks at a star, and how well it measures it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from checkstar.errors import InputError, unknown_name

__all__ = ["SURVEYS", "Epochs", "Survey", "draw_epochs", "survey_named"]

Array = NDArray[np.float64]

#: New moon of 2000 January 6 (MJD) and the synodic month in days (Meeus 1998, Astronomical Algorithms, ch. 49).
_NEW_MOON_MJD, _MONTH_DAYS = 51549.76, 29.530589
#: Right ascension in degrees that culminates at midnight on MJD 51544.5, and what it gains a night.
_MIDNIGHT_RA, _RA_A_NIGHT = 280.46, 360.0 / 365.2422
_SIDEREAL_DAY = 0.99726957
#: Hours from the meridian, in days, up to which a star is high enough, and half the night.
_HIGHEST_OFFSET, _HALF_NIGHT = 0.20, 0.17
_CHUNK = 1000


@dataclass(frozen=True, kw_only=True)
class Survey:
    """How a survey samples and measures the stars of its sky.

    Parameters
    ----------
    name : str
        For reports.
    first_night, n_nights : int
        MJD of the first night, and how many follow.
    nights : float
        Median number of nights on which a star is observed; `scatter` is the standard deviation of its logarithm from
        star to star.
    exposures, gap : int, float
        Exposures a night, and days between them; the bands take turns.
    clear : float
        Share of nights with clear sky.
    moonless : float
        Days around full moon without observations, on either side.
    midnight : float
        Local midnight as a fraction of the day in UT.
    declination : (float, float)
        Degrees observed.
    bands : sequence of str
        Passbands.
    floor : float
        Systematic error (mag), whatever the brightness.
    photon : float
        Error (mag) by photons of the star at magnitude 15; it grows as 10^(0.2 m).
    sky : float
        Error (mag) by photons of the sky at magnitude 15; it grows as 10^(0.4 m).
    conditions : float
        Standard deviation of ln(photon and sky error) from epoch to epoch: seeing and transparency.
    bright, faint : float
        Magnitudes between which stars are measured.
    outliers : float
        Share of epochs that are wrong by more than their error says: blends, clouds, cosmic rays.
    """

    name: str
    first_night: int
    n_nights: int
    nights: float
    scatter: float = 0.3
    exposures: int = 1
    gap: float = 0.01
    clear: float = 0.7
    moonless: float = 0.0
    midnight: float
    declination: tuple[float, float]
    bands: tuple[str, ...] = ("V",)
    floor: float
    photon: float
    sky: float
    conditions: float = 0.15
    bright: float
    faint: float
    outliers: float = 0.005

    def sigma(self, magnitude: ArrayLike, conditions: ArrayLike = 1.0) -> Array:
        """Standard error (mag) at true magnitudes; `conditions` multiplies what is not systematic."""
        m = np.asarray(magnitude, dtype=float) - 15.0
        return np.sqrt(
            self.floor**2 + np.square(conditions) * (self.photon**2 * 10 ** (0.4 * m) + self.sky**2 * 10 ** (0.8 * m))
        )


#: Numbers of nights and limits are those of the variable stars of each. The noise of Catalina is the scatter of its
#: RRc and contact binaries about Fourier series: 0.03 mag at 12, 0.10 at 17.5, 0.16 at 18.5, half of what it states.
SURVEYS = {
    # Siding Spring part of Catalina (Drake et al. 2009, ApJ 696, 870): four images in half an hour, no moonlight.
    "catalina": Survey(
        name="catalina",
        first_night=53560,
        n_nights=2920,
        nights=58,
        scatter=0.33,
        exposures=4,
        gap=0.0086,
        moonless=4.0,
        midnight=0.58,
        declination=(-75.0, -20.0),
        floor=0.03,
        photon=0.026,
        sky=0.0025,
        bright=11.0,
        faint=19.0,
    ),
    # ASAS-3 at Las Campanas (Pojmanski 2002, AcA 52, 397): one image every two or three nights.
    "asas": Survey(
        name="asas",
        first_night=51870,
        n_nights=3300,
        nights=540,
        scatter=0.35,
        clear=0.85,
        midnight=0.20,
        declination=(-90.0, 28.0),
        floor=0.03,
        photon=0.06,
        sky=0.12,
        bright=7.5,
        faint=14.0,
    ),
    # Public survey of ZTF (Bellm et al. 2019, PASP 131, 018002): g and r within the night, every third night.
    "ztf": Survey(
        name="ztf",
        first_night=58194,
        n_nights=1095,
        nights=110,
        scatter=0.25,
        exposures=2,
        gap=0.04,
        midnight=0.33,
        declination=(-30.0, 85.0),
        bands=("g", "r"),
        floor=0.012,
        photon=0.006,
        sky=0.001,
        bright=13.0,
        faint=20.5,
    ),
}


class Epochs(NamedTuple):
    """Times (N,) in MJD, the star (N,) that each belongs to, in order, and the band (N,)."""

    time: Array
    owner: NDArray[np.intp]
    band: NDArray[np.int16]


def survey_named(survey: str | Survey) -> Survey:
    """The survey itself, or that of this name.

    Raises
    ------
    InputError
        If there is none of this name.
    """
    if isinstance(survey, Survey):
        return survey
    if survey not in SURVEYS:
        raise unknown_name("survey", survey, SURVEYS)
    return SURVEYS[survey]


def draw_epochs(survey: Survey, ra: ArrayLike, rng: Any = None) -> Epochs:
    """When a survey observes stars of right ascension `ra` (n,) in degrees.

    A star is looked at on clear nights without a bright moon, while it is up at night, near the meridian: so it has a
    season each year, times cluster at one sidereal day, and periods near a day and a month have aliases.

    Raises
    ------
    InputError
        If the survey observes on fewer than one night.

    Examples
    --------
    >>> epochs = draw_epochs(SURVEYS["catalina"], [0.0, 180.0], rng=0)
    >>> epochs.owner[[0, -1]].tolist()
    [0, 1]
    """
    if not (survey.nights >= 1 and survey.n_nights >= 1 and survey.exposures >= 1):
        raise InputError(
            f"the survey {survey.name!r} has {survey.nights} nights of {survey.n_nights} with {survey.exposures} "
            "exposures; each is at least 1."
        )
    generator = np.random.default_rng(rng)
    night = survey.first_night + np.arange(survey.n_nights)
    full_moon = np.abs((night - _NEW_MOON_MJD) / _MONTH_DAYS % 1 - 0.5) * _MONTH_DAYS
    night = night[(generator.random(len(night)) < survey.clear) & (full_moon >= survey.moonless)]
    positions = np.atleast_1d(np.asarray(ra, dtype=float))
    parts = [
        _chunk(survey, night, positions[first : first + _CHUNK], first, generator)
        for first in range(0, len(positions), _CHUNK)
    ]
    if not parts:
        return Epochs(np.empty(0), np.empty(0, np.intp), np.empty(0, np.int16))
    return Epochs(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def _chunk(survey: Survey, night: Array, ra: Array, first: int, rng: np.random.Generator) -> Epochs:
    # Days between local midnight and culmination, -0.5 to 0.5.
    culmination = _SIDEREAL_DAY * (
        ((ra[:, None] - _MIDNIGHT_RA - _RA_A_NIGHT * (night - 51544.5)) / 360 + 0.5) % 1 - 0.5
    )
    up = np.abs(culmination) < _HALF_NIGHT + _HIGHEST_OFFSET
    # No field is looked at much more often than the others: a survey shares its nights out.
    wanted = survey.nights * np.exp(survey.scatter * np.minimum(rng.standard_normal(len(ra)), 1.5))
    chance = np.minimum(wanted / np.maximum(up.sum(axis=1), 1), 1.0)
    seen = up & (rng.random(up.shape, dtype=np.float32) < chance[:, None])
    star, which = np.nonzero(seen)
    hour = culmination[star, which] + 0.06 * rng.standard_normal(len(star))
    begin = night[which] + survey.midnight + np.clip(hour, -_HALF_NIGHT, _HALF_NIGHT)
    steps = np.arange(survey.exposures)
    gap = survey.gap * rng.uniform(0.8, 1.2, len(star))
    time = (begin[:, None] + gap[:, None] * steps).ravel()
    band = (steps + rng.integers(len(survey.bands), size=(len(star), 1))) % len(survey.bands)
    return Epochs(time, np.repeat(star + first, survey.exposures), band.ravel().astype(np.int16))
