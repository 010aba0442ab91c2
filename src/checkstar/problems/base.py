"""Problem: a scientific question with its data, its split, the domain's own method, metrics and usual claims."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.errors import InputError
from checkstar.methods.base import Method
from checkstar.scope import Scope

__all__ = ["Metric", "Problem"]


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A number that summarises errors of one label, with its direction, unit and source."""

    name: str
    function: Callable[[NDArray[np.float64], NDArray[np.float64]], float]
    direction: Literal["lower", "higher"]
    unit: str
    source: str

    def __call__(self, truth: NDArray[np.float64], predicted: NDArray[np.float64]) -> float:
        """The metric of `predicted` (n,) against `truth` (n,)."""
        return float(self.function(truth, predicted))


@dataclass(frozen=True, kw_only=True, eq=False)
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

    def __post_init__(self) -> None:
        if self.train.labels != self.test.labels or self.train.features != self.test.features:
            raise InputError(
                f"problem {self.name!r}: train and test name different labels or features; build both from one dataset."
            )

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the labels."""
        return self.test.labels
