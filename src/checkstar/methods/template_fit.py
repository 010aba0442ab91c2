"""TemplateFit: chi^2 fit of a spectrum to a library, interpolated between the best-matching templates."""

from __future__ import annotations

from typing import NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from checkstar.errors import InputError
from checkstar.methods.base import Method, check_observations, check_training
from checkstar.noise import Noise
from checkstar.prediction import Normal

__all__ = ["TemplateFit"]

Array = NDArray[np.float64]

_CHUNK_ELEMENTS = 6_000_000
#: Numbers of pixels over which the misfit may be correlated; the best is learned.
_CORRELATION_LENGTHS = (1.0, 3.0, 10.0, 30.0, 100.0, 300.0)
#: Regularisation of the local regression of flux on standardised labels.
_RIDGE = 0.02
_MAX_LEFT_OUT = 1000


#: The neighbours' labels know the noise of the spectrum that chose them: as a prior they get this many times its
#: variance on top, or the same noise would be counted as two agreeing witnesses.
_PRIOR_WIDENING = 10.0


class _Fit(NamedTuple):
    """What one fit gave.

    Labels (n, k); their covariance (n, k, k) from noise and the library's range, which is known, and from misfit, which
    is to be calibrated; the spread (n, k, k) of the labels of the templates used; the residual spectra (n, p).
    """

    labels: Array
    known: Array
    misfit: Array
    spread: Array
    residual: Array


