"""Audited: what the best method of each problem may be used for, judged on a fold in which it was not fitted."""

from __future__ import annotations

import hashlib
import json
import secrets
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from checkstar.audits import Audit, audit
from checkstar.claims import Claim
from checkstar.errors import InputError
from checkstar.problems.base import Problem
from checkstar.runs import Run
from checkstar.studies.cells import CellTask, fresh
from checkstar.studies.grid import Grid
from checkstar.studies.hyperparameters import chosen_settings
from checkstar.studies.records import CellRecord
from checkstar.studies.store import Store

__all__ = ["audit_best", "claims_of"]


def claims_of(given: Any, problem: Problem) -> tuple[Claim, ...]:
    """The claims to audit: those that the problem names for "usual", else those given.

    Raises
    ------
    InputError
        If something is no claim, or names a label that the problem does not have.
    """
    if given is None:
        return ()
    if given == "usual":
        return problem.claims
    claims = tuple(given) if isinstance(given, Sequence) and not isinstance(given, str) else (given,)
    for claim in claims:
        if not isinstance(claim, Claim):
            raise InputError(f"claims hold {claim!r}; give Claims, or 'usual' for those that each problem names.")
        if claim.label is not None and claim.label not in problem.labels:
            raise InputError(f"a claim is about {claim.label!r}, but {problem.name} has {', '.join(problem.labels)}.")
    return claims


def audit_best(
    grid: Grid, records: Sequence[CellRecord], board: Sequence[Mapping[str, Any]], claims: Any, store: Store
) -> list[dict[str, Any]]:
    """Fit the method with the best first metric of each problem again, in its first fold, and audit it for the claims.

    An audit that the store holds already is not repeated. What does not fit a claim is a result with its reason.
    """
    found = []
    for name, problem in grid.problems.items():
        best = next((row["method"] for row in board if row["problem"] == name and row["mean"] is not None), None)
        wanted = claims_of(claims, problem)
        if best is None or not wanted:
            continue
        pairs = zip(grid.tasks, records, strict=True)
        mine = ((t, r) for t, r in pairs if (t.cell.problem, t.cell.method, t.cell.share) == (name, best, 1.0))
        task, record = next((t, r) for t, r in mine if r.failure is None)
        found += _audits(task, record, grid, problem, wanted, store)
    return found


def _audits(
    task: CellTask, record: CellRecord, grid: Grid, problem: Problem, claims: Sequence[Claim], store: Store
) -> list[dict[str, Any]]:
    run: Run | None = None
    found = []
    for claim in claims:
        said = {
            "problem": task.cell.problem,
            "method": task.cell.method,
            "claim": claim.use,
            "verdict": None,
            "path": None,
        }
        path = Path("audits") / f"{record.key}-{_digest(claim, grid.seed)}"
        try:
            if not (store.path / path / "audit.json").is_file():
                run = run or _run_again(task, record, grid, problem)
                _save(audit(run, claim, rng=grid.seed), store.path / path)
            verdict = json.loads((store.path / path / "audit.json").read_text(encoding="utf-8"))["verdict"]
            found.append({**said, "verdict": verdict, "path": path.as_posix()})
        except (InputError, ValueError, KeyError) as error:
            found.append({**said, "reason": str(error)})
    return found


def _run_again(task: CellTask, record: CellRecord, grid: Grid, problem: Problem) -> Run:
    data = grid.data[task.cell.problem]
    method = fresh(task.method, task.cell.seed)
    if task.search is not None and record.search is not None:
        method.set_params(**chosen_settings(task.search, record.search["chosen"]))
    return Run.of(
        method,
        train=data[task.train],
        test=data[task.test],
        reference=problem.reference,
        name=task.cell.method,
        seed=task.cell.seed,
        scope=problem.scope,
    )


def _save(made: Audit, folder: Path) -> None:
    """Written beside its place and renamed: a kill leaves no half of it."""
    folder.parent.mkdir(exist_ok=True)
    beside = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}")
    try:
        made.save(beside)
        beside.rename(folder)
    except OSError:
        # Another process was first.
        if not (folder / "audit.json").is_file():
            raise
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _digest(claim: Claim, seed: int) -> str:
    return hashlib.sha256(json.dumps([repr(claim), seed]).encode()).hexdigest()[:8]
