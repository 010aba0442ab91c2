"""Can a change that hardly anybody would notice move it far?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from checkstar.checks.base import Check
from checkstar.checks.bounds import information_in
from checkstar.checks.samples import FEWEST, Sample, affordable, draw_sample
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.derivatives import directional_derivatives, redrawn
from checkstar.errors import InputError
from checkstar.estimates import ratio, relabelled
from checkstar.evidence import Estimate, Evidence, Limit, Part
from checkstar.noise import Noise
from checkstar.runs import LabelView, Run
from checkstar.scope import Scope
from checkstar.simulators import LinearModel, linear_gaussian
from checkstar.statistics.information import least_errors
from checkstar.statistics.perturbations import Slopes, largest_changes, orthonormal_directions, slopes_from_projections

__all__ = ["WorstCase"]

_RESPONSE, _BOUND = "against its response to noise", "against the Cramer-Rao bound"
#: Search directions of a few objects are worth more than many of one.
_FEWEST_OBJECTS, _FEWEST_DIRECTIONS = 30, 4
_ELEMENTS = 10_000_000


@dataclass(frozen=True, kw_only=True)
class WorstCase(Check):
    """Can a change that hardly anybody would notice move it far?

    A(eps) is the largest change of the prediction under a perturbation d of the observations with whitened norm
    ``sqrt(d^T C^-1 d) <= eps``. Such a perturbation is at most an eps-sigma change to an optimal test, one that knows
    what it looks for. A method that is linear over its noise has A(eps) = eps s_prop, with s_prop^2 = J C J^T, so two
    faults at eps = 1: the root of mean A^2 over mean s_prop^2 (s_prop^2 from `n_redraws` redrawn observations, with the
    gradient as control variate), and, where a forward model is declared, of mean A^2 over the mean squared Cramer-Rao
    bound. The first finds ripples, steps and cliffs; the second also a method that leans, linearly, on directions of the
    observations in which there is noise but no signal.

    The search is projected gradient ascent in whitened space. Without derivatives of the method it runs along one
    gradient, from differences in steps of `step` sigma along random orthonormal directions. Their number is bounded by
    `budget`: all p directions where 30 objects can be asked so, otherwise a gradient common to all objects, mended for
    each object in the directions asked. The share of the gradient that was reached is estimated from one half of the objects for the
    other; below `least_reach` the check cannot pass. Whatever is found is a lower bound. A cliff or a comb has no gradient
    that leads to it, but noise falls over it: where the gradient explains less than `least_explained` of the scatter of
    redrawn predictions, the search did not know the way, and the check cannot pass either.

    Parameters
    ----------
    radii : sequence of float
        Whitened norms, rising, 1 among them; the others are shown.
    n_steps : int
        Steps at each radius, where the method knows its derivatives.
    n_redraws, max_objects : int
    max_directions : int
        Directions asked of each object where all of them are too many.
    least_reach, least_explained : float
        Shares of the gradient that must be reached, and of the response to noise that it must explain, to pass.
    budget : float
        Model calls, in units of the whole test set; derivatives count as one call.
    """

    name = "worst_case"
    code = "D2"
    family = "robustness"
    question = "Can a change that hardly anybody would notice move it far?"
    statistic = "largest change within one sigma of the noise, relative to the linear response"
    needs = frozenset({"model", "noise"})
    depends_on = "label"
    uses = frozenset({"object_value"})
    references = (
        "Madry et al. 2018, ICLR, arXiv:1706.06083",
        "Croce & Hein 2020, ICML, arXiv:2003.01690",
        "Ciprijanovic et al. 2022, arXiv:2112.14299",
    )

    radii: tuple[float, ...] = (0.5, 1.0, 2.0, 3.0)
    n_steps: int = 2
    step: float = 0.5
    n_redraws: int = 8
    max_directions: int = 32
    least_reach: float = 0.9
    least_explained: float = 0.9
    budget: float = 5.0
    max_objects: int = 300
    limit: float = 1.2
    bound_limit: float = 1.5

    def examine(self, run: Run, claim: Claim, rng: np.random.Generator) -> Evidence:
        if 1.0 not in self.radii or list(self.radii) != sorted(self.radii):
            raise InputError(f"worst_case got radii {self.radii}; give rising numbers with 1.0 among them.")
        plan = self._plan(run)
        sample = draw_sample(run, claim.label, plan.n_objects, rng)
        if sample.too_few:
            return self.undecided(claim, sample.too_few, len(sample.rows), FEWEST * plan.calls / self.budget)
        view, ask = sample.view, _Ask(run, sample)
        slopes = ask.exact_slopes() if run.differentiable else self._measured(ask, plan.n_directions, rng)
        steps, follow = (self.n_steps, ask.gradient) if run.differentiable else (1, None)
        worst = largest_changes(ask.change, follow, slopes.gradient, self.radii, steps)
        again = redrawn(ask.predict, sample.x, sample.noise, rng, self.n_redraws, slopes.gradient[:, None])
        response, explained = again.variance[:, 0], float(again.explained[0])
        at_one = worst[:, self.radii.index(1.0)]
        faults = {_RESPONSE: (_root_ratio(at_one, response, view), self.limit)}
        if run.scope.forward is not None:
            bound = least_errors(information_in(sample.data, run.scope.forward))[:, sample.column]
            faults[_BOUND] = (_root_ratio(at_one, bound**2, view), self.bound_limit)
        parts = [
            Part(name=name, estimate=self._reached(estimate, slopes.reach, explained), limit=limit)
            for name, (estimate, limit) in faults.items()
        ]
        return self.conclude(
            claim,
            parts,
            reason=lambda part: _sentence(part, view) + self._unseen(slopes.reach, explained),
            limits_of_use=_limits(worst, self.radii, view),
            figure=_figure(self.radii, [_root_ratio(worst[:, i], response, view) for i in range(len(self.radii))]),
            n_wanted=self._enough(run) if slopes.reach < self.least_reach else None,
        )

    def _measured(self, ask: _Ask, n_directions: int, rng: np.random.Generator) -> Slopes:
        directions = orthonormal_directions(len(ask.x), n_directions, ask.x.shape[1], rng)
        derivatives = directional_derivatives(ask.predict, ask.x, ask.noise, directions, step=self.step)[:, 0]
        return slopes_from_projections(directions, derivatives)

    def _reached(self, estimate: Estimate, reach: float, explained: float) -> Estimate:
        known = reach >= self.least_reach and explained >= self.least_explained
        return estimate if known else estimate._replace(high=math.inf)

    def _unseen(self, reach: float, explained: float) -> str:
        if reach < self.least_reach:
            return f"; the calls allowed reach only {100 * reach:.0f} % of the gradient, so it may be more"
        if explained < self.least_explained:
            share = 100 * max(explained, 0.0)
            return f"; the gradient explains only {share:.0f} % of its response to noise, so it may be more"
        return ""

    def _plan(self, run: Run) -> _Plan:
        n, p = run.test.x.shape  # type: ignore[union-attr]
        radii = len(self.radii)
        if run.differentiable:
            calls = 1 + 2 * (2 * radii * self.n_steps - 1) + self.n_redraws
            return _Plan(affordable(n, calls, self.budget, self.max_objects), 0, calls)
        fixed = 2 * radii + self.n_redraws
        wanted = max(int((self.budget * n / _FEWEST_OBJECTS - fixed) / 2), _FEWEST_DIRECTIONS)
        directions = p if wanted >= p else min(wanted, self.max_directions)
        calls = 2 * directions + fixed
        most = self.max_objects if directions == p else min(self.max_objects, max(_ELEMENTS // (p * directions), 2))
        return _Plan(affordable(n, calls, self.budget, most), directions, calls)

    def _enough(self, run: Run) -> float:
        """Test objects with which all directions could be asked."""
        p = run.test.x.shape[1]  # type: ignore[union-attr]
        return math.ceil(_FEWEST_OBJECTS * (2 * p + 2 * len(self.radii) + self.n_redraws) / self.budget)

    def calls(self, run: Run) -> float:
        plan = self._plan(run)
        return plan.calls * plan.n_objects / len(run.test)

    def fault(self, size: float) -> str:
        return f"a ripple of {size:.1f} times its noise in a direction in which no label acts"

    def plant(self, n: int, size: float, rng: np.random.Generator) -> tuple[Run, Claim]:
        """The efficient estimate, plus a ripple in a direction in which no label acts."""
        from checkstar.methods import as_method

        drawn = linear_gaussian(n, rng)
        p = drawn.x.shape[1]
        empty = np.where(np.arange(p) % 2, -1.0, 1.0) / (math.sqrt(p) * drawn.sigma)

        def rippled(x: NDArray[np.float64]) -> NDArray[np.float64]:
            return np.asarray(x.mean(axis=1) + size * drawn.noise * np.sin(2.5 * (x @ empty)))

        scope = Scope(forward=LinearModel(np.ones((1, p))))
        test = Dataset(drawn.x, drawn.y, noise=drawn.sigma)
        return Run.of(as_method(rippled), test=test, scope=scope), Claim("object_value")


class _Plan(NamedTuple):
    """How many objects are asked, in how many directions, and how often each."""

    n_objects: int
    n_directions: int
    calls: int


class _Ask:
    """One label of some objects, as a function of whitened perturbations of their observations."""

    def __init__(self, run: Run, sample: Sample) -> None:
        self.run, self.x, self.noise, self.column = run, sample.x, sample.noise, sample.column
        self.predicted = sample.view.predicted

    def predict(self, x: NDArray[np.float64], noise: Noise) -> NDArray[np.float64]:
        return self.run.predict(x, noise).mean()[:, [self.column]]

    def change(self, unit: NDArray[np.float64]) -> NDArray[np.float64]:
        return self.predict(self.x + self.noise.colour(unit, self.x), self.noise)[:, 0] - self.predicted

    def gradient(self, unit: NDArray[np.float64]) -> NDArray[np.float64]:
        jacobian = self.run.jacobian(self.x + self.noise.colour(unit, self.x), self.noise)
        assert jacobian is not None
        white = self.noise.whiten_gradient(jacobian[:, [self.column]], self.x)[:, 0]
        return np.nan_to_num(white, posinf=0.0, neginf=0.0)

    def exact_slopes(self) -> Slopes:
        return Slopes(self.gradient(np.zeros_like(self.x)), 1.0)


def _root_ratio(size: NDArray[np.float64], variance: NDArray[np.float64], view: LabelView) -> Estimate:
    """Root of mean size^2 over mean variance; zero where nothing moves at all."""
    known = np.isfinite(variance)
    weight = None if view.weight is None else view.weight[known]
    units = relabelled(view.units[known])
    if known.any() and not size[known].any():
        return Estimate(0.0, 0.0, 0.0, float(len(np.unique(units))))
    if not known.any() or (weight is not None and not weight.sum() > 0) or not variance[known].mean() > 0:
        return Estimate(math.nan, math.nan, math.nan, float(known.sum()))
    found = ratio(size[known] ** 2, variance[known], units, weight)
    value, low, high = (math.sqrt(max(end, 0.0)) for end in found[:3])
    return Estimate(value, low, high, found.n)


def _sentence(part: Part, view: LabelView) -> str:
    value, low, high = part.estimate[:3]
    if math.isnan(value):
        return f"there is nothing to compare the largest change of {view.name} with"
    yardstick = "what noise does to it" if part.name == _RESPONSE else "the least error that the data allow"
    return (
        f"a change that an optimal test would see at one sigma can move {view.name} by {value:.3g} "
        f"[{low:.3g}, {high:.3g}] times {yardstick}"
    )


def _limits(worst: NDArray[np.float64], radii: tuple[float, ...], view: LabelView) -> list[Limit]:
    far = float(np.median(worst[:, -1]))
    unit = f" {view.unit}" if view.unit else ""
    text = (
        f"a change of the observations that an optimal test would see at {radii[-1]:g} sigma can move the {view.name} of "
        f"a typical object by {far:.3g}{unit}"
    )
    return [Limit(name="worst_change", value=far, unit=view.unit, text=text)]


def _figure(radii: tuple[float, ...], found: list[Estimate]) -> dict[str, Any]:
    ends = [0.0, radii[-1]]
    return {
        "title": "Largest change of the prediction against the size of the perturbation",
        "xlabel": "perturbation: sigma of an optimal test",
        "ylabel": "largest change / response to noise",
        "layers": [
            {"kind": "line", "x": ends, "y": ends, "tone": "reference", "label": "a linear method"},
            {
                "kind": "interval",
                "x": list(radii),
                "y": [e.value for e in found],
                "low": [e.low for e in found],
                "high": [e.high for e in found],
                "tone": "main",
                "label": "largest found",
            },
        ],
    }
