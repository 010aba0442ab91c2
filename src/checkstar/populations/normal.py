"""Mean and width of a population from posteriors of its objects, with their interim prior divided out.

The likelihood of a normal population is the product over objects of ``integral posterior_i(y) p(y | mean, width) /
p0(y)``, over ``alpha(mean, width)^N`` where objects were selected. Its derivatives are moments (`Terms`), so Newton's
method is exact and needs a few passes over the draws.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from checkstar.errors import InputError
from checkstar.estimates import from_influence, normalised_weights
from checkstar.evidence import Estimate
from checkstar.populations.diagnostics import Diagnostics
from checkstar.populations.likelihoods import DrawnLikelihoods, Likelihoods, NormalLikelihoods, Terms, likelihoods_of
from checkstar.populations.priors import InterimPrior
from checkstar.prediction import Prediction
from checkstar.statistics.selection import Injections, find

__all__ = ["NormalPopulation", "fit_normal", "infer_normal"]

Array = NDArray[np.float64]

#: Logarithm of the smallest width, in standard deviations of the interim prior.
_EDGE = math.log(1e-3)
_ITERATIONS = 100


@dataclass(frozen=True, kw_only=True, eq=False)
class NormalPopulation:
    """A normal population.

    Attributes
    ----------
    mean, std : Estimate
        In the label's unit. Where the likelihood cannot be believed their intervals are infinite.
    influence : (n,) array
        How each object moves the mean; its weighted sum is zero.
    log_likelihood : float
        At the maximum, up to a constant.
    diagnostics : Diagnostics
    refusal : str
        Why the result cannot be believed; empty where it can.
    """

    mean: Estimate
    std: Estimate
    influence: Array
    log_likelihood: float
    diagnostics: Diagnostics
    refusal: str = ""


def infer_normal(
    prediction: Prediction,
    prior: InterimPrior,
    *,
    label: int = 0,
    selection: Injections | None = None,
    weights: ArrayLike | None = None,
    units: NDArray[np.intp] | None = None,
) -> NormalPopulation:
    """Mean and width of the population behind posteriors that were made under an interim prior.

    Parameters
    ----------
    prediction : Prediction
        Posteriors of n objects: normal, mixture, grid or samples.
    prior : InterimPrior
        What the training set put into them (`NormalPrior.of`, `HistogramPrior.of`, `KernelPrior.of` its labels).
    label : int
        Which of several labels.
    selection : Injections, optional
        What is found, where the objects were selected.
    weights : (n,) array, optional
        Weights of the objects.
    units : (n,) array of int, optional
        Independent unit 0..g-1 of each object (`Dataset.units_of_independence`); the objects themselves by default.

    Returns
    -------
    NormalPopulation

    Raises
    ------
    InputError
        If the predictions say no spread, or there are fewer than three objects.

    References
    ----------
    Loredo 2004, AIP Conf. Proc. 735, 195; Hogg, Myers & Bovy 2010, ApJ 725, 2166; Mandel, Farr & Gair 2019, MNRAS 486,
    1086.

    Examples
    --------
    Posteriors under the prior N(0, 1), of objects seen with errors of 0.5 at 0.9, 1.0 and 1.1:

    >>> from checkstar.prediction import Normal
    >>> from checkstar.populations import NormalPrior
    >>> posterior = Normal([0.72, 0.80, 0.88], [0.2**0.5] * 3)
    >>> round(infer_normal(posterior, NormalPrior(mean=0.0, std=1.0)).mean.value, 6)
    1.0
    """
    return fit_normal(
        likelihoods_of(prediction, prior, label=label), label=label, selection=selection, weights=weights, units=units
    )


def fit_normal(
    likelihoods: Likelihoods,
    *,
    label: int = 0,
    selection: Injections | None = None,
    weights: ArrayLike | None = None,
    units: NDArray[np.intp] | None = None,
) -> NormalPopulation:
    """`infer_normal` for likelihoods that are made already."""
    n = len(likelihoods)
    if n < 3:
        raise InputError(f"{n} objects describe no population; give at least three.")
    w = normalised_weights(None if weights is None else np.asarray(weights, dtype=float), n)
    units = np.arange(n) if units is None else units
    problem = _Problem(likelihoods, w, _injected(selection, label, likelihoods))
    state = problem.maximise(problem.start())
    return _Reading(problem, state, units, weights is not None).population(selection, label)


class _State(NamedTuple):
    """At (mean, ln width): log-likelihood, score (n, 2) of each object, information (2, 2), and the terms."""

    at: Array
    value: float
    scores: Array
    information: Array
    terms: Terms
    alpha: Terms | None


class _Problem(NamedTuple):
    """What is maximised: the weighted log-likelihood of standardised labels."""

    likelihoods: Likelihoods
    w: Array
    alpha: DrawnLikelihoods | None

    def look(self, at: Array) -> _State:
        """Everything at (mean, ln width)."""
        mean, std = float(at[0]), math.exp(at[1])
        terms = self.likelihoods.terms(mean, std)
        value, scores = float(self.w @ terms.log_likelihood), _scores(terms, std)
        hessian = np.einsum("n,nij->ij", self.w, _hessians(terms, std))
        alpha = None
        if self.alpha is not None:
            alpha = self.alpha.terms(mean, std)
            value -= float(self.w.sum() * alpha.log_likelihood[0])
            hessian = hessian - self.w.sum() * _hessians(alpha, std)[0]
            scores = scores - _scores(alpha, std)
        return _State(at, value, scores, -hessian, terms, alpha)

    def start(self) -> Array:
        """The maximum for normal likelihoods of the same mean and width, which costs next to nothing."""
        if not isinstance(self.likelihoods, DrawnLikelihoods):
            return np.zeros(2)
        draws = self.likelihoods.draws
        ratio = np.maximum(np.square(draws.std(axis=1)), 1e-12) ** -1.0
        informed = ratio > 1.05
        normal = NormalLikelihoods(
            np.where(informed, ratio - 1, 0.0), np.where(informed, draws.mean(axis=1) * ratio, 0.0)
        )
        return _Problem(normal, self.w, None).maximise(np.zeros(2)).at

    def maximise(self, at: Array, held: int | None = None) -> _State:
        """Newton's method, damped, from `at`; the parameter `held` stays where it is."""
        free = np.arange(2) != held
        state = self.look(at)
        for _ in range(_ITERATIONS):
            if held is None and state.at[1] <= _EDGE:
                return self.maximise(state.at, held=1)
            step = self._step(state, free)
            if abs(float(step @ (self.w @ state.scores))) < 1e-9:
                break
            found = self._descend(state, step)
            if found is state:
                break
            state = found
        return state

    def _step(self, state: _State, free: NDArray[np.bool_]) -> Array:
        information = state.information[np.ix_(free, free)]
        if np.linalg.eigvalsh(information)[0] <= 0:
            # Far from the maximum: the outer product of the scores has the same expectation and is never negative.
            chosen = state.scores[:, free]
            information = (self.w[:, None] * chosen).T @ chosen + 1e-9 * np.eye(int(free.sum()))
        step = np.zeros(2)
        step[free] = np.linalg.solve(information, (self.w @ state.scores)[free])
        return step / max(1.0, float(np.abs(step).max()))

    def _descend(self, state: _State, step: Array) -> _State:
        # Rounding in a sum of n terms hides smaller gains.
        least = 1e-12 * (abs(state.value) + len(self.w))
        for _ in range(30):
            trial = state.at + step
            trial[1] = max(trial[1], _EDGE)
            found = self.look(trial)
            if found.value >= state.value - least:
                return found
            step = 0.5 * step
        return state


