"""Findings: what a comparison of methods says, in words."""

from __future__ import annotations

import math
from collections.abc import Mapping

from checkstar.problems.base import Metric
from checkstar.studies.comparison import Comparison, Standing

__all__ = ["dearer_in_words", "verdict_in_words"]

#: A method that costs so many times as much should be worth it.
_DEARER = 2.0


def verdict_in_words(compared: Comparison, simplest: str | None, cost: Mapping[str, float], metric: Metric) -> str:
    """Which method is best, and which is the cheapest that will do: "forest is within 0.4 points at 1/300 of the cost"."""
    best, score = compared.standings[0], metric.name.replace("_", " ")
    percent = metric.unit == "" and 0 <= abs(best.score) <= 1 and metric.direction == "higher"

    def said(value: float) -> str:
        return f"{100 * value:.1f} points" if percent else f"{value:.3g}{' ' + metric.unit if metric.unit else ''}"

    if simplest is None:
        return (
            f"{best.method} has the best {score}; no method is shown to be within {said(compared.tolerance)} of the "
            f"best of all, with {compared.n_units} independent objects"
        )
    if simplest == best.method:
        return f"{best.method} has the best {score} and is the cheapest that is shown to be within {said(compared.tolerance)} of it"
    mine = next(s for s in compared.standings if s.method == simplest)
    return (
        f"{simplest} is within {said(mine.behind_high)} of the best {score} ({best.method})"
        f"{_share_of_cost(cost.get(simplest, math.nan), cost.get(best.method, math.nan))}"
    )


def _share_of_cost(mine: float, other: float) -> str:
    ratio = other / mine if mine > 0 else math.nan
    if not math.isfinite(ratio) or ratio < 1:
        return ""
    return f", at 1/{ratio:.0f} of its CPU time" if ratio >= 2 else f", at {100 / ratio:.0f} % of its CPU time"


def dearer_in_words(compared: Comparison, cost: Mapping[str, float]) -> str:
    """What the methods that cost at least twice as much as the best have to show for it; empty where there are none."""
    best = compared.standings[0]
    dear = [s for s in compared.standings[1:] if cost.get(s.method, 0.0) >= _DEARER * cost.get(best.method, math.inf)]
    worse, rest = [s for s in dear if s.behind_low > 0], [s for s in dear if s.behind_low <= 0]
    found = [
        f"{_named(some)} {'costs' if len(some) == 1 else 'cost'} at least twice as much and {end}"
        for some, end in ((rest, "are not shown to be better"), (worse, "are shown to be worse"))
        if some
    ]
    return "".join(f"; {text}" for text in found).replace(
        " costs at least twice as much and are", " costs at least twice as much and is"
    )


def _named(standings: list[Standing]) -> str:
    names = [standing.method for standing in standings]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
