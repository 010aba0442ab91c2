"""Are the objects like those that the method learned from?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from checkstar.checks.base import Check
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.estimates import unit_count
from checkstar.evidence import Estimate, Evidence, Limit, Part
from checkstar.prediction import Point
from checkstar.runs import Run
from checkstar.simulators import linear_gaussian
from checkstar.statistics.conformal import excess_of
from checkstar.statistics.strangeness import along_components, along_labels, at_least_as_strange
from checkstar.statistics.subsamples import some_rows

__all__ = ["Domain"]

#: Two folds of forty: with fewer in a fold no p-value falls below 5 %.
_FEWEST = 80
_WHOLE, _LABELS = "unlike the training set", "unlike it along its labels"


@dataclass(frozen=True, kw_only=True)
class Domain(Check):
    """Are the objects like those that the method learned from?

    All folds of the training set but one (no group divided) make a score of strangeness: the distance to the
    `n_neighbours`-th neighbour among whitened principal components, the norm of what they leave over being one more
    axis. The fold left out calibrates it: the conformal p-value of a test object is the share of that fold at least as
    strange, and a share `level` of exchangeable objects has p <= level, whatever the distributions. The fault is the
    share beyond that, averaged over the folds. What varies little can matter much: a second score is the same distance
    along the axes on which the training labels change (a ridge regression). Objects whose cross-conformal p-value (all
    folds pooled, the smaller of the two doubled) is found at a false-discovery rate of `level` (Benjamini-Hochberg) are
    flagged; few training objects cannot single out any.
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
    max_reference: int = 5000

    def examine(self, run: Run, claim: Claim, rng: np.random.Generator) -> Evidence:
        assert run.train is not None
        n_units = unit_count(run.train.units_of_independence)
        if n_units < _FEWEST:
            why = f"{n_units} independent training objects are too few to calibrate a domain; {_FEWEST} are needed"
            return self.undecided(claim, why, n_units, float(_FEWEST))
        train, test = run.train.described(), run.test.described()
        if len(train) > self.max_reference:
            train = train[some_rows(len(train), self.max_reference, rng)]
        scores = self._p_values(train, test, rng)
        n_calibration = unit_count(train.units_of_independence)
        parts = [
            Part(name=name, estimate=self._excess(by_fold, run, n_calibration), limit=self.limit)
            for name, (by_fold, _) in scores.items()
        ]
        p = np.minimum(1.0, len(scores) * np.min([pooled for _, pooled in scores.values()], axis=0))
        flagged = _benjamini_hochberg(p, self.level)
        return self.conclude(
            claim,
            parts,
            reason=lambda part: self._sentence(part, int(flagged.sum())),
            figure=_figure({name: pooled for name, (_, pooled) in scores.items()}),
            flags={"outside_domain": flagged},
            limits_of_use=_limits(int(flagged.sum())),
        )

    def _p_values(
        self, train: Dataset, test: Dataset, rng: np.random.Generator
    ) -> dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]:
        """For each score, conformal p-values of the test objects by fold (f, n), and pooled over the folds (n,)."""
        n_units = unit_count(train.units_of_independence)
        x = _observed(test)
        stranger: dict[str, list[NDArray[np.float64]]] = {_WHOLE: [], _LABELS: []}
        sizes = []
        for learned, held in train.folds(min(self.n_folds, n_units // (_FEWEST // 2)), rng):
            seen, unseen = _observed(learned), _observed(held)
            scores = {
                _WHOLE: along_components(seen, self.n_components, self.n_neighbours),
                _LABELS: along_labels(seen, _label_columns(learned), self.n_neighbours),
            }
            for name, score in scores.items():
                stranger[name].append(at_least_as_strange(score(unseen), score(x)))
            sizes.append(len(held))
        found = {}
        for name, counted in stranger.items():
            counts = np.asarray(counted)
            by_fold = (1 + counts) / (1 + np.asarray(sizes)[:, None])
            found[name] = by_fold, (1 + counts.sum(axis=0)) / (1 + len(train))
        return found

    def _excess(self, p_by_fold: NDArray[np.float64], run: Run, n_calibration: int) -> Estimate:
        beyond = (p_by_fold <= self.level).mean(axis=0)
        return excess_of(beyond, self.level, run.test.units_of_independence, run.test.weight, n_calibration)

    def _sentence(self, part: Part, flagged: int) -> str:
        value, low, high, _ = part.estimate
        words = f"; {flagged} objects are flagged one by one" if flagged else ""
        where = ", along the axes on which its labels change," if part.name == _LABELS else ""
        return (
            f"{100 * (value + self.level):.1f} % of the objects are{where} as strange as the strangest "
            f"{100 * self.level:g} % of the training set: an excess of {100 * value:+.1f} points [{100 * low:+.1f}, {100 * high:+.1f}]{words}"
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


def _observed(data: Dataset) -> NDArray[np.float64]:
    """Observations (n, p), NaN where masked or missing."""
    assert data.x is not None
    x = np.asarray(data.x, dtype=float)
    missing = ~np.isfinite(x)
    if data.noise is not None:
        missing |= np.isinf(data.noise.sigma(x))
    return np.where(missing, np.nan, x)


def _label_columns(data: Dataset) -> NDArray[np.float64]:
    """Labels (n, k) in units of their spread, or one column of zeros and ones for each class."""
    assert data.y is not None
    if data.task == "classification":
        names, codes = np.unique(data.y, return_inverse=True)
        return np.eye(len(names))[codes.ravel()]
    spread = data.y.std(axis=0)
    return data.y / np.where(spread > 0, spread, 1.0)


def _benjamini_hochberg(p: NDArray[np.float64], level: float) -> NDArray[np.bool_]:
    order = np.argsort(p)
    below = np.flatnonzero(p[order] <= level * np.arange(1, len(p) + 1) / len(p))
    return p <= p[order][below[-1]] if below.size else np.zeros(len(p), dtype=bool)


def _limits(flagged: int) -> list[Limit]:
    if not flagged:
        return []
    text = f"{flagged} objects are unlike the training set and should not be used (flag outside_domain)"
    return [Limit(name="outside_domain", value=float(flagged), unit="objects", text=text)]


def _figure(p_values: dict[str, NDArray[np.float64]]) -> dict[str, Any]:
    levels = np.linspace(0, 1, 101)
    return {
        "title": "Conformal p-values of the test objects",
        "xlabel": "p-value of being like the training set",
        "ylabel": "share of objects below",
        "layers": [
            {"kind": "line", "x": [0, 1], "y": [0, 1], "tone": "reference", "label": "like the training set"},
            *(
                {
                    "kind": "line",
                    "x": levels.tolist(),
                    "y": (np.searchsorted(np.sort(p), levels, side="right") / len(p)).tolist(),
                    "tone": tone,
                    "label": label,
                }
                for (label, p), tone in zip(
                    zip(("test objects", "along the labels"), p_values.values(), strict=True),
                    ("main", "second"),
                    strict=True,
                )
            ),
        ],
    }
