"""Measurement of power: all checks, numbers of objects and sizes of faults, on all cores, one check after the other."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from checkstar import provenance
from checkstar.checks import Check, default_checks
from checkstar.errors import InputError
from checkstar.power.table import MeasuredCheck, PowerTable
from checkstar.power.trials import Trials, try_check

__all__ = ["FRACTIONS", "SIZES", "measure", "numbers_of"]

#: Numbers of objects tried, as shares of the number that a check says is enough.
FRACTIONS = (1 / 100, 1 / 30, 1 / 10, 1 / 3, 1.0)
SIZES = (0.0, 0.5, 1.0)


def numbers_of(check: Check) -> tuple[int, ...]:
    """Numbers of objects at which a check is tried, by default."""
    return tuple(sorted({max(10, round(check.enough * fraction)) for fraction in FRACTIONS}))


def measure(
    checks: Iterable[Check] | None = None,
    *,
    numbers: Sequence[int] | None = None,
    sizes: Sequence[float] = SIZES,
    repeats: int = 500,
    seconds: float = 4.0,
    seed: int = 0,
    jobs: int = 2,
    path: Path | None = None,
    resume: bool = False,
    progress: Callable[[str, int, int], None] | None = None,
) -> PowerTable:
    """Measure false alarms and power of checks on their own planted faults.

    Parameters
    ----------
    checks : iterable of Check, optional
        By default all, those that fit methods again included.
    numbers : sequence of int, optional
        Numbers of objects; by default five up to what each check says is enough.
    sizes : sequence of float
        Sizes of the fault: 0 is the clean twin, 1 the stated fault.
    repeats : int
        Trials of each number and size.
    seconds : float
        Time for each number and size; slow checks get fewer trials, and wider intervals.
    seed : int
    jobs : int
        Processes.
    path : Path, optional
        Where the table is written after every check, so that a kill loses at most one.
    resume : bool
        Keep what the file at `path` holds of checks with the same settings, and go on with the others.
    progress : callable, optional
        ``progress(name, done, total)`` as each check begins.

    Returns
    -------
    PowerTable

    Raises
    ------
    InputError
        For numbers, sizes or repeats that cannot be tried.
    """
    from joblib import Parallel, delayed

    if repeats < 1 or any(n < 2 for n in numbers or ()) or any(not 0 <= s < math.inf for s in sizes):
        raise InputError(
            f"power cannot be measured with repeats={repeats}, numbers={numbers}, sizes={sizes}; give at least one "
            "repeat, two objects, and sizes that are not negative."
        )
    chosen = default_checks(refit=True) if checks is None else tuple(checks)
    table = PowerTable.load(path) if path is not None and resume else PowerTable()
    made = {"repeats": repeats, "seconds": seconds, "seed": seed, "packages": provenance.packages()}
    with Parallel(n_jobs=jobs, batch_size=1) as parallel:
        for done, check in enumerate(chosen):
            if progress is not None:
                progress(check.name, done, len(chosen))
            if check.name in table.checks and table.checks[check.name].settings == repr(check):
                continue
            # The slowest first, so that no core waits long for the last.
            cells = [(n, size) for n in sorted(numbers or numbers_of(check), reverse=True) for size in sizes]
            trials: list[Trials] = parallel(
                delayed(try_check)(check, n, size, repeats=repeats, seed=seed, seconds=seconds) for n, size in cells
            )
            table = replace(table, checks={**table.checks, check.name: _measured(check, sizes, trials)}, made=made)
            if path is not None:
                table.save(path)
    return table


def _measured(check: Check, sizes: Sequence[float], trials: Sequence[Trials]) -> MeasuredCheck:
    return MeasuredCheck(
        name=check.name,
        settings=repr(check),
        faults={size: check.fault(size) for size in sizes if size > 0},
        trials=tuple(sorted(trials, key=lambda t: (t.size, t.n))),
    )
