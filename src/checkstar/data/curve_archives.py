"""Archives of light curves: one text file a star, as ASAS publishes them, and flat arrays with offsets in npz."""

from __future__ import annotations

import codecs
import io
import re
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from checkstar.data.curve_columns import CurveSchema, EpochColumns, light_curves_of
from checkstar.data.light_curves import LightCurves
from checkstar.errors import InputError

__all__ = ["TAR_SUFFIXES", "TEXT_SUFFIXES", "Text", "read_npz", "read_texts", "texts_in_files", "texts_in_tar"]

TEXT_SUFFIXES = (".dat", ".csv", ".txt")
TAR_SUFFIXES = (".tar.gz", ".tgz", ".tar", ".tar.bz2", ".tar.xz")

_OFFSETS = ("offsets", "offset", "indptr")
_COLUMNS = ("time", "value", "error")
_WORDS = re.compile(r"#?\s*(?!(?i:nan|inf)\b)[A-Za-z]")


class Text(NamedTuple):
    """The light curve of one star as text, and the name of its file."""

    path: str
    content: bytes


class _Parsed(NamedTuple):
    path: str
    names: tuple[str, ...]
    table: NDArray[np.float64]


def texts_in_tar(path: Path) -> Iterator[Text]:
    """The text files of an archive, one after the other as they are stored; folders and hidden files are left out.

    Raises
    ------
    InputError
        If the archive is damaged.
    """
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                stream = archive.extractfile(member) if _is_curve(member.name) and member.isfile() else None
                if stream is not None:
                    yield Text(member.name, stream.read())
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise InputError(
            f"{path} cannot be read as tar ({type(error).__name__}); it is truncated or damaged."
        ) from None


def texts_in_files(paths: Iterable[Path]) -> Iterator[Text]:
    """The text files at these paths."""
    for path in paths:
        yield Text(str(path), path.read_bytes())


def _is_curve(name: str) -> bool:
    path = PurePosixPath(name)
    return path.suffix.lower() in TEXT_SUFFIXES and not path.name.startswith(".")


def read_texts(texts: Iterable[Text], schema: CurveSchema) -> LightCurves:
    """Light curves from one text each: three columns time, value and error, or more under a line of names.

    The name of the file without its suffix is the metadata column ``id``. Values are separated by commas or blanks;
    lines that begin with # are left out. Without a line of names, times are told by their size: Julian dates, MJD, or
    HJD - 2450000 as ASAS has them if they are below 15000.

    Raises
    ------
    InputError
        If a file is no table of numbers, or there is none.
    """
    import pandas as pd

    parsed = [_parsed(text) for text in texts]
    if not parsed:
        raise InputError(f"there is no light curve; give files that end in {', '.join(TEXT_SUFFIXES)}.")
    # An empty file need not name its columns.
    names = next((one.names for one in parsed if len(one.table)), parsed[0].names)
    for one in parsed:
        if len(one.table) and one.names != names:
            raise InputError(f"{one.path} has columns {', '.join(one.names)}, those before it {', '.join(names)}.")
    joined = np.concatenate([np.empty((0, len(names))), *(one.table for one in parsed if len(one.table))])
    ids = [PurePosixPath(one.path).stem for one in parsed]
    stated = dict(zip(_COLUMNS, _COLUMNS, strict=True)) if names == _COLUMNS else {}
    known = schema.filled({"columns": stated, "time_format": _time_format(names, joined)})
    offsets = np.concatenate([[0], np.cumsum([len(one.table) for one in parsed], dtype=np.int64)])
    epochs = dict(zip(names, joined.T, strict=True))
    return light_curves_of(EpochColumns(epochs, offsets, pd.DataFrame({"id": ids}), {}), known)


def _time_format(names: tuple[str, ...], table: NDArray[np.float64]) -> str | None:
    if names != _COLUMNS or not len(table):
        return None
    finite = table[np.isfinite(table[:, 0]), 0]
    return "hjd-2450000" if len(finite) and 0 < np.median(finite) < 15_000 else None


