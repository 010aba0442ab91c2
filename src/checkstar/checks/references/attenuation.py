"""Is the range of predictions compressed?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from checkstar.checks.base import Check
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.errors import NotApplicable
from checkstar.estimates import from_influence, normalised_weights
from checkstar.evidence import Evidence, Part, folded
from checkstar.prediction import Point
from checkstar.runs import Run
from checkstar.simulators import linear_gaussian

__all__ = ["Attenuation"]


@dataclass(frozen=True, kw_only=True)
class Attenuation(Check):
    """Is the range of predictions compressed?

    Slope of prediction on truth, ``cov(p, y) / (var y - mean s_y^2)``: the errors of the truth are taken out, so they
    do not compress it. Zero fault is slope one. Where the slope of truth on prediction is one instead, the compression
    is that of posterior means: right object by object, wrong in averages (see `PopulationMean`).
    """

    name = "attenuation"
    code = "A5"
    family = "attenuation"
    question = "Is the range of predictions compressed?"
    statistic = "|1 - slope of prediction on truth|"
    depends_on = "label"
    references = ("Ting 2024, arXiv:2412.05806", "Fuller 1987, Measurement Error Models")

    limit: float = 0.05

    def examine(self, run: Run, claim: Claim, rng: np.random.Generator) -> Evidence:
        view = run.view(claim.label)
        w = normalised_weights(view.weight, len(view.truth))
        y = view.truth - (w * view.truth).mean()
        p = view.predicted - (w * view.predicted).mean()
        variance = float((w * (y**2 - view.truth_err**2)).mean())
        if variance <= 0:
            raise NotApplicable("the truth varies no more than its errors; a slope has no meaning")
        slope = float((w * p * y).mean()) / variance
        influence = w * (p * y - slope * (y**2 - view.truth_err**2)) / variance
        estimate = from_influence(slope, influence, view.units, view.weight)
        reverse = float((w * p * y).mean() / max(float((w * p**2).mean()), 1e-300))
        fault = folded(estimate._replace(value=slope - 1, low=estimate.low - 1, high=estimate.high - 1))
        part = Part(name="slope", estimate=fault, limit=self.limit)
        kind = "as posterior means do" if abs(reverse - 1) < abs(slope - 1) else "more than posterior means would"
        words = (
            f"; the range is compressed {kind} (slope of truth on prediction {reverse:.3f})"
            if estimate.high < 1
            else ""
        )
        return self.conclude(
            claim,
            [part],
            reason=lambda _: (
                f"slope of prediction on truth {slope:.3f} [{estimate.low:.3f}, {estimate.high:.3f}]{words}"
            ),
            figure=_figure(view.truth, view.predicted, view.name, view.unit, slope),
        )

    def fault(self, size: float) -> str:
        return f"a range compressed by {20 * size:.0f} %"

    def plant(self, n: int, size: float, rng: np.random.Generator) -> tuple[Run, Claim]:
        """A range compressed by a fifth."""
        drawn = linear_gaussian(n, rng, noise=0.3)
        run = Run(name="planted", test=Dataset(y=drawn.y), prediction=Point((1 - 0.2 * size) * drawn.estimate))
        return run, Claim("object_value")


def _figure(truth: np.ndarray, predicted: np.ndarray, name: str, unit: str, slope: float) -> dict:
    chosen = np.linspace(0, len(truth) - 1, min(300, len(truth))).astype(int)
    ends = np.asarray([truth.min(), truth.max()])
    line = predicted.mean() + slope * (ends - truth.mean())
    label = f" ({unit})" if unit else ""
    return {
        "title": "Prediction against truth",
        "xlabel": f"true {name}{label}",
        "ylabel": f"predicted {name}{label}",
        "layers": [
            {
                "kind": "points",
                "x": truth[chosen].tolist(),
                "y": predicted[chosen].tolist(),
                "tone": "main",
                "label": "objects",
            },
            {"kind": "line", "x": ends.tolist(), "y": ends.tolist(), "tone": "reference", "label": "equality"},
            {"kind": "line", "x": ends.tolist(), "y": line.tolist(), "tone": "limit", "label": f"slope {slope:.2f}"},
        ],
    }
