"""Does the selection of the objects bias the mean of the population?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from checkstar.checks.base import Check
from checkstar.checks.claimed import Claimed, claimed_populations, limit_of_mean, plainly, scatter
from checkstar.claims import Claim, Population
from checkstar.data.dataset import Dataset
from checkstar.errors import InputError
from checkstar.evidence import Estimate, Evidence, Limit, Part, folded
from checkstar.prediction import Normal
from checkstar.runs import LabelView, Run
from checkstar.scope import Scope
from checkstar.simulators import linear_gaussian
from checkstar.statistics.selection import FEWEST_PER_OBJECT, Found, Injections, find, selection_bias

__all__ = ["Selection"]

#: Effective injections of a population below which nothing is said about its selection.
_FEWEST = 30.0
#: Share of a population that must have been injected: nothing is known of how the rest is selected.
_COVERED = 0.99


class _Measured(NamedTuple):
    """One population: the bias of the mean of what is found of it, and the injections behind that."""

    name: str
    population: Population
    bias: Estimate
    found: Found


@dataclass(frozen=True, kw_only=True)
class Selection(Check):
    """Does the selection of the objects bias the mean of the population?

    Injected objects are reweighted to the population (``p(y | population) / p_draw(y)``); the mean of those found,
    weighted as the test objects are, minus the mean of all is the bias that selection gives a mean, however good the
    single values are. The population is that of the claim; without one, the worse of plus and minus `deciding` training
    standard deviations. Where it names no spread, that of the test objects is taken.

    Injections are a sum over few objects too: below an effective number of ``4 n_objects`` found ones (Farr 2019) their
    own error is no longer small beside that of the mean, and the check does not judge. Neither does it where part of the
    population was never injected, so that how it is selected is not known.

    Parameters
    ----------
    deciding : float
        Shift in training standard deviations.
    per_object : float
        Effective number of found injections needed for each object averaged.
    """

    name = "selection"
    code = "F3"
    family = "selection"
    tolerance_of = "population_mean"
    question = "Does the selection of the objects bias the mean of the population?"
    statistic = "|mean of the objects found - mean of all| of the population"
    declared = "injections"
    references = ("Mandel, Farr & Gair 2019, MNRAS 486, 1086", "Farr 2019, RNAAS 3, 66")

    deciding: float = 1.0
    per_object: float = FEWEST_PER_OBJECT

    def examine(self, run: Run, claim: Claim, rng: np.random.Generator) -> Evidence:
        view = run.view(claim.label)
        injections = run.scope.injections
        assert injections is not None
        column = run.labels.index(view.name)
        if np.shape(injections.labels)[1] != len(run.labels):
            raise InputError(
                f"the injections have {np.shape(injections.labels)[1]} labels but the run {len(run.labels)} "
                f"({', '.join(run.labels)}); give a column of each."
            )
        if np.ptp(view.truth) == 0:
            return self.undecided(claim, "all true values are equal: no population can be made", len(view.truth))
        chosen = claimed_populations(view, claim, deciding=self.deciding, shown=2 * self.deciding)
        measured = [_measure(injections, one, view, column) for one in chosen if one.decides]
        n_objects = claim.n_objects or len(view.truth)
        needed = self.per_object * n_objects
        parts = [_part(m, needed, claim, view) for m in measured]
        return self.conclude(
            claim,
            parts,
            reason=lambda part: _sentence(part, measured, needed, n_objects, view),
            figure=_figure(injections, measured, column, view),
            limits_of_use=_limits(measured, self.per_object),
            n_wanted=_wanted(measured, needed, len(injections)),
        )

    def fault(self, size: float) -> str:
        return f"odds of being found that rise with the label, by a factor of {math.exp(0.5 * size):.1f} a unit"

    def plant(self, n: int, size: float, rng: np.random.Generator) -> tuple[Run, Claim]:
        """Detection that depends on the label (size 1), or on nothing (size 0)."""
        drawn = linear_gaussian(n, rng)
        wide = 2.0
        y = wide * rng.standard_normal(20 * n)
        chance = 1 / (1 + np.exp(-0.5 * size * y))
        density = -0.5 * (y / wide) ** 2 - math.log(wide) - 0.5 * math.log(2 * math.pi)
        scope = Scope(injections=Injections(labels=y, log_density=density, found=rng.random(20 * n) < chance))
        prediction = Normal(drawn.estimate, np.full(n, drawn.noise))
        run = Run(name="planted", test=Dataset(y=drawn.y), prediction=prediction, scope=scope)
        return run, Claim("population_mean", n_objects=n, tolerance=0.1)


def _measure(injections: Injections, one: Claimed, view: LabelView, column: int) -> _Measured:
    assert one.population is not None
    std = one.population.std or float(np.std(view.truth, ddof=1))
    population = Population(mean=one.population.mean, std=std)
    bias = selection_bias(injections, population.mean, std, column)
    return _Measured(one.name, population, bias, find(injections, population.mean, std, column))


def _part(measured: _Measured, needed: float, claim: Claim, view: LabelView) -> Part:
    limit, kind = limit_of_mean(scatter(view.predicted, np.ones(len(view.truth))), claim)
    estimate = folded(measured.bias)
    if measured.found.n_effective < max(needed, _FEWEST) or _uncovered(measured.found):
        estimate = Estimate(math.nan, math.nan, math.nan, measured.found.n_effective)
    return Part(
        name=f"{measured.name} (mean {plainly(measured.population.mean)})",
        estimate=estimate,
        limit=limit,
        limit_kind=kind,
        unit=view.unit,
        of_tolerance=claim.use == Selection.tolerance_of,
    )


def _uncovered(found: Found) -> str:
    """What is wrong with the injections of a population, in words; empty where they cover it once."""
    share = found.covered
    injected = f"{100 * share.value:.3g} % [{100 * share.low:.3g}, {100 * share.high:.3g}]"
    if share.high < _COVERED:
        return (
            f"injections were made at {injected} of it (if their densities are normalised); how the rest is selected is "
            "not known"
        )
    if share.low > 2 - _COVERED:
        return (
            f"its injections add up to {injected} of it, so the densities that they were drawn from are not normalised"
        )
    return ""


def _wanted(measured: list[_Measured], needed: float, n: int) -> float | None:
    """Injections needed, where there are too few of them."""
    fewest = min(m.found.n_effective for m in measured)
    return float(math.ceil(n * max(needed, _FEWEST) / fewest)) if 0 < fewest < max(needed, _FEWEST) else None


def _sentence(part: Part, measured: list[_Measured], needed: float, n_objects: int, view: LabelView) -> str:
    found = next(m for m in measured if part.name.startswith(m.name))
    where = f"a population {part.name}"
    if math.isnan(part.estimate.value):
        if wrong := _uncovered(found.found):
            return f"of {where}: {wrong}"
        return (
            f"the injections found count as {found.found.n_effective:,.0f} of {where}, and {needed:,.0f} are needed for "
            f"{n_objects:,} objects"
        )
    unit = f" {view.unit}" if view.unit else ""
    share = found.found.share
    return (
        f"of {where} {100 * share.value:.3g} % [{100 * share.low:.3g}, {100 * share.high:.3g}] are found, and their mean "
        f"{view.name} is off by {found.bias.value:+.3g}{unit} [{found.bias.low:+.3g}, {found.bias.high:+.3g}] from that of all "
        f"({found.bias.value * math.sqrt(n_objects) / (found.population.std or 1):+.1f} standard errors of "
        f"{n_objects:,} objects)"
    )


def _limits(measured: list[_Measured], per_object: float) -> list[Limit]:
    most = math.floor(min(m.found.n_effective for m in measured) / per_object)
    text = f"the injections are enough to correct the selection of at most {most:,} objects"
    return [Limit(name="n_max_injections", value=float(most), unit="objects", text=text)]


def _figure(injections: Injections, measured: list[_Measured], column: int, view: LabelView) -> dict[str, Any]:
    y, found = np.asarray(injections.labels)[:, column], np.asarray(injections.found)
    edges = np.unique(np.quantile(y, np.linspace(0, 1, 31)))
    unit = f" ({view.unit})" if view.unit else ""
    layers: list[dict[str, Any]] = []
    if len(edges) > 2:
        inside = np.clip(np.searchsorted(edges, y, side="right") - 1, 0, len(edges) - 2)
        share = _share(inside, found, len(edges) - 1)
        middle = 0.5 * (edges[1:] + edges[:-1])
        layers.append(
            {"kind": "line", "x": middle.tolist(), "y": share.tolist(), "tone": "main", "label": "share found"}
        )
    for m in measured:
        layers.append({"kind": "vline", "x": [m.population.mean], "tone": "reference", "label": m.name})
    return {
        "title": "Share of injected objects found",
        "xlabel": f"true {view.name}{unit}",
        "ylabel": "share found",
        "layers": layers,
    }


def _share(inside: NDArray[np.intp], found: NDArray[np.bool_], bins: int) -> NDArray[np.float64]:
    all_of_them = np.bincount(inside, minlength=bins)
    return np.bincount(inside, weights=found, minlength=bins) / np.maximum(all_of_them, 1)
