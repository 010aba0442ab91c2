"""CurveForest and CurveBoosting: trees on the features of light curves."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special
from threadpoolctl import threadpool_limits

from checkstar.errors import InputError
from checkstar.methods.light_curves.described_curves import DescribedCurves
from checkstar.methods.tree_arrays import Trees, check_trees, from_boosting, from_forest, sum_leaves

__all__ = ["CurveBoosting", "CurveForest"]

Array = NDArray[np.float64]

_THREADED_SIZE = 2_000_000


class CurveForest(DescribedCurves):
    """A random forest on the features of light curves (Richards et al. 2011): the standard of the field.

    Its class shares are those of the leaves, averaged over the trees, and are more hesitant than right on easy objects.
    With an extra ``period`` from a catalogue the label leaks (`DescribedCurves`).

    Parameters
    ----------
    n_trees : int
        Number of trees.
    min_leaf : int
        Smallest number of training objects in a leaf.
    max_features : float in (0, 1]
        Share of the features tried at each split.
    extra : bool
        Extremely randomised trees: random thresholds, no bootstrap.
    balance : float in [0, 1]
        Power of the frequencies of classes that probabilities are divided by; see `DescribedCurves`.
    period_search : dict, optional
        Settings of `find_periods`, for data without a period.
    random_state : int
        Seed of the trees.

    References
    ----------
    Richards et al. 2011, ApJ 733, 10; Breiman 2001, Machine Learning 45, 5.
    """

    references = ("Richards et al. 2011, ApJ 733, 10", "Breiman 2001, Machine Learning 45, 5")

    def __init__(
        self,
        n_trees: int = 300,
        min_leaf: int = 1,
        max_features: float = 0.2,
        extra: bool = False,
        balance: float = 0.0,
        period_search: dict[str, Any] | None = None,
        random_state: int = 0,
    ) -> None:
        self.n_trees = n_trees
        self.min_leaf = min_leaf
        self.max_features = max_features
        self.extra = extra
        self.balance = balance
        self.period_search = period_search
        self.random_state = random_state

    def _learn(self, values: Array, codes: NDArray[np.intp], names: list[str]) -> None:
        from sklearn import ensemble

        kind = ensemble.ExtraTreesClassifier if self.extra else ensemble.RandomForestClassifier
        model = kind(
            n_estimators=self.n_trees,
            min_samples_leaf=self.min_leaf,
            max_features=self.max_features,
            n_jobs=-1,
            random_state=self.random_state,
        ).fit(values.astype(np.float32), codes)
        self.known_ = model.classes_.astype(np.int64)
        self.trees_ = from_forest(model.estimators_)

    def _probabilities(self, values: Array) -> Array:
        found = np.zeros((len(values), len(self.names_)))
        total = sum_leaves(self.trees_, values.astype(np.float32))
        found[:, self.known_] = total / total.sum(axis=1, keepdims=True)
        return found

    def check_learned(self) -> None:
        """Refuse trees that could not be walked safely (asked on load)."""
        check_trees("CurveForest", self.trees_, len(self.described_by_))


class CurveBoosting(DescribedCurves):
    """Gradient-boosted trees on the features of light curves, the mean of several that tried other features.

    With an extra ``period`` from a catalogue the label leaks (`DescribedCurves`).

    Parameters
    ----------
    n_iterations : int
        Trees per boosting and class.
    learning_rate : float
        Share of each tree that is added.
    max_leaves, min_leaf : int
        Largest number of leaves of a tree; smallest number of training objects in a leaf.
    max_features : float in (0, 1]
        Share of the features tried at each split.
    l2 : float
        Penalty of large steps: with few objects of a class, leaves would be sure too early.
    n_boostings : int
        Boostings whose log-odds are averaged; they differ in the features tried.
    balance : float in [0, 1]
        Power of the frequencies of classes that probabilities are divided by; see `DescribedCurves`.
    period_search : dict, optional
        Settings of `find_periods`, for data without a period.
    random_state : int
        Seed of the first boosting; the others count on.

    References
    ----------
    Friedman 2001, Ann. Statist. 29, 1189; Richards et al. 2011, ApJ 733, 10 (the features).
    """

    references = ("Friedman 2001, Ann. Statist. 29, 1189", "Richards et al. 2011, ApJ 733, 10")

    def __init__(
        self,
        n_iterations: int = 120,
        learning_rate: float = 0.05,
        max_leaves: int = 10,
        min_leaf: int = 10,
        max_features: float = 0.2,
        l2: float = 3.0,
        n_boostings: int = 3,
        balance: float = 0.0,
        period_search: dict[str, Any] | None = None,
        random_state: int = 0,
    ) -> None:
        self.n_iterations = n_iterations
        self.learning_rate = learning_rate
        self.max_leaves = max_leaves
        self.min_leaf = min_leaf
        self.max_features = max_features
        self.l2 = l2
        self.n_boostings = n_boostings
        self.balance = balance
        self.period_search = period_search
        self.random_state = random_state

    def _learn(self, values: Array, codes: NDArray[np.intp], names: list[str]) -> None:
        import sklearn.ensemble  # noqa: F401 - loads OpenMP, which must be there to be limited

        # Threads that wait for each other cost more than they bring on a small set.
        with threadpool_limits(1 if values.size < _THREADED_SIZE else None, user_api="openmp"):
            models = [self._grown(values, codes, self.random_state + i) for i in range(self.n_boostings)]
        self.known_ = models[0].classes_.astype(np.int64)
        self.baselines_ = np.mean([np.ravel(model._baseline_prediction) for model in models], axis=0)
        self.boostings_: list[Trees] = [
            from_boosting(step[column] for model in models for step in model._predictors)
            for column in range(len(self.baselines_))
        ]

    def _grown(self, values: Array, codes: NDArray[np.intp], seed: int) -> Any:
        from sklearn.ensemble import HistGradientBoostingClassifier

        return HistGradientBoostingClassifier(
            max_iter=self.n_iterations,
            learning_rate=self.learning_rate,
            max_leaf_nodes=self.max_leaves,
            min_samples_leaf=self.min_leaf,
            max_features=self.max_features,
            l2_regularization=self.l2,
            early_stopping=False,
            random_state=seed,
        ).fit(values, codes)

    def _probabilities(self, values: Array) -> Array:
        sums = [sum_leaves(trees, values)[:, 0] for trees in self.boostings_]
        raw = np.stack(sums, axis=1) / self.n_boostings + self.baselines_
        if raw.shape[1] == 1:
            raw = np.hstack([np.zeros_like(raw), raw])
        found = np.zeros((len(values), len(self.names_)))
        found[:, self.known_] = special.softmax(raw, axis=1)
        return found

    def check_learned(self) -> None:
        """Refuse trees that could not be walked safely (asked on load)."""
        if len(self.boostings_) != len(self.baselines_) or not self.boostings_:
            raise InputError("CurveBoosting holds a different number of boostings and baselines; fit it again.")
        for trees in self.boostings_:
            check_trees("CurveBoosting", trees, len(self.described_by_))
