"""A scatter of named points against a logarithmic cost, as SVG that takes its colours from the page."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

from markupsafe import Markup, escape

from checkstar.reports.typesetting import number, typeset

__all__ = ["Mark", "scatter"]

_WIDTH, _HEIGHT = 720, 330
_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 120, 14, 46
#: Names nearer than this one above the other are moved apart.
_LINE = 14

Place = Callable[[float], float]


class Mark(NamedTuple):
    """One point: cost, value, its standard error, its name, and whether nothing beats it in both."""

    cost: float
    value: float
    error: float
    name: str
    best: bool


def scatter(marks: Sequence[Mark], xlabel: str, ylabel: str) -> Markup:
    """Points of `marks` with error bars and names; those that nothing beats are filled and joined by a line."""
    low, high = _decades([mark.cost for mark in marks])
    bottom, top = _range(marks)

    def x(cost: float) -> float:
        return _LEFT + (math.log10(cost) - low) / (high - low) * (_WIDTH - _LEFT - _RIGHT)

    def y(value: float) -> float:
        return _TOP + (top - value) / (top - bottom) * (_HEIGHT - _TOP - _BOTTOM)

    parts = [_axes(low, high, _ticks(bottom, top), x, y, xlabel, ylabel)]
    front = sorted((mark for mark in marks if mark.best), key=lambda mark: mark.cost)
    if len(front) > 1:
        path = " ".join(f"{x(m.cost):.1f},{y(m.value):.1f}" for m in front)
        parts.append(f'<polyline class="s-front" points="{path}"/>')
    heights = _apart([y(mark.value) for mark in marks])
    for mark, height in zip(marks, heights, strict=True):
        kind = "s-best" if mark.best else "s-other"
        across, down = x(mark.cost), y(mark.value)
        ends = y(mark.value - mark.error), y(mark.value + mark.error)
        parts.append(
            f'<path class="s-error" d="M{across:.1f} {ends[0]:.1f}V{ends[1]:.1f}"/>'
            f'<circle class="{kind}" cx="{across:.1f}" cy="{down:.1f}" r="5"/>'
            f'<text x="{across + 9:.1f}" y="{height + 4:.1f}">{escape(mark.name)}</text>'
        )
    title = f"{escape(ylabel)} against {escape(xlabel)}"
    return Markup(
        f'<svg class="plot scatter" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{title}">{"".join(parts)}</svg>'
    )


def _decades(costs: Sequence[float]) -> tuple[int, int]:
    logs = [math.log10(cost) for cost in costs]
    low, high = math.floor(min(logs)), math.ceil(max(logs))
    return low, max(high, low + 1)


def _range(marks: Sequence[Mark]) -> tuple[float, float]:
    ends = [mark.value + side * mark.error for mark in marks for side in (-1, 1)]
    margin = 0.08 * (max(ends) - min(ends)) or 0.05 * abs(ends[0]) or 1.0
    return min(ends) - margin, max(ends) + margin


def _ticks(bottom: float, top: float) -> list[float]:
    step = 10 ** math.floor(math.log10(top - bottom))
    step *= next(size for size in (0.1, 0.2, 0.5, 1.0, 2.0, 5.0) if (top - bottom) / (step * size) <= 6)
    first = math.ceil(bottom / step)
    return [k * step for k in range(first, math.floor(top / step) + 1)]


def _axes(low: int, high: int, ticks: Sequence[float], x: Place, y: Place, xlabel: str, ylabel: str) -> str:
    floor, edge = _HEIGHT - _BOTTOM, _WIDTH - _RIGHT
    parts = [f'<path class="s-axis" d="M{_LEFT} {_TOP}V{floor}H{edge}"/>']
    for power in range(low, high + 1):
        label = escape(typeset(number(10.0**power)))
        parts.append(
            f'<path class="s-axis" d="M{x(10.0**power):.1f} {floor}v4"/><text class="s-tick" text-anchor="middle" x="{x(10.0**power):.1f}" y="{floor + 17}">{label}</text>'
        )
    for tick in ticks:
        label = escape(typeset(number(tick)))
        parts.append(
            f'<path class="s-grid" d="M{_LEFT} {y(tick):.1f}H{edge}"/><text class="s-tick" text-anchor="end" x="{_LEFT - 7}" y="{y(tick) + 4:.1f}">{label}</text>'
        )
    parts.append(
        f'<text class="s-tick" text-anchor="middle" x="{(_LEFT + edge) / 2:.0f}" y="{_HEIGHT - 8}">{escape(xlabel)}</text>'
    )
    middle = (_TOP + floor) / 2
    parts.append(
        f'<text class="s-tick" text-anchor="middle" transform="rotate(-90 14 {middle:.0f})" x="14" y="{middle:.0f}">{escape(ylabel)}</text>'
    )
    return "".join(parts)


def _apart(heights: Sequence[float]) -> list[float]:
    """Heights of names, moved down where they would lie on one another."""
    moved = list(heights)
    order = sorted(range(len(moved)), key=lambda i: moved[i])
    for before, here in pairwise(order):
        moved[here] = max(moved[here], moved[before] + _LINE)
    return moved
