"""Grid: problems x methods x folds, checked whole before anything runs; all that is wrong is named at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from checkstar.data.dataset import Dataset
from checkstar.errors import ContractError, InputError
from checkstar.methods.base import Method
from checkstar.methods.wrapping import as_method
from checkstar.problems.base import Problem
from checkstar.studies.cells import CellTask
from checkstar.studies.hyperparameters import Search, engine_of
from checkstar.studies.identity import class_path, code_hash, data_hash, rows_hash, settings_of
from checkstar.studies.joining import joined
from checkstar.studies.memory import available_memory_mb, needed_memory_mb
from checkstar.studies.records import Cell, Fold
from checkstar.studies.splits import Split, grouped_folds, part_of, random_splits

__all__ = ["Fault", "Folding", "Grid", "lay_out", "refuse"]


class Fault(NamedTuple):
    """Something that is wrong with a study: where, and what."""

    problem: str
    method: str
    what: str


@dataclass(frozen=True, kw_only=True)
class Folding:
    """How each problem's data are divided.

    Parameters
    ----------
    folds : int or None
        Folds that together test every object once; None for the problem's own split.
    splits : int or None
        Random splits in place of folds.
    test_share : float
        Of the groups that test in a random split.
    shares : sequence of float
        Of each training part that are used: (0.1, 0.3, 1.0) gives a learning curve.
    """

    folds: int | None = 5
    splits: int | None = None
    test_share: float = 0.2
    shares: Sequence[float] = (1.0,)

    @property
    def kind(self) -> str:
        """As in `checkstar.studies.records.Fold`."""
        return "splits" if self.splits is not None else "folds" if self.folds is not None else "own"

    @property
    def number(self) -> int:
        """How many times each method is fitted."""
        return self.splits or self.folds or 1

    def divide(self, data: Dataset, n_train: int, rng: np.random.Generator) -> list[Split]:
        """The splits of the data, whose first `n_train` objects are the problem's own training part."""
        if self.splits is not None:
            return random_splits(data, self.splits, self.test_share, rng)
        if self.folds is not None:
            return grouped_folds(data, self.folds, rng)
        rows = np.arange(len(data))
        return [Split(rows[:n_train], rows[n_train:])]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        share = self.test_share if self.splits is not None else None
        return {"kind": self.kind, "of": self.number, "test_share": share}


@dataclass(frozen=True, kw_only=True)
class Grid:
    """All cells of a study.

    Attributes
    ----------
    problems, methods, searches : mapping by name
    data : mapping of problem to Dataset
        Its training part, then its test part.
    tasks : list of CellTask
    warnings : list of str
        What is odd, but may be meant.
    """

    problems: dict[str, Problem]
    methods: dict[str, Method]
    searches: dict[str, Search]
    data: dict[str, Dataset]
    folding: Folding
    seed: int
    tasks: list[CellTask]
    warnings: list[str]


def lay_out(
    problems: Any,
    methods: Any,
    folding: Folding,
    *,
    seed: int = 0,
    searches: Mapping[str, Any] | None = None,
    n_workers: int = 1,
    watts_per_core: float = 10.0,
) -> Grid:
    """Make the cells of a study; nothing is fitted.

    Raises
    ------
    InputError
        With a table of all that is wrong: things of the wrong kind, names borne twice, data that cannot be divided,
        classes that a training part lacks, searches that do not fit, too little memory.
    """
    faults: list[Fault] = []
    asked = _named(problems, "problem", _as_problem, faults)
    made = _named(methods, "method", as_method, faults)
    found = {name: Search.of(given) for name, given in (searches or {}).items()}
    faults += [
        Fault("", name, f"a search is given for it, but it is not in the study; its methods are {', '.join(made)}")
        for name in found
        if name not in made
    ]
    faults += _faults_of_folding(folding)
    data, tasks, warnings = {}, [], _warnings(made, found)
    for name, problem in asked.items():
        try:
            data[name] = joined(problem.train, problem.test)
            splits = folding.divide(data[name], len(problem.train), np.random.default_rng([seed, 1]))
        except InputError as error:
            faults.append(Fault(name, "", str(error)))
            continue
        faults += _faults_of_problem(name, problem, data[name], splits, n_workers)
        for method, search in found.items():
            faults += _faults_of_search(name, problem, method, made.get(method), search)
        if not faults:
            tasks += _tasks_of(name, problem, data[name], splits, made, found, folding, seed, watts_per_core)
    refuse(faults)
    return Grid(
        problems=asked,
        methods=made,
        searches=found,
        data=data,
        folding=folding,
        seed=seed,
        tasks=tasks,
        warnings=warnings,
    )


