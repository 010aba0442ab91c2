"""Partitions: the parts of a catalogue of light curves, each read alone, on whichever machine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from checkstar.data.curve_archives import (
    TAR_SUFFIXES,
    TEXT_SUFFIXES,
    read_npz,
    read_texts,
    texts_in_files,
    texts_in_tar,
)
from checkstar.data.curve_columns import CurveSchema, find_id, has_id, light_curves_of
from checkstar.data.curve_fits import read_fits
from checkstar.data.curve_groups import grouped, whole_objects
from checkstar.data.curve_objects import from_table
from checkstar.data.curve_tables import is_nested, needed_columns, read_arrow, stored_schema
from checkstar.data.light_curves import LightCurves
from checkstar.data.tables import FORMATS, format_of, read_astropy, read_table, readable, require_content
from checkstar.errors import InputError

if TYPE_CHECKING:
    import pyarrow.parquet as pq

__all__ = ["CurvePartition", "partitions_of"]

Kind = Literal["lists", "rows", "texts", "tar", "npz", "fits", "ecsv", "csv"]
_HATS_FILES = ("hats.properties", "collection.properties", "properties")
_ROWS_IN_BATCH = 100_000
Item = TypeVar("Item")


@dataclass(frozen=True, kw_only=True)
class CurvePartition:
    """A part of a catalogue: where it is and how its columns are read; it is small and holds no data.

    Parameters
    ----------
    kind : str
        Form of the files.
    paths : sequence of str
        Files; several of one star each.
    row_groups : sequence of int, optional
        Row groups of a Parquet file; all, if none are named.
    n_objects : int, optional
        Number of light curves, where it is known without reading them.
    schema : CurveSchema
        What is stated about the columns.
    """

    kind: Kind
    paths: tuple[str, ...]
    row_groups: tuple[int, ...] = ()
    n_objects: int | None = None
    schema: CurveSchema

    def read(self) -> LightCurves:
        """All light curves of this part.

        Raises
        ------
        InputError
            If a file is missing, damaged or has no columns of light curves.
        """
        if self.kind == "texts":
            return read_texts(texts_in_files(map(Path, self.paths)), self.schema)
        path = Path(self.paths[0])
        require_content(path)
        with readable(path, _format_name(self.kind)):
            return _READERS[self.kind](path, self)

    def iterate(self, n_objects: int) -> Iterator[LightCurves]:
        """The light curves in portions of at most `n_objects`; Parquet and text files are never held whole."""
        if self.kind in ("texts", "tar"):
            texts = texts_in_tar(Path(self.paths[0])) if self.kind == "tar" else texts_in_files(map(Path, self.paths))
            yield from (read_texts(portion, self.schema) for portion in _portions(texts, n_objects))
        elif self.kind in ("lists", "rows"):
            path = Path(self.paths[0])
            with readable(path, "parquet"):
                yield from (_lists_in if self.kind == "lists" else _rows_in)(path, self, n_objects)
        else:
            curves = self.read()
            yield from (curves[first : first + n_objects] for first in range(0, len(curves), n_objects))


def _portions(items: Iterable[Item], most: int) -> Iterator[list[Item]]:
    rest = iter(items)
    while portion := list(islice(rest, most)):
        yield portion


def _open(path: Path) -> pq.ParquetFile:
    import pyarrow.parquet as pq

    # Read ahead, every row group that is asked for would be held at once.
    return pq.ParquetFile(path, pre_buffer=False)


def _columns(file: pq.ParquetFile, schema: CurveSchema) -> list[str]:
    return needed_columns(file.schema_arrow, schema.filled(stored_schema(file.schema_arrow)).columns)


def _lists_in(path: Path, part: CurvePartition, n_objects: int) -> Iterator[LightCurves]:
    import pyarrow as pa

    with _open(path) as file:
        groups = part.row_groups or range(file.num_row_groups)
        for batch in file.iter_batches(n_objects, row_groups=groups, columns=_columns(file, part.schema)):
            yield read_arrow(pa.Table.from_batches([batch]), part.schema)


def _rows_in(path: Path, part: CurvePartition, n_objects: int) -> Iterator[LightCurves]:
    with _open(path) as file:
        name = find_id(file.schema_arrow.names, part.schema.columns)
        batches = (batch.to_pandas() for batch in file.iter_batches(_ROWS_IN_BATCH))
        for frame in whole_objects(batches, name, n_objects):
            yield light_curves_of(grouped(frame, part.schema), part.schema)


def _read_lists(path: Path, part: CurvePartition) -> LightCurves:
    with _open(path) as file:
        groups = part.row_groups or range(file.num_row_groups)
        return read_arrow(file.read_row_groups(list(groups), columns=_columns(file, part.schema)), part.schema)


def _read_rows(path: Path, part: CurvePartition) -> LightCurves:
    with _open(path) as file:
        return read_arrow(file.read(), part.schema)


def _read_csv(path: Path, part: CurvePartition) -> LightCurves:
    if path.name.lower().endswith(".gz") or has_id(_header(path), part.schema.columns):
        return light_curves_of(grouped(read_table(path).frame, part.schema), part.schema)
    return read_texts(texts_in_files([path]), part.schema)  # the light curve of one star


def _header(path: Path) -> list[str]:
    """Names of the columns of a CSV file: its first line, or the one behind comments that name fewer."""
    with path.open(encoding="utf-8-sig", errors="replace") as stream:
        lines = [stream.readline()]
        while lines[-1].startswith("#"):
            lines.append(stream.readline())
    return [
        name.strip() for name in max(lines[:1] + lines[-1:], key=lambda line: line.count(",")).lstrip("#").split(",")
    ]


_READERS: dict[Kind, Callable[[Path, CurvePartition], LightCurves]] = {
    "lists": _read_lists,
    "rows": _read_rows,
    "csv": _read_csv,
    "tar": lambda path, part: read_texts(texts_in_tar(path), part.schema),
    "npz": lambda path, part: read_npz(path, part.schema),
    "fits": lambda path, part: read_fits(path, part.schema),
    "ecsv": lambda path, part: from_table(read_astropy(path, "ascii.ecsv"), part.schema),
}


def _format_name(kind: Kind) -> str:
    return {"lists": "parquet", "rows": "parquet", "ecsv": "ascii.ecsv"}.get(kind, kind)


def partitions_of(path: Path, schema: CurveSchema, n_objects: int | None = None) -> list[CurvePartition]:
    """The parts of a file or folder: one a file, or parts of about `n_objects` objects.

    Raises
    ------
    InputError
        If there is nothing, or the suffix says nothing.
    """
    if not path.exists():
        raise InputError(f"there is no file or folder {path}; check the path.")
    if not path.is_dir():
        return _of_file(path, schema, n_objects)
    if any((path / name).is_file() for name in _HATS_FILES):
        files = _hats_files(path)
    else:
        files = sorted(_visible(path, (".parquet", ".pq")))
    if files:
        return [part for file in files for part in _of_file(file, schema, n_objects)]
    texts = sorted(_visible(path, TEXT_SUFFIXES))
    if not texts:
        raise InputError(
            f"the folder {path} holds no light curves; give one of Parquet files, of text files of one star each "
            f"({', '.join(TEXT_SUFFIXES)}) or a HATS catalogue."
        )
    portions = _portions(map(str, texts), n_objects or len(texts))
    return [CurvePartition(kind="texts", paths=tuple(p), n_objects=len(p), schema=schema) for p in portions]


def _visible(folder: Path, suffixes: tuple[str, ...]) -> Iterator[Path]:
    for path in folder.rglob("*"):
        if path.suffix.lower() in suffixes and not path.name.startswith((".", "_")):
            yield path


def _hats_files(path: Path) -> list[Path]:
    """The files of a HATS catalogue, or of the main catalogue of a collection, in the order of the sky."""
    try:
        import hats
    except ImportError:
        raise InputError(f"{path} is a HATS catalogue, which needs lsdb: pip install 'checkstar[survey]'.") from None
    try:
        catalogue: Any = hats.read_hats(path)
        catalogue = getattr(catalogue, "main_catalog", catalogue)
        return [Path(str(file)) for file in catalogue.get_pixel_paths()]
    except (OSError, ValueError, TypeError, LookupError, AttributeError) as error:
        raise InputError(
            f"{path} cannot be read as HATS catalogue ({str(error)[:160]}); check that it is whole."
        ) from None


def _of_file(path: Path, schema: CurveSchema, n_objects: int | None) -> list[CurvePartition]:
    name = path.name.lower()
    if name.endswith(TAR_SUFFIXES):
        return [CurvePartition(kind="tar", paths=(str(path),), schema=schema)]
    if name.endswith(".npz"):
        return [CurvePartition(kind="npz", paths=(str(path),), schema=schema)]
    if name.endswith((".dat", ".txt")):
        return [CurvePartition(kind="texts", paths=(str(path),), n_objects=1, schema=schema)]
    format_ = _known_format(path)
    if format_ == "parquet":
        return _of_parquet(path, schema, n_objects)
    kind: Kind = "ecsv" if format_ == "ascii.ecsv" else format_  # type: ignore[assignment]
    return [CurvePartition(kind=kind, paths=(str(path),), schema=schema)]


def _known_format(path: Path) -> str:
    try:
        return format_of(path, tuple(FORMATS.values()))
    except InputError:
        known = ", ".join([*FORMATS, ".npz", ".dat", ".txt", *TAR_SUFFIXES])
        raise InputError(f"{path.name!r} does not tell its format; use one of {known}.") from None


def _of_parquet(path: Path, schema: CurveSchema, n_objects: int | None) -> list[CurvePartition]:
    require_content(path)
    with readable(path, "parquet"), _open(path) as file:
        if not is_nested(file.schema_arrow):
            # A row group may end within an object.
            return [CurvePartition(kind="rows", paths=(str(path),), schema=schema)]
        sizes = [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)]
    parts: list[CurvePartition] = []
    for groups in _gathered(sizes, n_objects):
        total = sum(sizes[i] for i in groups)
        parts.append(
            CurvePartition(kind="lists", paths=(str(path),), row_groups=groups, n_objects=total, schema=schema)
        )
    return parts


def _gathered(sizes: list[int], most: int | None) -> list[tuple[int, ...]]:
    """Neighbouring row groups together, as long as they hold no more than `most` rows; one that holds more is alone."""
    if most is None or not sizes:
        return [tuple(range(len(sizes)))]
    gathered: list[list[int]] = []
    room = 0
    for i, size in enumerate(sizes):
        if not gathered or size > room:
            gathered.append([])
            room = most
        gathered[-1].append(i)
        room -= size
    return [tuple(groups) for groups in gathered]
