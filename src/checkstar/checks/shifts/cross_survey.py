"""Does the result hold on surveys or simulators that it did not learn from?"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from checkstar.checks.base import Check
from checkstar.checks.shared_classes import shared_classes
from checkstar.checks.targets import some
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.errors import NotApplicable
from checkstar.estimates import kish, normalised_weights, unit_count
from checkstar.evidence import Estimate, Evidence, Part, folded
from checkstar.prediction import Classes, Prediction
from checkstar.runs import Run
from checkstar.scope import Scope
from checkstar.simulators import linear_gaussian
from checkstar.statistics.two_samples import from_two_influences, joint_units

__all__ = ["CrossSurvey"]

Array = NDArray[np.float64]

_FEWEST = 20
_ONE_SIGMA = 0.6827


@dataclass(frozen=True, kw_only=True)
class CrossSurvey(Check):
    """Does the result hold on surveys or simulators that it did not learn from?

    Every suite of the scope is predicted as it is, and compared with the test set, which is the diagonal of the matrix of
    training and test surveys. Three faults each: the mean error beyond that on the test set, in units of the scatter
    there; the change of the coverage of one-sigma intervals; and the relative rise of the mean absolute error (for
    classes, of the share of wrong ones, which is then the only fault). Where surveys differ in their classes, both are
    judged by those that both have and the method learned, and the objects left out are named. Intervals are those of two independent samples,
    summed by unit (Welch).

    Parameters
    ----------
    limit : float
        Largest additional mean error, in sigma (convention).
    coverage_limit, loss_limit : float
        Largest change of the coverage, and relative rise of the error (conventions).
    max_objects : int
        At most so many objects of each suite are predicted.
    """

    name = "cross_survey"
    code = "C5"
    family = "shift"
    question = "Does the result hold on surveys or simulators that it did not learn from?"
    statistic = "mean error on each suite beyond that on the test set, in units of its scatter"
    needs = frozenset({"model"})
    depends_on = "label"
    tasks = ("regression", "classification")
    declared = "suites"
    references = (
        "Torralba & Efros 2011, CVPR, 1521",
        "Villanueva-Domingo & Villaescusa-Navarro 2022, ApJ 937, 115 (arXiv:2204.13713)",
    )

    limit: float = 0.3
    coverage_limit: float = 0.1
    loss_limit: float = 0.3
    max_objects: int = 5000

    def examine(self, run: Run, claim: Claim, rng: np.random.Generator) -> Evidence:
        whole = run.view(claim.label)
        parts: list[Part] = []
        seen: dict[str, _Measured] = {}
        left_out: dict[str, str] = {}
        for name, suite in run.scope.suites.items():
            if not self._can_be_asked(run, suite, whole.name):
                continue
            shared = shared_classes(run.test, suite, run.train)
            view, suite = whole.at(shared.here), suite[shared.there]
            fewest = min(unit_count(suite.units_of_independence), unit_count(view.units))
            if fewest < _FEWEST:
                why = f"suite {name} or the test set has less than {_FEWEST} independent objects"
                return self.undecided(claim, f"{why}{_also(shared.left_out)}", fewest, float(_FEWEST))
            part = some(suite, self.max_objects, rng)
            here = _measured(view.prediction, view.truth, view.truth_err, view.weight)
            seen[name], left_out[name] = self._on(run, part, whole.name), shared.left_out
            group = None if run.test.group is None else run.test.group[shared.here]
            units = joint_units(view.units, part.units_of_independence, (group, part.group))
            parts += self._faults(name, here, seen[name], units)
        if not parts:
            raise NotApplicable(f"no suite has observations like those of the test set and known {whole.name}.")
        return self.conclude(
            claim,
            parts,
            reason=lambda part: _sentence(part) + _also(left_out[part.name.split(" on ", 1)[1]]),
            figure=_figure(parts, seen),
        )

    def calls(self, run: Run) -> float:
        return sum(min(len(suite), self.max_objects) for suite in run.scope.suites.values()) / len(run.test)

    def _can_be_asked(self, run: Run, suite: Dataset, label: str) -> bool:
        labelled = label in suite.labels or len(suite.labels) == len(run.labels)
        return suite.y is not None and suite.is_observed_like(run.test) and labelled

    def _on(self, run: Run, part: Dataset, label: str) -> _Measured:
        assert part.x is not None and part.y is not None
        at = part.labels.index(label) if label in part.labels else run.labels.index(label)
        predicted = run.predict(part.x, part.noise).select(run.labels.index(label))
        errors = np.zeros(len(part)) if part.y_err is None else part.y_err[:, at]
        return _measured(predicted, part.y[:, at], errors, part.weight)

    def _faults(
        self, name: str, here: _Measured, there: _Measured, units: tuple[NDArray[np.intp], NDArray[np.intp]]
    ) -> list[Part]:
        parts = [Part(name=f"error on {name}", estimate=_rise(here, there, units), limit=self.loss_limit)]
        if here.error is None or there.error is None:
            return parts
        offset = here.error - here.average(here.error)
        scatter = max(math.sqrt(here.average(offset**2)), 1e-300)
        bias = folded(_difference(here, there, here.error / scatter, there.error / scatter, units))
        parts.append(Part(name=f"bias on {name}", estimate=bias, limit=self.limit, unit="sigma"))
        if here.inside is not None and there.inside is not None:
            change = folded(_difference(here, there, here.inside, there.inside, units))
            parts.append(
                Part(name=f"coverage on {name}", estimate=change, limit=self.coverage_limit, unit="share of objects")
            )
        return parts

    def fault(self, size: float) -> str:
        return f"a simulator with other physics, on which the result is off by {0.5 * size:.2f} sigma"

    def plant(self, n: int, size: float, rng: np.random.Generator) -> tuple[Run, Claim]:
        """Two simulators of the same labels; in the second the mean of the features is offset, besides the label."""
        from checkstar.methods import as_method

        drawn, other = linear_gaussian(n, rng), linear_gaussian(n, rng)
        suite = Dataset(other.x + 0.5 * size * other.noise, other.y)
        method = as_method(lambda x: (x.mean(axis=1), np.full(len(x), drawn.noise)))
        run = Run.of(method, test=Dataset(drawn.x, drawn.y), scope=Scope(suites={"B": suite}))
        return run, Claim("object_value")


class _Measured(NamedTuple):
    """Absolute error (or wrong class), signed error, and whether the truth is within one sigma, of each object.

    Weights have mean one.
    """

    weight: Array
    loss: Array
    error: Array | None
    inside: Array | None

    def average(self, values: Array) -> float:
        return float((self.weight * values).mean())

    def influence(self, values: Array) -> Array:
        """How much each object moves the average of `values`."""
        return self.weight * (values - self.average(values)) / len(values)

    @property
    def effective(self) -> float:
        """Kish's effective number."""
        return kish(self.weight)


