"""The record of an audit as its reports read it: JSON-safe, readable, and one list of judgements."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

import numpy as np

from checkstar.claims import USES
from checkstar.reports.typesetting import number, with_unit, written

__all__ = [
    "by_size",
    "convention_of",
    "fault_of",
    "judgements",
    "limit_of_use",
    "plain",
    "question_of",
    "readable",
    "references_of",
    "schema",
    "subject_line",
    "tolerance_of",
    "use_words",
]

#: Characters that XML forbids or that make text read otherwise than it is stored (terminal escapes, bidi overrides).
_UNREADABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff]"
)
_SURROGATE = re.compile("[\ud800-\udfff]")


@cache
def _schema_text() -> str:
    return resources.files("checkstar.reports").joinpath("audit.schema.json").read_text(encoding="utf-8")


def schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of `audit.json`."""
    stored: dict[str, Any] = json.loads(_schema_text())
    return stored


def plain(value: Any) -> Any:
    """The same value as JSON can hold it: non-finite numbers become None, arrays lists, tuples lists.

    Examples
    --------
    >>> plain({"x": np.array([1.0, np.nan]), "n": np.int64(3)})
    {'x': [1.0, None], 'n': 3}
    """
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {plain(str(key)): plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, Sequence | set | frozenset):
        return [plain(item) for item in value]
    return plain(str(value))


def readable(value: Any) -> Any:
    """`plain`, with every character removed that would be illegal in XML or act on the reader's terminal."""
    return _readable(plain(value))


def _readable(value: Any) -> Any:
    if isinstance(value, str):
        return _UNREADABLE.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_readable(key): _readable(item) for key, item in value.items()}
    return [_readable(item) for item in value] if isinstance(value, list) else value


def judgements(record: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The uses of a table of uses; the record itself where one claim was judged."""
    return list(record.get("uses") or [record])


def use_words(judgement: Mapping[str, Any]) -> str:
    """The use in words: "population mean"."""
    return str((judgement.get("claim") or {}).get("use") or "claim").replace("_", " ")


def question_of(judgement: Mapping[str, Any]) -> str:
    """The question that the claim asks."""
    use = (judgement.get("claim") or {}).get("use")
    return str(judgement.get("question") or (USES[use].question if use in USES else ""))


def convention_of(judgement: Mapping[str, Any]) -> str:
    """What the tolerance is by convention, where the claim gave none; empty where it gave one."""
    claim = judgement.get("claim") or {}
    if claim.get("tolerance") is not None or claim.get("use") not in USES:
        return ""
    return USES[claim["use"]].convention


def tolerance_of(judgement: Mapping[str, Any]) -> tuple[float | None, str]:
    """The tolerance that was used, with its unit; None where the checks used more than one, or none."""
    claim = judgement.get("claim") or {}
    if claim.get("tolerance") is not None:
        return claim["tolerance"], claim.get("unit") or ""
    used = {
        (part.get("limit"), part.get("unit") or "")
        for item in judgement.get("evidence") or []
        if item.get("deciding")
        for part in item.get("parts") or []
        if part.get("of_tolerance") and part.get("decides") is not False
    }
    return used.pop() if len(used) == 1 else (None, "")


def by_size(parts: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Parts with the worst first: those that decide; FAIL, INCONCLUSIVE, PASS; then by size in units of the limit."""
    order = {"FAIL": 0, "INCONCLUSIVE": 1, "PASS": 2}

    def rank(part: Mapping[str, Any]) -> tuple[bool, int, float]:
        value, limit = part.get("value"), part.get("limit")
        size = -math.inf if value is None else value / limit if limit else value
        return part.get("decides") is False, order.get(str(part.get("verdict")), 3), -size

    return sorted(parts, key=rank)


def references_of(record: Mapping[str, Any]) -> list[str]:
    """Papers to cite, each once: the data, the method, then the checks that ran."""
    subject = record.get("subject") or {}
    wanted = [subject.get("citation"), *(subject.get("references") or [])]
    for judgement in judgements(record):
        for item in judgement.get("evidence") or []:
            if item.get("verdict") not in ("SKIPPED", "NOT_APPLICABLE"):
                wanted.extend(item.get("references") or [])
    return list(dict.fromkeys(text for text in wanted if text))


def subject_line(record: Mapping[str, Any]) -> list[str]:
    """What was audited, in a few phrases."""
    subject = record.get("subject") or {}
    phrases = [
        subject.get("name"),
        subject.get("data"),
        _counted(subject.get("n_train"), "training objects"),
        _counted(subject.get("n_test"), "test objects"),
    ]
    independent = subject.get("n_independent")
    if independent is not None and independent != subject.get("n_test"):
        phrases.append(_counted(independent, "of them independent"))
    unlearned = subject.get("unlearned_classes") or {}
    if unlearned:
        named = ", ".join(f"{name} {count:,}" for name, count in unlearned.items())
        phrases.append(f"classes that it never learned: {named}")
    return [str(phrase) for phrase in dict.fromkeys(phrases) if phrase]


def limit_of_use(limit: Mapping[str, Any]) -> str:
    """A limit of use in ASCII: its size with interval and unit, or that it is unknown."""
    words = written(limit.get("value"), limit.get("low"), limit.get("high"), whole=limit.get("unit") == "objects")
    return " ".join(part for part in (words.value, words.interval, limit.get("unit")) if part) or "unknown"


def fault_of(item: Mapping[str, Any]) -> tuple[str, str, str]:
    """Value with unit, interval, and limit with its kind, in ASCII; empty where there is none."""
    words = written(item.get("value"), item.get("low"), item.get("high"), item.get("limit"))
    limit = number(item.get("limit"))
    return (
        with_unit(words.value, item.get("unit")),
        words.interval,
        f"{limit} ({item.get('limit_kind')})" if limit else "",
    )


def _counted(number: Any, what: str) -> str | None:
    return f"{number:,.0f} {what}" if isinstance(number, int | float) else None
