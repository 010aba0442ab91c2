"""Is the truth one more draw of its posterior?"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from checkstar.checks.base import Check
from checkstar.checks.posterior_draws import densities, features, following, joint_draws, planted
from checkstar.claims import Claim
from checkstar.estimates import kish, mean, normalised_weights, relabelled, unit_count
from checkstar.evidence import Estimate, Evidence, Part, folded
from checkstar.runs import Run
from checkstar.simulators import gaussian_posteriors
from checkstar.statistics.quadratic_forms import root_of_squares
from checkstar.statistics.ranks import LocationScale, location_and_scale, mean_scores, ranks, uniform_scores
from checkstar.statistics.references import blocks, regressed
from checkstar.statistics.uniformity import band, ecdf, largest_deviation, uniformity_p_value

__all__ = ["Sbc"]

Array = NDArray[np.float64]
Units = NDArray[np.intp]

_CONVENTIONAL_TOLERANCE = 0.10
_FEWEST = 8
_MOST_SHOWN = 6


@dataclass(frozen=True, kw_only=True)
class Sbc(Check):
    """Is the truth one more draw of its posterior?

    Simulation-based calibration: the rank of a parameter's truth among its s draws is uniform on 0..s if the posterior
    is right. What is wrong, for each parameter: the bias and the relative error of the width of the normal posterior
    that explains the ranks, exact for every s (`checkstar.statistics.ranks`), and the largest deviation of the
    distribution of ranks from the uniform one. For all together: the bias of the most biased combination of
    parameters, ``sqrt(b' R^-1 b)`` with biases b and the correlation R of the normal scores, which decides for all.

    Ranks of parameters do not see a posterior that is right only on average over x. Quantities that depend on the data
    do (Modrak et al. 2023): the rank of the log-density, where densities are given (shown here, judged by
    `expected_coverage`), and the bias that follows x, half the difference in bias between objects whose x and posterior
    mean let a linear regression expect a high value and those for which it expects a low one. The regression learns from
    other objects, and the posterior mean counts the truth as one more draw, so that the ranks of right posteriors stay
    uniform on either side.

    Draws must be independent: where they follow each other as those of a chain do, nothing is concluded.

    Parameters
    ----------
    bias_limit : float
        Largest bias, in sigma of the posterior.
    deviation_limit : float
        Largest deviation of the distribution of ranks.
    """

    name = "sbc"
    code = "B2"
    family = "posterior"
    tolerance_of = "posterior"
    question = "Is the truth one more draw of its posterior?"
    statistic = "bias and relative error of the widths that explain the ranks"
    needs = frozenset({"samples"})
    enough = 5000
    references = (
        "Talts et al. 2018, arXiv:1804.06788",
        "Saeilynoja, Buerkner & Vehtari 2022, Stat. Comput. 32, 32",
        "Modrak et al. 2023, arXiv:2211.02383",
    )

    bias_limit: float = 0.1
    deviation_limit: float = 0.05

    def examine(self, run: Run, claim: Claim, rng: np.random.Generator) -> Evidence:
        draws, truth = joint_draws(run, rng)
        why = following(draws)
        if why:
            return self.undecided(claim, why, len(truth))
        units, weight, s = run.test.units_of_independence, run.test.weight, draws.shape[1]
        if unit_count(units) < _FEWEST:
            return self.undecided(claim, f"ranks of fewer than {_FEWEST} simulations say nothing", unit_count(units))
        rank = ranks(draws, truth, rng)
        z, u = mean_scores(rank, s), uniform_scores(rank, s, rng)
        sizes = [location_and_scale(rank[:, j], s, units, weight) for j in range(len(run.labels))]
        found = _Found(claim.label, run.labels)
        self._add_biases(found, sizes, z, units, weight)
        self._add_widths(found, claim, sizes)
        self._add_following(found, run, features(run, draws, truth), z, rng)
        scores = dict(zip(run.labels, u.T, strict=True))
        self._add_deviations(found, scores, units, weight)
        log_prob = densities(run)
        if log_prob is not None:
            scores["the log-density"] = uniform_scores(ranks(log_prob.draws, log_prob.truth, rng), s, rng)
            self._add_deviation(found, "the log-density", scores["the log-density"], units, weight)
        figure = _figure(scores, kish(normalised_weights(weight, len(truth)), units), weight)
        return self.conclude(claim, found.parts, reason=lambda part: found.sentences[part.name], figure=figure)

    def fault(self, size: float) -> str:
        return f"posteriors too narrow by a factor of {1 + 0.4 * size:.2f}"

    def plant(self, n: int, size: float, rng: np.random.Generator) -> tuple[Run, Claim]:
        """Posteriors that are too narrow."""
        return planted(gaussian_posteriors(n, 2, 100, rng, width=1 / (1 + 0.4 * size))), Claim("posterior")

    def _add_biases(
        self, found: _Found, sizes: list[LocationScale], z: Array, units: Units, weight: Array | None
    ) -> None:
        for label, (bias, _, _) in zip(found.labels, sizes, strict=True):
            part = Part(name=f"bias of {label}", estimate=folded(bias), limit=self.bias_limit, unit="sigma")
            interval = f"{-bias.value:+.2f} sigma [{-bias.high:+.2f}, {-bias.low:+.2f}]"
            found.add(part, f"the posteriors of {label} are biased by {interval}", of=label)
        biases, influence = np.array([size.bias.value for size in sizes]), np.stack([size.influence for size in sizes])
        joint = _length(biases, influence, z, units, weight)
        part = Part(name="bias of all parameters", estimate=joint, limit=self.bias_limit, unit="sigma")
        found.add(part, f"the most biased combination of parameters is off by {_interval(joint)} sigma")

    def _add_widths(self, found: _Found, claim: Claim, sizes: list[LocationScale]) -> None:
        limit = self.limit_of(claim, _CONVENTIONAL_TOLERANCE)
        for label, (_, log_width, _) in zip(found.labels, sizes, strict=True):
            value, low, high, n = folded(log_width)
            error = Estimate(math.expm1(value), math.expm1(low), math.expm1(min(high, 50.0)), n)
            side = "narrow" if log_width.value > 0 else "wide"
            sentence = f"the posteriors of {label} are {_percent(error)} too {side}"
            found.add(Part(name=f"width of {label}", estimate=error, **limit), sentence, of=label, alone=True)

    def _add_following(self, found: _Found, run: Run, seen: Array, z: Array, rng: np.random.Generator) -> None:
        rows, sides = _sides(seen, np.asarray(run.test.y, dtype=float), run.test.units_of_independence, rng)
        units, weight = relabelled(run.test.units_of_independence[rows]), run.test.weight
        weight, tilted = None if weight is None else weight[rows], sides * z[rows]
        if weight is not None and not weight.sum() > 0:
            return  # objects of weight are too few to learn from others
        for label, column in zip(found.labels, tilted.T, strict=True):
            bias = mean(column, units, weight)
            part = Part(name=f"bias of {label} with x", estimate=folded(bias), limit=self.bias_limit, unit="sigma")
            found.add(part, f"the posteriors of {label} are {_interval(folded(bias))} sigma {_turned(bias)}", of=label)
        w = normalised_weights(weight, len(rows))[:, None]
        centre = (w * tilted).mean(axis=0)
        joint = _length(centre, (w * (tilted - centre)).T, tilted, units, weight)
        part = Part(name="bias of all parameters with x", estimate=joint, limit=self.bias_limit, unit="sigma")
        found.add(part, f"the bias of some combination of parameters follows x, by {_interval(joint)} sigma either way")

    def _add_deviations(self, found: _Found, scores: Mapping[str, Array], units: Units, weight: Array | None) -> None:
        sizes = {label: self._add_deviation(found, label, u, units, weight) for label, u in scores.items()}
        worst = max(sizes, key=lambda label: sizes[label].value)
        joint = largest_deviation(scores[worst], units, weight, looked_at=len(sizes))
        part = Part(name="ranks of all parameters", estimate=joint, limit=self.deviation_limit)
        found.add(part, found.sentences[f"ranks of {worst}"])

    def _add_deviation(self, found: _Found, label: str, u: Array, units: Units, weight: Array | None) -> Estimate:
        estimate, p = largest_deviation(u, units, weight), uniformity_p_value(u, units, weight)
        part = Part(name=f"ranks of {label}", estimate=estimate, limit=self.deviation_limit)
        sentence = f"the ranks of {label} deviate from uniform by up to {_interval(estimate)} (p = {p:.2g})"
        found.add(part, sentence, of=label)
        return estimate


@dataclass
class _Found:
    """Parts with their sentences.

    All parameters together decide, unless there is one only or the claim is about one; the others are shown.
    """

    label: str | None
    labels: tuple[str, ...]
    parts: list[Part] = field(default_factory=list)
    sentences: dict[str, str] = field(default_factory=dict)

    def add(self, part: Part, sentence: str, *, of: str | None = None, alone: bool = False) -> None:
        """Keep a part `of` one parameter or of all; `alone` where nothing stands for all parameters."""
        if of is None and len(self.labels) == 1:
            return
        label = self.labels[0] if len(self.labels) == 1 else self.label
        decides = of == label or (alone and label is None)
        self.parts.append(replace(part, decides=decides))
        self.sentences[part.name] = sentence


def _length(values: Array, influence: Array, scores: Array, units: Units, weight: Array | None) -> Estimate:
    """Length of a vector (d,) with influence (d, n), whitened by the correlation of scores (n, d)."""
    w = normalised_weights(weight, len(scores))
    g, d = kish(w, units), len(values)
    if unit_count(units) < 5 * d:
        return Estimate(float(np.sqrt(values @ values)), 0.0, math.inf, g)
    unit = scores / np.sqrt(np.maximum((w[:, None] * scores**2).mean(axis=0), 1e-12))
    # A little of the unit matrix, so that parameters which repeat each other do not divide by zero.
    root = np.linalg.cholesky(0.999 * unit.T @ (w[:, None] * unit) / len(unit) + 0.001 * np.eye(d))
    whitened = np.linalg.solve(root, influence)
    sums = np.stack([np.bincount(units, weights=row) for row in whitened]) / len(scores)
    biases = np.asarray(np.linalg.solve(root, values), dtype=np.float64)
    return root_of_squares(biases, sums @ sums.T * g / max(g - 1, 1.0), g)


def _sides(seen: Array, truth: Array, units: Units, rng: np.random.Generator) -> tuple[Units, Array]:
    """Objects (m,) of which others let a high (+1) or low (-1) value of each parameter expect, and which (m, d)."""
    rows, sides = [], []
    for known, new in blocks(units, rng):
        expected = regressed(seen, truth, known, new)[0]
        rows.append(new)
        sides.append(np.where(expected > np.median(expected, axis=0), 1.0, -1.0))
    order = np.argsort(np.concatenate(rows))
    return np.concatenate(rows)[order], np.concatenate(sides)[order]


def _turned(bias: Estimate) -> str:
    high, low = ("low", "high") if bias.value > 0 else ("high", "low")
    return f"too {high} where x speaks for a high value and too {low} where for a low one"


def _interval(estimate: Estimate) -> str:
    digits = 2 if estimate.high >= 0.1 else 3
    return f"{estimate.value:.{digits}f} [{max(estimate.low, 0.0):.{digits}f}, {estimate.high:.{digits}f}]"


def _percent(error: Estimate) -> str:
    value, low, high = error.value, max(error.low, 0.0), error.high
    if value > 1:
        return f"a factor of {1 + value:.3g} [{1 + low:.3g}, {1 + high:.3g}]"
    return f"{100 * value:.0f} % [{100 * low:.0f}, {100 * high:.0f}]"


def _figure(scores: Mapping[str, Array], n: float, weight: Array | None) -> dict[str, Any]:
    """Distribution of the ranks less the uniform one, for the quantities that deviate most, in their common band."""
    inside = band(n)
    lines = {label: ecdf(u, inside.points, weight) - inside.points for label, u in scores.items()}
    worst = sorted(lines, key=lambda label: -float(np.abs(lines[label]).max()))[:_MOST_SHOWN]
    x = inside.points.tolist()
    layers: list[dict[str, Any]] = [
        {
            "kind": "band",
            "x": x,
            "low": inside.low.tolist(),
            "high": inside.high.tolist(),
            "tone": "reference",
            "label": "right posteriors, 95 % of all curves",
        }
    ]
    for i, label in enumerate(worst):
        tone = "main" if i == 0 else "second" if i == 1 else "muted"
        layers.append({"kind": "line", "x": x, "y": lines[label].tolist(), "tone": tone, "label": label})
    return {
        "title": "Ranks of the truth",
        "xlabel": "rank / (draws + 1)",
        "ylabel": "share below - rank",
        "layers": layers,
    }
