"""Does it keep the symmetries that hold exactly?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from checkstar.checks.base import Check
from checkstar.checks.shown_objects import before_and_after, object_in_words
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.errors import NotApplicable
from checkstar.estimates import quantile, relabelled, unit_count
from checkstar.evidence import Estimate, Evidence, Limit, LimitKind, Part, binomial
from checkstar.runs import LabelView, Run
from checkstar.scope import Scope
from checkstar.simulators import linear_gaussian
from checkstar.symmetries import Permutation, Symmetry
from checkstar.symmetries.counter_examples import CounterExample, shrink, typical_object
from checkstar.symmetries.deviations import Deviation, Digits, drawn_elements, precision, typical_width

__all__ = ["KeepsSymmetries"]

#: Objects on which the precision of the method is measured, and by which each element's rounding is.
_N_PRECISION, _N_ROUNDED = 16, 8
#: Fewer objects than this prove nothing by all agreeing.
_FEWEST = 30
#: Share of the objects that one interpolated symmetry may leave out.
_LEVEL = 0.95


class _Trial(NamedTuple):
    """One symmetry tried on some objects, each under one of several elements."""

    symmetry: Symmetry
    name: str
    deviation: Deviation
    excess: NDArray[np.float64]
    elements: list[Any]
    element_of: NDArray[np.intp]
    rows: NDArray[np.intp]


@dataclass(frozen=True, kw_only=True)
class KeepsSymmetries(Check):
    """Does it keep the symmetries that hold exactly?

    Under an element g of a declared group an observation x becomes g x, its noise follows, and the label becomes
    rho(g) y: the label itself, unless the symmetry says otherwise. The fault is ``|f(g x) - rho(g) f(x)|`` (or that of
    the error bars, if larger) in units of the error bar; for classes the largest change of a probability. Active
    symmetries change the object (rotations, permutations, times), passive ones its description (units, zero points,
    frames, epochs).

    Where nothing is lost (exact groups) the two must agree to the precision of floating-point numbers: differences
    within a hundred roundings of the answer, or a hundred times the method's response to one rounding of its input (and
    within a hundredth of an error bar), are taken away, and one object with anything left is a counter-example. That is
    a proof and no sample, so the interval of the largest deviation is a point and the limit is zero. Where pixels are
    interpolated, what interpolating there and back does to the prediction is taken away, and the 95th percentile over
    objects is held to `interpolated_limit`.

    The worst counter-example is then made as simple as possible: the element is brought nearer to the identity, and
    columns of the object are set to their medians, as long as the symmetry stays broken.

    Parameters
    ----------
    limit : float
        Largest deviation under an exact group. Zero is derived; an iterative method may need its tolerance here.
    interpolated_limit, probability_limit : float
        Largest deviation under an interpolated group, in error bars and of class probabilities.
    n_elements : int
        Elements tried of each group, each on its share of the objects.
    max_objects : int
        At most so many test objects, drawn at random, are tried.
    max_calls : float
        Model calls for all symmetries together, in units of the test set.
    max_trials : int
        Objects predicted in search of the simplest counter-examples; at most once the test set.
    """

    name = "symmetry"
    code = "E1"
    family = "symmetry"
    question = "Does it keep the symmetries that hold exactly?"
    statistic = "change of the prediction under a symmetry, in error bars"
    needs = frozenset({"model"})
    depends_on = "label"
    tasks = ("regression", "classification")
    declared = "symmetries"
    references = (
        "Gruver et al. 2023, arXiv:2210.02984",
        "Villar, Hogg et al. 2023, arXiv:2301.13724 (passive symmetries)",
        "Zeller & Hildebrandt 2002, IEEE Trans. Software Eng. 28, 183 (smallest counter-example)",
    )

    limit: float = 0.0
    interpolated_limit: float = 0.1
    probability_limit: float = 0.02
    n_elements: int = 8
    max_objects: int = 1000
    max_calls: float = 3.5
    max_trials: int = 300

    def examine(self, run: Run, claim: Claim, rng: np.random.Generator) -> Evidence:
        if not run.scope.symmetries:
            raise NotApplicable("no symmetries were declared")
        view = run.view(claim.label)
        some = self._objects(run)
        trials = list(self._trials(run, view, some, rng))
        parts = [self._part(trial, view) for trial in trials]
        broken = [t for t in trials if t.excess.max() > self._limit_for(t.symmetry, view)]
        simplest = {t.name: self._simplest(run, t, view, len(broken)) for t in broken}
        by_name = {t.name: t for t in trials}
        flags = np.zeros(len(run.test), dtype=bool)
        for trial in broken:
            flags[trial.rows[trial.excess > self._limit_for(trial.symmetry, view)]] = True
        worst = max(broken, key=lambda t: float(t.excess.max()), default=None)
        return self.conclude(
            claim,
            parts,
            reason=lambda part: _sentence(by_name[part.name], simplest.get(part.name), run, view, part.estimate),
            figure=None if worst is None else _figure(simplest[worst.name], worst, run),
            limits_of_use=[_limit(simplest[t.name], t, run, view) for t in broken],
            flags={"broken_symmetry": flags},
            n_wanted=float(_FEWEST) if all(t.symmetry.exact for t in trials) else None,
        )

    def calls(self, run: Run) -> float:
        """The most it can come to: counter-examples are only made simpler where there are any."""
        n = len(run.test)
        tried = self._objects(run) * sum(_passes(symmetry) for symmetry in run.scope.symmetries)
        return (tried + self._overhead(run) + min(self.max_trials, n)) / n

    def fault(self, size: float) -> str:
        return (
            f"an answer that depends on the order of exchangeable features, by up to {100 * size:.0f} % of their weight"
        )

    def plant(self, n: int, size: float, rng: np.random.Generator) -> tuple[Run, Claim]:
        """A mean of exchangeable features with unequal weights."""
        from checkstar.methods import as_method

        drawn = linear_gaussian(n, rng)
        weight = 1 + size * np.linspace(-1, 1, drawn.x.shape[1])
        method = as_method(lambda x: ((x * weight).mean(axis=1), np.full(len(x), drawn.noise)))
        test = Dataset(drawn.x, drawn.y, noise=drawn.sigma)
        scope = Scope(symmetries=(Permutation(n_features=drawn.x.shape[1]),))
        return Run.of(method, test=test, scope=scope), Claim("object_value")

    def _overhead(self, run: Run) -> int:
        """Predictions that measure rounding."""
        n, exact = len(run.test), sum(symmetry.exact for symmetry in run.scope.symmetries)
        return 3 * min(_N_PRECISION, n) + exact * min(_N_ROUNDED * self.n_elements, n)

    def _objects(self, run: Run) -> int:
        """How many objects are tried, so that all symmetries together keep to the number of calls."""
        n, passes = len(run.test), max(sum(_passes(symmetry) for symmetry in run.scope.symmetries), 1)
        affordable = int((self.max_calls * n - self._overhead(run)) / passes)
        return min(n, self.max_objects, max(affordable, _FEWEST))

    def _trials(self, run: Run, view: LabelView, n: int, rng: np.random.Generator) -> Iterator[_Trial]:
        typical = 1.0 if run.test.task == "classification" else typical_width(view.error, view.truth)
        first = run.test[: min(_N_PRECISION, len(run.test))]
        digits = Digits(run.test.layout)
        eps = precision(run.predict, _floats(first), first.noise, digits)
        names: dict[str, int] = {}
        for symmetry in run.scope.symmetries:
            names[symmetry.name] = names.get(symmetry.name, 0) + 1
            name = symmetry.name + (f" ({names[symmetry.name]})" if names[symmetry.name] > 1 else "")
            deviation = Deviation(
                run.predict,
                symmetry,
                run.labels,
                run.labels.index(view.name),
                typical=typical,
                eps=eps,
                digits=digits,
                n_rounded=_N_ROUNDED,
            )
            rows = rng.permutation(len(run.test))[:n]
            elements = drawn_elements(symmetry, min(self.n_elements, n), rng)
            element_of = np.arange(n) % len(elements)
            excess = np.empty(n)
            for i, g in enumerate(elements):
                mine = rows[element_of == i]
                part = run.test[mine]
                excess[element_of == i] = deviation(_floats(part), part.noise, g, run.prediction[mine])
            yield _Trial(symmetry, name, deviation, excess, elements, element_of, rows)

    def _limit_for(self, symmetry: Symmetry, view: LabelView) -> float:
        if symmetry.exact:
            return self.limit
        return self.probability_limit if view.prediction.kind == "classes" else self.interpolated_limit

    def _part(self, trial: _Trial, view: LabelView) -> Part:
        limit = self._limit_for(trial.symmetry, view)
        units = relabelled(view.units[trial.rows])
        if trial.symmetry.exact:
            # A counter-example proves that the symmetry is broken; agreement proves it where there is enough of it.
            largest, n = float(trial.excess.max()), unit_count(units)
            estimate = Estimate(largest, largest, largest if n >= _FEWEST else np.inf, n)
        else:
            weight = None if view.weight is None else view.weight[trial.rows]
            estimate = quantile(trial.excess, _LEVEL, units, weight)
        derived = trial.symmetry.exact and limit == 0
        unit = "" if view.prediction.kind == "classes" else "sigma"
        kind: LimitKind = "derived" if derived else "convention"
        return Part(name=trial.name, estimate=estimate, limit=limit, limit_kind=kind, unit=unit)

    def _simplest(self, run: Run, trial: _Trial, view: LabelView, n_broken: int) -> CounterExample:
        worst = int(np.argmax(trial.excess))
        part = run.test[[trial.rows[worst]]]
        x = _floats(part)[0]
        size = float(trial.excess[worst])
        found = CounterExample(
            x=x,
            noise=part.noise,
            element=trial.elements[trial.element_of[worst]],
            excess=size,
            differs=np.flatnonzero(np.isfinite(x)),
        )
        # What is shown must matter: a tenth of an error bar, where there was that much to begin with.
        threshold = max(self._limit_for(trial.symmetry, view), min(0.1, size / 2))
        most = min(self.max_trials, len(run.test)) // n_broken // _passes(trial.symmetry, shrinking=True)
        return shrink(
            trial.deviation,
            found,
            simpler=trial.symmetry.simpler,
            typical=run.test.layout or typical_object(_floats(run.test)),
            threshold=threshold,
            most=most - 1,
        )


def _passes(symmetry: Symmetry, *, shrinking: bool = False) -> int:
    """Predictions of an object for one trial; f(x) is known of the test objects."""
    return (1 if symmetry.exact else 2) + shrinking


def _floats(data: Dataset) -> NDArray[np.float64]:
    assert data.x is not None
    return np.asarray(data.x, dtype=float)


def _sentence(trial: _Trial, simplest: CounterExample | None, run: Run, view: LabelView, estimate: Estimate) -> str:
    unit, n = "" if view.prediction.kind == "classes" else " sigma", len(trial.excess)
    shown = f"; {_counter(simplest, trial, run, view)}" if simplest else ""
    if not trial.symmetry.exact:
        return (
            f"under {trial.name}, 95 % of {n} objects change by less than {estimate.value:.2g}{unit} "
            f"[{max(estimate.low, 0):.2g}, {estimate.high:.2g}] beyond interpolation{shown}"
        )
    if not trial.excess.any():
        return (
            f"under {trial.name}, the answers of all {n} objects stay the same to the precision of the numbers (so at "
            f"most {100 * binomial(0, estimate.n).high:.2g} % of such objects can change)"
        )
    share = 100 * float((trial.excess > 0).mean())
    return (
        f"under {trial.name}, the answer changes for {share:.3g} % of {n} objects, by up to {estimate.value:.2g}{unit}"
        f"{shown}"
    )


def _counter(found: CounterExample, trial: _Trial, run: Run, view: LabelView) -> str:
    """The counter-example in words."""
    expected, came = trial.deviation.shown(found.x[None], found.noise, found.element)
    worst = int(np.argmax(np.abs(came - expected)[0]))
    label = f"P({view.prediction.names[worst]})" if view.prediction.kind == "classes" else view.name  # type: ignore[attr-defined]
    unit = f" {view.unit}" if view.unit else ""
    return (
        f"simplest counter-example: {object_in_words(found, run.test)}, {trial.symmetry.describe(found.element)}: "
        f"{label} is {came[0, worst]:.4g}{unit} where {expected[0, worst]:.4g}{unit} is expected"
    )


def _limit(found: CounterExample, trial: _Trial, run: Run, view: LabelView) -> Limit:
    unit = "" if view.prediction.kind == "classes" else "sigma"
    return Limit(
        name="counter_example",
        value=found.excess,
        unit=unit,
        text=f"{trial.name}: {_counter(found, trial, run, view)}",
    )


def _figure(found: CounterExample, trial: _Trial, run: Run) -> dict[str, Any]:
    """The simplest counter-example, before and after."""
    after = trial.symmetry.act(found.element, found.x[None])[0]
    return {
        "title": f"Simplest counter-example: {trial.symmetry.describe(found.element)}",
        **before_and_after(found, after, run.test),
    }
