"""Did it learn from objects like each of those on which it will be used?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from checkstar.checks.base import Check
from checkstar.checks.targets import matched_samples, observed_target
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.estimates import relabelled, share, unit_count
from checkstar.evidence import Evidence, Limit, Part
from checkstar.prediction import Point
from checkstar.runs import Run
from checkstar.scope import Scope
from checkstar.simulators import linear_gaussian
from checkstar.statistics.observed_components import without_masked
from checkstar.statistics.strangeness import Strangeness, along_components

__all__ = ["Support"]

Array = NDArray[np.float64]

#: Twenty balls of twenty objects: with fewer, holes are smaller than what can be resolved.
_FEWEST = 400


@dataclass(frozen=True, kw_only=True)
class Support(Check):
    """Did it learn from objects like each of those on which it will be used?

    The ball around a target object that holds `n_neighbours` other target objects would hold
    ``n_neighbours * n_train / n_target`` training objects, had both been drawn alike. The object is unsupported where it
    holds less than `fewest` times that: the training density relative to the target's is then below a tenth, whatever the
    dimension (a ratio of nearest-neighbour densities; Loftsgaarden & Quesenberry 1965). With twenty neighbours a fully
    supported object is called unsupported with probability 1e-5. The fault is the share of unsupported target objects, of
    the whitened principal components at equal noise (`checkstar.statistics.noise_matching`). It answers what an average
    shift does not: a survey may be like its training set but for five per cent that has no counterpart at all (the empty
    cells of the map of Masters et al. 2015). Test objects in such places are flagged `unsupported`.

    Parameters
    ----------
    limit : float
        Largest share of unsupported target objects (convention).
    fewest : float
        Training density, relative to that of the target, below which an object is unsupported.
    """

    name = "support"
    code = "C7"
    family = "shift"
    question = "Did it learn from objects like each of those on which it will be used?"
    statistic = "share of target objects where the training set has less than a tenth of their density"
    needs = frozenset({"training_x"})
    depends_on = "run"
    tasks = ("regression", "classification")
    declared = "target"
    references = (
        "Masters et al. 2015, ApJ 813, 53 (arXiv:1509.03318)",
        "Loftsgaarden & Quesenberry 1965, Ann. Math. Stat. 36, 1049",
    )

    limit: float = 0.05
    fewest: float = 0.1
    n_neighbours: int = 20
    n_components: int = 10
    max_objects: int = 3000

    def examine(self, run: Run, claim: Claim, rng: np.random.Generator) -> Evidence:
        assert run.train is not None
        train, target, test = (data.described() for data in (run.train, observed_target(run), run.test))
        n_units = min(unit_count(data.units_of_independence) for data in (train, target))
        if n_units < _FEWEST:
            why = f"{n_units} independent training or target objects are too few to map a density; {_FEWEST} are needed"
            return self.undecided(claim, why, n_units, float(_FEWEST))
        # Data simulated from the same seed would meet their own noise again.
        rng = rng.spawn(1)[0]
        samples = matched_samples(train, target, self.max_objects, rng)
        target = samples.data[1]
        space = along_components(np.concatenate(samples[:2]), self.n_components)
        seen, wanted = space.coordinates(samples.first), space.coordinates(samples.second)
        # Objects of one unit crowd together: balls are counted in units, one object of each.
        one_each = [_one_each(units, rng) for units in samples.units]
        balls = self._balls(seen[one_each[0]], wanted[one_each[1]], rng)
        unsupported = balls(wanted)
        part = share(unsupported, relabelled(target.units_of_independence), target.weight)
        flagged = balls(space.coordinates(without_masked(test.x, test.noise)))  # type: ignore[arg-type]
        return self.conclude(
            claim,
            [Part(name="unsupported target objects", estimate=part, limit=self.limit)],
            reason=lambda part: self._sentence(part, _distinctive(target, unsupported)),
            figure=_figure(space, seen, wanted, unsupported),
            flags={"unsupported": flagged},
            limits_of_use=_limits(part.value),
        )

    def _balls(self, seen: Array, wanted: Array, rng: np.random.Generator) -> Callable[[Array], NDArray[np.bool_]]:
        """A function that tells of objects (n, k) whether they are unsupported."""
        from sklearn.neighbors import NearestNeighbors

        # Far more target than training objects: balls of a few of them would hold no training object by chance.
        drawn = wanted[np.sort(rng.choice(len(wanted), min(len(wanted), len(seen)), replace=False))]
        needed = max(round(self.fewest * self.n_neighbours * len(seen) / len(drawn)), 1)
        of_target = NearestNeighbors(n_neighbors=self.n_neighbours + 1).fit(drawn)
        of_train = NearestNeighbors(n_neighbors=min(needed, len(seen))).fit(seen)

        def unsupported(objects: Array) -> NDArray[np.bool_]:
            distance = of_target.kneighbors(objects)[0]
            # A target object is its own nearest neighbour.
            radius = np.where(distance[:, 0] == 0, distance[:, -1], distance[:, -2])
            return np.asarray(of_train.kneighbors(objects)[0][:, -1] > radius)

        return unsupported

    def _sentence(self, part: Part, where: str) -> str:
        value, low, high, _ = part.estimate
        return (
            f"{100 * value:.1f} % [{100 * low:.1f}, {100 * high:.1f}] of the target objects lie where the training set has "
            f"less than {self.fewest:g} of their density{where}"
        )

    def fault(self, size: float) -> str:
        return f"{100 * 0.2 * size:.0f} % of the target objects of a kind that the training set lacks"

    def plant(self, n: int, size: float, rng: np.random.Generator) -> tuple[Run, Claim]:
        """A fifth of the target five standard deviations away in one feature; the clean twin has more noise only."""
        learned, drawn, used = (linear_gaussian(n, rng) for _ in range(3))
        moved = used.x.copy()
        moved[rng.random(n) < 0.2 * size, 0] += 5 * np.hypot(1.0, 1.5 * used.sigma)
        worse = moved + np.sqrt(1.25) * used.sigma * rng.standard_normal(moved.shape)
        run = Run(
            name="planted",
            train=Dataset(learned.x, learned.y, noise=learned.sigma),
            test=Dataset(drawn.x, drawn.y, noise=drawn.sigma),
            prediction=Point(drawn.estimate),
            scope=Scope(target=Dataset(worse, noise=1.5 * used.sigma)),
        )
        return run, Claim("object_value")


def _one_each(units: NDArray[np.intp], rng: np.random.Generator) -> NDArray[np.intp]:
    """Rows of one object of each unit, drawn at random; all where each is a unit of its own."""
    if len(np.unique(units)) == len(units):
        return np.arange(len(units))
    shuffled = rng.permutation(len(units))
    return np.sort(shuffled[np.unique(units[shuffled], return_index=True)[1]])


def _distinctive(target: Dataset, unsupported: NDArray[np.bool_]) -> str:
    """The feature in which the unsupported objects differ most from the others, in words."""
    if unsupported.sum() < 5 or (~unsupported).sum() < 5:
        return ""
    x = without_masked(target.x, target.noise)  # type: ignore[arg-type]
    usable = np.isfinite(x[unsupported]).any(axis=0) & np.isfinite(x[~unsupported]).any(axis=0)
    if not usable.any():
        return ""
    x = x[:, usable]
    middle = [np.nanmedian(x[rows], axis=0) for rows in (unsupported, ~unsupported)]
    spread = np.nanstd(x[~unsupported], axis=0)
    size = np.divide(middle[0] - middle[1], spread, out=np.zeros(len(spread)), where=spread > 0)
    first = int(np.abs(size).argmax())
    name = np.asarray(target.features)[usable][first]
    return f"; their median {name} is {middle[0][first]:.4g}, that of the others {middle[1][first]:.4g}"


def _limits(value: float) -> list[Limit]:
    if not value > 0:
        return []
    text = f"{100 * value:.2g} % of the target objects have no counterpart in the training set and should not be used"
    return [Limit(name="unsupported", value=100 * value, unit="%", text=text)]


def _figure(space: Strangeness, seen: Array, wanted: Array, unsupported: NDArray[np.bool_]) -> dict[str, Any]:
    def layer(points: Array, tone: str, label: str) -> dict[str, Any]:
        chosen = points[np.linspace(0, len(points) - 1, min(300, len(points))).astype(int)] if len(points) else points
        y = chosen[:, 1] if chosen.shape[1] > 1 else np.zeros(len(chosen))
        return {"kind": "points", "x": chosen[:, 0].tolist(), "y": y.tolist(), "tone": tone, "label": label}

    return {
        "title": "Training and target objects in the components of their observations",
        "xlabel": "first component (standard deviations)",
        "ylabel": "second component" if len(space.axes) > 1 else "norm of what the first leaves over",
        "layers": [
            layer(seen, "muted", "training objects"),
            layer(wanted[~unsupported], "main", "target objects"),
            layer(wanted[unsupported], "limit", "unsupported target objects"),
        ],
    }
