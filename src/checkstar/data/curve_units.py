"""Times and brightnesses at the border: dates to MJD days, fluxes to magnitudes and back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from checkstar.data.light_curves import LightCurves
from checkstar.errors import InputError

__all__ = ["EARLIEST_MJD", "LATEST_MJD", "Dates", "mjd_days", "plain_unit", "to_fluxes", "to_magnitudes", "unit_factor"]

#: Times that a light curve can have: photometry of the years 1804 to 2132, and simulations that begin at zero.
EARLIEST_MJD, LATEST_MJD = -20_000.0, 100_000.0

_MANY = 100_000  # times are enough to tell what they are
_JD_OF_MJD_ZERO = 2_400_000.5
_FORMAT = re.compile(r"([hb]?)(m?)jd(?:-(\d+(?:\.\d+)?))?")
_MISSIONS = {"bkjd": "bjd-2454833", "btjd": "bjd-2457000"}
_SCALES = {"": "utc", "h": "hjd_utc", "b": "bjd_tdb"}

Array = NDArray[np.float64]


class Dates(NamedTuple):
    """Modified Julian dates in days (N,), and the scale and place that their format implies."""

    mjd: Array
    time_scale: str


def mjd_days(times: ArrayLike, time_format: str | None = None, column: str = "time") -> Dates:
    """Times as modified Julian dates.

    Parameters
    ----------
    times : (N,) array
        Days; NaN is kept.
    time_format : str, optional
        "mjd", "jd", "hjd", "bjd", "hmjd", "bmjd", any of these less a constant ("hjd-2450000"), "bkjd" (Kepler) or
        "btjd" (TESS). By default what the name of the column says; of a name that says nothing, Julian dates are
        recognised by their size and everything else is taken as MJD.
    column : str
        Name of the column.

    Returns
    -------
    Dates
        The heliocentric and barycentric ones are named so; their correction (up to 8.3 min) is kept as it is.

    Raises
    ------
    InputError
        If the format is unknown, or the typical time is then no date of the years 1804 to 2132.

    Examples
    --------
    >>> mjd_days([1868.5, 1869.5], "hjd-2450000")
    Dates(mjd=array([51868., 51869.]), time_scale='hjd_utc')
    """
    values = np.asarray(times, dtype=float)
    some = values[:: max(1, len(values) // _MANY)]
    finite = some[np.isfinite(some)]
    # The median, because archives hold single times that are none, such as -9999.
    typical = float(np.median(finite)) if len(finite) else np.nan
    known = time_format or _format_in(column) or ("jd" if 2_300_000 < typical < 2_600_000 else "mjd")
    match = _FORMAT.fullmatch(_MISSIONS.get(known.lower(), known.lower()))
    if match is None:
        raise InputError(
            f"time_format is {known!r}; use mjd, jd, hjd, bjd, any of them less a number ('hjd-2450000'), bkjd or btjd."
        )
    zero = float(match.group(3) or 0.0) - (0.0 if match.group(2) else _JD_OF_MJD_ZERO)
    if not (np.isnan(typical) or EARLIEST_MJD <= typical + zero <= LATEST_MJD):
        raise InputError(
            f"the times of column {column!r} are about {typical:.10g}; read as {known} that is MJD {typical + zero:.10g}, "
            f"no date of an observation; {_likely(typical)}."
        )
    return Dates(values + zero if zero else values, _SCALES[match.group(1)])


def _format_in(column: str) -> str | None:
    name = re.sub(r"[^a-z0-9]", "", column.rpartition(".")[2].lower())
    if name in _MISSIONS:
        return name
    match = re.search(r"(?:^|obs|time|exp|mid|point)([hb]?m?jd)(\d+)?", name)
    return match and match.group(1) + (f"-{match.group(2)}" if match.group(2) else "")


def _likely(typical: float) -> str:
    if not 0 <= typical < 2_600_000:
        return "give days: MJD, Julian dates, or these less a number"
    known = "jd" if typical > 2_300_000 else "mjd" if 15_000 < typical < LATEST_MJD else "hjd-2450000"
    return f"state their time_format, for instance {known!r}"


def plain_unit(unit: str) -> str:
    """A unit as astropy writes it; text that it does not know is kept.

    Examples
    --------
    >>> plain_unit("ABmag"), plain_unit("electron/s"), plain_unit("counts?")
    ('mag(AB)', 'electron / s', 'counts?')
    """
    from astropy import units

    if unit in ("ABmag", "STmag"):
        return f"mag({unit[:2]})"
    parsed = units.Unit(unit, parse_strict="silent")
    return unit if isinstance(parsed, units.UnrecognizedUnit) else str(parsed)


def unit_factor(unit: str, wanted: str, what: str) -> float:
    """By what a number in `unit` is multiplied to be in `wanted`.

    Raises
    ------
    InputError
        If one unit is no multiple of the other.
    """
    from astropy import units

    if plain_unit(unit) == plain_unit(wanted):
        return 1.0
    try:
        return float(units.Unit(unit).to(units.Unit(wanted)))
    except (units.UnitConversionError, ValueError, TypeError):
        raise InputError(
            f"{what} is in {unit or 'no unit'}, which is no multiple of {wanted or 'no unit'}; state the unit it is in, "
            "or convert it with to_magnitudes or to_fluxes."
        ) from None


def to_magnitudes(curves: LightCurves, zero_point: float | Mapping[str, float] | None = None) -> LightCurves:
    """Fluxes as magnitudes m = zero point - 2.5 log10 F with errors 2.5 / ln 10 sigma_F / F.

    Where the flux is not positive there is no magnitude: value and error become NaN, which
    `checkstar.variability.cleaning.clean` leaves out. This favours bright epochs of faint objects; keep fluxes there.

    Parameters
    ----------
    zero_point : float or mapping of band to float, optional
        Magnitude of one unit of flux. By default that of AB magnitudes, if the unit is a flux density.

    Raises
    ------
    InputError
        If the values are no fluxes, or no zero point is given or follows.

    Examples
    --------
    >>> curves = LightCurves.from_lists([[0.0, 1.0]], [[3631.0, 0.0]], [[36.31, 1.0]], unit="Jy")
    >>> to_magnitudes(curves).value.round(3).tolist(), to_magnitudes(curves).unit
    ([-0.0, nan], 'mag(AB)')
    """
    if curves.is_magnitude:
        raise InputError(f"the light curves are magnitudes already ({curves.unit}); use them as they are.")
    is_ab = zero_point is None
    zero = _zero_points(curves, _ab_zero_point(curves.unit) if zero_point is None else zero_point)
    flux = np.where(curves.value > 0, curves.value, np.nan)
    return curves.replace(
        value=zero - 2.5 * np.log10(flux),
        error=2.5 / np.log(10) * curves.error / flux,
        unit="mag(AB)" if is_ab else "mag",
    )


def to_fluxes(curves: LightCurves, zero_point: float | Mapping[str, float], unit: str = "") -> LightCurves:
    """Magnitudes as fluxes F = 10^(-0.4 (m - zero point)) in the `unit` that has this zero point; sigma_F = 0.4 ln 10 F sigma.

    Raises
    ------
    InputError
        If the values are no magnitudes, or a band has no zero point.
    """
    if not curves.is_magnitude:
        raise InputError(f"the light curves are no magnitudes but in {curves.unit or 'no unit'}; use them as they are.")
    flux = 10 ** (-0.4 * (curves.value - _zero_points(curves, zero_point)))
    return curves.replace(value=flux, error=0.4 * np.log(10) * flux * curves.error, unit=plain_unit(unit))


def _zero_points(curves: LightCurves, zero_point: float | Mapping[str, float]) -> Array:
    if not isinstance(zero_point, Mapping):
        return np.full(len(curves.time), float(zero_point))
    missing = [band for band in curves.bands if band not in zero_point]
    if missing:
        raise InputError(f"there is no zero point of band {', '.join(missing)}; give one for each.")
    return np.array([zero_point[band] for band in curves.bands], dtype=float)[curves.band]


def _ab_zero_point(unit: str) -> float:
    from astropy import units

    try:
        return float(units.Quantity(1.0, unit).to_value(units.ABmag))
    except (units.UnitConversionError, ValueError, TypeError):
        raise InputError(
            f"fluxes in {unit or 'no unit'} have no AB zero point; give zero_point, the magnitude of one unit of flux."
        ) from None
