"""Light curves folded at their period: scatter of neighbours in phase, minima, their depths and widths."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from checkstar.variability.distributions import ratio
from checkstar.variability.epochs import Epochs
from checkstar.variability.segments import Segments

__all__ = ["describe_minima", "describe_phases", "phase_curve", "phase_of", "string_length", "tamed"]

Array = NDArray[np.float64]

_BINS = 40
_NEIGHBOURS, _FARTHEST = (-3, -2, -1, 1, 2, 3), 5.0


def phase_of(epochs: Epochs, period: Array) -> Array:
    """Phase (N,) of every epoch in [0, 1); zero at the first epoch of its object."""
    since = epochs.time - epochs.parts.spread(epochs.time[epochs.parts.starts])
    return np.mod(since / epochs.parts.spread(period), 1.0)


def tamed(epochs: Epochs, period: Array) -> Array:
    """Values (N,) with outliers drawn in to five standard deviations of those beside them in phase.

    One bad epoch would bend a Fourier series. What lies between the second faintest and the second brightest of six
    neighbours stays as it is, and so does a narrow eclipse that was seen more than twice, and its steep sides.
    """
    parts = epochs.parts
    order = parts.order(phase_of(epochs, period))
    folded, start, count = epochs.value[order], parts.spread(parts.starts), parts.spread(parts.counts)
    place = np.arange(len(folded)) - start
    beside = np.sort([folded[start + (place + k) % count] for k in _NEIGHBOURS], axis=0)
    scatter = 1.4826 * parts.median(np.abs(folded - (beside[2] + beside[3]) / 2))
    most = parts.spread(_FARTHEST * scatter)
    values = np.empty(len(folded))
    values[order] = np.clip(folded, beside[1] - most, beside[-2] + most)
    return values


def string_length(epochs: Epochs, phase: Array) -> Array:
    """Squared differences of neighbours in phase over twice the squared deviations (n,): 1 for noise, 0 for a clean curve.

    References
    ----------
    Lafler & Kinman 1965, ApJS 11, 216.
    """
    parts = epochs.parts
    folded = epochs.value[parts.order(phase)]
    deviation = folded - parts.spread(parts.mean(folded))
    return ratio(parts.sum(_around(parts, folded) ** 2), 2 * parts.sum(deviation**2))


def _around(parts: Segments, column: Array) -> Array:
    """Differences (N,) of each entry to the next, the last to the first."""
    following = np.arange(1, len(column) + 1)
    following[parts.offsets[1:] - 1] = parts.starts
    return column[following] - column


def describe_phases(epochs: Epochs, period: Array) -> dict[str, Array]:
    """Scatter of the folded light curves (n,), without unit.

    ``string_length`` at the period, and its ratio at twice and at half the period to it; ``p2p_scatter_folded_over_raw``
    is the median absolute difference of neighbours in phase over the median absolute deviation, as
    ``p2p_scatter_raw`` is of neighbours in time.

    References
    ----------
    Lafler & Kinman 1965, ApJS 11, 216; Dubath et al. 2011, MNRAS 414, 2602 (scatter of the folded curve).
    """
    parts, value = epochs.parts, epochs.value
    phase = phase_of(epochs, period)
    length = string_length(epochs, phase)
    spread = parts.median(np.abs(value - parts.spread(parts.median(value))))
    folded = value[parts.order(phase)]
    return {
        "string_length": length,
        "string_length_double": np.log10(ratio(string_length(epochs, phase_of(epochs, 2 * period)), length)),
        "string_length_half": np.log10(ratio(string_length(epochs, phase_of(epochs, period / 2)), length)),
        "p2p_scatter_folded_over_raw": ratio(parts.median(np.abs(_around(parts, folded))), spread),
        "p2p_scatter_raw": ratio(parts.median(np.abs(_around(parts, value))), spread),
    }


def phase_curve(epochs: Epochs, period: Array, bins: int = _BINS) -> Array:
    """Mean value (n, bins) along the cycle, faintest bin first, smoothed over three bins; empty bins are interpolated."""
    n = len(epochs.parts.starts)
    bin_of = np.minimum((phase_of(epochs, period) * bins).astype(np.int64), bins - 1)
    place = epochs.parts.owner * bins + bin_of
    counts = np.bincount(place, minlength=n * bins).reshape(n, bins).astype(float)
    sums = np.bincount(place, epochs.value - epochs.parts.spread(epochs.parts.mean(epochs.value)), n * bins)
    sums = sums.reshape(n, bins)
    filled, curve = np.zeros((2, n, bins))
    # The widest kernel that is needed is as wide as the widest gap: each is used only where the ones before saw nothing.
    for width in (1, 2, 4, 8, 16, bins // 2):
        kernel = 1 - np.abs(np.arange(-width, width + 1)) / (width + 1)
        near = sum(k * np.roll(counts, s, axis=1) for s, k in zip(range(-width, width + 1), kernel, strict=True))
        total = sum(k * np.roll(sums, s, axis=1) for s, k in zip(range(-width, width + 1), kernel, strict=True))
        new = (filled == 0) & (near > 0)
        curve[new] = total[new] / near[new]
        filled[new] = 1
        if filled.all():
            break
    start = curve.argmax(axis=1)
    return np.take_along_axis(curve, (start[:, None] + np.arange(bins)) % bins, axis=1)


def describe_minima(curve: Array, prefix: str = "") -> dict[str, Array]:
    """Depths and widths (n,) of the minima of phase curves (n, bins) that begin at the faintest bin.

    ``secondary_depth`` and ``secondary_phase`` are of the faintest local minimum between phases 0.25 and 0.75, over the
    depth of the primary and in cycles; ``between_depth`` is how faint the brighter of the two maxima between them is, on the
    same scale; ``minimum_width`` is the share of a cycle around the primary that is fainter than half its depth,
    ``faint_share`` that of the whole cycle, ``bright_share`` the share within a fifth of the amplitude of the brightest.
    """
    bins = curve.shape[1]
    height = np.ptp(curve, axis=1)
    level = ratio(curve - curve.min(axis=1, keepdims=True), height[:, None])
    level = np.nan_to_num(level)
    first, last = bins // 4, bins - bins // 4 + 1
    at = first + level[:, first:last].argmax(axis=1)
    depth = np.take_along_axis(level, at[:, None], axis=1)[:, 0]
    bin_number = np.arange(bins)
    left = np.where(bin_number <= at[:, None], level, 2.0).min(axis=1)
    right = np.where(bin_number >= at[:, None], level, 2.0).min(axis=1)
    faint = level > 0.5
    after = np.where(faint.all(axis=1), bins, (~faint).argmax(axis=1))
    before = np.where(faint.all(axis=1), 0, (~faint[:, ::-1]).argmax(axis=1))
    found = {
        "folded_amplitude": height,
        "secondary_depth": depth - np.maximum(left, right),
        "secondary_level": depth,
        "secondary_phase": at / bins,
        "between_depth": np.abs(left - right),
        "minimum_width": (after + before) / bins,
        "minimum_asymmetry": (after - before) / bins,
        "faint_share": faint.mean(axis=1),
        "bright_share": (level < 0.2).mean(axis=1),
    }
    return {prefix + name: value for name, value in found.items()}
