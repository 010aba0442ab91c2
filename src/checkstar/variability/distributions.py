"""How the values of a light curve are distributed, whatever their order: spread, asymmetry, tails, outliers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special

from checkstar.variability.epochs import Epochs
from checkstar.variability.segments import Segments

__all__ = ["describe_distribution", "describe_shape", "ratio"]

Array = NDArray[np.float64]

_RATIOS = (20, 35, 50, 65, 80)
#: In single precision, as the Rust extractors hold them: a value at the edge must fall on the same side.
_TAILS = float(np.float32(0.05)), float(np.float32(0.95))
_BUFFER = float(np.float32(0.1))


def ratio(above: Array, below: Array) -> Array:
    """`above` / `below`; NaN where `below` is zero."""
    return np.divide(above, below, out=np.full(np.shape(above), np.nan), where=below != 0)


def describe_distribution(epochs: Epochs) -> dict[str, Array]:
    """Statistics (n,) of the values that the Rust extractors have too; units are those of the values or none.

    References
    ----------
    Richards et al. 2011, ApJ 733, 10; D'Isanto et al. 2016, MNRAS 457, 3119; Stetson 1996, PASP 108, 851; Kim et al. 2014,
    A&A 566, A43; Otsu 1979, IEEE Trans. SMC 9, 62.
    """
    parts, value = epochs.parts, epochs.value
    found = _moments(parts, value) | _percentiles(parts, parts.sorted(value)) | _scaled(epochs)
    deviation = value - parts.spread(parts.mean(value))
    std = found["standard_deviation"]
    outside = np.abs(deviation) > parts.spread(std)
    found["beyond_1_std"] = parts.sum(outside) / parts.counts
    found["anderson_darling_normal"] = _anderson_darling(parts, parts.sorted(value), std)
    return found | _otsu(parts, parts.sorted(value))


def _moments(parts: Segments, value: Array) -> dict[str, Array]:
    n = parts.counts.astype(float)
    deviation = value - parts.spread(parts.mean(value))
    second, third, fourth = (parts.sum(deviation**k) for k in (2, 3, 4))
    std = np.sqrt(second / (n - 1))
    skew = ratio(n * third, (n - 1) * (n - 2) * std**3)
    kurtosis = ratio(n * (n + 1) * fourth, (n - 1) * (n - 2) * (n - 3) * std**4) - 3 * (n - 1) ** 2 / (
        (n - 2) * (n - 3)
    )
    return {
        "amplitude": (parts.max(value) - parts.min(value)) / 2,
        "standard_deviation": std,
        "skew": skew,
        "kurtosis": kurtosis,
    }


def _percentiles(parts: Segments, ascending: Array) -> dict[str, Array]:
    median = parts.quantile(ascending, 0.5)
    distance = np.abs(ascending - parts.spread(median))
    near = _BUFFER * (parts.max(ascending) - parts.min(ascending)) / 2
    return {
        "inter_percentile_range_5": parts.quantile(ascending, _TAILS[1]) - parts.quantile(ascending, _TAILS[0]),
        "inter_percentile_range_25": parts.quantile(ascending, 0.75) - parts.quantile(ascending, 0.25),
        "median_absolute_deviation": parts.median(distance),
        "median_buffer_range_percentage_10": parts.sum(distance < parts.spread(near)) / parts.counts,
    }


def _scaled(epochs: Epochs) -> dict[str, Array]:
    """Statistics of the values in units of their errors."""
    parts, weight = epochs.parts, epochs.error**-2.0
    mean = parts.sum(weight * epochs.value) / parts.sum(weight)
    pull = (epochs.value - parts.spread(mean)) / epochs.error
    chi2 = parts.sum(pull**2)
    from_median = np.abs(epochs.value - parts.spread(parts.median(epochs.value))) / epochs.error
    return {
        "chi2": chi2 / (parts.counts - 1),
        "stetson_k": ratio(parts.sum(np.abs(pull)), np.sqrt(parts.counts * chi2)),
        "roms": parts.sum(from_median) / (parts.counts - 1),
    }


def _anderson_darling(parts: Segments, ascending: Array, std: Array) -> Array:
    n = parts.counts.astype(float)
    score = ratio(ascending - parts.spread(parts.mean(ascending)), parts.spread(std))
    rank = np.arange(len(ascending)) - parts.spread(parts.starts)
    below, above = special.log_ndtr(score), special.log_ndtr(-score)
    total = parts.sum((2 * rank + 1) * below + (2 * (parts.spread(parts.counts) - rank) - 1) * above)
    return (1 + 4 / n - 25 / n**2) * (-n - total / n)


def _otsu(parts: Segments, ascending: Array) -> dict[str, Array]:
    """The cut of the values into two classes that leaves least variance within them."""
    centred = ascending - parts.spread(parts.mean(ascending))
    n = parts.spread(parts.counts).astype(float)
    rank = np.arange(len(ascending)) - parts.spread(parts.starts) + 1.0
    sums = parts.running_sum(centred)
    with np.errstate(divide="ignore", invalid="ignore"):
        between = sums**2 / (rank * (n - rank))
    # Nothing lies above the last value, so no cut is there.
    between[parts.offsets[1:] - 1] = -1.0
    at = _first(parts, between >= parts.spread(parts.max(between)) * (1 - 1e-12))
    n_lower = rank[at]
    n_upper = parts.counts - n_lower
    lower = rank <= parts.spread(n_lower)
    mean_lower, mean_upper = sums[at] / n_lower, -sums[at] / n_upper
    square = (centred - np.where(lower, parts.spread(mean_lower), parts.spread(mean_upper))) ** 2
    return {
        "otsu_mean_diff": mean_upper - mean_lower,
        "otsu_std_lower": np.sqrt(parts.sum(np.where(lower, square, 0.0)) / np.maximum(n_lower - 1, 1)),
        "otsu_std_upper": np.sqrt(parts.sum(np.where(lower, 0.0, square)) / np.maximum(n_upper - 1, 1)),
        "otsu_lower_to_all_ratio": n_lower / parts.counts,
    }


def _first(parts: Segments, true: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Position (n,) of the first true entry of each object."""
    entries = np.flatnonzero(true)
    return entries[np.searchsorted(entries, parts.starts)]


