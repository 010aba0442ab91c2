"""Cards: one piece of evidence as a page shows it, every number already written out."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from checkstar.reports import figures
from checkstar.reports.records import by_size
from checkstar.reports.typesetting import count, duration, number, probability, sentence, typeset, with_unit, written

__all__ = ["KINDS_OF_LIMIT", "WORDS", "Album", "card", "citation", "detects_words", "gauge"]

#: What each verdict means to a reader.
WORDS = {
    "PASS": "within its limit",
    "FAIL": "beyond its limit",
    "INCONCLUSIVE": "cannot tell yet",
    "NOT_APPLICABLE": "does not apply",
    "SKIPPED": "not run",
    "ERROR": "the check failed",
}
KINDS_OF_LIMIT = {"claim": "set by the claim", "derived": "derived", "convention": "convention"}
_MOST_PARTS = 60
_IDENTIFIER = re.compile(
    r"(?:arXiv:(?P<arxiv>\d{4}\.\d{4,5}|[a-z-]+/\d{7})|doi:(?P<doi>10\.\d{4,9}/[\w.()/:;-]*[\w)]))"
)


@dataclass
class Album:
    """The figures of a page, each drawn once; a second look at the same is a reference to the first."""

    seen: dict[str, str] = field(default_factory=dict)

    def place(self, evidence: Mapping[str, Any], anchor: str) -> tuple[figures.Drawing | None, str]:
        """The drawing; or the anchor of the card where the page already shows it, with the same parts."""
        record, parts = evidence.get("figure"), evidence.get("parts") or []
        if not record and len(parts) < 2:
            return None, ""
        key = json.dumps([evidence.get("check"), record, parts], sort_keys=True)
        if key in self.seen:
            return None, self.seen[key]
        drawing = figures.draw(record, anchor) if record else None
        drawing = drawing or figures.draw_parts(parts, str(evidence.get("quantity") or "fault"), anchor)
        if drawing:
            self.seen[key] = anchor
        return drawing, ""


def card(evidence: Mapping[str, Any], anchor: str, album: Album) -> dict[str, Any]:
    """What the template shows of one piece of evidence."""
    drawing, same = album.place(evidence, anchor)
    parts = by_size(evidence.get("parts") or [])
    verdict = str(evidence.get("verdict") or "ERROR")
    unit, reason = evidence.get("unit") or "", str(evidence.get("reason") or "")
    return {
        **{name: evidence.get(name) or "" for name in ("check", "code", "family", "label", "question", "traceback")},
        **_size(evidence),
        "id": anchor,
        "verdict": verdict,
        "word": WORDS.get(verdict, ""),
        "deciding": bool(evidence.get("deciding")),
        "ran": verdict in ("PASS", "FAIL", "INCONCLUSIVE"),
        "quantity": typeset(evidence.get("quantity") or ""),
        "reason": sentence(reason, {evidence.get("label") or ""}),
        "part": typeset(evidence.get("part") or "") if len(parts) > 1 else "",
        "unit": unit,
        "n": count(evidence.get("n")),
        "n_needed": count(evidence.get("n_needed")),
        "power": typeset(probability(evidence.get("power"))),
        "detects": typeset(detects_words(evidence)),
        "p_fail": typeset(_p_value(evidence.get("p_fail"))),
        "seconds": duration(evidence.get("seconds")),
        # "needs x" already says so.
        "missing": [typeset(item) for item in evidence.get("missing") or [] if item and item not in reason],
        "references": [citation(text) for text in evidence.get("references") or [] if text],
        "parts": [] if same or len(parts) < 2 else [_row(part) for part in parts[:_MOST_PARTS]],
        "parts_left": 0 if same else max(0, len(parts) - _MOST_PARTS),
        "figure": drawing,
        "same": same,
        "gauge": gauge(evidence),
        "small_gauge": gauge(evidence, width=96),
        "raw": {name: evidence.get(name) for name in ("value", "limit", "n", "n_needed", "power")},
    }


def _size(item: Mapping[str, Any]) -> dict[str, str]:
    """Value, interval and limit with their digits; the unit is set once, behind the value."""
    value, limit = item.get("value"), item.get("limit")
    words = written(value, item.get("low"), item.get("high"), limit)
    return {
        "value": typeset(words.value),
        "interval": typeset(words.interval),
        "limit": typeset(number(limit)),
        "limit_kind": str(item.get("limit_kind") or ""),
        "limit_words": KINDS_OF_LIMIT.get(str(item.get("limit_kind")), ""),
    }


def _row(part: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **_size(part),
        "name": typeset(part.get("name") or "–"),
        "unit": part.get("unit") or "",
        "n": count(part.get("n")),
        "verdict": str(part.get("verdict") or ""),
        "decides": part.get("decides") is not False,
    }


def gauge(item: Mapping[str, Any], width: float = 300.0) -> dict[str, float | str] | None:
    """Where limit, value and interval stand on a line that starts at zero; None where there is nothing to show."""
    value, limit = item.get("value"), item.get("limit")
    if value is None or limit is None:
        return None
    low, high = item.get("low"), item.get("high")
    ends = [0.0, *(float(x) for x in (value, limit, low, high) if x is not None)]
    left, right = min(ends), max(ends)
    right += 0.06 * (right - left)
    if not (math.isfinite(right - left) and right > left):
        return None

    def at(x: float) -> float:
        return round(4 + (x - left) / (right - left) * (width - 8), 1)

    return {
        "width": width,
        "zero": at(0.0),
        "limit": at(limit),
        "value": at(value),
        "low": 4.0 if low is None else at(low),
        "high": width - 4 if high is None else at(high),
        "limit_text": typeset(with_unit(number(limit), item.get("unit"))),
        "anchor": "end" if at(limit) > 0.75 * width else "start" if at(limit) < 0.2 * width else "middle",
    }


def citation(text: str) -> list[tuple[str, str]]:
    """A reference as (text, address) pieces; arXiv and DOI identifiers have an address, the rest has none.

    Examples
    --------
    >>> citation("Talts et al. 2018, arXiv:1804.06788")
    [('Talts et al. 2018, ', ''), ('arXiv:1804.06788', 'https://arxiv.org/abs/1804.06788')]
    """
    pieces: list[tuple[str, str]] = []
    end = 0
    for match in _IDENTIFIER.finditer(text):
        pieces.append((text[end : match.start()], ""))
        arxiv, doi = match["arxiv"], match["doi"]
        pieces.append((match[0], f"https://arxiv.org/abs/{arxiv}" if arxiv else f"https://doi.org/{doi}"))
        end = match.end()
    return [piece for piece in [*pieces, (text[end:], "")] if piece[0]]


def detects_words(evidence: Mapping[str, Any]) -> str:
    """What the check finds at this number of objects, as measured; empty where it was not."""
    found = evidence.get("detects") or {}
    shares = [found.get(name) for name in ("power", "low", "high", "false_alarms")]
    if any(share is None for share in shares):
        return ""
    power, low, high, false = (100 * float(share) for share in shares if share is not None)
    return (
        f"at {found['n']:,} objects this check finds {found['fault']} in {power:.0f} % of cases [{low:.0f}, {high:.0f}], "
        f"and raises a false alarm in {false:.1f} %"
    )


def _p_value(value: float | None) -> str:
    if value is None:
        return ""
    return "< 0.0001" if value < 1e-4 else number(value, 2)


def sorted_by_verdict(names: Sequence[str]) -> list[str]:
    """Verdicts in the order in which a page lists them."""
    order = list(WORDS)
    return sorted(names, key=lambda name: order.index(name) if name in order else len(order))