def refuse(faults: Sequence[Fault]) -> None:
    """Raise InputError with a table of the faults, if there are any."""
    if not faults:
        return
    rows = [("problem", "method", "what is wrong"), *faults]
    widths = [max(len(row[i]) for row in rows) for i in (0, 1)]
    lines = [f"  {row[0]:{widths[0]}}  {row[1]:{widths[1]}}  {row[2]}" for row in rows]
    things = "1 thing is" if len(faults) == 1 else f"{len(faults)} things are"
    raise InputError(f"the study cannot begin, {things} wrong; nothing was run:\n" + "\n".join(lines))


def _named(given: Any, kind: str, make: Callable[[Any], Any], faults: list[Fault]) -> dict[str, Any]:
    """Things by name: by that of a mapping, else by their own."""
    pairs = given.items() if isinstance(given, Mapping) else [(None, item) for item in _listed(given)]
    found: dict[str, Any] = {}
    for called, item in pairs:
        try:
            made = make(item)
        except (InputError, ContractError) as error:
            faults.append(Fault("", "", str(error)))
            continue
        name = str(called or getattr(made, "name", type(made).__name__))
        if name in found:
            what = f"two {kind}s are called {name!r}; give a mapping of names to {kind}s to tell them apart"
            faults.append(Fault(name if kind == "problem" else "", name if kind == "method" else "", what))
        found[name] = made
    if not found and not faults:
        faults.append(Fault("", "", f"there is no {kind}; give at least one"))
    return found


def _listed(given: Any) -> Iterable[Any]:
    return given if isinstance(given, Iterable) and not isinstance(given, Problem | str) else [given]


def _as_problem(item: Any) -> Problem:
    if not isinstance(item, Problem):
        raise InputError(f"{item!r:.60} is a {type(item).__name__}, not a Problem; make one with checkstar.problems.")
    return item


def _faults_of_folding(folding: Folding) -> list[Fault]:
    shares = list(folding.shares)
    if not shares or not all(0 < share <= 1 for share in shares) or len(set(shares)) < len(shares):
        return [Fault("", "", f"the shares of the training part are {shares}; give different numbers above 0, up to 1")]
    return []


def _faults_of_problem(
    name: str, problem: Problem, data: Dataset, splits: Sequence[Split], n_workers: int
) -> list[Fault]:
    faults = []
    if data.x is None or data.y is None:
        faults.append(Fault(name, "", "its data have no observations x or no truth y; a method needs both"))
    if not any(problem.metrics.values()):
        faults.append(Fault(name, "", "it has no metric; methods could not be compared"))
    if data.is_partly_labelled:
        faults.append(Fault(name, "", "some of its objects have no label; leave them out"))
    elif data.task == "classification" and data.y is not None:
        faults += _lacking_classes(name, data, splits)
    needed, there = needed_memory_mb(data) * n_workers, available_memory_mb()
    if needed > there:
        faults.append(
            Fault(
                name,
                "",
                f"{n_workers} workers need about {needed:,.0f} MB ({len(data)} objects x "
                f"{0 if data.x is None else data.x.shape[1]} columns x 8 bytes x 4, and a process each), "
                f"but {there:,.0f} MB are free; use fewer workers or fewer objects",
            )
        )
    return faults


