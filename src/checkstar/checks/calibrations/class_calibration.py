"""Are class probabilities right?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from checkstar.checks.base import Check
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.estimates import normalised_weights, share, unit_count
from checkstar.evidence import ALPHA, Z_95, Z_POWER_80, Estimate, Evidence, Part
from checkstar.prediction import Classes
from checkstar.runs import LabelView, Run

__all__ = ["ClassCalibration"]

_CONVENTION = 0.02


class _Bins(NamedTuple):
    """Per bin: share of objects, observed minus predicted, mean prediction; and the covariance of the differences."""

    share: NDArray[np.float64]
    gap: NDArray[np.float64]
    predicted: NDArray[np.float64]
    covariance: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class ClassCalibration(Check):
    """Are class probabilities right?

    Root mean square difference between the predicted probability and the observed frequency, in bins of equal numbers
    of objects, for every class; the worst class decides. The plug-in estimate of that number is positive for a perfect
    classifier (0.10 at n = 100), so the sampling variance of the frequencies is subtracted (Kumar 2019), and the
    interval follows from the distribution of the quadratic form ``sum_b w_b d_b^2`` of normal differences d with
    covariance S, whose mean is ``theta^2 + tr(W S)``. Zero lies inside it for a perfect classifier, whatever the
    classes' overlap. The mean absolute error ("ECE") is never larger than this number.

    Parameters
    ----------
    n_bins : int
        Bins of equal numbers of objects; calibration inside a bin is not resolved.
    """

    name = "class_calibration"
    code = "B7"
    family = "calibration"
    tolerance_of = "classification"
    question = "Are class probabilities right?"
    statistic = "root mean square calibration error of the worst class, debiased"
    tasks = ("classification",)
    uses = frozenset({"classification"})
    enough = 20_000
    references = ("Kumar, Liang & Ma 2019, NeurIPS", "Dimitriadis, Gneiting & Jordan 2021, PNAS 118, e2016191118")

    n_bins: int = 15

    def examine(self, run: Run, claim: Claim, rng: np.random.Generator) -> Evidence:
        view = run.view(claim.label)
        assert isinstance(view.prediction, Classes)
        codes, probabilities = view.prediction.codes(view.truth), view.prediction.probabilities
        names = view.prediction.names
        # With two classes the errors of one are those of the other.
        chosen = [1] if len(names) == 2 else range(len(names))
        limit = self.limit_of(claim, _CONVENTION)
        bins = [self._bins((codes == c).astype(float), probabilities[:, c], view) for c in chosen]
        parts = [
            Part(
                name=f"class {names[c]}",
                estimate=_interval(
                    found,
                    unit_count(view.units),
                    _in_the_large((codes == c).astype(float), probabilities[:, c], view),
                ),
                **limit,
            )
            for c, found in zip(chosen, bins, strict=True)
        ]
        shown = max(range(len(parts)), key=lambda i: parts[i].estimate.value)
        z = _spiegelhalter((codes == chosen[shown]).astype(float), probabilities[:, chosen[shown]])
        return self.conclude(
            claim,
            parts,
            reason=lambda part: _sentence(part, z),
            figure=_figure(bins[shown], parts[shown].name),
            n_wanted=_n_wanted(bins, limit["limit"], unit_count(view.units)),
        )

    def _bins(self, hit: NDArray[np.float64], probability: NDArray[np.float64], view: LabelView) -> _Bins:
        w = normalised_weights(view.weight, len(hit))
        n_bins = int(min(self.n_bins, max(1, len(hit) // 10)))
        edges = np.unique(np.quantile(probability, np.linspace(0, 1, n_bins + 1)[1:-1]))
        code = np.searchsorted(edges, probability, side="right")
        total = np.bincount(code, weights=w, minlength=len(edges) + 1).astype(float)
        kept = total > 0
        predicted = np.bincount(code, weights=w * probability, minlength=len(total))[kept] / total[kept]
        gap = np.bincount(code, weights=w * (hit - probability), minlength=len(total))[kept] / total[kept]
        position = (np.cumsum(kept) - 1)[code]
        residual = w * (hit - probability - gap[position])
        covariance = _covariance(residual, position, view.units, total[kept])
        # A bin without a hit shows no variance, but the probabilities themselves imply some.
        implied = np.bincount(code, weights=w**2 * probability * (1 - probability), minlength=len(total))[kept]
        missing = np.maximum(implied / total[kept] ** 2 - np.diag(covariance), 0.0)
        return _Bins(total[kept] / total.sum(), gap, predicted, covariance + np.diag(missing))

    def fault(self, size: float) -> str:
        return f"log-odds too large by {50 * size:.0f} %"

    def plant(self, n: int, size: float, rng: np.random.Generator) -> tuple[Run, Claim]:
        """Log-odds multiplied by 1.5: an overconfident version of the exact probabilities."""
        logit = 1.5 * rng.standard_normal(n)
        truth = np.where(rng.random(n) < 1 / (1 + np.exp(-logit)), "star", "galaxy")
        p = 1 / (1 + np.exp(-(1 + 0.5 * size) * logit))
        prediction = Classes(np.column_stack([1 - p, p]), ["galaxy", "star"])
        return Run(name="planted", test=Dataset(y=truth), prediction=prediction), Claim("classification")


def _covariance(
    residual: NDArray[np.float64], code: NDArray[np.intp], units: NDArray[np.intp], total: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Covariance (b, b) of the bins' mean differences, summed by independent unit."""
    g, b = unit_count(units), len(total)
    if g == len(units):  # one object a unit: bins are independent
        counts = np.bincount(code, minlength=b)
        squares = np.bincount(code, weights=residual**2, minlength=b)
        return np.diag(squares * counts / np.maximum(counts - 1, 1) / total**2)
    sums = np.bincount(units * b + code, weights=residual, minlength=g * b).reshape(g, b) / total
    if g < 2:
        return np.full((b, b), np.inf)
    # The covariance of few units is itself uncertain: as wide as Student's t with g - 1 degrees of freedom.
    return g / (g - 1) * float(special.stdtrit(g - 1, 1 - ALPHA) / Z_95) ** 2 * sums.T @ sums


