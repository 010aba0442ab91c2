"""Markdown: a summary for the appendix of a paper."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from checkstar.reports.records import (
    convention_of,
    fault_of,
    judgements,
    limit_of_use,
    readable,
    references_of,
    subject_line,
    tolerance_of,
    use_words,
)
from checkstar.reports.typesetting import count, number, typeset, with_unit

__all__ = ["escaped", "references", "render_markdown"]

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|#~$])")


def render_markdown(record: Mapping[str, Any]) -> str:
    """Claim, verdict, limits of use, the table of evidence and the references, in Markdown."""
    found = readable(record)
    blocks = [_uses(found) if found.get("uses") else _claim(found), _limits(found)]
    for judgement in judgements(found):
        blocks.append(_evidence(judgement, titled=bool(found.get("uses"))))
    blocks += [references(found), _source(found)]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _claim(record: Mapping[str, Any]) -> str:
    coverage = record.get("coverage") or {}
    blocks = [
        f"# {escaped(record.get('verdict') or 'ERROR')}: {escaped(record.get('sentence') or 'claim')}",
        escaped(record.get("headline") or ""),
        f"{coverage.get('ran') or 0} of {coverage.get('deciding') or 0} deciding checks ran.",
    ]
    if record.get("missing"):
        undecided = record.get("verdict") == "INCONCLUSIVE"
        blocks += [
            "To decide it:" if undecided else "To decide the other checks:",
            "\n".join(f"- {escaped(item)}" for item in record["missing"]),
        ]
    return "\n\n".join(block for block in blocks if block)


def _uses(record: Mapping[str, Any]) -> str:
    rows = []
    for use in record["uses"]:
        claim = use.get("claim") or {}
        tolerance, unit = tolerance_of(use)
        convention = convention_of(use)
        limit = with_unit(number(tolerance), unit) + (f" (convention: {convention})" if convention else "")
        missing = "; ".join(filter(None, use.get("missing") or []))
        rows.append([use.get("verdict"), use_words(use), claim.get("label"), limit, use.get("headline"), missing])
    head = ["Verdict", "Use", "Label", "Tolerance", "What decided", "What is missing"]
    return "# What the result may be used for\n\n" + _table(head, rows)


def _limits(record: Mapping[str, Any]) -> str:
    lines = [
        f"- {escaped(limit.get('name') or 'limit')} = {escaped(limit_of_use(limit))}: {escaped(limit.get('text') or '')}"
        for limit in record.get("limits_of_use") or []
    ]
    return "## Limits of use\n\n" + "\n".join(lines) if lines else ""


def _evidence(judgement: Mapping[str, Any], *, titled: bool) -> str:
    evidence = judgement.get("evidence") or []
    if not evidence:
        return ""
    rows = [
        [
            item.get("verdict"),
            item.get("check"),
            "yes" if item.get("deciding") else "no",
            *fault_of(item),
            count(item.get("n")),
            item.get("reason"),
        ]
        for item in evidence
    ]
    title = f"Evidence: {judgement.get('sentence') or 'claim'}" if titled else "Evidence"
    head = ["Verdict", "Check", "Decides", "Fault", "95 % interval", "Limit", "n", "Reason"]
    return f"## {escaped(title)}\n\n" + _table(head, rows)


def references(record: Mapping[str, Any]) -> str:
    """The papers to cite, as a numbered section; nothing where there are none."""
    found = [f"{i}. {escaped(text)}" for i, text in enumerate(references_of(record), 1)]
    return "## References\n\n" + "\n".join(found) if found else ""


def _source(record: Mapping[str, Any]) -> str:
    environment = record.get("environment") or {}
    version = (environment.get("packages") or {}).get("checkstar")
    phrases = [
        *subject_line(record),
        f"checkstar {version}" if version else None,
        environment.get("created"),
    ]
    return escaped("; ".join(str(phrase) for phrase in phrases if phrase))


def _table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    lines = [head, ["---"] * len(head), *([escaped(cell or "–") for cell in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def escaped(text: object) -> str:
    r"""Text in which nothing is markup, on one line.

    Examples
    --------
    >>> escaped("a|b_c")
    'a\\|b\\_c'
    """
    return _SPECIAL.sub(r"\\\1", " ".join(typeset(text).split()))
