"""Would something simple do as well?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from checkstar.checks.base import Check
from checkstar.checks.losses import relative_loss
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.errors import NotApplicable
from checkstar.evidence import Estimate, Evidence, Part
from checkstar.prediction import Normal
from checkstar.runs import Run
from checkstar.simulators import linear_gaussian

__all__ = ["Simplicity"]


@dataclass(frozen=True, kw_only=True)
class Simplicity(Check):
    """Would a ridge regression do as well?

    Mean loss relative to that of a ridge regression fitted on the same training data, minus one, paired: what the more
    complicated method gains. It must gain more than `gain` for its complexity to be worth anything; where it is shown to
    gain less, the simple method is inside the tolerance. Shown beside a verdict, and never decides: what is needlessly
    complicated may still be right.

    Parameters
    ----------
    gain : float
        Smallest relative gain that is worth a more complicated method.
    """

    name = "simplicity"
    code = "O5"
    family = "practice"
    question = "Would something simple do as well?"
    statistic = "mean loss relative to a ridge regression, minus one"
    needs = frozenset({"training_x"})
    depends_on = "label"
    uses = frozenset()
    references = ("Hand 2006, Statistical Science 21, 1 (arXiv:math/0606441)",)

    gain: float = 0.05

    def examine(self, run: Run, claim: Claim, rng: np.random.Generator) -> Evidence:
        view = run.view(claim.label)
        simple = run.baseline("Ridge")
        if np.array_equal(simple.mean(), run.prediction.mean()):
            raise NotApplicable("the method is a ridge regression itself")
        found = relative_loss(view, simple.select(run.labels.index(view.name)))
        part = Part(name="against ridge regression", estimate=found, limit=-self.gain)
        return self.conclude(claim, [part], reason=lambda _: _sentence(found))

    def fault(self, size: float) -> str:
        return "a method that gains nothing on a ridge regression" if size == 1 else "a method that gains little"

    def plant(self, n: int, size: float, rng: np.random.Generator) -> tuple[Run, Claim]:
        """The best estimate of a label that is linear in the features; its twin has features that are not."""
        drawn, learned = linear_gaussian(n, rng, noise=0.3), linear_gaussian(500, rng, noise=0.3)
        bent_test, bent_train = (d.x * np.abs(d.x) ** (2 * (1 - size)) for d in (drawn, learned))
        run = Run(
            name="planted",
            train=Dataset(bent_train, learned.y),
            test=Dataset(bent_test, drawn.y),
            prediction=Normal(drawn.estimate, np.full(n, drawn.noise)),
        )
        return run, Claim("object_value")


def _sentence(found: Estimate) -> str:
    interval = f"[{100 * found.low:+.0f}, {100 * found.high:+.0f}]"
    side = "smaller" if found.value < 0 else "larger"
    return f"its loss is {100 * abs(found.value):.0f} % {side} {interval} % than that of a ridge regression on the same data"
