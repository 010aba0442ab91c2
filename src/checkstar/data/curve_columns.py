"""Columns of light curves: which is time, value, error and band, by the names that surveys use."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from checkstar.data.curve_units import mjd_days, plain_unit, unit_factor
from checkstar.data.light_curves import LightCurves
from checkstar.errors import InputError, unknown_name

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "ROLES",
    "CurveSchema",
    "EpochColumns",
    "Roles",
    "epochs_in_lists",
    "find_id",
    "find_roles",
    "has_id",
    "light_curves_of",
]

#: What a column of a light curve can be, and of a long table which object an epoch is of.
ROLES = ("time", "value", "error", "band", "id")

_TIME = re.compile(r"(obs|exp|mid|midpoint)?(time)?[hb]?m?jd(tai|utc|tdb|\d+)?|bkjd|btjd|time|t|obstime|epochs?")
_VALUE = re.compile(r"values?|(psf|ap|aper|aperture|dif|diff|forced)?(mag|magnitude|flux)(psf|ap|cal)?|m")
_ERROR = re.compile(r"e|err|errors?|sig|sigma|unc|uncertainty|dy|(e|err|error|sigma)(psf|mag|magnitude|flux)")
_ERROR_OF = ("{}err", "{}error", "{}errs", "{}sigma", "{}unc", "{}uncertainty", "err{}", "e{}", "d{}", "sigma{}")
_BAND = re.compile(r"bands?|filters?|filt|filtername|flt|fid|passband")
_ID = re.compile(
    r"id|(obj|object|dia ?object|source|star|target|tic|kic|oid|lc|curve|gaia|asas|ogle|sn)(id|name|number)|star|object|objects|"
    r"name|target|oid|snid|tic|kic|filename"
)


class Roles(NamedTuple):
    """Names of the columns; None where there is none."""

    time: str
    value: str
    error: str | None
    band: str | None


@dataclass(frozen=True, kw_only=True)
class CurveSchema:
    """What the columns of light curves mean, as far as it is stated; everything else is told from the data.

    Parameters
    ----------
    columns : mapping of role to column
        Names of columns for the roles time, value, error, band and, in a table of one row an epoch, id.
    time_format : str, optional
        Format of the times, see `checkstar.data.curve_units.mjd_days`.
    time_scale : str, optional
        Scale and place of the times: "utc", "hjd_utc", "bjd_tdb".
    unit : str, optional
        Unit wanted; values in a known unit are converted, others are taken to be in it.
    bands : sequence of str, optional
        All bands that there are, so that parts of a catalogue number them alike.
    name, citation : str
        For reports.

    Raises
    ------
    InputError
        If a role is unknown.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    time_format: str | None = None
    time_scale: str | None = None
    unit: str | None = None
    bands: tuple[str, ...] | None = None
    name: str = ""
    citation: str = ""

    def __post_init__(self) -> None:
        for role in self.columns:
            if role not in ROLES:
                raise unknown_name("role of a column", role, ROLES)
        object.__setattr__(self, "columns", dict(self.columns))
        if isinstance(self.bands, str):
            raise InputError(f"bands is the text {self.bands!r}; give a sequence of names.")
        object.__setattr__(self, "bands", self.bands and tuple(map(str, self.bands)))

    def filled(self, known: Mapping[str, Any]) -> CurveSchema:
        """The same, with what a file says about itself where nothing is stated."""
        return replace(self, **{key: value for key, value in known.items() if not getattr(self, key)})


class EpochColumns(NamedTuple):
    """Light curves as they were read: flat columns by name, offsets, metadata, units of columns where known."""

    epochs: Mapping[str, Any]
    offsets: NDArray[np.int64]
    meta: pd.DataFrame
    units: Mapping[str, str]


def find_roles(names: Iterable[str], stated: Mapping[str, str]) -> Roles:
    """Tell the columns of time, value, error and band: those that are stated, else by their usual names.

    The error is looked for under a name made from that of the value (``mag_err``, ``psfFluxErr``, ``e_mag``), then
    under a general one (``sigma``). Of a field of a struct column, ``lc.mjd``, the last part counts.

    Raises
    ------
    InputError
        If a stated column does not exist, a time or value is missing, or several columns could be one.

    Examples
    --------
    >>> find_roles(["hjd", "Vmag", "mag", "e_mag", "filter"], {})
    Roles(time='hjd', value='mag', error='e_mag', band='filter')
    """
    names = list(names)
    stated = {role: _stated(role, name, names) for role, name in stated.items() if role != "id"}
    free = [name for name in names if name not in stated.values()]
    time = stated.get("time") or _the_one("time", _matching(_TIME, free), names)
    value = stated.get("value") or _the_one("value", _matching(_VALUE, free), names)
    if time is None or value is None:
        role = "time" if time is None else "value"
        raise InputError(
            f"no column looks like the {role} of a light curve; there are {', '.join(names) or 'none'}; state it with "
            f"columns={{{role!r}: ...}}."
        )
    free = [name for name in free if name not in (time, value)]
    error = stated.get("error") or _the_one("error", _errors_of(value, free), names)
    return Roles(time, value, error, stated.get("band") or _the_one("band", _matching(_BAND, free), names))


