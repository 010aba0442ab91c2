"""Lessons: what failed and what did not help, kept beside the results, so that nobody has to find it out again."""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from checkstar.errors import InputError
from checkstar.studies.records import SCHEMA_VERSION, CellRecord, sealed, unsealed
from checkstar.studies.standings import cpu_seconds
from checkstar.studies.store import Store, write_whole

__all__ = ["Lesson", "add_lesson", "lessons_of", "read_lessons"]


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """One thing that was learned.

    Attributes
    ----------
    kind : {"failed", "no gain", "note"}
        A method failed; something costs more and is not better; or a word of somebody.
    about : str
        The method or the problem.
    by : {"people", "study"}
        Who says so.
    """

    kind: Literal["failed", "no gain", "note"]
    text: str
    about: str = ""
    problem: str = ""
    by: Literal["people", "study"] = "study"
    created: str = ""

    @property
    def key(self) -> str:
        """Hash of what is said, whenever it was said."""
        said = {name: value for name, value in asdict(self).items() if name != "created"}
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode("utf-8", "replace")).hexdigest()[:16]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def add_lesson(store: Store, lesson: Lesson) -> Lesson:
    """Keep a lesson; one that is there already stays as it is.

    Raises
    ------
    InputError
        If it says nothing.
    """
    if not lesson.text.strip():
        raise InputError("the lesson is empty; say what was learned.")
    path = store.path / "lessons" / f"{lesson.key}.json"
    if path.exists():
        return lesson
    dated = Lesson(**{**asdict(lesson), "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())})
    path.parent.mkdir(exist_ok=True)
    write_whole(path, sealed({"kind": "lesson", "schema_version": SCHEMA_VERSION, "lesson": dated.to_dict()}))
    return dated


def read_lessons(store: Store) -> tuple[list[Lesson], list[str]]:
    """All lessons of a store, the oldest first, and what could not be read.

    Raises
    ------
    InputError
        If there is no store.
    """
    store.require()
    found, warnings = [], []
    for path in sorted((store.path / "lessons").glob("[!.]*")):
        try:
            found.append(Lesson(**unsealed(path.read_bytes())["lesson"]))
        except (InputError, OSError, TypeError, KeyError) as error:
            warnings.append(f"lessons/{path.name} was left out: {error}")
    return sorted(found, key=lambda lesson: (lesson.created, lesson.key)), warnings


def lessons_of(records: Iterable[CellRecord]) -> list[Lesson]:
    """What a study can say by itself: what failed and why, what costs more without being better, which searches gained nothing."""
    cells = [record for record in records if record.cell.share == 1.0]
    found = _failures(cells)
    for problem in dict.fromkeys(record.cell.problem for record in cells):
        mine = [record for record in cells if record.cell.problem == problem and record.failure is None]
        found += _without_gain(problem, mine) + _useless_searches(problem, mine)
    return found


def _failures(cells: Sequence[CellRecord]) -> list[Lesson]:
    folds: dict[tuple[str, str, str, str], list[int]] = {}
    for record in cells:
        if record.failure is not None:
            key = (record.cell.problem, record.cell.method, record.failure.stage, record.failure.reason)
            folds.setdefault(key, []).append(record.cell.fold.index)
    return [
        Lesson(
            kind="failed",
            about=method,
            problem=problem,
            text=f"{method} failed on {problem} in fold {', '.join(map(str, sorted(where)))}, at the stage {stage!r}: {reason}",
        )
        for (problem, method, stage, reason), where in folds.items()
    ]


def _without_gain(problem: str, cells: Sequence[CellRecord]) -> list[Lesson]:
    """Methods that a cheaper one equals or beats in the problem's first metric, fold by fold."""
    label, metric, sign = _first_metric(cells)
    scores = {m: _scores(cells, m, label, metric, sign) for m in dict.fromkeys(r.cell.method for r in cells)}
    costs = {m: float(np.mean([cpu_seconds(r) for r in cells if r.cell.method == m])) for m in scores}
    found = []
    for method, mine in scores.items():
        cheaper = [o for o in scores if costs[o] < costs[method] and len(scores[o].keys() & mine.keys()) > 1]
        ahead = {
            o: np.array([scores[o][fold] - mine[fold] for fold in sorted(scores[o].keys() & mine.keys())])
            for o in cheaper
        }
        best = max(ahead, key=lambda o: ahead[o].mean(), default=None)
        if best is None or ahead[best].mean() < 0:
            continue
        error = ahead[best].std(ddof=1) / math.sqrt(len(ahead[best]))
        found.append(
            Lesson(
                kind="no gain",
                about=method,
                problem=problem,
                text=f"{method} costs {costs[method] / costs[best]:.2g} x the CPU time of {best} on {problem}, and its {metric} "
                f"is worse by {ahead[best].mean():.2g} +- {error:.1g} (mean of {len(ahead[best])} folds, standard error "
                "between folds)",
            )
        )
    return found


def _useless_searches(problem: str, cells: Sequence[CellRecord]) -> list[Lesson]:
    found = []
    for method in dict.fromkeys(record.cell.method for record in cells if record.search):
        searched = [record.search for record in cells if record.cell.method == method and record.search]
        kept = sum(not search["chosen"] for search in searched)
        if kept == len(searched):
            n = len(searched[0]["trials"]) - 1
            text = f"none of {n} other settings of {method} did better than its own in the inner folds of {problem}"
            found.append(Lesson(kind="no gain", about=method, problem=problem, text=text))
    return found


def _first_metric(cells: Sequence[CellRecord]) -> tuple[str, str, float]:
    for record in cells:
        for label, named in record.cell.metrics.items():
            for name, about in named.items():
                return label, name, 1.0 if about["direction"] == "higher" else -1.0
    return "", "", 1.0


def _scores(cells: Sequence[CellRecord], method: str, label: str, metric: str, sign: float) -> dict[int, float]:
    return {
        record.cell.fold.index: sign * value
        for record in cells
        if record.cell.method == method and (value := record.metrics.get(label, {}).get(metric)) is not None
    }
