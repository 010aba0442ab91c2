"""Redshifts of galaxies from broad-band photometry: SDSS main galaxies, BOSS galaxies, or galaxies of a simulator."""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from checkstar.claims import Claim
from checkstar.data import sources
from checkstar.data.dataset import Dataset
from checkstar.data.photometry import colour_covariance, colour_jacobian
from checkstar.errors import InputError
from checkstar.methods.sed_fit import SedFit
from checkstar.noise import Covariance
from checkstar.nuisances import Nuisance, background
from checkstar.problems.base import Metric, Problem
from checkstar.scope import Scope
from checkstar.simulators.galaxies import simulate_galaxies

__all__ = ["redshifts"]

_BANDS = {"simulated": "ugriz", "sdss": "ugriz", "boss": "griz"}
#: Calibration of the survey in mag (Padmanabhan et al. 2008, ApJ 674, 1217).
_CALIBRATION_MAG = {"u": 0.02, "g": 0.01, "r": 0.01, "i": 0.01, "z": 0.01}
#: Below it are stars whose redshift is a velocity.
_LOWEST_Z = 0.01
#: Hildebrandt et al. 2010, A&A 523, A31: what counts as an outlier.
_OUTLIER = 0.15


def redshifts(
    survey: Literal["simulated", "sdss", "boss"] = "simulated",
    *,
    fraction: float = 0.3,
    n_simulated: int = 3000,
    seed: int = 0,
) -> Problem:
    """Redshifts from magnitudes and the colours between neighbouring bands, with the covariance that they share.

    Parameters
    ----------
    survey : {"simulated", "sdss", "boss"}
        "simulated": galaxies drawn from the embedded templates with the magnitude limit and the errors of SDSS; the only one
        that needs no download. "sdss": 5000 real main galaxies. "boss": fainter and farther, those of the first sample
        that are detected in griz; the scope declares the other two as where it will be used (another choice of colours)
        and as another survey.
    fraction : float
        Share of test galaxies, drawn at random.
    n_simulated : int
        Number of simulated galaxies, at least 200.
    seed : int
        Seed of the split and of the simulation.

    Returns
    -------
    Problem
        Its reference is `SedFit`, the domain's own way: chi^2 against templates, under a prior of magnitude.

    Raises
    ------
    InputError
        If there is no such survey, or its file cannot be had.
    """
    if survey not in _BANDS:
        raise InputError(f"survey is {survey!r}; choose 'simulated', 'sdss' or 'boss'.")
    bands = tuple(_BANDS[survey])
    data = _simulated(n_simulated, seed) if survey == "simulated" else _observed(survey)
    train, test = data.split(fraction, seed)
    return Problem(
        name="redshifts",
        question="Redshifts of galaxies from broad-band magnitudes and colours",
        train=train,
        test=test,
        reference=SedFit(bands=bands, prior_band="r"),
        metrics={"z_spec": METRICS},
        claims=(
            Claim("object_value", tolerance=0.05, label="z_spec"),
            Claim("population_mean", n_objects=500, tolerance=0.002, label="z_spec"),
            Claim("object_interval", label="z_spec"),
        ),
        citation=data.citation,
        scope=_scope(survey, bands),
    )


def _scope(survey: str, bands: tuple[str, ...]) -> Scope:
    if survey != "boss":
        return Scope(nuisances=_zero_points(bands))
    return Scope(nuisances=_zero_points(bands), target=_boss("colorCuts"), suites={"BOSS, 1": _boss("1")})


def _simulated(n: int, seed: int) -> Dataset:
    from checkstar.data.embedded import sed_provenance

    if n < 200:
        raise InputError(f"n_simulated is {n}; at least 200 galaxies are needed.")
    drawn = simulate_galaxies(n, seed)
    return _with_colours(
        tuple(_BANDS["simulated"]),
        drawn.magnitudes,
        drawn.sigma,
        drawn.z,
        "simulated galaxies",
        "; ".join(sed_provenance()["citations"]),
    )


