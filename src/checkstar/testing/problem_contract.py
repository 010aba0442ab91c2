"""The contract of problems."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from checkstar.data.dataset import Dataset
from checkstar.errors import ContractError
from checkstar.prediction import Classes
from checkstar.problems import Problem
from checkstar.runs import Run, run

__all__ = ["check_problem"]


def check_problem(problem: Problem) -> None:
    """Check that a problem keeps the contract of `checkstar.problems.Problem`.

    Its data are whole, no group is on both sides of the split and no class in the test part alone, every metric has a
    direction, a unit where the label has one, and a source, and its reference method beats a constant.

    Raises
    ------
    ContractError
        With the first rule that is broken, and how to mend it.

    Examples
    --------
    >>> import checkstar as cs
    >>> check_problem(cs.problems.redshifts(n_simulated=300))
    """
    if not isinstance(problem, Problem):
        raise ContractError(f"{type(problem).__name__} is no Problem; make one of checkstar.problems.Problem.")
    for side, data in (("train", problem.train), ("test", problem.test)):
        _whole(problem, side, data)
    _split_leaks_nothing(problem)
    _classes_are_known(problem)
    _metrics_are_described(problem)
    _reference_beats_a_constant(problem)


def _broken(problem: Problem, what: str, cure: str) -> ContractError:
    return ContractError(f"problem {problem.name!r} {what}; {cure}.")


def _whole(problem: Problem, side: str, data: Dataset) -> None:
    if data.x is None or data.y is None or not len(data):
        raise _broken(problem, f"has no {side} data with x and y", "give both")
    if not data.citation and not problem.citation:
        raise _broken(problem, "does not say where its data come from", "set citation")


def _split_leaks_nothing(problem: Problem) -> None:
    train, test = problem.train, problem.test
    if train.group is not None and test.group is not None:
        shared = np.intersect1d(train.group.astype(str), test.group.astype(str))
        if shared.size:
            raise _broken(
                problem,
                f"has {shared.size} groups in both train and test (first: {shared[0]})",
                "split with Dataset.split",
            )
    assert train.x is not None
    assert test.x is not None
    known = {row.tobytes() for row in np.ascontiguousarray(train.x)}
    copies = sum(row.tobytes() in known for row in np.ascontiguousarray(test.x))
    if copies:
        raise _broken(problem, f"has {copies} test objects that are also in train", "drop the copies")


def _classes_are_known(problem: Problem) -> None:
    if problem.test.task != "classification":
        return
    unknown = np.setdiff1d(problem.test.y, problem.train.y)  # type: ignore[arg-type]
    if unknown.size:
        raise _broken(
            problem, f"has {unknown.size} classes in test alone (first: {unknown[0]})", "split with stratified_split"
        )


def _metrics_are_described(problem: Problem) -> None:
    for label in problem.labels:
        if not problem.metrics.get(label):
            raise _broken(problem, f"has no metric for {label!r}", "give at least one")
        for metric in problem.metrics[label]:
            if metric.direction not in ("lower", "higher") or not metric.source:
                raise _broken(problem, f"does not describe the metric {metric.name!r}", "give its direction and source")


def _reference_beats_a_constant(problem: Problem) -> None:
    from checkstar.methods import Constant

    # A constant reads no observations, and would refuse those of light curves, whose rows end with NaN.
    blind = replace(problem, train=_blank(problem.train), test=_blank(problem.test), scope=None)
    reference, constant = run(problem, problem.reference), run(blind, Constant())
    if reference.failure:
        raise _broken(problem, f"has a reference method that fails ({reference.failure})", "mend it")
    for label in problem.labels:
        if _score(reference, label) >= _score(constant, label):
            raise _broken(
                problem, f"has a reference that is no better than a constant for {label!r}", "choose a better one"
            )


def _blank(data: Dataset) -> Dataset:
    return Dataset(x=np.zeros(len(data)), y=data.y, labels=data.labels, group=data.group, weight=data.weight)


def _score(done: Run, label: str) -> float:
    view = done.view(label)
    if isinstance(view.prediction, Classes):
        return float(view.prediction.log_loss(view.truth).mean())
    return float(np.abs(view.error).mean())