class TemplateFit(Method):
    """The domain's own way for spectra: the library itself is the model.

    1. chi^2 of the spectrum against every template, each multiplied by its best low-order continuum.
    2. On the `n_neighbors` best (where noise allows more templates than these: evenly among all allowed), the flux of
       every pixel is regressed on the labels (locally linear).
    3. The labels that minimise chi^2 under this local model, with the labels of these templates and of the whole
       library as priors. Because of these priors, and because labels in a library have errors, the estimates shrink
       towards the library: `estimand` is "posterior".

    What templates do not explain (scatter per pixel, the number of pixels over which it is correlated) is learned by
    leaving out one template after the other, and so are two factors per label that make the errors honest: variance =
    propagated noise + a x curvature of chi^2 from misfit + b x spread of the labels among the templates used.

    Parameters
    ----------
    n_neighbors : int
        Templates used for the interpolation.
    continuum_order : int in 0..8
        Order of the polynomial that multiplies each template; 0 is a free scale only. Order 1 forgives errors of flux
        calibration and reddening but gives away the colour; use 0 where fluxes are calibrated to a per cent.
    random_state : int
        Seed of the choice of the left-out templates, where the library has more than 1000.

    Notes
    -----
    Masked elements (infinite sigma in the noise) are left out. Where `predict` gets no noise, spectra are taken to be
    as noisy as those of the library; where `fit` gets none, the scatter contains the library's noise. Label errors are
    not used. Fitting costs as much as predicting the library ten times.

    References
    ----------
    Katz et al. 1998, A&A 338, 151 (TGMET); Wu et al. 2011, A&A 525, A71; Cleveland & Devlin 1988, JASA 83, 596.
    """

    references = ("Katz et al. 1998, A&A 338, 151", "Wu et al. 2011, A&A 525, A71")

    def __init__(self, n_neighbors: int = 20, continuum_order: int = 1, random_state: int = 0) -> None:
        self.n_neighbors = n_neighbors
        self.continuum_order = continuum_order
        self.random_state = random_state

    def fit(self, x: ArrayLike, y: ArrayLike, *, noise: Noise | None = None, y_err: ArrayLike | None = None) -> Self:
        """Keep the library: spectra `x` (t, p) on one pixel grid and their labels `y` (t, k)."""
        spectra, labels = check_training("TemplateFit", x, y, noise)
        self._check_settings(*labels.shape)
        self.n_features_ = spectra.shape[1]
        self.continuum_ = _polynomials(spectra.shape[1], self.continuum_order)
        level = np.sqrt(np.square(spectra).mean(axis=1, keepdims=True))
        if not (level > 0).all():
            raise InputError(f"TemplateFit got {int((level == 0).sum())} templates that are all zero; drop them.")
        self.templates_, self.labels_ = spectra / level, labels
        self.label_scale_ = np.where(labels.std(axis=0) > 0, labels.std(axis=0), 1.0)
        unit = (labels - labels.mean(axis=0)) / self.label_scale_
        self.label_precision_ = np.linalg.inv(unit.T @ unit / len(unit) + 1e-3 * np.eye(unit.shape[1]))
        variance = np.zeros(spectra.shape) if noise is None else np.square(noise.sigma(spectra) / level)
        finite = np.isfinite(variance)
        count = np.maximum(finite.sum(axis=0), 1)
        self.training_variance_ = np.where(finite, variance, 0.0).sum(axis=0) / count
        self._learn_misfit(variance)
        return self

    def predict_distribution(self, x: ArrayLike, *, noise: Noise | None = None) -> Normal:
        """Normal predictions (n, k) with the covariance between labels."""
        self._fitted()
        spectra = check_observations("TemplateFit", x, noise, self.n_features_, allow_masked=True)
        good = np.isfinite(spectra) if noise is None else np.isfinite(noise.sigma(spectra))
        if len(spectra) and good.sum(axis=1).min() <= self.continuum_order + self.labels_.shape[1]:
            raise InputError("TemplateFit got spectra with hardly any unmasked pixel; drop them.")
        clean = np.where(good, spectra, 0.0)
        level = np.sqrt(np.square(clean).sum(axis=1) / good.sum(axis=1))[:, None]
        if not (level > 0).all():
            raise InputError(f"TemplateFit got {int((level == 0).sum())} spectra that are zero everywhere; drop them.")
        if noise is None:
            variance = np.broadcast_to(self.training_variance_, clean.shape)
        else:
            variance = np.square(noise.sigma(spectra) / level)
        fit = self._fit_all(clean / level, variance, self.correlation_length_)
        return self._with_errors(fit)

    def _check_settings(self, n_templates: int, n_labels: int) -> None:
        if not 0 <= self.continuum_order <= 8:
            raise InputError(f"TemplateFit got continuum_order={self.continuum_order}; give an order from 0 to 8.")
        if self.n_neighbors < n_labels + 2:
            raise InputError(f"TemplateFit got n_neighbors={self.n_neighbors}; {n_labels} labels need {n_labels + 2}.")
        if n_templates < self.n_neighbors + 1:
            raise InputError(
                f"TemplateFit got {n_templates} templates but n_neighbors={self.n_neighbors}; "
                "give more templates or fewer neighbours."
            )

    def _learn_misfit(self, variance: Array) -> None:
        """Learn pixel scatter, correlation length and error factors by leaving one template out at a time."""
        n_templates = len(self.templates_)
        rng = np.random.default_rng(self.random_state)
        chosen = np.sort(rng.permutation(n_templates)[:_MAX_LEFT_OUT])
        spectra, truth, variance = self.templates_[chosen], self.labels_[chosen], variance[chosen]
        # Half the flux: no knowledge at all. Each round sees the labels' part of the misfit more clearly.
        self.scatter_ = np.full(self.n_features_, 0.5)
        for _ in range(3):
            residual = self._fit_all(spectra, variance, 1.0, chosen).residual
            self.scatter_ = _pixel_scatter(residual, self.training_variance_)
        best = np.inf
        for length in _CORRELATION_LENGTHS:
            fit = self._fit_all(spectra, variance, length, chosen)
            error = (fit.labels - truth) / self.label_scale_
            score = float(np.log(np.square(error).mean(axis=0) + 1e-300).sum())
            if score < best:
                best, self.correlation_length_, kept = score, length, fit
        factors = [
            _error_factors(kept.labels[:, i] - truth[:, i], *(c[:, i, i] for c in kept[1:4]))
            for i in range(truth.shape[1])
        ]
        self.factors_ = np.stack(factors)

    def _fit_all(self, spectra: Array, variance: Array, length: float, own: NDArray[np.intp] | None = None) -> _Fit:
        """Fit every spectrum (n, p) with noise `variance` (n, p), infinite where masked; `own` are left out."""
        width = self.n_neighbors * self.n_features_ + 8 * len(self.templates_)
        step = max(1, _CHUNK_ELEMENTS // width)
        parts = []
        for start in range(0, max(len(spectra), 1), step):
            rows = slice(start, start + step)
            parts.append(self._fit_chunk(spectra[rows], variance[rows], length, None if own is None else own[rows]))
        return _Fit(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))

    def _fit_chunk(self, spectra: Array, variance: Array, length: float, own: NDArray[np.intp] | None) -> _Fit:
        floor = np.square(self.scatter_)
        weight = 1.0 / (variance + floor)
        chi2, coefficients = _chi2(spectra, weight, self.templates_, self.continuum_)
        if own is not None:
            chi2[np.arange(len(own)), own] = np.inf
        near = _choose(chi2, self.n_neighbors, self.labels_.shape[1])
        chi2_near = np.take_along_axis(chi2, near, 1)
        excess = chi2_near - chi2_near.min(axis=1, keepdims=True)
        typical = np.median(excess, axis=1, keepdims=True)
        share = np.exp(-0.5 * excess / np.where(typical > 0, typical, 1.0))
        share /= share.sum(axis=1, keepdims=True)
        continuum = np.take_along_axis(coefficients, near[:, :, None], 1) @ self.continuum_
        local = _local_model(continuum * self.templates_[near], self.labels_[near], share, self.label_scale_)
        library = (self.labels_.mean(axis=0), self.label_precision_ / np.outer(self.label_scale_, self.label_scale_))
        return _solve(spectra, variance, floor, length, local, library)

    def _with_errors(self, fit: _Fit) -> Normal:
        root_a, root_b = np.sqrt(self.factors_.T)
        covariance = fit.known + fit.misfit * np.outer(root_a, root_a) + fit.spread * np.outer(root_b, root_b)
        return Normal(fit.labels, np.sqrt(np.diagonal(covariance, axis1=1, axis2=2)), covariance)


