"""Are test objects too near to training objects?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from checkstar.checks.base import Check
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.errors import NotApplicable
from checkstar.estimates import mean, relabelled, share
from checkstar.evidence import Estimate, Evidence, Part
from checkstar.prediction import Point
from checkstar.runs import Run
from checkstar.simulators import linear_gaussian
from checkstar.statistics.subsamples import some_rows

__all__ = ["Neighbours"]

Array = NDArray[np.float64]
#: Training objects of which distances can be compared.
_FEWEST = 6


@dataclass(frozen=True, kw_only=True)
class Neighbours(Check):
    """Are test objects too near to training objects?

    Near-duplicates (augmented twins, another reduction of the same spectrum, a neighbouring snapshot) are no exact
    copies, and where the noise is large, chance gives many objects a copy within it. Nor does the distance between
    training objects tell what is near: a random split leaves twins among them too. But chance has a law. Let d_1 <
    d_2 < ... be the distances of a test object to its nearest training objects. Wherever these lie with a density
    that is even over d_k, in m dimensions,

        ``u_j = (d_j / d_(j+1))^(j m)``

    are independent uniform numbers, whatever the density is (Facco et al. 2017; Denti et al. 2022): a test set that
    is brighter or rarer raises no alarm. One twin makes d_1 small against d_2, and j twins (augmented copies) d_j
    against d_(j+1); all other ratios stay as they are. So m is taken from the median of u_2, ..., u_(k-1) over all
    objects, which one jump each does not touch. An object has twins if, for a j up to `n_twins`, u_j <= level / n_twins
    (Bonferroni) and d_j < d_(j+1) / 2, because an uneven density makes many small u_j but few such jumps. The fault is

        ``share(with twins) - mean_(j>1) share(u_j <= level)``,

    the share of test objects that are nearer than chance, with what an uneven density does to the farther neighbours
    taken off. (Twins within the training set take off some, too, and make it somewhat too small.) By independent unit;
    the interval adds the errors of both. Larger tight knots, of up to k - 1 training objects, may be many copies or a
    cluster of nature: they accuse nobody, but where they are shown to exceed the limit the check cannot pass. Objects
    with twins at a false-discovery rate of 5 % (Benjamini-Hochberg) are flagged. Distances are Euclidean among up to
    `n_components` whitened principal components; the whole training set is searched.

    Parameters
    ----------
    level : float
        Share of the objects that are as near by chance.
    limit : float
        Largest tolerated share of twins; a convention.
    n_twins : int
        Most twins of one object that accuse.
    n_neighbours : int
        The k of d_k; fewer where there are fewer training objects.
    n_components : int
        Axes in which neighbours are searched.
    max_objects : int
        At most so many test objects, drawn at random.
    """

    name = "neighbours"
    code = "I1c"
    family = "leakage"
    question = "Are test objects too near to training objects?"
    statistic = "share of test objects nearer to a training object than chance allows"
    needs = frozenset({"training_x"})
    depends_on = "run"
    tasks = ("regression", "classification")
    references = (
        "Facco et al. 2017, Sci. Rep. 7, 12140 (the law of distance ratios)",
        "Denti et al. 2022, Sci. Rep. 12, 20005",
        "Kapoor & Narayanan 2023, Patterns 4, 100804 (leakage of type 1)",
    )

    level: float = 0.01
    limit: float = 0.10
    n_twins: int = 8
    n_neighbours: int = 31
    n_components: int = 10
    max_objects: int = 5000

    def examine(self, run: Run, claim: Claim, rng: np.random.Generator) -> Evidence:
        assert run.train is not None
        train, test = run.train.described(), run.test.described()
        if len(train) < _FEWEST:
            why = f"{len(train)} training objects are too few to have {_FEWEST} neighbours among them"
            return self.undecided(claim, why, len(test))
        rows = some_rows(len(test), self.max_objects, rng)
        distance = _distances(train, test[rows], self.n_components, max(_FEWEST, min(self.n_neighbours, len(train))))
        u = _uniform(distance)
        if u is None:
            raise NotApplicable("most distances coincide, as those of features with few values do: nothing is too near")
        weight = None if test.weight is None else test.weight[rows]
        units = relabelled(test.units_of_independence[rows])
        p = _jumps(u, distance, self.n_twins)
        found = share(p <= self.level, units, weight)
        expected = mean((u[:, 1:] <= self.level).mean(axis=1), units, weight)
        knots = share(_jumps(u, distance, u.shape[1]) <= self.level, units, weight)
        fault, knotted, told = _difference(found, expected), _difference(knots, expected), ""
        if knotted.low > self.limit >= fault.low:
            fault = fault._replace(high=max(fault.high, knotted.high))
            told = _of_knots(knots.value, u.shape[1])
        flagged = np.zeros(len(test), dtype=bool)
        flagged[rows] = _benjamini_hochberg(p)
        return self.conclude(
            claim,
            [Part(name="too near", estimate=fault, limit=self.limit)],
            reason=lambda part: _sentence(part, found.value, expected.value) + told,
            flags={"near_training": flagged},
            figure=_figure(u),
        )

    def fault(self, size: float) -> str:
        return f"{20 * size:.0f} % of the test objects are twins of training objects, a hundredth of the spread away"

    def plant(self, n: int, size: float, rng: np.random.Generator) -> tuple[Run, Claim]:
        """A fifth of the test objects copied from the training set with a little noise added."""
        learned, drawn = (linear_gaussian(n, rng, n_features=8) for _ in range(2))
        twin = rng.random(n) < 0.2 * size
        x = np.where(twin[:, None], learned.x + 0.01 * rng.standard_normal(learned.x.shape), drawn.x)
        y = np.where(twin, learned.y, drawn.y)
        run = Run(
            name="planted", train=Dataset(learned.x, learned.y), test=Dataset(x, y), prediction=Point(x.mean(axis=1))
        )
        return run, Claim("object_value")


def _distances(train: Dataset, test: Dataset, n_components: int, k: int) -> Array:
    """Distances (n, k) of test objects to their k nearest training objects among whitened principal components."""
    from scipy.spatial import cKDTree

    x, other = _numbers(train), _numbers(test)
    median = np.ma.filled(np.ma.median(np.ma.masked_invalid(x), axis=0), 0.0)
    x, other = (np.where(np.isfinite(v), v, median) for v in (x, other))
    centre, spread = x.mean(axis=0), x.std(axis=0)
    scale = np.where(spread > 0, spread, np.inf)
    z, to = (x - centre) / scale, (other - centre) / scale
    singular, axes = np.linalg.svd(z[:: max(1, len(z) // 5000)], full_matrices=False)[1:]
    kept = max(1, int((singular[:n_components] > 1e-6 * max(float(singular[0]), 1e-300)).sum()))
    within = (z @ axes[:kept].T).std(axis=0)
    whiten = axes[:kept].T / np.where(within > 0, within, 1.0)
    return np.asarray(cKDTree(z @ whiten).query(to @ whiten, k=[*range(1, k + 1)])[0])


def _uniform(distance: Array) -> Array | None:
    """u_1 ... u_(k-1) (n, k - 1), uniform without twins; None where most distances coincide."""
    order = np.arange(1, distance.shape[1])
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(distance[:, 1:] > 0, distance[:, :-1] / distance[:, 1:], 1.0)
        exponential = -order * np.log(ratio)
    typical = float(np.median(exponential[:, 1:]))
    # The median of an exponential number with rate m is ln 2 / m.
    return np.exp(-math.log(2) / typical * exponential) if typical > 0 else None


def _jumps(u: Array, distance: Array, most: int) -> Array:
    """p-value (n,) of the largest jump between d_j and d_(j+1), j up to `most`; one where none is a factor of two."""
    u, jumped = u[:, :most], 2 * distance[:, :-1] < distance[:, 1:]
    return np.minimum(1.0, u.shape[1] * np.where(jumped[:, :most], u, 1.0).min(axis=1))


def _numbers(data: Dataset) -> Array:
    """Observations (n, p) as floats, NaN where masked by infinite noise."""
    assert data.x is not None
    x = np.asarray(data.x, dtype=float)
    return x if data.noise is None else np.where(np.isinf(data.noise.sigma(x)), np.nan, x)


def _benjamini_hochberg(p: Array, level: float = 0.05) -> NDArray[np.bool_]:
    ordered = np.sort(p)
    below = np.flatnonzero(ordered <= level * np.arange(1, len(p) + 1) / len(p))
    return p <= ordered[below[-1]] if below.size else np.zeros(len(p), dtype=bool)


def _difference(found: Estimate, expected: Estimate) -> Estimate:
    """A share beyond the one expected, with the errors of both."""
    low = found.value - math.hypot(found.value - found.low, expected.high - expected.value)
    high = found.value + math.hypot(found.high - found.value, expected.value - expected.low)
    return Estimate(found.value - expected.value, low - expected.value, high - expected.value, found.n)


def _sentence(part: Part, found: float, expected: float) -> str:
    value, low, high, _ = part.estimate
    return (
        f"{100 * found:.1f} % of the test objects lie nearer to training objects than chance puts {100 * expected:.1f} % of "
        f"them: an excess of {100 * value:+.1f} points [{100 * low:+.1f}, {100 * high:+.1f}]"
    )


def _of_knots(share: float, most: int) -> str:
    knots = f"{100 * share:.0f} % of them lie in tight knots of up to {most} training objects"
    return f"; {knots}, which may be copies or a cluster of nature"


def _figure(u: Array) -> dict[str, Any]:
    levels = np.linspace(0, 1, 101)
    shown = {"nearest training object": ("main", u[:, 0]), "farther ones": ("reference", u[:, 1:].ravel())}
    layers: list[dict[str, Any]] = [
        {
            "kind": "line",
            "x": levels.tolist(),
            "y": (np.searchsorted(np.sort(values), levels, side="right") / values.size).tolist(),
            "tone": tone,
            "label": label,
        }
        for label, (tone, values) in shown.items()
    ]
    return {
        "title": "How near the nearest training object is",
        "xlabel": "probability of being as near by chance",
        "ylabel": "share of test objects below",
        "layers": layers,
    }
