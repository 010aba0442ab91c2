"""Analysis: what the cells of a study say together, as the one record that its report is rendered from.

Confusion matrices, paired comparisons, the simplest method that will do, learning curves, losses by epoch, the objects that
methods are most wrong about. Predictions of all folds are pooled: each row counts once, each star is one unit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from checkstar.prediction import Classes, Normal, Point, Prediction
from checkstar.problems.base import Metric, Problem
from checkstar.studies.comparison import compare
from checkstar.studies.contributions import Reach, of_any
from checkstar.studies.findings import dearer_in_words, verdict_in_words
from checkstar.studies.pictures import picture_of
from checkstar.studies.records import CellRecord

__all__ = ["Answers", "analyse_problem"]

Array = NDArray[np.float64]
_N_WORST = 12
#: What methods may be behind the best, where a study does not say: one point of a score of which more is better, of errors
#: and scores with a unit a share of the best.
_POINT, _SHARE = 0.01, 0.05


class Answers(NamedTuple):
    """All predictions of one method for one label, folds one after the other; ``row`` is the object's place in the data."""

    row: NDArray[np.intp]
    unit: NDArray[np.intp]
    fold: NDArray[np.intp]
    truth: NDArray[Any]
    prediction: Prediction
    n_train: tuple[int, ...]


def analyse_problem(
    problem: Problem,
    cells: Sequence[tuple[CellRecord, pd.DataFrame | None]],
    *,
    tolerances: Mapping[str, float] | None = None,
    seed: int = 0,
) -> dict[str, Any]:
    """What the cells of one problem say together, as plain values for JSON.

    Parameters
    ----------
    problem : Problem
    cells : sequence of (record, table)
        All cells; the table is empty where a cell failed.
    tolerances : mapping of metric to float, optional
        How far behind the best a method may be; by default 0.01, and 5 % of the best of errors and scores with a unit.
    seed : int
        Of the simultaneous intervals.
    """
    whole = [cell for cell in cells if cell[0].cell.share == 1.0]
    labels = []
    for label in problem.labels:
        answers = _answers(problem, label, [c for c in whole if c[0].failure is None])
        labels.append(
            {
                "label": label,
                "unit": problem.test.units.get(label, ""),
                "metrics": [
                    _metric(metric, answers, whole, (tolerances or {}).get(metric.name), seed)
                    for metric in problem.metrics[label]
                ],
                "confusion": [_confusion(name, one) for name, one in answers.items() if _has_classes(one)],
                "learning": _learning(label, cells),
                "worst": _worst(problem, answers),
            }
        )
    return {
        "problem": problem.name,
        "question": problem.question,
        "labels": labels,
        "costs": _costs(whole),
        "failures": _failures(cells),
        "histories": _histories(whole),
    }


def _answers(
    problem: Problem, label: str, cells: Sequence[tuple[CellRecord, pd.DataFrame | None]]
) -> dict[str, Answers]:
    """By method, for methods that answered in every fold: only those can be paired."""
    folds = {record.cell.fold.index for record, _ in cells}
    found = {}
    for name in dict.fromkeys(record.cell.method for record, _ in cells):
        mine = sorted(((r, t) for r, t in cells if r.cell.method == name), key=lambda cell: cell[0].cell.fold.index)
        if {record.cell.fold.index for record, _ in mine} == folds:
            found[name] = _joined(problem, label, mine)
    return found


def _joined(problem: Problem, label: str, cells: Sequence[tuple[CellRecord, pd.DataFrame | None]]) -> Answers:
    tables = [table.sort_values("row") for _, table in cells if table is not None]
    joined = pd.concat(tables, ignore_index=True)
    unit = joined["group"] if "group" in joined else joined["row"]
    return Answers(
        row=joined["row"].to_numpy(dtype=np.intp),
        unit=pd.factorize(unit)[0].astype(np.intp),
        fold=np.repeat(np.arange(len(tables)), [len(table) for table in tables]),
        truth=joined[f"truth_{label}"].to_numpy(),
        prediction=_prediction(label, joined, problem),
        n_train=tuple(record.n_train for record, _ in cells),
    )


def _prediction(label: str, table: pd.DataFrame, problem: Problem) -> Prediction:
    if problem.test.task == "classification":
        names = [column for column in table.columns if column.startswith("p_")]
        # A class that a fold did not know has no probability there.
        p = table[names].fillna(0.0).to_numpy(dtype=float)
        return Classes(p, [name.removeprefix("p_") for name in names])
    mean, std = (table.get(f"{kind}_{label}") for kind in ("mean", "std"))
    assert mean is not None
    if std is None or std.isna().any():
        return Point(mean.to_numpy(dtype=float)[:, None])
    return Normal(mean.to_numpy(dtype=float)[:, None], std.to_numpy(dtype=float)[:, None])