class _Local(NamedTuple):
    """Flux as a linear function of labels: flux = centre + ((labels - mean) / scale) @ slope."""

    mean: Array
    scale: Array
    centre: Array
    slope: Array
    prior: Array


def _polynomials(n_pixels: int, order: int) -> Array:
    """Legendre polynomials (order + 1, p) over the pixels."""
    return np.ascontiguousarray(np.polynomial.legendre.legvander(np.linspace(-1, 1, n_pixels), order).T, dtype=float)


def _chi2(spectra: Array, weight: Array, templates: Array, continuum: Array) -> tuple[Array, Array]:
    """chi^2 (n, t) of each spectrum against each template times its best continuum, and the coefficients (n, t, m)."""
    size = len(continuum)
    normal = np.empty((len(spectra), len(templates), size, size))
    right = np.empty((len(spectra), len(templates), size))
    square, weighted = np.square(templates).T, weight * spectra
    for i in range(size):
        right[..., i] = (weighted * continuum[i]) @ templates.T
        for j in range(i, size):
            normal[..., i, j] = normal[..., j, i] = (weight * (continuum[i] * continuum[j])) @ square
    # A template may be zero wherever the spectrum is not masked; a hair of ridge keeps the solution finite.
    trace = np.trace(normal, axis1=2, axis2=3)[..., None, None]
    coefficients = np.linalg.solve(normal + (1e-12 * trace + 1e-300) * np.eye(size), right[..., None])[..., 0]
    best = np.square(spectra) * weight
    return best.sum(axis=1)[:, None] - np.einsum("ntm,ntm->nt", right, coefficients), coefficients


def _pixel_scatter(residual: Array, variance: Array) -> Array:
    """Standard deviation (p,) of the residuals (n, p) beyond a noise of `variance` (p,), never quite zero."""
    # Robust: one peculiar star may not blind a pixel for all others.
    total = np.square(np.median(np.abs(residual), axis=0) / 0.6745)
    beyond = np.maximum(total - variance, 0.01 * total)
    return np.sqrt(np.maximum(beyond, 0.09 * np.median(beyond))) + 1e-9


def _choose(chi2: Array, n_neighbors: int, n_labels: int) -> NDArray[np.intp]:
    """Positions (n, m) of the best templates; where noise allows more than m, of an even choice of all it allows."""
    order = np.argsort(chi2, axis=1, kind="stable")
    # Two sigma above its mean for a chi^2 of as many degrees of freedom as labels.
    limit = chi2.min(axis=1, keepdims=True) + n_labels + 2 * np.sqrt(2 * n_labels)
    allowed = np.maximum((chi2 < limit).sum(axis=1), n_neighbors)
    rank = np.arange(n_neighbors) * allowed[:, None] // n_neighbors
    return np.take_along_axis(order, rank, 1)