def _observed(survey: str) -> Dataset:
    return sources.sdss_galaxies() if survey == "sdss" else _boss("0")


def _boss(part: Literal["0", "1", "colorCuts"]) -> Dataset:
    """Galaxies of a BOSS sample that are detected in griz, with colours; most are not detected in u."""
    data = sources.boss_galaxies(part)
    assert data.x is not None
    assert data.y is not None
    assert data.noise is not None
    sigma = data.noise.sigma(data.x)[:, 1:]
    kept = np.isfinite(sigma).all(axis=1) & (data.y[:, 0] > _LOWEST_Z)
    bands = tuple(_BANDS["boss"])
    return _with_colours(bands, data.x[kept, 1:], sigma[kept], data.y[kept, 0], data.name, data.citation)


def _with_colours(
    bands: tuple[str, ...],
    magnitudes: NDArray[np.float64],
    sigma: NDArray[np.float64],
    z: NDArray[np.float64],
    name: str,
    citation: str,
) -> Dataset:
    features = bands + tuple(f"{blue}-{red}" for blue, red in pairwise(bands))
    return Dataset(
        x=magnitudes @ colour_jacobian(len(bands)).T,
        y=z,
        noise=Covariance(colour_covariance(sigma)),
        features=features,
        labels=["z_spec"],
        units=dict.fromkeys(features, "mag"),
        name=name,
        citation=citation,
    )


def _zero_points(bands: tuple[str, ...]) -> tuple[Nuisance, ...]:
    """An offset of each band, which moves its colours too."""
    steps = colour_jacobian(len(bands)).T
    return tuple(
        background(_CALIBRATION_MAG[band] * step, name=f"zero point of {band}")
        for band, step in zip(bands, steps, strict=True)
    )


def _relative(truth: NDArray[np.float64], predicted: NDArray[np.float64]) -> NDArray[np.float64]:
    return (predicted - truth) / (1 + truth)


def _bias(truth: NDArray[np.float64], predicted: NDArray[np.float64]) -> float:
    return abs(float(np.mean(_relative(truth, predicted))))


def _median_bias(truth: NDArray[np.float64], predicted: NDArray[np.float64]) -> float:
    return abs(float(np.median(_relative(truth, predicted))))


def _nmad(truth: NDArray[np.float64], predicted: NDArray[np.float64]) -> float:
    error = _relative(truth, predicted)
    return float(1.4826 * np.median(np.abs(error - np.median(error))))


def _clipped_sigma(truth: NDArray[np.float64], predicted: NDArray[np.float64]) -> float:
    error = _relative(truth, predicted)
    inside = error[np.abs(error) <= _OUTLIER]
    return float(inside.std()) if inside.size else float("nan")


def _outliers(truth: NDArray[np.float64], predicted: NDArray[np.float64]) -> float:
    return float(np.mean(np.abs(_relative(truth, predicted)) > _OUTLIER))


_PHAT = "Hildebrandt et al. 2010, A&A 523, A31 (PHAT), dz = (z_phot - z_spec) / (1 + z_spec)"
#: What the field reports of point estimates; of densities, `checkstar.statistics.cde_loss` beside their coverage.
METRICS = (
    Metric(name="bias", function=_bias, direction="lower", unit="", source=f"mean dz, in absolute value; {_PHAT}"),
    Metric(
        name="median_bias",
        function=_median_bias,
        direction="lower",
        unit="",
        source=f"median dz, in absolute value; {_PHAT}",
    ),
    Metric(
        name="nmad",
        function=_nmad,
        direction="lower",
        unit="",
        source="1.4826 MAD of dz; Ilbert et al. 2006, A&A 457, 841",
    ),
    Metric(
        name="sigma",
        function=_clipped_sigma,
        direction="lower",
        unit="",
        source=f"standard deviation of dz where |dz| <= 0.15; {_PHAT}",
    ),
    Metric(name="outliers", function=_outliers, direction="lower", unit="", source=f"share with |dz| > 0.15; {_PHAT}"),
)