def _measured(prediction: Prediction, truth: NDArray[Any], truth_err: Array, weights: Array | None) -> _Measured:
    weight = normalised_weights(weights, len(truth))
    if isinstance(prediction, Classes):
        return _Measured(weight, (prediction.predicted() != truth.astype(str)).astype(float), None, None)
    error = prediction.mean()[:, 0] - truth.astype(float)
    if not prediction.has_spread:
        return _Measured(weight, np.abs(error), error, None)
    wide = prediction.with_noise(truth_err[:, None]) if truth_err.any() else prediction
    inside = np.abs(wide.cdf(truth.astype(float)[:, None])[:, 0] - 0.5) <= _ONE_SIGMA / 2
    return _Measured(weight, np.abs(error), error, inside.astype(float))


def _difference(
    here: _Measured,
    there: _Measured,
    of_here: Array,
    of_there: Array,
    units: tuple[NDArray[np.intp], NDArray[np.intp]],
) -> Estimate:
    value = there.average(of_there) - here.average(of_here)
    influence = -here.influence(of_here), there.influence(of_there)
    return from_two_influences(value, influence, units, _degrees(here, there))


def _rise(here: _Measured, there: _Measured, units: tuple[NDArray[np.intp], NDArray[np.intp]]) -> Estimate:
    """Ratio of the mean losses minus one, by its logarithm."""
    means = here.average(here.loss), there.average(there.loss)
    if min(means) <= 0:
        return Estimate(0.0 if means[1] <= 0 else math.inf, -1.0, math.inf, float(len(there.loss)))
    influence = -here.influence(here.loss) / means[0], there.influence(there.loss) / means[1]
    logarithm = from_two_influences(math.log(means[1] / means[0]), influence, units, _degrees(here, there))
    value, low, high = (math.expm1(min(end, 50.0)) for end in logarithm[:3])
    return Estimate(value, low, high, logarithm.n)


def _degrees(here: _Measured, there: _Measured) -> float:
    """Most degrees of freedom: with unequal weights few heavy objects decide as few."""
    unequal = [m.effective - 1 for m in (here, there) if m.weight.min() < m.weight.max()]
    return min(unequal, default=math.inf)


def _sentence(part: Part) -> str:
    value, low, high, _ = part.estimate
    what, suite = part.name.split(" on ", 1)
    if what == "bias":
        return (
            f"on {suite} the mean error is {value:.2f} [{low:.2f}, {high:.2f}] sigma away from that on the test set of "
            "its own survey"
        )
    if what == "coverage":
        return f"on {suite} the coverage of one sigma changes by {100 * value:.0f} points [{100 * low:.0f}, {100 * high:.0f}]"
    word = "larger" if value >= 0 else "smaller"
    interval = f"[{100 * low:+.0f}, {100 * high:+.0f}] %"
    return f"on {suite} the errors are {100 * abs(value):.0f} % {word} than on its own survey {interval}"


def _also(left_out: str) -> str:
    return f"; {left_out}" if left_out else ""


def _figure(parts: list[Part], seen: Mapping[str, _Measured]) -> dict[str, Any]:
    kind = "bias" if any(part.name.startswith("bias") for part in parts) else "error"
    shown = [part for part in parts if part.name.startswith(kind)]
    return {
        "title": "Each suite against the test set of its own survey",
        "xlabel": "suite",
        "ylabel": "additional mean error (sigma)" if kind == "bias" else "relative rise of the error",
        "xticks": list(seen),
        "layers": [
            {
                "kind": "interval",
                "x": list(range(len(shown))),
                "y": [part.estimate.value for part in shown],
                "low": [part.estimate.low for part in shown],
                "high": [part.estimate.high for part in shown],
                "tone": "main",
                "label": "suite, with its 95 % interval",
            },
            {"kind": "hline", "y": [shown[0].limit], "tone": "limit", "label": "limit"},
        ],
    }
