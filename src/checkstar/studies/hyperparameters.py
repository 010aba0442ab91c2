"""Hyperparameters: settings chosen by inner folds of the training part, so that the test objects never choose them."""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np
from sklearn.base import clone

from checkstar import provenance
from checkstar.data.dataset import Dataset
from checkstar.errors import InputError, unknown_name
from checkstar.methods.base import Method
from checkstar.problems.base import Metric
from checkstar.runs import Run
from checkstar.studies.identity import described
from checkstar.studies.splits import grouped_folds

if TYPE_CHECKING:
    import optuna

__all__ = ["Between", "Found", "Search", "Trial", "chosen_settings", "engine_of", "search_settings"]

Settings = dict[str, Any]


class Between(NamedTuple):
    """A number from `low` to `high`, whole if both are; with `log`, equally often in each factor of ten."""

    low: float
    high: float
    log: bool = False


@dataclass(frozen=True, kw_only=True)
class Search:
    """A search over settings of a method.

    Parameters
    ----------
    space : mapping of setting to list or Between
        Values to choose from. A setting of a method that is held is named as in scikit-learn: ``method__alpha``.
    trials : int
        Settings to try besides those that the method has.
    folds : int
        Inner folds of the training part.
    metric : str, optional
        What is made best, the mean over the inner folds; by default the problem's first.
    """

    space: Mapping[str, Sequence[Any] | Between]
    trials: int = 20
    folds: int = 3
    metric: str | None = None

    @classmethod
    def of(cls, given: Any) -> Self:
        """A search as it is, or of a mapping that is the space."""
        return given if isinstance(given, cls) else cls(space=given)

    def check(self, method: Method, metrics: Sequence[Metric]) -> None:
        """Raise InputError where the search does not fit the method or the problem."""
        if self.trials < 1 or self.folds < 2 or not self.space:
            raise InputError(
                f"a search of {self.trials} trials in {self.folds} inner folds over {len(self.space)} settings cannot be "
                "done; give one trial, two folds and one setting at least."
            )
        known = method.get_params()
        for name, values in self.space.items():
            if name not in known:
                raise unknown_name("setting to search over", name, known)
            _check_values(name, values)
        if self.metric is not None and self.metric not in [metric.name for metric in metrics]:
            raise unknown_name("metric", self.metric, [metric.name for metric in metrics])

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        space = {
            name: values._asdict() if isinstance(values, Between) else described(list(values))
            for name, values in self.space.items()
        }
        return {"space": space, "trials": self.trials, "folds": self.folds, "metric": self.metric}


class Trial(NamedTuple):
    """Settings that were tried, and their mean score in the inner folds; None with the reason where they failed."""

    settings: Settings
    score: float | None
    reason: str = ""


class Found(NamedTuple):
    """The settings with the best score, and how they were found, as JSON."""

    settings: Settings
    record: dict[str, Any]


def search_settings(
    method: Method,
    train: Dataset,
    search: Search,
    metrics: Sequence[Metric],
    *,
    seed: int = 0,
    journal: Path | None = None,
) -> Found:
    """Try settings in inner folds of the training part alone; the first trial is the method as it is.

    Parameters
    ----------
    metrics : sequence of Metric
        Of the first label.
    journal : Path, optional
        Where finished trials are kept by optuna, so that a killed search goes on.

    Raises
    ------
    InputError
        If every trial failed.
    """
    metric = next(m for m in metrics if search.metric in (None, m.name))
    splits = grouped_folds(train, search.folds, np.random.default_rng(seed))
    inner = [(train[split.train], train[split.test]) for split in splits]

    known: dict[str, Trial] = {}

    def attempt(settings: Settings) -> Trial:
        # Samplers come back to what was good; the same settings have the same score.
        said = repr(sorted(described(settings).items()))
        if said not in known:
            known[said] = _attempt(method, settings, inner, metric, seed)
        return known[said]

    with provenance.measure() as meter:
        engine = engine_of(search)
        trials = [attempt({})]
        if _has_optuna():
            trials += _by_optuna(search, engine, attempt, metric.direction, seed, journal)
        else:
            trials += [attempt(settings) for settings in _listed(search, engine, seed)]
    scores = [-math.inf if t.score is None else t.score * _sign(metric) for t in trials]
    if max(scores) == -math.inf:
        raise InputError(f"each of the {len(trials)} settings tried failed, the first so: {trials[0].reason}")
    best = trials[int(np.argmax(scores))]
    record = {
        "engine": engine,
        "metric": metric.name,
        "direction": metric.direction,
        "folds": search.folds,
        "trials": [{**trial._asdict(), "settings": described(trial.settings)} for trial in trials],
        "chosen": described(best.settings),
        "score": best.score,
        "default_score": trials[0].score,
        "seconds": meter.wall_seconds,
        "cpu_seconds": meter.cpu_seconds,
    }
    return Found(best.settings, record)


def chosen_settings(search: Search, chosen: Mapping[str, Any]) -> Settings:
    """The settings that a record says were chosen, as values of the search's space."""
    return {
        name: stored
        if isinstance(search.space[name], Between)
        else next(value for value in search.space[name] if described(value) == stored)
        for name, stored in chosen.items()
    }


def engine_of(search: Search) -> str:
    """How a search goes: all of a small grid; else by optuna, or at random where that is not installed."""
    if _grid_size(search) <= search.trials:
        return "grid"
    return "optuna" if _has_optuna() else "random"


def _has_optuna() -> bool:
    return find_spec("optuna") is not None


