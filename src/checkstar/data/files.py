"""Files: a dataset as Parquet, FITS or ECSV, complete and with units.

They work on the fields of a `checkstar.data.Dataset`, which calls them; they do not know the class.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from checkstar.data.tables import format_of, native_array, read_astropy, readable, require_content
from checkstar.errors import InputError
from checkstar.noise import Gaussian, Noise, Poisson

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "HEADER_KEY",
    "StoredColumns",
    "header_text",
    "meta_column",
    "meta_record",
    "read_fields",
    "replacing",
    "write_fields",
]

DATASET_FORMATS = ("parquet", "fits", "ascii.ecsv")
HEADER_KEY = "CHKSTAR"  # eight letters at most, or FITS needs a non-standard card


def write_fields(dataset: Any, path: str | os.PathLike[str]) -> None:
    """Write the fields of a dataset, complete and with units, as Parquet, FITS or ECSV by the suffix of `path`.

    The file appears whole or not at all: it is written beside `path` and renamed. An existing file is replaced.

    Raises
    ------
    InputError
        If the suffix is unknown, the folder is missing, or the noise or a column of the metadata cannot be stored.
    """
    path = Path(path)
    format_ = format_of(path, DATASET_FORMATS)
    if not path.parent.is_dir():
        raise InputError(f"the folder {path.parent} of {path.name} does not exist; create it first.")
    table = _table_of(dataset, format_)
    with replacing(path) as beside:
        table.write(beside, format=format_, overwrite=True)


def read_fields(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read what `write_fields` wrote, as the arguments of a `Dataset`.

    Raises
    ------
    InputError
        If the file is missing, empty, unreadable or was not written by `write_fields`.
    """
    path = Path(path)
    format_ = format_of(path, DATASET_FORMATS)
    require_content(path)
    with readable(path, format_):
        table = read_astropy(path, format_)
        record = table.meta.get(HEADER_KEY)
        if record is not None:
            return _fields_of(table, json.loads(record))
    raise InputError(
        f"{path} is a table but not a dataset written by checkstar; read it with read_table and build a Dataset from "
        "its columns."
    )


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A path beside `path` that takes its name when the block ends well, and vanishes when it does not."""
    handle, name = tempfile.mkstemp(prefix=".", suffix=path.name[-60:], dir=path.parent)
    os.close(handle)
    beside = Path(name)
    try:
        yield beside
        umask = os.umask(0)
        os.umask(umask)
        beside.chmod(0o666 & ~umask)  # mkstemp gives the owner alone access
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _table_of(dataset: Any, format_: str) -> Any:
    """The dataset as an astropy table whose header holds, as JSON, everything that is not one row per object."""
    from astropy.table import Table

    columns = StoredColumns(dataset.units, format_)
    record: dict[str, Any] = {
        "version": 1,
        "features": dataset.features,
        "labels": dataset.labels,
        "units": dataset.units,
        "task": dataset.task,
        "name": dataset.name,
        "citation": dataset.citation,
        "noise": _noise_record(dataset.noise),
        "x": None if dataset.x is None else columns.add("x", dataset.x, dataset.features),
        "y": columns.add_each("y", dataset.y, dataset.labels),
        "y_err": columns.add_each("y_err", dataset.y_err, dataset.labels),
        "meta": [meta_record(columns, name, dataset.meta[name]) for name in dataset.meta.columns],
    }
    if record["noise"] == {"kind": "gaussian"}:
        sigma = dataset.noise.sigma_
        record["noise"]["column"] = columns.add("noise_sigma", sigma, dataset.features)
    for role, column, values in (
        ("group", dataset.group_name, dataset.group),
        ("weight", dataset.weight_name, dataset.weight),
    ):
        if values is not None:
            named = column in dataset.meta and _same_values(dataset.meta[column].to_numpy(), values)
            record[role] = column if named else {"column": columns.add(role, np.asarray(values))}
    table = Table(columns.columns)
    for name, unit in columns.units.items():
        table[name].unit = unit
    table.meta[HEADER_KEY] = header_text(record)
    return table


def _same_values(one: NDArray[Any], other: NDArray[Any]) -> bool:
    # As text too: NaN differs from itself.
    return np.array_equal(one, other) or np.array_equal(one.astype(str), other.astype(str))


class StoredColumns:
    """Columns under names that every format can hold: ASCII, unique without regard to case."""

    def __init__(self, units: dict[str, str], format_: str) -> None:
        self.columns: dict[str, NDArray[Any]] = {}
        self.units: dict[str, str] = {}
        self._known_units, self._is_fits = units, format_ == "fits"

    def add(self, wanted: str, values: NDArray[Any], measured: tuple[str, ...] = ()) -> str:
        """Store `values`; `measured` names what they are, for the unit that all of them share."""
        stem = re.sub(r"[^A-Za-z0-9_]", "_", wanted)
        taken = {name.casefold() for name in self.columns}
        candidates = chain([stem], (f"{stem}_{i}" for i in count(2)))
        name = next(candidate for candidate in candidates if candidate.casefold() not in taken)
        text = values.dtype.kind in "UO"
        values = np.asarray(values, dtype=str) if text else values
        # FITS text is ASCII; UTF-8 bytes pass through it unharmed.
        self.columns[name] = np.char.encode(values, "utf-8") if text and self._is_fits else values
        shared = {self._known_units.get(item, "") for item in measured}
        if len(shared) == 1 and _can_be_stored(unit := shared.pop(), self._is_fits):
            self.units[name] = unit
        return name

    def add_each(self, prefix: str, values: NDArray[Any] | None, labels: tuple[str, ...]) -> list[str] | None:
        """One column a label, so that other programs find them."""
        if values is None:
            return None
        return [self.add(f"{prefix}_{label}", values[:, i], (label,)) for i, label in enumerate(labels)]


def _can_be_stored(unit: str, in_fits: bool) -> bool:
    """Whether a column may carry the unit; the header keeps every unit as text, so that none is lost."""
    from astropy import units

    parsed = units.Unit(unit, parse_strict="silent")
    if unit == "" or isinstance(parsed, units.UnrecognizedUnit):
        return False
    try:
        return not in_fits or bool(parsed.to_string("fits"))
    except ValueError:  # FITS knows no dex
        return False


def _noise_record(noise: Noise | None) -> dict[str, Any] | None:
    if noise is None:
        return None
    if isinstance(noise, Poisson):
        return {"kind": "poisson", "gain": noise.gain, "read_noise": noise.read_noise}
    if isinstance(noise, Gaussian):
        one_for_all = noise.sigma_.ndim < 2
        return {"kind": "gaussian", "sigma": noise.sigma_.tolist()} if one_for_all else {"kind": "gaussian"}
    raise InputError(
        f"noise of kind {type(noise).__name__} cannot be stored in a table; store the dataset with Gaussian or Poisson "
        "noise, or with noise=None, and give the noise again after reading."
    )


def meta_record(columns: StoredColumns, name: str, column: pd.Series) -> dict[str, Any]:
    import pandas as pd

    missing = np.flatnonzero(column.isna())
    kind = str(column.dtype)
    if column.dtype.kind == "M":
        values = column.map(lambda value: "" if pd.isna(value) else value.isoformat()).to_numpy(dtype=str)
    elif column.dtype.kind in "biuf" and not isinstance(column.dtype, pd.api.extensions.ExtensionDtype):
        values, missing = column.to_numpy(), missing[:0]  # NaN is a number in every format
    elif pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
        numpy_kind: Any = getattr(column.dtype, "numpy_dtype", column.dtype)
        values = column.to_numpy(dtype=numpy_kind, na_value=0)
    else:
        values = _text(name, column)
    unit_of = (name,) if values.dtype.kind in "iuf" else ()
    return {
        "name": name,
        "column": columns.add(f"meta_{name}", values, unit_of),
        "dtype": kind,
        "missing": missing.tolist(),
        "nulls": sorted({type(value).__name__ for value in column[missing]}) if kind == "object" else [],
    }


def _text(name: str, column: pd.Series) -> NDArray[Any]:
    present = column.dropna()
    other = {type(value).__name__ for value in present if not isinstance(value, str)}
    if other:
        raise InputError(
            f"metadata column {name!r} holds {', '.join(sorted(other))} values that a table cannot store; "
            "turn them into numbers or text first."
        )
    return column.astype(object).where(column.notna(), "").to_numpy(dtype=str)


def header_text(record: dict[str, Any]) -> str:
    """JSON in which nothing is left that a FITS header would trim, split or double."""
    text = json.dumps(record, separators=(",", ":"))
    return text.replace(" ", "\\u0020").replace("'", "\\u0027").replace("&", "\\u0026")


def _fields_of(table: Any, record: dict[str, Any]) -> dict[str, Any]:
    import pandas as pd

    meta = {item["name"]: meta_column(table, item) for item in record["meta"]}
    roles = {}
    for role in ("group", "weight"):
        stored = record.get(role)
        roles[role] = _values(table, stored["column"]) if isinstance(stored, dict) else stored
    return dict(
        x=None if record["x"] is None else _values(table, record["x"]),
        y=_stacked(table, record["y"]),
        y_err=_stacked(table, record["y_err"]),
        noise=_noise_of(table, record["noise"]),
        meta=pd.DataFrame(meta) if meta else None,
        features=record["features"],
        labels=record["labels"],
        units=record["units"],
        task=record["task"],
        name=record["name"],
        citation=record["citation"],
        **roles,
    )


def _noise_of(table: Any, record: dict[str, Any] | None) -> Noise | None:
    if record is None:
        return None
    if record["kind"] == "poisson":
        return Poisson(gain=record["gain"], read_noise=record["read_noise"])
    return Gaussian(_values(table, record["column"]) if "column" in record else record["sigma"])


def meta_column(table: Any, item: dict[str, Any]) -> pd.Series:
    import pandas as pd

    values, missing, dtype = _values(table, item["column"]), item["missing"], item["dtype"]
    if dtype.startswith("datetime64"):
        text = pd.Series(values, dtype=object).where(~np.isin(np.arange(len(values)), missing), None)
        return pd.to_datetime(text, format="ISO8601").astype(dtype)
    if values.dtype.kind not in "UO":
        column = pd.Series(values).astype(dtype)
        return column.mask(np.isin(np.arange(len(values)), missing)) if missing else column
    text = pd.Series(values, dtype=object)
    text.iloc[missing] = None if item["nulls"] == ["NoneType"] else np.nan
    return text if dtype == "object" else text.astype(dtype)


def _stacked(table: Any, names: list[str] | None) -> NDArray[Any] | None:
    return None if names is None else np.stack([_values(table, name) for name in names], axis=1)


def _values(table: Any, name: str) -> NDArray[Any]:
    """A stored column as it was: NaN and empty text come back masked from some formats."""
    column = table[name]
    if np.ma.isMaskedArray(column):
        column = column.filled("" if column.dtype.kind in "USO" else np.nan)
    return native_array(column)
