"""Cannon: a spectrum as a polynomial of its labels, learned pixel by pixel and inverted by chi^2."""

from __future__ import annotations

from typing import ClassVar, Literal, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from checkstar.errors import InputError
from checkstar.methods.base import Estimand, Method, check_observations, check_training
from checkstar.methods.continua import Continuum, Divided, divide_continuum
from checkstar.methods.label_fits import build_misfit, fit_labels, group_starts
from checkstar.methods.pixel_fits import fit_pixels
from checkstar.methods.polynomials import bends, expand, polynomial_terms
from checkstar.noise import Covariance, Noise
from checkstar.prediction import Normal, label_matrix

__all__ = ["Cannon", "Inference"]

Array = NDArray[np.float64]


class Inference(NamedTuple):
    """Labels of n spectra, in the labels' own units, and what is known about the fit.

    Attributes
    ----------
    labels : (n, k) array
    covariance : (n, k, k) array
        Inverse of the information at the solution.
    chi2 : (n,) array
        Sum over unmasked pixels of (flux - model)^2 / (noise variance + scatter variance).
    n_pixels : (n,) array of int
        Pixels used.
    converged : (n,) boolean array
        Whether the best search ended by itself. Where it did not, its last and lowest point is given.
    inside : (n,) boolean array
        Whether every label lies between the least and the largest of the training set. Labels are never clipped.
    """

    labels: Array
    covariance: Array
    chi2: Array
    n_pixels: NDArray[np.intp]
    converged: NDArray[np.bool_]
    inside: NDArray[np.bool_]


