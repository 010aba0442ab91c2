"""Candidate lists as VOTable, FITS and Parquet: the same columns, units and facts in each, written whole or not at all."""

from __future__ import annotations

import io
import json
import os
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from checkstar.errors import InputError, unknown_name

if TYPE_CHECKING:
    import pandas as pd
    from astropy.table import Table

__all__ = ["FORMATS", "write_candidates"]

#: Unified content descriptors of the Virtual Observatory (IVOA UCD1+).
_UCD = {
    "id": "meta.id;meta.main",
    "ra": "pos.eq.ra;meta.main",
    "dec": "pos.eq.dec;meta.main",
    "rank": "meta.number",
    "probability": "stat.probability",
    "score": "stat.probability",
    "novelty_p": "stat.probability",
    "novel": "meta.code",
    "period": "time.period",
}
_MEANING = {
    "rank": "1 is the most likely",
    "probability": "of the class, calibrated on objects of known class",
    "probability_low": "lower of the two Venn-Abers probabilities",
    "probability_high": "upper of the two Venn-Abers probabilities",
    "score": "probability as the method gave it",
    "novelty_p": "conformal p-value of being like the training set",
    "novel": "whether that p-value is at most the level",
}
#: Keywords of a FITS header have eight letters.
_CARD = {"purity_low": "PUR_LOW", "purity_high": "PUR_HIGH", "list_high": "LIST_HI"}


def write_candidates(
    table: pd.DataFrame,
    facts: Mapping[str, Any],
    folder: str | Path,
    stem: str = "candidates",
    formats: Sequence[str] = ("vot", "fits", "parquet"),
    units: Mapping[str, str] | None = None,
) -> list[Path]:
    """Write ``<stem>.vot``, ``<stem>.fits`` and ``<stem>.parquet``; all are rendered before the first is put in place.

    Parameters
    ----------
    facts : mapping
        INFO elements of the VOTable, header cards of the FITS table, metadata of the Parquet schema.
    units : mapping of column to str
        As astropy writes them.

    Raises
    ------
    InputError
        If a format is unknown or the folder cannot be written.
    """
    for name in formats:
        if name not in FORMATS:
            raise unknown_name("format of candidate lists", name, FORMATS)
    content = {f"{stem}.{name}": FORMATS[name](table, facts, units or {}) for name in formats}
    return _put(content, Path(folder))


def _put(content: Mapping[str, bytes], folder: Path) -> list[Path]:
    beside = {name: folder / f".{name}.{secrets.token_hex(4)}" for name in content}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, path in beside.items():
            path.write_bytes(content[name])
        for name, path in beside.items():
            os.replace(path, folder / name)
    except OSError as error:
        raise InputError(
            f"could not write the candidates to {folder}: {error.strerror or error}; give a folder you may write to."
        ) from error
    finally:
        for path in beside.values():
            if path.parent.is_dir():
                path.unlink(missing_ok=True)
    return [folder / name for name in content]


def _astropy(table: pd.DataFrame, units: Mapping[str, str]) -> Table:
    from astropy.table import Column, Table

    made = Table()
    for name in table:
        values = table[name].to_numpy()
        # Text of any kind as text of fixed width, which is all that FITS and VOTable know.
        plain = values if values.dtype.kind in "biuf" else np.array([str(value) for value in values])
        made[str(name)] = Column(plain, unit=units.get(str(name)), description=_MEANING.get(str(name)))
    return made


def _votable(table: pd.DataFrame, facts: Mapping[str, Any], units: Mapping[str, str]) -> bytes:
    from astropy.io.votable import from_table
    from astropy.io.votable.tree import Info

    file = from_table(_astropy(table, units))
    only = file.get_first_table()
    for column in only.fields:
        column.ucd = _UCD.get(column.name)
    only.infos.extend(Info(name=name, value=str(value)) for name, value in facts.items())
    buffer = io.BytesIO()
    file.to_xml(buffer)
    return buffer.getvalue()


def _fits(table: pd.DataFrame, facts: Mapping[str, Any], units: Mapping[str, str]) -> bytes:
    from astropy.io import fits

    made = _astropy(table, units)
    for name in made.colnames:
        if made[name].dtype.kind == "U":
            made[name] = [_ascii(value) for value in made[name]]
    hdu = fits.table_to_hdu(made)
    for name, value in facts.items():
        if name == "notes":
            hdu.header["COMMENT"] = _ascii(value)
        else:
            hdu.header[_CARD.get(name, name.upper()[:8])] = _card(value)
    buffer = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(buffer)
    return buffer.getvalue()


def _card(value: Any) -> Any:
    """A value as a header holds it: ASCII text, and no NaN."""
    if isinstance(value, float) and not np.isfinite(value):
        return str(value)
    return value if isinstance(value, bool | int | float) else _ascii(str(value))


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not np.isfinite(value) else value


def _ascii(text: str) -> str:
    return "".join(letter if " " <= letter <= "~" else "?" for letter in text)


def _parquet(table: pd.DataFrame, facts: Mapping[str, Any], units: Mapping[str, str]) -> bytes:
    import pyarrow as pa
    from pyarrow import parquet

    made = pa.Table.from_pandas(table, preserve_index=False)
    fields = [
        column.with_metadata(
            {
                "unit": units.get(column.name, ""),
                "ucd": _UCD.get(column.name, ""),
                "description": _MEANING.get(column.name, ""),
            }
        )
        for column in made.schema
    ]
    stored = {key: _finite(value) for key, value in facts.items()}
    schema = pa.schema(fields, metadata={**(made.schema.metadata or {}), b"checkstar": json.dumps(stored).encode()})
    buffer = io.BytesIO()
    parquet.write_table(made.cast(schema), buffer)
    return buffer.getvalue()


FORMATS = {"vot": _votable, "fits": _fits, "parquet": _parquet}
