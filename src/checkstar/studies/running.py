"""Study: methods on problems over folds, each fitted where no test object was seen, kept in a store that survives kills."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from checkstar.errors import InputError
from checkstar.problems.base import Problem
from checkstar.studies.audited import claims_of
from checkstar.studies.cells import CellTask, Outcome, failed_record, run_cell
from checkstar.studies.execution import Executor, Finished, SerialExecutor, Task
from checkstar.studies.grid import Folding, Grid, lay_out
from checkstar.studies.records import CellRecord, StudyRecord
from checkstar.studies.rehearsal import Rehearsal, rehearse
from checkstar.studies.reservations import Reservations
from checkstar.studies.standings import leaderboard_tables
from checkstar.studies.store import Store
from checkstar.studies.summaries import summarise

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Progress", "Study", "StudyPlan", "plan_study", "study"]

#: Called with what was done last, how many cells are done, and how many there are.
Progress = Callable[[str, int, int], None]

_WAIT_SECONDS = 0.5


@dataclass(frozen=True, kw_only=True)
class Study:
    """What a study found; made by `study`, or read from its store.

    Attributes
    ----------
    record : StudyRecord
        All numbers, as they are stored.
    records : list of CellRecord
        One a cell, those that failed among them.
    store : Store
    problems : mapping by name
        Empty where the study was read from its store.
    """

    record: StudyRecord
    records: list[CellRecord]
    store: Store
    problems: Mapping[str, Problem] = field(default_factory=dict)

    @classmethod
    def load(cls, store: str | os.PathLike[str], name: str | None = None) -> Self:
        """Read a study from its store: the latest, or the latest of this name.

        Raises
        ------
        InputError
            If there is no store, or no such study in it.
        """
        kept = Store(store)
        kept.require()
        found = [record for record in kept.studies() if name in (None, record.name, record.key)]
        if not found:
            raise InputError(
                f"the store {kept.path} holds no finished study{'' if name is None else f' called {name!r}'}."
            )
        record = found[-1]
        cells = [(cell, kept.find(cell["key"])) for cell in record.cells]
        records = [r.called(cell["problem"], cell["method"]) for cell, r in cells if r is not None]
        return cls(record=record, records=records, store=kept)

    @property
    def failures(self) -> list[CellRecord]:
        """The cells that failed."""
        return [record for record in self.records if record.failure is not None]

    @property
    def leaderboard(self) -> list[dict[str, Any]]:
        """Rows of `checkstar.studies.standings`: one a problem, label, metric and method; best first."""
        return self.record.leaderboard

    def predictions(self, record: CellRecord) -> pd.DataFrame:
        """The predictions of a cell, one row per test object, as `checkstar.studies.records` describes them."""
        return self.store.predictions(record)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return self.record.to_dict()

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Write `report.html`, `study.json`, `leaderboard.csv` and `lessons.md`.

        Raises
        ------
        InputError
            If the folder cannot be written, or the study was read from its store, which does not hold the data.
        """
        from checkstar.studies.reporting import describe_study, write_study

        return write_study(describe_study(self), Path(folder))

    def __repr__(self) -> str:
        lines = [f"Study({self.record.name}: {len(self.records)} cells, {len(self.failures)} failed)"]
        for title, columns, rows in leaderboard_tables(self.leaderboard):
            lines += [title, *(" | ".join(row) for row in [tuple(c.lstrip(">") for c in columns), *rows])]
        return "\n".join(lines)


@dataclass(frozen=True, kw_only=True)
class StudyPlan:
    """A study that could begin: its cells, and which of them are still to be run.

    Attributes
    ----------
    grid : Grid
    missing : list of CellTask
    rehearsal : Rehearsal
        What each method took on a few objects.
    """

    grid: Grid
    missing: list[CellTask]
    rehearsal: Rehearsal

    @property
    def columns(self) -> tuple[str, ...]:
        """Of `rows`."""
        return ("problem", "method", ">cells to run", ">each", ">all", ">memory")

    @property
    def rows(self) -> list[tuple[str, ...]]:
        """One line a method on a problem; times are a guess from a few objects."""
        return self.rehearsal.rows(self.grid, self.missing)

    @property
    def summary(self) -> str:
        """One sentence."""
        done = len(self.grid.tasks) - len(self.missing)
        return f"{len(self.grid.tasks)} cells, {done} of them done already, {len(self.missing)} to run"


