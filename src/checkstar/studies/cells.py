"""Cells: run one method on one problem in one fold, in whatever process; a failure is a result with its reason."""

from __future__ import annotations

import math
import sys
import time
import traceback
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from checkstar import provenance
from checkstar.data.dataset import Dataset
from checkstar.estimates import unit_count
from checkstar.methods.base import Method, seeded
from checkstar.prediction import Classes
from checkstar.problems.base import Metric
from checkstar.runs import Run
from checkstar.studies.hyperparameters import Search, search_settings
from checkstar.studies.memory import peak_memory
from checkstar.studies.records import Cell, CellRecord, Failure

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CellTask", "Outcome", "failed_record", "fresh", "run_cell"]

#: More different warnings than these are not kept of one cell.
_MOST_WARNINGS = 20


@dataclass(frozen=True, kw_only=True)
class CellTask:
    """A cell with all that a worker needs to run it but the data.

    Attributes
    ----------
    train, test : (n,) arrays
        Rows of the problem's data.
    search : Search or None
    journal : Path or None
        Where the search keeps its trials.
    """

    cell: Cell
    method: Method
    train: NDArray[np.intp]
    test: NDArray[np.intp]
    metrics: Mapping[str, tuple[Metric, ...]]
    search: Search | None = None
    journal: Path | None = None
    watts_per_core: float = 10.0


class Outcome(NamedTuple):
    """The record of a cell, and its predictions; None where it failed."""

    record: CellRecord
    predictions: pd.DataFrame | None


def run_cell(task: CellTask, data: Dataset) -> Outcome:
    """Search, fit, predict and score; the one place where a failure of any of these becomes a record."""
    train, test = data[task.train], data[task.test]
    record = CellRecord(
        cell=task.cell,
        n_train=len(train),
        n_test=len(test),
        n_units=unit_count(test.units_of_independence),
        created=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    )
    stage, found, run = "search", None, None
    with warnings.catch_warnings(record=True) as heard, peak_memory() as peak:
        warnings.simplefilter("default")
        try:
            method = fresh(task.method, task.cell.seed)
            if task.search is not None:
                metrics = task.metrics[test.labels[0]]
                found = search_settings(method, train, task.search, metrics, seed=task.cell.seed, journal=task.journal)
                method.set_params(**found.settings)
            stage = "fit"
            run = Run.of(method, train=train, test=test, seed=task.cell.seed)
            stage = "score" if run.failure is None else "predict" if math.isfinite(run.costs.fit_seconds) else "fit"
            scores = {} if run.failure else _scores(run, task.metrics)
            table = None if run.failure else _table(run, task.test)
            why, trace = run.failure, run.failure_traceback
        except Exception as error:  # noqa: BLE001 - a failed cell is a result
            why, trace = f"{type(error).__name__}: {error}", traceback.format_exc()
            scores, table = {}, None
    record = replace(
        record,
        search=None if found is None else found.record,
        costs=_costs(run, found, peak.peak_mb, len(test), task.watts_per_core),
        warnings=_heard(heard),
        environment=_environment(),
    )
    if why is not None:
        return Outcome(replace(record, failure=Failure(stage=stage, reason=why, traceback=trace or "")), None)  # type: ignore[arg-type]
    return Outcome(replace(record, metrics=scores, history=_history(run)), table)


def fresh(method: Method, seed: int) -> Method:
    """A copy that has learned nothing, with the seed; a function or a module comes as it is."""
    return seeded(clone(method), seed) if method.can_refit else method


def failed_record(task: CellTask, reason: str) -> CellRecord:
    """The record of a cell whose worker died."""
    return CellRecord(
        cell=task.cell,
        n_train=len(task.train),
        n_test=len(task.test),
        failure=Failure(stage="worker", reason=reason),
        environment=_environment(),
        created=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    )


def _scores(run: Run, metrics: Mapping[str, tuple[Metric, ...]]) -> dict[str, dict[str, float | None]]:
    scores: dict[str, dict[str, float | None]] = {}
    for label, asked in metrics.items():
        view = run.view(label)
        values = {metric.name: metric.score(view.truth, view.prediction) for metric in asked}
        scores[label] = {name: value if math.isfinite(value) else None for name, value in values.items()}
    return scores


def _table(run: Run, rows: NDArray[np.intp]) -> pd.DataFrame:
    """One row per test object, as `checkstar.studies.records` describes it."""
    import pandas as pd

    test, prediction = run.test, run.prediction
    columns: dict[str, Any] = {"row": rows.astype(np.int64)}
    if "id" in test.meta:
        columns["id"] = test.meta["id"].astype(str).to_numpy()
    for name, values in (("group", test.group), ("weight", test.weight)):
        if values is not None:
            columns[name] = values
    for i, label in enumerate(test.labels):
        columns[f"truth_{label}"] = test.y[:, i]  # type: ignore[index]
    if isinstance(prediction, Classes):
        columns |= {f"p_{name}": prediction.probabilities[:, i] for i, name in enumerate(prediction.names)}
    else:
        mean, std = prediction.mean(), prediction.std()
        for i, label in enumerate(test.labels):
            columns |= {f"mean_{label}": mean[:, i], f"std_{label}": std[:, i]}
    return pd.DataFrame(columns)


def _costs(run: Run | None, found: Any, peak_mb: float, n_test: int, watts: float) -> dict[str, float | None]:
    spent = {} if run is None else run.costs.to_dict()
    searched = (found.record["seconds"], found.record["cpu_seconds"]) if found is not None else (0.0, 0.0)
    costs = {
        name: spent.get(name) for name in ("fit_seconds", "fit_cpu_seconds", "predict_seconds", "predict_cpu_seconds")
    }
    cpu = searched[1] + sum(costs[name] or 0.0 for name in ("fit_cpu_seconds", "predict_cpu_seconds"))
    predicted = costs["predict_seconds"]
    return {
        "search_seconds": searched[0],
        "search_cpu_seconds": searched[1],
        **costs,
        "predict_seconds_per_object": None if predicted is None else predicted / n_test,
        "peak_memory_mb": peak_mb,
        "energy_joules_modelled": cpu * watts,
        "watts_per_core": watts,
    }


def _history(run: Run | None) -> dict[str, list[float | None]] | None:
    """Loss by epoch, where the method, or one that it holds, has kept it: what it has learned that ends in loss_."""
    curves: dict[str, list[float | None]] = {}
    waiting = [] if run is None or run.method is None else [run.method]
    for method in waiting:
        for name, values in method.learned().items():
            if isinstance(values, Method):
                waiting.append(values)
            elif name.endswith("loss_") and isinstance(values, np.ndarray) and values.ndim == 1 and values.size > 1:
                curves[name.rstrip("_")] = [v if math.isfinite(v) else None for v in values.astype(float).tolist()]
    return curves or None


def _heard(heard: list[warnings.WarningMessage]) -> list[str]:
    """The warnings of the libraries, each once."""
    return list(dict.fromkeys(f"{item.category.__name__}: {item.message}" for item in heard))[:_MOST_WARNINGS]


def _environment() -> dict[str, Any]:
    torch = sys.modules.get("torch")
    device = torch.cuda.get_device_name() if torch is not None and torch.cuda.is_available() else None
    return _versions() | {"accelerator": device}


@cache
def _versions() -> dict[str, Any]:
    """Once a process: asking git takes longer than many a fit."""
    found = provenance.environment()
    return {name: value for name, value in found.items() if name not in ("created", "seed")}
