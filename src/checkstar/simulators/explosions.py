"""Explosions: classes of supernovae and their like, by luminosity, time scales and colour."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["EXPLOSIONS", "Explosion"]


@dataclass(frozen=True, kw_only=True)
class Explosion:
    """One class of explosions, in the rest frame. Pairs are a mean and the standard deviation from object to object.

    Parameters
    ----------
    share : float
        In a sample by default.
    peak : (float, float)
        Absolute V magnitude (AB) at maximum.
    rise, fall : (float, float)
        Time scales of the exponential rise and decline in days (Bazin et al. 2009, A&A 499, 653); scatter in dex.
    plateau : (float, float)
        Days of slow decline before the fall, by `slope` mag a day (Villar et al. 2019, ApJ 884, 83).
    hot, cool : (float, float), float
        Temperature at maximum and long after it, in 1000 K.
    cooling : float
        Days in which it cools.
    blanketing : float
        Magnitudes lost below 3500 Angstrom to metal lines, halfway at 3800.
    bump : float
        Height of the second maximum in the near infrared, 25 days after the first, relative to the first.
    """

    share: float
    peak: tuple[float, float]
    rise: tuple[float, float]
    fall: tuple[float, float]
    plateau: tuple[float, float] = (0.0, 0.0)
    slope: float = 0.0
    hot: tuple[float, float]
    cool: float
    cooling: float
    blanketing: float = 0.0
    bump: float = 0.0


#: Absolute magnitudes of Richardson et al. 2014, AJ 147, 118; Taubenberger 2017 (91bg), De Cia et al. 2018 (SLSN), van
#: Velzen et al. 2021 (TDE); time scales and colours within the ranges of Villar et al. 2019 and Kessler et al. 2019 (PLAsTiCC).
EXPLOSIONS = {
    "Ia": Explosion(
        share=0.42,
        peak=(-19.2, 0.35),
        rise=(3.6, 0.06),
        fall=(21.0, 0.08),
        hot=(11.0, 0.8),
        cool=5.2,
        cooling=14.0,
        blanketing=1.8,
        bump=0.25,
    ),
    "Ia-91bg": Explosion(
        share=0.08,
        peak=(-17.6, 0.5),
        rise=(3.2, 0.07),
        fall=(16.0, 0.08),
        hot=(7.5, 0.7),
        cool=4.6,
        cooling=9.0,
        blanketing=2.5,
    ),
    "Ib/c": Explosion(
        share=0.14,
        peak=(-17.6, 0.8),
        rise=(4.0, 0.12),
        fall=(22.0, 0.13),
        hot=(8.0, 1.2),
        cool=4.9,
        cooling=13.0,
        blanketing=1.5,
    ),
    "II": Explosion(
        share=0.26,
        peak=(-16.9, 1.0),
        rise=(2.6, 0.15),
        fall=(18.0, 0.15),
        plateau=(75.0, 28.0),
        slope=0.011,
        hot=(11.5, 1.8),
        cool=5.4,
        cooling=22.0,
        blanketing=0.9,
    ),
    "SLSN": Explosion(
        share=0.05,
        peak=(-21.2, 0.7),
        rise=(11.0, 0.15),
        fall=(45.0, 0.15),
        hot=(13.0, 2.0),
        cool=6.5,
        cooling=45.0,
        blanketing=0.7,
    ),
    "TDE": Explosion(
        share=0.05,
        peak=(-19.7, 0.8),
        rise=(8.0, 0.15),
        fall=(50.0, 0.18),
        hot=(20.0, 4.5),
        cool=19.0,
        cooling=100.0,
    ),
}
