"""Are the objects like those that the method learned from?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from checkstar.checks.base import Check
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.estimates import design_factor, kish, normalised_weights, standard_error, unit_count
from checkstar.evidence import Z_95, Estimate, Evidence, Limit, Part, binomial
from checkstar.prediction import Point
from checkstar.runs import Run
from checkstar.simulators import linear_gaussian

__all__ = ["Domain"]

#: Share of the variance of standardised features that the axes hold; the rest is one axis, its norm.
_EXPLAINED = 0.95
#: Two folds of forty: with fewer in a fold no p-value falls below 5 %.
_FEWEST = 80


@dataclass(frozen=True, kw_only=True)
class Domain(Check):
    """Are the objects like those that the method learned from?

    All folds of the training set but one (no group divided) make a score of strangeness: the distance to the
    `n_neighbours`-th neighbour among whitened principal components, the norm of what they leave over being one more
    axis. The fold left out calibrates it: the conformal p-value of a test object is the share of that fold at least as
    strange, and a share `level` of exchangeable objects has p <= level, whatever the distributions. The fault is the
    share beyond that, averaged over the folds. Objects whose cross-conformal p-value (all folds pooled) is found at a
    false-discovery rate of `level` (Benjamini-Hochberg) are flagged; few training objects cannot single out any.
    """

    name = "domain"
    code = "C1"
    family = "domain"
    question = "Are the objects like those that the method learned from?"
    statistic = "share of objects outside the training domain, beyond that expected"
    needs = frozenset({"training_x"})
    depends_on = "run"
    tasks = ("regression", "classification")
    references = (
        "Vovk 2015, Ann. Math. Artif. Intell. 74, 9 (cross-conformal)",
        "Bates et al. 2023, Ann. Stat. 51, 149 (arXiv:2104.08279)",
        "Benjamini & Hochberg 1995, JRSS B 57, 289",
    )

    level: float = 0.05
    limit: float = 0.10
    n_components: int = 20
    n_neighbours: int = 5
    n_folds: int = 5
    max_reference: int = 10_000

    def examine(self, run: Run, claim: Claim, rng: np.random.Generator) -> Evidence:
        assert run.train is not None
        n_units = unit_count(run.train.units_of_independence)
        if n_units < _FEWEST:
            why = f"{n_units} independent training objects are too few to calibrate a domain; {_FEWEST} are needed"
            return self.undecided(claim, why, n_units, float(_FEWEST))
        train = run.train
        if len(train) > self.max_reference:
            train = train[np.sort(rng.choice(len(train), self.max_reference, replace=False))]
        p_by_fold, p = self._p_values(train, run.test, rng)
        beyond = (p_by_fold <= self.level).mean(axis=0)
        estimate = self._excess(beyond, run, unit_count(train.units_of_independence))
        flagged = _benjamini_hochberg(p, self.level)
        return self.conclude(
            claim,
            [Part(name="unlike the training set", estimate=estimate, limit=self.limit)],
            reason=lambda part: self._sentence(part, int(flagged.sum())),
            figure=_figure(p),
            flags={"outside_domain": flagged},
            limits_of_use=_limits(int(flagged.sum())),
        )

    def _p_values(
        self, train: Dataset, test: Dataset, rng: np.random.Generator
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Conformal p-values of the test objects by fold (f, n), and pooled over the folds (n,)."""
        n_units = unit_count(train.units_of_independence)
        stranger, sizes = [], []
        for learned, held in train.folds(min(self.n_folds, n_units // (_FEWEST // 2)), rng):
            score = _Strangeness(learned, self.n_components, self.n_neighbours)
            calibration, strange = np.sort(score(held)), score(test)
            stranger.append(len(held) - np.searchsorted(calibration, strange, side="left"))
            sizes.append(len(held))
        counts = np.asarray(stranger, dtype=float)
        by_fold = (1 + counts) / (1 + np.asarray(sizes)[:, None])
        return by_fold, (1 + counts.sum(axis=0)) / (1 + len(train))

    def _excess(self, beyond: NDArray[np.float64], run: Run, n_calibration: int) -> Estimate:
        units = run.test.units_of_independence
        weight = normalised_weights(run.test.weight, len(beyond))
        value = float((weight * beyond).mean())
        error, n_effective = standard_error(weight * (beyond - value), units), kish(weight, units)
        if 0 < value < 1 and 0 < error < math.inf:
            n_effective = min(float(len(beyond)), value * (1 - value) / error**2)
        n_effective *= design_factor(len(beyond), kish(weight, units))
        found = binomial(value * n_effective, n_effective)
        # The training set is a sample too: the level it calibrates varies as a Beta law.
        own = Z_95 * math.sqrt(self.level * (1 - self.level) / n_calibration)
        low = found.value - math.hypot(found.value - found.low, own)
        high = found.value + math.hypot(found.high - found.value, own)
        return Estimate(found.value - self.level, low - self.level, high - self.level, found.n)

    def _sentence(self, part: Part, flagged: int) -> str:
        value, low, high, _ = part.estimate
        words = f"; {flagged} objects are flagged one by one" if flagged else ""
        return (
            f"{100 * (value + self.level):.1f} % of the objects are as strange as the strangest {100 * self.level:g} % of the "
            f"training set: an excess of {100 * value:+.1f} % [{100 * low:+.1f}, {100 * high:+.1f}]{words}"
        )

    def fault(self, size: float) -> str:
        return f"{100 * size / 3:.0f} % of the objects six standard deviations away in one feature"

    def plant(self, n: int, size: float, rng: np.random.Generator) -> tuple[Run, Claim]:
        """A third of the objects six standard deviations away in one feature."""
        learned, drawn = linear_gaussian(2 * n, rng), linear_gaussian(n, rng)
        moved = drawn.x.copy()
        moved[rng.random(n) < size / 3, 0] += 6 * np.hypot(1.0, drawn.sigma)
        run = Run(
            name="planted",
            train=Dataset(learned.x, learned.y),
            test=Dataset(moved, drawn.y),
            prediction=Point(moved.mean(axis=1)),
        )
        return run, Claim("object_value")


class _Strangeness:
    """Distance to the k-th neighbour in whitened principal components of a training set, with the left-over norm."""

    def __init__(self, data: Dataset, n_components: int, n_neighbours: int) -> None:
        from sklearn.neighbors import NearestNeighbors

        self.median = _medians(data)
        x = self._filled(data)[0]
        self.centre, spread = x.mean(axis=0), x.std(axis=0)
        self.scale = np.where(spread > 0, spread, 1.0)
        z = (x - self.centre) / self.scale
        singular, axes = np.linalg.svd(z[:5000], full_matrices=False)[1:]
        # Whitened axes without variance of their own would drown the others in noise.
        explained = np.cumsum(singular**2) / max(float((singular**2).sum()), 1e-300)
        n_kept = min(n_components, int(np.searchsorted(explained, _EXPLAINED)) + 1, len(singular))
        self.axes = axes[:n_kept]
        self.spread = np.ones(n_kept + 1)
        axes = self._axes(z)
        # What is left over by all components is rounding error, not an axis.
        self.spread = np.where(axes.std(axis=0) > 1e-6, axes.std(axis=0), np.inf)
        self.neighbours = NearestNeighbors(n_neighbors=min(n_neighbours, len(z))).fit(axes / self.spread)

    def __call__(self, data: Dataset) -> NDArray[np.float64]:
        x, empty = self._filled(data)
        axes = self._axes((x - self.centre) / self.scale)
        distance = self.neighbours.kneighbors(axes / self.spread)[0][:, -1]
        # An object of which nothing was seen is like nothing.
        return np.where(empty, np.inf, distance)

    def _filled(self, data: Dataset) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Observations with masked or missing elements at the training median; and which objects have none left."""
        x, missing = _observed(data)
        return np.where(missing, self.median, x), np.asarray(missing.all(axis=1))

    def _axes(self, z: NDArray[np.float64]) -> NDArray[np.float64]:
        kept = z @ self.axes.T
        left_over = np.sqrt(np.maximum((z**2).sum(axis=1) - (kept**2).sum(axis=1), 0.0))
        return np.column_stack([kept, left_over])


def _observed(data: Dataset) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Observations (n, p), and which elements are masked or missing."""
    assert data.x is not None
    x = np.asarray(data.x, dtype=float)
    missing = ~np.isfinite(x)
    if data.noise is not None:
        missing |= np.isinf(data.noise.sigma(x))
    return x, missing


def _medians(data: Dataset) -> NDArray[np.float64]:
    """Median (p,) of each feature over the objects that have it; zero where none has."""
    x, missing = _observed(data)
    if not missing.any():
        return np.median(x, axis=0)
    return np.ma.filled(np.ma.median(np.ma.masked_array(x, missing), axis=0), 0.0)


def _benjamini_hochberg(p: NDArray[np.float64], level: float) -> NDArray[np.bool_]:
    order = np.argsort(p)
    below = np.flatnonzero(p[order] <= level * np.arange(1, len(p) + 1) / len(p))
    return p <= p[order][below[-1]] if below.size else np.zeros(len(p), dtype=bool)


def _limits(flagged: int) -> list[Limit]:
    if not flagged:
        return []
    text = f"{flagged} objects are unlike the training set and should not be used (flag outside_domain)"
    return [Limit(name="outside_domain", value=float(flagged), unit="objects", text=text)]


def _figure(p: NDArray[np.float64]) -> dict[str, Any]:
    levels = np.linspace(0, 1, 101)
    return {
        "title": "Conformal p-values of the test objects",
        "xlabel": "p-value of being like the training set",
        "ylabel": "share of objects below",
        "layers": [
            {"kind": "line", "x": [0, 1], "y": [0, 1], "tone": "reference", "label": "like the training set"},
            {
                "kind": "line",
                "x": levels.tolist(),
                "y": (np.searchsorted(np.sort(p), levels, side="right") / len(p)).tolist(),
                "tone": "main",
                "label": "test objects",
            },
        ],
    }
