"""find_periods: the most probable periods of many light curves, with their chance in noise and their aliases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from checkstar.data.light_curves import LightCurves
from checkstar.errors import InputError
from checkstar.variability.aliases import alias_note, cycle_note
from checkstar.variability.candidates import Candidates, Epochs, highest_peaks, refined, scored
from checkstar.variability.cycles import full_cycle
from checkstar.variability.false_alarms import effective_span, false_alarm
from checkstar.variability.harmonics import inverse_variance
from checkstar.variability.periodograms import lomb_scargle

__all__ = ["Periods", "find_periods"]

Array = NDArray[np.float64]
_FEWEST_EPOCHS = 5
# Light curves are grouped by span, rounded up to a ladder of 7 %, so that those of a group share one grid.
_RUNG = 1.07
_MOST_FREQUENCIES = 1_500_000
# Frequencies of all objects of a chunk, whose transforms stand in memory together: 24 bytes each, and 10 for the cells.
_CHUNK = 1_200_000
# Peaks taken from the sums of the powers of 1, 2, ... harmonics, and candidates that are then refined.
_PEAKS = {1: 12, 2: 12, 4: 8}
_REFINED = 6
# Settings of the score: chosen on a random half of the Catalina South stars (benchmarks/periods.py prints the other).
_PENALTY = 1.5
_SLOW = 0.05


class Periods(NamedTuple):
    """The most probable periods of n objects, best first; NaN and a false alarm of 1 where there is none.

    Attributes
    ----------
    period : (n, n_best) array
        Days.
    power : (n, n_best) array
        Share of chi^2 that the Fourier series of that period explains.
    false_alarm : (n, n_best) array
        Upper limit of the probability that white noise would give such a power at any frequency searched.
    n_harmonics : (n, n_best) array of int
        Harmonics of the series; 0 where there is no period.
    alias_of : (n, n_best) array of str
        How the period follows from the first one through the sampling or as a multiple, "differs by 1 day" or "half the period";
        of the first, the cycle of observation that it is itself. Empty where it is none of them.
    """

    period: Array
    power: Array
    false_alarm: Array
    n_harmonics: NDArray[np.int64]
    alias_of: NDArray[np.str_]


def find_periods(
    curves: LightCurves,
    *,
    n_best: int = 3,
    n_harmonics: int | tuple[int, ...] = (1, 2, 4, 6),
    min_period: float = 0.05,
    max_period: float | None = None,
    oversampling: float = 2.5,
    multiples: bool = True,
    progress: Callable[[int, int], None] | None = None,
) -> Periods:
    """The `n_best` most probable periods of each light curve.

    A Lomb-Scargle periodogram, with the mean of each band floating and the errors as weights, on a grid fine
    enough for the whole span. Its peaks, and those of the sums of its powers at f, 2f, ..., are candidates; exact fits of Fourier
    series at the candidates rank them by BIC. Of the best, the cycle is then told from half of it: eclipsing binaries have two
    minima in a cycle, and the strongest sinusoid is that of half the period (`checkstar.variability.cycles`).
    No random numbers: the same light curve gives the same answer, alone or in a batch.

    Parameters
    ----------
    curves : LightCurves
        In any number of bands: the period is shared, each band has a mean of its own.
    n_best : int
        Candidates kept of each.
    n_harmonics : int or tuple of int
        Numbers of harmonics that are tried.
    min_period, max_period : float
        Days; the longest is the span of the light curve by default.
    oversampling : float
        Points of the grid in one over the span.
    multiples : bool
        Whether to tell the cycle from half of it; otherwise the period is that of the best score.
    progress : callable, optional
        Called with the number of objects done and their total.

    Raises
    ------
    InputError
        If the range of periods is empty or a number is not positive.

    References
    ----------
    Zechmeister & Kuerster 2009, A&A 496, 577; VanderPlas & Ivezic 2015, ApJ 812, 18; Baluev 2008, MNRAS 385, 1279.

    Examples
    --------
    >>> t = np.random.default_rng(0).uniform(0, 300, 100)
    >>> curves = LightCurves.from_lists([t], [15 + 0.2 * np.sin(2 * np.pi * t / 0.7)], [np.full(100, 0.02)])
    >>> find_periods(curves, n_best=1).period.round(6).tolist()
    [[0.7]]
    """
    tried = (n_harmonics,) if isinstance(n_harmonics, int) else tuple(sorted(n_harmonics))
    _check(n_best, tried, min_period, max_period, oversampling)
    n = len(curves)
    answer = Periods(
        np.full((n, n_best), np.nan),
        np.zeros((n, n_best)),
        np.ones((n, n_best)),
        np.zeros((n, n_best), np.int64),
        np.full((n, n_best), "", dtype="<U40"),
    )
    search = _Search(tried, 1 / min_period, max_period, multiples, max(_REFINED, n_best + 1))
    done = 0
    for rows, step in _chunks(curves, oversampling, search.fastest):
        for row, epochs, power in _periodograms(curves, rows, step, search.fastest):
            _write(answer, row, epochs, search.candidates(epochs, power, step), search)
        done += len(rows)
        if progress is not None:
            progress(done, n)
    return answer


class _Search(NamedTuple):
    tried: tuple[int, ...]
    fastest: float
    max_period: float | None
    multiples: bool
    n_refined: int

    def candidates(self, epochs: Epochs, power: NDArray[np.float32], step: float) -> Candidates | None:
        """Candidates of one light curve, best first."""
        slowest = 1 / min(self.max_period or np.inf, epochs.span)
        frequency = _unique(_peaks(power, self.tried) * step, 0.4 / epochs.span)
        frequency = frequency[(frequency >= slowest) & (frequency <= self.fastest)]
        if not len(frequency):
            return None
        rough = scored(epochs, frequency, self.tried, _PENALTY, _SLOW).best_first().first(self.n_refined)
        better = refined(epochs, rough.frequency, rough.n_harmonics).clip(slowest, self.fastest)
        found = scored(epochs, better, self.tried, _PENALTY, _SLOW).best_first()
        return full_cycle(epochs, found, self.tried, _PENALTY, _SLOW, slowest) if self.multiples else found


def _periodograms(
    curves: LightCurves, rows: NDArray[np.intp], step: float, fastest: float
) -> Iterator[tuple[int, Epochs, NDArray[np.float32]]]:
    """Row, epochs and periodogram of the objects that vary, of a few that share a grid."""
    if not np.isfinite(step):
        return
    part = curves[rows]
    powers = lomb_scargle(part, step, int(np.ceil(fastest / step)))
    weights = np.split(inverse_variance(part), part.offsets[1:-1])
    for row, curve, weight, power in zip(rows, part, weights, powers, strict=True):
        if not weight.any():
            continue
        value = curve.value if curves.is_magnitude else _as_magnitudes(curve.value)
        epochs = Epochs.of(curve.time, value, weight, curve.band, len(curves.bands))
        if epochs.scatter > 0:
            yield int(row), epochs, power


def _write(answer: Periods, row: int, epochs: Epochs, found: Candidates | None, search: _Search) -> None:
    if found is None:
        return
    resolution = 1 / epochs.span
    found = found.at(_distinct(found.frequency, 0.5 * resolution, answer.period.shape[1]))
    span = effective_span(epochs.time, epochs.moments[:, :-1].real.sum(axis=1))
    chance = false_alarm(found.power, epochs.n_free, search.fastest * span, found.n_harmonics)
    first, *others = found.frequency.tolist()
    part = slice(len(found.frequency))
    answer.period[row, part] = 1 / found.frequency
    answer.power[row, part] = found.power
    # The number of harmonics was chosen among several, each with a chance of its own.
    answer.false_alarm[row, part] = np.minimum(chance * len(search.tried), 1.0)
    answer.n_harmonics[row, part] = found.n_harmonics
    answer.alias_of[row, part] = [cycle_note(first, resolution), *(alias_note(f, first, resolution) for f in others)]


def _as_magnitudes(flux: Array) -> Array:
    """Small differences of magnitude for those of flux: only their sign and rough size matter."""
    level = abs(float(np.nanmean(flux)))
    return -2.5 / np.log(10) * flux / (level or 1.0)


def _peaks(power: NDArray[np.float32], tried: tuple[int, ...]) -> Array:
    """Places on the grid, counted from frequency zero, of the peaks of the powers summed over harmonics."""
    places = []
    for k, n_peaks in _PEAKS.items():
        if k == 1 or k <= max(tried):
            places.append((1 + highest_peaks(_summed(power, k), n_peaks)) / k)
    return np.concatenate(places)


def _summed(power: NDArray[np.float32], k: int) -> NDArray[np.float32]:
    """Powers of harmonics 1 to k added up, at the frequencies (1, 2, ...) / k of the grid.

    The grid is that of the highest harmonic: on a coarser one its peak would fall between the points. The lower ones
    are taken at the nearest point.
    """
    n = len(power) // k
    total = power[: n * k].reshape(n, k).copy()
    for m in range(1, k):
        for rest in range(k):
            nearest = max((2 * (rest + 1) * m + k) // (2 * k), 1) - 1
            total[:, rest] += power[nearest::m][:n]
    return total.ravel()


def _unique(frequency: Array, apart: float) -> Array:
    ordered = np.sort(frequency)
    return ordered[np.diff(ordered, prepend=-np.inf) > apart]


def _distinct(frequency: Array, apart: float, most: int) -> list[int]:
    """Positions of the first `most` frequencies that differ from those before."""
    kept: list[int] = []
    for i, f in enumerate(frequency):
        if len(kept) < most and (np.abs(f - frequency[kept]) > apart).all():
            kept.append(i)
    return kept


def _chunks(curves: LightCurves, oversampling: float, fastest: float) -> Iterator[tuple[NDArray[np.intp], float]]:
    """Rows with the spacing of the grid that they share; infinite for those that have too few epochs to search."""
    used = np.isfinite(curves.time) & np.isfinite(curves.value)
    rung = np.full(len(curves), np.inf)
    for i, (first, last) in enumerate(zip(curves.offsets[:-1], curves.offsets[1:], strict=True)):
        time = curves.time[first:last][used[first:last]]
        if len(time) >= _FEWEST_EPOCHS and np.ptp(time) > 0:
            rung[i] = np.ceil(np.log(np.ptp(time)) / np.log(_RUNG))
    for value in np.unique(rung):
        members = np.flatnonzero(rung == value)
        step = max(1 / (oversampling * _RUNG**value), fastest / _MOST_FREQUENCIES) if np.isfinite(value) else np.inf
        size = int(np.clip(_CHUNK * step / fastest, 1, 64))
        for start in range(0, len(members), size):
            yield members[start : start + size], step


def _check(n_best: int, tried: tuple[int, ...], shortest: float, longest: float | None, oversampling: float) -> None:
    if n_best < 1 or not tried or min(tried) < 1:
        raise InputError(f"{n_best} periods with {tried} harmonics were asked for; both are at least one.")
    if not (shortest > 0 and (longest is None or longest > shortest) and oversampling > 0):
        raise InputError(
            f"periods from {shortest} to {longest} days at {oversampling} points a peak were asked for; "
            "give 0 < min_period < max_period and a positive oversampling."
        )
