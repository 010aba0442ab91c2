"""Are test objects where training objects are?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from checkstar.checks.base import Check
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.errors import NotApplicable
from checkstar.evidence import ALPHA, Estimate, Evidence, Part
from checkstar.prediction import Point
from checkstar.runs import Run

__all__ = ["Positions"]

#: Training objects beyond the radius from which their density about a test object is taken.
_AROUND = 10
#: Of so many nearest training objects; where most of them lie within the radius, one star was observed many times.
_NEAREST = 60


@dataclass(frozen=True, kw_only=True)
class Positions(Check):
    """Are test objects within a point-spread function of training objects?

    Two detections closer than the radius of the point-spread function are one object observed twice, or two that
    share their light. The fault is the share of test objects with a training object within `radius_arcsec` on the sky
    (great circles). It is a count on the given split: its interval is a point, and reaches up by the test and training
    objects without a position, each of which may be one more. In a crowded field some are near by chance: with as many
    training objects per area as there are just beyond the radius, out to the tenth of them, a number that follows
    Poisson's law about a mean that is known as well as the training objects around are many, so a negative binomial
    one; the limit is its 97.5 % quantile, which is zero where less than 0.025 objects are expected. Without the columns ra and dec (degrees) in the metadata of both sets the question is not asked.

    Parameters
    ----------
    radius_arcsec : float
        Radius of the point-spread function, or whatever two observations of one object differ by.
    """

    name = "positions"
    code = "I1b"
    family = "leakage"
    question = "Are test objects where training objects are?"
    statistic = "share of test objects with a training object within the point-spread function"
    needs = frozenset({"training"})
    depends_on = "run"
    tasks = ("regression", "classification")
    references = ("Kapoor & Narayanan 2023, Patterns 4, 100804 (leakage of type 1)",)

    radius_arcsec: float = 2.0

    def examine(self, run: Run, claim: Claim, rng: np.random.Generator) -> Evidence:
        if "positions" not in run.gives:
            raise NotApplicable("no positions (columns ra and dec of meta, in degrees) of training and test objects")
        assert run.train is not None
        separation = _separations(run.test, run.train)
        if np.isnan(separation).all():
            return self.undecided(claim, "no test object, or no training object, has a finite position", len(run.test))
        near = separation <= self.radius_arcsec
        share, unknown = float(near.mean()), int(np.isnan(separation).sum())
        unknown_train = int(np.isnan(_degrees(run.train)).any(axis=0).sum())
        high = min(1.0, share + (unknown + unknown_train) / len(run.test))
        expected, around = _by_chance(run.test, run.train, self.radius_arcsec)
        text = (
            f"{int(near.sum())} of {len(run.test)} test objects have a training object within {self.radius_arcsec:g} "
            f"arcsec; {expected:.2g} would by chance"
        )
        text += f"; {unknown} have no position" if unknown else ""
        text += f"; {unknown_train} training objects have no position" if unknown_train else ""
        part = Part(
            name=f"within {self.radius_arcsec:g} arcsec",
            estimate=Estimate(share, share, high, len(run.test)),
            limit=_most_by_chance(expected, around) / len(run.test),
            limit_kind="derived",
        )
        return self.conclude(
            claim,
            [part],
            reason=lambda _: text,
            flags={"position_in_training": near},
            figure=_figure(separation, self.radius_arcsec),
        )

    def fault(self, size: float) -> str:
        return f"{20 * size:.0f} % of the test objects within an arcsecond of a training object"

    def plant(self, n: int, size: float, rng: np.random.Generator) -> tuple[Run, Claim]:
        """A fifth of the test objects observed again in training, with astrometry good to a third of an arcsecond."""
        # A grid of three arcminutes, of which every other point is trained on: nothing is near by chance.
        side = int(np.ceil(np.sqrt(2 * n)))
        cells = rng.permutation(side * side)[: 2 * n]
        ra, dec = 150 + (cells % side) * 0.05, -30 + (cells // side) * 0.05 * 60 / max(side * 0.05, 60)
        again = np.flatnonzero(rng.random(n) < 0.2 * size)
        test_ra, test_dec = ra[n:].copy(), dec[n:].copy()
        test_ra[again] = ra[again] + rng.normal(0, 0.3, len(again)) / 3600
        test_dec[again] = dec[again] + rng.normal(0, 0.3, len(again)) / 3600
        y = rng.standard_normal(n)
        train = Dataset(y=rng.standard_normal(n), meta={"ra": ra[:n], "dec": dec[:n]})
        test = Dataset(y=y, meta={"ra": test_ra, "dec": test_dec})
        return Run(name="planted", train=train, test=test, prediction=Point(y)), Claim("object_value")


def _degrees(data: Dataset) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    ra, dec = (np.asarray(data.meta[name].to_numpy(), dtype=float) for name in ("ra", "dec"))
    return np.where(np.isfinite(ra) & (np.abs(dec) <= 90), ra, np.nan), np.where(np.abs(dec) <= 90, dec, np.nan)


def _vectors(ra: NDArray[np.float64], dec: NDArray[np.float64]) -> NDArray[np.float64]:
    """Unit vectors (n, 3)."""
    a, d = np.radians(ra), np.radians(dec)
    return np.stack([np.cos(d) * np.cos(a), np.cos(d) * np.sin(a), np.sin(d)], axis=1)


def _separations(test: Dataset, train: Dataset) -> NDArray[np.float64]:
    """Distance (n,) of each test object to the nearest training object in arcsec; NaN without a position."""
    from scipy.spatial import cKDTree

    one, other = _vectors(*_degrees(train)), _vectors(*_degrees(test))
    known, there = np.isfinite(one).all(axis=1), np.isfinite(other).all(axis=1)
    found = np.full(len(test), np.nan)
    if known.any() and there.any():
        chord = cKDTree(one[known]).query(other[there])[0]
        found[there] = np.degrees(2 * np.arcsin(np.clip(chord / 2, 0, 1))) * 3600
    return found


def _most_by_chance(expected: float, around: int) -> float:
    """97.5 % quantile of a Poisson number whose mean was itself taken from `around` objects (negative binomial)."""
    return float(stats.nbinom.isf(ALPHA, around, around / (around + expected))) if expected > 0 else 0.0


def _by_chance(test: Dataset, train: Dataset, radius: float) -> tuple[float, int]:
    """Expected test objects within `radius` arcsec of unrelated training objects; the training objects that tell it.

    At the edges of a field the circles are partly empty: of 500 objects on a square a twentieth of those are missed.
    """
    from scipy.spatial import cKDTree

    one, other = (v[np.isfinite(v).all(axis=1)] for v in (_vectors(*_degrees(data)) for data in (train, test)))
    chord = 2 * np.sin(np.radians(radius / 3600) / 2)
    found, nearest = cKDTree(one).query(other, k=[*range(1, min(_NEAREST, len(one)) + 1)])
    beyond = found > chord
    beyond &= np.cumsum(beyond, axis=1) <= _AROUND
    n, last = beyond.sum(axis=1), np.where(beyond, found, 0.0).max(axis=1)
    # The area out to the n-th of them holds n - 1, so that their density is unbiased; squared chords are areas over pi.
    density = np.where(n > 1, (n - 1) / np.maximum(last**2 - chord**2, 1e-300), 0.0)
    return float((1 - np.exp(-density * chord**2)).sum()), len(np.unique(nearest[beyond]))


def _figure(separation: NDArray[np.float64], radius: float) -> dict[str, Any]:
    known = np.sort(np.maximum(separation[np.isfinite(separation)], 0.01))
    levels = np.linspace(0, len(known) - 1, min(len(known), 300)).astype(int)
    return {
        "title": "Distance of test objects to the nearest training object",
        "xlabel": "separation (arcsec)",
        "ylabel": "share of test objects nearer",
        "xscale": "log",
        "layers": [
            {
                "kind": "line",
                "x": known[levels].tolist(),
                "y": ((levels + 1) / len(separation)).tolist(),
                "tone": "main",
                "label": "test objects",
            },
            {"kind": "vline", "x": [radius], "tone": "limit", "label": "point-spread function"},
        ],
    }
