"""Evidence: the size of a fault, its 95 % interval, the limit, and the one rule that turns them into a verdict.

A check measures the size of a fault: zero is ideal, larger is worse. With its two-sided 95 % interval ``[low, high]``
and the limit that the claim (or a derivation, or a convention) sets:

* ``high <= limit``: PASS, equivalence was shown (two one-sided tests; Schuirmann 1987);
* ``low > limit``: FAIL, a fault larger than the limit was shown;
* otherwise INCONCLUSIVE, with the number of independent objects that would decide.

Each way of erring has probability at most 2.5 %. PASS of a whole audit is an intersection-union test and needs no
correction (Berger 1982); FAIL of a whole audit is corrected by `holm`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

__all__ = [
    "ALPHA",
    "Z_95",
    "Z_POWER_80",
    "Estimate",
    "Evidence",
    "Limit",
    "LimitKind",
    "Part",
    "Verdict",
    "binomial",
    "corrected",
    "decide",
    "folded",
    "holm",
    "judge",
    "n_needed",
    "power_at_twice_the_limit",
    "tail_probability",
    "worst",
]

#: One-sided level of every decision: the tail outside one end of a two-sided 95 % interval.
ALPHA = 0.025
Z_95 = float(special.ndtri(1 - ALPHA))
Z_POWER_80 = float(special.ndtri(0.8))

LimitKind = Literal["claim", "derived", "convention"]


class Verdict(StrEnum):
    """What a check or an audit may say. Only PASS counts as passed."""

    PASS = "PASS"
    FAIL = "FAIL"
    INCONCLUSIVE = "INCONCLUSIVE"
    NOT_APPLICABLE = "NOT_APPLICABLE"
    SKIPPED = "SKIPPED"
    ERROR = "ERROR"

    @property
    def ran(self) -> bool:
        """Whether the check came to a statement about the fault."""
        return self in (Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE)


class Estimate(NamedTuple):
    """A fault with its two-sided 95 % interval and the number of independent units behind it."""

    value: float
    low: float
    high: float
    n: float = math.nan

    @classmethod
    def normal(cls, value: float, stderr: float, n: float = math.nan) -> Estimate:
        """Interval of an asymptotically normal estimate; infinite where the error is not finite."""
        half = Z_95 * stderr if np.isfinite(stderr) else math.inf
        return cls(float(value), float(value - half), float(value + half), n)


@dataclass(frozen=True, kw_only=True)
class Part:
    """One of the faults that a check looked at: a level, a bin, a population.

    Attributes
    ----------
    name : str
        Which one.
    estimate : Estimate
    limit : float
        The largest tolerated fault, in `unit`.
    limit_kind : {"claim", "derived", "convention"}
    of_tolerance : bool
        Whether the limit is the claim's tolerance (or its convention), so that another tolerance replaces it.
    decides : bool
        False for what is only shown beside the faults that decide.
    text : str
        What was found, in words that hold whatever the limit is.
    """

    name: str
    estimate: Estimate
    limit: float
    limit_kind: LimitKind = "convention"
    unit: str = ""
    of_tolerance: bool = False
    decides: bool = True
    text: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; non-finite numbers become None."""
        value, low, high, n = (_finite(number) for number in self.estimate)
        return {
            "name": self.name,
            "value": value,
            "low": low,
            "high": high,
            "n": n,
            "limit": _finite(self.limit),
            "limit_kind": self.limit_kind,
            "unit": self.unit,
            "of_tolerance": self.of_tolerance,
            "decides": self.decides,
            "text": self.text,
            "verdict": judge(self.estimate, self.limit).value,
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Part:
        """Read back what `to_dict` gave."""
        low = -math.inf if stored["low"] is None else stored["low"]
        high = math.inf if stored["high"] is None else stored["high"]
        estimate = Estimate(_number(stored["value"]), low, high, _number(stored["n"]))
        return cls(
            name=stored["name"],
            estimate=estimate,
            limit=_number(stored["limit"]),
            limit_kind=stored["limit_kind"],
            unit=stored["unit"],
            of_tolerance=stored["of_tolerance"],
            decides=stored["decides"],
            text=stored["text"],
        )


@dataclass(frozen=True, kw_only=True)
class Limit:
    """A measured limit of use: "may be averaged over at most 38 stars"."""

    name: str
    value: float
    unit: str
    text: str
    low: float = math.nan
    high: float = math.nan

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Limit:
        """Read back what `Evidence.to_dict` gave; None is a number that was not finite."""
        numbers = {name: _number(stored[name]) for name in ("value", "low", "high")}
        return cls(name=stored["name"], unit=stored["unit"], text=stored["text"], **numbers)


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What one check found about one claim. Immutable and storable as JSON, except `flags`.

    Attributes
    ----------
    parts : tuple of Part
        The faults looked at, lower ends corrected for their number; the `worst` of them decides.
    n_needed : float or None
        Independent objects with which an INCONCLUSIVE check would decide.
    power : float or None
        Chance that this check, at this number of objects, would FAIL a fault of twice the limit.
    detects : dict or None
        How often the check finds its stated fault at this number of objects, as measured (`checkstar.power.detection`).
    figure : dict or None
        What `checkstar.reports` draws: see `checkstar.reports.figures`.
    flags : mapping of name to (n_objects,) bool array
        Objects that the check would not trust. Written to the flag table, not to JSON.
    """

    check: str
    family: str
    question: str
    quantity: str
    code: str = ""
    verdict: Verdict = Verdict.INCONCLUSIVE
    parts: tuple[Part, ...] = ()
    label: str | None = None
    deciding: bool = False
    n_needed: float | None = None
    power: float | None = None
    detects: Mapping[str, Any] | None = None
    reason: str = ""
    missing: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    limits_of_use: tuple[Limit, ...] = ()
    figure: Mapping[str, Any] | None = None
    traceback: str | None = None
    seconds: float = math.nan
    flags: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict, compare=False)

    @property
    def worst(self) -> Part:
        """The part that decides; an empty one where the check did not run."""
        return worst(self.parts) if self.parts else Part(name="", estimate=_NOTHING, limit=math.nan)

    @property
    def value(self) -> float:
        """Size of the deciding fault."""
        return self.worst.estimate.value

    @property
    def low(self) -> float:
        """Lower end of its 95 % interval."""
        return self.worst.estimate.low

    @property
    def high(self) -> float:
        """Upper end of its 95 % interval."""
        return self.worst.estimate.high

    @property
    def limit(self) -> float:
        """The largest fault tolerated."""
        return self.worst.limit

    @property
    def n(self) -> float:
        """Number of independent units behind it."""
        return self.worst.estimate.n

    @property
    def p_fail(self) -> float:
        """One-sided p-value of "the fault is within the limit" (see `tail_probability`)."""
        return tail_probability(self.worst.estimate, self.limit)

    def rejudged(self, tolerance: float) -> Evidence:
        """The same measurement against another tolerance of the claim; no model is needed."""
        if not self.verdict.ran or not any(part.of_tolerance for part in self.parts):
            return self
        parts = tuple(
            replace(part, limit=tolerance, limit_kind="claim") if part.of_tolerance else part for part in self.parts
        )
        return replace(self, parts=parts, reason=worst(parts).text, **decide(parts))

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; non-finite numbers become None."""
        part = self.worst
        value, low, high, n = (_finite(number) for number in part.estimate)
        return {
            "check": self.check,
            "code": self.code,
            "family": self.family,
            "question": self.question,
            "quantity": self.quantity,
            "label": self.label,
            "verdict": self.verdict.value,
            "deciding": self.deciding,
            "value": value,
            "low": low,
            "high": high,
            "limit": _finite(part.limit),
            "limit_kind": part.limit_kind,
            "unit": part.unit,
            "part": part.name,
            "p_fail": _finite(self.p_fail) if self.verdict.ran else None,
            "n": n,
            "n_needed": self.n_needed,
            "power": self.power,
            "detects": None if self.detects is None else dict(self.detects),
            "reason": self.reason,
            "missing": list(self.missing),
            "references": list(self.references),
            "limits_of_use": [{k: _finite(v) for k, v in asdict(limit).items()} for limit in self.limits_of_use],
            "parts": [item.to_dict() for item in self.parts],
            "figure": _cleaned(self.figure),
            "traceback": self.traceback,
            "seconds": _finite(self.seconds),
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Evidence:
        """Read back what `to_dict` gave."""
        limits = tuple(Limit.from_dict(item) for item in stored["limits_of_use"])
        return cls(
            **{
                name: stored[name]
                for name in [
                    "check",
                    "code",
                    "family",
                    "question",
                    "quantity",
                    "label",
                    "deciding",
                    "n_needed",
                    "power",
                    "detects",
                    "reason",
                    "figure",
                    "traceback",
                ]
            },
            verdict=Verdict(stored["verdict"]),
            parts=tuple(Part.from_dict(item) for item in stored["parts"]),
            missing=tuple(stored["missing"]),
            references=tuple(stored["references"]),
            limits_of_use=limits,
            seconds=_number(stored["seconds"]),
        )


_NOTHING = Estimate(math.nan, math.nan, math.nan)


def decide(parts: Sequence[Part]) -> dict[str, Any]:
    """Verdict, number needed and power that follow from corrected parts: the fields of `Evidence` that judge."""
    part = worst(parts)
    verdict = judge(part.estimate, part.limit)
    undecided = verdict is Verdict.INCONCLUSIVE
    needed = [
        n_needed(p.estimate, p.limit) for p in parts if p.decides and judge(p.estimate, p.limit) is Verdict.INCONCLUSIVE
    ]
    known = [n for n in needed if n is not None]
    return {
        "verdict": verdict,
        "n_needed": max(known) if undecided and len(known) == len(needed) and known else None,
        "power": power_at_twice_the_limit(part.estimate, part.limit),
    }


def judge(estimate: Estimate, limit: float) -> Verdict:
    """The one rule: whole interval below the limit PASS, wholly above FAIL, otherwise INCONCLUSIVE.

    Examples
    --------
    >>> judge(Estimate(0.01, 0.0, 0.02), limit=0.05)
    <Verdict.PASS: 'PASS'>
    >>> judge(Estimate(0.01, 0.0, 0.06), limit=0.05)
    <Verdict.INCONCLUSIVE: 'INCONCLUSIVE'>
    """
    if np.isnan([estimate.value, estimate.low, estimate.high, limit]).any():
        return Verdict.INCONCLUSIVE
    if estimate.high <= limit:
        return Verdict.PASS
    return Verdict.FAIL if estimate.low > limit else Verdict.INCONCLUSIVE


def tail_probability(estimate: Estimate, limit: float) -> float:
    """p-value of "the fault is at most the limit", read off the interval.

    The lower half-width is taken as that of Student's t with n - 1 degrees of freedom, so p = 0.025 exactly where the
    rule turns to FAIL.
    """
    if np.isnan([estimate.value, estimate.low, limit]).any():
        return 1.0
    excess, half = estimate.value - limit, estimate.value - estimate.low
    if half <= 0 or not math.isfinite(estimate.value):
        return 0.0 if estimate.low > limit else 1.0
    degrees = _degrees(estimate)
    return float(special.stdtr(degrees, -special.stdtrit(degrees, 1 - ALPHA) * excess / half))


def _degrees(estimate: Estimate) -> float:
    """Degrees of freedom behind an interval; many where their number is unknown."""
    return max(estimate.n - 1, 1.0) if math.isfinite(estimate.n) else 1e6


def n_needed(estimate: Estimate, limit: float) -> float | None:
    """Independent units with which the same fault would be decided with 80 % power.

    Standard errors shrink as 1/sqrt(n). None where the fault sits so near the limit that a thousand times the present
    number would not decide, or where that number is unknown.
    """
    side = estimate.high - estimate.value if estimate.value <= limit else estimate.value - estimate.low
    distance = abs(estimate.value - limit)
    if not (np.isfinite(side) and np.isfinite(distance) and np.isfinite(estimate.n)):
        return None
    stderr = side / Z_95
    if distance <= 0.01 * stderr or stderr <= 0:
        return None
    times = ((Z_95 + Z_POWER_80) * stderr / distance) ** 2
    return float(math.ceil(estimate.n * times)) if times <= 1000 else None


def power_at_twice_the_limit(estimate: Estimate, limit: float) -> float | None:
    """Chance that this check, at this number of objects, would FAIL a fault of twice the limit."""
    stderr = (estimate.high - estimate.low) / (2 * Z_95)
    if not (np.isfinite(stderr) and np.isfinite(limit)) or limit <= 0:
        return None
    return 1.0 if stderr <= 0 else float(special.ndtr(limit / stderr - Z_95))


def holm(p_values: ArrayLike) -> NDArray[np.float64]:
    """Holm's step-down adjusted p-values (Holm 1979, Scand. J. Stat. 6, 65).

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03]).round(3).tolist()
    [0.03, 0.06, 0.06]
    """
    p = np.asarray(p_values, dtype=float)
    order = np.argsort(p, kind="stable")
    stepped = np.minimum(1.0, p[order] * np.arange(p.size, 0, -1))
    adjusted = np.empty_like(p)
    adjusted[order] = np.maximum.accumulate(stepped) if p.size else stepped
    return adjusted


def folded(estimate: Estimate) -> Estimate:
    """Interval of the absolute value: what a signed 95 % interval says about the size of the fault.

    The rule on the folded interval is the two one-sided tests on the signed one.
    """
    value, low, high, n = estimate
    if np.isnan([low, high]).any():
        return Estimate(abs(value), math.nan, math.nan, n)
    return Estimate(abs(value), max(0.0, low, -high), max(abs(low), abs(high)), n)


def corrected(parts: Sequence[Part]) -> tuple[Part, ...]:
    """Widen the lower ends of several faults, of which the worst will decide, for the number looked at.

    All must be within their limits to PASS (intersection-union: upper ends need no correction). For FAIL the lower
    ends are Bonferroni-corrected.
    """
    looked_at = max(sum(part.decides for part in parts), 1)

    def widened(estimate: Estimate) -> Estimate:
        degrees = _degrees(estimate)
        widen = float(special.stdtrit(degrees, 1 - ALPHA / looked_at) / special.stdtrit(degrees, 1 - ALPHA))
        half = estimate.value - estimate.low
        if not math.isfinite(half):
            return estimate
        # A size that cannot be negative (its lower end was not) stays so.
        low = estimate.value - widen * half
        return estimate._replace(low=low if estimate.low < 0 else max(low, 0.0))

    return tuple(replace(p, estimate=widened(p.estimate)) if p.decides else p for p in parts)


def worst(parts: Sequence[Part]) -> Part:
    """The deciding fault: FAIL before INCONCLUSIVE before PASS; among equals the largest in units of its limit."""
    if not any(part.decides for part in parts):
        raise ValueError("no faults to choose from")
    severity = {Verdict.FAIL: 2, Verdict.INCONCLUSIVE: 1, Verdict.PASS: 0}

    def rank(part: Part) -> tuple[int, float]:
        size = part.estimate.value / part.limit if part.limit > 0 else part.estimate.value
        return severity[judge(part.estimate, part.limit)], -math.inf if math.isnan(size) else size

    return max((part for part in parts if part.decides), key=rank)


def _finite(value: Any) -> Any:
    return None if isinstance(value, float | np.floating) and not np.isfinite(value) else value


def _cleaned(value: Any) -> Any:
    """A figure as JSON can hold it: lists and mappings all the way down, non-finite numbers None."""
    if isinstance(value, Mapping):
        return {key: _cleaned(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_cleaned(item) for item in value]
    return _finite(value)


def _number(value: Any) -> float:
    return math.nan if value is None else float(value)


def binomial(k: float, n: float) -> Estimate:
    """Share k/n with its exact 95 % interval (Clopper & Pearson 1934). `k` and `n` may be effective numbers.

    Examples
    --------
    >>> estimate = binomial(0, 100)
    >>> round(estimate.high, 4)
    0.0362
    """
    if n <= 0:
        return Estimate(math.nan, 0.0, 1.0, 0.0)
    low = float(special.betaincinv(k, n - k + 1, ALPHA)) if k > 0 else 0.0
    high = float(special.betaincinv(k + 1, n - k, 1 - ALPHA)) if k < n else 1.0
    return Estimate(k / n, low, high, n)
