"""Are the observations on which the posteriors will be used like the simulations?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from checkstar.checks.base import Check
from checkstar.checks.targets import matched_samples, observed_target
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.estimates import quantile, relabelled, unit_count
from checkstar.evidence import ALPHA, Estimate, Evidence, Limit, Part
from checkstar.prediction import Normal
from checkstar.runs import Run
from checkstar.scope import Scope
from checkstar.simulators import linear_gaussian
from checkstar.statistics.conformal import excess_share
from checkstar.statistics.observed_components import without_masked
from checkstar.statistics.strangeness import along_components, at_least_as_strange

__all__ = ["Misspecification"]

Array = NDArray[np.float64]
#: Halves of which one learns what simulations look like and one says how strange they may look.
_FEWEST = 80
_AS_OBSERVED, _EQUAL_NOISE, _STRANGEST = "as observed", "at equal noise", "the strangest"
_LARGEST = 1e6


class _Distances(NamedTuple):
    """Distances of calibration simulations (c,) and targets (m,) from the others, and the units of the former."""

    calibration: Array
    target: Array
    units: NDArray[np.intp]

    @property
    def p(self) -> Array:
        """Conformal p-values (m,) of the targets."""
        return (1 + at_least_as_strange(self.calibration, self.target)) / (1 + len(self.calibration))


@dataclass(frozen=True, kw_only=True)
class Misspecification(Check):
    """Are the observations on which the posteriors will be used like the simulations?

    A posterior learned from simulations says nothing about data that no parameters simulate, and does not show it:
    calibration on simulations stays perfect (Schmitt 2023). One half of the training simulations (no unit divided) makes
    a score of strangeness, the distance to the `n_neighbours`-th neighbour among whitened principal components with the
    norm of what they leave over; the other half calibrates it, so that a share `level` of exchangeable observations has
    a conformal p-value of at most that, whatever the distributions. The fault is the share of the target beyond it.

    Few targets have no share worth the name. Of at most `few`, the fault is the distance of the strangest relative to
    that which one of so many simulations exceeds with probability 2.5 %; the limit, one, is derived.

    Each observation is judged by itself: a target that fills a corner of the prior only is no fault of the simulator.
    Where the two have different known noise the share is also shown at equal noise, the better sample degraded to the worse
    (`checkstar.statistics.noise_matching`): what vanishes there is cured by simulating the noise of the target.

    Parameters
    ----------
    limit : float
        Share of strange targets beyond `level` (convention).
    max_objects : int
        At most so many simulations and targets, drawn at random.
    """

    name = "misspecification"
    code = "C6"
    family = "posterior"
    question = "Are the observations on which the posteriors will be used like the simulations?"
    statistic = "share of target observations unlike the simulations, beyond that expected"
    needs = frozenset({"training_x"})
    depends_on = "run"
    declared = "target"
    references = (
        "Schmitt et al. 2023, GCPR (arXiv:2112.08866)",
        "Bates et al. 2023, Ann. Stat. 51, 149 (arXiv:2104.08279)",
    )

    limit: float = 0.05
    level: float = 0.05
    few: int = 20
    n_components: int = 20
    n_neighbours: int = 5
    max_objects: int = 10_000

    def examine(self, run: Run, claim: Claim, rng: np.random.Generator) -> Evidence:
        assert run.train is not None
        train, target = run.train.described(), observed_target(run).described()
        n_units = unit_count(train.units_of_independence)
        if n_units < _FEWEST:
            why = f"{n_units} independent simulations are too few to say what is typical; {_FEWEST} are needed"
            return self.undecided(claim, why, n_units, float(_FEWEST))
        # Data simulated from the same seed would meet their own noise again.
        rng = rng.spawn(1)[0]
        found = matched_samples(train, target, self.max_objects, rng)
        simulated, used = found.data
        assert simulated.x is not None and used.x is not None
        half = _halves(simulated, rng)
        seen = without_masked(simulated.x, simulated.noise), without_masked(used.x, used.noise)
        distances = {_AS_OBSERVED: self._distances(*seen, simulated, half)}
        changed = not all(np.array_equal(a, b, equal_nan=True) for a, b in zip(seen, found[:2], strict=True))
        if changed:  # one of them was degraded
            distances[_EQUAL_NOISE] = self._distances(found.first, found.second, simulated, half)
        if unit_count(used.units_of_independence) <= self.few:
            parts = [self._strangest(name, d, len(used)) for name, d in distances.items()]
        else:
            parts = [self._share(name, d, used) for name, d in distances.items()]
        p = {name: d.p for name, d in distances.items()}
        return self.conclude(
            claim,
            parts,
            reason=lambda part: self._sentence(part, parts, p[_AS_OBSERVED]),
            figure=_figure(p),
            limits_of_use=_limits(p[_AS_OBSERVED]),
        )

    def _distances(self, simulated: Array, target: Array, data: Dataset, half: NDArray[np.bool_]) -> _Distances:
        score = along_components(simulated[half], self.n_components, self.n_neighbours)
        units = relabelled(data.units_of_independence[~half])
        return _Distances(score(simulated[~half]), score(target), units)

    def _share(self, name: str, distances: _Distances, used: Dataset) -> Part:
        n_calibration = unit_count(distances.units)
        estimate = excess_share(distances.p, self.level, used.units_of_independence, used.weight, n_calibration)
        return Part(name=name, estimate=estimate, limit=self.limit, decides=name == _AS_OBSERVED)

    def _strangest(self, name: str, distances: _Distances, n_targets: int) -> Part:
        finite = np.minimum(distances.calibration, _LARGEST)
        reached = quantile(finite, 1 - ALPHA / n_targets, distances.units)
        far = min(float(distances.target.max()), _LARGEST)
        value, low, high = (_over(far, q) for q in (reached.value, reached.high, reached.low))
        return Part(
            name=f"{_STRANGEST} {name}",
            estimate=Estimate(value, low, high, reached.n),
            limit=1.0,
            limit_kind="derived",
            unit="of the largest distance expected",
            decides=name == _AS_OBSERVED,
        )

    def _sentence(self, part: Part, parts: list[Part], p: Array) -> str:
        value, low, high, _ = part.estimate
        if part.name.startswith(_STRANGEST):
            who = "the target observation" if len(p) == 1 else f"the strangest of {len(p)} target observations"
            rare = f" (p = {p.min():.2g})" if part.decides else f", {_EQUAL_NOISE}"
            return (
                f"{who} lies {value:.2f} [{low:.2f}, {high:.2f}] times as far from the simulations as the largest "
                f"distance expected{rare}"
            )
        words = (
            f"{100 * (value + self.level):.1f} % of the target observations are, {part.name}, as strange as the strangest "
            f"{100 * self.level:g} % of the simulations: an excess of {100 * value:+.1f} points [{100 * low:+.1f}, {100 * high:+.1f}]"
        )
        if not part.decides or len(parts) == 1:
            return words
        return f"{words}; at equal noise {100 * parts[1].estimate.value:+.1f} points"

    def fault(self, size: float) -> str:
        return f"{30 * size:.0f} % of the target observations with a signal in one feature that was never simulated"

    def plant(self, n: int, size: float, rng: np.random.Generator) -> tuple[Run, Claim]:
        """A third of the targets with a cosmic ray of five standard deviations in one feature."""
        learned, drawn, used = (linear_gaussian(n, rng) for _ in range(3))
        x = used.x.copy()
        x[rng.random(n) < 0.3 * size, 0] += 5 * np.hypot(1.0, used.sigma)
        weight = 1 / (1 + drawn.noise**2)
        run = Run(
            name="planted",
            train=Dataset(learned.x, learned.y, noise=learned.sigma),
            test=Dataset(drawn.x, drawn.y, noise=drawn.sigma),
            prediction=Normal(weight * drawn.estimate, np.full(n, drawn.noise * math.sqrt(weight))),
            scope=Scope(target=Dataset(x, noise=used.sigma)),
        )
        return run, Claim("posterior")


def _halves(data: Dataset, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Which simulations (n,) say what is typical; no unit is divided."""
    units = data.units_of_independence
    return np.asarray(rng.permutation(unit_count(units))[units] % 2 == 0)


