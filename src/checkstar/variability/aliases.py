"""Aliases: which frequencies a sequence of nights, months and years confuses with one another."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

__all__ = ["DAILY", "alias_note", "cycle_note"]


class _Cycle(NamedTuple):
    name: str
    frequency: float


_SIDEREAL = 1.00273790935
_CYCLES = (
    _Cycle("1 day", 1.0),
    _Cycle("1 sidereal day", _SIDEREAL),
    _Cycle("2 per day", 2.0),
    _Cycle("2 per sidereal day", 2 * _SIDEREAL),
    _Cycle("1 month", 1 / 29.530589),
    _Cycle("1 year", 1 / 365.2422),
)
# Frequencies of night-time observation, per day.
DAILY = np.array([cycle.frequency for cycle in _CYCLES[:4]])
_MULTIPLES = {
    2.0: "twice the period",
    0.5: "half the period",
    3.0: "three times the period",
    1 / 3: "a third of the period",
}


def alias_note(frequency: float, other: float, resolution: float) -> str:
    """What the sampling makes of `other` to arrive at `frequency` (both per day); empty where they are not related.

    Two frequencies are the same when they differ by less than `resolution`, usually one over the span.

    Examples
    --------
    >>> alias_note(0.7, 1.7, 1e-3), alias_note(0.85, 1.7, 1e-3), alias_note(0.9, 1.7, 1e-3)
    ('differs by 1 day', 'twice the period', '')
    """
    for factor, name in _MULTIPLES.items():
        if abs(frequency * factor - other) < resolution * max(factor, 1.0):
            return name
    for name, cycle in _CYCLES:
        if min(abs(abs(frequency - other) - cycle), abs(frequency + other - cycle)) < resolution:
            return f"differs by {name}"
    return ""


def cycle_note(frequency: float, resolution: float) -> str:
    """The cycle of observation that a frequency (per day) itself is; empty where it is none.

    Examples
    --------
    >>> cycle_note(1.0028, 5e-4), cycle_note(1.7, 5e-4)
    ('1 sidereal day', '')
    """
    nearest = min(_CYCLES, key=lambda cycle: abs(cycle.frequency - frequency))
    return nearest.name if abs(nearest.frequency - frequency) < resolution else ""
