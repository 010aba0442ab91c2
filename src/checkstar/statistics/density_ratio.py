"""Density ratio: how much more often a target draws an observation than a source does, by a classifier between the two.

With equal numbers of both, the odds that a classifier gives to "target" are the ratio of densities ``q(x) / p(x)`` (Bickel,
Brueckner & Scheffer 2009, JMLR 10, 2137; Sugiyama, Suzuki & Kanamori 2012). The classifier is a ridge logistic regression
on linear and quadratic terms of whitened components: exact between normal populations of any covariance, fast, and so
whitened that a direction of little variance counts as much as one of much. The ridge of the linear and that of the
quadratic terms follow from the data (evidence; MacKay 1992, Neural Comput. 4, 720): where nothing differs, the ratio is
one. Each object is judged by a fit that has not seen its unit (cross-fitting), so ratios are not sharpened by what the
fit learned by heart.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from checkstar.errors import InputError
from checkstar.estimates import kish, unit_count

__all__ = ["DensityRatio", "LogRatio", "density_ratio", "fit_log_ratio"]

Array = NDArray[np.float64]
Units = NDArray[np.intp]

#: Robust standard deviations beyond which an observation is no stranger: quadratic terms must stay bounded.
_CLIP = 6.0
#: Most whitened components, and most of them that enter products.
_COMPONENTS, _PRODUCTS = 60, 20
#: Objects a term: fewer, and the terms fit the sample instead of the populations.
_PER_TERM = 20
#: Range of the inverse prior variance of a coefficient of a term of unit variance.
_RIDGES = (0.1, 1e6)
#: Largest logarithm of a ratio.
_LARGEST = 15.0


class DensityRatio(NamedTuple):
    """Ratio of densities, target over source.

    Attributes
    ----------
    weights : (n_source,) array
        At the source objects, cross-fitted, with mean one: weighted so, the source is distributed like the target.
    n_effective : float
        Kish's effective number of source objects (of units, where they were given) under these weights, times the
        share of the target's density that lies within reach of the source.
    at_target : (n_target,) array
        At the target objects, cross-fitted, in the same normalisation.
    folds : pair of (n_source,) and (n_target,) array of int
        Which fit judged each object.
    n_terms : int
        Number of terms that enough objects could bear; fewer may have been fitted.
    model : LogRatio
        Fitted on all, for other objects: ``exp(model(x))``.
    beyond : float
        Share of the target objects whose ratio is larger than that of every source object: no weights of these tell what
        happens there.
    """

    weights: Array
    n_effective: float
    at_target: Array
    folds: tuple[Units, Units]
    n_terms: int
    model: LogRatio
    beyond: float


class LogRatio(NamedTuple):
    """A fitted logarithm of a ratio of densities; called with observations (n, p), NaN where missing, it gives (n,).

    It is made of arrays and numbers only, so that a method can keep them.
    """

    median: Array
    scale: Array
    flagged: NDArray[np.intp]
    axes: Array
    spread: Array
    first: NDArray[np.intp]
    second: NDArray[np.intp]
    centre: Array
    width: Array
    coefficients: Array
    n_terms: int
    largest: float

    def __call__(self, x: Array) -> Array:
        return np.clip(self.unbounded(x), -_LARGEST, self.largest)

    def unbounded(self, x: Array) -> Array:
        """The logarithm (n,), however large."""
        terms = (self.terms(x) - self.centre) / self.width
        return np.asarray(self.coefficients[0] + terms @ self.coefficients[1:], dtype=float)

    def whitened(self, x: Array) -> Array:
        """Whitened components (n, k)."""
        z = _standardised(x, self.median, self.scale, self.flagged)
        return np.clip(_components(z, self.axes, len(self.spread)) / self.spread, -8, 8)

    def terms(self, x: Array) -> Array:
        """Linear and quadratic terms (n, t)."""
        whitened = self.whitened(x)
        return np.column_stack([whitened, whitened[:, self.first] * whitened[:, self.second]])


def density_ratio(
    x_source: ArrayLike,
    x_target: ArrayLike,
    rng: np.random.Generator,
    *,
    units_source: Units | None = None,
    units_target: Units | None = None,
    n_folds: int = 3,
    max_objects: int = 5000,
) -> DensityRatio:
    """Ratio of the densities of target and source observations, cross-fitted.

    Parameters
    ----------
    x_source, x_target : (n, p) and (m, p) array
        Observations; NaN where an element is missing (then that it is missing is one more feature).
    rng : Generator
        For the folds and the subsample.
    units_source, units_target : (n,) and (m,) array of int, optional
        Independent unit of each object, codes 0..g-1, numbered together where both hold the same unit; none is divided
        between the folds.
    n_folds : int
    max_objects : int
        At most so many of each are fitted; all are judged.

    Raises
    ------
    InputError
        If either has fewer than `n_folds` units, or they differ in their number of features.

    References
    ----------
    Sugiyama, Suzuki & Kanamori 2012, Density Ratio Estimation in Machine Learning (probabilistic classification).

    Examples
    --------
    Kish's number of the weights of a normal moved by d is n exp(-d^2):

    >>> rng = np.random.default_rng(0)
    >>> found = density_ratio(rng.normal(size=(4000, 1)), rng.normal(0.5, 1, (4000, 1)), rng)
    >>> round(found.n_effective / 4000, 1), round(float(np.exp(-0.25)), 1)
    (0.8, 0.8)
    """
    source, target = _matrix("x_source", x_source), _matrix("x_target", x_target)
    if source.shape[1] != target.shape[1]:
        raise InputError(
            f"x_source has {source.shape[1]} features but x_target {target.shape[1]}; give the same columns."
        )
    together = units_source is not None and units_target is not None
    of_source = np.arange(len(source)) if units_source is None else np.asarray(units_source)
    of_target = np.arange(len(target)) if units_target is None else np.asarray(units_target)
    if not together:
        of_target = of_target + unit_count(of_source)
    folds = _folds(of_source, of_target, n_folds, rng)
    at_source, at_target = np.zeros(len(source)), np.zeros(len(target))
    n_terms = 0
    for fold in range(n_folds):
        held_source, held_target = folds[of_source] == fold, folds[of_target] == fold
        model = _fitted(source[~held_source], target[~held_target], rng, max_objects)
        n_terms = max(n_terms, model.n_terms)
        at_source[held_source], at_target[held_target] = model(source[held_source]), model(target[held_target])
    weights = np.exp(at_source)
    normalisation = float(weights.mean())
    # A ratio of densities has mean one over the source. Less of it was reached where the target lies beyond, and weights
    # that are equally small there would pass for equal weights.
    reached = min(1.0, normalisation)
    model = _fitted(source, target, rng, max_objects)
    return DensityRatio(
        weights=weights / normalisation,
        n_effective=reached * kish(weights, None if units_source is None else of_source),
        at_target=np.exp(at_target) / normalisation,
        folds=(folds[of_source], folds[of_target]),
        n_terms=n_terms,
        model=model,
        beyond=float((model.unbounded(target) > model.unbounded(source).max()).mean()),
    )


def fit_log_ratio(source: Array, target: Array) -> LogRatio:
    """Fit the logarithm of the ratio of densities, target over source, on observations (n, p) and (m, p)."""
    x = np.concatenate([source, target])
    truth = np.concatenate([np.zeros(len(source)), np.ones(len(target))])
    median, scale = _location_and_scale(x)
    missing = ~np.isfinite(x)
    flagged = np.flatnonzero((missing.mean(axis=0) > 0.01) & (missing.mean(axis=0) < 0.99))
    axes, spread, n_axes = _whitening(_standardised(x, median, scale, flagged), len(x) // _PER_TERM)
    n_products = min(n_axes, _PRODUCTS) * (min(n_axes, _PRODUCTS) + 1) // 2
    first, second = _products(len(spread), len(x) // _PER_TERM)
    blank = LogRatio(
        median=median,
        scale=scale,
        flagged=flagged,
        axes=axes,
        spread=spread,
        first=first,
        second=second,
        centre=np.zeros(1),
        width=np.ones(1),
        coefficients=np.zeros(1),
        n_terms=n_axes + n_products,
        largest=_LARGEST,
    )
    terms = blank.terms(x)
    centre, width = terms.mean(axis=0), np.maximum(terms.std(axis=0), 1e-9)
    coefficients = _logistic((terms - centre) / width, truth, len(spread))
    # The odds of the populations, not of the numbers drawn from them.
    coefficients[0] += np.log(len(source) / len(target))
    model = blank._replace(centre=centre, width=width, coefficients=coefficients)
    # Where hardly any target object has such a ratio, it is a polynomial's guess about an outlier of the source.
    return model._replace(largest=float(np.quantile(model(target), 0.99)))


def _fitted(source: Array, target: Array, rng: np.random.Generator, most: int) -> LogRatio:
    if not (len(source) and len(target)):
        raise InputError(
            f"{len(source)} source and {len(target)} target objects are left to fit a density ratio; give more "
            "independent objects of both."
        )
    return fit_log_ratio(_some(source, most, rng), _some(target, most, rng))


def _some(x: Array, most: int, rng: np.random.Generator) -> Array:
    return x if len(x) <= most else x[rng.choice(len(x), most, replace=False)]


def _folds(of_source: Units, of_target: Units, n_folds: int, rng: np.random.Generator) -> Units:
    """Fold of each unit; the units of source and of target are dealt out separately, so that each fold has both."""
    fold = np.zeros(max(unit_count(of_source), unit_count(of_target)), dtype=np.intp)
    for units in (of_target, of_source):
        present = rng.permutation(np.unique(units))
        if len(present) < n_folds:
            raise InputError(
                f"{len(present)} independent units cannot make {n_folds} folds; give more, or fewer folds."
            )
        fold[present] = np.arange(len(present)) % n_folds
    return fold


def _matrix(name: str, values: ArrayLike) -> Array:
    array = np.asarray(values, dtype=float)
    if array.ndim != 2 or not array.size:
        raise InputError(f"{name} has shape {array.shape}; one row per object and one column per feature are needed.")
    return np.where(np.isfinite(array), array, np.nan)


def _location_and_scale(x: Array) -> tuple[Array, Array]:
    """Median and robust standard deviation (p,) of each feature; the plain one where most values are equal."""
    whole = bool(np.isfinite(x).all())
    if not whole:
        empty = ~np.isfinite(x).any(axis=0)
        x = np.where(empty, 0.0, x)
    middle = np.median if whole else np.nanmedian
    median = middle(x, axis=0)
    scale = 1.4826 * middle(np.abs(x - median), axis=0)
    plain = np.std(x, axis=0) if whole else np.nanstd(x, axis=0)
    scale = np.where(scale > 1e-3 * plain, scale, plain)
    return median, np.where(scale > 0, scale, 1.0)


def _standardised(x: Array, median: Array, scale: Array, flagged: NDArray[np.intp]) -> Array:
    """Standardised features, zero where missing, and one more for each of which some are missing."""
    z = (x - median) / scale
    missing = ~np.isfinite(z)
    z = np.clip(np.where(missing, 0.0, z), -_CLIP, _CLIP)
    return np.column_stack([z, missing[:, flagged]]) if flagged.size else z


def _components(z: Array, axes: Array, n: int) -> Array:
    """Coordinates (n_objects, n) along the axes; where `n` is one more than these, the norm of what they leave over."""
    kept = z @ axes.T
    if n == len(axes):
        return kept
    return np.column_stack([kept, np.sqrt(np.maximum((z**2).sum(axis=1) - (kept**2).sum(axis=1), 0.0))])


def _whitening(z: Array, budget: int) -> tuple[Array, Array, int]:
    """Principal axes (k, p), the spread along them and of the norm of what they leave over, and how many there are."""
    some = z[:: max(1, len(z) // (3000 if z.shape[1] <= 300 else 600))]
    centred = some - some.mean(axis=0)
    if z.shape[1] <= len(some):
        variance, vectors = np.linalg.eigh(centred.T @ centred / len(some))
        variance, axes = variance[::-1], vectors[:, ::-1].T
    else:
        singular, axes = np.linalg.svd(centred, full_matrices=False)[1:]
        variance = singular**2 / len(some)
    # What has less variance is rounding.
    real = max(int((variance > 1e-9 * max(float(variance[0]), 1e-300)).sum()), 1)
    n_kept = min(real, _COMPONENTS, max(budget, 1))
    axes = axes[:n_kept]
    spread = _components(some, axes, n_kept + int(real > n_kept)).std(axis=0)
    return axes, np.maximum(spread, 1e-6), min(real, _COMPONENTS) + int(real > _COMPONENTS)


def _products(n_axes: int, budget: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Positions of the pairs whose products enter: as many as the objects can bear."""
    first, second = np.triu_indices(min(n_axes, _PRODUCTS))
    # Squares before mixed products, leading components before later ones.
    order = np.lexsort((first + second, first != second))[: max(budget - n_axes, 0)]
    return first[order], second[order]


