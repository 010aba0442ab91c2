"""Long tables: one row an epoch, with a column that says of which object."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from checkstar.data.curve_columns import CurveSchema, EpochColumns, find_id, find_roles
from checkstar.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["grouped", "require_once", "whole_objects"]

_LARGEST_EXACT = 2.0**53  # beyond, neighbouring integers are the same float


def grouped(frame: pd.DataFrame, schema: CurveSchema, units: Mapping[str, str] | None = None) -> EpochColumns:
    """The epochs of each object together, in the order in which objects, and the epochs of each, first come.

    Columns that are constant within every object become metadata; others that are no part of a light curve are left
    out. The name of the object is the metadata column ``id``.

    Parameters
    ----------
    frame : table
        One row an epoch.
    schema : CurveSchema
        What is stated about the columns.
    units : mapping of column to unit, optional
        Units of columns, where known.

    Raises
    ------
    InputError
        If columns cannot be told, or an epoch does not say of which object it is.
    """
    import pandas as pd

    frame = frame if isinstance(frame.index, pd.RangeIndex) else frame.reset_index()
    frame = frame.rename(columns=str)
    name = find_id(frame.columns, schema.columns)
    codes = np.asarray(pd.factorize(frame[name])[0])
    if (codes < 0).any():
        rows = ", ".join(map(str, np.flatnonzero(codes < 0)[:5]))
        raise InputError(f"column {name!r} names no object for {(codes < 0).sum()} epochs (rows {rows}); fill it.")
    if (np.diff(codes) < 0).any():
        order = np.argsort(codes, kind="stable")
        frame, codes = frame.iloc[order].reset_index(drop=True), codes[order]
    offsets = np.concatenate([[0], np.cumsum(np.bincount(codes))]).astype(np.int64)
    others = [str(column) for column in frame.columns if column != name]
    roles = find_roles(others, schema.columns)
    meta = {"id": _names(frame[name].iloc[offsets[:-1]])}
    for column in others:
        if column not in roles and column != "id" and _is_constant(frame[column], codes, offsets):
            meta[column] = frame[column].iloc[offsets[:-1]]
    return EpochColumns(
        epochs={column: _array(frame[column]) for column in roles if column is not None},
        offsets=offsets,
        meta=pd.DataFrame(meta).reset_index(drop=True),
        units=units or {},
    )


def require_once(columns: Iterable[str]) -> None:
    """Refuse a table in which a name stands for two columns."""
    names = list(columns)
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputError(f"two columns are named {twice!r}; give each a name of its own.")


def _names(column: pd.Series) -> pd.Series:
    """Names of objects as text or integers; numbers that cannot tell neighbours apart are refused."""
    if column.dtype == object:
        return column.map(
            lambda name: name.decode("utf-8", "backslashreplace").strip() if isinstance(name, bytes) else name
        )
    if column.dtype.kind != "f":
        return column
    if (column.abs() >= _LARGEST_EXACT).any():
        raise InputError(
            f"column {column.name!r} holds names of objects as floating-point numbers up to {column.max():.16g}, of which "
            "several are one; write them as integers below 2^63, or as text."
        )
    return column.astype(np.int64) if (column == column.round()).all() else column


def whole_objects(batches: Iterable[pd.DataFrame], column: str, n_objects: int) -> Iterator[pd.DataFrame]:
    """Tables of at most `n_objects` whole objects from batches of rows in which each object stands together.

    Raises
    ------
    InputError
        If an object comes again after another one: then only reading everything can put it together.
    """
    import pandas as pd

    seen: set[Any] = set()
    rest: pd.DataFrame | None = None
    for batch in batches:
        frame = batch if rest is None else pd.concat([rest, batch], ignore_index=True)
        starts = _starts(frame[column])
        n_whole = (len(starts) - 1) // n_objects * n_objects  # the last object may go on in the next batch
        cuts = starts[: n_whole + 1 : n_objects]
        for first, last in pairwise(cuts):
            yield _unseen(frame.iloc[first:last].reset_index(drop=True), column, seen)
        rest = frame.iloc[starts[n_whole] if len(starts) else 0 :].reset_index(drop=True)
    if rest is not None and len(rest):
        for first, last in pairwise([*_starts(rest[column])[::n_objects], len(rest)]):
            yield _unseen(rest.iloc[first:last].reset_index(drop=True), column, seen)


def _unseen(frame: pd.DataFrame, column: str, seen: set[Any]) -> pd.DataFrame:
    names = frame[column].iloc[_starts(frame[column])]
    for name in names:
        if name in seen:
            raise InputError(
                f"object {name!r} comes again after another object, so the table cannot be read in parts; sort it by "
                f"{column!r}, or read it whole with read_light_curves."
            )
        seen.add(name)
    return frame


def _starts(column: pd.Series) -> NDArray[np.intp]:
    """Rows at which another object begins."""
    values = column.to_numpy()
    return np.flatnonzero(np.concatenate([[True], values[1:] != values[:-1]])) if len(values) else np.empty(0, np.intp)


def _is_constant(column: pd.Series, owner: NDArray[Any], offsets: NDArray[np.int64]) -> bool:
    import pandas as pd

    try:
        codes = np.asarray(pd.factorize(column)[0])
    except TypeError:  # lists and other things that cannot be compared
        return False
    return bool((codes == codes[offsets[:-1]][owner]).all()) if len(codes) else True


def _array(column: pd.Series) -> NDArray[Any]:
    import pandas as pd

    if isinstance(column.dtype, pd.api.extensions.ExtensionDtype) and pd.api.types.is_numeric_dtype(column):
        return column.to_numpy(dtype=float, na_value=np.nan)
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        return column.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy()
    return column.to_numpy()
