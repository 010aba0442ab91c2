"""Check: one question put to a run. A frozen record of settings with `examine(run, claim, rng) -> Evidence`."""

from __future__ import annotations

import math
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Literal, TypedDict

import numpy as np

from checkstar.claims import Claim, Use
from checkstar.data.dataset import Task
from checkstar.evidence import Estimate, Evidence, Limit, LimitKind, Part, Verdict, corrected, decide, worst
from checkstar.runs import Run

__all__ = ["DECLARATIONS", "NEEDS", "Check", "table_of_needs"]

#: What a check may need, and how to give it.
NEEDS: Mapping[str, str] = {
    "spread": "standard errors, quantiles, samples or densities of the predictions (a column: --sigma)",
    "training": "the training labels (Run.of(..., train=...))",
    "training_x": "training and test data with their observations x (Run.of(..., train=..., test=...))",
    "model": "the model itself, to predict again (Run.of(model, ...) or run(problem, method))",
    "noise": "the noise of the observations (Dataset(noise=...))",
    "reference": "the domain's own method on the same objects (Run.of(..., reference=...))",
    "group": "the independent unit of each object (--group, Dataset(group=...))",
    "samples": "posterior draws of all labels together (Run.from_samples)",
    "density": "log-densities of the posterior at its draws and at the truth (Run.from_samples(log_prob=...))",
    "refit": "a method that can be fitted again, and its training data (Run.of(method, train=...) or run())",
    "positions": "sky positions of training and test objects (columns ra and dec, in degrees, of meta)",
}

#: What a `checkstar.Scope` may declare, and how; a check of something that was not declared is NOT_APPLICABLE.
DECLARATIONS: Mapping[str, str] = {
    "target": "objects on which the result will be used: Scope(target=Dataset(...))",
    "suites": "other surveys or simulators with truth: Scope(suites={name: Dataset(...)})",
    "symmetries": "symmetries that hold exactly: Scope(symmetries=[...])",
    "relations": "relations that physics demands: Scope(relations=[...])",
    "nuisances": "systematic effects of known size: Scope(nuisances=[...])",
    "forward": "a forward model of the observations: Scope(forward=...)",
    "injections": "injected objects, found and missed: Scope(injections=...)",
    "novelties": "objects of a kind never seen in training: Scope(novelties=Dataset(...))",
    "other_uses": "other data that went into the result, or that it will be combined with: Scope(other_uses={...})",
    "later": "objects whose labels arrived after the predictions were frozen: Scope(later=...)",
}


_MINUS_ZERO = re.compile(r"(?<![\w.])-(0(?:\.0+)?)(?![\w.])")


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
    declared : str or None
        The key of `DECLARATIONS` without which the question has no meaning: NOT_APPLICABLE.
    enough : int
        Objects at which the planted fault of size 1 is found and its clean twin passes.
    refits : bool
        Whether it fits the method again, which is done only where it was asked for.
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
    declared: ClassVar[str | None] = None
    refits: ClassVar[bool] = False
    enough: ClassVar[int] = 3000
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

    @abstractmethod
    def fault(self, size: float) -> str:
        """What `plant` plants at this size, in words: "error bars too small by a factor of 1.40"."""

    def calls(self, run: Run) -> float:
        """How often the check asks the model to predict, in units of the whole test set; 0 for most."""
        return 0.0

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

    def undeclared(self, run: Run) -> str:
        """What would have to be declared for the question to have a meaning, in words; empty where it has one."""
        return DECLARATIONS[self.declared] if self.declared and not run.scope.declares(self.declared) else ""

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
        widened = tuple(replace(part, text=_without_minus_zero(reason(part))) for part in corrected(parts))
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
            limits_of_use=tuple(replace(limit, text=_without_minus_zero(limit.text)) for limit in limits_of_use),
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


def _without_minus_zero(text: str) -> str:
    """A small negative number is rounded to 0, not to -0."""
    return _MINUS_ZERO.sub(r"\1", text)


def table_of_needs(checks: Sequence[Check]) -> list[tuple[str, str, str]]:
    """Rows (check, family, needs in words) for documents and the command line."""
    return [(c.name, c.family, "; ".join(_needed(c)) or "predictions and truth") for c in checks]


def _needed(check: Check) -> list[str]:
    """What a check needs, in words: what only it asks for first."""
    return [*([DECLARATIONS[check.declared]] if check.declared else []), *(NEEDS[n] for n in sorted(check.needs))]
