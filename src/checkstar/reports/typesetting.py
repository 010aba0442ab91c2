"""Typesetting: numbers with the digits that their interval allows, counts, durations; signs as a printer sets them.

Functions give plain ASCII; `typeset` turns it into the signs of a printed page.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection
from typing import NamedTuple

import numpy as np

__all__ = [
    "Written",
    "clipped",
    "count",
    "duration",
    "number",
    "probability",
    "sentence",
    "typeset",
    "with_unit",
    "written",
]

_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_SIGNS = (("<=", "≤"), (">=", "≥"), ("+-", "±"), ("+/-", "±"), ("->", "→"), (" - ", " − "))
_EXPONENT = re.compile(r"(?<=\d)e([+-])0*(\d+)\b")
_MINUS = re.compile(r"(?<![\w.)\]-])-(?=\d|inf\b|∞)")
_TIMES = re.compile(r"(?<=\d)x(?![\w.])")
_PERCENT = re.compile(r"(?<=\d) %")


class Written(NamedTuple):
    """A value with the ends of its interval, in the same digits. Empty where there is none."""

    value: str
    low: str
    high: str

    @property
    def interval(self) -> str:
        """``[low, high]``, or nothing."""
        return f"[{self.low}, {self.high}]" if self.low or self.high else ""


def written(
    value: float | None,
    low: float | None = None,
    high: float | None = None,
    limit: float | None = None,
    *,
    whole: bool = False,
) -> Written:
    """Digits by the interval: two significant ones of its half-width, more where an end would round onto the limit.

    `whole` is for numbers of objects, of which only whole ones count.

    Examples
    --------
    >>> written(0.041234, 0.035678, 0.046789)
    Written(value='0.0412', low='0.0357', high='0.0468')
    >>> written(0.0412, 0.0001, 0.0823).interval
    '[0.000, 0.082]'
    >>> written(0.012, 0.004, 0.01996, limit=0.02).high
    '0.01996'
    """
    if value is None:
        return Written("", "", "")
    if whole:
        value, low, high = (None if x is None else float(math.floor(x)) for x in (value, low, high))
        assert value is not None
    if (low is None and high is None) or low == value == high:
        return Written(count(value) if whole else number(value), "", "")
    digits = 0 if whole else _apart([end for end in (low, high) if end is not None], limit, _places(value, low, high))
    size = max(abs(x) for x in (value, low, high) if x is not None)

    def one(x: float | None, infinite: str) -> str:
        return infinite if x is None else _digits(x, digits, size)

    return Written(one(value, ""), one(low, "-inf"), one(high, "inf"))


def number(value: float | None, significant: int = 3) -> str:
    """A number alone, to a few significant digits and without trailing zeros.

    Examples
    --------
    >>> number(0.02), number(1234567.0), number(0.0093217), number(None)
    ('0.02', '1.23e+06', '0.00932', '')
    """
    if value is None:
        return ""
    if value == 0 or 1e-4 <= abs(value) < 1e6:
        places = max(0, significant - 1 - _exponent(value))
        text = f"{value:,.{places}f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    return f"{value:.{significant - 1}e}"


def count(value: float | None) -> str:
    """A number of objects: ``20,000``."""
    return "" if value is None else f"{value:,.0f}" if abs(value) < 1e9 else f"{value:.2g}"


def duration(seconds: float | None) -> str:
    """Seconds in the unit that reads best.

    Examples
    --------
    >>> duration(0.0032), duration(4.2), duration(512.0), duration(None)
    ('3.2 ms', '4.2 s', '8.53 min', '')
    """
    if seconds is None:
        return ""
    for size, unit in ((3600.0, "h"), (60.0, "min"), (1.0, "s")):
        if seconds >= size * (2 if size > 1 else 1):
            return f"{number(seconds / size)} {unit}"
    return f"{number(1000 * seconds, 2)} ms"


def probability(value: float | None) -> str:
    """A probability in per cent, never printed as 0 or 100 % where it is not.

    Examples
    --------
    >>> probability(0.8), probability(0.9999), probability(1e-9)
    ('80 %', '> 99 %', '< 1 %')
    """
    if value is None:
        return ""
    if 0 < value < 0.005:
        return "< 1 %"
    return "> 99 %" if 0.995 < value < 1 else f"{100 * value:.0f} %"


def with_unit(text: str, unit: str | None) -> str:
    """A number with its unit; nothing without a number."""
    return f"{text} {unit}" if text and unit else text


def clipped(text: str, length: int) -> str:
    """At most `length` characters; the rest is shown as dots."""
    return text if len(text) <= length else text[: length - 1].rstrip() + "\u2026"


def sentence(text: object, names: Collection[str] = ()) -> str:
    """A sentence that begins with a capital, unless its first word is one of `names`; typeset."""
    result = typeset(text)
    return result if result.split(" ", 1)[0] in names else result[:1].upper() + result[1:]


def typeset(text: object) -> str:
    """Signs as a printer sets them.

    Examples
    --------
    >>> typeset("22 +- 4 %, S/N >= 40, -0.1 to 1.2e-05")
    '22 ± 4\\u202f%, S/N ≥ 40, −0.1 to 1.2\\u202f×\\u202f10⁻⁵'
    """
    result = str(text)
    for plain, sign in _SIGNS:
        result = result.replace(plain, sign)
    result = _EXPONENT.sub(lambda m: f"\u202f×\u202f10{(m[1].strip('+') + m[2]).translate(_SUPERSCRIPT)}", result)
    result = re.sub(r"(?<![\w.])(-?)inf\b(?=[\],]|$)", r"\1∞", result)
    result = _TIMES.sub("×", result)
    return _PERCENT.sub("\u202f%", _MINUS.sub("−", result))


def _places(value: float, low: float | None, high: float | None) -> int:
    """Decimals that leave two significant digits of the half-width; three of the value where there is none."""
    sides = [abs(end - value) for end in (low, high) if end is not None]
    half = sum(sides) / len(sides)
    return 1 - _exponent(half) if half > 0 else 2 - _exponent(value)


def _exponent(value: float) -> int:
    return math.floor(math.log10(abs(value))) if value else 0


def _apart(ends: list[float], limit: float | None, digits: int) -> int:
    """More digits while an end of the interval, rounded, looks as if it were on the other side of the limit."""
    if limit is None:
        return digits
    for more in range(digits, digits + 4):
        if all(np.sign(round(x, more) - limit) == np.sign(x - limit) for x in ends):
            return more
    return digits


def _digits(value: float, digits: int, size: float) -> str:
    if size and not 1e-4 <= size < 1e6:
        places = max(0, digits + _exponent(value)) if value else 0
        return f"{value:.{places}e}" if value else "0"
    text = f"{value:,.{min(max(0, digits), 12)}f}"
    # No "-0.00".
    return text.lstrip("-") if not text.strip("-0.,") else text