def _logistic(terms: Array, truth: Array, n_linear: int) -> Array:
    """Coefficients (1 + t,) of a ridge logistic regression by Newton's method; the ridge maximises the evidence."""
    design = np.column_stack([np.ones(len(terms)), terms])
    share = truth.mean()
    coefficients = np.zeros(design.shape[1])
    coefficients[0] = np.log(share / (1 - share))
    kinds = [slice(1, 1 + n_linear), slice(1 + n_linear, None)]
    penalty = np.full(design.shape[1], 10.0)
    penalty[0] = 1e-9
    for _ in range(40):
        probability = 1 / (1 + np.exp(-np.clip(design @ coefficients, -30, 30)))
        curvature = np.maximum(probability * (1 - probability), 1e-6)
        hessian = (design * curvature[:, None]).T @ design + np.diag(penalty)
        covariance = np.linalg.inv(hessian)
        step = covariance @ (design.T @ (truth - probability) - penalty * coefficients)
        # Far from the optimum Newton's step overshoots.
        step *= min(1.0, 3.0 / max(float(np.abs(step).max()), 1e-300))
        coefficients += step
        if np.abs(step).max() < 1e-3:
            break
        for kind in kinds:
            size = float((coefficients[kind] ** 2).sum())
            well_determined = float((1 - penalty[kind] * np.diag(covariance)[kind]).sum())
            penalty[kind] = np.clip(well_determined / max(size, 1e-12), *_RIDGES)
    return coefficients
