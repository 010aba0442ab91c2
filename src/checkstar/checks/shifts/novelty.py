"""Are objects of a kind never seen found?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from checkstar.checks.base import Check
from checkstar.checks.targets import some
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.errors import NotApplicable
from checkstar.estimates import normalised_weights, share, unit_count
from checkstar.evidence import Z_95, Estimate, Evidence, Part
from checkstar.prediction import Point
from checkstar.runs import Run
from checkstar.scope import Scope
from checkstar.simulators import linear_gaussian
from checkstar.statistics.observed_components import without_masked
from checkstar.statistics.strangeness import along_components
from checkstar.statistics.two_samples import joint_units, told_apart

__all__ = ["Novelty"]

Array = NDArray[np.float64]

_FEWEST_TRAINING, _FEWEST = 80, 20


@dataclass(frozen=True, kw_only=True)
class Novelty(Check):
    """Are objects of a kind never seen found, and is the detector behind the domain check not blind to them?

    The score is the strangeness of the check `domain` (distance to the fifth neighbour among whitened principal
    components of the training set), learned from one half of the training units. The other half sets the threshold that
    5 % of ordinary objects exceed. The fault is the share of the declared novelties below it, with its exact interval,
    widened by the sampling error of the threshold. Shown beside it: the AUC, where 0.5 is a blind detector, and the purity
    among the strangest, were every hundredth object a novelty.

    Parameters
    ----------
    level : float
        Share of false alarms. The claim's tolerance is stated for 5 %.
    limit : float
        Largest share of novelties missed, where the claim states no tolerance (convention).
    each_class : bool
        Instead of declared novelties, each class of the training set in turn: the detector learns from the others, and
        the worst class decides. Classes of fewer than twenty objects are left to the detector and named.
    """

    name = "novelty"
    code = "O6"
    family = "novelty"
    question = "Are objects of a kind never seen found?"
    statistic = "share of novelties missed at 5 % false alarms"
    needs = frozenset({"training_x"})
    depends_on = "claim"
    tasks = ("regression", "classification")
    declared = "novelties"
    tolerance_of = "anomaly"
    references = (
        "Yang et al. 2022, NeurIPS (OpenOOD; arXiv:2210.07242)",
        "Hanley & McNeil 1982, Radiology 143, 29",
    )

    level: float = 0.05
    limit: float = 0.5
    n_components: int = 20
    n_neighbours: int = 5
    max_objects: int = 10_000
    each_class: bool = False

    def examine(self, run: Run, claim: Claim, rng: np.random.Generator) -> Evidence:
        assert run.train is not None
        cases, few = _each_class(run.train) if self.each_class else ([_declared(run)], "")
        found = {}
        for case in cases:
            train, novelties = (some(data.described(), self.max_objects, rng) for data in (case.train, case.novelties))
            counts = unit_count(train.units_of_independence), unit_count(novelties.units_of_independence)
            if counts[0] < _FEWEST_TRAINING or counts[1] < _FEWEST:
                why = (
                    f"{counts[0]} independent training objects and {counts[1]} {case.name} are too few; "
                    f"{_FEWEST_TRAINING} and {_FEWEST} are needed"
                )
                return self.undecided(claim, why, min(counts), float(_FEWEST_TRAINING))
            found[case.name] = self._detected(train, novelties, rng)
        if not found:
            return self.undecided(claim, f"no class has {_FEWEST} independent objects to leave out", len(run.train))
        worst = max(found.values(), key=lambda detected: detected.missed.value)
        return self.conclude(
            claim,
            [
                Part(name=f"{name} missed", estimate=d.missed, **self.limit_of(claim, self.limit))
                for name, d in found.items()
            ],
            reason=lambda part: self._sentence(part, found[part.name.removesuffix(" missed")]) + few,
            figure=_figure(worst.usual, worst.strange, self.level),
        )

    def undeclared(self, run: Run) -> str:
        if self.each_class:
            return "" if run.test.task == "classification" else "classes to leave out"
        return super().undeclared(run)

    def _detected(self, train: Dataset, novelties: Dataset, rng: np.random.Generator) -> _Detected:
        learned, held = next(iter(train.folds(2, rng)))
        score = along_components(_seen(learned), self.n_components, self.n_neighbours)
        usual, strange = score(_seen(held)), score(_seen(novelties))
        missed = self._missed(usual, strange, held, novelties)
        units = joint_units(held.units_of_independence, novelties.units_of_independence, (held.group, novelties.group))
        return _Detected(missed, told_apart((_finite(usual), _finite(strange)), units), usual, strange)

    def _missed(self, usual: Array, strange: Array, held: Dataset, novelties: Dataset) -> Estimate:
        """Share of novelties below the threshold, in an interval that holds also at the ends of the threshold's own."""
        n = unit_count(held.units_of_independence)
        off = Z_95 * math.sqrt(self.level * (1 - self.level) / n)
        levels = self.level, min(self.level + off, 1.0), max(self.level - off, 0.0)
        at, lenient, strict = (float(np.quantile(usual, 1 - level, method="higher")) for level in levels)
        units, weight = novelties.units_of_independence, novelties.weight
        found = share(strange <= at, units, weight)
        weights = normalised_weights(weight, len(strange))
        ends = [float((weights * (strange <= end)).mean()) for end in (lenient, strict)]
        # Both errors are independent: their squares add.
        low = found.value - math.hypot(found.value - found.low, found.value - ends[0])
        high = found.value + math.hypot(found.high - found.value, ends[1] - found.value)
        return Estimate(found.value, max(low, 0.0), min(high, 1.0), found.n)

    def _sentence(self, part: Part, found: _Detected) -> str:
        value, low, high, _ = part.estimate
        told, purity, what = found.told, _purity(found.usual, found.strange), part.name.removesuffix(" missed")
        blind = "; the detector is blind to them" if told.low <= 0 else ""
        return (
            f"{100 * value:.1f} % [{100 * low:.1f}, {100 * high:.1f}] of the {what} are missed at {100 * self.level:g} % false "
            f"alarms (AUC {0.5 + told.value:.3f} [{0.5 + max(told.low, -0.5):.3f}, {0.5 + min(told.high, 0.5):.3f}]{blind}); "
            f"were every hundredth object one, {100 * purity:.0f} % of the strangest hundredth would be novelties"
        )

    def fault(self, size: float) -> str:
        return f"novelties {7 - 6 * size:.1f} standard deviations away"

    def plant(self, n: int, size: float, rng: np.random.Generator) -> tuple[Run, Claim]:
        """Novelties hardly away from the training set; in the clean twin they are far from it."""
        learned, drawn, odd = linear_gaussian(n, rng), linear_gaussian(n, rng), linear_gaussian(n, rng)
        moved = odd.x.copy()
        moved[:, 0] += (7 - 6 * size) * np.hypot(1.0, odd.sigma)
        run = Run(
            name="planted",
            train=Dataset(learned.x, learned.y),
            test=Dataset(drawn.x, drawn.y),
            prediction=Point(drawn.estimate),
            scope=Scope(novelties=Dataset(moved)),
        )
        return run, Claim("anomaly")


