"""Tables of light curves: Arrow list columns, or one struct of lists, as nested-pandas and HATS write them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from checkstar.data.curve_columns import CurveSchema, EpochColumns, epochs_in_lists, find_roles, light_curves_of
from checkstar.data.light_curves import LightCurves
from checkstar.errors import InputError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

__all__ = ["LISTS", "from_arrow", "is_nested", "needed_columns", "read_arrow", "stored_settings", "to_arrow"]

#: Names of the columns of lists in what is written.
LISTS = ("time", "value", "error", "band")
METADATA_KEY = b"checkstar"
_MOST_INT32 = 2**31 - 1


def from_arrow(table: pa.Table, columns: Mapping[str, str] | None = None, **settings: Any) -> LightCurves:
    """Light curves from an Arrow table: list columns, a struct of lists, a list of structs, or one row an epoch.

    Numbers in float64 without missing ones are not copied where the table has one chunk.

    Parameters
    ----------
    table : pyarrow.Table
        Flat columns become the metadata.
    columns : mapping of role to column, optional
        See `checkstar.data.curve_columns.CurveSchema`, as for the other settings.

    Raises
    ------
    InputError
        If columns cannot be told, or lists of one object have different lengths.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from_arrow(pa.table({"id": ["a", "b"], "mjd": [[1.0, 2.0], [3.0]], "mag": [[15.0, 15.1], [12.0]]}))
    LightCurves(2 objects; 3 epochs in V; mag)
    """
    return read_arrow(table, CurveSchema(columns=columns or {}, **settings))


def read_arrow(table: pa.Table, schema: CurveSchema) -> LightCurves:
    """As `from_arrow`, for what is stated in `schema`."""
    from checkstar.data.curve_groups import grouped

    schema = schema.filled(stored_schema(table.schema))
    if is_nested(table.schema):
        return light_curves_of(_nested(table, schema), schema)
    return light_curves_of(grouped(table.to_pandas(), schema), schema)


def is_nested(schema: pa.Schema) -> bool:
    """Whether one row is one object: some column holds lists."""
    return bool(list_columns(schema))


def list_columns(schema: pa.Schema) -> dict[str, tuple[str, ...]]:
    """Path of every column of lists: ("mjd",) of ``mjd``, ("lc", "mjd") of ``lc.mjd`` in a struct."""
    found: dict[str, tuple[str, ...]] = {}
    for column in schema:
        fields = _fields(column.type)
        if fields is None and _is_list(column.type):
            found[column.name] = (column.name,)
        found |= {f"{column.name}.{name}": (column.name, name) for name in fields or ()}
    return found


def needed_columns(schema: pa.Schema, stated: Mapping[str, str]) -> list[str]:
    """Columns of a nested table that are worth reading: those of the light curves, and the flat ones."""
    paths = list_columns(schema)
    roles = find_roles(paths, stated)
    lists = [".".join(paths[name]) for name in roles if name is not None]
    return _flat_columns(schema) + lists


def stored_schema(schema: pa.Schema) -> dict[str, Any]:
    """What `to_arrow` said about the table; nothing, if somebody else wrote it."""
    text = (schema.metadata or {}).get(METADATA_KEY)
    if text is None:
        return {}
    known = json.loads(text)
    return known | {"columns": {name: name for name in LISTS if name in schema.names}, "time_format": "mjd"}


def to_arrow(curves: LightCurves) -> pa.Table:
    """The light curves as a table: the metadata, then the lists time, value, error and, of several bands, band.

    Unit, time scale, bands, name and citation are in the metadata of its schema, as JSON under "checkstar".

    Raises
    ------
    InputError
        If a column of the metadata has the name of a list, or cannot be stored.
    """
    import pyarrow as pa

    taken = set(LISTS) & set(curves.meta.columns)
    if taken:
        raise InputError(f"metadata column {taken.pop()!r} has the name of a part of the light curve; rename it.")
    table = _meta_table(curves.meta)
    offsets, lists = _list_type(curves.offsets)
    columns = {name: lists.from_arrays(offsets, pa.array(getattr(curves, name))) for name in ("time", "value", "error")}
    if len(curves.bands) > 1:
        coded = pa.DictionaryArray.from_arrays(pa.array(curves.band), pa.array(curves.bands))
        columns["band"] = lists.from_arrays(offsets, coded.cast(pa.string()))
    metadata = (table.schema.metadata or {}) | {METADATA_KEY: json.dumps(stored_settings(curves)).encode()}
    meta = {name: table.column(name) for name in table.schema.names}
    return pa.table(meta | columns).replace_schema_metadata(metadata)


def stored_settings(curves: LightCurves) -> dict[str, Any]:
    """What a file keeps of light curves beside their columns."""
    return {key: getattr(curves, key) for key in ("unit", "time_scale", "bands", "name", "citation")}


def _meta_table(meta: pd.DataFrame) -> pa.Table:
    import pyarrow as pa

    try:
        return pa.Table.from_pandas(meta, preserve_index=False)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
        raise InputError(
            f"the metadata cannot be stored ({str(error).splitlines()[0][:160]}); turn the column into numbers or text."
        ) from None


def _list_type(offsets: NDArray[np.int64]) -> tuple[pa.Array, Any]:
    import pyarrow as pa

    if offsets[-1] > _MOST_INT32:
        return pa.array(offsets, pa.int64()), pa.LargeListArray
    return pa.array(offsets.astype(np.int32), pa.int32()), pa.ListArray


def _nested(table: pa.Table, schema: CurveSchema) -> EpochColumns:
    paths = list_columns(table.schema)
    epochs, offsets = epochs_in_lists(
        paths,
        schema.columns,
        lambda name: _lengths(_lists(table, paths[name])),
        lambda name: _flat(_lists(table, paths[name])),
    )
    return EpochColumns(epochs, offsets, _meta(table), {})


def _is_list(type_: pa.DataType) -> bool:
    from pyarrow import types

    return types.is_list(type_) or types.is_large_list(type_) or types.is_fixed_size_list(type_)


def _fields(type_: pa.DataType) -> list[str] | None:
    """Names of the lists in a struct of lists or a list of structs; None of any other type."""
    from pyarrow import types

    if types.is_struct(type_):
        return [field.name for field in type_ if _is_list(field.type)] or None
    if _is_list(type_) and types.is_struct(type_.value_type):
        return [field.name for field in type_.value_type]
    return None


def _lists(table: pa.Table, path: tuple[str, ...]) -> list[pa.Array]:
    """The chunks of a column of lists, wherever it stands."""
    chunks = table.column(path[0]).chunks
    return [_field(chunk, path[1]) if len(path) > 1 else chunk for chunk in chunks]


def _field(chunk: pa.Array, name: str) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_struct(chunk.type):
        return pc.struct_field(chunk, name)
    lengths = pc.list_value_length(chunk).fill_null(0).to_numpy(zero_copy_only=False)
    offsets = pa.array(np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]))
    return pa.LargeListArray.from_arrays(offsets, pc.struct_field(chunk.flatten(), name))


def _lengths(chunks: Sequence[pa.Array]) -> NDArray[np.int64]:
    import pyarrow.compute as pc

    found = [pc.list_value_length(chunk).fill_null(0).to_numpy(zero_copy_only=False) for chunk in chunks]
    return np.concatenate([np.empty(0, np.int64), *found]).astype(np.int64)


def _flat(chunks: Sequence[pa.Array]) -> Any:
    import pyarrow as pa

    flat = [chunk.flatten() for chunk in chunks]  # a view, without the entries of missing lists
    return flat[0] if len(flat) == 1 else pa.chunked_array(flat, type=flat[0].type if flat else pa.float64())


def _flat_columns(schema: pa.Schema) -> list[str]:
    return [column.name for column in schema if not _is_list(column.type) and _fields(column.type) is None]


def _meta(table: pa.Table) -> pd.DataFrame:
    import pandas as pd

    frame = table.select(_flat_columns(table.schema)).to_pandas()
    frame = frame if isinstance(frame.index, pd.RangeIndex) else frame.reset_index()
    return frame.reset_index(drop=True) if len(frame.columns) else pd.DataFrame(index=range(len(table)))
