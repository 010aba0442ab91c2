"""Records: what one cell of a study was asked, what came of it, and what the whole study found, as JSON holds them.

A cell is one method on one problem in one fold. Its record lies in `runs/<key>/run.json` of a store, beside
`predictions.parquet`: one row per test object with

* ``row``: the object's place in the problem's data, training and test part one after the other; ``id``: its name, where
  the metadata have one; ``group``: the unit that is never split; ``weight``: where there is one;
* ``truth_<label>``: the truth; and of a regression ``mean_<label>`` and ``std_<label>``, of classes ``p_<class>``.

The summary of a study, `StudyRecord`, lies in `studies/<key>.json`. Every path is relative to the folder of its record.

    {"schema_version": 1, "kind": "cell", "key": "3f1c...", "created": "2026-01-31T12:00:00Z",
     "cell": {"problem": "variable stars", "method": "forest", "method_class": "checkstar.methods.BoostedTrees",
              "settings": {"learning_rate": 0.1, ...}, "fold": {"kind": "folds", "index": 0, "of": 5, "seed": 0},
              "share": 1.0, "seed": 2968811710, "search": null,
              "metrics": {"class": {"accuracy": {"direction": "higher", "unit": "", "source": "..."}}},
              "data_hash": "...", "rows_hash": "...", "code_hash": "..."},
     "n_train": 6413, "n_test": 1603, "n_units": 1603,
     "metrics": {"class": {"accuracy": 0.86}},
     "costs": {"fit_seconds": 11.2, "fit_cpu_seconds": 11.1, "search_cpu_seconds": 0.0, "predict_seconds": 0.2,
               "predict_cpu_seconds": 0.2, "predict_seconds_per_object": 1.2e-4, "peak_memory_mb": 812.0,
               "energy_joules_modelled": 113.0, "watts_per_core": 10.0},
     "failure": null, "search": null, "history": null, "warnings": [], "environment": {...},
     "predictions": {"path": "predictions.parquet", "sha256": "...", "bytes": 90211, "rows": 1603, "columns": [...]},
     "record_sha256": "..."}

Of a cell that failed, ``failure`` is ``{"stage": "fit", "reason": "ValueError: ...", "traceback": "..."}``, and there are
neither metrics nor predictions.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, Self

from checkstar.errors import InputError

__all__ = [
    "SCHEMA_VERSION",
    "Cell",
    "CellRecord",
    "Failure",
    "Fold",
    "StoredTable",
    "StudyRecord",
    "sealed",
    "unsealed",
]

SCHEMA_VERSION = 1
_SEAL = "record_sha256"
#: Hexadecimal digits of a key: 128 bits.
_KEY_DIGITS = 32


@dataclass(frozen=True, kw_only=True)
class Fold:
    """Which part of a problem's data is the test set.

    Attributes
    ----------
    kind : {"folds", "splits", "own"}
        Folds that together test every object once, random splits drawn anew each time, or the problem's own split.
    index, of : int
        Number of the fold, from 0, and how many there are.
    seed : int
        Of the partition.
    """

    kind: Literal["folds", "splits", "own"]
    index: int
    of: int
    seed: int


@dataclass(frozen=True, kw_only=True)
class Cell:
    """What was asked: one method with its settings on one problem in one fold.

    Attributes
    ----------
    problem, method : str
        What the study calls them; no part of the key.
    method_class : str
        Where the class of the method is defined.
    settings : dict
        Of the constructor, as JSON; of a method that holds another, that one's class and settings.
    share : float in (0, 1]
        Of the training part that was used: less than one on the way of a learning curve.
    seed : int
        Given to the method.
    search : dict or None
        The search over settings in inner folds: its space, trials, inner folds and score.
    metrics : mapping of label to mapping of name to {"direction", "unit", "source"}
    data_hash, rows_hash, code_hash : str
        Of the problem's data, of the rows that train and test, and of the code that the method is made of.
    """

    problem: str
    method: str
    method_class: str
    settings: dict[str, Any]
    fold: Fold
    share: float = 1.0
    seed: int
    search: dict[str, Any] | None = None
    metrics: dict[str, dict[str, dict[str, str]]]
    data_hash: str
    rows_hash: str
    code_hash: str

    @property
    def key(self) -> str:
        """Hash of all that determines the result, and of nothing else: the name of its folder."""
        determining = {
            "schema_version": SCHEMA_VERSION,
            "method_class": self.method_class,
            "settings": self.settings,
            "seed": self.seed,
            "search": self.search,
            "metrics": {label: sorted(named) for label, named in self.metrics.items()},
            "data": self.data_hash,
            "rows": self.rows_hash,
            "code": self.code_hash,
        }
        return _digest(determining)[:_KEY_DIGITS]


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why a cell has no result: at which stage, in one sentence, with the traceback."""

    stage: Literal["search", "fit", "predict", "score", "worker"]
    reason: str
    traceback: str = ""


@dataclass(frozen=True, kw_only=True)
class StoredTable:
    """A table beside a record: its path, its checksum and its size."""

    path: str
    sha256: str
    bytes: int
    rows: int
    columns: list[str]


