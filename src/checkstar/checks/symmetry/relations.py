"""Does it answer to a change as physics demands?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from checkstar.checks.base import Check
from checkstar.checks.shown_objects import before_and_after, object_in_words
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.errors import NotApplicable, unknown_name
from checkstar.estimates import relabelled, share
from checkstar.evidence import Estimate, Evidence, Limit, Part
from checkstar.noise import Noise
from checkstar.prediction import Prediction
from checkstar.runs import LabelView, Run
from checkstar.scope import Scope
from checkstar.simulators import linear_gaussian
from checkstar.symmetries import Dimming, Relation
from checkstar.symmetries.counter_examples import CounterExample, shrink, typical_object
from checkstar.symmetries.deviations import typical_width

__all__ = ["KeepsRelations"]

#: Rounding of a few operations, relative to the answer.
_ROUNDING = 100 * 2.0**-52


class _Answers(NamedTuple):
    """What was expected after the change, what came, and by how much it is on the wrong side, in error bars."""

    expected: NDArray[np.float64]
    came: NDArray[np.float64]
    excess: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Asked:
    """One relation put to a run."""

    run: Run
    view: LabelView
    relation: Relation

    def answers(
        self, x: NDArray[np.float64], noise: Noise | None, amount: float, before: Prediction | None = None
    ) -> _Answers:
        """How the objects `x` (n, p) answer to a change of this amount."""
        before = self.run.predict(x, noise) if before is None else before
        changed = self.relation.change(x, amount)
        moved = None if noise is None else self.relation.move_noise(noise, x, amount)
        column = self.run.labels.index(self.view.name)
        after = self.run.predict(changed, moved).select(column)
        first = before.select(column)
        expected, came = self.relation.expected(first.mean()[:, 0], amount), after.mean()[:, 0]
        typical = typical_width(self.view.error, self.view.truth)
        width = first.std()[:, 0] if first.has_spread else np.full(len(x), typical)
        apart = _wrong_side(came - expected, self.relation.direction)
        apart = np.where(apart > _ROUNDING * np.maximum(np.abs(expected), np.abs(came)), apart, 0.0)
        return _Answers(expected, came, apart / np.maximum(width, 1e-9 * typical))

    def excess(self, x: NDArray[np.float64], noise: Noise | None, amount: float) -> NDArray[np.float64]:
        """By how much each object is on the wrong side, in error bars."""
        return self.answers(x, noise, amount).excess


@dataclass(frozen=True, kw_only=True)
class KeepsRelations(Check):
    """Does it answer to a change as physics demands?

    A declared relation changes an object (dims it, shifts it to the red, puts another source on top) and says how the
    label must answer: not fall, not rise, or change by a known amount. Each object is changed by an amount drawn from
    the range of the relation; the fault is the share of objects whose answer is on the wrong side by more than
    `tolerance` error bars. The noise of the observations stays as it is, so that nothing but the change is answered to.

    The worst counter-example is made as simple as possible: a smaller amount, and columns set to their medians.

    Parameters
    ----------
    limit : float
        Largest share of objects.
    tolerance : float
        In error bars (in typical errors where there are none); 0 leaves rounding alone.
    n_amounts : int
        Amounts drawn, each for its share of the objects.
    max_objects, max_calls, max_trials
        As in `KeepsSymmetries`.
    """

    name = "relations"
    code = "E3"
    family = "symmetry"
    question = "Does it answer to a change as physics demands?"
    statistic = "share of objects whose answer to a known change is on the wrong side"
    needs = frozenset({"model"})
    depends_on = "label"
    declared = "relations"
    references = ("Chen, Cheung & Yiu 1998, HKUST-CS98-01 (metamorphic testing)",)

    limit: float = 0.01
    tolerance: float = 0.1
    n_amounts: int = 8
    max_objects: int = 1000
    max_calls: float = 1.5
    max_trials: int = 200

    def examine(self, run: Run, claim: Claim, rng: np.random.Generator) -> Evidence:
        view = run.view(claim.label)
        relations = self._asked_of(run, view.name)
        if not relations:
            raise NotApplicable(f"no relation was declared for {view.name}")
        parts: list[Part] = []
        simplest: dict[str, tuple[_Asked, CounterExample]] = {}
        shares: dict[str, NDArray[np.bool_]] = {}
        flags = np.zeros(len(run.test), dtype=bool)
        for relation in relations:
            asked = _Asked(run=run, view=view, relation=relation)
            rows = rng.permutation(len(run.test))[: self._objects(run)]
            excess, amounts = self._tried(asked, rows, rng)
            wrong = excess > self.tolerance
            weight = None if view.weight is None else view.weight[rows]
            estimate = share(wrong, relabelled(view.units[rows]), weight)
            name = _unused(relation.name, shares)
            parts.append(Part(name=name, estimate=estimate, limit=self.limit))
            shares[name] = wrong
            flags[rows[wrong]] = True
            if wrong.any():
                simplest[name] = asked, self._simplest(asked, rows, excess, amounts, len(relations))
        return self.conclude(
            claim,
            parts,
            reason=lambda part: _sentence(part, shares[part.name], simplest.get(part.name)),
            limits_of_use=[
                Limit(
                    name="counter_example", value=found.excess, unit="sigma", text=f"{name}: {_counter(asked, found)}"
                )
                for name, (asked, found) in simplest.items()
            ],
            figure=_figure(simplest),
            flags={"broken_relation": flags},
        )

    def calls(self, run: Run) -> float:
        """The most it can come to: counter-examples are only made simpler where there are any."""
        n = len(run.test)
        return (self._objects(run) * len(run.scope.relations) + min(self.max_trials, n // 2)) / n

    def fault(self, size: float) -> str:
        return (
            f"a label that falls instead of rising behind dust, for {100 * min(0.1 * size, 1.0):.0f} % of the objects"
        )

    def plant(self, n: int, size: float, rng: np.random.Generator) -> tuple[Run, Claim]:
        """A mean of magnitudes that answers to dust with the wrong sign for one object in ten."""
        from checkstar.methods import as_method

        drawn = linear_gaussian(n, rng)
        # The difference of two bands feels no grey dust, and so says which objects are planted.
        edge = np.quantile(drawn.x[:, 0] - drawn.x[:, 1], max(0.0, 1 - 0.1 * size))

        def answer(x: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
            wrong = (x[:, 0] - x[:, 1] > edge) & (size > 0)
            return np.where(wrong, -1.0, 1.0) * x.mean(axis=1), np.full(len(x), drawn.noise)

        dust = Dimming(extinction=(1.0,) * drawn.x.shape[1], magnitudes=True, direction=">=")
        test = Dataset(drawn.x, drawn.y, noise=drawn.sigma)
        return Run.of(as_method(answer), test=test, scope=Scope(relations=(dust,))), Claim("object_value")

    def _asked_of(self, run: Run, label: str) -> list[Relation]:
        for relation in run.scope.relations:
            if relation.label is not None and relation.label not in run.labels:
                raise unknown_name("label", relation.label, run.labels)
        return [r for r in run.scope.relations if r.label in (None, label)]

    def _objects(self, run: Run) -> int:
        """How many objects are changed, so that all relations together keep to the number of calls."""
        n, wanted = len(run.test), int(self.max_calls * len(run.test) / max(len(run.scope.relations), 1))
        return max(1, min(n, self.max_objects, wanted))

    def _tried(
        self, asked: _Asked, rows: NDArray[np.intp], rng: np.random.Generator
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Excess and amount (n,) of each object."""
        amounts = rng.uniform(*asked.relation.amounts, min(self.n_amounts, len(rows)))
        chosen = np.arange(len(rows)) % len(amounts)
        excess = np.empty(len(rows))
        for i, amount in enumerate(amounts):
            mine = rows[chosen == i]
            part = asked.run.test[mine]
            before = asked.run.prediction[mine]
            excess[chosen == i] = asked.answers(_floats(part), part.noise, float(amount), before).excess
        return excess, amounts[chosen]

    def _simplest(
        self,
        asked: _Asked,
        rows: NDArray[np.intp],
        excess: NDArray[np.float64],
        amounts: NDArray[np.float64],
        n_relations: int,
    ) -> CounterExample:
        worst = int(np.argmax(excess))
        part = asked.run.test[[rows[worst]]]
        x = _floats(part)[0]
        found = CounterExample(
            x=x,
            noise=part.noise,
            element=float(amounts[worst]),
            excess=float(excess[worst]),
            differs=np.flatnonzero(np.isfinite(x)),
        )
        smallest = asked.relation.amounts[0]
        return shrink(
            asked.excess,
            found,
            simpler=lambda amount: [a for a in (smallest, amount / 4, amount / 2) if smallest <= a < amount],
            typical=asked.run.test.layout or typical_object(_floats(asked.run.test)),
            threshold=self.tolerance,
            most=min(self.max_trials, len(asked.run.test) // 2) // n_relations // 2 - 1,
        )


def _floats(data: Dataset) -> NDArray[np.float64]:
    assert data.x is not None
    return np.asarray(data.x, dtype=float)


def _wrong_side(difference: NDArray[np.float64], direction: str) -> NDArray[np.float64]:
    if direction == "==":
        return np.abs(difference)
    return np.maximum(-difference if direction == ">=" else difference, 0.0)


def _unused(name: str, taken: Mapping[str, Any]) -> str:
    count = sum(other == name or other.startswith(f"{name} (") for other in taken)
    return name if not count else f"{name} ({count + 1})"


def _sentence(part: Part, wrong: NDArray[np.bool_], found: tuple[_Asked, CounterExample] | None) -> str:
    estimate: Estimate = part.estimate
    text = (
        f"{part.name}: {100 * estimate.value:.3g} % [{100 * max(estimate.low, 0):.2g}, {100 * estimate.high:.2g}] of "
        f"{len(wrong)} objects answer on the wrong side"
    )
    return text + (f"; {_counter(*found)}" if found else "")


def _counter(asked: _Asked, found: CounterExample) -> str:
    answers = asked.answers(found.x[None], found.noise, found.element)
    unit = f" {asked.view.unit}" if asked.view.unit else ""
    wanted = {">=": "at least ", "<=": "at most ", "==": ""}[asked.relation.direction]
    return (
        f"simplest counter-example: {object_in_words(found, asked.run.test)}, {asked.relation.describe(found.element)}: {asked.view.name} is "
        f"{answers.came[0]:.4g}{unit} where {wanted}{answers.expected[0]:.4g}{unit} is expected"
    )


def _figure(simplest: Mapping[str, tuple[_Asked, CounterExample]]) -> dict[str, Any] | None:
    """The answer of the worst counter-example to growing amounts is shown by its observations, before and after."""
    if not simplest:
        return None
    asked, found = max(simplest.values(), key=lambda pair: pair[1].excess)
    after = asked.relation.change(found.x[None], found.element)[0]
    return {
        "title": f"Simplest counter-example: {asked.relation.describe(found.element)}",
        **before_and_after(found, after, asked.run.test),
    }
