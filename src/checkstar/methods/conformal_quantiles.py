"""ConformalQuantiles: predicted quantiles, each moved to where it should be."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from checkstar.data.dataset import Dataset
from checkstar.errors import InputError
from checkstar.estimates import unit_count
from checkstar.methods.conformal_scores import score_quantiles
from checkstar.methods.wrappers import Wrapper
from checkstar.noise import Noise
from checkstar.prediction import Grid, Prediction

__all__ = ["ConformalQuantiles"]

Array = NDArray[np.float64]

_LEVELS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.159, 0.25, 0.35, 0.5, 0.65, 0.75, 0.841, 0.9, 0.95, 0.975, 0.99, 0.995)


class ConformalQuantiles(Wrapper):
    """Conformalised quantile regression: intervals that follow the data's own widths, and hold what they promise.

    The quantile of level l that the method predicts is moved by the quantile of level l of what it missed,
    ``y - q_l(x)``, on groups that were held out: then a truth of exchangeable objects lies below it with probability l,
    exactly where l = k / (n + 1) and within 1 / (n + 1) elsewhere (n counts groups). Each level is moved by itself (the asymmetric form,
    Romano et al. 2019, Theorem 2), so that both tails are right and not just the interval; quantiles that cross are
    sorted, which brings them nearer to the truth. The prediction is the `Grid` between them.

    Use it with a method that predicts quantiles, such as `BoostedTrees`, where widths change with the object; for one
    that predicts means or normal error bars `Conformal` does the same with less freedom to err. Labels with errors are
    covered as they would be measured. The estimand is that of the inner method.

    Parameters
    ----------
    method : Method
        Predicts numbers with a distribution.
    levels : sequence of float
        Increasing levels in (0, 1), at least two. Levels beyond the outermost of ``1 / (n + 1)`` of the n held-out
        objects are left out.
    held_out : float
        Share of the objects that are held out.
    random_state : int
        Seed of the split and of the method.

    Attributes
    ----------
    levels_ : (q,) array
        Levels that are kept.
    moves_ : (k, q) array
        By how much each quantile of each label is moved, in the unit of the label.

    References
    ----------
    Romano, Patterson & Candes 2019, NeurIPS (arXiv:1905.03222); Chernozhukov, Fernandez-Val & Galichon 2010,
    Econometrica 78, 1093 (sorting).

    Examples
    --------
    >>> from checkstar.methods import BoostedTrees
    >>> from checkstar.testing import simulate_spectra
    >>> ConformalQuantiles(BoostedTrees(n_iterations=5)).fit_data(simulate_spectra()).moves_.shape
    (2, 11)
    """

    references: ClassVar[tuple[str, ...]] = ("Romano, Patterson & Candes 2019, NeurIPS (arXiv:1905.03222)",)

    def __init__(
        self, method: object, levels: tuple[float, ...] = _LEVELS, held_out: float = 0.3, random_state: int = 0
    ) -> None:
        self.method = method
        self.levels = levels
        self.held_out = held_out
        self.random_state = random_state

    def _learn(self, data: Dataset) -> None:
        levels = np.asarray(self.levels, dtype=float)
        if levels.ndim != 1 or len(levels) < 2 or not (np.diff([0.0, *levels, 1.0]) > 0).all():
            raise InputError(
                f"ConformalQuantiles got levels={self.levels!r}; give at least two increasing levels in (0, 1)."
            )
        held = self._hold_out(data, self.held_out)
        n_units = unit_count(held.data.units_of_independence)
        least = 1 / (n_units + 1)
        self.levels_ = levels[(levels >= least) & (levels <= 1 - least)]
        if len(self.levels_) < 2:
            raise InputError(
                f"ConformalQuantiles got {n_units} independent calibration objects, too few for any two of its levels; give "
                "more objects or a larger held_out."
            )
        truth, quantiles, weight = held.data.y, self._quantiles(held.prediction), held.weight()
        assert truth is not None
        self.moves_ = np.array(
            [
                [
                    score_quantiles(truth[:, j] - quantiles[:, j, i], level, weight, n_units).item()
                    for i, level in enumerate(self.levels_)
                ]
                for j in range(truth.shape[1])
            ]
        )

    def _predict(self, x: Array, noise: Noise | None) -> Grid:
        quantiles = self._quantiles(self.method_.predict_distribution(x, noise=noise))
        return Grid.from_quantiles(self.levels_, quantiles + self.moves_)

    def _quantiles(self, prediction: Prediction) -> Array:
        if prediction.kind in ("point", "classes"):
            raise InputError(
                f"ConformalQuantiles moves predicted quantiles but its method predicts {prediction.kind!r}; wrap a "
                "method with a distribution, such as BoostedTrees, or use Conformal."
            )
        return np.stack([prediction.quantile(float(level)) for level in self.levels_], axis=2)
