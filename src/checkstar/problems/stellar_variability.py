"""Classes of variable stars from their light curves: Catalina South, ASAS, or stars of a simulator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from checkstar.claims import Claim
from checkstar.data.curve_layout import CurveLayout, curve_dataset
from checkstar.data.dataset import Dataset
from checkstar.data.light_curves import LightCurves
from checkstar.errors import InputError, unknown_name
from checkstar.nuisances import Nuisance, background
from checkstar.problems.base import Problem
from checkstar.problems.class_scores import CLASS_METRICS
from checkstar.problems.found_periods import found_periods
from checkstar.problems.sky_groups import sky_groups
from checkstar.problems.star_names import common_class
from checkstar.problems.stratified import stratified_split
from checkstar.scope import Scope
from checkstar.simulators.star_classes import NOVEL
from checkstar.simulators.variable_stars import simulate_variable_stars
from checkstar.symmetries import TimeShift
from checkstar.variability.cleaning import clean
from checkstar.variability.nuisances import dropped_epochs, season_offsets

__all__ = ["variable_stars"]

SurveyName = Literal["simulated", "catalina", "asas"]
PeriodSource = Literal["catalogue", "found"]
Rare = Literal["drop", "merge"]

_FEWEST_STARS = 100
#: Zero points in mag: of a field of Catalina (Drake et al. 2009, ApJ 696, 870, section 2), of one of ASAS (Pojmanski 2002,
#: AcA 52, 397), and from year to year.
_ZERO_POINT_MAG = {"simulated": 0.05, "catalina": 0.05, "asas": 0.02}
_YEARLY_MAG = 0.02
#: A shorter survey, more clouds.
_LOST_EPOCHS = 0.2
_LARGEST_SHIFT_DAYS = 300.0
#: Catalina lists some stars twice, and neighbours of a bright variable with its period, up to so far away.
_BLEND_ARCSEC = 120.0
_MERGED = "rare"
_MOST_OF_A_SUITE = 2000


def variable_stars(
    survey: SurveyName = "simulated",
    *,
    period: PeriodSource | None = None,
    classes: Literal["survey", "common"] = "survey",
    novel: Sequence[str] = (),
    fewest: int = 5,
    rare: Rare = "drop",
    fraction: float = 0.3,
    n_simulated: int = 2000,
    seed: int = 0,
) -> Problem:
    """Classes of variable stars from unevenly sampled light curves, split by star with every class on both sides.

    Parameters
    ----------
    survey : {"simulated", "catalina", "asas"}
        "simulated": eleven classes as Catalina would see them; the only one that needs no download, with the same stars
        in the cadence of ASAS as another survey, and microlensing events as what is new. "catalina": 8016 stars of the
        southern Catalina survey in 13 classes. "asas": 810 stars in 28 classes.
    period : {"catalogue", "found"}, optional
        Whether each star comes with a period, in the extra column ``period`` in days. "catalogue": that of the catalogue,
        which people chose with the class before their eyes, so that it tells the class in part. "found": that of our
        own search, which sees the light curve alone; done once and kept in the cache of the user. None: a method finds
        periods itself.
    classes : {"survey", "common"}
        The survey's own classes, or the eight that surveys share (`checkstar.problems.star_names`); then the other
        survey is declared as a suite of the scope, and kinds without a counterpart are left out.
    novel : sequence of str
        Classes that are left out of training and test, and declared as novelties.
    fewest : int
        Classes with fewer stars cannot be split and judged: see `rare`.
    rare : {"drop", "merge"}
        Whether their stars are left out, or are one class "rare". The notes of the problem say how many they are.
    fraction : float
        Share of test stars of each class.
    n_simulated : int
        Number of simulated stars, at least 100.
    seed : int
        Seed of the split and of the simulation.

    Returns
    -------
    Problem
        Its reference is `VariableStarCuts`, the domain's own way: cuts in period, amplitude and Fourier shape.

    Raises
    ------
    InputError
        If there is no such survey, period or class, or the survey's file cannot be had.

    Notes
    -----
    Mean magnitude and amplitude of the catalogues are never features: `vamp` was seen by those who chose the class, and the
    classes of a survey lie at different distances. The undocumented columns of the ASAS file are not read.
    """
    _check_choices(survey, period, classes, rare)
    chosen, notes = _choose(_named(_stars(survey, n_simulated, seed), classes), novel, fewest, rare)
    data = _dataset(_with_period(chosen.stars, period, survey, seed), period)
    layout = CurveLayout.of(data.features)
    train, test = stratified_split(data, fraction, seed)
    novelties = _novelties(chosen.novel, survey, period, layout, n_simulated, seed)
    suites = _suites(survey, classes, period, layout, n_simulated, seed, set(np.unique(train.y)))  # type: ignore[arg-type]
    from checkstar.methods.light_curves.cuts import VariableStarCuts

    return Problem(
        name="variable-stars",
        question=f"Classes of variable stars from light curves ({_SURVEYS[survey]}; {_PERIODS[period]})",
        train=train,
        test=test,
        reference=VariableStarCuts(),
        metrics={"class": CLASS_METRICS},
        claims=(
            Claim("classification", label="class"),
            Claim("ranking", label="class"),
            *((Claim("anomaly"),) if novelties is not None else ()),
        ),
        citation=data.citation,
        scope=Scope(
            suites=suites,
            novelties=novelties,
            symmetries=(TimeShift(columns=tuple(layout.time_columns), largest=_LARGEST_SHIFT_DAYS),),
            nuisances=_nuisances(layout, _ZERO_POINT_MAG[survey]),
        ),
        notes=(*notes, *_period_notes(survey, period)),
    )


_SURVEYS = {"simulated": "simulated", "catalina": "Catalina South", "asas": "ASAS"}
_PERIODS: dict[PeriodSource | None, str] = {
    None: "no periods given",
    "found": "periods found from the light curves",
    "catalogue": "with the period of the catalogue, which leaks the class",
}


class _Choice(NamedTuple):
    """Stars to learn from and to test, and stars of what is new."""

    stars: LightCurves
    novel: LightCurves


def _check_choices(survey: str, period: str | None, classes: str, rare: str) -> None:
    if survey not in _SURVEYS:
        raise InputError(f"survey is {survey!r}; choose 'simulated', 'catalina' or 'asas'.")
    if period not in _PERIODS:
        raise InputError(f"period is {period!r}; choose 'catalogue', 'found' or None.")
    if survey == "asas" and period == "catalogue":
        raise InputError("the file of ASAS has no periods; choose period='found' or None.")
    if classes not in ("survey", "common"):
        raise InputError(f"classes is {classes!r}; choose 'survey' or 'common'.")
    if rare not in get_args(Rare):
        raise InputError(f"rare is {rare!r}; choose 'drop' or 'merge'.")


def _stars(survey: SurveyName, n: int, seed: int) -> LightCurves:
    if survey != "simulated":
        return _observed(survey)
    if n < _FEWEST_STARS:
        raise InputError(f"n_simulated is {n}; at least {_FEWEST_STARS} stars are needed.")
    return simulate_variable_stars(n, seed)


def _observed(survey: SurveyName) -> LightCurves:
    """Stars of a survey, cleaned, without those of which too few epochs are left."""
    from checkstar.data.curve_sources import asas_variables, catalina_south

    cleaned = clean(catalina_south() if survey == "catalina" else asas_variables())
    return cleaned.curves[~cleaned.flags["too_few"].to_numpy()]


def _named(stars: LightCurves, classes: str) -> LightCurves:
    if classes == "survey":
        return stars
    names = stars.meta["class"].map(common_class)
    return stars.replace(meta=stars.meta.assign(**{"class": names}))[names.notna().to_numpy()]


def _choose(stars: LightCurves, novel: Sequence[str], fewest: int, rare: Rare) -> tuple[_Choice, tuple[str, ...]]:
    """Put aside what is new, then what is too rare, and say how much it is."""
    label = stars.meta["class"].to_numpy(dtype=str)
    wanted = [novel] if isinstance(novel, str) else list(novel)
    for name in wanted:
        if name not in label:
            raise unknown_name("class of stars", name, np.unique(label))
    is_new = np.isin(label, wanted)
    names, counts = np.unique(label[~is_new], return_counts=True)
    few = names[counts < fewest]
    is_rare = np.isin(label, few)
    notes: tuple[str, ...] = ()
    if len(few):
        done = "left out" if rare == "drop" else f"one class {_MERGED!r}"
        listed = ", ".join(f"{count} {name}" for name, count in zip(names, counts, strict=True) if count < fewest)
        notes = (f"{int(is_rare.sum())} stars of {len(few)} classes with fewer than {fewest} are {done}: {listed}.",)
    kept = stars[~is_new & ~is_rare] if rare == "drop" else stars[~is_new]
    if rare == "merge":
        meta = kept.meta.assign(**{"class": np.where(is_rare[~is_new], _MERGED, label[~is_new])})
        kept = kept.replace(meta=meta)
    return _Choice(kept, stars[is_new]), notes


def _with_period(stars: LightCurves, period: PeriodSource | None, survey: str, seed: int) -> LightCurves:
    """The extra ``period``, and the catalogue's own beside it in the metadata, to tell how often the found one is right."""
    meta = stars.meta.rename(columns={"period": "catalogue_period"})
    if period == "found":
        meta = meta.assign(period=found_periods(stars))
    elif period == "catalogue":
        known = meta["catalogue_period"].to_numpy(dtype=float)
        meta = meta.assign(period=_with_spurious(known, seed) if survey == "simulated" else known)
    return stars.replace(meta=meta)


