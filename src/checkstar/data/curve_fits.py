"""FITS tables of light curves: arrays of variable length in one row an object, or one row an epoch."""

from __future__ import annotations

import gzip
import json
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from checkstar.data.curve_columns import CurveSchema, EpochColumns, epochs_in_lists, light_curves_of
from checkstar.data.curve_tables import LISTS, stored_settings
from checkstar.data.files import HEADER_KEY, StoredColumns, header_text, meta_column, meta_record
from checkstar.data.light_curves import LightCurves
from checkstar.data.tables import native_array
from checkstar.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["read_fits", "write_fits"]

_MOST_IN_HEAP = 2**31 - 1  # bytes that a descriptor of 32 bits can reach
_EPOCH_TYPES = {"B": "u1", "I": ">i2", "J": ">i4", "K": ">i8", "E": ">f4", "D": ">f8"}


def write_fits(curves: LightCurves, path: Path) -> None:
    """Write light curves as one FITS table of one row an object, with columns of variable length."""
    from astropy.io import fits

    columns = StoredColumns({}, "fits")
    record = {
        "light_curves": 1,
        **stored_settings(curves),
        "meta": [meta_record(columns, str(name), curves.meta[name]) for name in curves.meta.columns],
    }
    flat = [fits.Column(name, _format(values), array=values) for name, values in columns.columns.items()]
    letter = "P" if 24 * len(curves.time) < _MOST_IN_HEAP else "Q"
    lists = [
        fits.Column("time", f"{letter}D()", unit="d", array=_split(curves.time, curves.offsets)),
        fits.Column("value", f"{letter}D()", unit=_fits_unit(curves.unit), array=_split(curves.value, curves.offsets)),
        fits.Column("error", f"{letter}D()", unit=_fits_unit(curves.unit), array=_split(curves.error, curves.offsets)),
    ]
    if len(curves.bands) > 1:
        lists.append(fits.Column("band", f"{letter}I()", array=_split(curves.band, curves.offsets)))  # type: ignore[arg-type]
    hdu = fits.BinTableHDU.from_columns([*flat, *lists], nrows=len(curves))
    hdu.header["BANDS"] = (",".join(curves.bands).encode("ascii", "replace").decode(), "names of band 0, 1, ...")
    hdu.header[HEADER_KEY] = header_text(record)
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(path, overwrite=True)


def _format(values: NDArray[Any]) -> str:
    letters = {"b1": "L", "u1": "B", "i2": "I", "i4": "J", "i8": "K", "f4": "E", "f8": "D"}
    if values.dtype.kind == "S":
        return f"{max(values.dtype.itemsize, 1)}A"
    code = f"{values.dtype.kind}{values.dtype.itemsize}"
    if code not in letters:
        raise InputError(f"metadata of type {values.dtype} cannot be stored in FITS; use Parquet.")
    return letters[code]


def _fits_unit(unit: str) -> str | None:
    from astropy import units

    try:
        return str(units.Unit(unit).to_string("fits")) or None
    except (ValueError, TypeError):
        return None  # the header keeps it as text


def _split(values: NDArray[Any], offsets: NDArray[np.int64]) -> NDArray[Any]:
    lists = np.empty(len(offsets) - 1, dtype=object)
    for i, (first, last) in enumerate(pairwise(offsets)):
        lists[i] = values[first:last]
    return lists


def read_fits(path: Path, schema: CurveSchema) -> LightCurves:
    """Light curves from the first table of a FITS file: arrays in the rows of objects, or one row an epoch."""
    from astropy.io import fits

    opener: Any = gzip.open if path.name.lower().endswith(".gz") else open
    with _damage_raised(), opener(path, "rb") as stream, fits.open(stream, memmap=False) as hdus:
        for hdu in hdus:
            if isinstance(hdu, fits.BinTableHDU) and not isinstance(hdu, fits.CompImageHDU):
                place = hdu.fileinfo()
                stream.seek(place["datLoc"])
                return _from_table(_RawTable(hdu, stream.read(place["datSpan"])), schema)
    raise InputError(f"{path} is FITS but holds no binary table; give a file with a table extension.")


@contextmanager
def _damage_raised() -> Iterator[None]:
    """A header that is cut off is an error; of what else astropy warns, missing rows raise and the rest is harmless."""
    from astropy.utils.exceptions import AstropyUserWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AstropyUserWarning)
        warnings.filterwarnings("error", message="Error validating header", category=AstropyUserWarning)
        yield


