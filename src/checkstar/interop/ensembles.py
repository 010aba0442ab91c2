"""Ensembles of qp (photometric redshifts of RAIL), read by their quantiles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from checkstar.data.dataset import Dataset
from checkstar.errors import InputError
from checkstar.prediction import Grid
from checkstar.runs import Run
from checkstar.scope import Scope

__all__ = ["from_qp"]

#: Dense in the tails, where coverage is decided.
_LEVELS = np.unique(
    np.concatenate([[0.0005, 0.001, 0.0025, 0.005], np.linspace(0.01, 0.99, 99), [0.995, 0.9975, 0.999, 0.9995]])
)


def from_qp(
    ensemble: Any,
    truth: ArrayLike,
    *,
    label: str = "z",
    unit: str = "",
    x: ArrayLike | None = None,
    meta: Any = None,
    group: str | ArrayLike | None = None,
    scope: Scope | None = None,
    name: str = "qp ensemble",
) -> Run:
    """A run from a qp ensemble of one-dimensional densities, whatever its parametrisation.

    The ensemble is read at 107 quantiles an object, dense in the tails; between them the density is constant.

    Parameters
    ----------
    ensemble : qp.Ensemble
        Of n densities: anything whose ``ppf(levels)`` gives (n, q).
    truth : (n,) array
        True values, such as spectroscopic redshifts.
    label, unit, x, meta, group, scope, name
        As in `checkstar.Dataset` and `checkstar.Run`.

    Raises
    ------
    InputError
        If the ensemble has no quantiles, or describes another number of objects.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy import stats
    >>> class Ensemble:
    ...     def ppf(self, levels):
    ...         return stats.norm.ppf(np.asarray(levels), np.zeros((5, 1)), 0.1)
    >>> run = from_qp(Ensemble(), np.zeros(5))
    >>> run.prediction.std().round(2).ravel().tolist()
    [0.1, 0.1, 0.1, 0.1, 0.1]
    """
    true = np.asarray(truth, dtype=float).ravel()
    if not hasattr(ensemble, "ppf"):
        raise InputError(f"a {type(ensemble).__name__} has no quantiles (ppf); give a qp Ensemble.")
    quantiles = _quantiles(ensemble)
    if len(quantiles) != len(true):
        raise InputError(f"the ensemble describes {len(quantiles)} objects but there are {len(true)} true values.")
    units: Mapping[str, str] | None = {label: unit} if unit else None
    test = Dataset(x=x, y=true, labels=[label], meta=meta, group=group, units=units, name=name)
    return Run(name=name, test=test, prediction=Grid.from_quantiles(_LEVELS, quantiles[:, None, :]), scope=scope)


def _quantiles(ensemble: Any) -> NDArray[np.float64]:
    found = np.atleast_2d(np.asarray(ensemble.ppf(_LEVELS), dtype=float))
    bad = ~np.isfinite(found).all(axis=1)
    if bad.any():
        raise InputError(
            f"{int(bad.sum())} of {len(found)} densities have quantiles that are not finite; their densities may not "
            "integrate to one."
        )
    return found