def _local_model(flux: Array, labels: Array, share: Array, label_scale: Array) -> _Local:
    """Regress the flux (n, m, p) of m templates on their labels (n, m, k), weighted by `share` (n, m)."""
    mean = np.einsum("nm,nmk->nk", share, labels)
    offset = labels - mean[:, None, :]
    # Templates of nearly equal labels say nothing about slopes: a thousandth of the library's range is the least scale.
    scale = np.sqrt(np.einsum("nm,nmk->nk", share, offset**2) + np.square(1e-3 * label_scale))
    unit = offset / scale[:, None, :]
    weighted = unit * share[:, :, None]
    second = np.swapaxes(weighted, 1, 2) @ unit
    n_labels = labels.shape[2]
    centre = np.einsum("nm,nmp->np", share, flux)
    slope = np.linalg.solve(second + _RIDGE * np.eye(n_labels), np.swapaxes(weighted, 1, 2) @ flux)
    return _Local(mean, scale, centre, slope, 0.9 * second + 0.1 * np.eye(n_labels))


def _solve(
    spectra: Array, variance: Array, floor: Array, length: float, local: _Local, library: tuple[Array, Array]
) -> _Fit:
    """Labels of least chi^2 under the priors, for misfit of variance `floor` correlated over `length` pixels."""
    outer = local.scale[:, :, None] * local.scale[:, None, :]
    everywhere, towards = library[1] * outer, (library[0] - local.mean) / local.scale
    difference = spectra - local.centre
    good = np.isfinite(variance)
    noise = np.where(good, variance, 0.0)
    misfit = np.ones((len(spectra), 1))
    for _ in range(2):  # the first pass measures how well this spectrum is explained, the second uses it
        # Noise is independent from pixel to pixel, misfit is not: it counts as one pixel in `length`.
        weight = np.where(good, 1.0 / (noise + length * misfit * floor), 0.0)
        scaled = local.slope * weight[:, None, :]
        data = scaled @ np.swapaxes(local.slope, 1, 2)
        noisy = (scaled * noise[:, None, :]) @ np.swapaxes(scaled, 1, 2)
        # Barely regularised, so that where the spectrum says little the neighbours say little too.
        alone = np.linalg.inv(data + 0.01 * everywhere)
        near = np.linalg.inv(local.prior + _PRIOR_WIDENING * (alone @ noisy @ alone))
        covariance = np.linalg.inv(data + near + everywhere)
        unit = (covariance @ (scaled @ difference[:, :, None] + everywhere @ towards[:, :, None]))[:, :, 0]
        residual = difference - np.einsum("nk,nkp->np", unit, local.slope)
        misfit = _excess_misfit(residual, noise, good, floor)
    propagated = covariance @ (noisy + everywhere) @ covariance
    return _Fit(
        labels=local.mean + local.scale * unit,
        known=propagated * outer,
        misfit=(covariance - propagated) * outer,
        spread=local.prior * outer,
        residual=np.where(good, residual, 0.0),
    )


def _excess_misfit(residual: Array, noise: Array, good: NDArray[np.bool_], floor: Array) -> Array:
    """Factor (n, 1) on the misfit variance `floor` that explains the `residual` beyond `noise` (all (n, p))."""
    n_pixels = good.sum(axis=1)
    measured = np.where(good, (np.square(residual) - noise) / floor, 0.0).sum(axis=1) / n_pixels
    # Where noise hides the misfit it is taken as typical: the measured factor counts against 1 +- 1.
    variance = 2 * np.square(noise / floor).sum(axis=1) / n_pixels**2
    return np.clip((measured + variance) / (1 + variance), 0.3, 1e4)[:, None]


def _error_factors(error: Array, known: Array, misfit: Array, spread: Array) -> Array:
    """Factors (a, b) of largest likelihood of `error` (n,) with variance `known` + a x `misfit` + b x `spread`."""
    grid = np.concatenate([[0.0], np.logspace(-2, 2, 49)])
    best, chosen = np.inf, (1.0, 1.0)
    for a in np.logspace(-1, 3, 61):
        variance = known + a * misfit + grid[:, None] * spread
        score = (np.square(error) / variance + np.log(variance)).mean(axis=1)
        if score.min() < best:
            best, chosen = float(score.min()), (float(a), float(grid[score.argmin()]))
    return np.array(chosen)
