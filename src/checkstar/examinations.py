"""Examination: checks put to a run, side by side, each once; a crash in one is its own ERROR; a kill loses nothing."""

from __future__ import annotations

import math
import os
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from checkstar import provenance
from checkstar.checks import Check, default_checks
from checkstar.claims import JOINT, USES, Claim
from checkstar.errors import InputError, NotApplicable
from checkstar.estimates import kish
from checkstar.evidence import Evidence, Verdict
from checkstar.journals import Journal
from checkstar.power import detection
from checkstar.runs import Run
from checkstar.scope import Scope

__all__ = ["Examiner", "Planned", "Progress", "fingerprint", "jobs_of", "plan", "plan_table", "plan_total"]

#: Called with a check's name, how many are done, and how many there are.
Progress = Callable[[str, int, int], None]

#: Kish's effective number of weighted objects below which nothing is judged.
_FEWEST_EFFECTIVE = 30
#: Families that judge the data or the work, not the objects.
_WITHOUT_WEIGHTS = ("leakage", "cost", "practice")
#: More threads than this only wait for each other.
_MOST_JOBS = 8


@dataclass(frozen=True, kw_only=True)
class Planned:
    """One line of the plan: a check, whether it decides, what it lacks and what it will cost.

    Attributes
    ----------
    calls : float
        Predictions it will ask for, in units of the whole test set; 0 where it does not run.
    seconds : float
        Expected time of these predictions, by the time that the first prediction of the test set took; NaN where that
        was not measured.
    """

    check: Check
    deciding: bool
    missing: tuple[str, ...]
    applicable: bool
    calls: float = 0.0
    seconds: float = 0.0

    @property
    def runs(self) -> bool:
        """Whether the check will be put to the run."""
        return self.applicable and not self.missing


def plan(run: Run, claim: Claim, checks: Iterable[Check] | None = None, *, refit: bool = False) -> list[Planned]:
    """Which checks will run, which of them decide, what they cost, and what the others lack; nothing is computed.

    Parameters
    ----------
    run : Run
    claim : Claim
    checks : iterable of Check, optional
        By default all (`checkstar.checks.default_checks`).
    refit : bool
        Whether the default checks include those that fit the method again.
    """
    return [_planned(check, run, claim) for check in (default_checks(refit=refit) if checks is None else checks)]


def _planned(check: Check, run: Run, claim: Claim) -> Planned:
    applicable = not _why_not(check, run, claim)
    missing = check.missing(run)
    calls = check.calls(run) if applicable and not missing else 0.0
    return Planned(
        check=check,
        deciding=check.decides(claim),
        missing=missing,
        applicable=applicable,
        calls=calls,
        seconds=calls * run.costs.predict_seconds if calls else 0.0,
    )


