"""Does the posterior say more than the prior?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from checkstar.checks.base import Check
from checkstar.checks.posterior_draws import joint_draws, planted
from checkstar.claims import Claim
from checkstar.estimates import ratio, unit_count
from checkstar.evidence import Estimate, Evidence, Part
from checkstar.runs import Run
from checkstar.simulators import gaussian_posteriors
from checkstar.statistics.ranks import chunks

__all__ = ["Contraction"]

Array = NDArray[np.float64]
_MOST_PRIOR_DRAWS = 1000
_MOST_SHOWN = 20
_FEWEST = 8


@dataclass(frozen=True, kw_only=True)
class Contraction(Check):
    """Does the posterior say more than the prior?

    The prior in place of the posterior passes every test of coverage. A proper score tells them apart: the energy score
    ``E|X - theta*| - E|X - X'| / 2`` of all parameters, each in units of its standard deviation in the prior, relative
    to the score of the prior itself (the training labels; the truths of the other objects where there are none, which
    flatters the prior). One is no skill; a posterior above `limit` of the prior's score says no more than the prior.

    The same ratio for each parameter, and the contraction ``1 - Var_posterior / Var_prior`` that its widths claim, are
    shown and do not decide: data may be silent about a parameter. Whether its posterior is silent although x is not,
    `sbc` and `tarp` tell.

    Parameters
    ----------
    limit : float
        Largest score relative to the prior's.
    """

    name = "contraction"
    code = "B8p"
    family = "posterior"
    depends_on = "run"
    question = "Do the posteriors say more than the prior?"
    statistic = "energy score relative to the prior's (zero is perfect, one is no skill)"
    needs = frozenset({"samples"})
    references = ("Gneiting & Raftery 2007, JASA 102, 359", "Betancourt 2018, arXiv:1803.08393")

    limit: float = 0.95

    def examine(self, run: Run, claim: Claim, rng: np.random.Generator) -> Evidence:
        test, (draws, truth) = run.test, joint_draws(run, rng)
        own = run.train is None or run.train.y is None
        pool = truth if own else np.asarray(run.train.y, dtype=float)  # type: ignore[union-attr]
        if unit_count(test.units_of_independence) < _FEWEST:
            return self.undecided(claim, f"scores of fewer than {_FEWEST} simulations say nothing", len(truth))
        scale = pool.std(axis=0)
        varied = scale > 1e-12 * (1 + np.abs(pool).max(axis=0))
        if not varied.any():
            return self.undecided(claim, "all true values are equal: the prior is exact", len(truth))
        labels = [label for label, kept in zip(run.labels, varied, strict=True) if kept]
        draws, truth, pool = (array[..., varied] / scale[varied] for array in (draws, truth, pool))
        prior = np.sort(rng.permutation(len(pool))[:_MOST_PRIOR_DRAWS])
        of_itself = np.isin(np.arange(len(truth)), prior) if own else np.zeros(len(truth), dtype=bool)

        def skill(columns: list[int]) -> Estimate:
            ours = _energy_scores(draws[..., columns], truth[:, columns])
            blind = _scores_of_prior(pool[prior][:, columns], truth[:, columns], of_itself)
            return ratio(ours, blind, test.units_of_independence, test.weight)

        found = {"all parameters": skill(list(range(len(labels))))}
        if len(labels) > 1:
            found |= {label: skill([j]) for j, label in enumerate(labels)}
        claimed = dict(zip(labels, 1 - draws.var(axis=1).mean(axis=0), strict=True))
        parts = [
            Part(name=name, estimate=estimate, limit=self.limit, decides=name == "all parameters")
            for name, estimate in found.items()
        ]
        return self.conclude(
            claim, parts, reason=lambda part: _sentence(part, claimed), figure=_figure(labels, claimed, found)
        )

    def fault(self, size: float) -> str:
        return f"posteriors shrunk by {100 * size:.0f} % towards the prior, with the right coverage on average"

    def plant(self, n: int, size: float, rng: np.random.Generator) -> tuple[Run, Claim]:
        """The prior in place of the posterior."""
        return planted(gaussian_posteriors(n, 2, 100, rng, shrink=size)), Claim("posterior")


def _energy_scores(draws: Array, truth: Array) -> Array:
    """Energy score (n,) of draws (n, s, d), the distance between draws taken from pairs half the draws apart."""
    n, s, d = draws.shape
    half, scores = s // 2, np.empty(n)
    for rows in chunks(n, s * d):
        here = draws[rows]
        first = _lengths(here - truth[rows, None]).mean(axis=1)
        second = _lengths(here[:, :half] - here[:, half : 2 * half]).mean(axis=1)
        scores[rows] = first - 0.5 * second
    return scores


def _scores_of_prior(prior: Array, truth: Array, of_itself: NDArray[np.bool_]) -> Array:
    """Energy score (n,) of the prior's draws (m, d), each truth left out of its own prior where it is in it."""
    m, d = prior.shape
    apart = sum(float(_lengths(prior[rows, None] - prior).sum()) for rows in chunks(m, m * d)) / max(m * (m - 1), 1)
    total = np.empty(len(truth))
    for rows in chunks(len(truth), m * d):
        total[rows] = _lengths(truth[rows, None] - prior).sum(axis=1)
    return total / np.maximum(m - of_itself, 1) - 0.5 * apart


def _lengths(differences: Array) -> Array:
    if differences.shape[-1] == 1:
        return np.abs(differences[..., 0])
    return np.sqrt(np.einsum("...d,...d->...", differences, differences))


def _sentence(part: Part, claimed: Mapping[str, float]) -> str:
    value, low, high, _ = part.estimate
    amount = f"{100 * value:.0f} % of the prior's [{100 * low:.0f}, {100 * high:.0f}]"
    if value > 2:
        amount = f"{value:.3g} times the prior's [{low:.3g}, {high:.3g}]"
    score = f"the energy score of {part.name} is {amount}"
    if len(claimed) == 1:
        return f"{score}; the widths claim {_contraction(next(iter(claimed.values())))}"
    if part.name in claimed:
        return f"{score}; its widths claim {_contraction(claimed[part.name])}"
    least = min(claimed, key=lambda label: claimed[label])
    return f"{score}; the widths claim {_contraction(claimed[least], 'at least ')} ({least})"


def _contraction(claimed: float, least: str = "") -> str:
    return f"a contraction of {least}{100 * claimed:.0f} %" if claimed >= 0.005 else "no contraction"


def _figure(labels: Sequence[str], claimed: Mapping[str, float], found: Mapping[str, Estimate]) -> dict[str, Any]:
    skills = [found.get(label, found["all parameters"]) for label in labels[:_MOST_SHOWN]]
    x = list(range(len(skills)))
    return {
        "title": "What the posteriors know beyond the prior",
        "xlabel": "parameter",
        "ylabel": "skill, contraction",
        "xticks": list(labels[:_MOST_SHOWN]),
        "layers": [
            {
                "kind": "bars",
                "x": x,
                "y": [float(claimed[label]) for label in labels[:_MOST_SHOWN]],
                "tone": "muted",
                "label": "contraction claimed by the widths",
            },
            {
                "kind": "interval",
                "x": x,
                "y": [1 - e.value for e in skills],
                "low": [1 - e.high for e in skills],
                "high": [1 - e.low for e in skills],
                "tone": "main",
                "label": "skill against the prior",
            },
            {"kind": "hline", "y": [0.0], "tone": "reference", "label": "the prior"},
        ],
    }
