"""Of what kind is the shift, and what does it do to the result?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from checkstar.checks.base import Check
from checkstar.checks.targets import observed_target, some
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.estimates import mean, quantile, unit_count
from checkstar.evidence import Estimate, Evidence, Part, folded
from checkstar.prediction import Classes, Point, Prediction
from checkstar.runs import Run
from checkstar.scope import Scope
from checkstar.simulators import linear_gaussian
from checkstar.statistics.density_ratio import DensityRatio, density_ratio
from checkstar.statistics.label_shift import label_shift
from checkstar.statistics.observed_components import without_masked
from checkstar.statistics.transport import Transported, transported
from checkstar.statistics.two_samples import from_two_influences, joint_units

__all__ = ["ShiftKind"]

Array = NDArray[np.float64]

_FEWEST = 200
_FEWEST_LABELLED = 10
_ONE_SIGMA = 0.6827
_BINS = 5


@dataclass(frozen=True, kw_only=True)
class ShiftKind(Check):
    """Of what kind is the shift, and what does it do to the result?

    *Covariates*: test objects weighted by the ratio of densities (`checkstar.statistics.density_ratio`) are distributed
    like the target, so their weighted error is that of the target, if only the observations shifted (doubly robust,
    `checkstar.statistics.transport`). The fault is by how
    much the mean absolute error (the share of wrong classes) rises relative to the test set, and by how much the coverage
    of one-sigma intervals changes. *Concept*: where labels of some target objects are known (``target.y``, NaN where
    not), their errors are compared with those that the weighted test set promises, in units of their scatter: what is
    left is a change of the labels at given observations, which no weights mend. *Labels*: the distribution of labels that
    explains the predictions of the target (`checkstar.statistics.label_shift`) is shown beside these.

    With an effective number of weighted objects (Kish) below a tenth, or below 30, the target is not within the reach of
    the test set and nothing can be said. Neither can it where the ratio of densities of more than
    `beyond` of the target objects exceeds that of every test object: what their errors are no weights tell.

    Parameters
    ----------
    limit : float
        Largest relative rise of the error (convention).
    coverage_limit : float
        Largest change of the coverage (convention).
    concept_limit : float
        Largest mean error of labelled target objects beyond what was promised, in units of its scatter (convention).
    beyond : float
        Largest share of target objects whose ratio of densities exceeds that of every test object.
    """

    name = "shift_kind"
    code = "C4"
    family = "shift"
    question = "Of what kind is the shift, and what does it do to the result?"
    statistic = "relative rise of the error on the target, from importance-weighted test objects"
    depends_on = "label"
    tasks = ("regression", "classification")
    declared = "target"
    references = (
        "Shimodaira 2000, J. Stat. Plan. Inference 90, 227",
        "Saerens, Latinne & Decaestecker 2002, Neural Comput. 14, 21",
        "Lipton, Wang & Smola 2018, ICML (arXiv:1802.03916)",
    )

    limit: float = 0.2
    coverage_limit: float = 0.1
    concept_limit: float = 0.3
    beyond: float = 0.03
    max_objects: int = 5000

    def examine(self, run: Run, claim: Claim, rng: np.random.Generator) -> Evidence:
        target = some(observed_target(run), self.max_objects, rng)
        test = run.test
        fewest = min(unit_count(data.units_of_independence) for data in (test, target))
        if fewest < _FEWEST or test.x is None:
            why = f"{fewest} independent test or target objects with observations are too few to weight; {_FEWEST} are needed"
            return self.undecided(claim, why, fewest, float(_FEWEST))
        weighed = _weighed(test.described(), target.described(), rng)
        view = run.view(claim.label)
        effective, needed = weighed.effective, max(0.1 * unit_count(view.units), 30.0)
        if effective < needed:
            why = (
                f"no overlap: weighted like the target, the {len(test)} test objects are worth {effective:.0f}; "
                f"{needed:.0f} are needed"
            )
            return self.undecided(claim, why, effective, needed)
        if weighed.ratio.beyond > self.beyond:
            why = (
                f"{100 * weighed.ratio.beyond:.1f} % of the target objects lie beyond all test objects, and their errors are "
                "not known; restrict the target, or test on such objects"
            )
            return self.undecided(claim, why, effective)
        loss = _loss(view.prediction, view.truth)
        weights = weighed.ratio.weights
        parts = [Part(name="error", estimate=weighed.rise(loss), limit=self.limit)]
        inside = _inside(view.prediction, view.truth, view.truth_err)
        if inside is not None:
            change = folded(weighed.change(inside))
            parts.append(Part(name="coverage", estimate=change, limit=self.coverage_limit, unit="share of objects"))
        predicted = self._predicted(run, target, view.name)
        if predicted is not None:
            parts += self._concept(predicted, target, view, weighed)
            parts += _labels(predicted, view, rng)
        words = _promised_error(loss, weights, view, effective)
        return self.conclude(
            claim,
            parts,
            reason=lambda part: _sentence(part, words),
            figure=_figure(loss, weights, view),
        )

    def calls(self, run: Run) -> float:
        target = run.scope.target
        if run.method is None or target is None:
            return 0.0
        return min(len(target), self.max_objects) / len(run.test)

    def _predicted(self, run: Run, target: Dataset, label: str) -> Prediction | None:
        if run.method is None:
            return None
        assert target.x is not None
        return run.predict(target.x, target.noise).select(run.labels.index(label))

    def _concept(self, predicted: Prediction, target: Dataset, view: Any, weighed: _Weighing) -> list[Part]:
        known = _known(target, view.name)
        if known is None or known.sum() < _FEWEST_LABELLED:
            return []
        column = target.labels.index(view.name) if view.name in target.labels else 0
        truth = target.y[known, column]  # type: ignore[index]
        ours, theirs = (
            _signed(p, t) for p, t in ((view.prediction, view.truth), (predicted[np.flatnonzero(known)], truth))
        )
        promised = weighed.on_target(ours)
        units = np.unique(target.units_of_independence[known], return_inverse=True)[1].ravel()
        found = mean(theirs, units)
        scatter = math.sqrt(max(float(np.average((ours - promised.value) ** 2, weights=weighed.ratio.weights)), 1e-300))
        half = math.hypot(found.value - found.low, promised.high - promised.value) / scatter
        value = (found.value - promised.value) / scatter
        estimate = Estimate(value, value - half, value + half, found.n)
        return [
            Part(name="labels at given observations", estimate=folded(estimate), limit=self.concept_limit, unit="sigma")
        ]

    def fault(self, size: float) -> str:
        return f"errors that grow by {100 * math.expm1(0.8 * 0.7 * size):.0f} % where the target has more objects"

    def plant(self, n: int, size: float, rng: np.random.Generator) -> tuple[Run, Claim]:
        """A target further along a feature with which the errors grow; in the clean twin they do not."""
        drawn, used = linear_gaussian(n, rng), linear_gaussian(n, rng)
        depth = rng.standard_normal(n)
        error = 0.3 * np.exp(0.8 * size * depth) * rng.standard_normal(n)
        test = Dataset(np.column_stack([drawn.x, depth]), drawn.y)
        target = Dataset(np.column_stack([used.x, 0.7 + rng.standard_normal(n)]))
        run = Run(name="planted", test=test, prediction=Point(drawn.y + error), scope=Scope(target=target))
        return run, Claim("object_value")


class _Weighing(NamedTuple):
    """Test and target observations, the ratio of their densities, and the units of both numbered together."""

    ratio: DensityRatio
    x: tuple[Array, Array]
    units: tuple[NDArray[np.intp], NDArray[np.intp]]
    effective: float

    def moved(self, values: Array) -> Transported:
        return transported(values, self.ratio, *self.x)

    def on_target(self, values: Array) -> Estimate:
        moved = self.moved(values)
        return self._estimate(moved.value, moved.of_source, moved.of_target)

    def change(self, values: Array) -> Estimate:
        """Mean on the target minus mean on the test set."""
        moved = self.moved(values)
        here = (values - moved.at_source) / len(values)
        return self._estimate(moved.value - moved.at_source, moved.of_source - here, moved.of_target)

    def rise(self, values: Array) -> Estimate:
        """Mean on the target over mean on the test set, minus one."""
        moved = self.moved(values)
        if moved.at_source <= 0 or moved.value <= 0:
            return Estimate(0.0, -1.0, math.inf, self.effective)
        # Sizes are skewed; their logarithms less so.
        of_source = moved.of_source / moved.value - (values - moved.at_source) / len(values) / moved.at_source
        logarithm = self._estimate(math.log(moved.value / moved.at_source), of_source, moved.of_target / moved.value)
        value, low, high = (math.expm1(min(end, 50.0)) for end in logarithm[:3])
        return Estimate(value, low, high, logarithm.n)

    def _estimate(self, value: float, of_source: Array, of_target: Array) -> Estimate:
        return from_two_influences(value, (of_source, of_target), self.units, self.effective - 1)


def _weighed(test: Dataset, target: Dataset, rng: np.random.Generator) -> _Weighing:
    """Weights that make the test objects like the target, in their observations and their noise."""
    x = _with_noise_level(test), _with_noise_level(target)
    units = joint_units(test.units_of_independence, target.units_of_independence, (test.group, target.group))
    ratio = density_ratio(x[0], x[1], rng.spawn(1)[0], units_source=units[0], units_target=units[1])
    return _Weighing(ratio, x, units, ratio.n_effective)


def _with_noise_level(data: Dataset) -> Array:
    """Observations (n, p), NaN where masked, and the mean logarithm of their noise: errors hang on that too."""
    assert data.x is not None
    x = without_masked(data.x, data.noise)
    if data.noise is None:
        return x
    sigma = data.noise.sigma(np.nan_to_num(x))
    seen = np.isfinite(sigma)
    level = np.log(np.where(seen, sigma, 1.0)).sum(axis=1) / np.maximum(seen.sum(axis=1), 1)
    return np.column_stack([x, level])


def _signed(prediction: Prediction, truth: NDArray[Any]) -> Array:
    if isinstance(prediction, Classes):
        return (prediction.predicted() != truth.astype(str)).astype(float)
    return prediction.mean()[:, 0] - truth.astype(float)


def _loss(prediction: Prediction, truth: NDArray[Any]) -> Array:
    return np.abs(_signed(prediction, truth))


def _inside(prediction: Prediction, truth: NDArray[Any], truth_err: Array) -> Array | None:
    """Whether each truth lies in the central one-sigma interval; None for classes and points."""
    if isinstance(prediction, Classes) or not prediction.has_spread:
        return None
    p = (
        prediction.with_noise(truth_err[:, None]).cdf(truth[:, None])[:, 0]
        if truth_err.any()
        else prediction.cdf(truth)[:, 0]
    )
    return (np.abs(p - 0.5) <= _ONE_SIGMA / 2).astype(float)


def _known(target: Dataset, label: str) -> NDArray[np.bool_] | None:
    if target.y is None:
        return None
    column = target.y[:, target.labels.index(label) if label in target.labels else 0]
    if column.dtype.kind in "US":
        return np.asarray(~np.isin(column, ("", "nan")))
    return np.isfinite(column.astype(float))


def _labels(predicted: Prediction, view: Any, rng: np.random.Generator) -> list[Part]:
    """The shift of the distribution of labels that explains the predictions of the target; shown only."""
    if isinstance(predicted, Classes) and isinstance(view.prediction, Classes):
        names = list(view.prediction.names)
        truth, here, there = (
            np.array([names.index(str(name)) for name in values])
            for values in (view.truth, view.prediction.predicted(), predicted.predicted())
        )
        n = len(names)
    else:
        edges = np.unique(np.quantile(view.truth.astype(float), np.linspace(0, 1, _BINS + 1)[1:-1]))
        truth, here, there = (
            np.searchsorted(edges, values, side="right")
            for values in (view.truth.astype(float), view.predicted, predicted.mean()[:, 0])
        )
        n = len(edges) + 1
    own, theirs, again = label_shift(truth, here, there, n, view.units, rng)
    low, high = np.quantile(again, [0.025, 0.975])
    value = float(0.5 * np.abs(own - theirs).sum())
    estimate = Estimate(value, min(float(low), value), max(float(high), value), float(unit_count(view.units)))
    return [Part(name="label distribution", estimate=estimate, limit=0.1, unit="share of objects", decides=False)]


def _promised_error(loss: Array, weights: Array, view: Any, effective: float) -> str:
    unit = f" {view.unit}" if view.unit else ""
    if isinstance(view.prediction, Classes):
        there = mean(loss, view.units, weights)
        return (
            f"on the target {100 * there.value:.1f} % [{100 * max(there.low, 0):.1f}, {100 * there.high:.1f}] of the classes "
            f"are wrong ({100 * loss.mean():.1f} % on the test set; {effective:.0f} effective objects)"
        )
    there, here = (quantile(loss, _ONE_SIGMA, view.units, w) for w in (weights, view.weight))
    return (
        f"on the target the typical error of {view.name} is {there.value:.3g} [{there.low:.3g}, {there.high:.3g}]{unit} "
        f"({here.value:.3g} on the test set; {effective:.0f} effective objects)"
    )


def _sentence(part: Part, words: str) -> str:
    value, low, high, _ = part.estimate
    if part.name == "coverage":
        return f"{words}; its coverage of one sigma changes by {100 * value:.1f} points [{100 * low:.1f}, {100 * high:.1f}]"
    if part.name == "labels at given observations":
        return (
            f"{words}, but the labelled target objects are off by {value:.2f} [{low:.2f}, {high:.2f}] sigma more than that: "
            "the labels at given observations differ, which no weights mend"
        )
    if part.name == "label distribution":
        return (
            f"{100 * value:.0f} % [{100 * low:.0f}, {100 * high:.0f}] of the objects would have to change their label"
        )
    word = "larger" if value >= 0 else "smaller"
    return f"{words}: its errors are {100 * abs(value):.0f} % {word} [{100 * low:+.0f}, {100 * high:+.0f}] %"


def _figure(loss: Array, weights: Array, view: Any) -> dict[str, Any]:
    order = np.argsort(loss)
    chosen = np.linspace(0, len(loss) - 1, min(300, len(loss))).astype(int)
    cumulative = np.cumsum(weights[order]) / weights.sum()
    return {
        "title": "Errors on the test set and, weighted, on the target",
        "xlabel": f"absolute error of {view.name}" if not isinstance(view.prediction, Classes) else "wrong class",
        "ylabel": "share of objects below",
        "layers": [
            {
                "kind": "line",
                "x": loss[order][chosen].tolist(),
                "y": ((chosen + 1) / len(loss)).tolist(),
                "tone": "reference",
                "label": "test set",
            },
            {
                "kind": "line",
                "x": loss[order][chosen].tolist(),
                "y": cumulative[chosen].tolist(),
                "tone": "main",
                "label": "target, by weighted test objects",
            },
        ],
    }