class _Reading(NamedTuple):
    """Estimates and diagnostics at the maximum."""

    problem: _Problem
    state: _State
    units: NDArray[np.intp]
    weighted: bool

    def population(self, selection: Injections | None, label: int) -> NormalPopulation:
        likelihoods, w, log_width = self.problem.likelihoods, self.problem.w, float(self.state.at[1])
        scale, centre = likelihoods.scale, likelihoods.centre
        at_edge = log_width <= _EDGE + 1e-9
        covariance = self._covariance(at_edge)
        influence = len(w) * self.state.scores @ covariance
        mean = self._estimate(0, influence[:, 0], covariance)
        shift, variance = self._of_draws(covariance, mean)
        error = _half(mean) / 1.96
        diagnostics = self._diagnostics(variance, shift / error if 0 < error < math.inf else 0.0, selection, label)
        refusal = diagnostics.refusal()
        if refusal:
            mean, std = mean._replace(low=-math.inf, high=math.inf), (0.0, math.inf)
        else:
            std = self._width(self._estimate(1, influence[:, 1], covariance), covariance, at_edge)
            if selection is not None and not at_edge:
                # Where little of a population is found its mean and width trade off, along a bent ridge.
                low, high = self._profiled(0, mean, covariance)
                mean = mean._replace(low=low, high=high)
        return NormalPopulation(
            mean=_moved(mean, shift, centre, scale),
            std=Estimate(0.0 if at_edge else math.exp(log_width) * scale, std[0] * scale, std[1] * scale, mean.n),
            influence=scale * influence[:, 0],
            log_likelihood=self.state.value,
            diagnostics=diagnostics,
            refusal=refusal,
        )

    def _width(self, log_std: Estimate, covariance: Array, at_edge: bool) -> tuple[float, float]:
        """Ends of the interval of the width: Wald's for its logarithm while that is well known, else the profile's."""
        if not at_edge and log_std.high - log_std.value < 0.6:
            return math.exp(log_std.low), math.exp(log_std.high)
        low, high = self._profiled(1, log_std, covariance)
        return (0.0 if low <= _EDGE else math.exp(low)), math.exp(high)

    def _covariance(self, at_edge: bool) -> Array:
        """Inverse information (2, 2); of the mean alone where the width is at its lower edge."""
        information = self.state.information
        if at_edge or np.linalg.eigvalsh(information)[0] <= 0:
            squared = float(self.problem.w @ np.square(self.state.scores[:, 0]))
            first = float(information[0, 0]) if information[0, 0] > 0 else squared
            # Nothing is known where all are flat, which `Diagnostics.refusal` says.
            return np.diag([1 / first if first > 0 else 0.0, 0.0])
        return np.asarray(np.linalg.inv(information))

    def _estimate(self, j: int, influence: Array, covariance: Array) -> Estimate:
        """Interval from the scatter of the objects' scores, by unit, and of the injections."""
        w = self.problem.w
        found = from_influence(float(self.state.at[j]), w * influence, self.units, w if self.weighted else None)
        if self.state.alpha is None:
            return found
        # One alpha for all objects: its error does not average out.
        common = (
            w.sum() ** 2 * (covariance @ _spreads(self.state.alpha, math.exp(self.state.at[1]))[0] @ covariance)[j, j]
        )
        half = math.hypot(_half(found), 1.96 * math.sqrt(max(float(common), 0.0)))
        return found._replace(low=found.value - half, high=found.value + half)

    def _of_draws(self, covariance: Array, mean: Estimate) -> tuple[float, float]:
        """Correction of the mean for finite draws, and the variance of ln L over one sigma of the mean."""
        squares, moments, std = self.state.terms.squares, self.state.terms.moments, math.exp(self.state.at[1])
        # A ratio of sums is biased by -sum w^2 (score - mean score), to first order in 1/s.
        excess = np.stack(
            [squares[:, 1] - moments[:, 0] * squares[:, 0], squares[:, 2] - moments[:, 1] * squares[:, 0]]
        )
        shift = float((covariance @ (excess @ self.problem.w * [1 / std, 1.0]))[0])
        scatter = np.square(self.problem.w) @ _spreads(self.state.terms, std)[:, 0, 0]
        if self.state.alpha is not None:
            scatter += self.problem.w.sum() ** 2 * _spreads(self.state.alpha, std)[0, 0, 0]
        return shift, float(scatter) * (_half(mean) / 1.96) ** 2

    def _diagnostics(self, variance: float, bias: float, selection: Injections | None, label: int) -> Diagnostics:
        likelihoods, squares = self.problem.likelihoods, self.state.terms.squares[:, 0]
        with np.errstate(divide="ignore"):
            effective = 1 / squares
        total, uninformed = 0.0, 0
        if isinstance(likelihoods, DrawnLikelihoods):
            total = float(np.maximum(squares - 1 / likelihoods.draws.shape[1], 0).sum())
        elif isinstance(likelihoods, NormalLikelihoods):
            uninformed = int((likelihoods.precision <= 0).sum())
        injections = math.inf
        if selection is not None:
            mean = likelihoods.centre + likelihoods.scale * float(self.state.at[0])
            injections = find(selection, mean, likelihoods.scale * math.exp(self.state.at[1]), label).n_effective
            total += len(self.problem.w) ** 2 / max(injections, 1e-300)
        return Diagnostics(
            effective_draws=effective,
            total_variance=total,
            variance=variance,
            draws_bias=bias,
            n_uninformed=uninformed,
            n_effective_injections=injections,
        )

    def _profiled(self, j: int, wald: Estimate, covariance: Array) -> tuple[float, float]:
        """Ends where the profile likelihood of a parameter has fallen by 1.92, times what the scatter of the scores
        exceeds their information by (Chandler & Bate 2007, Biometrika 94, 167)."""
        best, at = self.state, float(self.state.at[j])
        half = _half(wald) if 0 < _half(wald) < math.inf else 0.5
        expected = 1.96 * math.sqrt(max(float(covariance[j, j]), 0.0))
        drop = 1.92 * max(half / expected if expected > 0 else 1.0, 1.0) ** 2

        def deficit(value: float) -> float:
            start = best.at.copy()
            start[j] = value
            return best.value - self.problem.maximise(start, held=j).value - drop

        return _crossing(deficit, at, -half, _EDGE if j == 1 else -100.0), _crossing(deficit, at, half, 10.0)


