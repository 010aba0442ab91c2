"""Model card: one page that travels with a model: what it is, what it may be used for, and what not.

After Mitchell et al. 2019, FAT* '19, 220 (arXiv:1810.03993). Filled from the record; what it does not know is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from checkstar.reports.markdown import escaped, references
from checkstar.reports.records import judgements, readable, use_words
from checkstar.reports.typesetting import count, duration, number

__all__ = ["render_model_card"]

_ASKED = "*To be written by the authors.*"
_GROUPS = (("PASS", "May be used for"), ("FAIL", "May not be used for"), ("INCONCLUSIVE", "Could not be decided"))


def render_model_card(record: Mapping[str, Any]) -> str:
    """The card as Markdown."""
    found = readable(record)
    subject = found.get("subject") or {}
    blocks = [f"# Model card: {escaped(subject.get('name') or 'model')}", _details(found), _uses(found), _limits(found)]
    blocks += [_data(subject), _evidence(found), _costs(subject)]
    blocks += [f"## Ethical and scientific considerations\n\n{_ASKED}", references(found)]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _listed(rows: Mapping[str, object]) -> str:
    return "\n".join(
        f"- {name}: {escaped(str(value))}" for name, value in rows.items() if value not in (None, "", [], {})
    )


def _details(record: Mapping[str, Any]) -> str:
    subject, environment = record.get("subject") or {}, record.get("environment") or {}
    settings = ", ".join(f"{name} = {value}" for name, value in (subject.get("settings") or {}).items())
    rows = {
        "method": subject.get("method"),
        "settings": settings,
        "what it estimates": subject.get("estimand"),
        "problem": subject.get("problem"),
        "labels": ", ".join(filter(None, subject.get("labels") or [])),
        "predictions": subject.get("prediction_kind"),
        "seed": subject.get("seed"),
        "settings hash": str(subject.get("settings_hash") or "")[:16],
        "version": (environment.get("packages") or {}).get("checkstar"),
        "made": environment.get("created"),
    }
    return "## Model\n\n" + (_listed(rows) or _ASKED)


def _uses(record: Mapping[str, Any]) -> str:
    blocks = ["## Intended use"]
    for verdict, words in _GROUPS:
        lines = [
            f"- {escaped(_name(judgement))}: {escaped(judgement.get('headline') or '')}"
            for judgement in judgements(record)
            if judgement.get("verdict") == verdict
        ]
        if lines:
            blocks.append(f"{words}:\n\n" + "\n".join(lines))
    return "\n\n".join(blocks)


def _name(judgement: Mapping[str, Any]) -> str:
    label = (judgement.get("claim") or {}).get("label")
    return use_words(judgement) + (f" of {label}" if label else "")


def _limits(record: Mapping[str, Any]) -> str:
    texts = dict.fromkeys(limit.get("text") for limit in record.get("limits_of_use") or [] if limit.get("text"))
    return "## Limits of use\n\n" + "\n".join(f"- {escaped(text)}" for text in texts) if texts else ""


def _data(subject: Mapping[str, Any]) -> str:
    rows = {
        "data": subject.get("data"),
        "cite": subject.get("citation"),
        "training objects": count(subject.get("n_train")),
        "test objects": count(subject.get("n_test")),
        "independent test objects": count(subject.get("n_independent")),
        "never split": subject.get("group"),
        "training hash": str(subject.get("training_hash") or "")[:16],
        "test hash": str(subject.get("data_hash") or "")[:16],
    }
    return "## Training and test data\n\n" + (_listed(rows) or _ASKED)


def _evidence(record: Mapping[str, Any]) -> str:
    lines = {
        f"- {escaped(item.get('check') or '')} {item.get('verdict')}: {escaped(item.get('reason') or '')}": None
        for judgement in judgements(record)
        for item in judgement.get("evidence") or []
        if item.get("deciding") and item.get("verdict") in ("PASS", "FAIL", "INCONCLUSIVE")
    }
    return "## Evaluation\n\n" + "\n".join(lines) if lines else ""


def _costs(subject: Mapping[str, Any]) -> str:
    costs = subject.get("costs") or {}
    rows = {
        "fit": duration(costs.get("fit_seconds")),
        "prediction of the test set": duration(costs.get("predict_seconds")),
        "peak memory": f"{number(costs['peak_memory_mb'])} MB" if costs.get("peak_memory_mb") else "",
    }
    found = _listed(rows)
    return f"## Costs\n\n{found}" if found else ""
