"""Files of light curves: read whole or in parts, and write."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from checkstar.data.curve_columns import CurveSchema
from checkstar.data.curve_fits import write_fits
from checkstar.data.curve_objects import from_object, is_catalogue, parts_of_catalogue
from checkstar.data.curve_partitions import CurvePartition, partitions_of
from checkstar.data.curve_tables import METADATA_KEY, to_arrow
from checkstar.data.files import replacing
from checkstar.data.light_curves import LightCurves, joined
from checkstar.data.tables import format_of
from checkstar.errors import InputError

__all__ = ["iterate_light_curves", "light_curve_partitions", "read_light_curves", "write_light_curves"]

#: Objects in a portion and in a row group: about a million epochs of 250 each, 30 MB.
N_OBJECTS = 4096


def read_light_curves(
    source: Any,
    *,
    columns: Mapping[str, str] | None = None,
    time_format: str | None = None,
    time_scale: str | None = None,
    unit: str | None = None,
    bands: Sequence[str] | None = None,
    name: str = "",
    citation: str = "",
) -> LightCurves:
    """Read light curves from files, or from objects of other libraries.

    Parameters
    ----------
    source : path or object
        Parquet (list columns, a struct of lists, or one row an epoch), a folder of such files, a HATS catalogue (extra
        ``survey``); FITS (columns of variable length, or one row an epoch); ECSV and CSV (one row an epoch); npz of
        flat arrays with offsets; a .dat, .csv or .txt file of one star, a folder or tar archive of them, as ASAS has
        them; an Arrow or astropy table, a data frame, an astropy TimeSeries or lightkurve object, a list of them or a
        mapping of name to them; a catalogue of lsdb.
    columns : mapping of role to column, optional
        Which column is the time, value, error, band and, in a table of one row an epoch, id, where their names are not
        the usual ones or several could be it. ``{"value": "psfFlux"}``; ``"lc.psfFlux"`` in a struct column.
    time_format : str, optional
        "mjd", "jd", "hjd", "bjd", "hjd-2450000", "bkjd", "btjd", ...: see `checkstar.data.curve_units.mjd_days`.
    time_scale : str, optional
        Scale and place of the times, for reports: "utc", "hjd_utc", "bjd_tdb".
    unit : str, optional
        Unit wanted. Values in a known unit are converted, of an unknown one they are taken to be in it. By default the
        one that the data say, "mag", or no unit for a column that is called a flux.
    bands : sequence of str, optional
        All bands of a catalogue, so that every part of it numbers them alike.
    name, citation : str
        For reports.

    Returns
    -------
    LightCurves
        Times in MJD days. Everything that was in the file is still there: see `checkstar.variability.cleaning.clean`.

    Raises
    ------
    InputError
        If a file is missing or damaged, columns cannot be told, or times are no dates.
    """
    schema = _schema(columns, time_format, time_scale, unit, bands, name, citation)
    if not isinstance(source, str | os.PathLike):
        return from_object(source, schema)
    path = Path(source)
    curves = joined([part.read() for part in partitions_of(path, schema)])
    return curves if curves.name else curves.replace(name=path.name.partition(".")[0])


def iterate_light_curves(source: Any, n_objects: int = N_OBJECTS, **settings: Any) -> Iterator[LightCurves]:
    """The light curves of a catalogue that is larger than memory, in portions of at most `n_objects`.

    Parquet (files, folders and HATS), text files and tar archives are read portion by portion, a catalogue of lsdb
    partition by partition. Other formats are read whole, one file at a time. Parquet of one row an epoch must be
    sorted by object.

    Parameters
    ----------
    source : path or object
        As for `read_light_curves`.
    n_objects : int
        Most objects in a portion.
    **settings
        As for `read_light_curves`; state `bands`, if there are several and not every portion has all of them.

    Raises
    ------
    InputError
        As for `read_light_curves`.
    """
    if n_objects < 1:
        raise InputError(f"n_objects is {n_objects}; a portion holds at least one light curve.")
    if isinstance(source, str | os.PathLike):
        parts = light_curve_partitions(source, n_objects, **settings)
        return (portion for part in parts for portion in part.iterate(n_objects))
    schema = _schema(**settings)
    whole = parts_of_catalogue(source, schema) if is_catalogue(source) else iter([from_object(source, schema)])
    return (part[i : i + n_objects] for part in whole for i in range(0, len(part), n_objects))


def light_curve_partitions(
    path: str | os.PathLike[str], n_objects: int = N_OBJECTS, **settings: Any
) -> list[CurvePartition]:
    """The parts of a catalogue, for workers that each read their own with ``part.read()``.

    A part is small, can be pickled and sent to another machine that sees the same files. It holds about `n_objects`
    light curves where the format can be divided: row groups of Parquet and HATS, folders of text files. A larger row
    group is one part; ``part.iterate(n_objects)`` reads it in portions.

    Parameters
    ----------
    path : path
        A file or folder.
    n_objects : int
        About how many objects a part should have.
    **settings
        As for `read_light_curves`.

    Raises
    ------
    InputError
        If there is nothing to read.
    """
    if n_objects < 1:
        raise InputError(f"n_objects is {n_objects}; a part holds at least one light curve.")
    return partitions_of(Path(path), _schema(**settings), n_objects)


def _schema(
    columns: Mapping[str, str] | None = None,
    time_format: str | None = None,
    time_scale: str | None = None,
    unit: str | None = None,
    bands: Sequence[str] | None = None,
    name: str = "",
    citation: str = "",
) -> CurveSchema:
    return CurveSchema(
        columns=columns or {},
        time_format=time_format,
        time_scale=time_scale,
        unit=unit,
        bands=bands,  # type: ignore[arg-type]
        name=name,
        citation=citation,
    )


def write_light_curves(
    curves: LightCurves | Iterable[LightCurves], path: str | os.PathLike[str], n_objects: int = N_OBJECTS
) -> None:
    """Write light curves as Parquet with list columns or as FITS with columns of variable length, by the suffix.

    The file appears whole or not at all: it is written beside `path` and renamed. It is read again exactly, by
    `read_light_curves` and, but for unit, time scale and names, by whatever reads Parquet or FITS.

    Parameters
    ----------
    curves : LightCurves or iterable of them
        Portions of the same bands, unit and metadata are written one after the other, so that a catalogue larger than
        memory can be written; Parquet alone.
    path : path
        Ends in .parquet, .pq, .fits or .fit.
    n_objects : int
        Objects in a row group of Parquet, the least that can be read alone.

    Raises
    ------
    InputError
        If the suffix is unknown, the folder is missing, or portions differ in kind.
    """
    path = Path(path)
    format_ = format_of(path, ("parquet", "fits"))
    if not path.parent.is_dir():
        raise InputError(f"the folder {path.parent} of {path.name} does not exist; create it first.")
    if format_ == "fits" and not isinstance(curves, LightCurves):
        raise InputError(
            "portions can be written one after the other as Parquet alone; give a path that ends in .parquet."
        )
    with replacing(path) as beside:
        if isinstance(curves, LightCurves) and format_ == "fits":
            write_fits(curves, beside)
        else:
            _write_parquet([curves] if isinstance(curves, LightCurves) else curves, beside, n_objects)


def _write_parquet(portions: Iterable[LightCurves], path: Path, n_objects: int) -> None:
    import pyarrow.parquet as pq

    writer, first = None, None
    try:
        for portion in portions:
            table = to_arrow(portion)
            if writer is None or first is None:
                # Values and times hardly repeat: a dictionary of them costs time and saves nothing.
                texts = [field.name for field in table.schema if "string" in str(field.type)]
                writer, first = pq.ParquetWriter(path, table.schema, compression="zstd", use_dictionary=texts), table
            _same_kind(table, first)
            writer.write_table(table.cast(first.schema), row_group_size=n_objects)
        if writer is None:
            raise InputError("there are no light curves to write; give at least one portion, which may be empty.")
    finally:
        if writer is not None:
            writer.close()


def _same_kind(table: Any, first: Any) -> None:
    stated, known = table.schema.metadata[METADATA_KEY], first.schema.metadata[METADATA_KEY]
    if stated != known or table.schema.names != first.schema.names:
        raise InputError(
            f"a portion has {stated.decode()} and columns {', '.join(table.schema.names)}, the first {known.decode()} and "
            f"{', '.join(first.schema.names)}; bring them to the same bands, unit and metadata."
        )
