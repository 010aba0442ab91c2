"""Do the intervals cover what they say?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

from checkstar.checks.base import Check
from checkstar.checks.losses import density_words
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.estimates import share
from checkstar.evidence import Estimate, Evidence, Part
from checkstar.prediction import Normal, Prediction, Samples
from checkstar.runs import Run
from checkstar.simulators import linear_gaussian

__all__ = ["Coverage"]

_CONVENTIONAL_TOLERANCE = 0.10
#: Stands for error bars that are wrong without bound.
_LARGEST = 1000.0


@dataclass(frozen=True, kw_only=True)
class Coverage(Check):
    """Do the intervals cover what they say?

    Share of truths inside the central interval at each level, Clopper-Pearson at the effective number of independent
    objects. So that one tolerance serves all levels, each coverage c at level L is read as the relative error of the
    error bars that explains it, ``|q(L) / q(c) - 1|`` with q the half-width of a unit normal's interval. Unlike pulls,
    the checks at each level do not feel how far the objects outside lie. The prior alone covers perfectly, so the loss of
    the density (`checkstar.statistics.cde_loss`) is said beside it.
    """

    name = "coverage"
    code = "B3"
    family = "calibration"
    tolerance_of = "object_interval"
    question = "Do the intervals cover what they say?"
    statistic = "relative error of the error bars that explains the coverage"
    needs = frozenset({"spread"})
    uses = frozenset({"object_interval"})
    enough = 8000
    references = (
        "Clopper & Pearson 1934, Biometrika 26, 404",
        "Korn & Graubard 1998, Survey Methodology 24, 193",
        "Izbicki & Lee 2017, Electron. J. Statist. 11, 2800",
    )

    levels: tuple[float, ...] = (0.5, 0.683, 0.9, 0.95)

    def examine(self, run: Run, claim: Claim, rng: np.random.Generator) -> Evidence:
        view = run.view(claim.label)
        seen = view.prediction
        if view.truth_err.any():
            seen = seen.with_noise(view.truth_err[:, None], rng)
        limit = self.limit_of(claim, _CONVENTIONAL_TOLERANCE)
        levels = _reachable(self.levels, view.prediction)
        if not levels:
            return self.undecided(claim, "too few draws an object for any of the intervals", len(view.truth))
        parts, found = [], []
        for level in levels:
            low, high = seen.quantile((1 - level) / 2)[:, 0], seen.quantile((1 + level) / 2)[:, 0]
            covered = share((low <= view.truth) & (view.truth <= high), view.units, view.weight)
            found.append(covered)
            parts.append(
                Part(
                    name=f"{100 * level:g} % interval",
                    estimate=_as_scale(covered, level),
                    **limit,
                )
            )
        by_name = {part.name: estimate for part, estimate in zip(parts, found, strict=True)}
        density = density_words(view)
        return self.conclude(
            claim,
            parts,
            reason=lambda part: _sentence(part, by_name[part.name]) + density,
            figure=_figure(levels, found),
        )

    def fault(self, size: float) -> str:
        return f"error bars too small by a factor of {1 + 0.4 * size:.2f}"

    def plant(self, n: int, size: float, rng: np.random.Generator) -> tuple[Run, Claim]:
        """Error bars that are 40 % too small."""
        drawn = linear_gaussian(n, rng)
        prediction = Normal(drawn.estimate, np.full(n, drawn.noise / (1 + 0.4 * size)))
        return Run(name="planted", test=Dataset(y=drawn.y), prediction=prediction), Claim("object_interval")


def _reachable(levels: tuple[float, ...], prediction: Prediction) -> tuple[float, ...]:
    """Levels whose ends lie between the outermost of s draws: up to (s - 1) / (s + 1)."""
    if not isinstance(prediction, Samples):
        return levels
    s = prediction.draws.shape[1]
    return tuple(level for level in levels if level <= (s - 1) / (s + 1))


def _as_scale(covered: Estimate, level: float) -> Estimate:
    """Coverage as the size of a relative error of the error bars, with its interval."""
    wanted = special.ndtri((1 + level) / 2)

    def fault(coverage: float) -> float:
        reached = special.ndtri((1 + min(max(coverage, 0.0), 1.0)) / 2)
        ratio = wanted / reached if reached > 0 else np.inf  # true sigma / claimed sigma
        return float(min(max(ratio, 1 / ratio if ratio > 0 else np.inf) - 1, _LARGEST))

    inside = covered.low <= level <= covered.high
    ends = fault(covered.low), fault(covered.high)
    # All or nothing inside: half an object keeps the fault finite.
    edge = 0.5 / (covered.n + 1)
    value = fault(min(max(covered.value, edge), 1 - edge))
    return Estimate(value, 0.0 if inside else min(ends), max(ends), covered.n)


def _sentence(part: Part, covered: Estimate) -> str:
    return (
        f"the {part.name} holds {100 * covered.value:.1f} % [{100 * covered.low:.1f}, {100 * covered.high:.1f}] of the truths, "
        f"as error bars wrong by {_amount(part.estimate.value)} would"
    )


def _amount(value: float) -> str:
    return f"{100 * value:.0f} %" if value <= 1 else f"a factor of {1 + value:.3g}"


def _figure(levels: tuple[float, ...], found: list[Estimate]) -> dict[str, Any]:
    return {
        "title": "Coverage of central intervals",
        "xlabel": "nominal level",
        "ylabel": "share of truths inside",
        "layers": [
            {"kind": "line", "x": [0, 1], "y": [0, 1], "tone": "reference", "label": "honest intervals"},
            {
                "kind": "interval",
                "x": list(levels),
                "y": [e.value for e in found],
                "low": [e.low for e in found],
                "high": [e.high for e in found],
                "tone": "main",
                "label": "measured",
            },
        ],
    }
