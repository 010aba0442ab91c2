"""Partitions: features or classes of a catalogue of light curves, part by part, in memory that its size does not matter to."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from checkstar import provenance
from checkstar.data.curve_layout import CurveLayout, curve_dataset
from checkstar.data.light_curves import LightCurves
from checkstar.errors import InputError
from checkstar.methods.base import Method
from checkstar.prediction import Classes
from checkstar.studies.execution import Executor, SerialExecutor, Task
from checkstar.studies.identity import class_path, code_hash, described, settings_of
from checkstar.studies.memory import peak_memory

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PartDone", "Partition", "Scored", "score_partitions"]

_KEY = b"checkstar"
_BATCH = 2000
#: Columns of the metadata that go with the results.
_KEPT = ("id", "ra", "dec")
#: Components of a path that tell one part of a catalogue from another, wherever the catalogue lies.
_TELLING = 4


class Partition(Protocol):
    """A part of a catalogue; `checkstar.data.light_curve_partitions` gives them."""

    @property
    def paths(self) -> tuple[str, ...]:
        """Files that hold it."""

    def iterate(self, n_objects: int) -> Iterator[LightCurves]:
        """Its light curves, at most so many at a time."""


class PartDone(NamedTuple):
    """What came of one part: its file of results, or why there is none; seconds and peak memory of its worker."""

    name: str
    n_objects: int
    seconds: float
    peak_memory_mb: float
    failure: str = ""


@dataclass(frozen=True, kw_only=True)
class Scored:
    """What came of a catalogue.

    Attributes
    ----------
    folder : Path
        One Parquet file a part.
    done, failed : list of PartDone
        Parts worked on now, and those that failed, with the reason; a failed part is tried again the next time.
    skipped : list of str
        Names of parts that were finished before.
    """

    folder: Path
    done: list[PartDone]
    failed: list[PartDone]
    skipped: list[str]

    @property
    def n_objects(self) -> int:
        """Light curves worked on now."""
        return sum(part.n_objects for part in self.done)


def score_partitions(
    method: Method | Callable[[LightCurves], pd.DataFrame],
    partitions: Iterable[Partition],
    out: str | os.PathLike[str],
    executor: Executor | None = None,
    *,
    batch_size: int = _BATCH,
    progress: Callable[[str, int, int], None] | None = None,
) -> Scored:
    """Work through a catalogue part by part; each part gives one Parquet file, whole or not at all.

    A worker holds `batch_size` light curves and their results at a time, however large a part or the catalogue is. Parts
    that are finished are skipped, so a killed run goes on where it was; a part that cannot be read is named, and the rest
    goes on.

    Parameters
    ----------
    method : Method, or function of LightCurves
        A fitted method of light curves gives ``p_<class>``, or ``mean`` and ``std``, with `id`, `ra`, `dec` where known; a
        function gives a table of one row per object, as of features.
    partitions : iterable of Partition
        See `checkstar.data.light_curve_partitions`; workers read the files themselves.
    out : path
        Folder of the results.
    executor : Executor, optional
        By default in this process.

    Raises
    ------
    InputError
        If the method is not fitted, or the folder holds results of another method.
    """
    if isinstance(method, Method) and not method.is_fitted():
        raise InputError(f"this {type(method).__name__} is not fitted; fit it, or load one that was saved, first.")
    folder = Path(out)
    function = _Scorer(method) if isinstance(method, Method) else method
    made_by = _fingerprint(method)
    waiting, skipped = _to_do(partitions, folder, made_by, batch_size)
    done: list[PartDone] = []
    failed: list[PartDone] = []
    total = len(waiting) + len(skipped)
    for finished in (executor or SerialExecutor()).map(
        _work_through, map(Task, waiting, [""] * len(waiting)), {"": function}
    ):
        part = finished.result or PartDone(finished.item.name, 0, 0.0, 0.0, finished.death)
        (failed if part.failure else done).append(part)
        if progress is not None:
            progress(part.name, len(done) + len(failed) + len(skipped), total)
    return Scored(folder=folder, done=done, failed=failed, skipped=skipped)


class _Part(NamedTuple):
    """One part that a worker is to do."""

    name: str
    partition: Partition
    path: Path
    header: dict[str, str]
    batch_size: int


class _Scorer:
    """What a fitted method says of light curves, as a table."""

    def __init__(self, method: Method) -> None:
        self.method, self.extras = method, _extras_of(method)

    def __call__(self, curves: LightCurves) -> pd.DataFrame:
        import pandas as pd

        data = curve_dataset(curves, extras=self.extras)
        assert data.x is not None
        prediction = self.method.predict_distribution(data.x, noise=data.noise)
        kept = {name: curves.meta[name].to_numpy() for name in _KEPT if name in curves.meta}
        if isinstance(prediction, Classes):
            said = {f"p_{name}": prediction.probabilities[:, i] for i, name in enumerate(prediction.names)}
        else:
            said = {"mean": prediction.mean()[:, 0], "std": prediction.std()[:, 0]}
        return pd.DataFrame(kept | said)


def _extras_of(method: Method) -> tuple[str, ...]:
    """Columns of the metadata that a method of light curves wants, by the names of the columns that it has learned from."""
    learned = method.learned()
    if "features_" in learned:
        return CurveLayout.of([str(name) for name in learned["features_"]]).extras
    held = [value for value in learned.values() if isinstance(value, Method)]
    return _extras_of(held[0]) if held else ()


def _to_do(
    partitions: Iterable[Partition], folder: Path, made_by: str, batch_size: int
) -> tuple[list[_Part], list[str]]:
    """Parts to work on, and names of those that are finished."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot write to {folder}: {error.strerror or error}; give another folder.") from error
    waiting: dict[str, _Part] = {}
    skipped = []
    for partition in partitions:
        name = _name(partition)
        path = folder / f"{name}.parquet"
        header = {"made_by": made_by, "input": _state(partition)}
        there = _header(path)
        if there is not None and there.get("made_by") != made_by:
            raise InputError(
                f"{folder} holds results of another method, or of another version of it ({path.name}); give another folder."
            )
        if there == header:
            skipped.append(name)
        else:
            waiting[name] = _Part(name, partition, path, header, batch_size)
    return list(waiting.values()), skipped


