"""May the values be averaged? Bias of the mean of a population that is not the training set's, and N_max."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from checkstar.checks.base import Check
from checkstar.checks.claimed import (
    CONVENTIONAL_N,
    Claimed,
    claimed_populations,
    limit_of_mean,
    mean_bias,
    plainly,
    reach,
    scatter,
)
from checkstar.claims import Claim, Population
from checkstar.data.dataset import Dataset
from checkstar.estimates import normalised_weights, unit_count
from checkstar.evidence import Estimate, Evidence, Limit, Part, folded, n_needed
from checkstar.prediction import Normal
from checkstar.runs import LabelView, Run
from checkstar.simulators import linear_gaussian
from checkstar.statistics.tilting import Tilt, tilt

__all__ = ["PopulationMean"]


class _Found(NamedTuple):
    """One population: the signed bias of the mean, what the mean of N objects scatters by, and both for products."""

    name: str
    population: Population
    decides: bool
    bias: Estimate
    scatter: float
    error_scatter: float
    product_bias: Estimate | None
    product_sigma: float


@dataclass(frozen=True, kw_only=True)
class PopulationMean(Check):
    """May the values be averaged over a population?

    Labels from a regression are posterior means: each is pulled towards the training set. Averaging shrinks the noise
    as 1/sqrt(N) but not that pull, so beyond some N_max the mean of any *other* population is wrong. The test objects
    are tilted (`checkstar.statistics.tilting`) to populations whose mean lies `deciding` and `shown` training standard
    deviations away, and the bias b of the mean prediction is measured there, with z(N) = b sqrt(N) / scatter and
    N_max = (scatter / b)^2, where the bias equals the standard error of the mean.

    The population that the claim names decides; without one, the worse of plus and minus `deciding`. The fault is the
    rms error of the mean of the claimed number of objects, ``sqrt(b^2 + s_e^2 / n_objects)``; without a number, |b|.

    A population like the training set proves nothing: there even posterior means average right.

    Parameters
    ----------
    deciding, shown : float
        Shifts in training standard deviations.
    min_effective : float
        Kish's effective number below which a tilted population is not judged.
    """

    name = "population"
    code = "F1"
    family = "population"
    tolerance_of = "population_mean"
    question = "May the values be averaged over a population that is not like the training set?"
    statistic = "rms error of the mean of the claimed number of objects"
    references = (
        "Hogg & Villar 2024, arXiv:2405.18095",
        "Hogg, Myers & Bovy 2010, ApJ 725, 2166",
        "Hainmueller 2012, Political Analysis 20, 25",
    )

    deciding: float = 1.0
    shown: float = 2.0
    min_effective: float = 30.0

    def examine(self, run: Run, claim: Claim, rng: np.random.Generator) -> Evidence:
        view = run.view(claim.label)
        if view.spread == 0:
            return self.undecided(
                claim, "all true values are equal: no other population can be reached", len(view.truth)
            )
        chosen = claimed_populations(view, claim, deciding=self.deciding, shown=self.shown)
        found = [f for one in chosen if (f := self._measure(view, one)) is not None]
        deciding = [f for f in found if f.decides]
        wanted = 1 if claim.population is not None else 2
        parts = [part for f in found for part in self._parts(f, claim, view)]
        parts += [self._unreachable(view, claim)] * (wanted - len(deciding))
        return self.conclude(
            claim,
            parts,
            reason=lambda part: _sentence(part, found, claim, view),
            figure=_figure(found, parts, view),
            limits_of_use=_limits(deciding, claim, view),
            n_wanted=self._n_wanted(view, claim, parts) if len(deciding) < wanted else None,
        )

    def _measure(self, view: LabelView, one: Claimed) -> _Found | None:
        found = reach(view, one.population, self.min_effective)
        if found is None:
            return None
        bias = mean_bias(view.predicted, found, view)
        spread = scatter(view.predicted, found.h)
        error_variance = scatter(view.error, found.h) ** 2 - float((found.h * view.truth_err**2).mean())
        product, sigma = self._product(view, found)
        return _Found(
            one.name, found.population, one.decides, bias, spread, math.sqrt(max(error_variance, 0.0)), product, sigma
        )

    @staticmethod
    def _product(view: LabelView, found: Tilt) -> tuple[Estimate | None, float]:
        """Bias of the product of the densities (as normals) and its claimed sigma for one object."""
        if not view.prediction.has_spread:
            return None, math.nan
        precision = np.maximum(view.prediction.std()[:, 0], 1e-9 * view.spread) ** -2.0
        scale = float((found.h * precision).mean())
        # The product's mean weights each object by its precision.
        shares = precision / scale
        bias = mean_bias(view.predicted, found, view, shares)
        return bias, scale**-0.5

    def _parts(self, found: _Found, claim: Claim, view: LabelView) -> list[Part]:
        limit, kind = limit_of_mean(found.scatter, claim)
        extra = found.error_scatter**2 / claim.n_objects if claim.n_objects and kind == "claim" else 0.0
        value, low, high = (math.hypot(v, math.sqrt(extra)) for v in folded(found.bias)[:3])
        fault = Estimate(value, low, high, found.bias.n)
        parts = [
            Part(
                name=f"{found.name} (mean {plainly(found.population.mean)})",
                estimate=fault,
                limit=limit,
                limit_kind=kind,
                unit=view.unit,
                of_tolerance=claim.use == self.tolerance_of,
                decides=found.decides,
            )
        ]
        if found.product_bias is not None:
            parts.append(
                Part(
                    name=f"{found.name}, product of densities",
                    estimate=folded(found.product_bias),
                    limit=limit,
                    limit_kind=kind,
                    unit=view.unit,
                    of_tolerance=claim.use == self.tolerance_of,
                    decides=False,
                )
            )
        return parts

    def _unreachable(self, view: LabelView, claim: Claim) -> Part:
        where = (
            "the population claimed"
            if claim.population is not None
            else f"a population {self.deciding:g} training sd away"
        )
        return Part(
            name=f"{where}: too few test objects there ({view.name} from {plainly(view.truth.min())} to {plainly(view.truth.max())})",
            estimate=Estimate(math.nan, math.nan, math.nan, unit_count(view.units)),
            limit=math.nan,
            unit=view.unit,
        )

    def _n_wanted(self, view: LabelView, claim: Claim, parts: list[Part]) -> float | None:
        """Objects needed to reach every deciding population, if those added are like those there, and to decide it."""
        weight = normalised_weights(view.weight, len(view.truth))
        needed = [n for p in parts if p.decides and (n := n_needed(p.estimate, p.limit)) is not None]
        for _, population, decides in claimed_populations(view, claim, deciding=self.deciding, shown=self.shown):
            if decides and population is not None:
                tilted = tilt(view.truth, view.truth_err, weight, population, view.units)
                if tilted is None:
                    return None
                needed.append(unit_count(view.units) * self.min_effective / tilted.n_effective)
        return float(math.ceil(max(needed)))

    def fault(self, size: float) -> str:
        return f"a mean drawn by {20 * size:.0f} % towards the training set"

    def plant(self, n: int, size: float, rng: np.random.Generator) -> tuple[Run, Claim]:
        """Posterior means, with the training prior in them (size 1), or likelihood estimates (size 0)."""
        drawn = linear_gaussian(n, rng)
        weight = 1 - 0.2 * size
        prediction = Normal(weight * drawn.estimate, np.full(n, drawn.noise * np.sqrt(weight)))
        claim = Claim("population_mean", n_objects=1000, tolerance=0.1)
        return Run(name="planted", test=Dataset(y=drawn.y), prediction=prediction), claim


def _n_max(found: _Found) -> Estimate:
    """Number of objects at which the bias equals the standard error of the mean."""
    size = folded(found.bias)
    value, high, low = ((found.scatter / b) ** 2 if b > 0 else math.inf for b in size[:3])
    return Estimate(value, low, high, size.n)


def _limits(deciding: list[_Found], claim: Claim, view: LabelView) -> list[Limit]:
    if not deciding:
        return []
    worst = min(deciding, key=lambda f: _n_max(f).value)
    n_max = _n_max(worst)
    limits = [
        Limit(
            name="n_max",
            value=n_max.value,
            low=n_max.low,
            high=n_max.high,
            unit="objects",
            text=f"{view.name} may be averaged over at most {_count(n_max.value)} objects of a population {worst.name} "
            "before its bias exceeds the standard error of the mean",
        )
    ]
    if worst.product_bias is not None and worst.product_bias.value != 0:
        n_product = (worst.product_sigma / worst.product_bias.value) ** 2
        limits.append(
            Limit(
                name="n_max_product",
                value=n_product,
                unit="objects",
                text=f"{_densities(n_product)} of {view.name} may be multiplied (population {worst.name})",
            )
        )
    if claim.tolerance is not None and claim.use == "population_mean":
        n_min = math.ceil(max(f.error_scatter for f in deciding) ** 2 / claim.tolerance**2)
        limits.append(
            Limit(
                name="n_min",
                value=float(n_min),
                unit="objects",
                text=f"the scatter of single values alone needs {_count(n_min)} objects for a mean of {view.name} within the tolerance",
            )
        )
    return limits


def _sentence(part: Part, measured: list[_Found], claim: Claim, view: LabelView) -> str:
    found = next((f for f in measured if part.name.startswith(f.name)), None)
    if found is None or not part.decides:
        return part.name
    unit = f" {view.unit}" if view.unit else ""
    n = claim.n_objects or CONVENTIONAL_N
    if found.scatter <= 1e-9 * view.spread:
        return f"the predictions of {view.name} are all equal; the mean of a population {part.name} is biased by {found.bias.value:+.3g}{unit}"
    root = math.sqrt(n) / found.scatter
    z, low, high = (value * root for value in found.bias[:3])
    rms = ""
    if claim.tolerance is not None and claim.n_objects is not None:
        rms = f"; with the scatter of {n:,} objects its rms error is {part.estimate.value:.3g}{unit}"
    return (
        f"the mean {view.name} of a population {part.name} is biased by {found.bias.value:+.3g}{unit} "
        f"[{found.bias.low:+.3g}, {found.bias.high:+.3g}]: z = {z:+.1f} [{low:+.1f}, {high:+.1f}] at N = {n:,}, "
        f"N_max = {_count(_n_max(found).value)}{rms}; a population like the training set would not show it"
    )


def _figure(found: list[_Found], parts: list[Part], view: LabelView) -> dict[str, Any]:
    ordered = sorted(found, key=lambda f: f.population.mean)
    x = [f.population.mean for f in ordered]
    limit = next((p.limit for p in parts if p.decides and math.isfinite(p.limit)), None)
    layers: list[dict[str, Any]] = [
        {
            "kind": "interval",
            "x": x,
            "y": [f.bias.value for f in ordered],
            "low": [f.bias.low for f in ordered],
            "high": [f.bias.high for f in ordered],
            "label": "mean of predictions",
            "tone": "main",
        },
        {"kind": "hline", "y": [0.0], "tone": "muted"},
    ]
    if any(f.product_bias is not None for f in ordered):
        chosen = [f for f in ordered if f.product_bias is not None]
        layers.append(
            {
                "kind": "points",
                "x": [f.population.mean for f in chosen],
                "y": [f.product_bias.value for f in chosen if f.product_bias],
                "label": "product of densities",
                "tone": "second",
            }
        )
    if limit is not None:
        layers.append({"kind": "hline", "y": [-limit, limit], "label": "limit", "tone": "limit"})
    unit = f" ({view.unit})" if view.unit else ""
    return {
        "title": "Bias of the mean against the population averaged",
        "xlabel": f"true mean {view.name} of the population{unit}",
        "ylabel": f"bias of the mean{unit}",
        "layers": layers,
    }


def _densities(n: float) -> str:
    return f"at most {_count(n)} densities" if n >= 2 else "no two densities"


def _count(value: float) -> str:
    if not math.isfinite(value) or value > 1e9:
        return "any number of"
    return f"{math.floor(value):,}" if value < 1e6 else f"{value:.2g}"
