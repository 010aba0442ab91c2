"""Has the method seen the test objects before?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from checkstar.checks.base import Check
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.estimates import unit_count
from checkstar.evidence import Estimate, Evidence, Part
from checkstar.noise import Covariance
from checkstar.prediction import Point
from checkstar.runs import Run
from checkstar.simulators import linear_gaussian
from checkstar.variability.copies import copied

__all__ = ["Leakage"]


@dataclass(frozen=True, kw_only=True)
class Leakage(Check):
    """Has the method seen the test objects, or their group, in training?

    Two shares of test objects: those whose group (star, cluster, field, night) is also in the training set, and those
    whose observations have a copy there. With noise, a copy is a pair no further apart than the noise allows: a reduced
    chi^2 of their difference, ``mean((x_i - x_j)^2 / (s_i^2 + s_j^2))``, below one plus `n_sigma` of its scatter.
    Both are counts on the given split, not samples: their interval is a point and their limit is zero. Where few or
    noisy features give training objects a copy in another training group, a copy proves nothing and none is looked for.
    Light curves are copies where they share half of their measurements (`checkstar.variability.copies`).

    Parameters
    ----------
    n_sigma : float
        How far above one the reduced chi^2 of two observations of one object may lie.
    """

    name = "leakage"
    code = "I1"
    family = "leakage"
    question = "Has the method seen the test objects, or their group, in training?"
    statistic = "share of test objects with their group or a copy in the training set"
    needs = frozenset({"training_x"})
    depends_on = "run"
    tasks = ("regression", "classification")
    references = ("Kapoor & Narayanan 2023, Patterns 4, 100804 (leakage of type 1)",)

    n_sigma: float = 3.0

    def examine(self, run: Run, claim: Claim, rng: np.random.Generator) -> Evidence:
        assert run.train is not None
        flags, parts, blind = {}, [], ""
        by_chance = 0.0 if run.test.layout is not None else _chance(run.train, self.n_sigma, rng)
        exact_only = by_chance > 0 and _chance(run.train, None, rng) == 0
        if by_chance == 0 or exact_only:
            copies = _copies(run.train, run.test, None if exact_only else self.n_sigma)
            flags["copy_in_training"] = copies
            parts.append(_part(f"{'an exact' if exact_only else 'a'} copy in the training set", copies))
        if by_chance > 0:
            what = "copies within the noise" if exact_only else "copies"
            blind = f"; {what} were not looked for: {100 * by_chance:.2g} % of the training objects have one by chance"
        if run.train.group is not None and run.test.group is not None:
            shared = _shared(run.test.group, run.train.group)
            flags["group_in_training"] = shared
            parts.append(_part(f"their {run.test.group_name} in the training set", shared))
        else:
            blind += "; no group was given, so shared stars, fields or nights were not looked for"
        if not parts:
            return self.undecided(claim, f"nothing could be looked for{blind}", len(run.test))
        return self.conclude(
            claim,
            parts,
            reason=lambda part: (
                f"{round(part.estimate.value * len(run.test))} of {len(run.test)} test objects have {part.name}{blind}"
            ),
            flags=flags,
        )

    def fault(self, size: float) -> str:
        return f"{20 * size:.0f} % of the test objects copied into the training set"

    def plant(self, n: int, size: float, rng: np.random.Generator) -> tuple[Run, Claim]:
        """A fifth of the test objects copied into the training set."""
        learned, drawn = (linear_gaussian(n, rng, n_features=8) for _ in range(2))
        copied = rng.random(n) < 0.2 * size
        x = np.where(copied[:, None], drawn.x, learned.x)
        run = Run(
            name="planted",
            train=Dataset(x, learned.y, group=np.where(copied, np.arange(n), n + np.arange(n))),
            test=Dataset(drawn.x, drawn.y, group=np.arange(n)),
            prediction=Point(drawn.estimate),
        )
        return run, Claim("object_value")


def _shared(groups: NDArray[Any], known: NDArray[Any]) -> NDArray[np.bool_]:
    """Which groups are among those known; numbers are compared as numbers, whatever their type."""
    if groups.dtype.kind in "fiu" and known.dtype.kind in "fiu":
        return np.isin(groups.astype(float), known.astype(float))
    return np.isin(groups.astype(str), np.unique(known.astype(str)))


def _chance(train: Dataset, n_sigma: float | None, rng: np.random.Generator) -> float:
    """Share of training objects with a copy among the training objects of other groups."""
    if unit_count(train.units_of_independence) < 4:
        return 0.0
    one, other = train.split(0.5, rng)
    return float(_copies(one, other[: min(len(other), 5000)], n_sigma).mean())


def _part(name: str, leaked: NDArray[np.bool_]) -> Part:
    found = float(leaked.mean())
    return Part(name=name, estimate=Estimate(found, found, found, len(leaked)), limit=0.0, limit_kind="derived")


def _copies(train: Dataset, test: Dataset, n_sigma: float | None) -> NDArray[np.bool_]:
    """Test objects (n,) with a training object that could be the same one observed again; None: exact copies only."""
    from sklearn.neighbors import NearestNeighbors

    assert train.x is not None and test.x is not None
    if train.layout is not None and test.layout is not None:
        return copied(test.light_curves(), train.light_curves())
    if n_sigma is None or train.noise is None or test.noise is None:
        known = {row.tobytes() for row in np.ascontiguousarray(train.x, dtype=np.float32)}
        return np.array([row.tobytes() in known for row in np.ascontiguousarray(test.x, dtype=np.float32)])
    precision = np.nan_to_num(train.noise.inverse_variance(train.x)).mean(axis=0)
    # A projection on a few random axes keeps neighbours near (Johnson & Lindenstrauss) and the search cheap.
    axes = np.random.default_rng(0).standard_normal((test.x.shape[1], min(30, test.x.shape[1])))
    scaled = [np.nan_to_num(data.x * np.sqrt(precision)) @ axes for data in (train, test)]
    nearest = NearestNeighbors(n_neighbors=min(3, len(train))).fit(scaled[0]).kneighbors(scaled[1])[1]
    found = np.zeros(len(test), dtype=bool)
    for column in nearest.T:
        chi2, degrees = _misfit(test, train[column])
        found |= chi2 / degrees < 1 + n_sigma * np.sqrt(2 / degrees)
    return found


def _misfit(test: Dataset, other: Dataset) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """chi^2 (n,) of the difference of paired observations, and its degrees of freedom."""
    assert test.x is not None
    assert other.x is not None
    assert test.noise is not None
    assert other.noise is not None
    difference = test.x - other.x
    if isinstance(test.noise, Covariance) and isinstance(other.noise, Covariance):
        both = Covariance(test.noise.covariance_ + other.noise.covariance_)
        return (both.whiten(difference, test.x) ** 2).sum(axis=1), np.full(len(difference), float(difference.shape[1]))
    variance = test.noise.sigma(test.x) ** 2 + other.noise.sigma(other.x) ** 2
    good = np.isfinite(variance)
    chi2 = np.where(good, difference**2 / np.where(good, variance, 1.0), 0.0).sum(axis=1)
    return chi2, np.maximum(good.sum(axis=1), 1).astype(float)