def study(
    problems: Any,
    methods: Any,
    folds: int | None = 5,
    *,
    store: str | os.PathLike[str],
    splits: int | None = None,
    test_share: float = 0.2,
    shares: Sequence[float] = (1.0,),
    seed: int = 0,
    executor: Executor | None = None,
    resume: bool = True,
    retry_failed: bool = False,
    hyperparameters: Mapping[str, Any] | None = None,
    claims: Any = None,
    name: str = "study",
    watts_per_core: float = 10.0,
    progress: Progress | None = None,
) -> Study:
    """Run every method on every problem in every fold; a fold that is in the store already is not run again.

    The whole grid is checked before anything runs: names, groups and classes against the folds, memory, searches, and each
    method on a few objects of each problem. A method that fails later is a result with its reason.

    Parameters
    ----------
    problems : Problem, or sequence or mapping of name to Problem
        Their training and test parts are joined and divided anew, but with ``folds=None``.
    methods : method, or sequence or mapping of name to method
        Methods, or what `as_method` takes. Copies are fitted.
    folds : int or None
        Folds by group, classes spread evenly; None for each problem's own split.
    store : path
        Folder of the results; made if it is not there. Several studies, and several processes at once, may share it.
    splits, test_share : int, float
        Random splits by group in place of folds, and the share of groups that test in each.
    shares : sequence of float
        Shares of each training part to fit, for learning curves: ``(0.1, 0.3, 1.0)``.
    seed : int
        Of folds, methods and searches. The same seed gives the same numbers, whatever the executor.
    executor : Executor, optional
        `SerialExecutor` (default), `JoblibExecutor`, `DaskExecutor`.
    resume : bool
        Take over what the store holds; without, a store that holds cells of this study is refused.
    retry_failed : bool
        Run cells again that have failed; what failed stays in the store beside it.
    hyperparameters : mapping of method to Search, or to a mapping of setting to values or `Between`
        Searched in inner folds of each training part.
    claims : Claim, sequence of Claim, or "usual", optional
        Audit the best method of each problem for them; "usual" are the claims that the problem names.
    name : str
        For reports.
    watts_per_core : float
        For the energy, which is modelled: CPU seconds times this.
    progress : callable, optional
        Called with a text, how many cells are done, and how many there are.

    Raises
    ------
    InputError
        With a table of all that is wrong, before anything is run.
    """
    runner = executor or SerialExecutor()
    folding = Folding(folds=folds, splits=splits, test_share=test_share, shares=tuple(shares))
    plan = plan_study(
        problems,
        methods,
        folding,
        store=store,
        seed=seed,
        executor=runner,
        retry_failed=retry_failed,
        hyperparameters=hyperparameters,
        watts_per_core=watts_per_core,
        progress=progress,
    )
    for problem in plan.grid.problems.values():
        claims_of(claims, problem)  # refuses what does not fit before the work begins
    kept = Store(store)
    if not resume and len(plan.missing) < len(plan.grid.tasks):
        raise InputError(
            f"the store {kept.path} holds {len(plan.grid.tasks) - len(plan.missing)} cells of this study already; give "
            "another store, or leave out resume=False to go on with it."
        )
    kept.prepare()
    tasks = [_with_journal(task, kept) for task in plan.missing]
    _run_all(tasks, len(plan.grid.tasks), plan.grid, kept, runner, progress, retry_failed)
    records = [_record_of(task, kept) for task in plan.grid.tasks]
    made = Study(
        record=summarise(plan.grid, records, kept, name=name, claims=claims, warnings=plan.rehearsal.warnings),
        records=records,
        store=kept,
        problems=plan.grid.problems,
    )
    kept.add_study(made.record)
    return made