def plan_table(run: Run, claim: Claim | None, *, refit: bool = False) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Columns and rows of the plan for a claim, or for the table of uses: checks that run first."""
    planned = _all_planned(run, claim, refit)
    rows: list[tuple[str, ...]] = [
        (
            p.check.code,
            p.check.name,
            "runs" if p.runs else "lacks something" if p.applicable else "does not apply",
            "decides" if p.deciding else "",
            f"{p.calls:.1f}" if p.calls else "",
            "needs " + "; ".join(p.missing) if p.applicable and p.missing else "",
        )
        for p in sorted(planned, key=lambda p: (not p.runs, not p.applicable))
    ]
    return ("code", "check", "will it run", "decides", ">calls", "what it lacks"), rows


def plan_total(run: Run, claim: Claim | None, *, refit: bool = False) -> str:
    """One sentence: how many checks will run, and what they ask of the model."""
    planned = [p for p in _all_planned(run, claim, refit) if p.runs]
    calls, seconds = sum(p.calls for p in planned), sum(p.seconds for p in planned)
    time_ = f", about {seconds:.3g} s of predictions" if math.isfinite(seconds) and seconds > 0 else ""
    deciding = sum(p.deciding for p in planned)
    asked = f"they ask the model for {calls:.1f} x the test set{time_}" if calls else "none asks the model again"
    return f"{len(planned)} checks will run, {deciding} of them decide; {asked}"


def _all_planned(run: Run, claim: Claim | None, refit: bool) -> list[Planned]:
    """The plan for a claim; without one every check once, deciding where it decides any use."""
    if claim is not None:
        return plan(run, claim, refit=refit)
    return [
        replace(_planned(check, run, Claim("ranking")), deciding=any(check.decides(Claim(use)) for use in USES))
        for check in default_checks(refit=refit)
    ]


class _Task(NamedTuple):
    """A check to put to a run, once for all the claims that share its answer."""

    key: str
    check: Check
    claim: Claim


class Examiner:
    """Puts checks to one run, each once for what it depends on.

    Parameters
    ----------
    run : Run
    seed : int
        Of redrawn data and resampling; every check has its own stream, so their order does not matter.
    jobs : int
        Checks examined side by side.
    journal : Journal, optional
        Where finished evidence is kept.
    """

    def __init__(self, run: Run, seed: int, *, jobs: int = 1, journal: Journal | None = None) -> None:
        self.run, self.seed, self.jobs, self.journal = run, seed, jobs, journal
        self.done: dict[str, Evidence] = {}
        self._lock = threading.Lock()

    def resume(self) -> int:
        """Take over the evidence that a killed audit has left in the journal; how many checks that was."""
        if self.journal is not None:
            self.done |= self.journal.read()
        return len(self.done)

    def examine_all(self, work: Sequence[tuple[Claim, Check]], progress: Progress | None = None) -> list[Evidence]:
        """Evidence for each pair of claim and check, in the order given."""
        tasks = {key: _Task(key, check, claim) for claim, check in work if (key := _key(check, claim)) not in self.done}
        if self.journal is not None and not self.done:
            self.journal.start()
        # Clocks run true only when nothing else does, so costs are measured last and alone.
        timed = [task for task in tasks.values() if task.check.family == "cost"]
        others = [task for task in tasks.values() if task.check.family != "cost"]
        count = _Counter(len(tasks), progress)
        _side_by_side(others, self._finish, self.jobs, count)
        _side_by_side(timed, self._finish, 1, count)
        return [replace(self.done[_key(check, claim)], label=claim.label) for claim, check in work]

    def _finish(self, task: _Task) -> None:
        evidence = self._examine(task.check, task.claim)
        with self._lock:
            self.done[task.key] = evidence
            # An ERROR may have been the machine's; it is tried again.
            if self.journal is not None and evidence.verdict is not Verdict.ERROR:
                self.journal.add(task.key, evidence)

    def _examine(self, check: Check, claim: Claim) -> Evidence:
        why = _why_not(check, self.run, claim)
        if why:
            return check.blank(Verdict.NOT_APPLICABLE, why)
        missing = check.missing(self.run)
        if missing:
            return check.blank(Verdict.SKIPPED, f"needs {' and '.join(missing)}", missing=missing)
        effective = _effective_number(self.run)
        if effective < _FEWEST_EFFECTIVE and check.family not in _WITHOUT_WEIGHTS:
            why = f"the selection weights leave an effective number of {effective:.1f} objects; {_FEWEST_EFFECTIVE} are needed"
            n = len(self.run.test)
            return check.undecided(claim, why, n, math.ceil(n * _FEWEST_EFFECTIVE / max(effective, 1e-9)))
        # The same stream for every claim, so that redrawn data are predicted once and shared.
        rng = np.random.default_rng([self.seed, *check.name.encode()])
        start = time.perf_counter()
        try:
            evidence = check.examine(self.run, claim, rng)
        except NotApplicable as reason:
            return check.blank(Verdict.NOT_APPLICABLE, str(reason))
        except InputError as error:
            why = f"could not be asked: {error}"
            return check.blank(Verdict.ERROR, why, traceback=traceback.format_exc())
        except Exception as error:  # noqa: BLE001 - the check failed, not the audit; its traceback is kept
            message = f"the check itself failed: {type(error).__name__}: {error}"
            return check.blank(Verdict.ERROR, message, traceback=traceback.format_exc())
        found = detection(check, evidence.n)
        return replace(evidence, detects=found, seconds=time.perf_counter() - start)


def _why_not(check: Check, run: Run, claim: Claim) -> str:
    """Why a check does not apply, as far as that can be known before it is asked; empty where nothing says so."""
    if run.test.task not in check.tasks:
        return f"asked of {' and '.join(check.tasks)} only"
    undeclared = check.undeclared(run)
    if undeclared:
        return f"not declared: {undeclared}"
    if _asks_of_one(check, run, claim):
        return f"asked of one label at a time; this claim is about all {len(run.labels)} together"
    return ""


class _Counter:
    """Tells how many of the tasks are done, and which one has just begun or ended."""

    def __init__(self, total: int, progress: Progress | None) -> None:
        self.done, self.total, self.progress = 0, total, progress

    def tell(self, name: str) -> None:
        if self.progress is not None:
            self.progress(name, self.done, self.total)


def _side_by_side(tasks: Sequence[_Task], finish: Callable[[_Task], None], jobs: int, count: _Counter) -> None:
    """Finish all tasks, at most `jobs` at a time; progress is told from this thread only.

    Raises
    ------
    KeyboardInterrupt
        As soon as it comes: tasks that have not begun are dropped.
    """
    if jobs == 1:
        for task in tasks:
            count.tell(task.check.name)
            finish(task)
            count.done += 1
        return
    with ThreadPoolExecutor(jobs) as pool:
        waiting: dict[Future[None], _Task] = {pool.submit(finish, task): task for task in tasks}
        try:
            while waiting:
                count.tell(next(iter(waiting.values())).check.name)
                for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                    future.result()
                    waiting.pop(future)
                    count.done += 1
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def jobs_of(wanted: int | None) -> int:
    """How many checks to examine side by side: as many as there are cores, unless a number is wanted.

    Raises
    ------
    InputError
        For a number below one.
    """
    if wanted is None:
        return min(
            len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1, _MOST_JOBS
        )
    if wanted < 1:
        raise InputError(f"jobs is {wanted}; give the number of checks to examine side by side, at least 1.")
    return wanted


def fingerprint(run: Run, seed: int) -> str:
    """Hash of all that evidence depends on besides the checks and the claim: what a resumed audit must share."""
    # Settings may hold functions, which have no lasting name; what they do is in the hash of the predictions.
    lasting = {key: value for key, value in run.subject().items() if "costs" not in key and "settings" not in key}
    answers = [run.prediction.mean(), run.prediction.std(), *(run.log_prob or ())]
    return provenance.hash_settings(
        {
            "subject": lasting,
            "predictions": provenance.hash_arrays(answers),
            "scope": _declared(run.scope),
            "seed": seed,
            "packages": provenance.packages(),
        }
    )


def _declared(scope: Scope) -> dict[str, Any]:
    """What the scope declares, by what lasts: hashes of data and names of effects, which may hold functions."""
    named = [repr(getattr(item, "name", "")) for item in (*scope.symmetries, *scope.relations, *scope.nuisances)]
    data = {name: provenance.hash_arrays([d.x, d.y, d.weight]) for name, d in scope.datasets()}
    return {"declared": list(scope.declared), "named": named, **data}


def _key(check: Check, claim: Claim) -> str:
    """What an answer depends on, in words: the check with its settings, and the part of the claim that it heeds."""
    heeds = {"claim": repr(claim), "label": repr(claim.label), "run": ""}[check.depends_on]
    return f"{check!r} {heeds}"


def _asks_of_one(check: Check, run: Run, claim: Claim) -> bool:
    """Whether a check asks about one label, and the claim is about several together."""
    joint = claim.use in JOINT and claim.label is None and len(run.labels) > 1
    return joint and check.depends_on != "run" and not check.decides(claim)


def _effective_number(run: Run) -> float:
    return math.inf if run.test.weight is None else kish(run.test.weight, run.test.units_of_independence)
