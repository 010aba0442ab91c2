"""Settings of a study as a TOML file gives them: problems and methods by name, folds, searches, executor, store.

[study]
name = "variable stars"
store = "store"              # relative to this file
folds = 5                    # or splits = 8; or folds = "own": the problem's own split
seed = 0

[[problems]]
problem = "variable-stars"   # checkstar list problems
name = "no period"           # what the tables call it
period = "found"             # every other key is a setting of the problem

[[methods]]
method = "boosted-trees"     # checkstar list methods; one around another: "calibrated(boosted-trees)"
n_rounds = 200               # every other key is a setting of the method

[methods.search]             # of the method above
trials = 20
folds = 3
space = { learning_rate = { low = 0.01, high = 0.3, log = true }, max_depth = [3, 5, 8] }
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict

from checkstar.claim_settings import validated
from checkstar.components import component, configured, method_of
from checkstar.errors import InputError, unknown_name
from checkstar.problems.base import Problem
from checkstar.studies.execution import DaskExecutor, Executor, JoblibExecutor, SerialExecutor
from checkstar.studies.grid import Folding
from checkstar.studies.hyperparameters import Between, Search

__all__ = ["StudySettings", "read_study"]

_TABLES = ("study", "problems", "methods")


class _SearchSettings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    space: dict[str, Any]
    trials: int = 20
    folds: int = 3
    metric: str | None = None


class Chosen(NamedTuple):
    """Methods by name, searches of some of them, and what was left out, in words."""

    methods: dict[str, Any]
    searches: dict[str, Search]
    left_out: list[str]


class StudySettings(BaseModel):
    """What is studied, and how; keys of ``[study]``, and the tables of problems and methods as they stand."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = "study"
    store: Path
    folds: int | Literal["own"] = 5
    splits: int | None = None
    test_share: float = 0.2
    shares: tuple[float, ...] = (1.0,)
    seed: int = 0
    executor: Literal["serial", "joblib", "dask"] | None = None
    scheduler: str | None = None
    jobs: int | None = None
    threads: int = 1
    claims: Literal["usual"] | None = None
    watts_per_core: float = 10.0
    problems: list[dict[str, Any]]
    methods: list[dict[str, Any]]

    @property
    def folding(self) -> Folding:
        """How the data are divided."""
        folds = None if self.folds == "own" else self.folds
        return Folding(folds=folds, splits=self.splits, test_share=self.test_share, shares=self.shares)

    def make_executor(self) -> Executor:
        """One by one for one job; processes of this machine for more; dask where it is asked for."""
        if self.executor == "dask" or self.scheduler is not None:
            return DaskExecutor(self.scheduler, n_workers=self.jobs, threads=self.threads)
        if self.executor == "serial" or (self.executor is None and self.jobs in (None, 1)):
            return SerialExecutor(self.threads)
        return JoblibExecutor(self.jobs, threads=self.threads)

    def make_problems(self) -> dict[str, Problem]:
        """The problems, made.

        Raises
        ------
        InputError
            For a problem or setting that does not exist, and data that cannot be had.
        """
        made: dict[str, Problem] = {}
        for number, table in enumerate(self.problems):
            chosen, called, settings = _named(table, "problem", number)
            _require_new("problem", called, made)
            made[called] = configured(component("problems", chosen), settings)
        return made

    def make_methods(self) -> Chosen:
        """The methods, unfitted, the searches of those that have one, and what was left out.

        Raises
        ------
        InputError
            For a method or setting that does not exist.
        """
        made: dict[str, Any] = {}
        searches: dict[str, Search] = {}
        left_out = []
        for number, table in enumerate(self.methods):
            chosen, called, settings = _named(table, "method", number)
            search, needs = settings.pop("search", None), settings.pop("needs", [])
            lacking = [name for name in ([needs] if isinstance(needs, str) else needs) if find_spec(name) is None]
            if lacking:
                left_out.append(f"{called} is left out: {', '.join(lacking)} is not installed")
                continue
            _require_new("method", called, made)
            made[called] = method_of(chosen, settings)
            if search is not None:
                searches[called] = _search(search, called)
        return Chosen(made, searches, left_out)


def read_study(path: Path, given: Mapping[str, Any] | None = None) -> StudySettings:
    """Settings from a TOML file and the options, which win over the file.

    Raises
    ------
    InputError
        For a file that cannot be read, an unknown key (the nearest is suggested) or a value of the wrong kind.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}; check the path.") from error
    except ValueError as error:
        raise InputError(f"{path} is not TOML ({error}); see the page on studies for its keys.") from error
    for name in content:
        if name not in _TABLES:
            raise unknown_name(f"table in {path.name} called", name, _TABLES)
    if not isinstance(content.get("study", {}), dict):
        raise InputError(f"[study] in {path.name} is no table; write its keys below a line [study].")
    stored = {key.replace("-", "_"): value for key, value in content.get("study", {}).items()}
    if isinstance(stored.get("store"), str):
        stored["store"] = path.parent / stored["store"]
    stored |= {key: value for key, value in (given or {}).items() if value is not None}
    stored.setdefault("store", Path(os.path.splitext(path.name)[0] + "-store"))
    keys = [key for key in StudySettings.model_fields if key not in _TABLES]
    for part in ("problems", "methods"):
        if part in stored:
            raise unknown_name(f"key in [study] of {path.name}", part, keys)
        if not content.get(part):
            raise InputError(f"{path} names no {part}; add a table [[{part}]] with {part[:-1]} = 'NAME' for each.")
    tables = {part: content[part] for part in ("problems", "methods")}
    return validated(StudySettings, {**stored, **tables}, f"[study] of {path.name}", keys)


def _named(table: Mapping[str, Any], kind: str, number: int) -> tuple[str, str, dict[str, Any]]:
    """What is chosen, what it is called, and its settings."""
    settings = dict(table)
    chosen = settings.pop(kind, None)
    if not isinstance(chosen, str):
        raise InputError(f"table {number + 1} of [[{kind}s]] does not say which; add {kind} = 'NAME'.")
    called = settings.pop("name", chosen)
    return chosen, str(called), settings


def _require_new(kind: str, called: str, made: Mapping[str, Any]) -> None:
    if called in made:
        raise InputError(f"two {kind}s are called {called!r}; add name = '...' to one of the tables [[{kind}s]].")


def _search(table: Any, called: str) -> Search:
    where = f"the search of {called!r}"
    if not isinstance(table, dict):
        raise InputError(f"{where} is {table!r}; write a table [methods.search] with a space.")
    given = validated(_SearchSettings, table, where, list(_SearchSettings.model_fields))
    space = {name: _values(name, values) for name, values in given.space.items()}
    return Search(space=space, trials=given.trials, folds=given.folds, metric=given.metric)


def _values(name: str, values: Any) -> Any:
    if not isinstance(values, dict):
        return values
    if not {"low", "high"} <= set(values) <= {"low", "high", "log"}:
        raise InputError(
            f"the setting {name!r} is searched over {values!r}; give {{low = ..., high = ..., log = true}}."
        )
    return Between(**values)