def _attempt(
    method: Method, settings: Settings, inner: Sequence[tuple[Dataset, Dataset]], metric: Metric, seed: int
) -> Trial:
    scores = []
    for train, test in inner:
        known = _of_known_classes(train, test)
        run = Run.of(clone(method).set_params(**settings), train=train, test=known, seed=seed)
        if run.failure is not None:
            return Trial(settings, None, run.failure)
        view = run.view(run.labels[0])
        scores.append(metric.score(view.truth, view.prediction))
    score = float(np.mean(scores))
    return Trial(settings, score) if math.isfinite(score) else Trial(settings, None, f"{metric.name} is {score}")


def _of_known_classes(train: Dataset, test: Dataset) -> Dataset:
    """A class with a single group is in one part only, and cannot be scored."""
    if test.task != "classification":
        return test
    return test[np.isin(test.y[:, 0], train.y[:, 0])]  # type: ignore[index]


def _by_optuna(
    search: Search, engine: str, attempt: Callable[[Settings], Trial], direction: str, seed: int, journal: Path | None
) -> list[Trial]:
    """Trials of optuna, finished ones taken over from the journal; of a grid it keeps the journal only."""
    import optuna

    points = list(_grid_points(search)) if engine == "grid" else []
    wanted = len(points) or search.trials

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        study = optuna.create_study(
            storage=_storage(journal),
            study_name="search",
            load_if_exists=True,
            direction="maximize" if direction == "higher" else "minimize",
        )
        ended = (optuna.trial.TrialState.COMPLETE, optuna.trial.TrialState.FAIL)
        while (done := len(study.get_trials(deepcopy=False, states=ended))) < wanted:
            if points:
                study.enqueue_trial(points[done], skip_if_exists=True)
            # A sampler of its own for each trial, blind to what a kill left running: the search goes on as if there
            # had been none.
            study.sampler = optuna.samplers.TPESampler(
                seed=_seed(seed, done), n_startup_trials=min(10, search.trials // 2), constant_liar=False
            )
            asked = study.ask()
            trial = attempt({name: _suggested(asked, name, values) for name, values in search.space.items()})
            asked.set_user_attr("reason", trial.reason)
            state = None if trial.score is not None else optuna.trial.TrialState.FAIL
            study.tell(asked, trial.score, state=state)
    return [_stored(search, t) for t in study.get_trials(states=ended)]


def _storage(journal: Path | None) -> Any:
    """Where optuna keeps its trials: in memory where the folder of the journal is not there, as on another machine."""
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock

    if journal is None or not journal.parent.is_dir():
        return None
    _mend(journal)
    return JournalStorage(JournalFileBackend(str(journal), JournalFileOpenLock(str(journal), grace_period=5)))


def _mend(journal: Path) -> None:
    """Cut off a last line that a kill has torn: optuna refuses the file otherwise."""
    if not journal.exists():
        return
    content = journal.read_bytes()
    if content and not content.endswith(b"\n"):
        os.truncate(journal, content.rfind(b"\n") + 1)


def _suggested(trial: optuna.Trial, name: str, values: Sequence[Any] | Between) -> Any:
    if not isinstance(values, Between):
        return values[trial.suggest_categorical(name, range(len(values)))]
    if _is_whole(values):
        return trial.suggest_int(name, int(values.low), int(values.high), log=values.log)
    return trial.suggest_float(name, values.low, values.high, log=values.log)


def _stored(search: Search, trial: optuna.trial.FrozenTrial) -> Trial:
    chosen = {
        name: value if isinstance(search.space[name], Between) else search.space[name][value]
        for name, value in trial.params.items()
    }
    return Trial(chosen, trial.value, trial.user_attrs.get("reason", ""))


def _listed(search: Search, engine: str, seed: int) -> Iterator[Settings]:
    """All of a grid, or settings drawn at random."""
    if engine == "grid":
        for values in product(*search.space.values()):
            yield dict(zip(search.space, values, strict=True))
        return
    rng = np.random.default_rng(seed)
    for _ in range(search.trials):
        yield {name: _drawn(values, rng) for name, values in search.space.items()}


def _grid_points(search: Search) -> Iterator[dict[str, int]]:
    """Of each setting the place of its value."""
    for places in product(*(range(len(values)) for values in search.space.values())):
        yield dict(zip(search.space, places, strict=True))


def _drawn(values: Sequence[Any] | Between, rng: np.random.Generator) -> Any:
    if not isinstance(values, Between):
        return values[int(rng.integers(len(values)))]
    low, high = (math.log(values.low), math.log(values.high)) if values.log else (values.low, values.high)
    number = float(rng.uniform(low, high))
    number = math.exp(number) if values.log else number
    return min(round(number), int(values.high)) if _is_whole(values) else number


def _grid_size(search: Search) -> float:
    sizes = [math.inf if isinstance(values, Between) else len(values) for values in search.space.values()]
    return math.prod(sizes)


def _check_values(name: str, values: Any) -> None:
    if isinstance(values, Between):
        if not values.low < values.high or (values.log and not values.low > 0):
            raise InputError(
                f"the setting {name!r} is searched between {values.low} and {values.high}"
                f"{' in its logarithm' if values.log else ''}; give low < high, above zero for a logarithm."
            )
    elif isinstance(values, str) or not isinstance(values, Sequence) or not values:
        raise InputError(
            f"the setting {name!r} is searched over {values!r}; give a list of values or Between(low, high)."
        )


def _is_whole(values: Between) -> bool:
    return isinstance(values.low, int) and isinstance(values.high, int)


def _sign(metric: Metric) -> float:
    return 1.0 if metric.direction == "higher" else -1.0


def _seed(seed: int, number: int) -> int:
    return int(np.random.SeedSequence([seed, number]).generate_state(1)[0])
