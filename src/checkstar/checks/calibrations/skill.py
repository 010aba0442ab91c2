"""Does it know more than the prior?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from checkstar.checks.base import Check
from checkstar.checks.losses import density_words, loss
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.estimates import ratio
from checkstar.evidence import Evidence, Part
from checkstar.prediction import Normal
from checkstar.runs import Run
from checkstar.simulators import linear_gaussian

__all__ = ["Skill"]


@dataclass(frozen=True, kw_only=True)
class Skill(Check):
    """Does it know more than the prior?

    CRPS relative to that of the prior, the distribution of the training labels (of the test truth where there are
    none, which flatters the prior). The prior itself has perfect coverage; only a score shows that it says nothing.
    A score above `limit` of the prior's is no skill worth the name.

    Points are compared with the prior's median by absolute error; classes with the base rates by log loss.
    """

    name = "skill"
    code = "B8"
    family = "calibration"
    question = "Does it know more than the prior?"
    statistic = "score relative to the prior's (zero is perfect, one is no skill)"
    depends_on = "label"
    tasks = ("regression", "classification")
    uses = frozenset({"object_interval"})
    references = ("Gneiting & Raftery 2007, JASA 102, 359", "Izbicki & Lee 2017, Electron. J. Statist. 11, 2800")

    limit: float = 0.95

    def examine(self, run: Run, claim: Claim, rng: np.random.Generator) -> Evidence:
        view = run.view(claim.label)
        prior = view.truth if view.training is None else view.training
        if run.test.task == "classification":
            blind = _base_rate_loss(view.truth, prior)
        elif view.prediction.has_spread:
            blind = _climatology(view.truth, prior)
        else:
            blind = np.abs(view.truth - np.median(prior))
        if not blind.any():
            return self.undecided(claim, "all true values are equal: the prior is exact", len(view.truth))
        ours = loss(view.prediction, view.truth, points_only=False)
        estimate = ratio(ours, blind, view.units, view.weight)
        part = Part(name="against the prior", estimate=estimate, limit=self.limit)
        density = density_words(view) if run.test.task == "regression" else ""
        return self.conclude(claim, [part], reason=lambda part: _sentence(part) + density)

    def fault(self, size: float) -> str:
        return f"predictions that have lost {100 * size:.0f} % of what they knew beyond the prior"

    def plant(self, n: int, size: float, rng: np.random.Generator) -> tuple[Run, Claim]:
        """The prior in place of a prediction: perfectly calibrated, and empty."""
        drawn = linear_gaussian(n, rng)
        weight = 0.8 * (1 - size)
        prediction = Normal(weight * drawn.estimate, np.full(n, np.sqrt(1 - weight * (2 - weight * 1.25))))
        return Run(name="planted", test=Dataset(y=drawn.y), prediction=prediction), Claim("object_interval")


def _climatology(truth: NDArray[np.float64], prior: NDArray[np.float64]) -> NDArray[np.float64]:
    """CRPS (n,) of the empirical distribution of `prior` (m,), in O((n + m) log m)."""
    ordered = np.sort(prior)
    m = len(ordered)
    below = np.searchsorted(ordered, truth)
    sums = np.concatenate([[0.0], np.cumsum(ordered)])
    distance = (truth * below - sums[below]) + ((sums[-1] - sums[below]) - truth * (m - below))
    spread = 2.0 * float(((2 * np.arange(1, m + 1) - m - 1) * ordered).sum()) / (m * max(m - 1, 1))
    return distance / m - 0.5 * spread


def _base_rate_loss(truth: NDArray[Any], prior: NDArray[Any]) -> NDArray[np.float64]:
    names, counts = np.unique(np.concatenate([prior, np.unique(truth)]), return_counts=True)
    rates = counts / counts.sum()
    return -np.log(rates[np.searchsorted(names, truth)])


def _sentence(part: Part) -> str:
    value, low, high, _ = part.estimate
    return (
        f"its loss is {100 * value:.0f} % [{100 * low:.0f}, {100 * high:.0f}] of the prior's; below 100 % it knows more"
    )
