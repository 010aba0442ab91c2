"""Does it put objects in the right order?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from checkstar.checks.base import Check
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.errors import NotApplicable
from checkstar.estimates import from_influence, normalised_weights, unit_count
from checkstar.evidence import Estimate, Evidence, Part, binomial
from checkstar.prediction import Classes, Point
from checkstar.runs import LabelView, Run
from checkstar.simulators import linear_gaussian

__all__ = ["Ranking"]

_CONVENTION = 0.25
_MANY_PAIRS = 30


@dataclass(frozen=True, kw_only=True)
class Ranking(Check):
    """Does it put objects in the right order?

    Share of pairs of objects whose predictions are in the wrong order, ties counted half: (1 - Kendall's tau) / 2 for
    numbers, 1 - AUC of the worst class against the rest for classes. A U-statistic; its interval comes from the
    projection on single objects (Hoeffding 1948; DeLong 1988), summed by independent unit. Above four
    times `block` objects only pairs within random blocks are counted, so the cost grows in proportion to the number of
    objects; the interval widens by one part in `block`.
    """

    name = "ranking"
    code = "R1"
    family = "ranking"
    tolerance_of = "ranking"
    question = "Does it put objects in the right order?"
    statistic = "share of pairs in the wrong order (0.5 is chance)"
    tasks = ("regression", "classification")
    references = (
        "Hoeffding 1948, Ann. Math. Stat. 19, 293",
        "DeLong, DeLong & Clarke-Pearson 1988, Biometrics 44, 837",
    )

    block: int = 500

    def examine(self, run: Run, claim: Claim, rng: np.random.Generator) -> Evidence:
        view = run.view(claim.label)
        if len(np.unique(view.truth)) < 2:
            raise NotApplicable("all true values are equal; there is no order")
        parts = [
            Part(
                name=name,
                estimate=self._discordance(truth, predicted, view, rng),
                **self.limit_of(claim, _CONVENTION),
            )
            for name, truth, predicted in _orders(view)
        ]
        return self.conclude(claim, parts, reason=_sentence)

    def _discordance(
        self, truth: NDArray[np.float64], predicted: NDArray[np.float64], view: LabelView, rng: np.random.Generator
    ) -> Estimate:
        n = len(truth)
        w = normalised_weights(view.weight, n)
        wrong, pairs = np.zeros(n), np.zeros(n)
        all_pairs = n <= 4 * self.block
        order = np.arange(n) if all_pairs else rng.permutation(n)
        for rows in np.array_split(order, 1 if all_pairs else round(n / self.block)):
            wrong[rows], pairs[rows] = _counts(truth[rows], predicted[rows], w[rows])
        # Weighted sums over pairs; each object's share enters twice, once from either side.
        value = float((w * wrong).sum() / (w * pairs).sum())
        influence = 2 * w * (wrong - value * pairs) / float((w * pairs).mean())
        estimate = from_influence(value, influence, view.units, view.weight)
        return _at_least_binomial(estimate, _independent_pairs(truth, view))

    def fault(self, size: float) -> str:
        return f"{80 * size:.0f} % of the predictions given to the wrong objects"

    def plant(self, n: int, size: float, rng: np.random.Generator) -> tuple[Run, Claim]:
        """Predictions given to the wrong objects."""
        drawn = linear_gaussian(n, rng, noise=0.3)
        mixed = rng.random(n) < 0.8 * size
        predicted = drawn.estimate.copy()
        predicted[mixed] = rng.permutation(predicted[mixed])
        return Run(name="planted", test=Dataset(y=drawn.y), prediction=Point(predicted)), Claim("ranking")


def _independent_pairs(truth: NDArray[np.float64], view: LabelView) -> float:
    """Number of disjoint pairs of independent objects: half of them, or those of the rarer of two classes."""
    classes, codes = np.unique(truth, return_inverse=True)
    if len(classes) > 2:
        return unit_count(view.units) / 2
    return min(len(np.unique(view.units[codes == code])) for code in range(2))


def _at_least_binomial(estimate: Estimate, pairs: float) -> Estimate:
    """Among few pairs the interval is no narrower than that of a share of so many independent ones.

    A U-statistic varies at most like the mean over disjoint pairs (Hoeffding 1963, JASA 58, 13); its estimated error may
    be zero.
    """
    if pairs >= _MANY_PAIRS:
        return estimate
    found = binomial(estimate.value * pairs, pairs)
    return estimate._replace(low=min(estimate.low, found.low), high=max(estimate.high, found.high))


def _counts(
    truth: NDArray[np.float64], predicted: NDArray[np.float64], weight: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """For each object, the weight of others ordered wrongly against it, and of all with another truth."""
    # Ranks keep the order and are quick to compare; ties share one.
    t, p = (np.unique(values, return_inverse=True)[1].astype(np.int32) for values in (truth, predicted))
    order = np.sign(t[:, None] - t)
    agreement = (order * np.sign(p[:, None] - p)).astype(np.float32) @ weight
    pairs = np.abs(order).astype(np.float32) @ weight
    return 0.5 * (pairs - agreement), pairs


def _orders(view: LabelView) -> list[tuple[str, Any, Any]]:
    if not isinstance(view.prediction, Classes):
        return [("all pairs", view.truth, view.predicted)]
    codes = view.prediction.codes(view.truth)
    probabilities = view.prediction.probabilities
    names = view.prediction.names
    chosen = [1] if len(names) == 2 else range(len(names))
    return [
        (f"class {names[c]}", (codes == c).astype(float), probabilities[:, c])
        for c in chosen
        if 0 < (codes == c).sum() < len(codes)
    ]


def _sentence(part: Part) -> str:
    value, low, high, _ = part.estimate
    return f"{100 * value:.1f} % [{100 * max(low, 0):.1f}, {100 * high:.1f}] of pairs are in the wrong order ({part.name}; 50 % is chance)"
