"""Tables: users' files of one row per object, from CSV, Parquet, FITS or ECSV, with units."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from checkstar.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "FORMATS",
    "TableWithUnits",
    "format_of",
    "native_array",
    "read_astropy",
    "read_table",
    "readable",
    "require_content",
]

FORMATS = {
    ".parquet": "parquet",
    ".pq": "parquet",
    ".fits": "fits",
    ".fit": "fits",
    ".fits.gz": "fits",
    ".ecsv": "ascii.ecsv",
    ".csv": "csv",
    ".csv.gz": "csv",
}


class TableWithUnits(NamedTuple):
    """A user's table, and the units of those columns that have one, as astropy writes them."""

    frame: pd.DataFrame
    units: dict[str, str]


def read_table(path: str | os.PathLike[str]) -> TableWithUnits:
    """Read a table of one row per object: CSV, Parquet, FITS or ECSV, told apart by the suffix.

    Missing numbers become NaN and missing text None; byte order becomes native; a column of vectors becomes one column
    per element (``p`` gives ``p_0``, ``p_1``); a ``#`` before the header line of a CSV is dropped.

    Parameters
    ----------
    path : path
        A file that ends in .csv, .csv.gz, .parquet, .pq, .fits, .fit, .fits.gz or .ecsv.

    Returns
    -------
    TableWithUnits
        ``frame`` (pandas.DataFrame) and ``units`` (mapping of column to unit; empty for CSV).

    Raises
    ------
    InputError
        If the file is missing, empty, unreadable, has an unknown suffix or no rows.
    """
    path = Path(path)
    format_ = format_of(path, tuple(FORMATS.values()))
    require_content(path)
    with readable(path, format_):
        if format_ == "csv":
            table = TableWithUnits(_read_csv(path), {})
        elif format_ == "parquet":
            table = _read_parquet(path)
        else:
            table = _plain(read_astropy(path, format_))
    if table.frame.empty:
        names = ", ".join(table.frame.columns) or "none"
        raise InputError(f"{path} has columns {names} but no rows; give one row per object.")
    return table


def format_of(path: Path, allowed: tuple[str, ...]) -> str:
    suffixes = [suffix for suffix, format_ in FORMATS.items() if format_ in allowed]
    # Longest first, so that .fits.gz is not taken for .gz alone.
    for suffix in sorted(suffixes, key=len, reverse=True):
        if path.name.lower().endswith(suffix):
            return FORMATS[suffix]
    raise InputError(f"{path.name!r} does not tell its format; use one of {', '.join(suffixes)}.")


def require_content(path: Path) -> None:
    if path.is_dir():
        raise InputError(f"{path} is a folder; give a file.")
    if not path.exists():
        raise InputError(f"there is no file {path}; check the path.")
    if path.stat().st_size == 0:
        raise InputError(f"{path} is empty (0 bytes); write or copy it again.")


@contextmanager
def readable(path: Path, format_: str) -> Iterator[None]:
    """Turn whatever a reader raises for a damaged file into one clear error."""
    try:
        yield
    except InputError:
        raise
    except _damage() as error:
        name = "ECSV" if format_ == "ascii.ecsv" else format_.upper()
        why = (str(error).strip() or type(error).__name__).splitlines()[0][:160]
        raise InputError(
            f"{path} cannot be read as {name} ({why}); check that it is whole and its suffix right."
        ) from error


def _damage() -> tuple[type[BaseException], ...]:
    """What the readers raise for damaged files; they share no base class."""
    import zlib

    from astropy.io.fits import VerifyError
    from astropy.utils.exceptions import AstropyUserWarning
    from yaml import YAMLError  # type: ignore[import-untyped]

    general = (OSError, EOFError, ValueError, TypeError, LookupError, ArithmeticError, AttributeError, RuntimeError)
    return (*general, zlib.error, VerifyError, AstropyUserWarning, YAMLError)


def read_astropy(path: Path, format_: str) -> Any:
    import warnings

    from astropy.table import Table

    with warnings.catch_warnings():
        # Missing padding is harmless; missing rows raise in any case.
        warnings.filterwarnings("ignore", message=".*truncated")
        return _read_fits(path) if format_ == "fits" else Table.read(path, format=format_)


