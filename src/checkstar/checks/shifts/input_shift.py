"""Are the objects on which it will be used like those that it learned from, noise apart?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from checkstar.checks.base import Check
from checkstar.checks.targets import Matched, matched_samples, observed_target
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.estimates import unit_count
from checkstar.evidence import Evidence, Part
from checkstar.prediction import Point
from checkstar.runs import Run
from checkstar.scope import Scope
from checkstar.simulators import linear_gaussian
from checkstar.statistics.density_ratio import DensityRatio, density_ratio
from checkstar.statistics.two_samples import energy_p_value, if_fully_learned, told_apart

__all__ = ["InputShift"]

Array = NDArray[np.float64]

_FEWEST = 50
#: Objects of each sample among which the energy distance is permuted.
_PERMUTED = 500


@dataclass(frozen=True, kw_only=True)
class InputShift(Check):
    """Are the objects on which it will be used like those that it learned from, noise apart?

    A classifier (`checkstar.statistics.density_ratio`: ridge logistic regression on linear and quadratic terms of
    whitened components, which see a shift in a direction of little variance) learns to tell training from target
    objects, each judged by a fit that has not seen its unit. The fault is its AUC - 0.5, with DeLong's interval over
    units. The better of the two samples is degraded to the noise of the worse first (`checkstar.statistics.noise_matching`):
    that the target was observed less deeply is the business of the checks of noise. A classifier of few objects has not
    learned all; the upper end is that of the best direction (`if_fully_learned`), so that few objects never pass. It sees
    differences of means and covariances, not of finer shape (two narrow peaks for one broad): the p-value of a test by
    energy distance, which sees any, is stated beside it, and the check `support` looks for holes.

    Parameters
    ----------
    limit : float
        AUC - 0.5. The convention 0.1 is a shift by 0.36 standard deviations in one direction: a third of the spread, as
        elsewhere in this package.
    max_objects : int
        At most so many of each sample, drawn at random, are compared.
    """

    name = "input_shift"
    code = "C3"
    family = "shift"
    question = "Are the objects on which it will be used like those that it learned from?"
    statistic = "AUC - 0.5 of a classifier between training and target objects at equal noise"
    needs = frozenset({"training_x"})
    depends_on = "run"
    tasks = ("regression", "classification")
    declared = "target"
    references = (
        "Lopez-Paz & Oquab 2017, ICLR (arXiv:1610.06545)",
        "Rabanser, Guennemann & Lipton 2019, NeurIPS (arXiv:1810.11953)",
        "DeLong, DeLong & Clarke-Pearson 1988, Biometrics 44, 837",
    )

    limit: float = 0.10
    max_objects: int = 5000
    n_folds: int = 3

    def examine(self, run: Run, claim: Claim, rng: np.random.Generator) -> Evidence:
        assert run.train is not None
        train, target = run.train.described(), observed_target(run).described()
        fewest = min(unit_count(data.units_of_independence) for data in (train, target))
        if fewest < _FEWEST:
            why = f"{fewest} independent objects in the training or target sample are too few to compare; {_FEWEST} are needed"
            return self.undecided(claim, why, fewest, float(_FEWEST))
        # Data simulated from the same seed would meet their own noise again.
        rng = rng.spawn(1)[0]
        samples = matched_samples(train, target, self.max_objects, rng)
        ratio = density_ratio(
            samples.first,
            samples.second,
            rng,
            units_source=samples.units[0],
            units_target=samples.units[1],
            n_folds=self.n_folds,
            max_objects=self.max_objects,
        )
        estimate = told_apart((np.log(ratio.weights), np.log(ratio.at_target)), samples.units, ratio.folds)
        learned = (1 - 1 / self.n_folds) * np.array([len(np.unique(units)) for units in samples.units])
        estimate = if_fully_learned(estimate, ratio.n_terms, learned[0], learned[1])
        p = _energy(samples, ratio, rng)
        effects = _effects(samples.first, samples.second, train.features)
        return self.conclude(
            claim,
            [Part(name="training against target", estimate=estimate, limit=self.limit)],
            reason=lambda part: _sentence(part, p, effects, _noise(run.train, samples.at_equal_noise)),
            figure=_figure(effects),
        )

    def fault(self, size: float) -> str:
        return f"target objects {0.6 * size:.1f} standard deviations away in one direction, and observed with twice the noise"

    def plant(self, n: int, size: float, rng: np.random.Generator) -> tuple[Run, Claim]:
        """A target at twice the noise, moved along one direction; the clean twin has the noise only."""
        learned, drawn, used = (linear_gaussian(n, rng) for _ in range(3))
        moved = used.x + 0.6 * size * np.hypot(1.0, 2 * used.sigma) * np.array([1, -1, 0, 0]) / np.sqrt(2)
        worse = moved + np.sqrt(3) * used.sigma * rng.standard_normal(moved.shape)
        run = Run(
            name="planted",
            train=Dataset(learned.x, learned.y, noise=learned.sigma),
            test=Dataset(drawn.x, drawn.y, noise=drawn.sigma),
            prediction=Point(drawn.estimate),
            scope=Scope(target=Dataset(worse, noise=2 * used.sigma)),
        )
        return run, Claim("object_value")


class _Effect(NamedTuple):
    """Difference of one feature: target minus training in pooled standard deviations, and the ratio of the spreads."""

    feature: str
    shift: float
    spread: float

    @property
    def size(self) -> float:
        return max(abs(self.shift), abs(math.log(self.spread)))

    def words(self) -> str:
        if abs(self.shift) >= abs(math.log(self.spread)):
            return f"{self.feature} ({self.shift:+.2f} standard deviations)"
        return f"{self.feature} (spread times {self.spread:.2f})"


def _energy(samples: Matched, ratio: DensityRatio, rng: np.random.Generator) -> float:
    rows = [_first(units, rng) for units in samples.units]
    whitened = [
        ratio.model.whitened(x[chosen]) for x, chosen in zip((samples.first, samples.second), rows, strict=True)
    ]
    units = samples.units[0][rows[0]], samples.units[1][rows[1]]
    return energy_p_value(whitened[0], whitened[1], units, rng)


def _first(units: NDArray[np.intp], rng: np.random.Generator) -> NDArray[np.intp]:
    return np.arange(len(units)) if len(units) <= _PERMUTED else rng.choice(len(units), _PERMUTED, replace=False)


def _effects(train: Array, target: Array, names: tuple[str, ...]) -> list[_Effect]:
    """Features by the size of their difference, largest first; medians and quartiles, so that no outlier leads."""
    quartiles = [_quartiles(x) for x in (train, target)]
    spread = [np.maximum((q[2] - q[0]) / 1.349, 0.0) for q in quartiles]
    pooled = np.sqrt(0.5 * (spread[0] ** 2 + spread[1] ** 2))
    usable = (pooled > 0) & np.isfinite(pooled)
    shift = np.divide(quartiles[1][1] - quartiles[0][1], pooled, out=np.zeros_like(pooled), where=usable)
    both = usable & (spread[0] > 0) & (spread[1] > 0)
    ratio = np.divide(spread[1], spread[0], out=np.ones_like(pooled), where=both)
    found = [_Effect(name, float(d), float(r)) for name, d, r in zip(names, shift, ratio, strict=True)]
    return sorted(found, key=lambda effect: -effect.size)


def _quartiles(x: Array) -> Array:
    """Quartiles (3, p) of each feature where it was seen; zero for one that never was."""
    if np.isfinite(x).all():
        return np.quantile(x, [0.25, 0.5, 0.75], axis=0)
    never = ~np.isfinite(x).any(axis=0)
    return np.nanquantile(np.where(never, 0.0, x), [0.25, 0.5, 0.75], axis=0)


def _noise(train: Dataset | None, matched: bool) -> str:
    if train is not None and train.describe is not None:
        return "noise and sampling included,"
    return "at equal noise" if matched else "noise included, as it was not given for both,"


def _sentence(part: Part, p: float, effects: list[_Effect], noise: str) -> str:
    value, low, high, _ = part.estimate
    words = f"; a test by energy distance gives p = {p:.3g}" if math.isfinite(p) else ""
    most = ", ".join(effect.words() for effect in effects[:3])
    return (
        f"{noise} a classifier tells target from training objects with an AUC of {0.5 + value:.3f} "
        f"[{0.5 + low:.3f}, {0.5 + high:.3f}] (0.5 is chance){words}; most different are {most}"
    )


def _figure(effects: list[_Effect]) -> dict[str, Any]:
    shown = effects[:12]
    places = list(range(len(shown)))
    return {
        "title": "Features that differ most between training and target",
        "xlabel": "feature",
        "ylabel": "target against training",
        "xticks": [effect.feature for effect in shown],
        "layers": [
            {
                "kind": "bars",
                "x": places,
                "y": [effect.shift for effect in shown],
                "tone": "main",
                "label": "shift (standard deviations)",
            },
            {
                "kind": "points",
                "x": places,
                "y": [math.log(effect.spread) for effect in shown],
                "tone": "second",
                "label": "logarithm of the ratio of spreads",
            },
            {"kind": "hline", "y": [0.0], "tone": "reference"},
        ],
    }
