"""Do the credible regions of all parameters together hold the truth as often as they say?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from checkstar.checks.base import Check
from checkstar.checks.posterior_draws import densities, following, joint_draws, planted
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.estimates import kish, normalised_weights, share
from checkstar.evidence import Estimate, Evidence, Part
from checkstar.runs import Run
from checkstar.simulators import gaussian_posteriors
from checkstar.statistics.ranks import chunks, ranks, uniform_scores
from checkstar.statistics.uniformity import band, ecdf, uniformity_p_value

__all__ = ["ExpectedCoverage"]

Array = NDArray[np.float64]

_CONVENTIONAL_TOLERANCE = 0.10
#: ln of the largest factor by which coverage can tell widths apart.
_LARGEST_LOG = 5.0


@dataclass(frozen=True, kw_only=True)
class ExpectedCoverage(Check):
    """Do the credible regions of all parameters together hold the truth as often as they say?

    The region of level L with the highest density holds the truth if fewer than a share L of the draws have a higher
    density than the truth: the rank of ``log q(theta* | x)`` among those of the draws is uniform if the posterior is
    right. So that one tolerance serves all levels and dimensions d, the coverage c at each level is read as the relative
    error of the widths of a normal posterior that explains it: with right widths k times the claimed ones

        c(L) = P(chi^2_d <= F_d^-1(L) / k^2),

    corrected for the scatter of ranks among s draws. Coverage is Clopper-Pearson at the effective number of simulations.

    Without densities the level is that of the ellipsoid about the mean of draws and truth with their covariance. The
    truth is one of the s + 1 points in both, so its rank is exactly uniform all the same.

    Coverage is an average over x: the prior has it too. Read it beside `sbc`, `tarp` and `contraction`.
    """

    name = "expected_coverage"
    code = "B4"
    family = "posterior"
    tolerance_of = "posterior"
    question = "Do the credible regions of all parameters hold the truth as often as they say?"
    statistic = "relative error of the widths that explains the coverage"
    needs = frozenset({"samples"})
    references = (
        "Hermans et al. 2022, arXiv:2110.06581",
        "Deistler, Goncalves & Macke 2022, arXiv:2210.04815",
        "Clopper & Pearson 1934, Biometrika 26, 404",
    )

    levels: tuple[float, ...] = (0.5, 0.683, 0.9, 0.95)

    def examine(self, run: Run, claim: Claim, rng: np.random.Generator) -> Evidence:
        test, (draws, truth) = run.test, joint_draws(run, rng)
        why = following(draws)
        if why:
            return self.undecided(claim, why, len(truth))
        log_prob = densities(run)
        s, d = draws.shape[1:]
        if log_prob is None:
            inside = ranks(*_distances(draws, truth), rng)
        else:
            inside = ranks(-log_prob.draws, -log_prob.truth, rng)
        u = uniform_scores(inside, s, rng)
        held = {
            f"{100 * level:g} % region": (level, share(u <= level, test.units_of_independence, test.weight))
            for level in self.levels
        }
        limit = self.limit_of(claim, _CONVENTIONAL_TOLERANCE)
        logs = {name: _log_width(covered, level, s, d) for name, (level, covered) in held.items()}
        parts = [Part(name=name, estimate=_size(log), **limit) for name, log in logs.items()]
        p = uniformity_p_value(u, test.units_of_independence, test.weight)
        region = "region" if log_prob is not None else "ellipsoid"

        def sentence(part: Part) -> str:
            return _sentence(part, held[part.name][1], logs[part.name].value, p, region)

        return self.conclude(claim, parts, reason=sentence, figure=_figure(u, test, list(held.values())))

    def fault(self, size: float) -> str:
        return f"posteriors too narrow by a factor of {1 + 0.4 * size:.2f}"

    def plant(self, n: int, size: float, rng: np.random.Generator) -> tuple[Run, Claim]:
        """Posteriors that are too narrow."""
        return planted(gaussian_posteriors(n, 3, 100, rng, width=1 / (1 + 0.4 * size))), Claim("posterior")


def _distances(draws: Array, truth: Array) -> tuple[Array, Array]:
    """Squared Mahalanobis distances of the draws (n, s) and the truth (n,) from their common mean."""
    n, s, d = draws.shape
    out = np.empty((n, s + 1))
    for rows in chunks(n, (s + 1) * d):
        points = np.concatenate([draws[rows], truth[rows, None]], axis=1)
        points -= points.mean(axis=1, keepdims=True)
        scale = points.std(axis=1, keepdims=True)
        points /= np.where(scale > 0, scale, 1.0)
        # The ridge is for draws fewer than dimensions, and parameters that repeat each other.
        covariance = np.swapaxes(points, 1, 2) @ points / (s + 1) + 1e-6 * np.eye(d)
        out[rows] = np.einsum("nsd,nsd->ns", points @ np.linalg.inv(covariance), points)
    return out[:, :-1], out[:, -1]


def _log_width(covered: Estimate, level: float, s: int, d: int) -> Estimate:
    """ln of the right width over the claimed one, from the coverage of one level."""
    k, coverage = _coverage_of_widths(level, s, d)

    def explained(share_inside: float) -> float:
        return float(np.interp(-share_inside, -coverage, k))

    edge = 0.5 / (covered.n + 1)
    value = explained(min(max(covered.value, edge), 1 - edge))
    low, high = explained(covered.high), explained(covered.low)
    return Estimate(value, min(low, value), max(high, value), covered.n)


@lru_cache(maxsize=64)
def _coverage_of_widths(level: float, s: int, d: int) -> tuple[Array, Array]:
    """ln k, rising, and the coverage, falling, of the region of one level when right widths are k times the claimed."""
    log_k = np.linspace(-_LARGEST_LOG, _LARGEST_LOG, 401)
    chance = (np.arange(400) + 0.5) / 400
    outside = special.chdtr(d, np.exp(2 * log_k)[:, None] * special.chdtri(d, 1 - chance))
    whole, part = divmod(level * (s + 1), 1.0)
    # The truth is inside if (r + U) / (s + 1) <= level, with r binomial about its level.
    below = special.bdtr(whole - 1, s, outside) if whole >= 1 else np.zeros_like(outside)
    covered = ((1 - part) * below + part * special.bdtr(min(whole, s), s, outside)).mean(axis=1)
    return log_k, covered


def _size(log_width: Estimate) -> Estimate:
    """Relative error of the widths, whichever its sign."""
    value, low, high, n = log_width
    least, largest = max(0.0, low, -high), max(abs(low), abs(high))
    return Estimate(math.expm1(abs(value)), math.expm1(least), math.expm1(largest), n)


def _sentence(part: Part, covered: Estimate, log_width: float, p: float, region: str) -> str:
    value = part.estimate.value
    amount = f"{100 * value:.0f} %" if value <= 1 else f"a factor of {1 + value:.3g}"
    side = "narrow" if log_width > 0 else "wide"
    name = part.name.replace("region", region)
    return (
        f"the {name} holds {100 * covered.value:.1f} % [{100 * covered.low:.1f}, {100 * covered.high:.1f}] of the truths, "
        f"as posteriors {amount} too {side} would (p = {p:.2g})"
    )


def _figure(u: Array, test: Dataset, held: list[tuple[float, Estimate]]) -> dict[str, Any]:
    inside = band(kish(normalised_weights(test.weight, len(u)), test.units_of_independence))
    x = inside.points
    return {
        "title": "Expected coverage",
        "xlabel": "level of the region",
        "ylabel": "share of truths inside - level",
        "layers": [
            {
                "kind": "band",
                "x": x.tolist(),
                "low": inside.low.tolist(),
                "high": inside.high.tolist(),
                "tone": "reference",
                "label": "right posteriors, 95 % of all curves",
            },
            {
                "kind": "line",
                "x": x.tolist(),
                "y": (ecdf(u, x, test.weight) - x).tolist(),
                "tone": "main",
                "label": "measured",
            },
            {
                "kind": "interval",
                "x": [level for level, _ in held],
                "y": [e.value - level for level, e in held],
                "low": [e.low - level for level, e in held],
                "high": [e.high - level for level, e in held],
                "tone": "main",
                "label": "coverage with its interval",
            },
        ],
    }
