"""REFORMS: the 32 items of the reporting checklist, filled with what a run knows; the rest is asked of the authors.

Kapoor et al. 2024, Science Advances 10, eadk3452. The items are in our words; their numbers are those of the paper.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from checkstar.reports.markdown import escaped
from checkstar.reports.records import judgements, readable, use_words
from checkstar.reports.typesetting import count, duration, number

__all__ = ["ITEMS", "Item", "filled", "render_reforms"]

Filler = Callable[[Mapping[str, Any]], str]


class Item(NamedTuple):
    """One item: its number, its module, what has to be said, and what fills it; None is for the authors alone."""

    number: str
    module: str
    wanted: str
    filler: Filler | None


def render_reforms(record: Mapping[str, Any]) -> str:
    """The checklist as Markdown: what the run fills, and what is left to the authors, counted."""
    found = readable(record)
    answers = filled(found)
    left = [item for item in ITEMS if not answers[item.number]]
    lines = [
        "# REFORMS checklist",
        f"{len(ITEMS) - len(left)} of {len(ITEMS)} items are filled from the audit; {len(left)} are for the authors. "
        "What is filled is what the run knows: read it, and say more where it is not all.",
    ]
    for module in dict.fromkeys(item.module for item in ITEMS):
        rows = [
            f"| {item.number} | {escaped(item.wanted)} | {escaped(answers[item.number]) or '**to be written by the authors**'} |"
            for item in ITEMS
            if item.module == module
        ]
        lines.append(f"## {module}\n\n| item | what is asked | answer |\n| --- | --- | --- |\n" + "\n".join(rows))
    lines.append("Kapoor et al. 2024, Science Advances 10, eadk3452, doi:10.1126/sciadv.adk3452.")
    return "\n\n".join(lines) + "\n"


def filled(record: Mapping[str, Any]) -> dict[str, str]:
    """The answer to each item that the record knows; empty where it does not."""
    return {item.number: item.filler(record) if item.filler else "" for item in ITEMS}


def _subject(record: Mapping[str, Any]) -> Mapping[str, Any]:
    return record.get("subject") or {}


def _joined(*phrases: object) -> str:
    return "; ".join(str(phrase) for phrase in phrases if phrase)


def _named(words: str, value: object) -> str:
    return f"{words} {value}" if value else ""


def _claims(record: Mapping[str, Any]) -> str:
    return _joined(*(judgement.get("sentence") for judgement in judgements(record)))


def _data(record: Mapping[str, Any]) -> str:
    subject = _subject(record)
    training, test = (str(subject.get(name) or "")[:16] for name in ("training_hash", "data_hash"))
    return _joined(
        subject.get("data"), subject.get("citation"), _named("training data", training), _named("test data", test)
    )


def _code(record: Mapping[str, Any]) -> str:
    environment, subject = record.get("environment") or {}, _subject(record)
    revision = environment.get("git_revision")
    dirty = " with changes that were not committed" if environment.get("git_dirty") else ""
    packages = environment.get("packages") or {}
    return _joined(
        _named("git revision", f"{revision}{dirty}" if revision else ""),
        _named("method", subject.get("method")),
        ", ".join(f"{name} {version}" for name, version in packages.items()),
    )


def _machine(record: Mapping[str, Any]) -> str:
    environment, costs = record.get("environment") or {}, _subject(record).get("costs") or {}
    return _joined(
        environment.get("platform"),
        _named("Python", environment.get("python")),
        _named("fit", duration(costs.get("fit_seconds"))),
        _named("prediction", duration(costs.get("predict_seconds"))),
        _named("peak memory", f"{number(costs['peak_memory_mb'])} MB" if costs.get("peak_memory_mb") else ""),
    )


def _outcome(record: Mapping[str, Any]) -> str:
    subject = _subject(record)
    return _joined(subject.get("task"), ", ".join(filter(None, subject.get("labels") or [])))


def _numbers(record: Mapping[str, Any]) -> str:
    subject = _subject(record)
    independent = subject.get("n_independent")
    apart = independent if independent != subject.get("n_test") else None
    return _joined(
        _named("training objects:", count(subject.get("n_train"))),
        _named("test objects:", count(subject.get("n_test"))),
        _named("of them independent:", count(apart)),
        _named("group:", subject.get("group")),
    )


def _model(record: Mapping[str, Any]) -> str:
    subject = _subject(record)
    settings = ", ".join(f"{name} = {value}" for name, value in (subject.get("settings") or {}).items())
    return _joined(subject.get("method"), _named("estimand:", subject.get("estimand")), _named("settings:", settings))


def _of_checks(*families: str) -> Filler:
    """What the checks of these families found, each once."""

    def say(record: Mapping[str, Any]) -> str:
        found = {
            f"{item.get('check')}: {item.get('verdict')}, {item.get('reason')}": None
            for judgement in judgements(record)
            for item in judgement.get("evidence") or []
            if item.get("family") in families and item.get("verdict") in ("PASS", "FAIL", "INCONCLUSIVE")
        }
        return _joined(*found)

    return say


def _metrics(record: Mapping[str, Any]) -> str:
    quantities = {
        item.get("quantity"): None
        for judgement in judgements(record)
        for item in judgement.get("evidence") or []
        if item.get("deciding")
    }
    return _joined(*quantities)


def _uncertainty(record: Mapping[str, Any]) -> str:
    if not any(judgement.get("evidence") for judgement in judgements(record)):
        return ""
    return (
        "two-sided 95 % intervals by independent unit; PASS and FAIL by two one-sided tests; failures corrected by Holm"
    )


def _limits(record: Mapping[str, Any]) -> str:
    uses = {use_words(j): j.get("verdict") for j in judgements(record)}
    barred = [name for name, verdict in uses.items() if verdict == "FAIL"]
    texts = dict.fromkeys(limit.get("text") for limit in record.get("limits_of_use") or [])
    return _joined(_named("not to be used for", ", ".join(barred)), *texts)


ITEMS: tuple[Item, ...] = (
    Item("1a", "Study goals", "the population that the claim is about", _claims),
    Item("1b", "Study goals", "why this population", None),
    Item("1c", "Study goals", "why machine learning", None),
    Item("2a", "Computational reproducibility", "the data set, with an identifier", _data),
    Item("2b", "Computational reproducibility", "the code, with an identifier of its version", _code),
    Item("2c", "Computational reproducibility", "the computing infrastructure", _machine),
    Item("2d", "Computational reproducibility", "a README with instructions", None),
    Item("2e", "Computational reproducibility", "a script that reproduces all results", None),
    Item("3a", "Data quality", "sources of training and test data, when and how labelled", None),
    Item("3b", "Data quality", "the set from which the data are sampled", None),
    Item("3c", "Data quality", "why the data serve the task", None),
    Item("3d", "Data quality", "the outcome variable", _outcome),
    Item("3e", "Data quality", "numbers of objects", _numbers),
    Item("3f", "Data quality", "missing data", _of_checks("data")),
    Item("3g", "Data quality", "whether the data represent the population", _of_checks("domain", "shift")),
    Item("4a", "Data preprocessing", "what was left out, and why", None),
    Item("4b", "Data preprocessing", "how missing or corrupt values were treated", None),
    Item("4c", "Data preprocessing", "transformations", None),
    Item("5a", "Modelling", "the models trained", _model),
    Item("5b", "Modelling", "why these models", None),
    Item("5c", "Modelling", "how they were evaluated: splits", _numbers),
    Item("5d", "Modelling", "how the final model was selected", None),
    Item("5e", "Modelling", "hyperparameters, and how they were chosen", None),
    Item("5f", "Modelling", "baselines", _of_checks("reference")),
    Item("6a", "Data leakage", "training and test data are apart", _of_checks("leakage")),
    Item("6b", "Data leakage", "dependencies and duplicates across the split", _of_checks("leakage")),
    Item("6c", "Data leakage", "every feature is legitimate", _of_checks("leakage")),
    Item("7a", "Metrics and uncertainty", "metrics, and why these", _metrics),
    Item("7b", "Metrics and uncertainty", "uncertainty of the metrics", _uncertainty),
    Item("7c", "Metrics and uncertainty", "statistical tests and their assumptions", _uncertainty),
    Item("8a", "Generalisability", "evidence that it holds elsewhere", _of_checks("shift", "practice")),
    Item("8b", "Generalisability", "where the finding is not expected to hold", _limits),
)