def _over(distance: float, reached: float) -> float:
    if math.isinf(reached):
        return 0.0 if reached > 0 else _LARGEST
    return min(distance / reached, _LARGEST) if reached > 0 else (_LARGEST if distance > 0 else 0.0)


def _limits(p: Array) -> list[Limit]:
    """How many targets are found strange at a false-discovery rate of 5 % (Benjamini & Hochberg 1995)."""
    ordered = np.sort(p)
    below = np.flatnonzero(ordered <= 0.05 * np.arange(1, len(p) + 1) / len(p))
    if not below.size:
        return []
    strange = int(below[-1]) + 1
    text = f"{strange} of {len(p)} target observations are unlike any simulation; their posteriors mean nothing"
    return [Limit(name="unlike_simulations", value=float(strange), unit="objects", text=text)]


def _figure(p: dict[str, Array]) -> dict[str, Any]:
    levels = np.linspace(0, 1, 101)
    tones = {_AS_OBSERVED: "main", _EQUAL_NOISE: "second"}
    lines = [
        {
            "kind": "line",
            "x": levels.tolist(),
            "y": (np.searchsorted(np.sort(values), levels, side="right") / len(values)).tolist(),
            "tone": tones[name],
            "label": f"target, {name}",
        }
        for name, values in p.items()
    ]
    return {
        "title": "Conformal p-values of the target observations",
        "xlabel": "p-value of being like the simulations",
        "ylabel": "share of observations below",
        "layers": [
            {"kind": "line", "x": [0, 1], "y": [0, 1], "tone": "reference", "label": "like the simulations"},
            *lines,
        ],
    }
