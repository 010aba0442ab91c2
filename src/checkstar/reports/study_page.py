"""The page of a study: one HTML file rendered from its record, asking nothing of the network."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from checkstar.reports.figures import TONES, Drawing, draw
from checkstar.reports.html import asset, content_policy, environment
from checkstar.reports.scatter import Mark, scatter
from checkstar.reports.thumbnails import thumbnail
from checkstar.reports.typesetting import count, duration, number, sentence, typeset, written

__all__ = ["render_study"]

#: Shades of a cell of a confusion matrix: tenths of its row.
_SHADES = 10


def render_study(record: Mapping[str, Any]) -> str:
    """The whole report of a study as one HTML page.

    Parameters
    ----------
    record : mapping
        ``study``: `checkstar.studies.records.StudyRecord` as plain values; ``problems``: what
        `checkstar.studies.analysis.analyse_problem` gave for each of its problems.
    """
    style, script = asset("report.css") + asset("study.css"), asset("report.js")
    return environment().get_template("study.html.j2").render(
        page=_page(record), policy=content_policy(style, script), style=Markup(style), script=Markup(script)
    )  # fmt: skip


def _page(record: Mapping[str, Any]) -> dict[str, Any]:
    study = record["study"]
    described = {problem["name"]: problem for problem in study["problems"]}
    folds = study["folds"]
    return {
        "title": study["name"],
        "subject": [
            f"{len(study['problems'])} problem{'s' * (len(study['problems']) != 1)}",
            f"{len(study['methods'])} methods",
            f"{folds.get('of')} {folds.get('kind')}",
            f"{sum(cell['state'] == 'done' for cell in study['cells'])} of {len(study['cells'])} cells done",
        ],
        "problems": [
            _problem(analysed, described.get(analysed["problem"], {}), study, f"p{i}")
            for i, analysed in enumerate(record["problems"])
        ],
        "audits": study.get("audits") or [],
        "lessons": [{**lesson, "text": sentence(lesson.get("text") or "")} for lesson in study.get("lessons") or []],
        "warnings": [typeset(text) for text in study.get("warnings") or []],
        "methods": study["methods"],
        "environment": [(k, str(v)) for k, v in (study.get("environment") or {}).items() if not isinstance(v, dict)],
        "created": study.get("created") or "",
        "key": study.get("key") or "",
    }


def _problem(
    analysed: Mapping[str, Any], known: Mapping[str, Any], study: Mapping[str, Any], anchor: str
) -> dict[str, Any]:
    board = [row for row in study["leaderboard"] if row["problem"] == analysed["problem"]]
    return {
        "id": anchor,
        "name": analysed["problem"],
        "question": sentence(known.get("question") or analysed["problem"]),
        "facts": _facts(known),
        "notes": [sentence(note).rstrip(".") for note in known.get("notes") or []],
        "labels": [_label(label, analysed, board, f"{anchor}-{i}") for i, label in enumerate(analysed["labels"])],
        "failures": [_failure(one) for one in analysed["failures"]],
        "histories": _histories(analysed["histories"], anchor),
        "citation": known.get("citation") or "",
    }


def _failure(one: Mapping[str, Any]) -> dict[str, Any]:
    part = "" if one["share"] == 1.0 else f", with {100 * one['share']:.0f} % of the training objects"
    return {"text": f"{one['method']}, fold {one['fold']}{part}: {one['reason']}", "traceback": one["traceback"]}


def _facts(known: Mapping[str, Any]) -> list[str]:
    facts = [f"{count(known.get('n_objects'))} objects", f"{count(known.get('n_units'))} independent"]
    return [fact for fact in facts if not fact.startswith(" ")] + (
        [f"grouped by {known['group']}"] if known.get("group") else []
    )


def _label(
    label: Mapping[str, Any], analysed: Mapping[str, Any], board: Sequence[Mapping[str, Any]], anchor: str
) -> dict[str, Any]:
    mine = [row for row in board if row["label"] == label["label"]]
    order = _best_first(label)
    return {
        "id": anchor,
        "name": label["label"],
        "sentences": [sentence(metric["sentence"]) for metric in label["metrics"] if metric["sentence"]],
        "columns": [f"{metric['name'].replace('_', ' ')}{_in(metric['unit'])}" for metric in label["metrics"]],
        "rows": [_row(method, label, analysed, mine) for method in order],
        "tolerances": ", ".join(
            f"{number(metric['comparison']['tolerance'])}{_in(metric['unit'])} in {metric['name'].replace('_', ' ')}"
            for metric in label["metrics"]
            if metric["comparison"]
        ),
        "pairs": [_pairs(metric) for metric in label["metrics"] if metric["comparison"]],
        "front": _front(label, mine),
        "confusion": sorted((_matrix(one) for one in label["confusion"]), key=lambda m: _place(order, m["method"])),
        "learning": _learning(label["learning"], anchor),
        "worst": [_worst(item) for item in label["worst"]],
    }


def _in(unit: str) -> str:
    return f" ({unit})" if unit else ""


def _place(order: Sequence[str], method: str) -> int:
    return order.index(method) if method in order else len(order)


def _best_first(label: Mapping[str, Any]) -> list[str]:
    """Methods by the first metric, the best first; those that did not answer in every fold have no row."""
    metric = label["metrics"][0]
    sign = metric.get("sign", 1.0)
    return sorted(metric["pooled"], key=lambda name: -sign * metric["pooled"][name])


def _row(
    method: str, label: Mapping[str, Any], analysed: Mapping[str, Any], board: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    cost: Mapping[str, Any] = next((one for one in analysed["costs"] if one["method"] == method), {})
    on_front = any(row["method"] == method and row.get("on_pareto_front") for row in board)
    return {
        "method": method,
        "scores": [_score(metric, method) for metric in label["metrics"]],
        "fit": duration(cost.get("fit_cpu_seconds")),
        "fit_raw": cost.get("fit_cpu_seconds"),
        "predict": duration(cost.get("predict_seconds_per_object")),
        "predict_raw": cost.get("predict_seconds_per_object"),
        "memory": number(cost.get("peak_memory_mb")),
        "energy": number(cost.get("energy_joules_modelled")),
        "front": on_front,
    }


def _score(metric: Mapping[str, Any], method: str) -> dict[str, Any]:
    """Value with its interval, and whether it is shown to be within the tolerance of the best."""
    value = metric["pooled"].get(method)
    standing = _standing(metric, method)
    if standing is None:
        return {"value": number(value), "interval": "", "verdict": "", "behind": "", "raw": value}
    ends = sorted(metric["sign"] * standing[end] for end in ("low", "high"))
    words = written(value, *ends)
    return {
        "value": typeset(words.value),
        "interval": typeset(words.interval),
        "verdict": standing["verdict"],
        "behind": typeset(f"behind the best by at most {number(standing['behind_high'], 2)}"),
        "raw": value,
    }


def _standing(metric: Mapping[str, Any], method: str) -> Mapping[str, Any] | None:
    found = (metric.get("comparison") or {}).get("standings") or []
    return next((one for one in found if one["method"] == method), None)


def _pairs(metric: Mapping[str, Any]) -> dict[str, Any]:
    """All paired differences of a metric, in its own direction."""
    sign, rows = metric["sign"], []
    for pair in metric["comparison"]["differences"]:
        ends = sorted(sign * pair[end] for end in ("low", "high"))
        words = written(sign * pair["value"], *ends)
        again = ""
        if pair["retrained_low"] is not None:
            wide = sorted(sign * pair[end] for end in ("retrained_low", "retrained_high"))
            again = typeset(written(sign * pair["value"], *wide).interval)
        rows.append({**pair, "difference": typeset(words.value), "interval": typeset(words.interval), "again": again})
    return {"name": metric["name"].replace("_", " "), "rows": rows, "n_folds": metric["comparison"]["n_folds"]}


def _front(label: Mapping[str, Any], board: Sequence[Mapping[str, Any]]) -> Markup | None:
    """The first metric against CPU seconds; methods that nothing beats in both are joined."""
    metric = label["metrics"][0]
    rows = [row for row in board if row["metric"] == metric["name"] and row.get("mean") is not None]
    marks = [
        Mark(row["cpu_seconds"], row["mean"], row["standard_error"] or 0.0, row["method"], bool(row["on_pareto_front"]))
        for row in rows
        if row.get("cpu_seconds")
    ]
    name = metric["name"].replace("_", " ")
    return (
        scatter(marks, "CPU seconds of search, fit and prediction", f"{name}{_in(metric['unit'])}") if marks else None
    )


def _matrix(one: Mapping[str, Any]) -> dict[str, Any]:
    rows = []
    for name, counts in zip(one["names"], one["counts"], strict=True):
        total = sum(counts)
        cells = [
            {
                "n": n,
                "shade": math.ceil(_SHADES * n / total) if total else 0,
                "percent": round(100 * n / total) if total else 0,
            }
            for n in counts
        ]
        rows.append({"name": name, "cells": cells, "total": total})
    return {"method": one["method"], "names": one["names"], "rows": rows}


def _learning(curves: Sequence[Mapping[str, Any]], anchor: str) -> list[Drawing]:
    drawn = []
    for i, metric in enumerate(dict.fromkeys(curve["metric"] for curve in curves)):
        layers = [
            layer
            for k, curve in enumerate(c for c in curves if c["metric"] == metric)
            for layer in _joined_points(curve, TONES[k % len(TONES)])
        ]
        name = metric.replace("_", " ")
        record = {
            "title": f"{name} against training objects",
            "xlabel": "training objects",
            "ylabel": name,
            "xscale": "log",
        }
        drawn.append(draw({**record, "layers": layers}, f"{anchor}-l{i}"))
    return [drawing for drawing in drawn if drawing is not None]


def _joined_points(curve: Mapping[str, Any], tone: str) -> list[dict[str, Any]]:
    """Means with their standard errors, and the line through them."""
    error = [e or 0.0 for e in curve["standard_error"]]
    low = [m - e for m, e in zip(curve["mean"], error, strict=True)]
    high = [m + e for m, e in zip(curve["mean"], error, strict=True)]
    line = {"kind": "line", "x": curve["n_train"], "y": curve["mean"], "tone": tone}
    return [line, {**line, "kind": "interval", "low": low, "high": high, "label": curve["method"]}]


def _histories(histories: Sequence[Mapping[str, Any]], anchor: str) -> list[Drawing]:
    """Loss by epoch of the first fold of each method."""
    first: dict[str, Mapping[str, Any]] = {}
    for history in histories:
        first.setdefault(history["method"], history)
    drawn = []
    for i, (method, history) in enumerate(first.items()):
        layers = [
            {
                "kind": "line",
                "x": list(range(1, len(values) + 1)),
                "y": values,
                "label": name,
                "tone": TONES[k % len(TONES)],
            }
            for k, (name, values) in enumerate(history["curves"].items())
        ]
        record = {"title": f"{method}, fold {history['fold']}", "xlabel": "epoch", "ylabel": "loss", "layers": layers}
        drawn.append(draw(record, f"{anchor}-h{i}"))
    return [drawing for drawing in drawn if drawing is not None]


def _worst(item: Mapping[str, Any]) -> dict[str, Any]:
    said = [
        {
            "method": one["method"],
            "answer": one["answer"] if isinstance(one["answer"], str) else number(one["answer"]),
            "probability": "" if one["probability"] is None else f"{100 * one['probability']:.0f} %",
        }
        for one in item["said"]
    ]
    truth = item["truth"] if isinstance(item["truth"], str) else number(item["truth"])
    return {"id": item["id"], "truth": truth, "said": said, "svg": thumbnail(item["picture"], item["id"])}