def describe_shape(epochs: Epochs) -> dict[str, Array]:
    """Statistics (n,) of the fluxes, and of the values, that the Rust extractors lack; all without unit.

    References
    ----------
    Richards et al. 2011, ApJ 733, 10, table 5.
    """
    parts, flux = epochs.parts, epochs.flux
    bright = parts.sorted(flux)
    whole = parts.quantile(bright, 0.95) - parts.quantile(bright, 0.05)
    found = {}
    for percent in _RATIOS:
        low, high = 0.5 - percent / 200, 0.5 + percent / 200
        found[f"flux_percentile_ratio_mid{percent}"] = ratio(
            parts.quantile(bright, high) - parts.quantile(bright, low), whole
        )
    median = parts.quantile(bright, 0.5)
    found["percent_amplitude"] = np.maximum(parts.max(bright) - median, median - parts.min(bright))
    found["percent_difference_flux_percentile"] = whole
    mean_square, second = parts.mean(epochs.flux_error**2), parts.mean(flux**2)
    variance = (second - parts.mean(flux) ** 2) * parts.counts / (parts.counts - 1)
    found["excess_variance"] = variance - mean_square
    ascending = parts.sorted(epochs.value)
    faint_end, middle, bright_end = (parts.quantile(ascending, level) for level in (0.95, 0.5, 0.05))
    found["quantile_skew"] = ratio(faint_end + bright_end - 2 * middle, faint_end - bright_end)
    least, most = parts.min(ascending), parts.max(ascending)
    found["median_position"] = ratio(middle - least, most - least)
    faint = epochs.value > parts.spread(middle + 0.5 * (faint_end - middle))
    found["share_faint"] = parts.sum(faint) / parts.counts
    return found
