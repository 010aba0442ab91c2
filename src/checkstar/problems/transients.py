"""Supernovae from their light curves: classes of simulated ones in six bands, redshifts of real ones of type Ia."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from checkstar.claims import Claim
from checkstar.data.curve_layout import CurveLayout, curve_dataset
from checkstar.data.dataset import Dataset
from checkstar.errors import InputError
from checkstar.methods.light_curves.event_templates import EventTemplates
from checkstar.methods.light_curves.hubble_diagram import HubbleDiagram
from checkstar.nuisances import Nuisance, background, zero_point
from checkstar.problems.base import Metric, Problem
from checkstar.problems.class_scores import CLASS_METRICS
from checkstar.problems.stratified import stratified_split
from checkstar.scope import Scope
from checkstar.simulators.supernovae import simulate_supernovae
from checkstar.symmetries import TimeShift
from checkstar.variability.cleaning import clean
from checkstar.variability.nuisances import dropped_epochs

__all__ = ["supernovae"]

_FEWEST_EVENTS = 100
_FEWEST_EPOCHS = 5
_LARGEST_SHIFT_DAYS = 300.0
#: Uncertainty of the zero points, relative in flux (Ivezic et al. 2019, ApJ 873, 111) and in mag (Masci et al. 2019, PASP 131,
#: 018003).
_ZERO_POINT_FLUX, _ZERO_POINT_MAG = 0.01, 0.02
_LOST_EPOCHS = 0.2


def supernovae(
    source: Literal["simulated", "ztf"] = "simulated",
    *,
    fraction: float = 0.3,
    n_simulated: int = 2000,
    seed: int = 0,
) -> Problem:
    """Simulated explosions in six classes and six bands, or redshifts of real supernovae of type Ia.

    Parameters
    ----------
    source : {"simulated", "ztf"}
        "simulated": classes Ia, Ia-91bg, Ib/c, II, SLSN and TDE in ugrizY fluxes, with the redshift that the light of the host gives
        and its error as extras; needs no download. "ztf": the supernovae of type Ia of the Bright Transient Survey, nearly all of one
        class, so the label is the redshift, from g and r magnitudes; those with fewer than five epochs are left out.
    fraction : float
        Share of test events, of each class where there are classes.
    n_simulated : int
        Number of simulated events, at least 100.
    seed : int
        Seed of the split and of the simulation.

    Returns
    -------
    Problem
        Its reference is `EventTemplates` for classes, `HubbleDiagram` for redshifts.

    Raises
    ------
    InputError
        If there is no such source, or its file cannot be had.
    """
    if source not in ("simulated", "ztf"):
        raise InputError(f"source is {source!r}; choose 'simulated' or 'ztf'.")
    return _simulated(fraction, n_simulated, seed) if source == "simulated" else _observed(fraction, seed)


def _simulated(fraction: float, n: int, seed: int) -> Problem:
    if n < _FEWEST_EVENTS:
        raise InputError(f"n_simulated is {n}; at least {_FEWEST_EVENTS} events are needed.")
    events = simulate_supernovae(n, seed)
    data = curve_dataset(
        events, "class", extras=("redshift", "redshift_err"), meta=("id", "ra", "dec", "true_redshift"), group="id"
    )
    train, test = stratified_split(data, fraction, seed)
    layout = CurveLayout.of(data.features)
    step = np.zeros(layout.n_features)
    step[list(layout.value_columns)] = _ZERO_POINT_FLUX
    return Problem(
        name="supernovae",
        question="Classes of supernovae from light curves in six bands (simulated)",
        train=train,
        test=test,
        reference=EventTemplates(),
        metrics={"class": CLASS_METRICS},
        claims=(Claim("classification", label="class"), Claim("ranking", label="class")),
        citation=data.citation,
        scope=_scope(layout, zero_point(step)),
        notes=(
            "Training and test events are alike; spectroscopic training samples are brighter than what is classified.",
        ),
    )


def _observed(fraction: float, seed: int) -> Problem:
    data = _of_ztf()
    train, test = data.split(fraction, seed)
    layout = CurveLayout.of(data.features)
    step = np.zeros(layout.n_features)
    step[list(layout.value_columns)] = _ZERO_POINT_MAG
    return Problem(
        name="supernovae",
        question="Redshifts of type Ia supernovae from g and r light curves (ZTF)",
        train=train,
        test=test,
        reference=HubbleDiagram(),
        metrics={"redshift": REDSHIFT_METRICS},
        claims=(
            Claim("object_value", tolerance=0.02, label="redshift"),
            Claim("object_interval", label="redshift"),
        ),
        citation=data.citation,
        scope=_scope(layout, background(step, name="zero point")),
        notes=("Events were found by their brightness, so farther ones are the brighter of their kind.",),
    )


def _of_ztf() -> Dataset:
    from checkstar.data.curve_sources import ztf_supernovae

    cleaned = clean(ztf_supernovae())
    meta = cleaned.curves.meta
    kept = (cleaned.curves.n_epochs >= _FEWEST_EPOCHS) & (meta["redshift"].to_numpy() > 0)
    # What the survey says of maximum light and the class stays out: it comes from fits that knew the redshift.
    return curve_dataset(cleaned.curves[kept], "redshift", meta=("id", "a_v"), group="id")


def _scope(layout: CurveLayout, offset: Nuisance) -> Scope:
    return Scope(
        symmetries=(TimeShift(columns=tuple(layout.time_columns), largest=_LARGEST_SHIFT_DAYS),),
        nuisances=(offset, dropped_epochs(layout.features, _LOST_EPOCHS)),
    )


def _relative(truth: NDArray[np.float64], predicted: NDArray[np.float64]) -> NDArray[np.float64]:
    return (predicted - truth) / (1 + truth)


def _bias(truth: NDArray[np.float64], predicted: NDArray[np.float64]) -> float:
    return abs(float(np.median(_relative(truth, predicted))))


def _nmad(truth: NDArray[np.float64], predicted: NDArray[np.float64]) -> float:
    error = _relative(truth, predicted)
    return float(1.4826 * np.median(np.abs(error - np.median(error))))


REDSHIFT_METRICS = (
    Metric(
        name="median_bias",
        function=_bias,
        direction="lower",
        unit="",
        source="median dz, in absolute value; Hildebrandt et al. 2010, A&A 523, A31, dz = (z_phot - z_spec) / (1 + z_spec)",
    ),
    Metric(
        name="nmad",
        function=_nmad,
        direction="lower",
        unit="",
        source="1.4826 MAD of dz; Ilbert et al. 2006, A&A 457, 841",
    ),
)