def _work_through(part: _Part, function: Callable[[LightCurves], pd.DataFrame]) -> PartDone:
    """Write the results of one part; why not, where it fails."""
    n_objects, failure = 0, ""
    with provenance.measure() as meter, peak_memory() as peak:
        try:
            n_objects = _write(part, function)
        except Exception as error:  # noqa: BLE001 - one part that fails does not end the rest; the reason is kept
            failure = f"{type(error).__name__}: {error}"
            if not isinstance(error, InputError):
                failure += f"\n{traceback.format_exc()}"
    return PartDone(part.name, n_objects, meter.wall_seconds, peak.peak_mb, failure)


def _write(part: _Part, function: Callable[[LightCurves], pd.DataFrame]) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    beside = part.path.with_name(f".{part.path.name}.{secrets.token_hex(4)}")
    writer, n_objects = None, 0
    try:
        for curves in part.partition.iterate(part.batch_size):
            table = pa.Table.from_pandas(function(curves), preserve_index=False)
            if table.num_rows != len(curves):
                raise InputError(
                    f"the function gave {table.num_rows} rows for {len(curves)} light curves; give one each."
                )
            if writer is None:
                schema = table.schema.with_metadata({_KEY: json.dumps(part.header).encode()})
                writer = pq.ParquetWriter(beside, schema)
            writer.write_table(table.cast(writer.schema))
            n_objects += table.num_rows
        if writer is not None:
            writer.close()
            beside.replace(part.path)
    finally:
        if writer is not None:
            with suppress(OSError):
                writer.close()
        beside.unlink(missing_ok=True)
    return n_objects


def _header(path: Path) -> dict[str, str] | None:
    """What a file of results says of how it was made; None where there is none that can be read."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        metadata = pq.read_schema(path).metadata or {}
        stored = json.loads(metadata.get(_KEY, b"{}"))
    except (OSError, ValueError, pa.ArrowException):
        return None
    return stored if isinstance(stored, dict) else {}


def _name(partition: Partition) -> str:
    first = Path(partition.paths[0])
    told = ["/".join(Path(path).parts[-_TELLING:]) for path in partition.paths]
    groups: Sequence[int] = getattr(partition, "row_groups", ())
    digest = hashlib.sha256(json.dumps([told, list(groups)]).encode()).hexdigest()[:8]
    return f"{first.name.partition('.')[0]}-{digest}"


def _state(partition: Partition) -> str:
    """Size and time of change of the files of a part."""
    states = [(os.stat(path).st_size, os.stat(path).st_mtime_ns) for path in partition.paths if os.path.exists(path)]
    return hashlib.sha256(repr(states).encode()).hexdigest()[:16]


def _fingerprint(method: Any) -> str:
    if not isinstance(method, Method):
        return hashlib.sha256(json.dumps(described(method), sort_keys=True).encode()).hexdigest()[:32]
    known = [class_path(method), settings_of(method), code_hash(method), described(method.learned())]
    return hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()[:32]
