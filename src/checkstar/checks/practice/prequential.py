"""Does it hold for objects whose labels came later?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from checkstar.checks.base import Check
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.errors import InputError
from checkstar.estimates import mean
from checkstar.evidence import Estimate, Evidence, Part
from checkstar.prediction import Prediction
from checkstar.provenance import hash_arrays
from checkstar.runs import LabelView, Run
from checkstar.simulators import linear_gaussian

__all__ = ["Prequential", "digest"]

#: Columns of metadata that say when an object was observed.
_TIMES = ("mjd", "jd", "time", "date", "epoch")


@dataclass(frozen=True, kw_only=True)
class Prequential(Check):
    """Does it do on objects whose labels came later what it did on its test set?

    A test set can be looked at while a method is made; labels that did not exist cannot (Dawid's prequential
    principle). The predictions of the later objects are frozen by publishing their `digest` before the labels arrive.
    The fault is the excess of the mean absolute error on them over that on the test set, relative to it; the two means
    are independent, and their errors add in quadrature. Given the digest, predictions that are not the frozen ones fail
    outright; given times of observation, so does every later object that is not later than the training set.

    Parameters
    ----------
    frozen : str, optional
        Digest of the predictions as they were published (`checkstar.checks.practice.prequential.digest`).
    limit : float
        Largest relative excess of the error.
    """

    name = "prequential"
    code = "O4"
    family = "practice"
    question = "Does it hold for objects whose labels came later?"
    statistic = "relative excess of the mean absolute error on later objects"
    needs = frozenset({"model"})
    depends_on = "label"
    uses = frozenset()
    declared = "later"
    references = ("Dawid 1984, JRSS A 147, 278",)

    frozen: str | None = None
    limit: float = 0.25

    def examine(self, run: Run, claim: Claim, rng: np.random.Generator) -> Evidence:
        view, later = run.view(claim.label), run.scope.later
        assert later is not None
        if later.x is None or later.y is None:
            raise InputError("the later objects need observations x and the labels y that have arrived.")
        prediction = run.predict(later.x, later.noise)
        column = run.labels.index(view.name)
        error = np.abs(prediction.mean()[:, column] - later.y[:, column])
        excess = _excess(view, mean(error, later.units_of_independence, later.weight))
        parts = [Part(name="later objects", estimate=excess, limit=self.limit), *self._order(run, later, prediction)]
        held = "" if self.frozen is None else "; they are the predictions that were frozen"
        return self.conclude(claim, parts, reason=lambda part: _sentence(part, len(later), held))

    def _order(self, run: Run, later: Dataset, prediction: Prediction) -> list[Part]:
        """Broken rules only: counts on the given objects, with a limit of zero and a point for an interval."""
        shares = {}
        if self.frozen is not None:
            shares["other predictions than the frozen ones"] = float(digest(prediction) != self.frozen)
        times = None if run.train is None else _times(later, run.train)
        if times is not None:
            shares["not later than the training set"] = float(np.mean(times[0] <= times[1]))
        return [
            Part(name=name, estimate=Estimate(v, v, v, len(later)), limit=0.0, limit_kind="derived")
            for name, v in shares.items()
            if v > 0
        ]

    def calls(self, run: Run) -> float:
        later = run.scope.later
        return 0.0 if later is None else len(later) / len(run.test)

    def fault(self, size: float) -> str:
        return f"errors {100 * size:.0f} % larger on later objects"

    def plant(self, n: int, size: float, rng: np.random.Generator) -> tuple[Run, Claim]:
        """Errors that are twice as large on later objects."""
        from checkstar.scope import Scope

        drawn, after = linear_gaussian(n, rng), linear_gaussian(n, rng)
        worse = after.y[:, None] + (1 + size) * (after.x - after.y[:, None])
        scope = Scope(later=Dataset(worse, after.y))
        run = Run.of(lambda x: x.mean(axis=1), test=Dataset(drawn.x, drawn.y), scope=scope)
        return run, Claim("object_value")


def digest(prediction: Prediction) -> str:
    """Hash of predictions, to be published before the labels exist; equal predictions have equal digests.

    Examples
    --------
    >>> from checkstar.prediction import Normal
    >>> one, other = Normal([1.0, 2.0], [0.1, 0.1]), Normal([1.0, 2.0], [0.1, 0.2])
    >>> digest(one) == digest(one), digest(one) == digest(other)
    (True, False)
    """
    return hash_arrays([prediction.mean(), prediction.std()])


def _excess(view: LabelView, later: Estimate) -> Estimate:
    before = mean(np.abs(view.error), view.units, view.weight)
    if not (before.value > 0 and math.isfinite(before.high) and math.isfinite(later.high)):
        return Estimate(math.nan, -math.inf, math.inf, min(before.n, later.n))
    value = later.value / before.value
    half = value * math.hypot(
        (later.high - later.value) / max(later.value, 1e-300), (before.high - before.value) / before.value
    )
    return Estimate(value - 1, value - half - 1, value + half - 1, min(before.n, later.n))


def _times(later: Dataset, train: Dataset) -> tuple[NDArray[Any], Any] | None:
    """Times (n,) of later objects and the last of the training set, in the same column; None without one."""
    of_training = {str(name).lower(): name for name in train.meta.columns}
    for name in later.meta.columns:
        if str(name).lower() not in _TIMES or str(name).lower() not in of_training:
            continue
        # A date is no Julian date: only equal columns compare.
        times, known = later.meta[name], train.meta[of_training[str(name).lower()]].dropna()
        kinds = {values.dtype.kind for values in (times, known)}
        if len(known) and (kinds <= set("fiu") or kinds == {"M"}):
            return times.to_numpy(), known.max()
    return None


def _sentence(part: Part, n: int, held: str) -> str:
    value, low, high, _ = part.estimate
    if part.name == "later objects":
        side = "larger" if value > 0 else "smaller"
        return (
            f"on {n} later objects the mean error is {100 * abs(value):.0f} % {side} than on the test set "
            f"[{100 * low:+.0f}, {100 * high:+.0f}] %{held}"
        )
    if part.name.startswith("other"):
        return "these are not the predictions that were frozen"
    return f"{round(value * n)} of {n} later objects are not later than the training set"
