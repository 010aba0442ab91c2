"""How much does each survey lose by having learned from another?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from checkstar.checks.base import Check
from checkstar.checks.shared_classes import shared_classes
from checkstar.checks.targets import some
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.errors import NotApplicable
from checkstar.estimates import ratio, unit_count
from checkstar.evidence import Evidence, Part
from checkstar.prediction import Classes
from checkstar.runs import Run
from checkstar.scope import Scope
from checkstar.simulators import linear_gaussian

__all__ = ["TrainTestMatrix"]

Array = NDArray[np.float64]
_FEWEST = 30


@dataclass(frozen=True, kw_only=True)
class TrainTestMatrix(Check):
    """How much does each survey lose by having learned from another?

    The method is fitted on every survey and tested on every other, all with the same number of training objects. The
    fault of a pair is the error of the method that learned elsewhere, relative to that of the one that learned on the
    same survey, minus one, on the same held-out objects (a paired ratio of means). Pairs that learned from the run's own
    training set decide; the others are shown. Classes that not all surveys have are left out, and named.

    Parameters
    ----------
    limit : float
        Largest relative drop from the diagonal (convention).
    max_objects : int
        At most so many training objects of each survey.
    """

    name = "train_test_matrix"
    code = "O3"
    family = "shift"
    question = "How much does each survey lose by having learned from another?"
    statistic = "mean error after learning elsewhere, relative to learning on the same survey, minus one"
    needs = frozenset({"refit"})
    depends_on = "label"
    tasks = ("regression", "classification")
    declared = "suites"
    refits = True
    references = ("Torralba & Efros 2011, CVPR, 1521",)

    limit: float = 0.3
    max_objects: int = 5000

    def examine(self, run: Run, claim: Claim, rng: np.random.Generator) -> Evidence:
        assert run.train is not None
        view = run.view(claim.label)
        own, suites, left_out = _of_shared_classes(run)
        surveys = {"own survey": own}
        for name, suite in suites.items():
            if unit_count(suite.units_of_independence) < 2 * _FEWEST:
                why = f"suite {name} has less than {2 * _FEWEST} independent objects to learn from and to test"
                return self.undecided(claim, why, unit_count(suite.units_of_independence), float(2 * _FEWEST))
            surveys[name] = suite.split(0.4, rng)
        if len(surveys) < 2:
            raise NotApplicable("no suite has observations like those of the test set, and labels.")
        losses = self._losses(run, surveys, run.labels.index(view.name), rng)
        parts = []
        for learned in surveys:
            for tested, (_, held) in surveys.items():
                if learned == tested:
                    continue
                found = ratio(losses[learned][tested], losses[tested][tested], held.units_of_independence, held.weight)
                drop = found._replace(value=found.value - 1, low=found.low - 1, high=found.high - 1)
                parts.append(
                    Part(
                        name=f"{learned} > {tested}",
                        estimate=drop,
                        limit=self.limit,
                        decides=learned == "own survey",
                    )
                )
        return self.conclude(claim, parts, reason=lambda part: _sentence(part) + left_out, figure=_figure(losses))

    def _losses(
        self, run: Run, surveys: Mapping[str, tuple[Dataset, Dataset]], column: int, rng: np.random.Generator
    ) -> dict[str, dict[str, Array]]:
        """Error of each held-out object, by survey learned from and survey tested on."""
        n_train = min(self.max_objects, *(len(learned) for learned, _ in surveys.values()))
        found: dict[str, dict[str, Array]] = {}
        for name, (learned, _) in surveys.items():
            fitted = run.refit(some(learned, n_train, rng), seed=run.seed or 0)
            if fitted.failure:
                raise NotApplicable(f"the method could not learn from {name}: {fitted.failure}")
            found[name] = {tested: _loss(fitted, held, column) for tested, (_, held) in surveys.items()}
        return found

    def fault(self, size: float) -> str:
        return f"a simulator whose features are offset by {0.8 * size:.1f} standard deviations of the label"

    def plant(self, n: int, size: float, rng: np.random.Generator) -> tuple[Run, Claim]:
        """Two simulators whose features differ by a constant."""
        from checkstar.methods import Ridge

        own, held, other = (linear_gaussian(n, rng) for _ in range(3))
        run = Run.of(
            Ridge(),
            train=Dataset(own.x, own.y),
            test=Dataset(held.x, held.y),
            scope=Scope(suites={"B": Dataset(other.x + 0.8 * size, other.y)}),
        )
        return run, Claim("object_value")


def _of_shared_classes(run: Run) -> tuple[tuple[Dataset, Dataset], dict[str, Dataset], str]:
    """Training and test set, and the suites that the method can be asked about, of the classes that all of them have.

    The third says in words what is left out of the suites.
    """
    assert run.train is not None
    train, test, left_out = run.train, run.test, []
    suites = {n: s for n, s in run.scope.suites.items() if s.y is not None and s.is_observed_like(test)}
    for _ in range(2):  # what a later suite lacks is taken from the earlier ones too
        for name, suite in suites.items():
            shared = shared_classes(test, suite, train)
            test, suites[name] = test[shared.here], suite[shared.there]
            train = train[shared_classes(test, train).there]
            left_out += [f"; of {name} {shared.left_out}"] if shared.left_out else []
    return (train, test), suites, "".join(left_out)


def _loss(run: Run, held: Dataset, column: int) -> Array:
    assert held.x is not None and held.y is not None
    prediction = run.predict(held.x, held.noise).select(column)
    if isinstance(prediction, Classes):
        return (prediction.predicted() != held.y[:, 0].astype(str)).astype(float)
    return np.abs(prediction.mean()[:, 0] - held.y[:, column].astype(float))


def _sentence(part: Part) -> str:
    value, low, high, _ = part.estimate
    learned, tested = part.name.split(" > ", 1)
    if not np.isfinite(value):
        return f"a method that learned from {tested} itself makes no error on it with which others could be compared"
    return (
        f"on {tested} the error of a method that learned from {learned} is {100 * abs(value):.0f} % "
        f"{'larger' if value >= 0 else 'smaller'} than that of one that learned from {tested} itself "
        f"[{100 * low:+.0f}, {100 * high:+.0f}] %"
    )


def _figure(losses: Mapping[str, Mapping[str, Array]]) -> dict[str, Any]:
    names = list(losses)
    tones = ("main", "second", "reference", "muted", "limit")
    return {
        "title": "Mean error by survey tested on, for each survey learned from",
        "xlabel": "tested on",
        "ylabel": "mean error",
        "xticks": names,
        "layers": [
            {
                "kind": "points",
                "x": list(range(len(names))),
                "y": [float(losses[learned][tested].mean()) for tested in names],
                "tone": tones[row % len(tones)],
                "label": f"learned from {learned}",
            }
            for row, learned in enumerate(names)
        ],
    }