def _crossing(deficit: Callable[[float], float], inside: float, step: float, end: float) -> float:
    """Where `deficit` turns positive on the way from `inside` in steps that grow; `end` where it does not before."""
    outside = inside
    while deficit(outside) <= 0:
        if outside == end:
            return end
        inside, outside, step = outside, outside + step, 1.5 * step
        outside = max(outside, end) if step < 0 else min(outside, end)
    return _bisected(deficit, inside, outside)


def _bisected(deficit: Callable[[float], float], inside: float, outside: float) -> float:
    for _ in range(12):
        middle = 0.5 * (inside + outside)
        inside, outside = (middle, outside) if deficit(middle) <= 0 else (inside, middle)
    return 0.5 * (inside + outside)


def _scores(terms: Terms, std: float) -> Array:
    """Derivatives (n, 2) of ln L by mean and ln width (Fisher's identity: those of the population, averaged)."""
    return np.stack([terms.moments[:, 0] / std, terms.moments[:, 1] - 1], axis=1)


def _hessians(terms: Terms, std: float) -> Array:
    """Second derivatives (n, 2, 2): those of the population, averaged, plus the covariance of the first (Louis 1982)."""
    m1, m2, m3, m4 = terms.moments.T
    mixed = (m3 - m1 * m2 - 2 * m1) / std
    return np.stack([np.stack([(m2 - m1**2 - 1) / std**2, mixed]), np.stack([mixed, m4 - m2**2 - 2 * m2])]).T


