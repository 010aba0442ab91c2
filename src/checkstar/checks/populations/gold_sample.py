"""Is the mean over the objects it will be used on the one that a small labelled sample of them gives?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from checkstar.checks.base import Check
from checkstar.checks.claimed import limit_of_mean, scatter
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.errors import NotApplicable
from checkstar.estimates import mean, normalised_weights, relabelled
from checkstar.evidence import Estimate, Evidence, Limit, Part, folded
from checkstar.populations import Gold, Unlabelled, powered_mean, rectifier
from checkstar.runs import LabelView, Run
from checkstar.scope import Scope
from checkstar.simulators import linear_gaussian

__all__ = ["GoldSample"]


@dataclass(frozen=True, kw_only=True)
class GoldSample(Check):
    """Is the mean of the predictions of the target objects the one that a small labelled sample of them gives?

    Prediction-powered inference (`checkstar.populations.powered_mean`) joins the predictions of many target objects
    with the truth of a few: its mean is right whatever the predictions are. The fault is the distance of the naive
    mean, of predictions alone, from it: ``(1 - l) mean(f target) + l mean(f gold) - mean(y gold)`` with l the power of
    least variance (PPI++).

    The test objects play the gold sample, or the target's own labels where it has them. A gold sample must be drawn
    like the target, or weighted so that it is; where its mean prediction lies more than `max_shift` standard deviations
    from the target's, the check does not judge.

    Parameters
    ----------
    max_objects : int
        At most so many target objects, drawn at random, are predicted;
    max_ratio : float
        and at most so many for each test object.
    max_shift : float
        Largest difference of the mean predictions of gold sample and target, in their standard deviations.
    """

    name = "gold_sample"
    code = "F4"
    family = "population"
    tolerance_of = "population_mean"
    question = "Is the mean over the target objects the one that a small labelled sample of them gives?"
    statistic = "|mean of predictions - prediction-powered mean| of the target"
    needs = frozenset({"model"})
    declared = "target"
    references = (
        "Angelopoulos et al. 2023, Science 382, 669",
        "Angelopoulos, Duchi & Zrnic 2023, arXiv:2311.01453",
    )

    max_objects: int = 20_000
    max_ratio: float = 5.0
    max_shift: float = 0.25

    def examine(self, run: Run, claim: Claim, rng: np.random.Generator) -> Evidence:
        view, target = run.view(claim.label), run.scope.target
        assert target is not None
        if target.x is None:
            raise NotApplicable("the target objects have no observations x to predict from")
        if len(target) < 2 or len(view.truth) < 2:
            return self.undecided(claim, "one object has no mean to compare", min(len(target), len(view.truth)))
        part = target[_rows(_known(target, view.name), self._most(run), rng)]
        assert part.x is not None
        predicted = run.predict(part.x, part.noise).select(run.labels.index(view.name)).mean()[:, 0]
        known = _known(part, view.name)
        own = bool(known.all())
        rest = known if own else ~known
        others = Unlabelled(
            predicted[rest],
            relabelled(part.units_of_independence[rest]),
            None if part.weight is None else part.weight[rest],
        )
        if known.any():
            gold = _gold(view, part[known], predicted[known])
        else:
            gold = Gold(view.truth, view.predicted, view.units, view.weight)
        if min(len(gold.truth), len(others.predicted)) < 2:
            return self.undecided(claim, "a single object, with or without a label, has no mean to compare", 1)
        shift = _shift(gold, others)
        if shift.low > self.max_shift:
            why = (
                f"the gold sample is not drawn like the target: their mean predictions lie {shift.value:.2f} "
                f"[{shift.low:.2f}, {shift.high:.2f}] standard deviations apart; weight it (Dataset(weight=...))"
            )
            return self.undecided(claim, why, len(gold.truth))
        # Of one and the same objects the errors themselves are averaged, and the truth.
        bias = rectifier(gold, others, 1.0 if own else None)
        powered = powered_mean(gold, others, 0.0 if own else None)
        units = np.arange(len(others.predicted)) if others.units is None else others.units
        naive = mean(others.predicted, units, others.weights)
        limit, kind = limit_of_mean(
            scatter(others.predicted, normalised_weights(others.weights, len(others.predicted))), claim
        )
        fault = Part(
            name="mean of the target",
            estimate=folded(bias),
            limit=limit,
            limit_kind=kind,
            unit=view.unit,
            of_tolerance=claim.use == self.tolerance_of,
        )
        return self.conclude(
            claim,
            [fault],
            reason=lambda _: _sentence(bias, naive, powered, len(gold.truth), len(others.predicted), view),
            figure=_figure(naive, powered, powered_mean(gold, others, 0.0), view),
            limits_of_use=[_limit_of_use(powered, len(others.predicted), view)],
        )

    def calls(self, run: Run) -> float:
        target = run.scope.target
        return 0.0 if target is None else min(len(target), self._most(run)) / len(run.test)

    def _most(self, run: Run) -> int:
        return max(2, min(self.max_objects, int(self.max_ratio * len(run.test))))

    def fault(self, size: float) -> str:
        return f"predictions drawn by {20 * size:.0f} % towards a training mean that is not the target's"

    def plant(self, n: int, size: float, rng: np.random.Generator) -> tuple[Run, Claim]:
        """Posterior means with a training prior around 0 (size 1), for objects around 1."""
        from checkstar.methods import as_method

        test, target = linear_gaussian(n, rng, mean=1.0), linear_gaussian(3 * n, rng, mean=1.0)
        method = as_method(lambda x: (1 - 0.2 * size) * x.mean(axis=1))
        run = Run.of(method, test=Dataset(test.x, test.y), scope=Scope(target=Dataset(target.x)))
        return run, Claim("population_mean", n_objects=1000, tolerance=0.1)


def _known(target: Dataset, label: str) -> NDArray[np.bool_]:
    """Whether the label of each target object (n,) is known."""
    if target.y is None or label not in target.labels:
        return np.zeros(len(target), dtype=bool)
    return np.isfinite(target.y[:, target.label_index(label)])


def _rows(known: NDArray[np.bool_], most: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """At most `most` objects: half of the places go to those whose label is known, for there are seldom many."""
    if len(known) <= most:
        return np.arange(len(known))
    gold, others = rng.permutation(np.flatnonzero(known)), rng.permutation(np.flatnonzero(~known))
    n_gold = min(len(gold), max(most // 2, most - len(others)))
    return np.sort(np.concatenate([gold[:n_gold], others[: most - n_gold]]))


def _gold(view: LabelView, target: Dataset, predicted: NDArray[np.float64]) -> Gold:
    """The target's own labels."""
    assert target.y is not None
    truth = target.y[:, target.label_index(view.name)]
    return Gold(truth, predicted, relabelled(target.units_of_independence), target.weight)