def _has_classes(answers: Answers) -> bool:
    return isinstance(answers.prediction, Classes)


def _metric(
    metric: Metric,
    answers: Mapping[str, Answers],
    cells: Iterable[tuple[CellRecord, Any]],
    tolerance: float | None,
    seed: int,
) -> dict[str, Any]:
    """One metric of all methods: pooled value, paired comparison, and the simplest that will do, in words."""
    cost = _cpu_seconds(cells)
    sign = 1.0 if metric.direction == "higher" else -1.0
    found: dict[str, Any] = {
        "name": metric.name,
        "direction": metric.direction,
        "unit": metric.unit,
        "source": metric.source,
        # Scores and differences in the comparison are times this, so that larger is better.
        "sign": sign,
        "pooled": {name: metric.score(one.truth, one.prediction) for name, one in answers.items()},
        "comparison": None,
        "simplest": None,
        "sentence": "",
    }
    if len(answers) < 2:
        return found
    first = next(iter(answers.values()))
    compared = compare(
        {name: sign * _contributions(metric, one) for name, one in answers.items()},
        first.unit,
        first.fold,
        score=metric.name,
        tolerance=_usual_tolerance(metric, found["pooled"].values()) if tolerance is None else tolerance,
        n_train=first.n_train,
        reach=_REACH[metric.name](first.truth) if metric.name in _REACH and _has_classes(first) else None,
        seed=seed,
    )
    simplest = compared.simplest({name: cost.get(name, math.inf) for name in answers})
    return found | {
        "comparison": compared.to_dict(),
        "simplest": simplest,
        "sentence": verdict_in_words(compared, simplest, cost, metric) + dearer_in_words(compared, cost),
    }


def _usual_tolerance(metric: Metric, scores: Iterable[float]) -> float:
    if metric.direction == "higher" and not metric.unit:
        return _POINT
    return _SHARE * abs((min if metric.direction == "lower" else max)(scores))


def _contributions(metric: Metric, answers: Answers) -> Array:
    def score(rows: NDArray[np.intp]) -> float:
        return metric.score(answers.truth[rows], answers.prediction[rows])

    known = _KNOWN.get(metric.name)
    if known is not None and _has_classes(answers):
        return known(answers)
    return of_any(score, answers.unit)


def _accuracy(answers: Answers) -> Array:
    from checkstar.studies.contributions import of_accuracy

    return of_accuracy(answers.truth.astype(str), answers.prediction.predicted())  # type: ignore[attr-defined]


def _balanced(answers: Answers) -> Array:
    from checkstar.studies.contributions import of_balanced_accuracy

    return of_balanced_accuracy(answers.truth.astype(str), answers.prediction.predicted())  # type: ignore[attr-defined]


def _log_loss(answers: Answers) -> Array:
    return np.asarray(answers.prediction.log_loss(answers.truth))  # type: ignore[attr-defined]


#: Scores whose contributions have a closed form.
_KNOWN: Mapping[str, Callable[[Answers], Array]] = {
    "accuracy": _accuracy,
    "balanced_accuracy": _balanced,
    "log_loss": _log_loss,
}

#: Of scores between 0 and 1, how much one object can change. F1 becomes 2 / (n + 1) where one of a class of n is found first.
_REACH: Mapping[str, Callable[[NDArray[Any]], Reach | Literal["seen"]]] = {
    "accuracy": Reach.of_objects,
    "balanced_accuracy": Reach.of_classes,
    "macro_f1": lambda truth: Reach.of_classes(truth, 2.0),
    "log_loss": lambda truth: "seen",
}


def _cpu_seconds(cells: Iterable[tuple[CellRecord, Any]]) -> dict[str, float]:
    """Mean CPU seconds of search, fit and prediction by method."""
    spent: dict[str, list[float]] = {}
    for record, _ in cells:
        parts = [record.costs.get(f"{what}_cpu_seconds") or 0.0 for what in ("search", "fit", "predict")]
        if record.failure is None:
            spent.setdefault(record.cell.method, []).append(sum(parts))
    return {name: float(np.mean(values)) for name, values in spent.items()}


