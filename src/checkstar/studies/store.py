"""Store: a folder that keeps every run of every study, whole or not at all.

    store.json                     that this is a store, and of which version
    runs/<key>/run.json            a record (`checkstar.studies.records`), with its checksum
    runs/<key>/predictions.parquet
    runs/<key>.failed-<hash>/      a run that failed, with the reason; a later success lies beside it
    studies/<key>.json             the summary of a study
    lessons/<hash>.json            what was learned
    searches/, reservations/       work in progress: what a killed study goes on from

A folder of a run is written beside its place and renamed, so a reader never sees half of one, and it is never changed
after that. Nothing in it is a path of this machine, and nothing has to be locked to read it: two stores are merged by
copying one over the other.
"""

from __future__ import annotations

import hashlib
import io
import os
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from checkstar.errors import InputError
from checkstar.studies.records import SCHEMA_VERSION, CellRecord, StoredTable, StudyRecord, sealed, unsealed

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Scan", "Store", "write_whole"]

_MARKER, _RECORD, _TABLE = "store.json", "run.json", "predictions.parquet"
_FAILED = ".failed-"
#: What a kill has left half written is removed after this; writing a run takes less than a second.
_LEFTOVER_SECONDS = 3600.0


class Scan(NamedTuple):
    """The records of a store, and what in it could not be used."""

    records: list[CellRecord]
    warnings: list[str]


class Store:
    """The runs of studies in a folder.

    Parameters
    ----------
    path : path
        The folder; it is made with the first run.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)

    def __repr__(self) -> str:
        return f"Store({str(self.path)!r})"

    def prepare(self) -> None:
        """Make the folder ready to be written.

        Raises
        ------
        InputError
            If it holds something else, or cannot be written.
        """
        try:
            foreign = self.path.is_dir() and any(self.path.iterdir()) and not (self.path / _MARKER).exists()
            if foreign and not (self.path / "runs").is_dir():
                raise InputError(f"{self.path} holds other files and is no store of studies; give a new folder.")
            for name in ("runs", "studies", "lessons", "searches", "reservations"):
                (self.path / name).mkdir(parents=True, exist_ok=True)
            if not (self.path / _MARKER).exists():
                write_whole(self.path / _MARKER, sealed({"kind": "store", "schema_version": SCHEMA_VERSION}))
        except OSError as error:
            raise InputError(
                f"cannot write the store {self.path}: {error.strerror or error}; give a folder that you may write to."
            ) from error
        self._tidy()

    def require(self) -> None:
        """Raise InputError if there is no store here."""
        if not (self.path / "runs").is_dir():
            raise InputError(f"there is no store of studies at {self.path}; give the folder that a study wrote.")

    def add(self, record: CellRecord, predictions: pd.DataFrame | None) -> CellRecord:
        """Keep what came of a cell; the record with its table described. What is there already stays.

        Raises
        ------
        InputError
            If it cannot be written.
        """
        content = None if predictions is None else _parquet_bytes(predictions)
        if content is not None and predictions is not None:
            table = StoredTable(
                path=_TABLE,
                sha256=hashlib.sha256(content).hexdigest(),
                bytes=len(content),
                rows=len(predictions),
                columns=[str(name) for name in predictions.columns],
            )
            record = replace(record, predictions=table)
        files = {_RECORD: sealed(record.to_dict())} | ({} if content is None else {_TABLE: content})
        try:
            self._publish(files, self.folder_of(record))
        except OSError as error:
            raise InputError(
                f"could not write the run {record.key} to {self.path}: {error.strerror or error}; free space there, then "
                "start the study again: it goes on where it was."
            ) from error
        return record

    def folder_of(self, record: CellRecord) -> Path:
        """Where a record lies."""
        name = record.key
        if record.failure is not None:
            why = f"{record.failure.stage} {record.failure.reason}"
            name += _FAILED + hashlib.sha256(why.encode("utf-8", "replace")).hexdigest()[:8]
        return self.path / "runs" / name

    def find(self, key: str) -> CellRecord | None:
        """The record of a cell: of a success where there is one, else of a failure; None where there is neither."""
        for folder in self._folders(key):
            try:
                return _read(folder, whole=True)
            except InputError:
                continue
        return None

    def scan(self) -> Scan:
        """All records, in the order of their keys; what is foreign, half copied or altered is named and left out.

        A cell that failed and was run again with success counts once, as a success.

        Raises
        ------
        InputError
            If there is no store here.
        """
        self.require()
        found: dict[str, CellRecord] = {}
        warnings = []
        for folder in sorted(_visible(self.path / "runs")):
            try:
                record = _read(folder)
            except InputError as error:
                warnings.append(f"runs/{folder.name} was left out: {error}")
                continue
            if record.key not in found or found[record.key].failure is not None:
                found[record.key] = record
        return Scan(list(found.values()), warnings)

    def predictions(self, record: CellRecord) -> pd.DataFrame:
        """The predictions of a run, one row per test object.

        Raises
        ------
        InputError
            If the run failed, or the table is missing or was altered.
        """
        import pandas as pd

        if record.predictions is None:
            why = record.failure.reason if record.failure else "nothing was stored"
            raise InputError(f"the run of {record.cell.method} on {record.cell.problem} has no predictions: {why}")
        return pd.read_parquet(io.BytesIO(_table_bytes(self.folder_of(record), record.predictions)))

    def add_study(self, study: StudyRecord) -> Path:
        """Keep the summary of a study, in place of an older one of the same study."""
        path = self.path / "studies" / f"{study.key}.json"
        write_whole(path, sealed(study.to_dict()))
        return path

    def studies(self) -> list[StudyRecord]:
        """The summaries of all studies, the latest last; what cannot be read is left out."""
        found = []
        for path in _visible(self.path / "studies"):
            try:
                found.append(StudyRecord.from_dict(unsealed(path.read_bytes())))
            except (InputError, OSError):
                continue
        return sorted(found, key=lambda study: study.created)

    def _folders(self, key: str) -> Iterator[Path]:
        """Where a cell may lie: its success first."""
        runs = self.path / "runs"
        if (runs / key).is_dir():
            yield runs / key
        yield from sorted(runs.glob(f"{key}{_FAILED}*"))

    def _publish(self, files: Mapping[str, bytes], folder: Path) -> None:
        beside = folder.parent / f".{folder.name}.{secrets.token_hex(4)}"
        beside.mkdir()
        try:
            for name, content in files.items():
                _write_through(beside / name, content)
            if folder.exists() and not _is_whole(folder):
                # Half copied or altered: out of the way, and kept.
                folder.rename(folder.parent / f".{folder.name}.broken-{secrets.token_hex(4)}")
            beside.rename(folder)
        except OSError:
            # Another process was first: a folder is never renamed onto one that holds files.
            if not _is_whole(folder):
                raise
        finally:
            shutil.rmtree(beside, ignore_errors=True)

    def _tidy(self) -> None:
        for left in (self.path / "runs").glob(".*"):
            try:
                if ".broken-" not in left.name and time.time() - left.stat().st_mtime > _LEFTOVER_SECONDS:
                    shutil.rmtree(left, ignore_errors=True)
            except OSError:
                continue


def write_whole(path: Path, content: bytes) -> None:
    """Write a file beside its place and rename it: a reader sees the old one or the new one, never half."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        _write_through(beside, content)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _write_through(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _visible(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if not path.name.startswith(".")]
    except OSError:
        return []


