"""Check: one question put to a run. A frozen record of settings with `examine(run, claim, rng) -> Evidence`."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Literal, TypedDict

import numpy as np

from checkstar.claims import Claim, Use
from checkstar.data.dataset import Task
from checkstar.evidence import Estimate, Evidence, Limit, LimitKind, Part, Verdict, corrected, decide, worst
from checkstar.runs import Run

__all__ = ["NEEDS", "Check", "table_of_needs"]

#: What a check may need, and how to give it.
NEEDS: Mapping[str, str] = {
    "spread": "standard errors, quantiles, samples or densities of the predictions (a column: --sigma)",
    "training": "the training labels (Run.of(..., train=...))",
    "training_x": "training and test data with their observations x (Run.of(..., train=..., test=...))",
    "model": "the model itself, to predict again (Run.of(model, ...) or run(problem, method))",
    "noise": "the noise of the observations (Dataset(noise=...))",
    "reference": "the domain's own method on the same objects (Run.of(..., reference=...))",
    "group": "the independent unit of each object (--group, Dataset(group=...))",
}


class TolerancePart(TypedDict):
    """The fields of a `Part` that say where its limit comes from."""

    limit: float
    limit_kind: LimitKind
    of_tolerance: bool


class Check(ABC):
    """One question. Subclasses are frozen dataclasses, abstract nowhere and overridden never.

    Class attributes
    ----------------
    name, code, family : str
        Its name, its number in the catalogue of checks, and the family by which claims choose it.
    question, statistic : str
        What it asks, and what it measures.
    needs : frozenset of str
        Keys of `NEEDS`, without which it is SKIPPED.
    depends_on : {"claim", "label", "run"}
        What the evidence changes with; it is computed once for each.
    tasks : tuple
        "regression", "classification" or both; NOT_APPLICABLE otherwise.
    uses : frozenset of str or None
        Claims for which it decides, among those whose families hold `family`; None is all of them.
    tolerance_of : str or None
        The claim whose tolerance is the limit of this check.
    """

    name: ClassVar[str]
    code: ClassVar[str]
    family: ClassVar[str]
    question: ClassVar[str]
    statistic: ClassVar[str]
    needs: ClassVar[frozenset[str]] = frozenset()
    depends_on: ClassVar[Literal["claim", "label", "run"]] = "claim"
    tasks: ClassVar[tuple[Task, ...]] = ("regression",)
    uses: ClassVar[frozenset[Use] | None] = None
    tolerance_of: ClassVar[Use | None] = None
    references: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def examine(self, run: Run, claim: Claim, rng: np.random.Generator) -> Evidence:
        """Put the question to `run`.

        Raises
        ------
        NotApplicable
            If the question has no meaning for this run.
        """

    @abstractmethod
    def plant(self, n: int, size: float, rng: np.random.Generator) -> tuple[Run, Claim]:
        """A run of `n` objects with a planted fault, and the claim to ask it about.

        Size 1 is a fault that the check must find, size 0 its clean twin, which must pass.
        """

    def decides(self, claim: Claim) -> bool:
        """Whether this check decides the claim."""
        return self.family in claim.families and (self.uses is None or claim.use in self.uses)

    def limit_of(self, claim: Claim, convention: float) -> TolerancePart:
        """The limit, its kind and whether it is the tolerance, as `Part` takes them: the claim's, else a convention.

        Only a claim of the use `tolerance_of` has a tolerance in the unit of this check.
        """
        own = claim.use == self.tolerance_of
        if own and claim.tolerance is not None:
            return {"limit": claim.tolerance, "limit_kind": "claim", "of_tolerance": True}
        return {"limit": convention, "limit_kind": "convention", "of_tolerance": own}

    def missing(self, run: Run) -> tuple[str, ...]:
        """What the run lacks for this check, in words."""
        return tuple(NEEDS[need] for need in sorted(self.needs - run.gives))

    def conclude(
        self,
        claim: Claim,
        parts: Sequence[Part],
        *,
        reason: Callable[[Part], str],
        figure: Mapping[str, Any] | None = None,
        limits_of_use: Sequence[Limit] = (),
        flags: Mapping[str, Any] | None = None,
        n_wanted: float | None = None,
    ) -> Evidence:
        """The evidence that follows from faults and their limits by the one rule (`checkstar.evidence.judge`).

        Parameters
        ----------
        parts : sequence of Part
            Faults looked at, not yet corrected for their number.
        reason : callable
            ``reason(part) -> str``: what a part says, in words that hold whatever its limit is.
        n_wanted : float, optional
            Number of objects needed, where the check knows better than the general rule.
        """
        widened = tuple(replace(part, text=reason(part)) for part in corrected(parts))
        judged = decide(widened)
        if n_wanted is not None and judged["verdict"] is Verdict.INCONCLUSIVE:
            judged["n_needed"] = n_wanted
        return Evidence(
            check=self.name,
            code=self.code,
            family=self.family,
            question=self.question,
            quantity=self.statistic,
            label=claim.label,
            parts=widened,
            reason=worst(widened).text,
            references=self.references,
            limits_of_use=tuple(limits_of_use),
            figure=figure,
            flags=dict(flags or {}),
            **judged,
        )

    def undecided(self, claim: Claim, why: str, n: float, n_wanted: float | None = None) -> Evidence:
        """INCONCLUSIVE, because there is too little to measure the fault at all."""
        nothing = Part(name=why, estimate=Estimate(math.nan, math.nan, math.nan, n), limit=math.nan)
        return self.conclude(claim, [nothing], reason=lambda part: part.name, n_wanted=n_wanted)

    def blank(self, verdict: Verdict, reason: str, **fields: Any) -> Evidence:
        """Evidence of a check that did not run: SKIPPED, NOT_APPLICABLE or ERROR, with its reason."""
        return Evidence(
            check=self.name,
            code=self.code,
            family=self.family,
            question=self.question,
            quantity=self.statistic,
            verdict=verdict,
            reason=reason,
            references=self.references,
            **fields,
        )


def table_of_needs(checks: Sequence[Check]) -> list[tuple[str, str, str]]:
    """Rows (check, family, needs in words) for documents and the command line."""
    return [(c.name, c.family, "; ".join(NEEDS[n] for n in sorted(c.needs)) or "predictions and truth") for c in checks]
