"""What the order in time adds to the values of a light curve: smoothness, slopes, trends, time scales."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from checkstar.variability.distributions import ratio
from checkstar.variability.epochs import Epochs
from checkstar.variability.segments import Segments

__all__ = ["describe_sequence", "describe_time_scales", "random_walk_likelihood"]

Array = NDArray[np.float64]

#: Days: what varies within a night, from night to night, within a season, from season to season.
_LAGS = (0.2, 3.0, 30.0, 300.0)
_NEIGHBOURS = 8
_WALK_DAYS = 200.0


def describe_sequence(epochs: Epochs) -> dict[str, Array]:
    """Statistics (n,) of consecutive epochs and of the trend, as the light-curve package defines them.

    Slopes are in the unit of the values a day; they rise where the object fades.

    References
    ----------
    von Neumann 1941, Ann. Math. Stat. 12, 367; Kim et al. 2014, A&A 566, A43; Richards et al. 2011, ApJ 733, 10.
    """
    parts, value = epochs.parts, epochs.value
    n = parts.counts.astype(float)
    deviation = value - parts.spread(parts.mean(value))
    square = parts.sum(deviation**2)
    std = np.sqrt(square / (n - 1))
    first = parts.has_next()
    step, gap = value[first + 1] - value[first], epochs.time[first + 1] - epochs.time[first]
    # Two values of the same time have no slope.
    apart = gap > 0
    slope = np.abs(step[apart]) / gap[apart]
    walk = parts.running_sum(deviation)
    return {
        "eta": ratio(parts.sum_of(first, step**2), square),
        "cusum": ratio(parts.max(walk) - parts.min(walk), n * std),
        "maximum_slope": np.maximum(parts.max_of(first[apart], slope), 0.0),
    } | _trend(parts, epochs.time, deviation)


def _trend(parts: Segments, time: Array, deviation: Array) -> dict[str, Array]:
    since = time - parts.spread(parts.mean(time))
    spread = parts.sum(since**2)
    slope = ratio(parts.sum(since * deviation), spread)
    left = parts.sum((deviation - parts.spread(np.nan_to_num(slope)) * since) ** 2) / (parts.counts - 2)
    return {
        "linear_trend": slope,
        "linear_trend_sigma": np.sqrt(ratio(left, spread)),
        "linear_trend_noise": np.sqrt(left),
    }


def describe_time_scales(epochs: Epochs) -> dict[str, Array]:
    """What is remembered over which time (n,); all without unit.

    ``structure_*d`` is the mean squared difference of neighbours (up to the eighth) whose lag in days is below the number
    and above the one before, over twice the variance: 1 where nothing is remembered over the lag. ``stetson_j`` takes
    consecutive epochs of the same night as pairs. ``trend_snr`` is the slope of the linear trend over its error.

    References
    ----------
    Stetson 1996, PASP 108, 851; Simonetti, Cordes & Heeschen 1985, ApJ 296, 46 (structure function).
    """
    parts, value = epochs.parts, epochs.value
    found = _structure(epochs) | {"stetson_j": _stetson_j(epochs)}
    trend = _trend(parts, epochs.time, value - parts.spread(parts.mean(value)))
    found["trend_snr"] = ratio(np.abs(trend["linear_trend"]), trend["linear_trend_sigma"])
    found["random_walk_likelihood"] = random_walk_likelihood(epochs)
    return found


def _structure(epochs: Epochs) -> dict[str, Array]:
    parts = epochs.parts
    sums, pairs = np.zeros((2, len(_LAGS) + 1, len(parts.starts)))
    for steps in range(1, _NEIGHBOURS + 1):
        first = parts.has_next(steps)
        lag = np.searchsorted(_LAGS, epochs.time[first + steps] - epochs.time[first])
        place = lag * len(parts.starts) + parts.owner[first]
        square = (epochs.value[first + steps] - epochs.value[first]) ** 2
        sums += np.bincount(place, square, sums.size).reshape(sums.shape)
        pairs += np.bincount(place, minlength=sums.size).reshape(sums.shape)
    deviation = epochs.value - parts.spread(parts.mean(epochs.value))
    twice = 2 * parts.sum(deviation**2) / (parts.counts - 1)
    names = [*(f"structure_{lag:g}d" for lag in _LAGS), "structure_beyond"]
    return {name: ratio(ratio(s, p), twice) for name, s, p in zip(names, sums, pairs, strict=True)}


def _stetson_j(epochs: Epochs) -> Array:
    """Welch-Stetson J: signed square roots of products of consecutive residuals, averaged over pairs within a day."""
    parts, n = epochs.parts, epochs.parts.counts
    weight = epochs.error**-2.0
    mean = parts.sum(weight * epochs.value) / parts.sum(weight)
    pull = np.sqrt(parts.spread(n / (n - 1))) * (epochs.value - parts.spread(mean)) / epochs.error
    first = parts.has_next()
    first = first[epochs.time[first + 1] - epochs.time[first] < 1.0]
    product = pull[first] * pull[first + 1]
    return ratio(
        parts.sum_of(first, np.sign(product) * np.sqrt(np.abs(product))), parts.sum_of(first, np.ones(len(first)))
    )


def random_walk_likelihood(epochs: Epochs, days: float = _WALK_DAYS) -> Array:
    """Mean log likelihood (n,) of an epoch under a damped random walk, less that under white noise of the same variance.

    Positive for quasars, and for everything that remembers its brightness over `days`. The walk has the variance of the
    values in excess of their errors; one Kalman filter runs over the epochs of all objects together.

    References
    ----------
    Kelly, Bechtold & Siemiginowska 2009, ApJ 698, 895, eqs. 6-12; Butler & Bloom 2011, AJ 141, 93.
    """
    parts = epochs.parts
    # Longest first, so that the objects that still have an epoch are always the first ones.
    rank = np.argsort(-parts.counts, kind="stable")
    counts, starts = parts.counts[rank], parts.starts[rank]
    deviation = epochs.value - parts.spread(parts.mean(epochs.value))
    total = (parts.sum(deviation**2) / parts.counts)[rank]
    noise = parts.mean(epochs.error**2)[rank]
    signal = np.maximum(total - noise, 1e-2 * total + 1e-300)
    state, variance, walk = np.zeros(len(rank)), signal.copy(), np.zeros(len(rank))
    alive = np.searchsorted(-counts, -np.arange(counts.max(initial=0)), side="left")
    for i, m in enumerate(alive):
        now = starts[:m] + i
        if i:
            memory = np.exp(-(epochs.time[now] - epochs.time[now - 1]) / days)
            state[:m] *= memory
            variance[:m] = signal[:m] + memory**2 * (variance[:m] - signal[:m])
        said = variance[:m] + epochs.error[now] ** 2
        surprise = deviation[now] - state[:m]
        walk[:m] -= 0.5 * (surprise**2 / said + np.log(said))
        gain = variance[:m] / said
        state[:m] += gain * surprise
        variance[:m] *= 1 - gain
    white_variance = np.empty(len(rank))
    white_variance[rank] = signal
    found = np.empty(len(rank))
    found[rank] = walk
    each = parts.spread(white_variance) + epochs.error**2
    white = parts.sum(-0.5 * (deviation**2 / each + np.log(each)))
    return (found - white) / parts.counts
