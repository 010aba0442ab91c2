"""A sample of the test objects, no larger than what a check may ask the model."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from checkstar.data.dataset import Dataset
from checkstar.noise import Noise
from checkstar.prediction import Classes
from checkstar.runs import LabelView, Run
from checkstar.statistics.subsamples import some_rows

__all__ = ["FEWEST", "Sample", "affordable", "claimed_variance", "draw_sample", "part_of"]

#: Objects below which nothing is said of all others, however alike they are.
FEWEST = 10


class Sample(NamedTuple):
    """Some test objects: their positions, their data, and one label of them as a check reads it."""

    rows: NDArray[np.intp]
    data: Dataset
    view: LabelView
    column: int

    @property
    def too_few(self) -> str:
        """Why these objects are too few to judge by; empty where they are not."""
        n = len(self.rows) if self.view.weight is None else int((self.view.weight > 0).sum())
        return "" if n >= FEWEST else f"only {n} objects could be asked; at least {FEWEST} are needed"

    @property
    def x(self) -> NDArray[np.float64]:
        """Observations (n, p)."""
        assert self.data.x is not None
        return self.data.x

    @property
    def noise(self) -> Noise:
        """Their noise."""
        assert self.data.noise is not None
        return self.data.noise


def affordable(n: int, calls_per_object: float, budget: float, most: int) -> int:
    """Objects of `n` that can be asked `calls_per_object` times with `budget` calls on the whole test set; at least two.

    Examples
    --------
    >>> affordable(1000, 20, budget=5, most=300)
    250
    """
    return min(n, most, max(int(budget * n / calls_per_object), 2))


def draw_sample(run: Run, label: str | None, most: int, rng: np.random.Generator) -> Sample:
    """At most `most` test objects, drawn at random."""
    rows = some_rows(len(run.test), most, rng)
    view = run.view(label)
    return Sample(rows, run.test[rows], view.at(rows), run.labels.index(view.name))


def claimed_variance(prediction: Classes) -> NDArray[np.float64]:
    """Squared error (n,), summed over classes, that class probabilities expect of themselves: sum_c p_c (1 - p_c)."""
    p = prediction.probabilities
    return np.asarray((p * (1 - p)).sum(axis=1))


def part_of(sample: Sample, kept: NDArray[np.bool_]) -> Sample:
    """Those objects of a sample for which `kept` (n,) is true."""
    if kept.all():
        return sample
    chosen = np.flatnonzero(kept)
    return Sample(sample.rows[chosen], sample.data[chosen], sample.view.at(chosen), sample.column)
