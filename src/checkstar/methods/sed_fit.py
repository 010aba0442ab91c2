"""SedFit: redshifts by chi^2 of magnitudes against redshifted template galaxies, under a prior of magnitude."""

from __future__ import annotations

from typing import Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln, log_softmax, logsumexp

from checkstar.errors import InputError
from checkstar.methods.base import Method, check_observations, check_training
from checkstar.noise import Noise
from checkstar.prediction import Grid

__all__ = ["SedFit"]

Array = NDArray[np.float64]

_CHUNK_ELEMENTS = 4_000_000
#: Magnitudes to the relative error of fluxes.
_PER_MAG = 0.4 * np.log(10)
#: Kinds of galaxies with a prior each, as in Benitez 2000: the nearest of El; Sbc and Scd; Im and starbursts.
_KIND_OF_TEMPLATE = np.array([0, 1, 1, 2, 2, 2])
_N_KINDS = 3
#: Rounds in which zero points and the misfit of the templates are learned.
_N_ROUNDS = 15


class SedFit(Method):
    """Redshifts from broad-band magnitudes, the domain's own way: templates and a prior (BPZ, Benitez 2000).

    The first columns of x are AB magnitudes in `bands`; more columns (colours) are ignored. chi^2 of the fluxes against
    every template, linear mixtures of neighbouring ones included, at every redshift, its amplitude free, gives a
    likelihood; with the prior ``p(kind | m) p(z | kind, m)`` of the magnitude m in `prior_band`, it gives a density (`Grid`).

    From training redshifts it learns what cannot be known otherwise: the zero point and the misfit of the templates in
    each band, and the prior: the share of each kind, logistic in m, and ``p(z | kind, m) ~ z^a exp(-(z / z_m)^a)`` with ln z_m
    linear in m. Without noise only the misfit counts. Masked magnitudes weigh nothing.

    Parameters
    ----------
    bands : sequence of str
        Bands of the first columns of x, of "u", "g", "r", "i", "z" (SDSS); at least two.
    prior_band : str
        The band of the prior's magnitude.
    prior : {"magnitude", "flat"}
        "flat" has no preference for any redshift of the grid, nor any kind.
    zero_points : bool
        Whether offsets between the magnitudes and the templates are learned.
    n_between : int
        Templates interpolated between neighbours.
    outliers : float in [0, 1)
        Probability that no template fits: the prior alone then.

    References
    ----------
    Benitez 2000, ApJ 536, 571; Coe et al. 2006, AJ 132, 926; Ilbert et al. 2006, A&A 457, 841 (zero points).
    """

    references = ("Benitez 2000, ApJ 536, 571", "Ilbert et al. 2006, A&A 457, 841")

    def __init__(
        self,
        bands: tuple[str, ...] = ("u", "g", "r", "i", "z"),
        prior_band: str = "r",
        prior: Literal["magnitude", "flat"] = "magnitude",
        zero_points: bool = True,
        n_between: int = 5,
        outliers: float = 0.01,
    ) -> None:
        self.bands = bands
        self.prior_band = prior_band
        self.prior = prior
        self.zero_points = zero_points
        self.n_between = n_between
        self.outliers = outliers

    def fit(self, x: ArrayLike, y: ArrayLike, *, noise: Noise | None = None, y_err: ArrayLike | None = None) -> Self:
        """Learn zero points, the misfit of the templates and the prior from redshifts `y` (n,) or (n, 1)."""
        observations, labels = check_training("SedFit", x, y, noise, allow_masked=True)
        self._check_settings(observations.shape[1], labels)
        self.n_features_ = observations.shape[1]
        self._choose_templates(float(labels.max()))
        magnitudes, sigma = self._split(observations, noise)
        z = np.clip(labels[:, 0], self.z_[0], self.z_[-1])
        n_bands = len(self.bands)
        self.offset_, self.misfit_ = np.zeros(n_bands), np.full(n_bands, 0.05)
        for _ in range(_N_ROUNDS):
            residual, best = self._residuals(magnitudes, sigma, z)
            self._learn_photometry(residual, sigma)
        self.kind_prior_, self.z_prior_ = np.zeros((_N_KINDS, 2)), np.empty((0, 3))
        if self.prior == "magnitude":
            m = self._prior_magnitude(magnitudes, sigma)
            self.kind_prior_ = _fit_kinds(m, self.kind_[best])
            self.z_prior_ = _fit_redshifts(m, self.kind_[best], z)
        return self

    def predict_distribution(self, x: ArrayLike, *, noise: Noise | None = None) -> Grid:
        """The probability of each redshift of the grid, given the magnitudes `x` (n, p)."""
        self._fitted()
        observations = check_observations("SedFit", x, noise, self.n_features_, allow_masked=True)
        magnitudes, sigma = self._split(observations, noise)
        step = max(1, _CHUNK_ELEMENTS // (len(self.kind_) * len(self.z_)))
        parts = [
            self._posterior(magnitudes[i : i + step], sigma[i : i + step])
            for i in range(0, max(len(magnitudes), 1), step)
        ]
        half = 0.5 * (self.z_[1] - self.z_[0])
        return Grid(np.concatenate([self.z_ - half, self.z_[-1:] + half]), np.concatenate(parts))

    def _check_settings(self, n_columns: int, labels: Array) -> None:
        from checkstar.data.embedded import sed_templates

        known = sed_templates().bands
        if len(self.bands) < 2 or not set(self.bands) <= set(known) or self.prior_band not in self.bands:
            raise InputError(
                f"SedFit got bands={self.bands!r} and prior_band={self.prior_band!r}; give at least two of "
                f"{', '.join(known)}, the band of the prior among them."
            )
        if n_columns < len(self.bands):
            raise InputError(
                f"SedFit got {n_columns} columns for the {len(self.bands)} magnitudes {', '.join(self.bands)}; give them first."
            )
        if labels.shape[1] != 1 or not (labels >= -0.05).all() or labels.max() <= 0:
            raise InputError(
                f"SedFit got {labels.shape[1]} labels from {labels.min():.3g} to {labels.max():.3g}; give one, a redshift."
            )
        if self.prior not in ("magnitude", "flat") or not 0 <= self.outliers < 1 or not self.n_between >= 0:
            raise InputError(
                f"SedFit got prior={self.prior!r}, outliers={self.outliers}, n_between={self.n_between}; give 'magnitude' "
                "or 'flat', a probability below one, and a number from zero on."
            )

    def _choose_templates(self, z_highest: float) -> None:
        """Model fluxes (g, t, b) of all mixtures of neighbouring templates, up to a fifth beyond the training set."""
        from checkstar.data.embedded import sed_templates

        table = sed_templates()
        columns = [table.bands.index(band) for band in self.bands]
        n_z = min(len(table.z), max(int(1.2 * z_highest / table.z[1]) + 2, 20))
        position = np.linspace(0, len(table.templates) - 1, (len(table.templates) - 1) * (self.n_between + 1) + 1)
        self.z_ = table.z[1:n_z]
        row = np.minimum(position.astype(int), len(table.templates) - 2)
        later = (position - row)[:, None, None]
        flux = table.flux[:, 1:n_z][:, :, columns]
        self.flux_ = np.ascontiguousarray(np.swapaxes((1 - later) * flux[row] + later * flux[row + 1], 0, 1))
        self.kind_ = _KIND_OF_TEMPLATE[np.rint(position).astype(int)]

    def _split(self, observations: Array, noise: Noise | None) -> tuple[Array, Array]:
        """Magnitudes (n, b), zero where masked, and their sigma (n, b), infinite there."""
        n_bands = len(self.bands)
        magnitudes = observations[:, :n_bands]
        sigma = np.zeros_like(magnitudes) if noise is None else noise.sigma(observations)[:, :n_bands]
        return np.where(np.isfinite(sigma), magnitudes, 0.0), sigma

    def _prior_magnitude(self, magnitudes: Array, sigma: Array) -> Array:
        """Magnitude (n,) of the prior; where masked, the mean over the other bands, or 20 if there is none."""
        column = self.bands.index(self.prior_band)
        good = np.isfinite(sigma)
        others = magnitudes.sum(axis=1) / np.maximum(good.sum(axis=1), 1)
        return np.where(good[:, column], magnitudes[:, column], np.where(good.any(axis=1), others, 20.0))

    def _fluxes(self, magnitudes: Array, sigma: Array) -> tuple[Array, Array]:
        """Fluxes (n, b), about one for each object, and their inverse variances, zero where masked."""
        good = np.isfinite(sigma)
        shown = np.where(good, magnitudes - self.offset_, np.nan)
        centre = np.where(good, shown, 0.0).sum(axis=1, keepdims=True) / np.maximum(good.sum(axis=1, keepdims=True), 1)
        flux = np.where(good, 10 ** (-0.4 * np.clip(np.nan_to_num(shown - centre), -15, 15)), 0.0)
        error = _PER_MAG * np.where(good, flux * np.hypot(np.where(good, sigma, 0.0), self.misfit_), 1.0)
        return flux, np.where(good, error**-2, 0.0)

    def _residuals(self, magnitudes: Array, sigma: Array, z: Array) -> tuple[Array, NDArray[np.intp]]:
        """Observed minus model magnitudes (n, b) of the best template at the true redshift, NaN where masked."""
        flux, weight = self._fluxes(magnitudes, sigma)
        at = np.rint((z - self.z_[0]) / (self.z_[1] - self.z_[0])).astype(int)
        model = self.flux_[at]
        cross = np.einsum("nb,ntb->nt", weight * flux, model)
        square = np.einsum("nb,ntb->nt", weight, model**2)
        amplitude = cross / np.maximum(square, 1e-300)
        best = (cross * amplitude).argmax(axis=1)
        rows = np.arange(len(z))
        fitted = amplitude[rows, best, None] * model[rows, best]
        with np.errstate(divide="ignore", invalid="ignore"):
            residual = -2.5 * np.log10(np.where(weight > 0, flux / fitted, np.nan))
        return residual, best

    def _learn_photometry(self, residual: Array, sigma: Array) -> None:
        """Zero points (b,), zero on average, and the misfit (b,) beyond the noise, at least 0.01 mag."""
        seen = np.isfinite(residual).sum(axis=0) >= 10
        filled = np.where(seen, residual, 0.0)
        centre = np.nanmedian(filled, axis=0)
        if self.zero_points:
            self.offset_ = self.offset_ + np.where(seen, centre - centre[seen].mean() if seen.any() else 0.0, 0.0)
        spread = 1.4826 * np.nanmedian(np.abs(filled - centre), axis=0)
        noise = np.array([np.median(s[np.isfinite(s)]) if np.isfinite(s).any() else 0.0 for s in sigma.T])
        # Five bands less an amplitude and a template leave fewer residuals than bands.
        free = len(self.bands) / max(len(self.bands) - 2, 1)
        beyond = np.sqrt(np.maximum(free * spread**2 - noise**2, 0.01**2))
        self.misfit_ = np.where(seen, beyond, self.misfit_)

    def _posterior(self, magnitudes: Array, sigma: Array) -> Array:
        """Probability (n, g) of each redshift of the grid."""
        flux, weight = self._fluxes(magnitudes, sigma)
        n_z, n_templates, n_bands = self.flux_.shape
        model = self.flux_.reshape(-1, n_bands).T
        square = weight @ model**2
        gain = np.square((weight * flux) @ model) / np.maximum(square, 1e-300)
        fit = 0.5 * (gain - (weight * flux**2).sum(axis=1, keepdims=True)).reshape(-1, n_z, n_templates)
        prior = self._log_prior(self._prior_magnitude(magnitudes, sigma))
        per_kind = np.bincount(self.kind_, minlength=_N_KINDS)
        mass = np.exp(_normalised(logsumexp(fit + (prior - np.log(per_kind))[:, :, self.kind_], axis=2)))
        blind = np.exp(_normalised(logsumexp(prior, axis=2)))
        return (1 - self.outliers) * mass + self.outliers * blind

    def _log_prior(self, m: Array) -> Array:
        """Log probability (n, g, kinds) of redshift and kind at magnitude `m` (n,)."""
        if self.prior == "flat":
            return np.zeros((len(m), len(self.z_), _N_KINDS))
        kind = log_softmax(self.kind_prior_[:, 0] + np.outer(m, self.kind_prior_[:, 1]), axis=1)
        return kind[:, None, :] + np.stack(
            [_log_benitez(self.z_, m[:, None], *parameters) for parameters in self.z_prior_], axis=2
        )


def _normalised(log_mass: Array) -> Array:
    return log_mass - logsumexp(log_mass, axis=1, keepdims=True)


def _log_benitez(z: Array, m: Array, log_a: float, start: float, slope: float) -> Array:
    """Log density of redshift at magnitude m: z^a exp(-(z / z_m)^a), normalised, with ln z_m = start + slope (m - 18)."""
    a, log_zm = np.exp(log_a), np.clip(start + slope * (m - 18), -6.0, 3.0)
    ratio = np.exp(np.clip(a * (np.log(z) - log_zm), -700, 60))
    return a * np.log(z) - ratio - (a + 1) * log_zm + log_a - gammaln((a + 1) / a)


def _fit_kinds(m: Array, kind: NDArray[np.intp]) -> Array:
    """Intercept and slope (kinds, 2) of the log shares of each kind in magnitude, of largest penalised likelihood."""
    from scipy.optimize import minimize

    centre = m.mean()

    def loss(free: Array) -> float:
        parameters = free.reshape(_N_KINDS, 2)
        shares = log_softmax(parameters[:, 0] + np.outer(m - centre, parameters[:, 1]), axis=1)
        # A kind that was never met keeps a share: a weak prior on the logits.
        return float(-shares[np.arange(len(m)), kind].sum() + 0.05 * np.square(parameters).sum())

    found = minimize(loss, np.zeros(2 * _N_KINDS), method="L-BFGS-B").x.reshape(_N_KINDS, 2)
    found[:, 0] -= found[:, 1] * centre
    return found


def _fit_redshifts(m: Array, kind: NDArray[np.intp], z: Array) -> Array:
    """Parameters (kinds, 3) of `_log_benitez` of each kind; kinds met fewer than 30 times share those of all."""
    return np.array([_fit_benitez(m[rows], z[rows]) for rows in (_enough(kind == k) for k in range(_N_KINDS))])


def _enough(rows: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return rows if rows.sum() >= 30 else np.ones_like(rows)


def _fit_benitez(m: Array, z: Array) -> Array:
    from scipy.optimize import minimize

    def loss(parameters: Array) -> float:
        return float(-_log_benitez(z, m, *parameters).mean() + 1e-4 * np.square(parameters).sum())

    start = np.array([np.log(2.0), np.log(np.median(z)), 0.1])
    return minimize(loss, start, method="L-BFGS-B", bounds=[(-1.0, 2.5), (-6.0, 2.0), (-2.0, 2.0)]).x
