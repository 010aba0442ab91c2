"""The command of candidate lists: arguments only."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("candidates")(list_candidates)


def list_candidates(
    table: Annotated[Path, typer.Argument(help="CSV, Parquet, FITS or ECSV table of predictions.")],
    class_name: Annotated[str, typer.Option("--class", metavar="NAME", help="The class that is sought.")],
    truth: Annotated[str, typer.Option(metavar="COLUMN", help="True class.")],
    probabilities: Annotated[
        list[str], typer.Option(metavar="PATTERN", help="Class probabilities: 'p_*', or each column (repeatable).")
    ],
    k: Annotated[int, typer.Option("-k", min=1, help="Length of the list.")] = 50,
    group: Annotated[str | None, typer.Option(metavar="COLUMN", help="Independent unit that objects share.")] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write candidates.vot, .fits and .parquet there.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the machine-readable list as JSON.")] = False,
) -> None:
    """The objects most likely of a class, with calibrated probabilities and the purity to expect.

    Each object's probability is calibrated on the others. New objects without a class: checkstar.candidates in Python.
    """
    from checkstar.candidate_lists import candidates
    from checkstar.runs import Run
    from checkstar.settings import require_writable
    from checkstar.terminal import say, show_json, show_table

    if out is not None:
        require_writable(out)
    run = Run.from_table(table, truth=truth, probabilities=probabilities, group=group)
    found = candidates(run, class_name, k)
    if out is not None:
        found.save(out)
    if as_json:
        show_json({**found.facts(), "candidates": found.table.to_dict("records")})
        return
    say(repr(found))
    shown = found.table.head(20)
    columns = [name for name in shown.columns if shown[name].notna().any()]
    show_table(
        "", [f">{name}" for name in columns], [[_cell(row[name]) for name in columns] for _, row in shown.iterrows()]
    )
    for note in found.notes:
        say(note)


def _cell(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