def _read(folder: Path, *, whole: bool = False) -> CellRecord:
    """The record in a folder; with `whole` its table is checked to the last byte.

    Raises
    ------
    InputError
        If it is no folder of a run, half of one, or was altered.
    """
    try:
        content = (folder / _RECORD).read_bytes()
    except OSError as error:
        raise InputError(f"it has no {_RECORD} ({error.strerror or error}).") from error
    record = CellRecord.from_dict(unsealed(content))
    if not folder.name.startswith(record.key):
        raise InputError(f"it holds the run {record.key}; copy folders under their own names.")
    if record.predictions is not None:
        if whole:
            _table_bytes(folder, record.predictions)
        elif _size(folder / record.predictions.path) != record.predictions.bytes:
            raise InputError(f"{record.predictions.path} is missing or not whole; fetch it again.")
    return record


def _is_whole(folder: Path) -> bool:
    try:
        _read(folder, whole=True)
    except InputError:
        return False
    return True


def _table_bytes(folder: Path, table: StoredTable) -> bytes:
    if table.path != _TABLE:
        raise InputError(f"its table is said to be {table.path!r} and not {_TABLE}; it was altered.")
    try:
        content = (folder / table.path).read_bytes()
    except OSError as error:
        raise InputError(f"{table.path} cannot be read ({error.strerror or error}); fetch it again.") from error
    if hashlib.sha256(content).hexdigest() != table.sha256:
        raise InputError(f"{table.path} was altered or truncated; fetch it again.")
    return content


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1


def _parquet_bytes(table: pd.DataFrame) -> bytes:
    buffer = io.BytesIO()
    table.to_parquet(buffer, index=False)
    return buffer.getvalue()
