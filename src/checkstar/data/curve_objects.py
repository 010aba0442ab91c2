"""Objects of other libraries as light curves: astropy and lightkurve time series, tables, data frames, Arrow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from checkstar.data.curve_columns import CurveSchema, EpochColumns, find_roles, light_curves_of
from checkstar.data.curve_groups import grouped, require_once
from checkstar.data.curve_tables import read_arrow
from checkstar.data.light_curves import LightCurves, joined
from checkstar.data.tables import native_array
from checkstar.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["from_object", "from_table", "is_catalogue", "parts_of_catalogue"]

#: Formats of times that are barycentric, whatever the scale says.
_BARYCENTRIC = ("btjd", "bkjd")
_NAMES = ("OBJECT", "TARGETID", "LABEL", "targetid", "label", "object", "name", "id")


def from_object(source: Any, schema: CurveSchema) -> LightCurves:
    """Light curves from an object in memory, told by what it can do, so that its library need not be installed.

    Raises
    ------
    InputError
        If it is of no known kind.
    """
    if isinstance(source, LightCurves):
        return source
    if is_catalogue(source):
        return joined(list(parts_of_catalogue(source, schema)))
    if hasattr(source, "schema") and hasattr(source, "column_names"):
        return read_arrow(source, schema)
    if hasattr(source, "colnames"):
        return _one_series(source, schema) if _is_series(source) else from_table(source, schema)
    if hasattr(source, "iloc") and hasattr(source, "columns"):
        return _from_frame(source, schema)
    if isinstance(source, Mapping) and source:
        return _many_series(list(source.values()), [str(name) for name in source], schema)
    if isinstance(source, Sequence) and not isinstance(source, str | bytes) and len(source):
        return _many_series(list(source), None, schema)
    raise InputError(
        f"{type(source).__name__} is no kind of light curves that is known; give a path, an Arrow or astropy table, a "
        "data frame, a TimeSeries or lightkurve object, or a list or mapping of these."
    )


def is_catalogue(source: Any) -> bool:
    """Whether this is a catalogue of lsdb, which is read partition by partition."""
    return hasattr(source, "to_delayed") and hasattr(source, "hc_structure")


def parts_of_catalogue(catalogue: Any, schema: CurveSchema) -> Iterator[LightCurves]:
    """The partitions of a catalogue of lsdb, computed one at a time in this process."""
    for part in catalogue.to_delayed():
        yield _from_frame(part.compute(scheduler="synchronous"), schema)


def _from_frame(frame: pd.DataFrame, schema: CurveSchema) -> LightCurves:
    import pyarrow as pa

    require_once(map(str, frame.columns))
    nested = any(str(kind).startswith(("nested", "list", "large_list", "struct")) for kind in frame.dtypes)
    if nested or any(_holds_lists(frame[name]) for name in frame.columns if frame[name].dtype == object):
        return read_arrow(pa.Table.from_pandas(frame, preserve_index=None), schema)
    return light_curves_of(grouped(frame, schema), schema)


def _holds_lists(column: pd.Series) -> bool:
    present = column.dropna()
    return bool(len(present)) and isinstance(present.iloc[0], list | tuple | np.ndarray)


def from_table(table: Any, schema: CurveSchema) -> LightCurves:
    """Light curves from an astropy table of one row an epoch, with its units and times."""
    import pandas as pd

    if any(getattr(table[name], "ndim", 1) == 2 for name in table.colnames):
        return read_arrow(_arrow_of(table), schema)
    columns, units, schema = _columns(table, schema)
    return light_curves_of(grouped(pd.DataFrame(columns), schema, units), schema)


def _arrow_of(table: Any) -> Any:
    import pyarrow as pa

    return pa.table({str(name): list(native_array(table[name])) for name in table.colnames})


def _is_series(source: Any) -> bool:
    time = getattr(source, "time", None)
    return hasattr(time, "mjd") and "time" in source.colnames


def _columns(table: Any, schema: CurveSchema) -> tuple[dict[str, NDArray[Any]], dict[str, str], CurveSchema]:
    columns: dict[str, NDArray[Any]] = {}
    units: dict[str, str] = {}
    for name in map(str, table.colnames):
        column = table[name]
        if hasattr(column, "mjd"):
            columns[name], scale = _mjd(column, schema.time_format)
            # Now they are MJD, whatever the name of the column says.
            schema = schema.filled({"time_scale": scale, "time_format": "mjd"})
        elif getattr(column, "ndim", 1) == 1 and getattr(column, "dtype", None) is not None:
            columns[name] = native_array(column)
        unit = getattr(column, "unit", None)
        if unit is not None and name in columns and not hasattr(column, "mjd"):
            units[name] = str(unit)
    return columns, units, schema


def _mjd(times: Any, time_format: str | None) -> tuple[NDArray[np.float64], str]:
    """Days and scale of an astropy Time; its bare numbers, if somebody says what they are."""
    if time_format is not None:
        return native_array(times.value).astype(float), ""
    scale = f"bjd_{times.scale}" if times.format in _BARYCENTRIC else str(times.scale)
    return native_array(times.mjd), scale


def _one_series(series: Any, schema: CurveSchema, name: str | None = None) -> LightCurves:
    import pandas as pd

    columns, units, schema = _columns(series, schema)
    roles = find_roles(columns, schema.columns)
    used = {column: columns[column] for column in roles if column is not None}
    offsets = np.array([0, len(used[roles.time])], dtype=np.int64)
    known = series.meta or {}
    name = name or next((str(known[key]) for key in _NAMES if known.get(key) not in (None, "")), "")
    return light_curves_of(EpochColumns(used, offsets, pd.DataFrame({"id": [name]}), units), schema)


def _many_series(series: list[Any], names: list[str] | None, schema: CurveSchema) -> LightCurves:
    wrong = [type(one).__name__ for one in series if not (hasattr(one, "colnames") and _is_series(one))]
    if wrong:
        raise InputError(
            f"{wrong[0]} stands among the light curves; give TimeSeries or lightkurve objects alone; "
            "a pandas.DataFrame of one row an epoch, or LightCurves.from_lists, takes plain columns."
        )
    named: list[str | None] = list(names) if names is not None else [None] * len(series)
    first = _one_series(series[0], schema, named[0])
    # All are brought to the unit of the first.
    schema = schema.filled({"unit": first.unit})
    rest = [_one_series(one, schema, name) for one, name in zip(series[1:], named[1:], strict=True)]
    curves = joined([first, *rest])
    empty = curves.meta["id"] == ""
    return curves.replace(meta=curves.meta.assign(id=curves.meta["id"].where(~empty, curves.meta.index.astype(str))))
