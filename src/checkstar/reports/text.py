"""Text: an audit in a terminal or a pipe."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from checkstar.reports.records import (
    convention_of,
    fault_of,
    limit_of_use,
    readable,
    subject_line,
    tolerance_of,
    use_words,
)
from checkstar.reports.typesetting import count, number, with_unit

__all__ = ["render_text"]

_WIDTH = 100
_GROUPS = (("PASS", "may be used for"), ("FAIL", "may not be used for"), ("INCONCLUSIVE", "could not be decided"))


def render_text(record: Mapping[str, Any]) -> str:
    """Verdict, limits of use and evidence in plain text: no colours, no control characters.

    Deciding checks are marked with a star.
    """
    found = readable(record)
    blocks = [_uses(found) if found.get("uses") else _claim(found), _limits(found), _evidence(found)]
    subject = "; ".join(subject_line(found))
    return "\n\n".join(block for block in [*blocks, _wrapped(subject) if subject else ""] if block)


def _claim(record: Mapping[str, Any]) -> str:
    lines = [_wrapped(record.get("sentence") or "claim", f"{record.get('verdict') or 'ERROR'}  ")]
    if record.get("headline"):
        lines.append(_wrapped(record["headline"]))
    if record.get("missing"):
        lines.append("to decide it:" if record.get("verdict") == "INCONCLUSIVE" else "to decide the other checks:")
        lines.extend(_wrapped(item, "  - ") for item in record["missing"])
    return "\n".join(lines)


def _uses(record: Mapping[str, Any]) -> str:
    lines = []
    for verdict, words in _GROUPS:
        chosen = [use for use in record["uses"] if use.get("verdict") == verdict]
        lines.append(f"{words}:" if chosen else f"{words}: nothing that was tested")
        for use in chosen:
            label = (use.get("claim") or {}).get("label")
            tolerance, unit = tolerance_of(use)
            limit = with_unit(number(tolerance), unit)
            kind = " by convention" if convention_of(use) else ""
            name = use_words(use) + (f" of {label}" if label else "") + (f" (tolerance {limit}{kind})" if limit else "")
            lines.append(_wrapped(f"{name}: {use.get('headline') or ''}", "  - "))
            lines.extend(_wrapped(f"missing: {item}", "      ") for item in use.get("missing") or [])
    return "\n".join(lines)


def _limits(record: Mapping[str, Any]) -> str:
    lines = [
        _wrapped(f"{limit.get('name') or 'limit'} = {limit_of_use(limit)}: {limit.get('text') or ''}", "  - ")
        for limit in record.get("limits_of_use") or []
    ]
    return "\n".join(["limits of use", *lines]) if lines else ""


def _evidence(record: Mapping[str, Any]) -> str:
    evidence = record.get("evidence") or []
    if not evidence:
        return ""
    told = [item for item in evidence if _is_told(item)]
    heads = ("evidence", "verdict", "fault", "95 % interval", "limit", "n")
    table = _table([heads, *(_row(item) for item in told)], right=(2, 4, 5)) if told else ""
    return table + _reasons(told) + _unasked([item for item in evidence if not _is_told(item)])


def _is_told(item: Mapping[str, Any]) -> bool:
    """What was examined, and what decides but lacks something; the rest is counted and named."""
    verdict = item.get("verdict")
    return verdict not in ("SKIPPED", "NOT_APPLICABLE") or (verdict == "SKIPPED" and bool(item.get("deciding")))


def _unasked(evidence: Sequence[Mapping[str, Any]]) -> str:
    lines = []
    for verdict, words in (("SKIPPED", "lack something"), ("NOT_APPLICABLE", "do not apply")):
        names = [str(item.get("check") or "check") for item in evidence if item.get("verdict") == verdict]
        if names:
            lines.append(_wrapped(f"{len(names)} checks {words}: {', '.join(names)}"))
    return "\n\n" + "\n".join(lines) if lines else ""


def _row(item: Mapping[str, Any]) -> tuple[str, ...]:
    check = " ".join(str(item.get("check") or "check").split())
    verdict = str(item.get("verdict") or "ERROR").replace("_", " ")
    return f"{'*' if item.get('deciding') else ' '} {check}", verdict, *fault_of(item), count(item.get("n"))


def _reasons(evidence: Sequence[Mapping[str, Any]]) -> str:
    told = [item for item in evidence if item.get("reason")]
    lines = [_wrapped(f"{item.get('check') or 'check'}: {item['reason']}", "  ") for item in told]
    return "\n\n" + "\n".join(lines) if lines else ""


def _table(rows: Sequence[Sequence[str]], right: Sequence[int]) -> str:
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]

    def line(row: Sequence[str]) -> str:
        cells = (c.rjust(w) if i in right else c.ljust(w) for i, (c, w) in enumerate(zip(row, widths, strict=True)))
        return "  ".join(cells).rstrip()

    return "\n".join(line(row) for row in rows)


def _wrapped(text: object, first: str = "") -> str:
    words = " ".join(str(text).split())
    indent = " " * len(first)
    return textwrap.fill(words, _WIDTH, initial_indent=first, subsequent_indent=indent, break_on_hyphens=False)