def _parsed(text: Text) -> _Parsed:
    content = text.content.removeprefix(codecs.BOM_UTF8)  # as spreadsheets write it
    lines = _behind_sentences([line for line in content.decode("latin-1").splitlines() if line.strip()])
    names: tuple[str, ...] = _COLUMNS
    # A line of names may stand behind the sign of a comment, as in many tables of astronomers.
    if lines and _WORDS.match(lines[0]):
        header = re.split(r"[,\s]+", lines[0].lstrip("# ").strip())
        if len(header) < 2 and not lines[0].startswith("#"):
            raise InputError(f"{text.path} is not a table of numbers (it begins with {lines[0][:40]!r}).")
        names = tuple(header) if len(header) >= 2 and not _is_sentence(lines) else names
        lines = lines[1:]
    lines = [line for line in lines if not line.lstrip().startswith("#")]
    if not lines:
        return _Parsed(text.path, names, np.empty((0, len(names))))
    try:
        table = np.loadtxt(io.StringIO("\n".join(lines)), delimiter="," if "," in lines[0] else None, ndmin=2)
    except ValueError as error:
        raise InputError(
            f"{text.path} is not a table of numbers ({error}); give time, value and error, and nan where "
            "a number is missing."
        ) from None
    if table.shape[1] != len(names):
        if names != _COLUMNS or table.shape[1] < 2:
            raise InputError(f"{text.path} has {table.shape[1]} columns where {', '.join(names)} are needed.")
        raise InputError(
            f"{text.path} has {table.shape[1]} columns without names; give time, value and error alone, or a first "
            "line of names."
        )
    return _Parsed(text.path, names, table)


def _behind_sentences(lines: list[str]) -> list[str]:
    """The lines without the comments in words before a line of names."""
    first = next((i for i, line in enumerate(lines) if not line.lstrip().startswith("#")), 0)
    return lines[first:] if first and _WORDS.match(lines[first]) else lines


def _is_sentence(lines: list[str]) -> bool:
    """Whether the first line is a comment in words rather than the names of the columns."""
    values = next((line for line in lines[1:] if not line.lstrip().startswith("#")), "")
    return lines[0].startswith("#") and len(re.split(r"[,\s]+", values.strip())) != len(lines[0].strip("# ").split())


def read_npz(path: Path, schema: CurveSchema) -> LightCurves:
    """Light curves from flat arrays with offsets in an npz; arrays of one entry an object are metadata.

    Raises
    ------
    InputError
        If the file is damaged or lacks an array.
    """
    import pandas as pd

    arrays = _arrays(path)
    name = next((name for name in _OFFSETS if name in arrays), None)
    if name is None or arrays[name].ndim != 1 or len(arrays[name]) < 1:
        raise InputError(
            f"{path} holds {', '.join(arrays) or 'nothing'} but no offsets; flat light curves need an array 'offsets' "
            "(n + 1,), object i having the epochs offsets[i]:offsets[i + 1]."
        )
    offsets = arrays.pop(name).astype(np.int64)
    flat = {key: values for key, values in arrays.items() if values.shape == (offsets[-1],)}
    meta = {key: values for key, values in arrays.items() if values.shape == (len(offsets) - 1,)}
    if len(offsets) - 1 == offsets[-1]:  # one epoch an object: the first arrays that can be are the light curves
        from checkstar.data.curve_columns import find_roles

        roles = find_roles(flat, schema.columns)
        meta = {key: values for key, values in meta.items() if key not in roles}
    frame = pd.DataFrame(meta) if meta else pd.DataFrame(index=range(len(offsets) - 1))
    return light_curves_of(EpochColumns(flat, offsets, frame, {}), schema)


def _arrays(path: Path) -> dict[str, NDArray[Any]]:
    try:
        # Opened here because numpy leaves a damaged archive open.
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, AttributeError) as error:
        raise InputError(
            f"{path} cannot be read as npz ({type(error).__name__}: {str(error)[:120]}); it is truncated, damaged or "
            "holds Python objects."
        ) from None
