"""Do regions about points that know the observation hold the truth as often as they say?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from checkstar.checks.base import Check
from checkstar.checks.posterior_draws import features, following, joint_draws, planted
from checkstar.claims import Claim
from checkstar.estimates import kish, normalised_weights, relabelled, unit_count
from checkstar.evidence import Evidence, Part
from checkstar.prediction import Samples
from checkstar.runs import Run
from checkstar.simulators import gaussian_posteriors
from checkstar.statistics.ranks import chunks, ranks, uniform_scores
from checkstar.statistics.references import blocks, nearest, regressed
from checkstar.statistics.subsamples import some_rows
from checkstar.statistics.uniformity import band, ecdf, largest_deviation, uniformity_p_value

__all__ = ["Tarp"]

Array = NDArray[np.float64]
Units = NDArray[np.intp]

_FEWEST = 16
_RULES = ("another truth", "truth of the nearest neighbour in x", "regression on x", "regression on x, with scatter")


class _Coverage(NamedTuple):
    """Coverage values (m,) of some objects, with their units and weights."""

    u: Array
    units: Units
    weight: Array | None


@dataclass(frozen=True, kw_only=True)
class Tarp(Check):
    """Do regions about points that know the observation hold the truth as often as they say?

    Tests of accuracy with random points (TARP): the share of draws that lie nearer to a reference point than the truth
    does is uniform on (0, 1) if the posterior is right, whatever the reference, as long as it does not know the truth
    of the object itself. The fault is the largest deviation of the distribution of these coverage values from the
    uniform one: by how much, at the worst level, balls about the reference hold more or fewer truths than they say.
    Its interval is that of Dvoretzky, Kiefer, Wolfowitz and Massart on the values themselves, one for each simulation.
    (A test on the points of the coverage curve takes its bins for data and finds next to nothing.)

    References that do not depend on x cannot tell a posterior from the prior, so most of them do: the truth of the
    nearest neighbour in x, a linear regression of the truth on x and the posterior means, and this regression with a
    residual of another object added. All are learned from objects that come earlier in a random order, so the coverage
    values of right posteriors are independent and exactly uniform (`checkstar.statistics.references`).

    Distances are in units of the mean width of the posteriors of each parameter. A constant bias hardly shows here:
    read it beside `sbc` and `contraction`.

    Parameters
    ----------
    limit : float
        Largest deviation of the coverage.
    max_objects : int
        Simulations looked at.
    """

    name = "tarp"
    code = "B5"
    family = "posterior"
    depends_on = "run"
    question = "Do regions about points that know the observation hold the truth as often as they say?"
    statistic = "largest error of the coverage of regions about reference points"
    needs = frozenset({"samples"})
    enough = 5000
    references = (
        "Lemos et al. 2023, arXiv:2302.03026",
        "Massart 1990, Ann. Probab. 18, 1269",
    )

    limit: float = 0.05
    max_objects: int = 10_000

    def examine(self, run: Run, claim: Claim, rng: np.random.Generator) -> Evidence:
        run = _thinned(run, self.max_objects, rng)
        if unit_count(run.test.units_of_independence) < _FEWEST:
            n = unit_count(run.test.units_of_independence)
            return self.undecided(claim, f"fewer than {_FEWEST} simulations have no others to learn references from", n)
        why = following(run.prediction.draws) if isinstance(run.prediction, Samples) else ""
        if why:
            return self.undecided(claim, why, len(run.test))
        found = _coverages(run, rng)
        weight = next(iter(found.values())).weight
        if weight is not None and not weight.sum() > 0:
            return self.undecided(claim, "too few simulations of weight to learn references from others", len(run.test))
        p = {name: uniformity_p_value(*coverage) for name, coverage in found.items()}
        parts = [
            Part(name=name, estimate=largest_deviation(*coverage), limit=self.limit) for name, coverage in found.items()
        ]
        return self.conclude(claim, parts, reason=lambda part: _sentence(part, p[part.name]), figure=_figure(found))

    def fault(self, size: float) -> str:
        return f"posteriors shrunk by {100 * size:.0f} % towards the prior, with the right coverage on average"

    def plant(self, n: int, size: float, rng: np.random.Generator) -> tuple[Run, Claim]:
        """The prior in place of the posterior."""
        return planted(gaussian_posteriors(n, 2, 100, rng, shrink=size)), Claim("posterior")


def _thinned(run: Run, most: int, rng: np.random.Generator) -> Run:
    if len(run.test) <= most:
        return run
    rows = some_rows(len(run.test), most, rng)
    return Run(name=run.name, test=run.test[rows], train=run.train, prediction=run.prediction[rows])


def _coverages(run: Run, rng: np.random.Generator) -> dict[str, _Coverage]:
    """Coverage values for each rule that chooses a reference."""
    draws, truth = joint_draws(run, rng)
    units, weight = run.test.units_of_independence, run.test.weight
    seen = features(run, draws, truth)
    scale = draws.std(axis=1).mean(axis=0)
    scale = np.where(scale > 0, scale, np.where(np.ptp(truth, axis=0) > 0, truth.std(axis=0), 1.0))
    # Neighbours in x alone where there is one: posterior means may know nothing.
    near = seen if run.test.x is None else seen[:, truth.shape[1] :]
    chosen, references = _references(seen, near, truth, units, rng)
    ranked = _ranks_about(draws[chosen], truth[chosen], references, scale, rng)
    of = relabelled(units[chosen]), None if weight is None else weight[chosen]
    return {
        rule: _Coverage(uniform_scores(rank, draws.shape[1], rng), *of)
        for rule, rank in zip(_RULES, ranked, strict=True)
    }


def _references(seen: Array, near: Array, truth: Array, units: Units, rng: np.random.Generator) -> tuple[Units, Array]:
    """Objects (m,) and a reference for each by each rule (r, m, d)."""
    rows, points = [], []
    for known, new in blocks(units, rng):
        expected, residuals = regressed(seen, truth, known, new)
        other, scatter = (rng.integers(0, len(known), len(new)) for _ in range(2))
        neighbour = nearest(near, known, new)
        rows.append(new)
        points.append(np.stack([truth[known[other]], truth[neighbour], expected, expected + residuals[scatter]]))
    return np.concatenate(rows), np.concatenate(points, axis=1)


def _ranks_about(draws: Array, truth: Array, references: Array, scale: Array, rng: np.random.Generator) -> list[Units]:
    """How many draws lie nearer to each reference (r, m, d) than the truth."""
    out: list[Units] = []
    for reference in references:
        inside = np.empty(len(truth), dtype=np.intp)
        for rows in chunks(len(truth), draws[0].size):
            centre = reference[rows, None]
            near = np.square((draws[rows] - centre) / scale).sum(axis=2)
            inside[rows] = ranks(near, np.square((truth[rows] - reference[rows]) / scale).sum(axis=1), rng)
        out.append(inside)
    return out


def _sentence(part: Part, p: float) -> str:
    value, low, high, _ = part.estimate
    return (
        f"regions about a reference ({part.name}) miss their coverage by up to {100 * value:.1f} points "
        f"[{100 * max(low, 0.0):.1f}, {100 * high:.1f}] (p = {p:.2g})"
    )


def _figure(found: Mapping[str, _Coverage]) -> dict[str, Any]:
    first = next(iter(found.values()))
    inside = band(kish(normalised_weights(first.weight, len(first.u)), first.units))
    x = inside.points
    layers: list[dict[str, Any]] = [
        {
            "kind": "band",
            "x": x.tolist(),
            "low": inside.low.tolist(),
            "high": inside.high.tolist(),
            "tone": "reference",
            "label": "right posteriors, 95 % of all curves",
        }
    ]
    # Three lines can be told apart; that with scatter lies between the others.
    for tone, (name, coverage) in zip(("muted", "second", "main"), found.items(), strict=False):
        line = ecdf(coverage.u, x, coverage.weight) - x
        layers.append({"kind": "line", "x": x.tolist(), "y": line.tolist(), "tone": tone, "label": name})
    return {
        "title": "Coverage about references",
        "xlabel": "level of the region",
        "ylabel": "share of truths inside - level",
        "layers": layers,
    }