def _in_the_large(hit: NDArray[np.float64], probability: NDArray[np.float64], view: LabelView) -> float:
    """Upper end of |observed - predicted| over all objects, exact where a class was hardly ever seen (Clopper-Pearson).

    The root mean square error is never smaller, so its upper end is not either.
    """
    found = share(hit > 0, view.units, view.weight)
    predicted = float(np.average(probability, weights=view.weight))
    return max(abs(found.high - predicted), abs(predicted - found.low))


def _interval(bins: _Bins, n_units: int, in_the_large: float) -> Estimate:
    """Debiased root mean square difference and its 95 % interval, by inverting the law of the quadratic form.

    ``Q = sum_b w_b d_b^2`` is taken as ``a`` times a noncentral chi^2 with ``nu`` degrees of freedom and noncentrality
    ``theta^2 / a``; a and nu match its mean and variance without a fault (Satterthwaite 1946). Exact for bins of
    equal variance.
    """
    size = float((bins.share * bins.gap**2).sum())
    mean, spread = _null_moments(bins)
    if not np.isfinite(spread):
        return Estimate(math.sqrt(size), 0.0, math.inf, n_units)
    if mean <= 0:  # probabilities of zero and one that were all right
        return Estimate(math.sqrt(size), 0.0, in_the_large, n_units)
    a, nu = spread**2 / (2 * mean), 2 * mean**2 / spread**2
    low = special.chndtrinc(size / a, nu, 1 - ALPHA) if special.chdtr(nu, size / a) > 1 - ALPHA else 0.0
    # Agreement better than expected by chance must not narrow the interval (power-constrained limit, Cowan 2011).
    high = special.chndtrinc(max(size, mean) / a, nu, ALPHA)
    upper = max(math.sqrt(a * high), in_the_large)
    return Estimate(math.sqrt(max(size - mean, 0.0)), math.sqrt(a * low), upper, n_units)


def _null_moments(bins: _Bins) -> tuple[float, float]:
    """Mean and standard deviation of the quadratic form where there is no fault."""
    weighted = bins.share[:, None] * bins.covariance
    return float(np.trace(weighted)), math.sqrt(2 * float(np.einsum("ij,ji->", weighted, weighted)))


def _n_wanted(bins: list[_Bins], limit: float, n_units: int) -> float | None:
    """Objects with which the same fault would be decided with 80 % power.

    The noise of theta^2 falls as 1/n, not as its root, while the fault is below it.
    """
    wanted = []
    for found in bins:
        mean, null = _null_moments(found)
        excess = float((found.share * found.gap**2).sum()) - mean
        distance = abs(limit**2 - excess) if excess > Z_95 * null else limit**2
        wanted.append(n_units * (Z_95 + Z_POWER_80) * null / max(distance, 1e-3 * limit**2))
    return float(math.ceil(max(wanted))) if all(map(math.isfinite, wanted)) else None


def _spiegelhalter(hit: NDArray[np.float64], p: NDArray[np.float64]) -> float:
    """Spiegelhalter's Z (1986, Stat. Med. 5, 421): the Brier score against its expectation under calibration."""
    spread = math.sqrt(float((((1 - 2 * p) ** 2) * p * (1 - p)).sum()))
    return float(((hit - p) * (1 - 2 * p)).sum()) / spread if spread > 0 else math.nan


def _sentence(part: Part, z: float) -> str:
    value, low, high, _ = part.estimate
    return (
        f"the probabilities of {part.name} are off by {value:.3f} [{max(low, 0):.3f}, {high:.3f}] (root mean square; "
        f"Spiegelhalter Z {z:+.1f})"
    )


def _figure(bins: _Bins, name: str) -> dict[str, Any]:
    half = Z_95 * np.sqrt(np.diag(bins.covariance))
    observed = bins.predicted + bins.gap
    return {
        "title": f"Reliability of {name}",
        "xlabel": "predicted probability",
        "ylabel": "observed frequency",
        "layers": [
            {"kind": "line", "x": [0, 1], "y": [0, 1], "tone": "reference", "label": "calibrated"},
            {
                "kind": "interval",
                "x": bins.predicted.tolist(),
                "y": observed.tolist(),
                "low": (observed - half).tolist(),
                "high": (observed + half).tolist(),
                "tone": "main",
                "label": "bins of equal number",
            },
        ],
    }
