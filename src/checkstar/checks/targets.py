"""Training and target objects as checks of shift compare them: some of each, at equal noise, in joint units."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from checkstar.data.dataset import Dataset
from checkstar.errors import NotApplicable
from checkstar.runs import Run
from checkstar.statistics.noise_matching import match_noise
from checkstar.statistics.observed_components import without_masked
from checkstar.statistics.subsamples import some_rows
from checkstar.statistics.two_samples import joint_units

__all__ = ["Matched", "matched_samples", "observed_target", "some"]

#: Elements of two samples together: spectra of thousands of pixels are compared by fewer objects.
_MOST_ELEMENTS = 8_000_000


class Matched(NamedTuple):
    """Two samples at equal noise, NaN where masked, with the units of both numbered together.

    `at_equal_noise` is False where the noise of either was not given; `data` are the objects that were drawn.
    """

    first: NDArray[np.float64]
    second: NDArray[np.float64]
    units: tuple[NDArray[np.intp], NDArray[np.intp]]
    at_equal_noise: bool
    data: tuple[Dataset, Dataset]


def observed_target(run: Run) -> Dataset:
    """The target that the run's scope declares.

    Raises
    ------
    NotApplicable
        If it has no observations, or other features than the test set.
    """
    target = run.scope.target
    if target is None or target.x is None:
        raise NotApplicable("the target has no observations x; give Scope(target=Dataset(x=...)).")
    if run.test.x is not None and not target.is_observed_like(run.test):
        if target.layout is not None:
            raise NotApplicable("the target's light curves have other extras, bands or units than the test set's.")
        raise NotApplicable(
            f"the target has {target.x.shape[1]} features but the method was tested on {run.test.x.shape[1]}; "
            "give the same ones."
        )
    return target


def some(data: Dataset, most: int, rng: np.random.Generator) -> Dataset:
    """At most so many objects, drawn at random."""
    return data if len(data) <= most else data[some_rows(len(data), most, rng)]


def matched_samples(first: Dataset, second: Dataset, most: int, rng: np.random.Generator) -> Matched:
    """At most so many objects of each, the better degraded to the noise of the worse."""
    assert first.x is not None and second.x is not None
    most = min(most, max(_MOST_ELEMENTS // (2 * first.x.shape[1]), 500))
    first, second = some(first, most, rng), some(second, most, rng)
    assert first.x is not None and second.x is not None
    x = without_masked(first.x, first.noise), without_masked(second.x, second.noise)
    matched = first.noise is not None and second.noise is not None
    if first.noise is not None and second.noise is not None:
        x = match_noise(x[0], first.noise, x[1], second.noise, rng)
    units = joint_units(first.units_of_independence, second.units_of_independence, (first.group, second.group))
    return Matched(x[0], x[1], units, matched, (first, second))