def _spreads(terms: Terms, std: float) -> Array:
    """Covariance (n, 2, 2) of the scores from finite draws: sums of w^2 (score - mean score)^2."""
    m1, m2 = terms.moments[:, :2].T
    s0, s1, s2, s3, s4 = terms.squares.T
    first = (s2 - 2 * m1 * s1 + m1**2 * s0) / std**2
    mixed = (s3 - m1 * s2 - m2 * s1 + m1 * m2 * s0) / std
    return np.stack([np.stack([first, mixed]), np.stack([mixed, s4 - 2 * m2 * s2 + m2**2 * s0])]).T


def _injected(selection: Injections | None, label: int, likelihoods: Likelihoods) -> DrawnLikelihoods | None:
    """alpha is the likelihood of one object whose draws are the injections found."""
    if selection is None:
        return None
    seen = np.asarray(selection.found)
    if not seen.any():
        raise InputError("no injected object was found; the selection of a population cannot be measured.")
    y, density = (np.asarray(a)[seen, label][None, :] for a in (selection.labels, selection.log_density))
    scale = likelihoods.scale
    return DrawnLikelihoods((y - likelihoods.centre) / scale, density + math.log(scale))


def _moved(estimate: Estimate, shift: float, centre: float, scale: float) -> Estimate:
    value, low, high = (centre + scale * (v + shift) for v in estimate[:3])
    return Estimate(value, low, high, estimate.n)


def _half(estimate: Estimate) -> float:
    return estimate.high - estimate.value
