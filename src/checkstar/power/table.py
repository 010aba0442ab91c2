"""The table of power: measured once, shipped with the package, shown beside every piece of evidence."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Self

from checkstar.checks import Check
from checkstar.data.files import replacing
from checkstar.errors import InputError
from checkstar.evidence import Estimate
from checkstar.power.trials import Trials

__all__ = ["SHIPPED", "MeasuredCheck", "PowerTable", "detection", "power_rows", "shipped"]

SHIPPED = "power.json"
_VERSION = 1


@dataclass(frozen=True, kw_only=True)
class MeasuredCheck:
    """All trials of one check with the settings at which they hold.

    Attributes
    ----------
    name, settings : str
    faults : mapping of size to str
        What was planted, in words.
    trials : tuple of Trials
    """

    name: str
    settings: str
    faults: Mapping[float, str]
    trials: tuple[Trials, ...]

    def at(self, n: int, size: float) -> Trials | None:
        """The trials at this number of objects and this size."""
        return next((t for t in self.trials if t.n == n and t.size == size), None)

    @property
    def numbers(self) -> tuple[int, ...]:
        """Numbers of objects tried, in order."""
        return tuple(sorted({t.n for t in self.trials}))

    @property
    def sizes(self) -> tuple[float, ...]:
        """Sizes of the fault tried, in order; 0 is the clean twin."""
        return tuple(sorted({t.size for t in self.trials}))

    @property
    def n_needed(self) -> int | None:
        """Smallest number tried at which the stated fault is found with power 0.8 or more."""
        return next((n for n in self.numbers if (t := self.at(n, 1.0)) is not None and t.power.value >= 0.8), None)


@dataclass(frozen=True, kw_only=True)
class PowerTable:
    """Trials of many checks, by name, with where and how they were made."""

    checks: Mapping[str, MeasuredCheck] = field(default_factory=dict)
    made: Mapping[str, Any] = field(default_factory=dict)

    def __iter__(self) -> Iterator[MeasuredCheck]:
        return iter(self.checks.values())

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "version": _VERSION,
            "made": dict(self.made),
            "checks": {
                m.name: {
                    "settings": m.settings,
                    "faults": {f"{size:g}": words for size, words in m.faults.items()},
                    "trials": [t.to_dict() for t in m.trials],
                }
                for m in self
            },
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """Read back what `to_dict` gave.

        Raises
        ------
        InputError
            If it is not a table of power of this version.
        """
        if not isinstance(stored, Mapping) or stored.get("version") != _VERSION:
            raise InputError("this is no table of power of this version; measure it again with `checkstar power`.")
        checks = {
            name: MeasuredCheck(
                name=name,
                settings=item["settings"],
                faults={float(size): words for size, words in item["faults"].items()},
                trials=tuple(Trials.from_dict(t) for t in item["trials"]),
            )
            for name, item in stored["checks"].items()
        }
        return cls(checks=checks, made=stored["made"])

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a table from a file; empty where there is none.

        Raises
        ------
        InputError
            If the file is not a table of power.
        """
        if not path.exists():
            return cls()
        try:
            return cls.from_dict(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, KeyError, TypeError) as error:
            if isinstance(error, InputError):
                raise
            raise InputError(f"{path} is no table of power ({error}); give another file.") from error

    def save(self, path: Path) -> None:
        """Write the table, beside its place and then renamed."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as beside:
            beside.write_text(_compact(self.to_dict()), encoding="utf-8")


def _compact(stored: Mapping[str, Any]) -> str:
    """JSON with one line a trial: small, and readable in a difference between versions."""
    text = json.dumps(stored, indent=1, sort_keys=False)
    for trial in (t for item in stored["checks"].values() for t in item["trials"]):
        spread = json.dumps(trial, indent=1).replace("\n", "\n    ")
        text = text.replace(spread, json.dumps(trial))
    return text + "\n"


def power_rows(table: PowerTable) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Columns and rows of a table of power for people: one row for each check and number of objects."""
    columns = (
        *("check", ">objects", ">false alarms", ">clean passes", ">half the fault", ">the fault", ">fault passed"),
        *(">trials", "fault"),
    )
    return columns, [_row(measured, n) for measured in table for n in measured.numbers]


def _row(measured: MeasuredCheck, n: int) -> tuple[str, ...]:
    clean, half, full = (measured.at(n, size) for size in (0.0, 0.5, 1.0))
    failed = [_shares(t.power) if t else "" for t in (clean, half, full)]
    passed = [_shares(t.passes) if t else "" for t in (clean, full)]
    trials = str(full.count) if full else ""
    return (
        *(measured.name, f"{n:,}", failed[0], passed[0], failed[1], failed[2], passed[1]),
        *(trials, measured.faults.get(1.0, "")),
    )


def _shares(share: Estimate) -> str:
    return f"{100 * share.value:.0f} [{100 * share.low:.0f}, {100 * share.high:.0f}] %"


@cache
def shipped() -> PowerTable:
    """The table that the package ships."""
    stored = resources.files("checkstar.power").joinpath(SHIPPED)
    return PowerTable.from_dict(json.loads(stored.read_text(encoding="utf-8"))) if stored.is_file() else PowerTable()


def detection(check: Check, n: float) -> dict[str, Any] | None:
    """How often a check finds its stated fault at `n` independent objects, as measured; None where it was not.

    The trials at the largest number not above `n` stand for it, so the power is not overstated. They hold only for the
    settings at which they were made.

    Returns
    -------
    dict with ``fault`` (words), ``power`` with ``low`` and ``high`` (Clopper-Pearson), ``false_alarms`` (share of clean
    twins that failed), the number of objects ``n`` at which it was measured, and the number of ``trials``.
    """
    measured = shipped().checks.get(check.name)
    if measured is None or measured.settings != repr(check) or not math.isfinite(n):
        return None
    at = max((number for number in measured.numbers if number <= n), default=None)
    if at is None:
        return None
    found, clean = measured.at(at, 1.0), measured.at(at, 0.0)
    if found is None or clean is None:
        return None
    power = found.power
    return {
        "fault": measured.faults[1.0],
        "power": power.value,
        "low": power.low,
        "high": power.high,
        "false_alarms": clean.power.value,
        "n": at,
        "trials": found.count,
    }
