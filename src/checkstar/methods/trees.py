"""BoostedTrees and Forest: scikit-learn grows the trees, flat arrays keep them."""

from __future__ import annotations

from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse, special
from threadpoolctl import threadpool_limits

from checkstar.errors import InputError
from checkstar.methods.base import Method, check_observations, check_training
from checkstar.methods.class_labels import check_classes, holds_classes
from checkstar.methods.projection import fit_projection, project
from checkstar.methods.tree_arrays import Trees, check_trees, find_leaves, from_boosting, from_forest, sum_leaves
from checkstar.noise import Noise
from checkstar.prediction import Classes, Grid, Prediction

__all__ = ["BoostedTrees", "Forest"]

_CHUNK = 2048
_THREADED_SIZE = 2_000_000


class BoostedTrees(Method):
    """Gradient-boosted trees: one boosting per label and quantile, or one for all classes.

    Numbers give the `Grid` between the predicted quantiles, classes give `Classes`. Quantiles learned on the
    training set are, as for every flexible regression, too narrow on new objects: calibrate them before use.
    Noise and label errors are not used.

    Parameters
    ----------
    n_iterations : int
        Trees per boosting (and per class).
    learning_rate : float
        Share of each tree that is added.
    max_leaves, min_leaf : int
        Largest number of leaves of a tree; smallest number of training objects in a leaf.
    levels : sequence of float
        Increasing quantile levels in (0, 1), at least two.
    n_components : int, "auto" or None
        Principal components of the standardised columns; None uses the columns, "auto" 30 components of more than 100
        columns.
    random_state : int
        Seed of scikit-learn's binning.

    References
    ----------
    Friedman 2001, Ann. Statist. 29, 1189; Koenker & Bassett 1978, Econometrica 46, 33 (quantile loss).
    """

    references = ("Friedman 2001, Ann. Statist. 29, 1189", "Koenker & Bassett 1978, Econometrica 46, 33")

    def __init__(
        self,
        n_iterations: int = 100,
        learning_rate: float = 0.1,
        max_leaves: int = 8,
        min_leaf: int = 10,
        levels: tuple[float, ...] = (0.025, 0.16, 0.5, 0.84, 0.975),
        n_components: int | Literal["auto"] | None = "auto",
        random_state: int = 0,
    ) -> None:
        self.n_iterations = n_iterations
        self.learning_rate = learning_rate
        self.max_leaves = max_leaves
        self.min_leaf = min_leaf
        self.levels = levels
        self.n_components = n_components
        self.random_state = random_state

    def fit(self, x: ArrayLike, y: ArrayLike, *, noise: Noise | None = None, y_err: ArrayLike | None = None) -> Self:
        """Grow trees for the labels `y` (n, k) or classes (n,) of `x` (n, p)."""
        levels = np.asarray(self.levels, dtype=float)
        if levels.ndim != 1 or len(levels) < 2 or not (np.diff([0.0, *levels, 1.0]) > 0).all():
            raise InputError(f"BoostedTrees got levels={self.levels!r}; give at least two increasing levels in (0, 1).")
        classes = holds_classes(y)
        if classes:
            observations, codes, self.names_ = check_classes("BoostedTrees", x, y, noise)
            self.n_labels_ = 1
        else:
            observations, labels = check_training("BoostedTrees", x, y, noise)
            self.names_, self.n_labels_ = [], labels.shape[1]
        self.n_features_ = observations.shape[1]
        self.projection_ = fit_projection("BoostedTrees", observations, self.n_components)
        design = project(self.projection_, observations)
        self.n_columns_ = design.shape[1]
        self.levels_ = levels
        self.boostings_: list[Trees] = []
        self.baselines_ = np.empty(0)
        import sklearn.ensemble  # noqa: F401 - loads OpenMP, which must be there to be limited

        # Threads that wait for each other cost more than they bring on a small set.
        with threadpool_limits(1 if design.size < _THREADED_SIZE else None, user_api="openmp"):
            if classes:
                self._grow_classes(design, codes)
            else:
                self._grow_quantiles(design, labels)
        return self

    def predict_distribution(self, x: ArrayLike, *, noise: Noise | None = None) -> Prediction:
        """The density between the quantiles of each label, or class probabilities."""
        self._fitted()
        observations = check_observations("BoostedTrees", x, noise, self.n_features_)
        raw = self._raw(observations)
        if not self.names_:
            return Grid.from_quantiles(self.levels_, raw.reshape(len(raw), self.n_labels_, len(self.levels_)))
        if raw.shape[1] == 1:
            probability = special.expit(raw)
            return Classes(np.hstack([1 - probability, probability]), self.names_)
        return Classes(special.softmax(raw, axis=1), self.names_)

    def check_learned(self) -> None:
        """Refuse trees that could not be walked safely (asked on load)."""
        if len(self.boostings_) != len(self.baselines_) or not self.boostings_:
            raise InputError("BoostedTrees holds a different number of boostings and baselines; fit it again.")
        for trees in self.boostings_:
            check_trees("BoostedTrees", trees, self.n_columns_)

    def _raw(self, observations: NDArray[np.float64]) -> NDArray[np.float64]:
        design = project(self.projection_, observations)
        sums = [sum_leaves(trees, design)[:, 0] for trees in self.boostings_]
        return np.stack(sums, axis=1) + self.baselines_

    def _options(self) -> dict[str, Any]:
        return {
            "max_iter": self.n_iterations,
            "learning_rate": self.learning_rate,
            "max_leaf_nodes": self.max_leaves,
            "min_samples_leaf": self.min_leaf,
            "early_stopping": False,
            "random_state": self.random_state,
        }

    def _grow_quantiles(self, design: NDArray[np.float64], labels: NDArray[np.float64]) -> None:
        from sklearn.ensemble import HistGradientBoostingRegressor

        models = [
            HistGradientBoostingRegressor(loss="quantile", quantile=level, **self._options()).fit(design, label)
            for label in labels.T
            for level in self.levels_
        ]
        self.boostings_ = [from_boosting(step[0] for step in model._predictors) for model in models]
        self.baselines_ = np.array([float(np.ravel(model._baseline_prediction)[0]) for model in models])

    def _grow_classes(self, design: NDArray[np.float64], codes: NDArray[np.intp]) -> None:
        from sklearn.ensemble import HistGradientBoostingClassifier

        model = HistGradientBoostingClassifier(**self._options()).fit(design, codes)
        self.baselines_ = np.ravel(model._baseline_prediction).astype(float)
        self.boostings_ = [
            from_boosting(step[column] for step in model._predictors) for column in range(len(self.baselines_))
        ]


