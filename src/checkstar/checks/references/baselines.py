"""Is it better than knowing nothing, and no worse than something simple?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from checkstar.checks.base import Check
from checkstar.checks.losses import relative_loss
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.evidence import Evidence, Part
from checkstar.prediction import Normal
from checkstar.runs import Run
from checkstar.simulators import linear_gaussian

__all__ = ["Baselines"]

#: To be as good as knowing nothing is not to be better.
_STRICTLY = 1e-9


@dataclass(frozen=True, kw_only=True)
class Baselines(Check):
    """Is it better than the training labels alone, and no worse than simple methods?

    Mean loss relative to each baseline, minus one, paired. It must be below zero against `Constant` (the training
    labels as the prediction for everyone), and at most `limit` against ridge regression and boosted trees fitted on the
    same training data with default settings.
    """

    name = "baselines"
    code = "A2"
    family = "reference"
    question = "Is it better than knowing nothing, and no worse than something simple?"
    statistic = "mean loss relative to the strongest simple method, minus one"
    needs = frozenset({"training_x"})
    depends_on = "label"
    tasks = ("regression", "classification")
    uses = frozenset({"object_value", "classification"})
    enough = 1500
    references = ("Kapoor & Narayanan 2023, Patterns 4, 100804",)

    limit: float = 0.10

    def examine(self, run: Run, claim: Claim, rng: np.random.Generator) -> Evidence:
        view = run.view(claim.label)
        column = run.labels.index(view.name)
        parts = []
        for name, prediction in run.baselines.items():
            blind = name == "Constant"
            if not blind and np.array_equal(prediction.mean(), run.prediction.mean()):
                continue  # the method itself, with its default settings
            parts.append(
                Part(
                    name=f"against {name}",
                    estimate=relative_loss(view, prediction.select(column)),
                    limit=-_STRICTLY if blind else self.limit,
                    limit_kind="derived" if blind else "convention",
                )
            )
        return self.conclude(claim, parts, reason=_sentence)

    def fault(self, size: float) -> str:
        return f"extra errors of {0.4 * size / 0.3:.1f} times the noise"

    def plant(self, n: int, size: float, rng: np.random.Generator) -> tuple[Run, Claim]:
        """Errors more than half as large again as a ridge regression would have."""
        drawn, learned = linear_gaussian(n, rng, noise=0.3), linear_gaussian(500, rng, noise=0.3)
        predicted = drawn.estimate + 0.4 * size * rng.standard_normal(n)
        run = Run(
            name="planted",
            test=Dataset(drawn.x, drawn.y),
            train=Dataset(learned.x, learned.y),
            prediction=Normal(predicted, np.full(n, np.hypot(drawn.noise, 0.4 * size))),
        )
        return run, Claim("object_value")


def _sentence(part: Part) -> str:
    value, low, high, _ = part.estimate
    side = "smaller" if value < 0 else "larger"
    return f"{part.name}, its loss is {100 * abs(value):.0f} % {side} [{100 * low:+.0f}, {100 * high:+.0f}] %"