class Cannon(Method):
    """The Cannon: flux = polynomial of the labels + noise + scatter, per pixel; labels by chi^2.

    The estimand is "likelihood": labels are those of largest likelihood given the spectrum and the model. The training
    set is no prior, estimates do not shrink towards it, and they may be averaged.

    Parameters
    ----------
    order : {1, 2, 3}
        Degree of the polynomial: linear, quadratic, cubic.
    l1 : float
        Penalty l1 * sum |coefficient| (without the constant) added to chi^2 of each pixel; 0 for none.
    censor : (k, p) boolean array, optional
        True where a label may not act on a pixel: no term with this label is fitted there.
    continuum : {"mean", "median", "running"}, optional
        Divide every spectrum first by the mean or median of its unmasked pixels, or by a running Gaussian mean, which
        also takes out reddening and errors of flux calibration. The error of that level is neglected.
    continuum_width : float
        Standard deviation of the Gaussian of "running", in pixels.
    n_starts : int
        Searches per star, each from the best training label of one region of label space.
    max_iterations : int
        Most steps of one search.
    tolerance : float
        A search ends when its next step is smaller than this share of the standard errors.

    Attributes
    ----------
    coefficients_ : (p, t) array
        Per pixel, in the order of `polynomial_terms(k, order)`, for labels scaled as (label - pivot) / scale.
    scatter_ : (p,) array
        Standard deviation of what neither noise nor labels explain; infinite where too few training stars had flux.
        Its variance is unbiased (restricted likelihood) save that it is never negative.
    training_noise_ : (p,) array
        Typical variance of the training noise, zero if none was given.
    pivots_, scales_ : (k,) array
        Median of the training labels, and a quarter of their central 95 %.
    label_low_, label_high_ : (k,) array
        Range of the training labels.
    starts_, groups_ : (m, k) array, (m,) array
        Scaled training labels at which searches may start and the region of each.

    Notes
    -----
    Masked pixels (infinite sigma) are left out, in training too. Noise is treated as independent from pixel to pixel;
    where it is a `Covariance`, labels are still found by the diagonal, but their covariance allows for all of it.
    Scatter is taken as independent: misfit shared by neighbouring pixels makes label errors too small.
    Where `predict` gets no noise, the spectra are taken to be as noisy as those of the training set. Where `fit` gets
    none, the scatter contains the noise of the training set; then give none to `predict` either.
    Errors of the training labels (`y_err`) count as extra variance of their flux, to first order (effective variance);
    the coefficients are not corrected for the attenuation by these errors.

    References
    ----------
    Ness et al. 2015, ApJ 808, 16; Casey et al. 2016, arXiv:1603.03040 (L1, censoring);
    Patterson & Thompson 1971, Biometrika 58, 545 (restricted likelihood).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> labels = rng.uniform(-1, 1, (60, 1))
    >>> slope = np.linspace(0, 1, 30)
    >>> cannon = Cannon(order=1).fit(1 + labels * slope + 0.01 * rng.standard_normal((60, 30)), labels)
    >>> bool(abs(cannon.predict([1 + 0.3 * slope])[0, 0] - 0.3) < 0.01)
    True
    """

    estimand: ClassVar[Estimand] = "likelihood"
    references = ("Ness et al. 2015, ApJ 808, 16", "Casey et al. 2016, arXiv:1603.03040")

    def __init__(
        self,
        order: Literal[1, 2, 3] = 2,
        *,
        l1: float = 0.0,
        censor: ArrayLike | None = None,
        continuum: Continuum | None = None,
        continuum_width: float = 30.0,
        n_starts: int = 8,
        max_iterations: int = 50,
        tolerance: float = 1e-6,
    ) -> None:
        self.order = order
        self.l1 = l1
        self.censor = censor
        self.continuum = continuum
        self.continuum_width = continuum_width
        self.n_starts = n_starts
        self.max_iterations = max_iterations
        self.tolerance = tolerance

    def fit(self, x: ArrayLike, y: ArrayLike, *, noise: Noise | None = None, y_err: ArrayLike | None = None) -> Self:
        """Learn the spectra `x` (n, p) as a function of their labels `y` (n, k).

        Raises
        ------
        InputError
            If a setting is wrong, a label is constant, or the stars do not determine the coefficients.
        """
        flux, labels = check_training("Cannon", x, y, noise, allow_masked=True)
        self._check_settings(labels.shape[1], flux.shape[1])
        spectra = self._prepare(flux, noise)
        self._scale_labels(labels)
        design, gradients = expand((labels - self.pivots_) / self.scales_, self.order)
        _check_design(design, self.order)
        allowed = self._allowed_terms(labels.shape[1])
        found = fit_pixels(design, spectra.flux, spectra.sigma, allowed, self.l1)
        if y_err is not None:
            extra = _flux_variance(gradients, found.coefficients, _label_errors(y_err, labels.shape) / self.scales_)
            sigma = np.sqrt(np.square(spectra.sigma) + extra)
            found = fit_pixels(design, spectra.flux, sigma, allowed, self.l1)
        self.coefficients_, self.scatter_ = found.coefficients, np.sqrt(found.variance)
        if not np.isfinite(self.scatter_).any():
            raise InputError(
                f"Cannon of order {self.order} has {design.shape[1]} coefficients a pixel, but no pixel has more good "
                "stars that determine them; give more stars, mask less, or lower the order."
            )
        self.training_noise_ = _typical_variance(spectra.sigma)
        self.starts_, self.groups_ = group_starts((labels - self.pivots_) / self.scales_, self.n_starts)
        return self

    def predict_distribution(self, x: ArrayLike, *, noise: Noise | None = None) -> Normal:
        """Normal predictions (n, k) with the covariance between labels; see `infer`."""
        inference = self.infer(x, noise=noise)
        std = np.sqrt(np.diagonal(inference.covariance, axis1=1, axis2=2))
        return Normal(inference.labels, std, inference.covariance)

    def infer(self, x: ArrayLike, *, noise: Noise | None = None) -> Inference:
        """Labels of spectra `x` (n, p), their covariance, and the flags of the fit.

        Raises
        ------
        InputError
            If a spectrum has fewer good pixels than there are labels, or does not determine them; names the rows.
        """
        self._fitted()
        flux = check_observations("Cannon", x, noise, len(self.scatter_), allow_masked=True)
        spectra = self._prepare(flux, noise)
        misfit = build_misfit(spectra.flux, spectra.sigma, self._extra_variance(noise), self.coefficients_)
        _refuse("fewer good pixels than labels", misfit.n_pixels < len(self.pivots_))
        fit = fit_labels(
            misfit,
            self.starts_,
            self.groups_,
            self.order,
            max_iterations=self.max_iterations,
            tolerance=self.tolerance,
        )
        labels = self.pivots_ + self.scales_ * fit.labels
        covariance = self._label_covariance(fit.information)
        if isinstance(noise, Covariance):
            covariance = self._correlated_covariance(fit.labels, covariance, flux, spectra, noise)
        inside = ((labels >= self.label_low_) & (labels <= self.label_high_)).all(axis=1)
        return Inference(labels, covariance, fit.chi2, misfit.n_pixels, fit.converged, inside)

    def jacobian(self, x: ArrayLike, *, noise: Noise | None = None) -> Array | None:
        """Derivatives (n, k, p) of the labels by the flux (n, p), by the implicit function theorem.

        None where spectra are divided by a continuum, which depends on the flux too.
        """
        if self.continuum is not None:
            return None
        flux = check_observations("Cannon", x, noise, len(self.scatter_), allow_masked=True)
        spectra = self._prepare(flux, noise)
        scaled = (self.infer(x, noise=noise).labels - self.pivots_) / self.scales_
        values, gradients = expand(scaled, self.order)
        weight = 1.0 / (np.square(spectra.sigma) + self._extra_variance(noise))
        weighted = weight * (spectra.flux - values @ self.coefficients_.T)
        slope = np.swapaxes(self.coefficients_ @ gradients, 1, 2)
        bent = slope @ (weight[:, :, None] * np.swapaxes(slope, 1, 2))
        # Half the second derivative of chi^2: the information, less the misfit times the bend of the model.
        bent -= np.einsum("nt,ntjk->njk", weighted @ self.coefficients_, bends(scaled, self.order))
        return np.linalg.solve(bent, slope * weight[:, None, :]) * self.scales_[:, None]

    def spectra(self, labels: ArrayLike) -> Array:
        """The model's spectra (n, p) for `labels` (n, k), after division by the continuum level if one is set."""
        self._fitted()
        return expand(self._scaled(labels), self.order).values @ self.coefficients_.T

    def information(self, labels: ArrayLike, *, noise: Noise | None = None) -> Array:
        """Fisher information (n, k, k) of a spectrum about its `labels` (n, k), in the labels' units.

        Its inverse is the Cramer-Rao bound: no unbiased estimate from these pixels has a smaller covariance.

        Parameters
        ----------
        labels : (n, k) array
            Where to evaluate it.
        noise : Noise, optional
            Noise of n spectra like those of `spectra(labels)`; its correlations are not used. By default the typical
            noise of the training set.
        """
        self._fitted()
        scaled = self._scaled(labels)
        values, gradients = expand(scaled, self.order)
        model = values @ self.coefficients_.T
        sigma = np.zeros(model.shape) if noise is None else noise.sigma(model)
        curvature = build_misfit(model, sigma, self._extra_variance(noise), self.coefficients_).curvature
        bent = gradients[:, 1:] / self.scales_
        return np.swapaxes(bent, 1, 2) @ curvature @ bent

    def _check_settings(self, n_labels: int, n_pixels: int) -> None:
        if self.order not in (1, 2, 3):
            raise InputError(f"Cannon got order={self.order}; give 1 (linear), 2 (quadratic) or 3 (cubic).")
        if not (np.isfinite(self.l1) and self.l1 >= 0):
            raise InputError(f"Cannon got l1={self.l1}; give a penalty of zero or more.")
        if self.continuum not in (None, "mean", "median", "running"):
            raise InputError(f"Cannon got continuum={self.continuum!r}; give None, 'mean', 'median' or 'running'.")
        if not self.continuum_width > 0:
            raise InputError(f"Cannon got continuum_width={self.continuum_width}; give a positive number of pixels.")
        if self.n_starts < 1 or self.max_iterations < 1 or not self.tolerance > 0:
            raise InputError(
                f"Cannon got n_starts={self.n_starts}, max_iterations={self.max_iterations}, "
                f"tolerance={self.tolerance}; give at least one start and one iteration, and a positive tolerance."
            )
        if self.censor is not None and np.asarray(self.censor).shape != (n_labels, n_pixels):
            raise InputError(
                f"Cannon got censor of shape {np.asarray(self.censor).shape}; {n_labels} labels and {n_pixels} pixels "
                f"need ({n_labels}, {n_pixels}), True where a label may not act on a pixel."
            )

    def _prepare(self, x: Array, noise: Noise | None) -> Divided:
        """Fill masked pixels with zeros and divide by the continuum level; `x` itself is not changed."""
        sigma = np.broadcast_to(0.0, x.shape) if noise is None else noise.sigma(x)
        if noise is not None and not np.isfinite(x).all():
            x = np.where(np.isfinite(sigma), x, 0.0)
        if self.continuum is None:
            return Divided(x, sigma, np.ones((len(x), 1)))
        return divide_continuum(x, sigma, self.continuum, self.continuum_width)

    def _scale_labels(self, labels: Array) -> None:
        """Set pivots, scales and range of the labels."""
        self.label_low_, self.label_high_ = labels.min(axis=0), labels.max(axis=0)
        constant = np.flatnonzero(self.label_low_ == self.label_high_)
        if constant.size:
            raise InputError(
                f"Cannon got labels that are the same for all {len(labels)} stars (columns {_first(constant)}); "
                "drop these labels."
            )
        low, self.pivots_, high = np.quantile(labels, [0.025, 0.5, 0.975], axis=0)
        # A label that few stars vary in has no width between quantiles; its standard deviation still has.
        self.scales_ = np.where(high > low, (high - low) / 4, labels.std(axis=0))

    def _allowed_terms(self, n_labels: int) -> NDArray[np.bool_] | None:
        """Terms (p, t) without a censored label, or None where nothing is censored."""
        if self.censor is None:
            return None
        blocked = np.asarray(self.censor, dtype=bool)
        terms = polynomial_terms(n_labels, self.order)
        return ~np.stack([blocked[list(term)].any(axis=0) for term in terms], axis=1)

    def _scaled(self, labels: ArrayLike) -> Array:
        values = label_matrix("labels", labels)
        if values.shape[1] != len(self.pivots_):
            raise InputError(
                f"Cannon got {values.shape[1]} labels but was trained on {len(self.pivots_)}; give the same columns."
            )
        return (values - self.pivots_) / self.scales_

    def _extra_variance(self, noise: Noise | None) -> Array:
        """Variance (p,) beside that of the given noise."""
        extra = np.square(self.scatter_)
        return extra + self.training_noise_ if noise is None else extra

    def _label_covariance(self, information: Array) -> Array:
        """Covariance (n, k, k) in the labels' units from the information about scaled labels."""
        size = np.sqrt(np.diagonal(information, axis1=1, axis2=2))
        flat = np.asarray(~(size > 0).all(axis=1))
        unit = information / np.where(flat[:, None, None], 1.0, size[:, :, None] * size[:, None, :])
        # Eigenvalues of the correlation of the information: zero where two labels do the same to the spectrum.
        flat |= np.linalg.eigvalsh(unit)[:, 0] < 1e-12
        _refuse("no information about some label", flat)
        scale = self.scales_ / size
        return np.linalg.inv(unit) * scale[:, :, None] * scale[:, None, :]

    def _correlated_covariance(
        self, scaled: Array, diagonal: Array, flux: Array, spectra: Divided, noise: Covariance
    ) -> Array:
        """Covariance (n, k, k) of the labels found by the diagonal, for noise correlated between pixels (sandwich)."""
        gradients = expand(scaled, self.order).gradients / self.scales_
        jacobian = np.swapaxes(self.coefficients_ @ gradients, 1, 2)
        scatter = np.square(self.scatter_)
        response = diagonal @ (jacobian / (np.square(spectra.sigma) + scatter)[:, None, :])
        of_scatter = response * np.where(np.isfinite(scatter), self.scatter_, 0.0)
        from_noise = noise.propagate(response / spectra.level[:, None, :], flux)
        return from_noise + of_scatter @ np.swapaxes(of_scatter, 1, 2)