def _lacking_classes(name: str, data: Dataset, splits: Sequence[Split]) -> list[Fault]:
    assert data.y is not None
    truth = data.y[:, 0]
    lacking: dict[str, list[str]] = {}
    for number, split in enumerate(splits):
        for missing in np.setdiff1d(truth[split.test], truth[split.train]):
            lacking.setdefault(str(missing), []).append(str(number))
    what = "the class {} is in no training part of fold {}: it has {} objects in {} group; leave it out or join it with another"
    return [
        Fault(name, "", what.format(repr(c), ", ".join(where), int((truth == c).sum()), _n_groups(data, truth == c)))
        for c, where in lacking.items()
    ]


def _n_groups(data: Dataset, rows: Any) -> int:
    return len(np.unique(data.units_of_independence[rows]))


def _faults_of_search(name: str, problem: Problem, called: str, method: Method | None, search: Search) -> list[Fault]:
    if method is None:
        return []
    try:
        search.check(method, problem.metrics.get(problem.labels[0], ()))
    except InputError as error:
        return [Fault(name, called, str(error))]
    if not method.can_refit:
        return [Fault(name, called, "it comes trained, so there is nothing to search for; leave out its search")]
    return []


def _warnings(methods: Mapping[str, Method], searches: Mapping[str, Search]) -> list[str]:
    found = [
        f"{name} comes trained: whether it has seen the test objects cannot be known from here"
        for name, method in methods.items()
        if not method.can_refit
    ]
    found += [
        f"optuna is not installed, so settings of {name} are drawn at random; pip install 'checkstar[hpo]' searches better"
        for name, search in searches.items()
        if engine_of(search) == "random"
    ]
    return found


def _tasks_of(
    name: str,
    problem: Problem,
    data: Dataset,
    splits: Sequence[Split],
    methods: Mapping[str, Method],
    searches: Mapping[str, Search],
    folding: Folding,
    seed: int,
    watts: float,
) -> list[CellTask]:
    """Fold by fold, so that a study that is stopped has compared all methods on some folds."""
    hashed = data_hash(data)
    asked = {label: metrics for label, metrics in problem.metrics.items() if metrics}
    metrics = {
        label: {m.name: {"direction": m.direction, "unit": m.unit, "source": m.source} for m in some}
        for label, some in asked.items()
    }
    codes = {called: (class_path(m), settings_of(m), code_hash(m)) for called, m in methods.items()}
    tasks = []
    for index, split in enumerate(splits):
        for share in sorted(folding.shares, reverse=True):
            train = part_of(data, split.train, share, np.random.default_rng([seed, 2, index]))
            rows = rows_hash(train, split.test)
            for called, method in methods.items():
                search = searches.get(called)
                path, settings, code = codes[called]
                cell = Cell(
                    problem=name,
                    method=called,
                    method_class=path,
                    settings=settings,
                    fold=Fold(kind=folding.kind, index=index, of=len(splits), seed=seed),  # type: ignore[arg-type]
                    share=float(share),
                    seed=int(np.random.SeedSequence([seed, 3, index]).generate_state(1)[0]),
                    search=None if search is None else search.to_dict(),
                    metrics=metrics,
                    data_hash=hashed,
                    rows_hash=rows,
                    code_hash=code,
                )
                tasks.append(
                    CellTask(
                        cell=cell,
                        method=method,
                        train=train,
                        test=split.test,
                        metrics=asked,
                        search=search,
                        watts_per_core=watts,
                    )
                )
    return tasks


def total_trials(task: CellTask) -> float:
    """How many times a cell fits its method, in units of one fit on its training part."""
    if task.search is None:
        return 1.0
    return 1.0 + (task.search.trials + 1) * (task.search.folds - 1)