def _from_table(table: _RawTable, schema: CurveSchema) -> LightCurves:
    from checkstar.data.curve_groups import grouped

    record = json.loads(table.header.get(HEADER_KEY, "{}"))
    is_own = "light_curves" in record
    if is_own:
        lists = {name: name for name in LISTS if name in table.lists}
        known = {key: record[key] for key in ("unit", "time_scale", "bands", "name", "citation")}
        schema = schema.filled(known | {"columns": lists, "time_format": "mjd"})
    if not table.lists:
        return light_curves_of(grouped(table.frame(), schema, table.units), schema)
    epochs, offsets = epochs_in_lists(table.lists, schema.columns, table.lengths, table.flat)
    meta = table.frame() if not is_own else table.meta(record["meta"])
    if is_own and "band" in epochs:
        import pyarrow as pa

        epochs["band"] = pa.DictionaryArray.from_arrays(pa.array(epochs["band"]), pa.array(record["bands"]))
    return light_curves_of(EpochColumns(epochs, offsets, meta, table.units), schema)


class _RawTable:
    """A binary table read from its bytes: astropy makes one array an object and column, which takes long."""

    def __init__(self, hdu: Any, raw: bytes) -> None:
        self.header, self.columns = hdu.header, {column.name: column for column in hdu.columns}
        self.rows = np.frombuffer(raw, hdu.columns.dtype.newbyteorder(">"), count=self.header["NAXIS2"])
        self.heap = memoryview(raw)[self.header.get("THEAP", self.header["NAXIS1"] * self.header["NAXIS2"]) :]
        self.units = {name: str(column.unit) for name, column in self.columns.items() if column.unit}
        self.lists = [name for name in self.columns if self._is_list(name)]

    def lengths(self, name: str) -> NDArray[np.int64]:
        """Number of entries (n,) in the list of each object."""
        rows = self.rows[name]
        return rows[:, 0].astype(np.int64) if self._letter(name) else np.full(len(rows), rows.shape[1], np.int64)

    def flat(self, name: str) -> NDArray[Any]:
        """Entries of all lists of a column, one after the other."""
        letter, rows = self._letter(name), self.rows[name]
        if not letter:
            return self._scaled(name, rows.ravel())
        type_ = np.dtype(_EPOCH_TYPES[letter])
        lists = [np.frombuffer(self.heap, type_, count, first) for count, first in rows.tolist() if count]
        return self._scaled(name, np.concatenate([np.empty(0, type_), *lists]))

    def frame(self) -> pd.DataFrame:
        """The columns of one value a row."""
        import pandas as pd

        names = [name for name in self.columns if name not in self.lists and self.rows[name].ndim == 1]
        return pd.DataFrame({name: self._values(name) for name in names}, index=range(len(self.rows)))

    def meta(self, items: list[dict[str, Any]]) -> pd.DataFrame:
        """The metadata that `write_fits` stored."""
        import pandas as pd
        from astropy.table import Table

        table = Table({item["column"]: self._values(item["column"]) for item in items})
        return pd.DataFrame({item["name"]: meta_column(table, item) for item in items}, index=range(len(self.rows)))

    def _letter(self, name: str) -> str:
        """Type of the entries of a column of variable length, or nothing."""
        text = str(self.columns[name].format).lstrip("01")
        return text[1] if text[:1] in ("P", "Q") else ""

    def _is_list(self, name: str) -> bool:
        letter, type_ = self._letter(name), self.rows.dtype[name]
        return letter in _EPOCH_TYPES if letter else len(type_.shape) == 1 and type_.base.kind in "fiu"

    def _values(self, name: str) -> NDArray[Any]:
        raw = self.rows[name]
        if str(self.columns[name].format).endswith("L"):
            return raw.view(np.uint8) == ord("T")
        return np.char.rstrip(native_array(raw)) if raw.dtype.kind == "S" else self._scaled(name, raw)

    def _scaled(self, name: str, raw: NDArray[Any]) -> NDArray[Any]:
        column = self.columns[name]
        values = raw.astype(raw.dtype.newbyteorder("="))
        if column.null is not None and values.dtype.kind in "iu":
            values = np.where(values == column.null, np.nan, values)
        scale, zero = (1 if column.bscale in (None, "") else column.bscale), column.bzero or 0
        if scale == 1 and zero == 0:
            return values
        if scale == 1 and values.dtype.kind == "i" and zero == 1 << (8 * values.itemsize - 1):
            # Unsigned integers, of which no float can hold the largest: the offset is one flipped bit.
            unsigned = np.dtype(f"u{values.itemsize}")
            return values.view(unsigned) ^ unsigned.type(zero)
        return values * float(scale) + float(zero)
