"""Leaderboard: methods by their mean metric over folds, with the scatter between folds, costs, and how often they failed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from checkstar.studies.pareto import pareto_front
from checkstar.studies.records import CellRecord

__all__ = ["Standings", "cpu_seconds", "leaderboard", "leaderboard_tables"]

Row = dict[str, Any]
Table = tuple[str, tuple[str, ...], list[tuple[str, ...]]]


class Standings(NamedTuple):
    """Rows of the leaderboard as `checkstar.studies.records.StudyRecord` describes them, and what was left out."""

    rows: list[Row]
    warnings: list[str]


def leaderboard(records: Iterable[CellRecord]) -> Standings:
    """One row a problem, label, metric and method, the best first; a method that never gave a result comes last.

    One that did not answer in every fold comes after those that did and is not on the front: the folds that it left out may
    be the hard ones. Cells of a part of the training set are left out. Where a store holds results of one method by different settings or
    code, the latest count; the others are named.
    """
    rows: list[Row] = []
    warnings: list[str] = []
    for problem, members in _by_question(records).items():
        latest, older = _latest(members)
        warnings += [
            f"{problem}: {n} older runs of {method}, of other settings or code, are left out" for method, n in older
        ]
        for label, metric, about in _metrics(latest):
            rows += _ranked(problem, label, metric, about, latest)
    return Standings(rows, warnings)


def cpu_seconds(record: CellRecord) -> float:
    """CPU seconds of search, fit and prediction; NaN where no fit was measured."""
    parts = [record.costs.get(f"{stage}_cpu_seconds") for stage in ("search", "fit", "predict")]
    return math.nan if parts[2] is None else sum(part or 0.0 for part in parts)


def leaderboard_tables(rows: Sequence[Row]) -> list[Table]:
    """A title, columns and rows for each problem and label: one line a method, in the order of the first metric."""
    tables = []
    for problem, label in dict.fromkeys((row["problem"], row["label"]) for row in rows):
        mine = [row for row in rows if (row["problem"], row["label"]) == (problem, label)]
        metrics = list(dict.fromkeys(row["metric"] for row in mine))
        by = {(row["method"], row["metric"]): row for row in mine}
        first = [row for row in mine if row["metric"] == metrics[0]]
        columns = (
            "method",
            *(f">{name}" for name in metrics),
            ">folds",
            ">failed",
            ">CPU s",
            ">s/object",
            ">peak MB",
            "",
        )
        lines = [
            (
                row["method"],
                *(_value_in_words(by[row["method"], name]) for name in metrics),
                str(row["n_folds"]),
                str(row["n_failed"] or ""),
                _number(row["cpu_seconds"]),
                _number(row["predict_seconds_per_object"]),
                _number(row["peak_memory_mb"], "{:.0f}"),
                "front" if row["on_pareto_front"] else "",
            )
            for row in first
        ]
        tables.append((f"{problem}: {label}{_error_in_words(first)}", columns, lines))
    return tables


def _by_question(records: Iterable[CellRecord]) -> dict[str, list[CellRecord]]:
    """Cells that answer the same question: the same data, divided in the same way; questions of one name are told apart."""
    groups: dict[tuple[Any, ...], list[CellRecord]] = {}
    for record in records:
        cell = record.cell
        if cell.share == 1.0:
            key = (cell.problem, cell.data_hash, cell.fold.kind, cell.fold.of, cell.fold.seed)
            groups.setdefault(key, []).append(record)
    names = [key[0] for key in groups]
    found: dict[str, list[CellRecord]] = {}
    for key, members in groups.items():
        name = key[0]
        if names.count(name) > 1:
            name = f"{name} ({key[3]} {key[2]}, seed {key[4]}, data {key[1][:6]})"
        found.setdefault(name, []).extend(members)
    return found


def _latest(records: Sequence[CellRecord]) -> tuple[list[CellRecord], list[tuple[str, int]]]:
    """Of each method the cells of the latest settings and code, and how many others there are."""
    kept, older = [], []
    for method in dict.fromkeys(record.cell.method for record in records):
        variants: dict[str, list[CellRecord]] = {}
        for record in records:
            cell = record.cell
            if cell.method == method:
                key = repr((cell.method_class, cell.settings, cell.search, cell.code_hash))
                variants.setdefault(key, []).append(record)
        best = max(variants.values(), key=lambda some: max(record.created for record in some))
        kept += best
        left = sum(len(some) for some in variants.values()) - len(best)
        older += [(method, left)] if left else []
    return kept, older


def _metrics(records: Sequence[CellRecord]) -> list[tuple[str, str, Mapping[str, str]]]:
    return list(
        {
            (label, name): (label, name, about)
            for record in records
            for label, named in record.cell.metrics.items()
            for name, about in named.items()
        }.values()
    )


def _ranked(
    problem: str, label: str, metric: str, about: Mapping[str, str], records: Sequence[CellRecord]
) -> list[Row]:
    rows = []
    for method in dict.fromkeys(record.cell.method for record in records):
        mine = [record for record in records if record.cell.method == method]
        rows.append(_row(problem, label, metric, about, method, mine))
    higher = about["direction"] == "higher"
    worst, most = -math.inf if higher else math.inf, max(row["n_folds"] for row in rows)
    rows.sort(key=lambda row: worst if row["mean"] is None else row["mean"], reverse=higher)
    rows.sort(key=lambda row: row["n_folds"] < most)
    front = pareto_front(
        [_or_nan(row["cpu_seconds"]) for row in rows],
        [_or_nan(row["mean"]) if row["n_folds"] == most else math.nan for row in rows],
        "higher" if higher else "lower",
    )
    return [row | {"on_pareto_front": bool(on)} for row, on in zip(rows, front, strict=True)]


def _row(
    problem: str, label: str, metric: str, about: Mapping[str, str], method: str, records: Sequence[CellRecord]
) -> Row:
    done = [record for record in records if record.failure is None]
    scored = [value for record in done if (value := record.metrics.get(label, {}).get(metric)) is not None]
    # The scatter between folds: it says how much one fold may differ, not how sure a comparison of methods is.
    error = float(np.std(scored, ddof=1) / math.sqrt(len(scored))) if len(scored) > 1 else None
    return {
        "problem": problem,
        "label": label,
        "metric": metric,
        "direction": about["direction"],
        "unit": about.get("unit", ""),
        "method": method,
        "mean": float(np.mean(scored)) if scored else None,
        "standard_error": error,
        "n_folds": len(scored),
        "n_failed": len(records) - len(done),
        "cpu_seconds": _mean(cpu_seconds(record) for record in done),
        "predict_seconds_per_object": _mean(record.costs.get("predict_seconds_per_object") for record in done),
        "peak_memory_mb": _mean(record.costs.get("peak_memory_mb") for record in done),
        "energy_joules_modelled": _mean(record.costs.get("energy_joules_modelled") for record in done),
    }


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None and math.isfinite(value)]
    return float(np.mean(known)) if known else None


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value


def _error_in_words(rows: Sequence[Row]) -> str:
    if all(row["standard_error"] is None for row in rows):
        return ""
    return " (mean of the folds +- standard error between them, too small to compare methods by)"


def _value_in_words(row: Row) -> str:
    """The mean to the second digit of its error: 0.857 +- 0.012."""
    mean, error = row["mean"], row["standard_error"]
    if mean is None:
        return "no result"
    if error is None or not error > 0:
        return f"{mean:.4g}"
    digits = max(1 - math.floor(math.log10(error)), 0)
    return f"{mean:.{digits}f} +- {error:.{digits}f}"


def _number(value: float | None, form: str = "{:.3g}") -> str:
    return "" if value is None else form.format(value)