def _confusion(name: str, answers: Answers) -> dict[str, Any]:
    """Counts of true (rows) against predicted classes, the most frequent class first."""
    prediction = answers.prediction
    assert isinstance(prediction, Classes)
    truth, predicted = answers.truth.astype(str), prediction.predicted()
    found, counts = np.unique(truth, return_counts=True)
    names = [str(n) for n in found[np.argsort(-counts, kind="stable")]]
    names += sorted(set(prediction.names) - set(names))
    table = pd.crosstab(truth, predicted).reindex(index=names, columns=names, fill_value=0)
    return {"method": name, "names": names, "counts": table.to_numpy().tolist()}


def _learning(label: str, cells: Sequence[tuple[CellRecord, Any]]) -> list[dict[str, Any]]:
    """Metrics by share of the training set, where a study asked for shares."""
    rows = [
        {"method": r.cell.method, "share": r.cell.share, "metric": metric, "n_train": r.n_train, "value": value}
        for r, _ in cells
        if r.failure is None
        for metric, value in r.metrics.get(label, {}).items()
        if value is not None
    ]
    table = pd.DataFrame(rows)
    if not len(table) or table["share"].nunique() < 2:
        return []
    made = []
    for (method, metric), part in table.groupby(["method", "metric"], sort=False):
        by_share = part.groupby("share")
        error: pd.Series[float] = by_share["value"].std(ddof=1) / np.sqrt(by_share["value"].count())
        made.append(
            {
                "method": method,
                "metric": metric,
                "n_train": by_share["n_train"].mean().tolist(),
                "mean": by_share["value"].mean().tolist(),
                "standard_error": [None if math.isnan(e) else e for e in error.tolist()],
            }
        )
    return made


def _worst(problem: Problem, answers: Mapping[str, Answers]) -> list[dict[str, Any]]:
    """Objects that all methods together are most wrong about, with what each said and a picture where there is one."""
    if not answers:
        return []
    first = next(iter(answers.values()))
    _, position = np.unique(first.row, return_index=True)
    wrong = np.mean([_wrongness(one) for one in answers.values()], axis=0)[position]
    chosen = position[np.argsort(-wrong, kind="stable")[:_N_WORST]]
    return [_shown(problem, answers, int(place)) for place in chosen]


def _wrongness(answers: Answers) -> Array:
    """-ln p of the true class, bounded; for numbers the error in units of its robust scatter."""
    if isinstance(answers.prediction, Classes):
        return np.minimum(answers.prediction.log_loss(answers.truth), 12.0)
    error = np.abs(answers.prediction.mean()[:, 0] - answers.truth.astype(float))
    return np.minimum(error / max(1.4826 * float(np.median(error)), 1e-12), 100.0)


def _shown(problem: Problem, answers: Mapping[str, Answers], place: int) -> dict[str, Any]:
    first = next(iter(answers.values()))
    row = int(first.row[place])
    data, inside = (problem.train, row) if row < len(problem.train) else (problem.test, row - len(problem.train))
    name = data.meta["id"].iloc[inside] if "id" in data.meta else row
    return {
        "id": str(name),
        "truth": _plain(first.truth[place]),
        "said": [{"method": method, **_said(one, place)} for method, one in answers.items()],
        "picture": picture_of(data, inside),
    }


def _said(answers: Answers, place: int) -> dict[str, Any]:
    prediction = answers.prediction
    if isinstance(prediction, Classes):
        p = prediction.probabilities[place]
        return {"answer": prediction.names[int(p.argmax())], "probability": float(p.max())}
    return {"answer": float(prediction.mean()[place, 0]), "probability": None}


def _plain(value: Any) -> Any:
    return value if isinstance(value, str) else float(value)


def _costs(cells: Iterable[tuple[CellRecord, Any]]) -> list[dict[str, Any]]:
    """Mean costs of each method over its folds."""
    rows = [{"method": record.cell.method, **record.costs} for record, _ in cells if record.failure is None]
    if not rows:
        return []
    table = pd.DataFrame(rows).groupby("method", sort=False).mean(numeric_only=True)
    return [
        {"method": str(name), **{str(k): None if pd.isna(v) else float(v) for k, v in row.items()}}
        for name, row in table.iterrows()
    ]


def _failures(cells: Iterable[tuple[CellRecord, Any]]) -> list[dict[str, Any]]:
    return [
        {
            "method": record.cell.method,
            "fold": record.cell.fold.index,
            "share": record.cell.share,
            "stage": record.failure.stage,
            "reason": record.failure.reason,
            "traceback": record.failure.traceback,
        }
        for record, _ in cells
        if record.failure is not None
    ]


def _histories(cells: Iterable[tuple[CellRecord, Any]]) -> list[dict[str, Any]]:
    return [
        {"method": record.cell.method, "fold": record.cell.fold.index, "curves": record.history}
        for record, _ in cells
        if record.history
    ]
