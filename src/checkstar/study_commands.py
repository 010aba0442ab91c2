"""The commands of studies: arguments only."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

__all__ = ["register"]


class ExecutorKind(StrEnum):
    """What runs the cells."""

    serial = "serial"
    joblib = "joblib"
    dask = "dask"


StoreFolder = Annotated[Path, typer.Argument(metavar="STORE", help="Folder of the results of studies.")]
Json = Annotated[bool, typer.Option("--json", help="Print the machine-readable record as JSON, and nothing else.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("study")(run_study)
    app.command("leaderboard")(show_leaderboard)
    app.command("lessons")(show_lessons)


def run_study(
    settings: Annotated[Path, typer.Argument(metavar="STUDY.TOML", help="What is studied, and how.")],
    store: Annotated[Path | None, typer.Option(metavar="DIR", help="Folder of the results.")] = None,
    jobs: Annotated[int | None, typer.Option(min=1, help="Cells run side by side. [default: 1]")] = None,
    executor: Annotated[ExecutorKind | None, typer.Option(help="What runs them.")] = None,
    scheduler: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Of a dask cluster that runs: tcp://host:8786.")
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, max=2**32 - 1, help="Seed of everything random.")] = None,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Run again what has failed.")] = False,
    plan: Annotated[
        bool, typer.Option("--plan", help="Show the grid, what is still to be run and a guess of its cost; then stop.")
    ] = False,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Write report.html and the rest there.")] = None,
    as_json: Json = False,
) -> None:
    """Compare methods on problems over folds; a study that was stopped goes on where it was.

    Exit status: 0 done, also where methods have failed (they are shown); 3 bad input, before anything is run.
    """
    from checkstar.settings import require_writable
    from checkstar.studies.running import plan_study, study
    from checkstar.study_settings import read_study
    from checkstar.terminal import progress_bar

    if out is not None:
        require_writable(out)

    given = {
        "store": store,
        "jobs": jobs,
        "executor": None if executor is None else executor.value,
        "scheduler": scheduler,
        "seed": seed,
    }
    asked = read_study(settings, given)
    methods, searches, left_out = asked.make_methods()
    problems = asked.make_problems()
    shared: dict[str, Any] = {
        "store": asked.store,
        "seed": asked.seed,
        "executor": asked.make_executor(),
        "retry_failed": retry_failed,
        "hyperparameters": searches,
        "watts_per_core": asked.watts_per_core,
    }
    with progress_bar() as advance:
        if plan:
            planned = plan_study(problems, methods, asked.folding, progress=advance, **shared)
        else:
            folding = asked.folding
            done = study(
                problems,
                methods,
                folding.folds,
                splits=folding.splits,
                test_share=folding.test_share,
                shares=folding.shares,
                claims=asked.claims,
                name=asked.name,
                progress=advance,
                **shared,
            )
    if plan:
        _show_plan(planned, left_out, as_json=as_json)
        return
    if out is not None:
        done.save(out)
    _show_study(done, left_out, out, as_json=as_json)


def show_leaderboard(
    store: StoreFolder,
    as_json: Json = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print the tables as Markdown.")] = False,
) -> None:
    """The methods of all studies of a store: metrics over folds, costs, and what failed."""
    from checkstar.studies.standings import leaderboard, leaderboard_tables
    from checkstar.studies.store import Store
    from checkstar.terminal import say, show_json

    found = Store(store).scan()
    standings = leaderboard(found.records)
    warnings = [*found.warnings, *standings.warnings]
    if as_json:
        show_json({"leaderboard": standings.rows, "warnings": warnings})
        return
    for table in leaderboard_tables(standings.rows):
        _show_table(*table, markdown=markdown)
    if not standings.rows:
        say("no runs yet")
    _show_notes(warnings)


def show_lessons(
    store: StoreFolder,
    add: Annotated[str | None, typer.Option(metavar="TEXT", help="Add a lesson of yours.")] = None,
    about: Annotated[str, typer.Option(metavar="METHOD", help="What it is about.")] = "",
    as_json: Json = False,
) -> None:
    """What failed and what did not help, found by the studies of a store or written by people."""
    from checkstar.studies.lessons import Lesson, add_lesson, read_lessons
    from checkstar.studies.store import Store
    from checkstar.terminal import say, show_json, show_table

    kept = Store(store)
    kept.require()
    if add is not None:
        add_lesson(kept, Lesson(kind="note", text=add, about=about, by="people"))
    lessons, warnings = read_lessons(kept)
    if as_json:
        show_json({"lessons": [lesson.to_dict() for lesson in lessons], "warnings": warnings})
        return
    rows = [(lesson.created[:10], lesson.by, lesson.kind, lesson.about, lesson.text) for lesson in lessons]
    if rows:
        show_table("", ("date", "by", "kind", "about", "lesson"), rows)
    else:
        say("no lessons yet")
    _show_notes(warnings)


def _show_plan(planned: Any, left_out: list[str], *, as_json: bool) -> None:
    from checkstar.terminal import say, show_json, show_table

    if as_json:
        columns = [column.lstrip(">") for column in planned.columns]
        show_json([dict(zip(columns, row, strict=True)) for row in planned.rows])
        return
    show_table("", planned.columns, planned.rows)
    say(f"{planned.summary}; times are a guess from a few objects")
    _show_notes([*left_out, *planned.grid.warnings, *planned.rehearsal.warnings])


def _show_study(done: Any, left_out: list[str], out: Path | None, *, as_json: bool) -> None:
    from checkstar.studies.standings import leaderboard_tables
    from checkstar.terminal import say, show_json

    if as_json:
        show_json(done.to_dict())
        return
    for table in leaderboard_tables(done.leaderboard):
        _show_table(*table)
    for record in done.failures:
        cell, failure = record.cell, record.failure
        say(
            f"failed: {cell.method} on {cell.problem}, fold {cell.fold.index}, at the {failure.stage}: {failure.reason}"
        )
    for made in done.record.audits:
        verdict = made["verdict"] or f"not judged: {made['reason']}"
        say(f"audit: {made['method']} on {made['problem']} for {made['claim']}: {verdict}")
    _show_notes([*left_out, *done.record.warnings])
    say(f"\nstore: {done.store.path}")
    if out is not None:
        say(f"report: {out / 'report.html'}")


def _show_table(title: str, columns: Any, rows: Any, *, markdown: bool = False) -> None:
    from checkstar.terminal import say, show_table

    if not markdown:
        show_table(title, columns, rows)
        say("")
        return
    say(f"### {title}\n")
    for cells in ([c.lstrip(">") for c in columns], ["---:" if c.startswith(">") else "---" for c in columns], *rows):
        say("| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |")
    say("")


def _show_notes(notes: list[str]) -> None:
    from checkstar.terminal import say

    for note in notes:
        say(f"note: {note}")