def _read_fits(path: Path) -> Any:
    """The first table of a FITS file."""
    from astropy.io import fits
    from astropy.table import Table

    # Opened here because astropy leaves a file open whose header is damaged.
    with path.open("rb") as stream, fits.open(stream, memmap=False) as hdus:
        for hdu in hdus:
            if isinstance(hdu, fits.BinTableHDU | fits.TableHDU):
                return Table.read(hdu, format="fits", unit_parse_strict="silent")
    raise InputError(f"{path} is FITS but holds no table; give a file with a table extension.")


def _read_csv(path: Path) -> pd.DataFrame:
    import pandas as pd

    try:
        frame = pd.read_csv(path, engine="pyarrow")  # ten times faster than the default
    except (ValueError, pd.errors.ParserError):
        # Comment lines and ragged rows: the slower engine reads the first and explains the second.
        frame = pd.read_csv(path, comment="#") if not _header_is_commented(path) else pd.read_csv(path)
    frame.columns = [str(name).removeprefix("#").strip() for name in frame.columns]
    return frame


def _header_is_commented(path: Path) -> bool:
    import gzip

    opener: Any = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as stream:
        first, second = stream.readline(), stream.readline()
    return first.startswith("#") and not second.startswith("#") and first.count(",") == second.count(",")


def _read_parquet(path: Path) -> TableWithUnits:
    import pandas as pd
    import pyarrow.parquet as pq

    header = (pq.read_schema(path).metadata or {}).get(b"table_meta_yaml")
    if header is not None:  # written by astropy
        return _plain(read_astropy(path, "parquet"))
    frame = pq.read_table(path).to_pandas()
    frame = frame if isinstance(frame.index, pd.RangeIndex) else frame.reset_index()
    columns = {str(name): _native_series(frame[name]) for name in frame.columns}
    return TableWithUnits(pd.DataFrame(columns), {})


def _native_series(column: pd.Series) -> Any:
    import pandas as pd

    # Nullable numbers: a missing value is NaN, as everywhere else.
    if isinstance(column.dtype, pd.api.extensions.ExtensionDtype) and pd.api.types.is_numeric_dtype(column):
        return column.to_numpy(dtype=float, na_value=np.nan) if column.isna().any() else column.to_numpy()
    return column


def _plain(table: Any) -> TableWithUnits:
    """An astropy table as a DataFrame and units."""
    import pandas as pd

    columns: dict[str, Any] = {}
    units: dict[str, str] = {}
    for name in table.colnames:
        parts = _elements(str(name), native_array(table[name]))
        columns |= parts
        if getattr(table[name], "unit", None) is not None:
            units |= dict.fromkeys(parts, str(table[name].unit))
    return TableWithUnits(pd.DataFrame(columns), units)


def native_array(column: Any) -> NDArray[Any]:
    """Values of an astropy column: native byte order, text decoded, masked as NaN (None for text)."""
    values = getattr(column, "value", column)
    if hasattr(values, "unmasked"):  # astropy's own masked arrays, of quantities and times
        values = np.ma.MaskedArray(values.unmasked, values.mask)
    mask = np.ma.getmaskarray(values) if np.ma.isMaskedArray(values) else None
    array = np.asarray(np.ma.getdata(values))
    if array.dtype.kind == "S":
        array = np.char.decode(array, "utf-8")
    if array.dtype.kind not in "biufUOM" or (array.dtype.kind == "O" and not hasattr(column, "dtype")):
        raise InputError(f"column {column.info.name!r} holds {array.dtype} values; give numbers, text or booleans.")
    array = array.astype(array.dtype.newbyteorder("="), copy=False)
    if mask is None or not mask.any():
        return array
    if array.dtype.kind in "UO":
        text = array.astype(object)
        text[mask] = None
        return text
    return np.where(mask, np.nan, array.astype(float))


def _elements(name: str, array: NDArray[Any]) -> dict[str, NDArray[Any]]:
    if array.ndim == 1:
        return {name: array}
    flat = array.reshape(len(array), -1)
    return {f"{name}_{i}": flat[:, i] for i in range(flat.shape[1])}
