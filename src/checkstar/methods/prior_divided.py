"""PriorDivided: predictions without the training set as their prior, so that they may be averaged."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from checkstar.data.dataset import Dataset
from checkstar.errors import InputError
from checkstar.methods.base import check_observations
from checkstar.methods.wrappers import Wrapper
from checkstar.methods.wrapping import as_method
from checkstar.noise import Noise
from checkstar.populations.likelihoods import points_of
from checkstar.populations.priors import InterimPrior, KernelPrior, NormalPrior
from checkstar.prediction import Mixture, Normal, Prediction

__all__ = ["PriorDivided"]

Array = NDArray[np.float64]

#: Equally probable normal components that stand for weighted draws, and the effective number of draws below which their
#: mean and spread are divided instead.
_COMPONENTS, _FEWEST_DRAWS = 32, 30.0
_CHUNK_ELEMENTS = 2_000_000


class PriorDivided(Wrapper):
    """A method whose posteriors are divided by the prior that its training labels are.

    A regression that has learned from labels N(m, t^2) answers N(p, s^2), the product of that prior and the likelihood
    of the object. Divided by the prior again,

        1 / s_L^2 = 1 / s^2 - 1 / t^2,    p_L = s_L^2 (p / s^2 - m / t^2),

    which is wider, is pulled to no training set, and may be averaged over another population. Draws are weighted by one
    over the prior instead. Several labels are divided one by one: what the training set says of one label given the
    others stays.

    Where the posterior is as wide as the prior the object says nothing: where s_L exceeds `widest` t, the answer is
    N(m, (widest t)^2), an abstention (see `abstains`), which pulls an average to m as the prior did: do not average where
    more than a few abstain, nor the rest alone, for far-off objects abstain first. It is only as good as the error bars of
    `method`: `checkstar.checks.PopulationRepair` shows whether they allow it.

    Parameters
    ----------
    method : Method or scikit-learn estimator
        With error bars; a copy is fitted.
    interim : {"normal", "kernel"}
        The prior: the normal distribution of the training labels, without the scatter of their errors, or their kernel
        density.
    widest : float
        Width of the widest answer, in standard deviations of the prior.

    Raises
    ------
    InputError
        In fit, if the method says no error bars, carries no prior, or knows no label better than its prior.

    References
    ----------
    Hogg, Myers & Bovy 2010, ApJ 725, 2166; Hogg & Villar 2024, arXiv:2405.18095.

    Examples
    --------
    >>> from checkstar.methods import Ridge
    >>> rng = np.random.default_rng(0)
    >>> y = rng.normal(size=2000)
    >>> x = y[:, None] + 0.5 * rng.normal(size=(2000, 1))
    >>> at = np.array([[1.0]])
    >>> [round(float(m.fit(x, y).predict(at)[0, 0]), 1) for m in (Ridge(), PriorDivided(Ridge()))]
    [0.8, 1.0]
    """

    estimand = "likelihood"
    references = ("Hogg, Myers & Bovy 2010, ApJ 725, 2166", "Hogg & Villar 2024, arXiv:2405.18095")

    def __init__(self, method: Any, interim: Literal["normal", "kernel"] = "normal", widest: float = 10.0) -> None:
        self.method = method
        self.interim = interim
        self.widest = widest

    def abstains(self, x: ArrayLike, *, noise: Noise | None = None) -> NDArray[np.bool_]:
        """Which objects (n, k) say nothing about a label beyond the prior."""
        self._fitted()
        observations = check_observations(type(self).__name__, x, noise, self.n_features_, allow_masked=True)
        return ~self._informed(self.method_.predict_distribution(observations, noise=noise).std())

    def _learn(self, data: Dataset) -> None:
        if data.task == "classification":
            raise InputError("PriorDivided got classes; it divides the prior out of numbers.")
        if as_method(self.method).estimand == "likelihood":
            raise InputError(f"{self.name} got a method without a prior of its training set; use it as it is.")
        if self.interim not in ("normal", "kernel") or not self.widest > 0:
            raise InputError(
                f"PriorDivided got interim={self.interim!r} and widest={self.widest!r}; give 'normal' or 'kernel' and a "
                "positive number."
            )
        assert data.x is not None and data.y is not None
        errors = np.zeros(data.y.shape) if data.y_err is None else data.y_err
        normal = [NormalPrior.of(y, e) for y, e in zip(data.y.T, errors.T, strict=True)]
        self.mean_, self.std_ = np.array([p.mean for p in normal]), np.array([p.std for p in normal])
        self.nodes_, self.log_densities_ = np.zeros((0, 0)), np.zeros((0, 0))
        if self.interim == "kernel":
            kernel = [KernelPrior.of(y) for y in data.y.T]
            self.nodes_ = np.stack([p.nodes for p in kernel])
            self.log_densities_ = np.stack([p.log_densities for p in kernel])
        self.method_ = self._fit_inner(data)
        self._check_widths(data[np.linspace(0, len(data) - 1, min(len(data), 1000)).astype(int)])

    def _check_widths(self, data: Dataset) -> None:
        said = self._held(self.method_, data).prediction
        if not said.has_spread:
            raise InputError(
                "PriorDivided got a method that says no error bars, so that nothing can be divided out; wrap one that does."
            )
        if not self._informed(np.median(said.std(), axis=0)).any():
            raise InputError(
                "PriorDivided got a method whose posteriors are as wide as the training labels scatter: it has learned nothing "
                "beyond its prior, and nothing would be left of them."
            )

    def _informed(self, std: Array) -> NDArray[np.bool_]:
        """Where the likelihood is narrower than `widest` prior widths."""
        return np.square(self.std_ / std) > 1 + self.widest**-2

    def _predict(self, x: NDArray[np.float64], noise: Noise | None) -> Prediction:
        posterior = self.method_.predict_distribution(x, noise=noise)
        closed = self._divided(posterior.mean(), posterior.std())
        if isinstance(posterior, Normal) and self.interim == "normal":
            return closed
        columns, informed = range(posterior.shape[1]), self._informed(posterior.std())
        parts = [self._reweighted(posterior.select(j), j, closed, informed[:, j]) for j in columns]
        means, stds = (np.stack([part[i] for part in parts], axis=2) for i in (0, 1))
        return Mixture(np.full(means.shape[:2], 1 / _COMPONENTS), means, stds)

    def _divided(self, mean: Array, std: Array) -> Normal:
        informed = self._informed(std)
        precision = np.where(informed, std**-2.0 - self.std_**-2.0, (self.widest * self.std_) ** -2.0)
        pull = np.where(informed, (mean - self.mean_) * std**-2.0, 0.0)
        return Normal(self.mean_ + pull / precision, precision**-0.5)

    def _prior(self, j: int) -> InterimPrior:
        mean, std = float(self.mean_[j]), float(self.std_[j])
        if self.interim == "kernel":
            return KernelPrior(self.nodes_[j], self.log_densities_[j], mean, std)
        return NormalPrior(mean=mean, std=std)

    def _reweighted(
        self, posterior: Prediction, j: int, closed: Normal, informed: NDArray[np.bool_]
    ) -> tuple[Array, Array]:
        """Means and standard deviations (n, c) of equally probable components: one posterior over the prior of label j."""
        prior, (draws, log_weight) = self._prior(j), points_of(posterior)
        means, stds = (np.repeat(values[:, [j]], _COMPONENTS, axis=1) for values in (closed.mean(), closed.std()))
        step = max(1, _CHUNK_ELEMENTS // draws.shape[1])
        for start in range(0, len(draws), step):
            rows = slice(start, start + step)
            order = np.argsort(draws[rows], axis=1)
            some, own = (np.take_along_axis(values[rows], order, axis=1) for values in (draws, log_weight))
            own = own - prior.log_density(some)
            weight = np.exp(own - own.max(axis=1, keepdims=True))
            weight /= weight.sum(axis=1, keepdims=True)
            effective = 1 / np.square(weight).sum(axis=1)
            # Few heavy draws tell no shape, only where the tail of the prior lies.
            told = (effective >= _FEWEST_DRAWS) & informed[rows]
            found = _components(some[told], weight[told], effective[told])
            means[rows][told], stds[rows][told] = found
        return means, stds


def _components(draws: Array, weight: Array, effective: Array) -> tuple[Array, Array]:
    """Normal components (n, c), equally probable, with the mean and variance of sorted weighted draws (n, s)."""
    n = len(draws)
    # One running sum over all objects: what lies between two levels is a difference of it.
    level = np.concatenate([[0.0], np.cumsum(weight)])
    wanted = (np.arange(n)[:, None] + np.arange(_COMPONENTS + 1) / _COMPONENTS) if n else np.zeros((0, _COMPONENTS + 1))
    centre = np.einsum("ns,ns->n", weight, draws)[:, None]
    offset = draws - centre
    first, second = (
        np.diff(np.interp(wanted, level, np.concatenate([[0.0], np.cumsum(weight * offset**k)])), axis=1) * _COMPONENTS
        for k in (1, 2)
    )
    variance = np.maximum(second.mean(axis=1, keepdims=True), 1e-300)
    # A kernel smooths the draws and would widen them; drawing the components together takes that back.
    kernel = np.minimum(1.06 * effective[:, None] ** -0.2, 0.9)
    shrink = np.sqrt(1 - kernel**2)
    within = np.maximum(second - first**2, 0.0)
    return centre + shrink * first, np.sqrt(shrink**2 * within + kernel**2 * variance)
