"""What the command line prints: colour and boxes on a terminal, plain text in a pipe."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from rich.console import Console

    from checkstar.audits import Audit

__all__ = ["Advance", "progress_bar", "say", "show_audit", "show_json", "show_table"]

#: Called with what begins now, how many steps are done, and how many there are.
Advance = Callable[[str, int, int], None]

_COLOURS = {"PASS": "bold green", "FAIL": "bold red", "INCONCLUSIVE": "bold yellow"}


def say(text: str) -> None:
    """Print text; on a terminal the words of verdict get a colour as well."""
    from rich.text import Text

    if not sys.stdout.isatty():
        sys.stdout.write(text + "\n")
        return
    coloured = Text(text)
    for word, colour in _COLOURS.items():
        coloured.highlight_regex(rf"\b{word}\b", colour)
    _console(sys.stdout).print(coloured, soft_wrap=True)


def show_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table; numbers are aligned right by giving a column name that starts with '>'."""
    if title:
        say(title)
    if not sys.stdout.isatty():
        sys.stdout.writelines(f"{line}\n" for line in _plain_lines(columns, rows))
        return
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(
            column.removeprefix(">"), justify="right" if column.startswith(">") else "left", overflow="fold"
        )
    for row in rows:
        table.add_row(*(Text(cell, style=_COLOURS.get(cell, "")) for cell in row))
    _console(sys.stdout).print(table)


def _plain_lines(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    right = [column.startswith(">") for column in columns]
    lines = [[column.removeprefix(">") for column in columns], *rows]
    widths = [max(map(len, cells)) for cells in zip(*lines, strict=True)]
    for line in lines:
        cells = (c.rjust(w) if r else c.ljust(w) for c, w, r in zip(line, widths, right, strict=True))
        yield "  ".join(cells).rstrip()


def show_json(record: Any) -> None:
    """Print a record as JSON and nothing else; numbers that are not finite become null."""
    from checkstar.reports.records import plain

    sys.stdout.write(json.dumps(plain(record), indent=2, allow_nan=False) + "\n")


def show_audit(audit: Audit, *, as_json: bool = False) -> None:
    """Print an audit."""
    if as_json:
        show_json(audit.to_dict())
    else:
        from checkstar.reports import render_text

        say(render_text(audit.to_dict()).rstrip("\n"))


@contextmanager
def progress_bar() -> Iterator[Advance | None]:
    """A bar on the standard error of a terminal; None where there is no terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description:<24}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=_console(sys.stderr), transient=True) as bar:
        task = bar.add_task("starting", total=None)
        yield lambda name, done, total: bar.update(task, description=name, completed=done, total=total)


def _console(stream: TextIO) -> Console:
    from rich.console import Console

    return Console(file=stream, highlight=False)