def find_id(names: Iterable[str], stated: Mapping[str, str]) -> str:
    """Tell the column that says which object an epoch is of.

    Raises
    ------
    InputError
        If there is none or several could be it.
    """
    names = list(names)
    likely = ["id"] if "id" in names else _matching(_ID, names)
    found = _stated("id", stated["id"], names) if "id" in stated else _the_one("id", likely, names)
    if found is None:
        raise InputError(
            f"no column looks like the name of an object; there are {', '.join(names) or 'none'}; a table of one row an "
            "epoch needs it: state it with columns={'id': ...}."
        )
    return found


def has_id(names: Iterable[str], stated: Mapping[str, str]) -> bool:
    """Whether some column could be the name of an object."""
    return "id" in stated or bool(_matching(_ID, names))


def _stated(role: str, name: str, names: list[str]) -> str:
    short = [one for one in names if one.rpartition(".")[2] == name]
    if name in names or len(short) == 1:
        return name if name in names else short[0]
    raise unknown_name(f"column (stated as {role})", name, names)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.rpartition(".")[2].lower())


def _matching(pattern: re.Pattern[str], names: Iterable[str]) -> list[str]:
    return [name for name in names if pattern.fullmatch(_plain(name))]


def _errors_of(value: str, names: list[str]) -> list[str]:
    stem = _plain(value)
    kind = "flux" if "flux" in stem else "mag"
    other = "mag" if kind == "flux" else "flux"
    for of in (stem, kind):
        known = {form.format(of) for form in _ERROR_OF}
        if found := [name for name in names if _plain(name) in known]:
            return found
    return [name for name in _matching(_ERROR, names) if other not in _plain(name)]


def _the_one(role: str, found: list[str], names: list[str]) -> str | None:
    if len(found) > 1:
        raise InputError(
            f"{', '.join(found)} could each be the {role} of a light curve (columns: {', '.join(names)}); state it with "
            f"columns={{{role!r}: {found[0]!r}}}."
        )
    return found[0] if found else None


def epochs_in_lists(
    names: Iterable[str],
    stated: Mapping[str, str],
    lengths_of: Callable[[str], NDArray[np.int64]],
    flat_of: Callable[[str], Any],
) -> tuple[dict[str, Any], NDArray[np.int64]]:
    """Flat columns of a table of one list an object and column, and the offsets that all of them share.

    Raises
    ------
    InputError
        If columns cannot be told, or the lists of an object have different lengths.
    """
    used = [name for name in find_roles(names, stated) if name is not None]
    first = lengths_of(used[0])
    for name in used[1:]:
        found = lengths_of(name)
        if not np.array_equal(found, first):
            i = int(np.flatnonzero(found != first)[0])
            raise InputError(
                f"object {i} has {first[i]} entries of {used[0]} but {found[i]} of {name}; every list of an object has "
                "one entry an epoch."
            )
    return {name: flat_of(name) for name in used}, np.concatenate([[0], np.cumsum(first, dtype=np.int64)])


def light_curves_of(read: EpochColumns, schema: CurveSchema) -> LightCurves:
    """Light curves in MJD days and one unit from columns as they were read.

    Raises
    ------
    InputError
        If columns cannot be told, times are no dates, or units or bands are not those wanted.
    """
    roles = find_roles(read.epochs, schema.columns)
    dates = mjd_days(_days(read, roles.time), schema.time_format, roles.time)
    held = _unit_of(roles.value, read.units)
    unit = plain_unit(schema.unit) if schema.unit is not None else _default_unit(roles.value, held)
    value = _scaled(read, roles.value, _factor(roles.value, held, unit))
    error = np.full(len(value) if roles.error is None else 0, np.nan)
    if roles.error is not None:
        held_error = _unit_of(roles.error, read.units)
        held_error = held if held_error is None else held_error
        error = _scaled(read, roles.error, _factor(roles.error, held_error, unit))
    curves = LightCurves(
        time=dates.mjd,
        value=value,
        error=error,
        offsets=read.offsets,
        **_bands(read, roles.band, schema.bands),
        meta=read.meta,
        unit=unit,
        time_scale=schema.time_scale or dates.time_scale,
        name=schema.name,
        citation=schema.citation,
    )
    return curves if schema.bands is None or curves.bands == schema.bands else curves.with_bands(schema.bands)


