"""HTML: the page of an audit in one file, and the fragment that a notebook shows.

The page asks nothing of the network: its content security policy allows one script and one style sheet, by their
hashes, and pictures inside the file. Every text of the record is escaped by the templates.
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import jinja2
from markupsafe import Markup

from checkstar.reports.cards import WORDS, Album, card, citation, sorted_by_verdict
from checkstar.reports.records import (
    convention_of,
    judgements,
    question_of,
    readable,
    references_of,
    subject_line,
    tolerance_of,
    use_words,
)
from checkstar.reports.typesetting import count, duration, number, sentence, typeset, with_unit, written

__all__ = ["asset", "content_policy", "environment", "render_fragment", "render_html"]

_PHRASES = {
    "PASS": "This result may be used for this.",
    "FAIL": "This result may not be used for this.",
    "INCONCLUSIVE": "It could not be decided whether this result may be used for this.",
}
_GROUPS = (("PASS", "May be used for"), ("FAIL", "May not be used for"), ("INCONCLUSIVE", "Could not be decided"))


def _times_the_test_set(calls: float | None) -> str:
    return "" if calls is None else f"{number(calls)} × the test set"


#: Limits of use that a page shows at once; those of the checks that decide come first.
_LIMITS_SHOWN = 6
_COSTS = (
    ("fit_seconds", "fit", duration),
    ("fit_cpu_seconds", "fit, CPU time", duration),
    ("predict_seconds", "predict", duration),
    ("predict_cpu_seconds", "predict, CPU time", duration),
    ("peak_memory_mb", "peak memory of the process", lambda mb: with_unit(number(mb), "MB")),
    ("model_calls", "calls of the model, the audit's included", count),
    ("objects_predicted", "objects predicted, the audit's included", count),
    ("audit_calls", "predictions that the audit asked for", _times_the_test_set),
)


def render_html(record: Mapping[str, Any]) -> str:
    """The whole report as one HTML page that needs nothing else."""
    found = readable(record)
    style, script = asset("report.css"), asset("report.js")
    return environment().get_template("report.html.j2").render(
        page=_page(found), policy=content_policy(style, script), style=Markup(style), script=Markup(script)
    )  # fmt: skip


def content_policy(style: str, script: str) -> str:
    """What a page may do: this one style sheet, this one script, pictures inside the file."""
    return (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def render_fragment(record: Mapping[str, Any]) -> str:
    """Verdict and evidence as a small piece of HTML for a notebook: inline styles, no script."""
    found = readable(record)
    all_of_it = judgements(found)
    is_table = bool(found.get("uses"))
    album = _NoFigures()
    rows = [card(item, "", album) for item in found.get("evidence") or []]
    return environment().get_template("fragment.html.j2").render(
        verdict=found.get("verdict") or "ERROR", title=_title(found), headline=sentence(found.get("headline") or ""),
        is_table=is_table, rows=rows, uses=[_use(j, i) for i, j in enumerate(all_of_it)] if is_table else [],
        groups=_GROUPS, limits=_limits(found), missing=[typeset(item) for item in found.get("missing") or [] if item],
    )  # fmt: skip


class _NoFigures(Album):
    """An album that stays empty: a fragment shows no figures, and matplotlib need not draw them."""

    def place(self, evidence: Mapping[str, Any], anchor: str) -> tuple[None, str]:
        return None, ""


@cache
def environment() -> jinja2.Environment:
    """The templates; every text is escaped."""
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("checkstar.reports", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["typeset"] = typeset
    return made


@cache
def asset(name: str) -> str:
    """A style sheet or script as it goes into a page."""
    found = environment()
    assert found.loader is not None
    return "\n" + found.loader.get_source(found, name)[0].strip() + "\n"


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _page(record: Mapping[str, Any]) -> dict[str, Any]:
    album = Album()
    uses = [_use(judgement, i) for i, judgement in enumerate(judgements(record))]
    sections = [
        {**use, **_sorted([card(item, f"e{i}-{k}", album) for k, item in enumerate(judgement.get("evidence") or [])])}
        for i, (use, judgement) in enumerate(zip(uses, judgements(record), strict=True))
    ]
    rows = [{"use": section, "card": item} for section in sections for item in section["cards"]]
    found = Counter(row["card"]["verdict"] for row in rows)
    return {
        "is_table": bool(record.get("uses")),
        "title": _title(record),
        "verdict": record.get("verdict") or "ERROR",
        "phrase": _PHRASES.get(str(record.get("verdict")), ""),
        "words": WORDS,
        "subject": subject_line(record),
        "groups": _GROUPS,
        "sections": sections,
        "limits": _limits(record),
        "limits_shown": _LIMITS_SHOWN,
        "rows": rows,
        "found": [(name, found[name]) for name in sorted_by_verdict(list(found))],
        "subject_facts": _subject_facts(record),
        "environment_facts": _environment_facts(record),
        "settings": _pairs((record.get("subject") or {}).get("settings")),
        "packages": _pairs((record.get("environment") or {}).get("packages")),
        "costs": _costs(record),
        "reference_name": (record.get("subject") or {}).get("reference") or "",
        "references": [citation(text) for text in references_of(record)],
        "schema_version": record.get("schema_version"),
        "created": (record.get("environment") or {}).get("created") or "",
    }


def _sorted(cards: list[dict[str, Any]]) -> dict[str, Any]:
    """All cards; those that decide; those that were examined besides; and those whose question was not asked.

    What decides leads, the worst first. A deciding check that lacks something stands among them: without it nothing
    passes.
    """
    order = ("FAIL", "INCONCLUSIVE", "ERROR", "SKIPPED", "PASS", "NOT_APPLICABLE")
    ranked = sorted(cards, key=lambda c: order.index(c["verdict"]) if c["verdict"] in order else len(order))
    deciding = [c for c in ranked if c["deciding"] and c["verdict"] != "NOT_APPLICABLE"]
    rest = [c for c in ranked if c not in deciding]
    asked = [c for c in rest if c["verdict"] not in ("SKIPPED", "NOT_APPLICABLE")]
    unasked = [c for c in rest if c not in asked]
    counted = Counter(c["word"] for c in unasked)
    return {
        "cards": cards,
        "deciding": deciding,
        "asked": asked,
        "unasked": unasked,
        "unasked_words": ", ".join(f"{number} {_UNASKED.get(word, word)}" for word, number in counted.items()),
        "undecided": sum(c["verdict"] == "INCONCLUSIVE" for c in deciding),
    }


#: What the words of a verdict become in the plural.
_UNASKED = {"does not apply": "do not apply", "not run": "lack something"}


def _title(record: Mapping[str, Any]) -> str:
    if record.get("uses"):
        return "What may this result be used for?"
    sentence, use = str(record.get("sentence") or ""), (record.get("claim") or {}).get("use")
    if use and sentence.startswith(use):
        sentence = use_words(record) + sentence.removeprefix(use)
    return typeset(sentence[:1].upper() + sentence[1:]) or "Claim"


def _use(judgement: Mapping[str, Any], index: int) -> dict[str, Any]:
    """One judged use: its row in the table of uses, and the heading of its evidence."""
    claim = judgement.get("claim") or {}
    tolerance, unit = tolerance_of(judgement)
    coverage = {**dict.fromkeys(("deciding", "ran", "passed", "failed"), 0), **(judgement.get("coverage") or {})}
    upheld = coverage["failed"] or 0
    failed = sum(bool(e.get("deciding")) and e.get("verdict") == "FAIL" for e in judgement.get("evidence") or [])
    return {
        "id": f"u{index}",
        "use": use_words(judgement),
        "label": claim.get("label") or "",
        "question": question_of(judgement),
        "tolerance": typeset(with_unit(number(tolerance), unit)),
        "convention": convention_of(judgement),
        "verdict": str(judgement.get("verdict") or "ERROR"),
        "headline": sentence(judgement.get("headline") or "", {claim.get("label") or ""}),
        "coverage": coverage,
        "not_upheld": max(0, failed - upheld) if judgement.get("verdict") != "FAIL" else 0,
        "missing": [typeset(item) for item in judgement.get("missing") or [] if item],
        "n_objects": count(claim.get("n_objects")),
    }


def _limits(record: Mapping[str, Any]) -> list[dict[str, str]]:
    names = set((record.get("subject") or {}).get("labels") or [])
    found = []
    for limit in record.get("limits_of_use") or []:
        words = written(limit.get("value"), limit.get("low"), limit.get("high"), whole=limit.get("unit") == "objects")
        found.append(
            {
                "name": str(limit.get("name") or "").replace("_", " "),
                "value": typeset(words.value) or "–",
                "interval": typeset(words.interval),
                "unit": limit.get("unit") or "",
                "text": sentence(limit.get("text") or "", names),
            }
        )
    return found


def _subject_facts(record: Mapping[str, Any]) -> list[tuple[str, str, bool]]:
    """(name, value, whether it is a hash) of what was audited."""
    subject = record.get("subject") or {}
    words = {
        "name": "run", "problem": "problem", "method": "method", "estimand": "estimand", "prediction_kind": "prediction",
        "reference": "reference method", "task": "task", "labels": "labels", "data": "data", "citation": "data, to cite",
        "group": "independent unit", "n_train": "training objects", "n_test": "test objects",
        "n_independent": "independent test objects", "seed": "seed of the run", "settings_hash": "settings, SHA-256",
        "data_hash": "test data, SHA-256", "training_hash": "training data, SHA-256",
    }  # fmt: skip
    return list(_facts(subject, words))


def _environment_facts(record: Mapping[str, Any]) -> list[tuple[str, str, bool]]:
    found = dict(record.get("environment") or {})
    if found.get("git_dirty") is not None:
        found["git_dirty"] = "with uncommitted changes" if found["git_dirty"] else "clean"
    words = {
        "created": "audited at", "seed": "seed of the audit", "python": "Python", "platform": "platform",
        "git_revision": "git revision", "git_dirty": "working tree",
    }  # fmt: skip
    return list(_facts(found, words))


def _facts(found: Mapping[str, Any], words: Mapping[str, str]) -> Iterable[tuple[str, str, bool]]:
    for key, name in words.items():
        value = found.get(key)
        if value is not None and _text(value):
            yield name, _text(value), key.endswith("_hash") or key == "git_revision"


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_text(item) for item in value if item is not None)
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return str(value)


def _pairs(found: Any) -> list[tuple[str, str]]:
    return [(str(key), "none" if value is None else _text(value)) for key, value in dict(found or {}).items()]


def _costs(record: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """(what, of the method, of the reference); rows of which neither is known are left out."""
    subject = record.get("subject") or {}
    own, other = subject.get("costs") or {}, subject.get("reference_costs") or {}
    rows = [(words, spell(own.get(key)), spell(other.get(key))) for key, words, spell in _COSTS]
    return [row for row in rows if row[1] or row[2]]
