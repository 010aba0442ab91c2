"""Problem: a scientific question with its data, its split, the domain's own method, metrics and usual claims."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.errors import InputError
from checkstar.methods.base import Method
from checkstar.prediction import Classes, Prediction
from checkstar.scope import Scope

__all__ = ["Metric", "Problem"]


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A number that summarises errors of one label, with its direction, unit and source.

    Attributes
    ----------
    function : callable
        ``function(truth, predicted) -> float`` with arrays (n,): numbers, or names of classes; with the whole
        `Prediction` in place of `predicted` where `of` is "distribution".
    direction : {"lower", "higher"}
        Which is better.
    """

    name: str
    function: Callable[[NDArray[Any], Any], float]
    direction: Literal["lower", "higher"]
    unit: str
    source: str
    of: Literal["point", "distribution"] = "point"

    def __call__(self, truth: NDArray[Any], predicted: NDArray[Any]) -> float:
        """The metric of `predicted` (n,) against `truth` (n,)."""
        return float(self.function(truth, predicted))

    def score(self, truth: NDArray[Any], prediction: Prediction) -> float:
        """The metric of the prediction of one label against `truth` (n,): its means, or its most probable classes.

        Raises
        ------
        InputError
            If there is not one true value for each object.
        """
        truth = np.asarray(truth)
        if truth.size != len(prediction):
            raise InputError(
                f"{self.name} got true values of shape {truth.shape} for {len(prediction)} objects; give those of one label."
            )
        truth = truth.ravel()
        if self.of == "distribution":
            return float(self.function(truth, prediction))
        if isinstance(prediction, Classes):
            return float(self.function(truth.astype(str), prediction.predicted()))
        return float(self.function(truth, prediction.mean()[:, 0]))


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Problem:
    """One scientific question, ready to run.

    Attributes
    ----------
    train, test : Dataset
        The split; no group is in both.
    reference : Method
        The domain's own way of doing the job, unfitted.
    metrics : mapping of label to tuple of Metric
    claims : tuple of Claim
        What such results are usually used for.
    scope : Scope or None
        Where they are used, and what is known to hold there.
    notes : tuple of str
        What a reader of scores must know: what leaks, what was left out.
    """

    name: str
    question: str
    train: Dataset
    test: Dataset
    reference: Method
    metrics: dict[str, tuple[Metric, ...]]
    claims: tuple[Claim, ...]
    citation: str = ""
    scope: Scope | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.train.labels != self.test.labels or self.train.features != self.test.features:
            raise InputError(
                f"problem {self.name!r}: train and test name different labels or features; build both from one dataset."
            )

    def __repr__(self) -> str:
        return (
            f"Problem({self.name}: {self.question}; {', '.join(self.labels)}; {len(self.train)} objects to train, "
            f"{len(self.test)} to test; reference {type(self.reference).__name__})"
        )

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the labels."""
        return self.test.labels