def _shift(gold: Gold, others: Unlabelled) -> Estimate:
    """|difference| of the mean predictions of the two samples, in standard deviations of the target's."""
    width = scatter(others.predicted, normalised_weights(others.weights, len(others.predicted)))
    # The bias of predictions of the gold sample that take the place of truth, as that of the naive mean.
    same = Gold(gold.predicted, np.zeros(len(gold.predicted)), gold.units, gold.weights)
    value, low, high, n = folded(rectifier(same, others, 0.0))
    return Estimate(value / width, low / width, high / width, n) if width > 0 else Estimate(0.0, 0.0, 0.0, n)


def _sentence(bias: Estimate, naive: Estimate, powered: Estimate, n_gold: int, n: int, view: LabelView) -> str:
    unit = f" {view.unit}" if view.unit else ""
    return (
        f"the mean {view.name} of the predictions of {n:,} target objects is {naive.value:.4g}{unit}; with the truth of "
        f"{n_gold:,} it is {powered.value:.4g}{unit} [{powered.low:.4g}, {powered.high:.4g}]: predictions alone are off by "
        f"{bias.value:+.3g}{unit} [{bias.low:+.3g}, {bias.high:+.3g}]"
    )


def _limit_of_use(powered: Estimate, n: int, view: LabelView) -> Limit:
    unit = f" {view.unit}" if view.unit else ""
    half = 0.5 * (powered.high - powered.low)
    return Limit(
        name="powered_mean",
        value=powered.value,
        low=powered.low,
        high=powered.high,
        unit=view.unit,
        text=f"with the gold sample the mean {view.name} of {n:,} target objects is known to {half:.2g}{unit}",
    )


def _figure(naive: Estimate, powered: Estimate, alone: Estimate, view: LabelView) -> dict[str, Any]:
    unit = f" ({view.unit})" if view.unit else ""
    shown = (naive, powered, alone)
    return {
        "title": "Mean of the target: from predictions, from both, from the gold sample",
        "xlabel": "",
        "ylabel": f"mean {view.name}{unit}",
        "xticks": ["predictions", "prediction-powered", "gold sample"],
        "layers": [
            {
                "kind": "interval",
                "x": [0, 1, 2],
                "y": [e.value for e in shown],
                "low": [e.low for e in shown],
                "high": [e.high for e in shown],
                "tone": "main",
                "label": "95 % interval",
            },
            {"kind": "hline", "y": [powered.value], "tone": "reference", "label": "prediction-powered"},
        ],
    }
