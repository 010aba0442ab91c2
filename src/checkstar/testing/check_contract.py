"""The contract of checks."""

from __future__ import annotations

import json
from dataclasses import is_dataclass

import numpy as np
from scipy import stats

from checkstar.checks import Check
from checkstar.checks.base import NEEDS
from checkstar.errors import ContractError, NotApplicable
from checkstar.evidence import ALPHA, Evidence, Verdict
from checkstar.power import examined, try_check

__all__ = ["check_check"]


def check_check(check: Check, *, n: int | None = None, n_repeats: int = 100, n_small: int = 60, rng: int = 0) -> None:
    """Check that a check keeps the contract of `checkstar.checks.Check`.

    Parameters
    ----------
    check : Check
        With the settings to examine.
    n : int, optional
        Objects at which it must find its planted fault, with power 0.8, and pass its clean twin; by default what the
        check says is enough. At a tenth of them it may not PASS the fault.
    n_repeats, n_small : int
        Clean twins of `n_small` objects, among which it may FAIL no more often than its level allows (at odds of one
        in a thousand); planted faults get a fifth of these trials.
    rng : int
        Seed.

    Raises
    ------
    ContractError
        With the first rule that is broken, and how to mend it.

    Examples
    --------
    >>> from checkstar.checks import Pulls
    >>> check_check(Pulls(), n_repeats=20)
    """
    _described(check)
    n = check.enough if n is None else n
    fault, clean = (examined(check, n, size, rng) for size in (1.0, 0.0))
    if fault is None or fault.verdict is not Verdict.FAIL:
        raise _broken(
            check,
            f"says {_said(fault)} of its planted fault at {n} objects",
            "plant a larger fault or give more objects",
        )
    if clean is None or clean.verdict is not Verdict.PASS:
        raise _broken(
            check, f"says {_said(clean)} of its clean twin at {n} objects", "look for a bias, or give more objects"
        )
    _storable(check, fault)
    _reproducible(check, n_small, rng)
    _keeps_its_level(check, n_small, n_repeats, rng)
    few = max(n_repeats // 5, 5)
    _has_power(check, n, few, rng)
    _never_passes_a_fault_unseen(check, n, few, rng)


def _broken(check: Check, what: str, cure: str) -> ContractError:
    return ContractError(f"{type(check).__name__} {what}; {cure}.")


def _said(evidence: Evidence | None) -> str:
    return "NOT_APPLICABLE" if evidence is None else evidence.verdict.value


def _described(check: Check) -> None:
    if not isinstance(check, Check):
        raise ContractError(f"{type(check).__name__} is no Check; subclass checkstar.checks.Check.")
    if not is_dataclass(check) or not check.__dataclass_params__.frozen:
        raise _broken(check, "can be changed after it is made", "make it a frozen dataclass")
    missing = [name for name in ("name", "code", "family", "question", "statistic") if not getattr(check, name, "")]
    if missing:
        raise _broken(check, f"does not say its {missing[0]}", "set it as a class attribute")
    unknown = set(check.needs) - set(NEEDS)
    if unknown:
        raise _broken(check, f"needs {sorted(unknown)[0]!r}, which no run can give", f"choose from {', '.join(NEEDS)}")


def _storable(check: Check, evidence: Evidence) -> None:
    try:
        json.dumps(evidence.to_dict(), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise _broken(
            check, f"gives evidence that JSON cannot hold ({error})", "use plain numbers and lists"
        ) from error
    if not evidence.reason:
        raise _broken(check, "gives no reason", "say in words what was found")


def _reproducible(check: Check, n: int, seed: int) -> None:
    run, claim = check.plant(n, 0.0, np.random.default_rng(seed))
    try:
        first, second = (check.examine(run, claim, np.random.default_rng(seed)) for _ in range(2))
    except NotApplicable:
        return
    # A clock is no random number: what only times itself is excused.
    if check.family != "cost" and first.to_dict() != second.to_dict():
        raise _broken(check, "gives other evidence for the same seed", "take all randomness from rng")


def _keeps_its_level(check: Check, n: int, n_repeats: int, seed: int) -> None:
    clean = try_check(check, n, 0.0, repeats=n_repeats, seed=seed)
    allowed = int(stats.binom.isf(1e-3, clean.count, ALPHA))
    if clean.failed > allowed:
        raise _broken(
            check,
            f"fails {clean.failed} of {clean.count} clean twins of {n} objects, where its level allows {allowed}",
            "widen its interval: are the objects independent, is the estimate skewed at small numbers?",
        )


def _has_power(check: Check, n: int, n_repeats: int, seed: int) -> None:
    fault = try_check(check, n, 1.0, repeats=n_repeats, seed=seed)
    if fault.power.high < 0.8:
        raise _broken(
            check,
            f"finds its planted fault in {fault.failed} of {fault.count} trials at {n} objects, where 80 % are needed",
            "plant a larger fault or say that more objects are needed (enough)",
        )


def _never_passes_a_fault_unseen(check: Check, n: int, n_repeats: int, seed: int) -> None:
    """With a tenth of the objects it may not tell; it may not say PASS. Counts on the given objects do tell."""
    fault = try_check(check, max(n // 10, 2), 1.0, repeats=n_repeats, seed=seed)
    if fault.passed:
        raise _broken(
            check,
            f"passes {fault.passed} of {fault.count} planted faults at {fault.n} objects",
            "say INCONCLUSIVE where the objects are too few to see the fault",
        )