def _with_spurious(period: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    """Periods (n,) where those of stars without one are what a search would find: without them, NaN would be a class."""
    rng = np.random.default_rng([seed, 1])
    anything = 10 ** rng.uniform(-0.7, 2.7, len(period))
    # The night, the month and the year make their own peaks, and fractions of them.
    alias = np.array([0.997, 29.5, 365.0])[rng.integers(3, size=len(period))] / rng.integers(1, 5, len(period))
    found = np.where(rng.random(len(period)) < 0.5, alias * (1 + 0.003 * rng.standard_normal(len(period))), anything)
    return np.where(np.isfinite(period), period, found)


def _dataset(stars: LightCurves, period: PeriodSource | None, room: int | None = None) -> Dataset:
    kept = [name for name in ("id", "ra", "dec", "catalogue_period") if name in stars.meta]
    extras = ("period",) if period is not None else ()
    return curve_dataset(stars, "class", extras=extras, n_epochs=room, meta=kept, group=_groups(stars))


def _groups(stars: LightCurves) -> NDArray[np.str_]:
    """The name of the star, or of the first one of those that are too close to be apart."""
    names = stars.meta["id"].to_numpy(dtype=str)
    if "ra" not in stars.meta:
        return names
    number = sky_groups(stars.meta["ra"], stars.meta["dec"], _BLEND_ARCSEC)
    return names[np.unique(number, return_index=True)[1]][number]


def _novelties(
    strange: LightCurves, survey: str, period: PeriodSource | None, layout: CurveLayout, n: int, seed: int
) -> Dataset | None:
    if not len(strange) and survey == "simulated":
        strange = simulate_variable_stars(max(60, n // 10), [seed, 2], classes=[NOVEL])
    if not len(strange):
        return None
    return _dataset(_with_period(strange, period, survey, seed), period, layout.n_epochs)


def _suites(
    survey: SurveyName,
    classes: str,
    period: PeriodSource | None,
    layout: CurveLayout,
    n: int,
    seed: int,
    learned: set[str],
) -> dict[str, Dataset]:
    """The other survey, with the classes that both have; none where classes go by other names there."""
    if survey == "simulated":
        name, other = "cadence of ASAS", simulate_variable_stars(max(_FEWEST_STARS, n // 4), [seed, 3], survey="asas")
    elif classes == "common":
        # The period of the catalogue is not known of ASAS, and one that was found is another quantity.
        name, other = ("Catalina South", _observed("catalina")) if survey == "asas" else ("ASAS", _observed("asas"))
        if period == "catalogue":
            return {}
    else:
        return {}
    other = _named(other, classes)
    shared = np.flatnonzero(other.meta["class"].isin(learned))
    other = other[np.sort(np.random.default_rng([seed, 4]).permutation(shared)[:_MOST_OF_A_SUITE])]
    return {name: _dataset(_with_period(other, period, survey, seed), period, layout.n_epochs)}


def _nuisances(layout: CurveLayout, zero_point: float) -> tuple[Nuisance, ...]:
    step = np.zeros(layout.n_features)
    step[list(layout.value_columns)] = zero_point
    return (
        background(step, name="zero point"),
        season_offsets(layout.features, _YEARLY_MAG),
        dropped_epochs(layout.features, _LOST_EPOCHS),
    )


def _period_notes(survey: str, period: PeriodSource | None) -> tuple[str, ...]:
    if period != "catalogue":
        return ()
    if survey == "simulated":
        return ("The period of the catalogue is the true one, so scores are above what a search would reach.",)
    return (
        "The period of the catalogue was chosen by people with the class before their eyes: scores with it are not those "
        "of new stars, for which compare period='found'.",
    )
