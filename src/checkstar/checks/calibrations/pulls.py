"""Are the error bars of the right size?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from checkstar.checks.base import Check
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.estimates import at_least_normal, from_influence, kish, mean, normalised_weights
from checkstar.evidence import Estimate, Evidence, Part, folded
from checkstar.prediction import Normal, Prediction, Samples
from checkstar.runs import Run
from checkstar.simulators import linear_gaussian

__all__ = ["Pulls"]

_CONVENTIONAL_TOLERANCE = 0.10
_LARGEST = 1e6


@dataclass(frozen=True, kw_only=True)
class Pulls(Check):
    """Are the error bars of the right size?

    Pulls ``z = (y - mean) / sqrt(s_pred^2 + s_truth^2)`` of honest error bars have mean zero and variance one. Two
    faults: the relative error of the error bars, ``exp|ln sd(z)| - 1``, and the mean in units of sigma. The interval of
    ``ln sd(z)`` uses the fourth moment of the pulls, so heavy tails widen it instead of deceiving it.
    """

    name = "pulls"
    code = "B1"
    family = "calibration"
    tolerance_of = "object_interval"
    question = "Are the error bars of the right size?"
    statistic = "relative error of the error bars, from the variance of the pulls"
    needs = frozenset({"spread"})
    uses = frozenset({"object_interval", "population_mean"})
    references = ("Gneiting, Balabdaoui & Raftery 2007, JRSS B 69, 243",)

    mean_limit: float = 0.1

    def examine(self, run: Run, claim: Claim, rng: np.random.Generator) -> Evidence:
        view = run.view(claim.label)
        sigma = np.hypot(view.prediction.std()[:, 0], view.truth_err)
        shrink = _of_draws(view.prediction)
        if not math.isfinite(shrink):
            return self.undecided(claim, "four draws an object are the fewest whose spread can be judged", len(sigma))
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            z = (view.truth - view.predicted) / sigma * shrink
        # Equal draws have no spread: their pulls are as large as any, not infinite.
        z = np.clip(np.nan_to_num(z, nan=0.0, posinf=_LARGEST, neginf=-_LARGEST), -_LARGEST, _LARGEST)
        w = normalised_weights(view.weight, len(z))
        centre = mean(z, view.units, view.weight)
        # Errors of exactly zero have error bars that are too large, not an infinite logarithm.
        variance = max(float((w * (z - centre.value) ** 2).mean()), 1e-12)
        influence = 0.5 * w * ((z - centre.value) ** 2 / variance - 1)
        log_sd = at_least_normal(from_influence(0.5 * math.log(variance), influence, view.units, view.weight), kish(w))
        size = folded(log_sd)
        scale = Estimate(math.expm1(size.value), math.expm1(size.low), math.expm1(min(size.high, 50.0)), size.n)
        parts = [
            Part(name="size of the error bars", estimate=scale, **self.limit_of(claim, _CONVENTIONAL_TOLERANCE)),
            Part(name="mean pull", estimate=folded(centre), limit=self.mean_limit, unit="sigma"),
        ]
        return self.conclude(
            claim, parts, reason=lambda part: _sentence(part, math.exp(log_sd.value), centre, z), figure=_figure(z)
        )

    def fault(self, size: float) -> str:
        return f"error bars too small by a factor of {1 + 0.4 * size:.2f}"

    def plant(self, n: int, size: float, rng: np.random.Generator) -> tuple[Run, Claim]:
        """Error bars that are 40 % too small."""
        drawn = linear_gaussian(n, rng)
        prediction = Normal(drawn.estimate, np.full(n, drawn.noise / (1 + 0.4 * size)))
        return Run(name="planted", test=Dataset(y=drawn.y), prediction=prediction), Claim("object_interval")


def _of_draws(prediction: Prediction) -> float:
    """Factor that makes pulls from the mean and spread of s draws have unit variance; infinite for s < 4.

    They follow Student's t with s - 1 degrees of freedom, times sqrt(1 + 1 / s).
    """
    if not isinstance(prediction, Samples):
        return 1.0
    s = prediction.draws.shape[1]
    return math.sqrt((s - 3) / (s - 1) / (1 + 1 / s)) if s > 3 else math.inf


def _sentence(part: Part, scale: float, centre: Estimate, z: NDArray[np.float64]) -> str:
    if part.name == "mean pull":
        return f"the mean pull is {centre.value:+.2f} sigma [{centre.low:+.2f}, {centre.high:+.2f}]"
    side = "small" if scale > 1 else "large"
    wild = int((np.abs(z) > 5).sum())
    tail = f"; {wild} of {len(z):,} objects {'lies' if wild == 1 else 'lie'} beyond 5 sigma" if wild else ""
    value, low, high = part.estimate.value, max(part.estimate.low, 0), part.estimate.high
    if value > 1:
        amount = f"too {side} by a factor of {1 + value:.3g} [{1 + low:.3g}, {1 + high:.3g}]"
    else:
        amount = f"{100 * value:.0f} % [{100 * low:.0f}, {100 * high:.0f}] too {side}"
    return f"the error bars are {amount} (sd of the pulls {scale:.2f}){tail}"


def _figure(z: NDArray[np.float64]) -> dict[str, Any]:
    levels = np.linspace(0.5, 99.5, 100) / 100
    expected = special.ndtri(levels)
    return {
        "title": "Quantiles of the pulls",
        "xlabel": "unit normal",
        "ylabel": "pulls",
        "layers": [
            {"kind": "line", "x": [-3, 3], "y": [-3, 3], "tone": "reference", "label": "honest error bars"},
            {
                "kind": "points",
                "x": expected.tolist(),
                "y": np.quantile(z, levels).tolist(),
                "tone": "main",
                "label": "pulls",
            },
        ],
    }