class _Case(NamedTuple):
    """A training set, and objects of kinds that it does not hold, by name."""

    name: str
    train: Dataset
    novelties: Dataset


class _Detected(NamedTuple):
    """Share of novelties missed, AUC - 0.5, and the strangeness of ordinary objects (n,) and novelties (m,)."""

    missed: Estimate
    told: Estimate
    usual: Array
    strange: Array


def _declared(run: Run) -> _Case:
    novelties = run.scope.novelties
    if run.train is None or novelties is None or not novelties.is_observed_like(run.test):
        raise NotApplicable("the novelties have no observations with the features of the test set.")
    return _Case("novelties", run.train, novelties)


def _each_class(train: Dataset) -> tuple[list[_Case], str]:
    """Each class of a training set against all others; the second says which classes are too small, in words."""
    assert train.y is not None
    names, code = np.unique(train.y[:, 0], return_inverse=True)
    train.described()  # once for all its parts
    units = [len(np.unique(train.units_of_independence[code == c])) for c in range(len(names))]
    cases = [
        _Case(f"objects of class {name}", train[code != c], train[code == c])
        for c, name in enumerate(names)
        if units[c] >= _FEWEST
    ]
    few = [f"{name} ({n})" for name, n in zip(names, units, strict=True) if n < _FEWEST]
    return cases, f"; too few objects to leave out: {', '.join(few)}" if few else ""


def _seen(data: Dataset) -> Array:
    assert data.x is not None
    return without_masked(data.x, data.noise)


def _finite(score: Array) -> Array:
    return np.nan_to_num(score, posinf=1e300)


def _purity(usual: Array, strange: Array, rate: float = 0.01) -> float:
    """Share of novelties among the strangest `rate` of a mixture that holds them at this rate."""
    thresholds = np.sort(np.concatenate([usual, strange]))
    caught = 1 - np.searchsorted(np.sort(strange), thresholds, side="left") / len(strange)
    alarms = 1 - np.searchsorted(np.sort(usual), thresholds, side="left") / len(usual)
    flagged = rate * caught + (1 - rate) * alarms
    first = int(np.argmax(flagged <= rate)) if (flagged <= rate).any() else len(flagged) - 1
    return float(rate * caught[first] / max(flagged[first], 1e-300))


def _figure(usual: Array, strange: Array, level: float) -> dict[str, Any]:
    rates = np.linspace(0, 1, 101)
    caught = [(strange > np.quantile(usual, 1 - rate)).mean() for rate in rates]
    return {
        "title": "Novelties found at each rate of false alarms",
        "xlabel": "share of ordinary objects flagged",
        "ylabel": "share of novelties flagged",
        "layers": [
            {
                "kind": "line",
                "x": rates.tolist(),
                "y": [float(c) for c in caught],
                "tone": "main",
                "label": "novelties",
            },
            {"kind": "line", "x": [0, 1], "y": [0, 1], "tone": "reference", "label": "blind"},
            {"kind": "vline", "x": [level], "tone": "limit", "label": "false alarms of the claim"},
        ],
    }