class Forest(Method):
    """Random forest whose distribution is that of the training labels that share leaves with the object.

    The weight of a training label is its share of the leaf, averaged over the trees, so that the weighted mean is the
    forest's own prediction. Numbers give a `Grid` of weighted quantiles, classes the forest's class shares. Leaves mix
    unlike objects where training objects are few: the spread is then too wide. Noise and label errors are not used.

    Parameters
    ----------
    n_trees : int
        Number of trees.
    min_leaf : int
        Smallest number of training objects in a leaf.
    max_features : float in (0, 1]
        Share of the columns tried at each split of a regression (a classification tries the square root of them).
    extra : bool
        Extremely randomised trees: random thresholds, no bootstrap.
    n_quantiles : int
        Number of quantiles given of each label.
    n_components : int, "auto" or None
        Principal components of the standardised columns; None uses the columns, "auto" 30 components of more than 100
        columns.
    random_state : int
        Seed of the trees.

    References
    ----------
    Breiman 2001, Machine Learning 45, 5; Meinshausen 2006, JMLR 7, 983 (quantile regression forests);
    Geurts, Ernst & Wehenkel 2006, Machine Learning 63, 3.
    """

    references = ("Breiman 2001, Machine Learning 45, 5", "Meinshausen 2006, JMLR 7, 983")

    def __init__(
        self,
        n_trees: int = 100,
        min_leaf: int = 2,
        max_features: float = 0.5,
        extra: bool = False,
        n_quantiles: int = 39,
        n_components: int | Literal["auto"] | None = "auto",
        random_state: int = 0,
    ) -> None:
        self.n_trees = n_trees
        self.min_leaf = min_leaf
        self.max_features = max_features
        self.extra = extra
        self.n_quantiles = n_quantiles
        self.n_components = n_components
        self.random_state = random_state

    def fit(self, x: ArrayLike, y: ArrayLike, *, noise: Noise | None = None, y_err: ArrayLike | None = None) -> Self:
        """Grow trees for the labels `y` (n, k) or classes (n,) of `x` (n, p)."""
        if not self.n_quantiles >= 2:
            raise InputError(f"Forest got n_quantiles={self.n_quantiles}; at least two are needed.")
        if holds_classes(y):
            observations, codes, self.names_ = check_classes("Forest", x, y, noise)
            self.labels_ = np.empty((0, 0))
            target: NDArray[Any] = codes
        else:
            observations, self.labels_ = check_training("Forest", x, y, noise)
            self.names_, target = [], self.labels_
        self.n_features_ = observations.shape[1]
        self.projection_ = fit_projection("Forest", observations, self.n_components)
        design = project(self.projection_, observations).astype(np.float32)
        self.n_columns_ = design.shape[1]
        model = self._grow(design, target)
        self.trees_ = from_forest(model.estimators_)
        self.leaf_, self.count_ = np.empty((0, 0), dtype=np.int32), np.empty((0, 0), dtype=np.uint16)
        if not self.names_:
            self.leaf_ = find_leaves(self.trees_, design).astype(np.int32)
            drawn = [np.bincount(rows, minlength=len(design)) for rows in model.estimators_samples_]
            self.count_ = np.stack(drawn, axis=1).astype(np.uint16)
        return self

    def predict_distribution(self, x: ArrayLike, *, noise: Noise | None = None) -> Prediction:
        """Weighted quantiles of the training labels (n, k), or class probabilities (n, c)."""
        self._fitted()
        observations = check_observations("Forest", x, noise, self.n_features_)
        design = project(self.projection_, observations).astype(np.float32)
        if self.names_:
            total = sum_leaves(self.trees_, design)
            return Classes(total / total.sum(axis=1, keepdims=True), self.names_)
        levels = np.arange(1, self.n_quantiles + 1) / (self.n_quantiles + 1)
        membership = self._membership()
        order = np.argsort(self.labels_, axis=0, kind="stable")
        parts = []
        for start in range(0, max(len(design), 1), _CHUNK):
            weights = self._weights(design[start : start + _CHUNK], membership)
            columns = [
                _weighted_quantiles(weights[:, rank], self.labels_[rank, label], levels)
                for label, rank in enumerate(order.T)
            ]
            parts.append(np.stack(columns, axis=1))
        return Grid.from_quantiles(levels, np.concatenate(parts))

    def check_learned(self) -> None:
        """Refuse trees that could not be walked safely (asked on load)."""
        check_trees("Forest", self.trees_, self.n_columns_)
        n_nodes = len(self.trees_["feature"])
        outside = (self.leaf_ < 0) | (self.leaf_ >= n_nodes)
        if self.leaf_.shape != self.count_.shape or outside.any():
            raise InputError("Forest holds leaves that its trees do not have; fit it again or fetch the file again.")

    def _grow(self, design: NDArray[np.float32], target: NDArray[Any]) -> Any:
        from sklearn import ensemble

        kind = ("ExtraTrees" if self.extra else "RandomForest") + ("Classifier" if self.names_ else "Regressor")
        return getattr(ensemble, kind)(
            n_estimators=self.n_trees,
            min_samples_leaf=self.min_leaf,
            max_features="sqrt" if self.names_ else self.max_features,
            n_jobs=-1,
            random_state=self.random_state,
        ).fit(design, target.ravel() if self.names_ or target.shape[1] == 1 else target)

    def _membership(self) -> sparse.csr_array:
        """Share (n_nodes, n_training) of each training object in the leaves, divided by the number of trees."""
        n_training, n_trees = self.leaf_.shape
        rows, columns = self.leaf_.ravel(), np.repeat(np.arange(n_training), n_trees)
        counts = self.count_.ravel().astype(float)
        n_nodes = len(self.trees_["feature"])
        total = np.bincount(rows, counts, n_nodes)
        kept = counts > 0
        share = counts[kept] / total[rows[kept]] / n_trees
        return sparse.csr_array((share, (rows[kept], columns[kept])), shape=(n_nodes, n_training))

    def _weights(self, design: NDArray[np.float32], membership: sparse.csr_array) -> sparse.csr_array:
        """Weights (n, n_training) of the training objects (Meinshausen 2006, eq. 4); each row sums to one."""
        leaves = find_leaves(self.trees_, design)
        n_objects, n_trees = leaves.shape
        pointer = np.arange(n_objects + 1) * n_trees
        reached = sparse.csr_array(
            (np.ones(leaves.size), leaves.ravel(), pointer), shape=(n_objects, membership.shape[0])
        )
        return reached @ membership


def _weighted_quantiles(
    weights: sparse.csr_array, values: NDArray[np.float64], levels: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Quantiles (n, q) of sorted `values` (t,) under each row of `weights` (n, t), linear between mid-ranks."""
    weights = weights.tocsr()
    weights.sort_indices()
    rows = np.repeat(np.arange(weights.shape[0]), np.diff(weights.indptr))
    running = np.cumsum(weights.data)
    before = np.concatenate([[0.0], running])[weights.indptr[:-1]]
    total = np.bincount(rows, weights.data, weights.shape[0])
    # Position of each value in its row, in (0, 1); adding the row number makes one increasing sequence of all rows.
    key = rows + (running - before[rows] - 0.5 * weights.data) / total[rows]
    chosen = values[weights.indices]
    first, last = weights.indptr[:-1, None], weights.indptr[1:, None] - 1
    target = np.arange(weights.shape[0])[:, None] + levels
    upper = np.clip(np.searchsorted(key, target), first, last)
    lower = np.clip(upper - 1, first, last)
    gap = key[upper] - key[lower]
    share = np.clip((target - key[lower]) / np.where(gap > 0, gap, 1.0), 0, 1)
    return chosen[lower] + share * (chosen[upper] - chosen[lower])
