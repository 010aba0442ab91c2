"""The loss of conditional densities: what a uniform PIT cannot see, because the prior alone has one.

``L(f) = E[ integral f(y|x)^2 dy - 2 f(Y|X) ]`` is the integrated squared error of the density, up to a constant that is
the same for all methods (Izbicki & Lee 2017, eq. 7). Smaller is better; the unit is that of one over the label.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from checkstar.errors import NotApplicable
from checkstar.prediction import Grid, Mixture, Normal, Prediction, label_matrix

__all__ = ["cde_loss", "has_density", "prior_cde_loss"]

Array = NDArray[np.float64]

_ROOT_PI = float(np.sqrt(np.pi))


def has_density(prediction: Prediction) -> bool:
    """Whether `cde_loss` can be measured: normals, mixtures and grids; draws and points have no density of their own."""
    return isinstance(prediction, Normal | Mixture | Grid)


def cde_loss(prediction: Prediction, y: ArrayLike) -> Array:
    """Loss (n, k) of the density of each label at its true value `y` (n, k); its mean over the objects is the estimate.

    Raises
    ------
    NotApplicable
        For points, classes and draws: a density made of draws depends on how it is made.

    References
    ----------
    Izbicki & Lee 2017, Electron. J. Statist. 11, 2800; Schmidt et al. 2020, MNRAS 499, 1587 (photometric redshifts).

    Examples
    --------
    >>> cde_loss(Normal([0.0], [1.0]), [0.0]).round(4).tolist()
    [[-0.5158]]
    """
    return _roughness(prediction) - 2 * np.exp(prediction.log_prob(label_matrix("y", y)))


def prior_cde_loss(labels: ArrayLike, y: ArrayLike) -> Array:
    """Loss (n,) at the true values `y` (n,) of the distribution of `labels` (t,), which knows nothing of the objects.

    Its density is a histogram of bins of equal mass: as many as the square root of the number of labels, from 3 to 30.
    """
    values, truth = label_matrix("labels", labels)[:, 0], label_matrix("y", y)[:, 0]
    levels = np.linspace(0, 1, int(np.clip(np.sqrt(len(values)), 3, 30)) + 1)
    prior = Grid.from_quantiles(levels[1:-1], np.quantile(values, levels[1:-1])[None, None, :])
    edges, mass = prior.edges[0, 0], prior.mass[0, 0]
    density = np.concatenate([[0.0], mass / np.diff(edges), [0.0]])
    return (mass * density[1:-1]).sum() - 2 * density[np.searchsorted(edges, truth, side="right")]


def _roughness(prediction: Prediction) -> Array:
    """Integral of the squared density (n, k)."""
    if isinstance(prediction, Normal):
        return 1 / (2 * _ROOT_PI * prediction.std())
    if isinstance(prediction, Grid):
        return (prediction.mass**2 / np.diff(prediction.edges, axis=2)).sum(axis=2)
    if isinstance(prediction, Mixture):
        total = np.zeros(prediction.shape)
        # Component by component: all pairs of many components at once would not fit into memory.
        for weight, mean, std in zip(
            prediction.weights.T, np.swapaxes(prediction.means, 0, 1), np.swapaxes(prediction.stds, 0, 1), strict=True
        ):
            spread = np.hypot(prediction.stds, std[:, None, :])
            offset = (prediction.means - mean[:, None, :]) / spread
            overlap = np.exp(-0.5 * offset**2) / (spread * np.sqrt(2) * _ROOT_PI)
            total += weight[:, None] * np.einsum("nm,nmk->nk", prediction.weights, overlap)
        return total
    raise NotApplicable(f"{prediction.kind} predictions have no density of their own; give normals, mixtures or grids.")
