"""With the training prior divided out, is the mean of another population right?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

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
from checkstar.errors import NotApplicable
from checkstar.estimates import unit_count
from checkstar.evidence import Estimate, Evidence, Limit, Part, folded
from checkstar.populations import (
    InterimPrior,
    KernelPrior,
    Likelihoods,
    NormalPopulation,
    NormalPrior,
    fit_normal,
    likelihoods_of,
)
from checkstar.prediction import Normal
from checkstar.runs import LabelView, Run
from checkstar.simulators import linear_gaussian
from checkstar.statistics.subsamples import some_rows

__all__ = ["PopulationRepair"]


class _Found(NamedTuple):
    """One population: the bias of the repaired and of the naive mean, and what one object scatters by."""

    name: str
    population: Population
    decides: bool
    repaired: Estimate
    naive: Estimate
    scatter: float
    error_scatter: float
    fit: NormalPopulation


@dataclass(frozen=True, kw_only=True)
class PopulationRepair(Check):
    """With the training prior divided out of every posterior, is the mean of another population right?

    The populations are those of `PopulationMean`. In each, mean and width of a normal population are inferred together
    from the posteriors over the training prior (`checkstar.populations.infer_normal`), and the fault is the rms error
    of that mean, ``sqrt(b^2 + s_e^2 / n_objects)``; without a number of objects, |b|. The mean solves ``sum h_i score_i
    = 0``, so each object has a value, the mean plus its influence, whose average is the mean; the interval is that of
    this average, with the tilt fitted to the same objects.

    It decides nothing: it says whether the cure of a failed `PopulationMean` works with these error bars, for
    dividing a prior out multiplies whatever is wrong with them. Where sums over posterior draws cannot be believed, it
    does not judge. A method that says that it carries no prior has none to divide out.

    Parameters
    ----------
    interim : {"normal", "kernel"}
        The interim prior: the normal distribution of the training labels, or their kernel density.
    deciding, shown : float
        Shifts in training standard deviations.
    min_effective : float
        Kish's effective number below which a tilted population is not judged.
    max_objects : int
        At most so many test objects, drawn at random, are used.
    """

    name = "population_repair"
    code = "F2"
    family = "population"
    tolerance_of = "population_mean"
    question = "With the training prior divided out, is the mean of another population right?"
    statistic = "rms error of the repaired mean of the claimed number of objects"
    needs = frozenset({"spread", "training"})
    uses = frozenset()
    references = (
        "Hogg, Myers & Bovy 2010, ApJ 725, 2166",
        "Loredo 2004, AIP Conf. Proc. 735, 195",
        "Essick & Farr 2022, arXiv:2204.00461",
    )

    interim: Literal["normal", "kernel"] = "normal"
    deciding: float = 1.0
    shown: float = 2.0
    min_effective: float = 30.0
    max_objects: int = 20_000

    def examine(self, run: Run, claim: Claim, rng: np.random.Generator) -> Evidence:
        if run.method is not None and run.method.estimand == "likelihood":
            raise NotApplicable(f"{run.name} carries no prior of its training set; there is nothing to divide out")
        view = run.view(claim.label)
        if len(view.truth) > self.max_objects:
            view = view.at(some_rows(len(view.truth), self.max_objects, rng))
        if view.spread == 0 or np.ptp(view.truth) == 0:
            return self.undecided(claim, "all labels are equal: no other population can be reached", len(view.truth))
        likelihoods = likelihoods_of(view.prediction, self._prior(run, view))
        chosen = claimed_populations(view, claim, deciding=self.deciding, shown=self.shown)
        found = [f for one in chosen if (f := self._measure(view, likelihoods, one)) is not None]
        wanted = 1 if claim.population is not None else 2
        missing = wanted - sum(f.decides for f in found)
        parts = [_part(f, claim, view) for f in found] + [_unreachable(view, self.deciding)] * missing
        return self.conclude(
            claim,
            parts,
            reason=lambda part: _sentence(part, found, claim, view),
            figure=_figure(found, parts, view),
            limits_of_use=_limits([f for f in found if f.decides], view),
        )

    def _prior(self, run: Run, view: LabelView) -> InterimPrior:
        assert run.train is not None and view.training is not None
        if self.interim == "kernel":
            return KernelPrior.of(view.training)
        errors = run.train.y_err
        column = run.labels.index(view.name)
        return NormalPrior.of(view.training, 0.0 if errors is None else errors[:, column])

    def _measure(self, view: LabelView, likelihoods: Likelihoods, one: Claimed) -> _Found | None:
        tilted = reach(view, one.population, self.min_effective)
        if tilted is None:
            return None
        fit = fit_normal(likelihoods, weights=tilted.h, units=view.units)
        # What each object contributes: the average of these values is the repaired mean.
        values = fit.mean.value + fit.influence
        bias = mean_bias(values, tilted, view)
        if fit.refusal:
            bias = bias._replace(low=-math.inf, high=math.inf)
        errors = scatter(values - view.truth, tilted.h) ** 2 - float((tilted.h * view.truth_err**2).mean())
        naive = mean_bias(view.predicted, tilted, view)
        spread = scatter(values, tilted.h)
        return _Found(one.name, tilted.population, one.decides, bias, naive, spread, math.sqrt(max(errors, 0.0)), fit)

    def fault(self, size: float) -> str:
        return (
            f"error bars too small by a factor of {1 + 2 * size:.1f}, by which too little of the prior is divided out"
        )

    def plant(self, n: int, size: float, rng: np.random.Generator) -> tuple[Run, Claim]:
        """Posterior means whose error bars are honest (size 0) or too small."""
        drawn, train = linear_gaussian(n, rng), linear_gaussian(10_000, rng)
        weight = 1 / (1 + drawn.noise**2)
        sigma = np.full(n, drawn.noise * math.sqrt(weight) / (1 + 2 * size))
        run = Run(
            name="planted",
            test=Dataset(y=drawn.y),
            train=Dataset(y=train.y),
            prediction=Normal(weight * drawn.estimate, sigma),
        )
        return run, Claim("population_mean", n_objects=1000, tolerance=0.1)


def _part(found: _Found, claim: Claim, view: LabelView) -> Part:
    limit, kind = limit_of_mean(found.scatter, claim)
    extra = found.error_scatter / math.sqrt(claim.n_objects) if claim.n_objects and kind == "claim" else 0.0
    value, low, high = (math.hypot(v, extra) for v in folded(found.repaired)[:3])
    return Part(
        name=f"{found.name} (mean {plainly(found.population.mean)})",
        estimate=Estimate(value, low, high, found.repaired.n),
        limit=limit,
        limit_kind=kind,
        unit=view.unit,
        of_tolerance=claim.use == PopulationRepair.tolerance_of,
        decides=found.decides,
    )


def _unreachable(view: LabelView, deciding: float) -> Part:
    return Part(
        name=f"too few test objects in the population claimed, or {deciding:g} training sd away ({view.name} from "
        f"{plainly(view.truth.min())} to {plainly(view.truth.max())})",
        estimate=Estimate(math.nan, math.nan, math.nan, unit_count(view.units)),
        limit=math.nan,
        unit=view.unit,
    )


def _sentence(part: Part, measured: list[_Found], claim: Claim, view: LabelView) -> str:
    found = next((f for f in measured if part.name.startswith(f.name)), None)
    if found is None:
        return part.name
    if found.fit.refusal:
        return f"the mean {view.name} of a population {part.name} cannot be repaired: {found.fit.refusal}"
    unit = f" {view.unit}" if view.unit else ""
    n = claim.n_objects or CONVENTIONAL_N
    z = found.repaired.value * math.sqrt(n) / found.scatter if found.scatter > 0 else math.nan
    return (
        f"with the training prior divided out the mean {view.name} of a population {part.name} is biased by "
        f"{found.repaired.value:+.3g}{unit} [{found.repaired.low:+.3g}, {found.repaired.high:+.3g}] (z = {z:+.1f} at N = "
        f"{n:,}) instead of {found.naive.value:+.3g}{unit}"
    )


def _limits(deciding: list[_Found], view: LabelView) -> list[Limit]:
    if not deciding or any(f.fit.refusal for f in deciding):
        return []
    worst = max(deciding, key=lambda f: abs(f.repaired.value))
    unit = f" {view.unit}" if view.unit else ""
    return [
        Limit(
            name="repaired_bias",
            value=abs(worst.repaired.value),
            low=folded(worst.repaired).low,
            high=folded(worst.repaired).high,
            unit=view.unit,
            text=f"after dividing out the training prior the mean {view.name} of a population {worst.name} is right to "
            f"{plainly(folded(worst.repaired).high)}{unit}",
        )
    ]


def _figure(found: list[_Found], parts: list[Part], view: LabelView) -> dict[str, Any]:
    ordered = sorted((f for f in found if not f.fit.refusal), key=lambda f: f.population.mean)
    layers: list[dict[str, Any]] = [{"kind": "hline", "y": [0.0], "tone": "muted"}]
    for name, tone, pick in (
        ("mean of predictions", "second", lambda f: f.naive),
        ("prior divided out", "main", lambda f: f.repaired),
    ):
        layers.append(
            {
                "kind": "interval",
                "x": [f.population.mean for f in ordered],
                "y": [pick(f).value for f in ordered],
                "low": [pick(f).low for f in ordered],
                "high": [pick(f).high for f in ordered],
                "label": name,
                "tone": tone,
            }
        )
    limit = next((p.limit for p in parts if p.decides and math.isfinite(p.limit)), None)
    if limit is not None:
        layers.append({"kind": "hline", "y": [-limit, limit], "label": "limit", "tone": "limit"})
    unit = f" ({view.unit})" if view.unit else ""
    return {
        "title": "Bias of the mean, before and after the prior is divided out",
        "xlabel": f"true mean {view.name} of the population{unit}",
        "ylabel": f"bias of the mean{unit}",
        "layers": layers,
    }
