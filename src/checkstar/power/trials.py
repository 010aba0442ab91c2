"""Trials: one check put many times to its own planted fault, at one number of objects and one size of the fault."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from checkstar.checks import Check
from checkstar.errors import NotApplicable
from checkstar.evidence import Estimate, Evidence, Verdict, binomial

__all__ = ["Trials", "examined", "try_check"]


@dataclass(frozen=True, kw_only=True)
class Trials:
    """Verdicts of one check on independent runs of `n` objects with a fault of `size` (0 is the clean twin)."""

    n: int
    size: float
    failed: int
    passed: int
    undecided: int
    seconds: float = math.nan

    @property
    def count(self) -> int:
        """How many trials there were."""
        return self.failed + self.passed + self.undecided

    @property
    def power(self) -> Estimate:
        """Share of FAIL, with its Clopper-Pearson interval: power of a fault, rate of false alarms of a clean twin."""
        return binomial(self.failed, self.count)

    @property
    def passes(self) -> Estimate:
        """Share of PASS, with its Clopper-Pearson interval."""
        return binomial(self.passed, self.count)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "n": self.n,
            "size": self.size,
            "failed": self.failed,
            "passed": self.passed,
            "undecided": self.undecided,
            "seconds": self.seconds if math.isfinite(self.seconds) else None,
        }

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Self:
        """Read back what `to_dict` gave."""
        seconds = math.nan if stored["seconds"] is None else stored["seconds"]
        return cls(**{**stored, "seconds": seconds})


def try_check(
    check: Check, n: int, size: float, *, repeats: int, seed: int = 0, seconds: float = math.inf, fewest: int = 20
) -> Trials:
    """Put `check` to `repeats` independent plantings.

    Parameters
    ----------
    check : Check
    n : int
        Objects in each planted run.
    size : float
        Of the fault: 1 is the stated one, 0 the clean twin.
    repeats : int
        Trials wanted.
    seed : int
        Trial i has the seed ``(seed, n, i)``, whatever was tried before.
    seconds : float
        After so long no new trial begins, once there are `fewest`.

    Returns
    -------
    Trials
        Its `seconds` are those of one trial.
    """
    verdicts: list[Verdict] = []
    start = time.perf_counter()
    while len(verdicts) < repeats and (len(verdicts) < fewest or time.perf_counter() - start < seconds):
        evidence = examined(check, n, size, (seed, n, len(verdicts)))
        verdicts.append(Verdict.NOT_APPLICABLE if evidence is None else evidence.verdict)
    failed, passed = verdicts.count(Verdict.FAIL), verdicts.count(Verdict.PASS)
    return Trials(
        n=n,
        size=size,
        failed=failed,
        passed=passed,
        undecided=len(verdicts) - failed - passed,
        seconds=float(f"{(time.perf_counter() - start) / len(verdicts):.3g}"),
    )


def examined(check: Check, n: int, size: float, seed: int | tuple[int, ...]) -> Evidence | None:
    """What the check says of one planting; None where it says that the question has no meaning."""
    # Streams of their own: noise that is redrawn with the numbers that drew the truth is no new noise.
    planting, examining = np.random.default_rng(seed).spawn(2)
    run, claim = check.plant(n, size, planting)
    try:
        return check.examine(run, claim, examining)
    except NotApplicable:
        return None
