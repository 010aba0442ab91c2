"""Rehearsal: each method fits and scores a few objects of each problem, so that what cannot work is named before the work."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

import numpy as np

from checkstar.data.dataset import Dataset
from checkstar.studies.cells import CellTask, fresh, run_cell
from checkstar.studies.execution import limited_threads
from checkstar.studies.grid import Fault, Grid, refuse, total_trials
from checkstar.studies.memory import needed_memory_mb
from checkstar.studies.splits import part_of

__all__ = ["Rehearsal", "rehearse"]

_FEWEST, _PER_CLASS, _MORE = 60, 6, 8
#: What says that the input is wrong; anything else may be the small number of objects.
_REFUSALS = ("InputError", "ContractError", "ImportError", "ModuleNotFoundError")
#: A rehearsal trains networks for one epoch.
_EPOCHS = "max_epochs"


@dataclass
class Rehearsal:
    """What the rehearsal has found: seconds that a cell of a method on a problem will take, and what may go wrong."""

    seconds: dict[tuple[str, str], float] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def rows(self, grid: Grid, tasks: Iterable[CellTask]) -> list[tuple[str, ...]]:
        """One row for each method on each problem: cells to run, seconds of each and of all, memory."""
        missing: dict[tuple[str, str], int] = {}
        for task in tasks:
            pair = (task.cell.problem, task.cell.method)
            missing[pair] = missing.get(pair, 0) + 1
        rows: list[tuple[str, ...]] = []
        for problem, data in grid.data.items():
            for method in grid.methods:
                to_run = missing.get((problem, method), 0)
                each = self.seconds.get((problem, method), math.nan)
                memory = f"{needed_memory_mb(data):,.0f} MB"
                rows.append((problem, method, str(to_run), _said(each), _said(each * to_run), memory))
        return rows


def rehearse(
    grid: Grid, tasks: Iterable[CellTask], *, threads: int = 1, progress: Callable[[str, int, int], None] | None = None
) -> Rehearsal:
    """Fit and score each method on a few training objects of each problem.

    Times are scaled in proportion to the number of objects, and to the epochs a network may take at most: a guess, not a
    promise.

    Raises
    ------
    InputError
        With a table of every method that refuses a problem: wrong columns or task, an extra that is not installed.
    """
    found, faults = Rehearsal(), []
    pairs = {(task.cell.problem, task.cell.method): task for task in reversed(list(tasks))}
    for done, ((problem, method), task) in enumerate(sorted(pairs.items())):
        if progress is not None:
            progress(f"rehearsing {method}", done, len(pairs))
        with limited_threads(threads):
            seconds, why = _tried(task, grid.data[problem])
        found.seconds[problem, method] = seconds * total_trials(task)
        if why is not None and why.startswith(_REFUSALS):
            faults.append(Fault(problem, method, why.partition(": ")[2] or why))
        elif why is not None:
            found.warnings.append(f"{method} failed on a few objects of {problem} and may fail again: {why}")
    refuse(faults)
    return found


def _tried(task: CellTask, data: Dataset) -> tuple[float, str | None]:
    """Seconds of the whole cell by those of a few objects, and why it failed; a refusal must hold for more objects too."""
    rng = np.random.default_rng(0)
    n_classes = len(np.unique(data.y[:, 0])) if data.task == "classification" and data.y is not None else 1
    n_few, why = max(_FEWEST, _PER_CLASS * n_classes), None
    while True:
        rows = part_of(data, task.train, n_few / len(task.train), rng)
        seconds, why = _one(replace(task, train=rows, test=rows, search=None), data)
        if why is None or not why.startswith(_REFUSALS) or len(rows) == len(task.train):
            return seconds * len(task.train) / len(rows), why
        n_few *= _MORE


def _one(task: CellTask, data: Dataset) -> tuple[float, str | None]:
    short = fresh(task.method, task.cell.seed)
    epochs = {name: value for name, value in short.get_params().items() if name.rsplit("__", 1)[-1] == _EPOCHS}
    if epochs:
        short.set_params(**dict.fromkeys(epochs, 1))
    record = run_cell(replace(task, method=short), data).record
    if record.failure is not None:
        return math.nan, record.failure.reason
    longest = max((value for value in epochs.values() if isinstance(value, int)), default=1)
    fitted, predicted = (record.costs[f"{stage}_seconds"] or 0.0 for stage in ("fit", "predict"))
    # What is done once before the epochs, as finding periods, a prediction does too.
    return fitted + predicted + (longest - 1) * max(fitted - predicted, 0.0), None


def _said(seconds: float) -> str:
    if not math.isfinite(seconds):
        return ""
    for size, unit in ((86400.0, "d"), (3600.0, "h"), (60.0, "min")):
        if seconds >= size:
            return f"~{seconds / size:.2g} {unit}"
    return f"~{seconds:.2g} s"
