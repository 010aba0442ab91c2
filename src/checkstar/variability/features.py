"""Features of variable stars: a hundred numbers for each light curve, those of Richards et al. (2011) among them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from checkstar.data.light_curves import LightCurves
from checkstar.errors import InputError
from checkstar.variability.distributions import describe_distribution, describe_shape
from checkstar.variability.epochs import FEWEST_EPOCHS, Epochs, band_medians, usable_epochs
from checkstar.variability.fourier import describe_fourier
from checkstar.variability.harmonics import harmonic_model
from checkstar.variability.phases import describe_minima, describe_phases, phase_curve, tamed
from checkstar.variability.rust_extractors import extract_with_rust, has_rust, need_rust
from checkstar.variability.sequences import describe_sequence, describe_time_scales
from checkstar.variability.sidebands import describe_residuals

if TYPE_CHECKING:
    from checkstar.variability.periods import Periods

__all__ = ["Features", "describe_curves"]

Array = NDArray[np.float64]
Extractors = Literal["auto", "rust", "numpy"]

_CHUNK_EPOCHS = 500_000
#: What a forest in single precision can still hold; no value is larger, and its fourth power does not overflow.
_LARGEST = 1e30


class Features(NamedTuple):
    """What describes n light curves.

    Attributes
    ----------
    values : (n, q) array
        Finite numbers; 0 where a feature is not defined.
    names : tuple of str
        Of the q features.
    """

    values: Array
    names: tuple[str, ...]


def describe_curves(
    curves: LightCurves, periods: ArrayLike | Periods | None = None, *, extractors: Extractors = "auto"
) -> Features:
    """Features of light curves, all objects at once.

    With magnitudes or fluxes alike, a feature with a sign counts fainter as larger: positive skew is that of eclipses.
    Features with a unit are in that of the values. Mean brightness and the number of epochs are left out on purpose: they
    tell the distance and the survey. Not defined, and therefore 0, is everything of an object with fewer than five good
    epochs (``is_described`` is 0), everything folded without a period (``has_period`` is 0), and ratios to nothing, as the
    skew of a constant.

    Parameters
    ----------
    curves : LightCurves
        n objects. Bands are shifted on top of each other; ``colour_a_b`` are differences of their medians.
    periods : (n,) array or Periods, optional
        Days, or what `find_periods` returns, which also says how good the candidates are. A catalogue's period
        has seen the label: features at it leak.
    extractors : {"auto", "rust", "numpy"}
        Whose statistics: those of the light-curve package, ours, or its where it is installed. The numbers are the same.

    Raises
    ------
    InputError
        If there is not one period per object, or extractors are asked for that are not installed.

    References
    ----------
    Richards et al. 2011, ApJ 733, 10; the parts are described in `describe_distribution`, `describe_shape`,
    `describe_sequence`, `describe_time_scales`, `describe_fourier`, `describe_phases`, `describe_minima` and
    `describe_residuals`.

    Examples
    --------
    >>> t = np.linspace(0.0, 9.7, 50)
    >>> curves = LightCurves.from_lists([t], [12.0 + 0.3 * np.cos(2 * np.pi * t / 0.7)], [np.full(50, 0.01)])
    >>> features = describe_curves(curves, [0.7])
    >>> round(float(features.values[0, features.names.index("fourier_amplitude")]), 4)
    0.3
    """
    if extractors == "rust":
        need_rust()
    rust = extractors == "rust" or (extractors == "auto" and has_rust())
    candidates = _candidates(curves, periods)
    curves = curves.where(np.isfinite(curves.time) & (np.abs(curves.value) < _LARGEST))
    rows = np.flatnonzero(curves.n_epochs >= FEWEST_EPOCHS)
    # Light curves of like length together: they are padded to the longest of their part.
    rows = rows[np.argsort(curves.n_epochs[rows], kind="stable")]
    parts = np.array_split(rows, max(1, int(curves.n_epochs[rows].sum()) // _CHUNK_EPOCHS)) if len(rows) else []
    found = [_described(curves[part], _taken(candidates, part), rust) for part in parts]
    names = ("is_described", *(found[0] if found else _columns(curves, candidates)))
    values = np.zeros((len(curves), len(names)))
    values[rows, 0] = 1.0
    for part, columns in zip(parts, found, strict=True):
        values[part, 1:] = np.stack(list(columns.values()), axis=1)
    values[np.isnan(values)] = 0.0
    return Features(np.clip(values, -_LARGEST, _LARGEST), names)


def _candidates(curves: LightCurves, periods: Any) -> dict[str, Array]:
    """Periods (n,) and what else is known of the candidates; nothing without periods."""
    if periods is None:
        return {}
    if not hasattr(periods, "power"):
        days = np.asarray(periods, dtype=float)
        _check_length(curves, days)
        return {"period": days}
    _check_length(curves, periods.period[:, 0])
    found = {"period": periods.period[:, 0], "power_1": periods.power[:, 0]}
    with np.errstate(divide="ignore", invalid="ignore"):
        found["log_false_alarm"] = np.log10(np.maximum(periods.false_alarm[:, 0], 1e-300))
        for k in range(1, periods.period.shape[1]):
            found[f"period_ratio_{k + 1}1"] = periods.period[:, k] / periods.period[:, 0]
            found[f"power_ratio_{k + 1}1"] = periods.power[:, k] / periods.power[:, 0]
    return found


def _check_length(curves: LightCurves, days: Array) -> None:
    if days.shape != (len(curves),):
        raise InputError(f"periods have shape {days.shape} but there are {len(curves)} light curves; give one each.")


def _taken(candidates: dict[str, Array], rows: NDArray[np.intp]) -> dict[str, Array]:
    return {name: values[rows] for name, values in candidates.items()}


def _columns(curves: LightCurves, candidates: dict[str, Array]) -> dict[str, Array]:
    """The columns where no object can be described: those of one that can."""
    time = np.arange(float(FEWEST_EPOCHS))
    offsets = np.array([0, FEWEST_EPOCHS])
    one = LightCurves(time=time, value=time, error=time + 1, offsets=offsets, bands=curves.bands, unit=curves.unit)
    return _described(one, dict.fromkeys(candidates, np.ones(1)), rust=False)


def _described(curves: LightCurves, candidates: dict[str, Array], rust: bool) -> dict[str, Array]:
    epochs = usable_epochs(curves)
    statistics = extract_with_rust(epochs) if rust and len(curves) else describe_distribution(epochs)
    # In one order, whoever extracted them: what was learned with one must hold with the other.
    found = dict(sorted(statistics.items()))
    found |= describe_shape(epochs) | describe_sequence(epochs) | describe_time_scales(epochs)
    for name in ("chi2", "stetson_k", "roms", "stetson_j", "excess_variance", "random_walk_likelihood"):
        found[name] = np.where(epochs.has_errors, found[name], np.nan)
    found |= _colours(curves)
    if not candidates:
        return found
    period = candidates["period"]
    good = np.isfinite(period) & (period > 0)
    # Any period does for an object that has none; what comes of it is left out.
    folded = _folded(epochs, np.where(good, period, 1.0)) | {k: v for k, v in candidates.items() if k != "period"}
    return found | {"has_period": good.astype(float)} | {k: np.where(good, v, np.nan) for k, v in folded.items()}


def _folded(epochs: Epochs, period: Array) -> dict[str, Array]:
    epochs = replace(epochs, value=tamed(epochs, period))
    one_band = LightCurves(time=epochs.time, value=epochs.value, error=epochs.error, offsets=epochs.parts.offsets)
    fourier, fit = describe_fourier(one_band, period)
    return (
        {"log_period": np.log10(period)}
        | fourier
        | describe_phases(epochs, period)
        | describe_minima(phase_curve(epochs, period))
        | describe_minima(phase_curve(epochs, 2 * period), "double_")
        | describe_residuals(epochs, harmonic_model(one_band, period, fit), period)
    )


def _colours(curves: LightCurves) -> dict[str, Array]:
    if len(curves.bands) == 1:
        return {}
    medians, _ = band_medians(curves)
    pairs = zip(curves.bands[:-1], curves.bands[1:], strict=True)
    return {f"colour_{a}_{b}": medians[:, i] - medians[:, i + 1] for i, (a, b) in enumerate(pairs)}