def _check_design(design: Array, order: int) -> None:
    n_stars, n_terms = design.shape
    if n_stars <= n_terms:
        raise InputError(
            f"Cannon of order {order} has {n_terms} coefficients a pixel and needs at least {n_terms + 1} stars; got "
            f"{n_stars}; give more stars or lower the order."
        )
    rank = np.linalg.matrix_rank(design)
    if rank < n_terms:
        raise InputError(
            f"the labels of {n_stars} stars determine only {rank} of the {n_terms} coefficients of a Cannon of order "
            f"{order}; lower the order, or drop labels that follow from others."
        )


def _label_errors(y_err: ArrayLike, shape: tuple[int, ...]) -> Array:
    errors = np.asarray(y_err, dtype=float)
    errors = errors[:, None] if errors.ndim == 1 and errors.shape == shape[:1] else errors
    try:
        errors = np.broadcast_to(errors, shape)
    except ValueError:
        raise InputError(
            f"Cannon got y_err of shape {errors.shape} for labels {shape}; give one error per label."
        ) from None
    if not (np.isfinite(errors) & (errors >= 0)).all():
        raise InputError("Cannon got y_err with negative or non-finite entries; give standard errors, 0 where exact.")
    return errors


def _flux_variance(gradients: Array, coefficients: Array, errors: Array) -> Array:
    """Variance (n, p) of the flux that errors (n, k) of the scaled labels would cause."""
    total = np.zeros((len(gradients), len(coefficients)))
    for label in range(errors.shape[1]):
        total += np.square((gradients[:, :, label] * errors[:, [label]]) @ coefficients.T)
    return total


def _typical_variance(sigma: Array) -> Array:
    """Harmonic mean (p,) of the variances of unmasked elements; zero where the noise is unknown."""
    if not sigma.any():
        return np.zeros(sigma.shape[1])
    information = (1.0 / np.square(sigma)).sum(axis=0)
    n_good = np.isfinite(sigma).sum(axis=0)
    return np.divide(n_good, information, out=np.zeros(len(information)), where=information > 0)


def _refuse(what: str, bad: ArrayLike) -> None:
    rows = np.flatnonzero(bad)
    if rows.size:
        raise InputError(
            f"Cannon got {rows.size} of {np.size(bad)} spectra with {what} (rows {_first(rows)}); drop them."
        )


def _first(numbers: NDArray[np.intp]) -> str:
    return ", ".join(map(str, numbers[:5])) + (", ..." if numbers.size > 5 else "")
