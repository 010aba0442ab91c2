"""From how many objects on is it worth its cost?"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import numpy as np

from checkstar.checks.base import Check
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.errors import NotApplicable
from checkstar.evidence import Estimate, Evidence, Limit, Part
from checkstar.runs import Run
from checkstar.simulators import linear_gaussian

__all__ = ["Expense"]

#: Objects that no survey has: a record of the audit holds finite numbers only.
_NEVER = 1e15


@dataclass(frozen=True, kw_only=True)
class Expense(Check):
    """From how many objects on is the method worth its training?

    ``N_break-even = (fit_ml - fit_ref) / (c_ref - c_ml)``, with c the wall seconds per object of fresh predictions,
    repeated `repeats` times in this process; the fault is N_break-even over the claimed number of objects. The interval
    spans the slowest and the fastest repetitions of either: a machine's noise, no sampling error. Never decides.
    """

    name = "cost"
    code = "J2"
    family = "cost"
    question = "From how many objects on is it worth its cost?"
    statistic = "break-even number of objects, relative to the claimed number"
    needs = frozenset({"model", "reference"})
    uses = frozenset()
    depends_on = "claim"
    tasks = ("regression", "classification")
    enough = 50

    repeats: int = 3
    max_objects: int = 256
    conventional_objects: int = 1000

    def examine(self, run: Run, claim: Claim, rng: np.random.Generator) -> Evidence:
        reference = run.reference
        assert reference is not None
        if reference.method is None or math.isnan(run.costs.fit_seconds) or math.isnan(reference.costs.fit_seconds):
            raise NotApplicable("the cost of training is not known: the method was given already fitted")
        n = claim.n_objects or self.conventional_objects
        rows = slice(0, self.max_objects)
        ours, theirs = run.predict_seconds(rows, self.repeats), reference.predict_seconds(rows, self.repeats)
        extra = run.costs.fit_seconds - reference.costs.fit_seconds
        value, low, high = (
            min(_break_even(extra, float(t) - float(o)), _NEVER) / n
            for o, t in ((np.median(ours), np.median(theirs)), (ours.min(), theirs.max()), (ours.max(), theirs.min()))
        )
        part = Part(
            name=f"of {n:,} objects",
            estimate=Estimate(value, min(low, value), max(high, value), len(run.test)),
            limit=1.0,
            limit_kind="derived",
        )
        objects = [end * n if end * n < _NEVER else math.inf for end in part.estimate[:3]]
        text = _sentence(objects[0], float(np.median(ours)), float(np.median(theirs)), extra)
        limit = Limit(
            name="n_break_even",
            value=objects[0],
            low=objects[1],
            high=objects[2],
            unit="objects",
            text=text,
        )
        return self.conclude(claim, [part], reason=lambda _: text, limits_of_use=[limit])

    def calls(self, run: Run) -> float:
        return 3.0

    def fault(self, size: float) -> str:
        return f"a cost per object {(3 + 20 * size) / 13:.1f} times that of the reference"

    def plant(self, n: int, size: float, rng: np.random.Generator) -> tuple[Run, Claim]:
        """A method that takes longer for each object than its reference, and longer to train."""
        from checkstar.methods import as_method

        drawn = linear_gaussian(n, rng)
        test = Dataset(drawn.x, drawn.y)

        def at_pace(seconds: float) -> Run:
            def predict(x: np.ndarray) -> np.ndarray:
                time.sleep(seconds)
                return x.mean(axis=1)

            run = Run.of(as_method(predict), test=test)
            run.costs.fit_seconds = 100 * seconds
            return run

        run, reference = at_pace(0.003 + 0.02 * size), at_pace(0.013)
        run.reference = reference
        return run, Claim("object_value", n_objects=1_000_000)


def _break_even(extra_fit: float, saved_per_object: float) -> float:
    if extra_fit <= 0 and saved_per_object >= 0:
        return 0.0
    return extra_fit / saved_per_object if saved_per_object > 0 else math.inf


def _sentence(n: float, ours: float, theirs: float, extra: float) -> str:
    pace = f"{1e3 * ours:.3g} ms an object against {1e3 * theirs:.3g} ms of the reference, {abs(extra):.2g} s {'more' if extra > 0 else 'less'} training"
    if n == 0:
        return f"cheaper than the reference from the first object on ({pace})"
    if math.isinf(n):
        return f"never cheaper than the reference ({pace})"
    return f"cheaper than the reference from {math.ceil(n):,} objects on ({pace})"
