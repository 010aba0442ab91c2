"""Reporting: a study as the record of its report, and that report as files."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from checkstar.errors import InputError
from checkstar.reports.files import write_files
from checkstar.reports.study_page import render_study
from checkstar.studies.analysis import analyse_problem
from checkstar.studies.standings import leaderboard_tables

if TYPE_CHECKING:
    from collections.abc import Mapping

    from checkstar.studies.running import Study

__all__ = ["describe_study", "write_study"]


def describe_study(study: Study, *, tolerances: Mapping[str, float] | None = None) -> dict[str, Any]:
    """The record that the report is rendered from: the study, and the analysis of each problem.

    Parameters
    ----------
    study : Study
        With its problems, as `checkstar.studies.running.study` returns it.
    tolerances : mapping of metric to float, optional
        How far behind the best a method may be and still do; by default 0.01, and 5 % of the best of errors and scores with a unit.

    Raises
    ------
    InputError
        If the study was read from its store: its problems are needed for their data and metrics.
    """
    if not study.problems:
        raise InputError(
            "the study was read from its store, which does not hold the data; run the same study again (no cell is "
            "repeated) to make its report."
        )
    cells = [(r, None if r.failure else study.predictions(r)) for r in study.records]
    analysed = [
        {
            **analyse_problem(
                problem,
                [(record, table) for record, table in cells if record.cell.problem == name],
                tolerances=tolerances,
                seed=study.record.seed,
            ),
            "problem": name,
        }
        for name, problem in study.problems.items()
    ]
    return {"schema_version": 1, "kind": "study report", "study": study.to_dict(), "problems": analysed}


def write_study(record: Mapping[str, Any], folder: str | Path) -> Path:
    """Write `report.html`, `study.json`, `leaderboard.csv` and `lessons.md`; each is whole or not there.

    Raises
    ------
    InputError
        If the folder cannot be written.
    """
    contents = {
        "report.html": render_study(record).encode(),
        "study.json": (json.dumps(record, indent=1, ensure_ascii=False) + "\n").encode(),
        "leaderboard.csv": _leaderboard(record["study"]).encode(),
        "lessons.md": _lessons(record["study"]).encode(),
    }
    return write_files(contents, Path(folder))


def _leaderboard(study: Mapping[str, Any]) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    for title, columns, rows in leaderboard_tables(study["leaderboard"]):
        writer.writerows([[title], [column.lstrip(">") for column in columns], *rows, []])
    return stream.getvalue()


def _lessons(study: Mapping[str, Any]) -> str:
    lines = [f"# Lessons of {study['name']}", ""]
    return "\n".join([*lines, *(f"* {lesson['text']}" for lesson in study["lessons"]), ""])
