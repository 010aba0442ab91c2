"""Variable stars as surveys see them: light curves with known class, period and noise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from checkstar.data.light_curves import LightCurves
from checkstar.errors import InputError
from checkstar.simulators.cadences import Epochs, Survey, draw_epochs, survey_named
from checkstar.simulators.shares import class_shares
from checkstar.simulators.star_classes import SHARES, STAR_CLASSES, Behaviour

__all__ = ["SimulatedStars", "draw_variable_stars", "simulate_variable_stars"]

Array = NDArray[np.float64]

#: A star enters a catalogue of variables where its range is at least so many errors: fainter ones stay unknown.
_RECOGNISED = 3.0
#: Star counts grow by this power of ten a magnitude.
_COUNTS_SLOPE = 0.15
_OUTLIER_MAG = 0.5


class SimulatedStars(NamedTuple):
    """Light curves, and at each of their epochs (N,) the magnitude without noise, and whether it is an outlier."""

    curves: LightCurves
    true_value: Array
    is_outlier: NDArray[np.bool_]


def simulate_variable_stars(
    n: int,
    rng: Any = None,
    *,
    survey: str | Survey = "catalina",
    classes: Sequence[str] | Mapping[str, float] | None = None,
) -> LightCurves:
    """Light curves of `n` stars of a survey, with their true classes and periods.

    Pulsators follow Fourier series whose parameters depend on period; binaries are two spheres; red giants, spots and
    what is not periodic change irregularly. Classes overlap as they do on the sky: no method can be right of all.

    Parameters
    ----------
    n : int
        Number of stars.
    rng : seed or Generator
        What `numpy.random.default_rng` takes.
    survey : {"catalina", "asas", "ztf"} or Survey
        Cadence, noise and limits (`checkstar.simulators.cadences`). Epochs beyond the limits are not there.
    classes : sequence of str, or mapping of str to float, optional
        Classes in equal shares, or with a share each; by default the eleven of `SHARES`. "microlensing" is there too, for what is
        new.

    Returns
    -------
    LightCurves
        In magnitudes, with the metadata id, class, period (days; NaN for what is not periodic), mean_mag, amplitude
        (range of the magnitudes without noise at the epochs, first band), ra and dec (degrees).

    Raises
    ------
    InputError
        If there is no such survey or class, `n` is not positive, or shares are not.

    Examples
    --------
    >>> stars = simulate_variable_stars(50, rng=0, classes=["RRab", "Mira"])
    >>> len(stars), sorted(set(stars.meta["class"]))
    (50, ['Mira', 'RRab'])
    """
    return draw_variable_stars(n, rng, survey=survey, classes=classes).curves


def draw_variable_stars(
    n: int,
    rng: Any = None,
    *,
    survey: str | Survey = "catalina",
    classes: Sequence[str] | Mapping[str, float] | None = None,
) -> SimulatedStars:
    """The same as `simulate_variable_stars`, with what is known of every epoch."""
    if n < 1:
        raise InputError(f"n is {n}; simulate at least one star.")
    shares = class_shares(classes, SHARES, STAR_CLASSES)
    observed_by = survey_named(survey)
    generator = np.random.default_rng(rng)
    label = np.asarray(list(shares))[generator.choice(len(shares), size=n, p=list(shares.values()))]
    ra = generator.uniform(0, 360, n)
    south, north = np.sin(np.radians(observed_by.declination))
    dec = np.degrees(np.arcsin(generator.uniform(south, north, n)))
    epochs = draw_epochs(observed_by, ra, generator)
    signal = _signals(label, epochs, observed_by, generator)
    span = _range(signal.change, epochs.owner, n)
    mean = _mean_magnitudes(span, observed_by, generator)
    meta = {
        "id": [f"{observed_by.name}-{i:06d}" for i in range(n)],
        "class": label,
        "period": signal.period,
        "mean_mag": mean,
        "amplitude": span,
        "ra": ra,
        "dec": dec,
    }
    return _measured(mean[epochs.owner] + signal.change + signal.colour, epochs, meta, observed_by, generator)


class _Signals(NamedTuple):
    """Changes and colour terms (N,) at the epochs, and periods (n,)."""

    change: Array
    colour: Array
    period: Array


def _signals(label: NDArray[np.str_], epochs: Epochs, survey: Survey, rng: np.random.Generator) -> _Signals:
    n = len(label)
    found = _Signals(np.zeros(len(epochs.time)), np.zeros(len(epochs.time)), np.full(n, np.nan))
    for name in dict.fromkeys(label[np.argsort(label, kind="stable")]):
        behaviours = STAR_CLASSES[str(name)]
        stars = np.flatnonzero(label == name)
        which = rng.choice(len(behaviours), size=len(stars), p=[b.share for b in behaviours])
        for k, behaviour in enumerate(behaviours):
            _add(found, stars[which == k], behaviour, epochs, survey, rng)
    return found


def _add(
    found: _Signals, stars: NDArray[np.intp], behaviour: Behaviour, epochs: Epochs, survey: Survey, rng: Any
) -> None:
    place = np.full(len(found.period), -1)
    place[stars] = np.arange(len(stars))
    at = np.flatnonzero(place[epochs.owner] >= 0)
    owner = place[epochs.owner[at]]
    drawn = behaviour.draw(epochs.time[at], owner, len(stars), rng)
    found.period[stars] = drawn.period
    # From the bluest band to the reddest, ranges shrink and stars brighten evenly about those in V.
    redness = 2 * epochs.band[at] / max(len(survey.bands) - 1, 1) - 1 if len(survey.bands) > 1 else np.zeros(len(at))
    found.change[at] = drawn.change * behaviour.range_ratio ** (-0.5 * redness)
    colour = behaviour.colour + 0.15 * rng.standard_normal(len(stars))
    found.colour[at] = -0.5 * colour[owner] * redness


def _range(change: Array, owner: NDArray[np.intp], n: int) -> Array:
    """Largest less smallest change (n,) of each star; 0 for one without epochs."""
    seen, first = np.unique(owner, return_index=True)
    span = np.zeros(n)
    if len(seen):
        span[seen] = np.maximum.reduceat(change, first) - np.minimum.reduceat(change, first)
    return span


def _mean_magnitudes(span: Array, survey: Survey, rng: np.random.Generator) -> Array:
    """Mean magnitudes (n,), exponential up to where a star of this range would be recognised; constants up to the limit."""
    grid = np.linspace(survey.bright, survey.faint, 200)
    faintest = np.interp(span / _RECOGNISED, survey.sigma(grid), grid)
    faintest = np.where(span == 0, survey.faint, np.maximum(faintest, survey.bright + 1.0))
    slope = _COUNTS_SLOPE * np.log(10)
    low, high = np.exp(slope * (survey.bright + 0.3 - faintest)), 1.0
    return np.asarray(faintest + np.log(rng.uniform(low, high)) / slope)


def _measured(
    true_value: Array, epochs: Epochs, meta: dict[str, Any], survey: Survey, rng: np.random.Generator
) -> SimulatedStars:
    import pandas as pd

    size = len(true_value)
    error = survey.sigma(true_value, np.exp(survey.conditions * rng.standard_normal(size)))
    value = true_value + error * rng.standard_normal(size)
    is_outlier = rng.random(size) < survey.outliers
    value += is_outlier * rng.exponential(_OUTLIER_MAG, size) * rng.choice([-1.0, 1.0], size)
    kept = (true_value > survey.bright - 1.0) & (true_value < survey.faint + 0.5)
    n = len(meta["id"])
    curves = LightCurves(
        time=epochs.time[kept],
        value=value[kept],
        error=error[kept],
        offsets=np.concatenate([[0], np.cumsum(np.bincount(epochs.owner[kept], minlength=n))]),
        band=epochs.band[kept],
        bands=survey.bands,
        meta=pd.DataFrame(meta),
        name=f"simulated variable stars ({survey.name})",
        citation="simulated; Fourier parameters after Drake et al. 2017, MNRAS 469, 3688 and Richards et al. 2012, "
        "ApJS 203, 32",
    )
    return SimulatedStars(curves, true_value[kept], is_outlier[kept])
