"""Summaries: a whole study as the one record that its report is rendered from."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from typing import Any

from checkstar import provenance
from checkstar.estimates import unit_count
from checkstar.studies.audited import audit_best
from checkstar.studies.grid import Grid
from checkstar.studies.identity import class_path, settings_of
from checkstar.studies.lessons import add_lesson, lessons_of, read_lessons
from checkstar.studies.records import CellRecord, StudyRecord
from checkstar.studies.standings import leaderboard
from checkstar.studies.store import Store

__all__ = ["summarise"]


def summarise(
    grid: Grid,
    records: list[CellRecord],
    store: Store,
    *,
    name: str = "study",
    claims: Any = None,
    warnings: Sequence[str] = (),
) -> StudyRecord:
    """The leaderboard, the lessons and the audits of a study, with all that its report has to say of data and methods.

    Lessons and audits are kept in the store.
    """
    board = leaderboard(records)
    for lesson in lessons_of(records):
        add_lesson(store, lesson)
    methods = [_method_in_words(grid, called) for called in grid.methods]
    cells = [_cell_in_words(record, store) for record in records]
    asked = {"methods": methods, "cells": [cell["key"] for cell in cells], "name": name}
    return StudyRecord(
        name=name,
        key=hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:16],
        seed=grid.seed,
        problems=[_problem_in_words(called, grid) for called in grid.problems],
        methods=methods,
        folds={**grid.folding.to_dict(), "seed": grid.seed},
        shares=list(grid.folding.shares),
        cells=cells,
        leaderboard=board.rows,
        lessons=[lesson.to_dict() for lesson in read_lessons(store)[0]],
        warnings=[*grid.warnings, *warnings, *board.warnings, *_mixed_versions(records)],
        audits=audit_best(grid, records, board.rows, claims, store),
        environment=provenance.environment(grid.seed),
        created=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    )


def _cell_in_words(record: CellRecord, store: Store) -> dict[str, Any]:
    cell = record.cell
    return {
        "problem": cell.problem,
        "method": cell.method,
        "fold": cell.fold.index,
        "share": cell.share,
        "seed": cell.seed,
        "key": record.key,
        "state": "failed" if record.failure else "done",
        "path": f"runs/{store.folder_of(record).name}",
    }


def _problem_in_words(called: str, grid: Grid) -> dict[str, Any]:
    problem, data = grid.problems[called], grid.data[called]
    classes = {}
    if data.task == "classification" and data.y is not None:
        import pandas as pd

        classes = {label: pd.Series(data.y[:, i]).value_counts().to_dict() for i, label in enumerate(data.labels)}
    cell = next(task.cell for task in grid.tasks if task.cell.problem == called)
    return {
        "name": called,
        "question": problem.question,
        "notes": list(getattr(problem, "notes", ())),
        "task": data.task,
        "labels": list(data.labels),
        "units": {label: data.units.get(label, "") for label in data.labels},
        "n_objects": len(data),
        "n_units": unit_count(data.units_of_independence),
        "n_features": 0 if data.x is None else data.x.shape[1],
        "group": data.group_name or None,
        "classes": {label: {str(c): int(n) for c, n in counts.items()} for label, counts in classes.items()},
        "data": data.name,
        "data_hash": cell.data_hash,
        "citation": problem.citation or data.citation,
        "reference": type(problem.reference).__name__,
        "metrics": cell.metrics,
    }


def _method_in_words(grid: Grid, called: str) -> dict[str, Any]:
    method, search = grid.methods[called], grid.searches.get(called)
    return {
        "name": called,
        "method_class": class_path(method),
        "settings": settings_of(method),
        "search": None if search is None else search.to_dict(),
        "references": list(method.references),
        "estimand": method.estimand,
    }


def _mixed_versions(records: Sequence[CellRecord]) -> list[str]:
    """Cells of one study that were run by different versions are comparable only as far as these are."""
    found = []
    for name in sorted({name for record in records for name in record.environment.get("packages", {})}):
        versions = {str(record.environment.get("packages", {}).get(name)) for record in records}
        if len(versions) > 1:
            found.append(f"the cells were run with different versions of {name}: {', '.join(sorted(versions))}")
    return found