def _scaled(read: EpochColumns, column: str, factor: float) -> NDArray[np.float64]:
    values = numbers(read.epochs[column], column)
    return values if factor == 1.0 else values * factor


def numbers(values: Any, column: str) -> NDArray[np.float64]:
    """A flat column of numbers, from numpy or Arrow; missing ones are NaN."""
    if hasattr(values, "null_count"):
        values = values.to_numpy() if hasattr(values, "chunks") else values.to_numpy(zero_copy_only=False)
    array = np.asarray(values)
    if array.dtype.kind == "O":
        array = np.array([np.nan if value is None else value for value in array])
    if array.dtype.kind not in "fiu":
        raise InputError(
            f"column {column!r} holds {_what(array)} where numbers are needed; write nothing or nan where one is missing, "
            "or state another column."
        )
    return array.astype(float, copy=False)


def _what(array: NDArray[Any]) -> str:
    """What stands among values that are no numbers: the first text that is none, or their type."""
    import pandas as pd

    text = pd.Series(array.ravel())
    unread = pd.to_numeric(text, errors="coerce").isna() & text.notna() & (text.astype(str) != "nan")
    wrong = text[unread] if array.dtype.kind in "UO" else text[:0]
    return repr(str(wrong.iloc[0])) if len(wrong) else "text" if array.dtype.kind == "U" else f"{array.dtype} values"


def _days(read: EpochColumns, column: str) -> NDArray[np.float64]:
    values = read.epochs[column]
    if hasattr(values, "null_count") and str(values.type).startswith("timestamp"):
        values = np.asarray(values.to_numpy() if hasattr(values, "chunks") else values.to_numpy(zero_copy_only=False))
    if getattr(values, "dtype", np.dtype(float)).kind == "M":
        # Seconds since 1970 of a calendar without leap seconds, which is how MJD in UTC counts.
        days = (np.asarray(values) - np.datetime64("1970-01-01")) / np.timedelta64(1, "D")
        return np.asarray(days, dtype=float) + 40587.0
    unit = read.units.get(column, "")
    return _scaled(read, column, unit_factor(unit, "d", f"column {column!r}") if unit in _TIME_UNITS else 1.0)


_TIME_UNITS = ("s", "min", "h", "yr")


def _unit_of(column: str, units: Mapping[str, str]) -> str | None:
    return plain_unit(units[column]) if column in units else None


def _default_unit(column: str, held: str | None) -> str:
    if held is not None:
        return "mag" if held == "mmag" else held
    return "" if "flux" in _plain(column) else "mag"


def _factor(column: str, held: str | None, wanted: str) -> float:
    if held is None or (held.startswith("mag") and wanted.startswith("mag")):
        return 1.0
    return unit_factor(held, "mag" if wanted.startswith("mag") else wanted, f"column {column!r}")


def _bands(read: EpochColumns, column: str | None, stated: tuple[str, ...] | None) -> dict[str, Any]:
    if column is None:
        if stated is not None and len(stated) > 1:
            raise InputError(
                f"bands {', '.join(stated)} were stated but no column says which an epoch is in; state it with "
                "columns={'band': ...}."
            )
        return {"bands": stated or ("V",)}
    codes, names = band_codes(read.epochs[column])
    return {"band": codes, "bands": names or stated or ("V",)}


def band_codes(values: Any) -> tuple[NDArray[np.int16], tuple[str, ...]]:
    """Numbers (N,) of bands in the alphabetical order of their names; a band that is missing is named "?"."""
    import pandas as pd

    codes, found = _arrow_codes(values) if hasattr(values, "null_count") else pd.factorize(np.asarray(values))
    if not len(codes):
        return np.empty(0, np.int16), ()
    names = [_band_name(name) for name in found] + ["?"]  # code -1 is the last
    used = sorted({names[code] for code in np.unique(codes)})
    number = {name: i for i, name in enumerate(used)}
    return np.array([number.get(name, 0) for name in names], np.int16)[codes], tuple(used)


def _band_name(name: Any) -> str:
    text = (name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name)).strip() or "?"
    return text.removesuffix(".0") if isinstance(name, float) else text


def _arrow_codes(values: Any) -> tuple[NDArray[Any], list[Any]]:
    import pyarrow as pa

    chunked = values if hasattr(values, "chunks") else pa.chunked_array([values])
    chunked = chunked if pa.types.is_dictionary(chunked.type) else chunked.dictionary_encode()
    chunked = chunked.unify_dictionaries()
    if not chunked.num_chunks:
        return np.empty(0, np.int64), []
    parts = [chunk.indices.fill_null(-1).to_numpy(zero_copy_only=False) for chunk in chunked.chunks]
    return np.concatenate(parts).astype(np.int64), chunked.chunk(0).dictionary.to_pylist()