def plan_study(
    problems: Any,
    methods: Any,
    folding: Folding,
    *,
    store: str | os.PathLike[str],
    seed: int = 0,
    executor: Executor | None = None,
    retry_failed: bool = False,
    hyperparameters: Mapping[str, Any] | None = None,
    watts_per_core: float = 10.0,
    progress: Progress | None = None,
) -> StudyPlan:
    """Check a study and see what is still to be run; nothing is written. Parameters are those of `study`.

    Raises
    ------
    InputError
        With a table of all that is wrong.
    """
    runner = executor or SerialExecutor()
    grid = lay_out(
        problems,
        methods,
        folding,
        seed=seed,
        searches=hyperparameters,
        n_workers=runner.n_workers,
        watts_per_core=watts_per_core,
    )
    kept = Store(store)
    missing = [task for task in grid.tasks if not _is_done(kept.find(task.cell.key), retry_failed)]
    return StudyPlan(grid=grid, missing=missing, rehearsal=rehearse(grid, missing, progress=progress))


def _run_all(
    tasks: Sequence[CellTask],
    total: int,
    grid: Grid,
    store: Store,
    executor: Executor,
    progress: Progress | None,
    retry_failed: bool,
) -> None:
    """Run what is missing. What another process is running is left to it, and looked at again in the end."""
    waiting, count = list(tasks), _Count(total - len(tasks), total, progress)
    with Reservations(store.path / "reservations") as reserved:
        while waiting:
            elsewhere: list[CellTask] = []
            drawn = _drawn(waiting, store, reserved, elsewhere, count, retry_failed)
            first = next(drawn, None)
            # Workers are started only where there is something for them to do.
            for finished in () if first is None else executor.map(run_cell, chain([first], drawn), grid.data):
                store.add(*_outcome(finished))
                reserved.release(finished.item.cell.key)
                count.one_more(finished.item)
            waiting = elsewhere
            if waiting:
                time.sleep(_WAIT_SECONDS)


def _drawn(
    tasks: Sequence[CellTask],
    store: Store,
    reserved: Reservations,
    elsewhere: list[CellTask],
    count: _Count,
    retry_failed: bool,
) -> Iterator[Task]:
    """The tasks that nobody has done or is doing, decided when there is room for the next."""
    for task in tasks:
        key = task.cell.key
        if not reserved.take(key):
            elsewhere.append(task)
        elif _is_done(store.find(key), retry_failed):
            reserved.release(key)
            count.one_more(task)
        else:
            yield Task(task, task.cell.problem)


class _Count:
    """Tells how many cells are done; executors may draw tasks in a thread of their own."""

    def __init__(self, done: int, total: int, progress: Progress | None) -> None:
        self.done, self.total, self.progress = done, total, progress
        self._lock = threading.Lock()
        self._tell("starting")

    def one_more(self, task: CellTask) -> None:
        with self._lock:
            self.done += 1
            self._tell(f"{task.cell.method} on {task.cell.problem}")

    def _tell(self, text: str) -> None:
        if self.progress is not None:
            self.progress(text, self.done, self.total)


def _outcome(finished: Finished) -> Outcome:
    if finished.death:
        return Outcome(failed_record(finished.item, finished.death), None)
    outcome: Outcome = finished.result
    return outcome


def _is_done(record: CellRecord | None, retry_failed: bool) -> bool:
    return record is not None and not (retry_failed and record.failure is not None)


def _with_journal(task: CellTask, store: Store) -> CellTask:
    if task.search is None:
        return task
    return replace(task, journal=(store.path / "searches" / f"{task.cell.key}.log").absolute())


def _record_of(task: CellTask, store: Store) -> CellRecord:
    record = store.find(task.cell.key)
    if record is None:
        raise InputError(f"the run {task.cell.key} has vanished from {store.path}; start the study again to repeat it.")
    return record.called(task.cell.problem, task.cell.method)