@dataclass(frozen=True, kw_only=True)
class CellRecord:
    """What came of a cell.

    Attributes
    ----------
    metrics : mapping of label to mapping of name to float or None
        None where the metric is not a number.
    n_train, n_test, n_units : int
        Objects, and independent units among the test objects.
    costs : dict
        Wall and CPU seconds of search, fit and prediction, peak memory of the process while it ran (MB), and energy, which
        is *modelled*: CPU seconds times the watts of a core.
    failure : Failure or None
    search : dict or None
        What the search over settings found: {"engine", "trials": [{"settings", "score", "reason"}], "chosen", "score"}.
    history : dict or None
        Loss by epoch, where the method kept it: name to list of numbers.
    environment : dict
        Versions, platform and revision.
    predictions : StoredTable or None
    warnings : list of str
        What the libraries warned of.
    """

    cell: Cell
    metrics: dict[str, dict[str, float | None]] = field(default_factory=dict)
    n_train: int = 0
    n_test: int = 0
    n_units: int = 0
    costs: dict[str, float | None] = field(default_factory=dict)
    failure: Failure | None = None
    search: dict[str, Any] | None = None
    history: dict[str, list[float | None]] | None = None
    environment: dict[str, Any] = field(default_factory=dict)
    predictions: StoredTable | None = None
    warnings: list[str] = field(default_factory=list)
    created: str = ""

    @property
    def key(self) -> str:
        """That of the cell."""
        return self.cell.key

    def called(self, problem: str, method: str) -> CellRecord:
        """The same under the names that another study gives to the problem and the method."""
        return replace(self, cell=replace(self.cell, problem=problem, method=method))

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {"schema_version": SCHEMA_VERSION, "kind": "cell", "key": self.key, **asdict(self)}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """Read what `to_dict` gave.

        Raises
        ------
        InputError
            If it is not the record of a cell, or one of another version.
        """
        values = _of_kind(stored, "cell")
        key = values.pop("key", None)
        try:
            cell = dict(values.pop("cell"))
            record = cls(
                cell=Cell(**{**cell, "fold": Fold(**cell["fold"])}),
                failure=_made(Failure, values.pop("failure")),
                predictions=_made(StoredTable, values.pop("predictions")),
                **values,
            )
        except (TypeError, KeyError, ValueError) as error:
            raise InputError(f"it is not the record of a cell ({error}); fetch it again.") from error
        if record.key != key:
            raise InputError("its key is not that of its content; it was altered, fetch it again.")
        return record


@dataclass(frozen=True, kw_only=True)
class StudyRecord:
    """The whole study in numbers: what its report is rendered from.

    Attributes
    ----------
    problems : list of dict
        ``name, question, notes, task, labels, units, n_objects, n_units, n_features, group, classes, data, data_hash, citation,
        reference, metrics``; ``classes`` counts the objects of each class by label, ``metrics`` is as in `Cell`.
    methods : list of dict
        ``name, method_class, settings, search, references, estimand``.
    folds : dict
        ``kind, of, seed, test_share``.
    cells : list of dict
        ``problem, method, fold, share, seed, key, state, path``; state is "done", "failed" or "missing", path the folder of
        the record, relative to the store.
    leaderboard : list of dict
        ``problem, label, metric, direction, unit, method, mean, standard_error, n_folds, n_failed, cpu_seconds,
        predict_seconds_per_object, peak_memory_mb, energy_joules_modelled, on_pareto_front``; best first.
    lessons, warnings : list
    audits : list of dict
        ``problem, method, claim, verdict, path``: folders of audits, relative to the store.
    """

    name: str
    key: str
    seed: int
    problems: list[dict[str, Any]]
    methods: list[dict[str, Any]]
    folds: dict[str, Any]
    shares: list[float]
    cells: list[dict[str, Any]]
    leaderboard: list[dict[str, Any]]
    lessons: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    audits: list[dict[str, Any]] = field(default_factory=list)
    environment: dict[str, Any] = field(default_factory=dict)
    created: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {"schema_version": SCHEMA_VERSION, "kind": "study", **asdict(self)}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """Read what `to_dict` gave.

        Raises
        ------
        InputError
            If it is not the record of a study, or one of another version.
        """
        try:
            return cls(**_of_kind(stored, "study"))
        except TypeError as error:
            raise InputError(f"it is not the record of a study ({error}); fetch it again.") from error


def sealed(record: Mapping[str, Any]) -> bytes:
    """A record as the bytes of a JSON file that carries its own checksum."""
    return (
        json.dumps({**record, _SEAL: _digest(record)}, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    ).encode()


def unsealed(content: bytes) -> dict[str, Any]:
    """The record in the bytes that `sealed` gave.

    Raises
    ------
    InputError
        If it is not JSON, has no checksum, or was altered or truncated.
    """
    try:
        record = json.loads(content)
        stated = record.pop(_SEAL)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise InputError("it is not a whole record of a study; fetch it again.") from error
    if stated != _digest(record):
        raise InputError("it was altered after it was written: its checksum does not fit; fetch it again.")
    return dict(record)


def _digest(record: Mapping[str, Any]) -> str:
    text = json.dumps(record, sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _of_kind(stored: Mapping[str, Any], kind: str) -> dict[str, Any]:
    values = dict(stored)
    if values.pop("kind", None) != kind:
        raise InputError(f"it is not the record of a {kind}; fetch it again.")
    version = values.pop("schema_version", None)
    if version != SCHEMA_VERSION:
        raise InputError(
            f"it has schema version {version!r}, this checkstar reads {SCHEMA_VERSION}; use the one that wrote it."
        )
    return values


def _made(kind: type, values: Mapping[str, Any] | None) -> Any:
    return None if values is None else kind(**values)
