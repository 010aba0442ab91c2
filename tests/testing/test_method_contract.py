from __future__ import annotations

import importlib
import inspect
import pkgutil
from typing import Any, Self

import numpy as np
import pytest
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.naive_bayes import GaussianNB

import checkstar.methods
from checkstar.data.dataset import Dataset
from checkstar.errors import ContractError, InputError
from checkstar.methods import BoostedTrees, Constant, Forest, KNearest, as_method
from checkstar.methods.base import Method, check_observations, check_training
from checkstar.prediction import Normal
from checkstar.simulators import simulate_galaxies
from checkstar.testing import check_method, simulate_classes, simulate_spectra


def shipped() -> list[type[Method]]:
    """Every method of the package that needs no model of another library."""
    found = []
    for module in pkgutil.iter_modules(checkstar.methods.__path__, "checkstar.methods."):
        if module.ispkg:  # networks need torch; their own tests check them
            continue
        members = vars(importlib.import_module(module.name)).values()
        found += [item for item in members if inspect.isclass(item) and item.__module__ == module.name]
    return [item for item in found if issubclass(item, Method) and not inspect.isabstract(item) and can_default(item)]


def can_default(kind: type[Method]) -> bool:
    settings = list(inspect.signature(kind).parameters.values())
    return kind is not Method and all(item.default is not inspect.Parameter.empty for item in settings)


#: Settings that keep the slow ones to seconds.
FAST = {"BoostedTrees": {"n_iterations": 10}, "GaussianProcess": {"max_tuned": 100}}


def fast(kind: type[Method]) -> Method:
    return kind(**FAST.get(kind.__name__, {}))


def test_the_walk_finds_the_methods():
    names = {kind.__name__ for kind in shipped()}
    assert {"BoostedTrees", "Constant", "Forest", "KNearest", "Ridge", "TemplateFit"} <= names
    assert not names & {"Method", "Wrapped"}


@pytest.mark.parametrize("kind", shipped(), ids=lambda kind: kind.__name__)
def test_every_shipped_method_keeps_the_contract(kind):
    check_method(fast(kind), photometry() if kind.__name__ == "SedFit" else None)


def photometry() -> Dataset:
    """What a method of redshifts can learn from: magnitudes, of which it may lose the last column."""
    drawn = simulate_galaxies(100, rng=0)
    return Dataset(np.hstack([drawn.magnitudes, drawn.magnitudes[:, :1]]), drawn.z, noise=0.05)


@pytest.mark.parametrize("kind", [BoostedTrees, Constant, Forest, KNearest])
def test_methods_that_classify_keep_the_contract(kind):
    check_method(fast(kind), simulate_classes())


@pytest.mark.parametrize(
    "model", [LinearRegression(), GaussianProcessRegressor(alpha=1e-3), LogisticRegression(), GaussianNB()]
)
def test_wrapped_estimators_keep_the_contract(model):
    check_method(as_method(model))


class Line(Method):
    """A method that keeps the contract; every broken one below breaks one rule of it."""

    def __init__(self, penalty: float = 1e-3, random_state: int = 0) -> None:
        self.penalty = penalty
        self.random_state = random_state

    def fit(self, x: Any, y: Any, *, noise: Any = None, y_err: Any = None) -> Self:
        flux, labels = check_training(type(self).__name__, x, y, noise)
        design = np.hstack([flux, np.ones((len(flux), 1))])
        gram = design.T @ design + self.penalty * np.eye(design.shape[1])
        self.coefficients_ = np.linalg.solve(gram, design.T @ labels)
        self.std_ = (labels - design @ self.coefficients_).std(axis=0)
        return self

    def predict_distribution(self, x: Any, *, noise: Any = None) -> Normal:
        self._fitted()
        flux = check_observations(type(self).__name__, x, noise, len(self.coefficients_) - 1)
        mean = flux @ self.coefficients_[:-1] + self.coefficients_[-1]
        return Normal(mean, np.broadcast_to(self.std_, mean.shape))


class ConvertsSettings(Line):
    def __init__(self, penalty: float = 1, random_state: int = 0) -> None:
        self.penalty = float(penalty)
        self.random_state = random_state


class HasStarArguments(Line):
    def __init__(self, *penalty: float) -> None:
        self.penalty = 1e-3

    def settings(self) -> dict[str, Any]:
        return {}


class CannotBeCloned(Line):
    def __sklearn_clone__(self) -> Any:
        raise RuntimeError("no")


class ReturnsNothing(Line):
    def fit(self, x: Any, y: Any, **rest: Any) -> Any:
        super().fit(x, y, **rest)


class ChangesItsSetting(Line):
    def fit(self, x: Any, y: Any, **rest: Any) -> Self:
        self.penalty = 0.5
        return super().fit(x, y, **rest)


class LearnsWithoutUnderscore(Line):
    def fit(self, x: Any, y: Any, **rest: Any) -> Self:
        self.n_seen = len(x)
        return super().fit(x, y, **rest)


class ChangesX(Line):
    def fit(self, x: Any, y: Any, **rest: Any) -> Self:
        super().fit(x, y, **rest)
        x[0] += 1e-6
        return self


class ChangesY(Line):
    def fit(self, x: Any, y: Any, **rest: Any) -> Self:
        super().fit(x, y, **rest)
        y -= 1.0
        return self


class ChangesNoise(Line):
    def predict_distribution(self, x: Any, *, noise: Any = None) -> Normal:
        if noise is not None:
            noise.sigma_ = noise.sigma_ * 2
        return super().predict_distribution(x)


class IgnoresItsSeed(Line):
    def fit(self, x: Any, y: Any, **rest: Any) -> Self:
        super().fit(x, y, **rest)
        self.coefficients_ += 1e-9 * np.random.default_rng().standard_normal(self.coefficients_.shape)
        return self


class DrawsWhilePredicting(Line):
    def predict_distribution(self, x: Any, *, noise: Any = None) -> Normal:
        self.drift_ = getattr(self, "drift_", 0.0) + 1e-6
        prediction = super().predict_distribution(x, noise=noise)
        return Normal(prediction.mean() + self.drift_, prediction.std())


class DropsALabel(Line):
    def predict_distribution(self, x: Any, *, noise: Any = None) -> Any:
        return super().predict_distribution(x, noise=noise).select(0)


class PredictsTheMedian(Line):
    def predict(self, x: Any, *, noise: Any = None) -> Any:
        return super().predict(x, noise=noise) + 0.01


class FlattensPredictions(Line):
    def predict(self, x: Any, *, noise: Any = None) -> Any:
        return super().predict(x, noise=noise)[:, 0]


class LooksAtTheOthers(Line):
    def predict_distribution(self, x: Any, *, noise: Any = None) -> Normal:
        prediction = super().predict_distribution(x, noise=noise)
        return Normal(prediction.mean() - 0.01 * prediction.mean().mean(axis=0), prediction.std())


class DependsOnTheOrder(Line):
    def predict_distribution(self, x: Any, *, noise: Any = None) -> Normal:
        prediction = super().predict_distribution(x, noise=noise)
        return Normal(prediction.mean() + 1e-3 * np.arange(len(prediction))[:, None], prediction.std())


class AcceptsNaN(Line):
    def predict_distribution(self, x: Any, *, noise: Any = None) -> Normal:
        clean = np.nan_to_num(x) if np.asarray(x).dtype.kind == "f" else x
        return super().predict_distribution(clean, noise=noise)


class RefusesWithoutItsName(Line):
    def predict_distribution(self, x: Any, *, noise: Any = None) -> Normal:
        self._fitted()
        check_observations("something", x, noise, len(self.coefficients_) - 1)
        return super().predict_distribution(x, noise=noise)


class RefusesWithAnotherError(Line):
    def predict_distribution(self, x: Any, *, noise: Any = None) -> Normal:
        self._fitted()
        if not np.isfinite(x).all():
            raise FloatingPointError("hm")
        return super().predict_distribution(x, noise=noise)


class LearnsFromNaN(Line):
    def fit(self, x: Any, y: Any, **rest: Any) -> Self:
        return super().fit(np.nan_to_num(x) if np.asarray(x).dtype.kind == "f" else x, y, **rest)


class LearnsFromLabelsWithHoles(Line):
    def fit(self, x: Any, y: Any, **rest: Any) -> Self:
        return super().fit(x, np.nan_to_num(y), **rest)


class AnswersBeforeItWasFitted(Line):
    def predict_distribution(self, x: Any, *, noise: Any = None) -> Normal:
        if not hasattr(self, "std_"):
            return Normal(np.zeros(len(x)), np.ones(len(x)))
        return super().predict_distribution(x, noise=noise)


class FailsBeforeItWasFitted(Line):
    def _fitted(self) -> None:
        return None


class RemembersItsFirstFit(Line):
    def fit(self, x: Any, y: Any, **rest: Any) -> Self:
        super().fit(x, y, **rest)
        self.first_ = getattr(self, "first_", np.asarray(x).mean())
        self.coefficients_[-1] += 1e-3 * self.first_
        return self


class KeepsWhatItLearnedOfOneLabel(Line):
    def fit(self, x: Any, y: Any, **rest: Any) -> Self:
        super().fit(x, y, **rest)
        if np.shape(y)[1:] == (1,):
            self.single_ = True
        return self


class LosesWhatItLearned(Line):
    def fit(self, x: Any, y: Any, **rest: Any) -> Self:
        super().fit(x, y, **rest)
        self._offset = 0.1
        return self

    def predict_distribution(self, x: Any, *, noise: Any = None) -> Normal:
        prediction = super().predict_distribution(x, noise=noise)
        return Normal(prediction.mean() + getattr(self, "_offset", 0.0), prediction.std())


class LearnsAnObject(Line):
    def fit(self, x: Any, y: Any, **rest: Any) -> Self:
        super().fit(x, y, **rest)
        self.generator_ = np.random.default_rng(0)
        return self


BROKEN = {
    ConvertsSettings: r"changes its setting 'penalty' in the constructor; store it untouched",
    HasStarArguments: r"has \*args in its constructor; name every setting",
    CannotBeCloned: r"cannot be cloned by scikit-learn \(no\)",
    ReturnsNothing: r"does not return itself from fit; end fit with `return self`",
    ChangesItsSetting: r"changes its setting 'penalty' in fit; keep what was learned in penalty_",
    LearnsWithoutUnderscore: r"learns 'n_seen'; name it n_seen_",
    ChangesX: r"changes its argument x; work on a copy",
    ChangesY: r"changes its argument y; work on a copy",
    ChangesNoise: r"changes its argument noise; work on a copy",
    IgnoresItsSeed: r"other predictions after the same fit; draw every random number from",
    DrawsWhilePredicting: r"other predictions the second time",
    DropsALabel: r"predicts shape \(120, 1\) for 120 objects .* return shape \(120, 2\)",
    PredictsTheMedian: r"something else than the mean of predict_distribution; leave predict",
    FlattensPredictions: r"something else than the mean of predict_distribution; leave predict",
    LooksAtTheOthers: r"predicts some of the objects differently from the whole set",
    DependsOnTheOrder: r"predicts reordered objects differently from the whole set",
    AcceptsNaN: r"accepts predict with NaN in x; begin with .*check_observations",
    RefusesWithoutItsName: r"does not name itself in the error for predict with NaN",
    RefusesWithAnotherError: r"answers predict with NaN in x by FloatingPointError \(hm\), not InputError",
    LearnsFromNaN: r"accepts fit with NaN in x",
    LearnsFromLabelsWithHoles: r"accepts fit with NaN in y",
    AnswersBeforeItWasFitted: r"predicts before it was fitted; begin predict_distribution with self._fitted\(\)",
    FailsBeforeItWasFitted: r"answers predict before fit by AttributeError",
    RemembersItsFirstFit: r"remembers an earlier fit; set every learned attribute anew",
    KeepsWhatItLearnedOfOneLabel: r"keeps 'single_' of an earlier fit",
    LosesWhatItLearned: r"predicts differently after save and load; keep all that is learned",
    LearnsAnObject: r"\.generator_ is a Generator, which cannot be saved",
}


def test_the_clean_twin_of_the_broken_methods_passes():
    check_method(Line())


@pytest.mark.parametrize("kind", list(BROKEN), ids=lambda kind: kind.__name__)
def test_a_broken_method_fails_with_the_rule_and_the_cure(kind):
    with pytest.raises(ContractError, match=f"{kind.__name__}.*{BROKEN[kind]}"):
        check_method(kind(1) if kind is ConvertsSettings else kind())


def test_checking_changes_neither_the_method_nor_the_data():
    method, data = Line(), simulate_spectra()
    before = data.x.copy()
    check_method(method, data)
    assert not method.learned()
    assert np.array_equal(data.x, before)


def test_what_is_no_method_is_refused():
    with pytest.raises(ContractError, match=r"LinearRegression is no Method; .* wrap it with as_method"):
        check_method(LinearRegression())


def test_too_few_objects_are_refused():
    with pytest.raises(InputError, match="at least 60 objects with x and y"):
        check_method(Line(), simulate_spectra()[:59])
    with pytest.raises(InputError, match="at least 60 objects with x and y"):
        check_method(Line(), Dataset(y=np.zeros(100)))


def test_simulated_data_repeat_with_the_seed():
    assert np.array_equal(simulate_spectra(60, rng=1).x, simulate_spectra(60, rng=1).x)
    assert not np.array_equal(simulate_classes(60, rng=1).x, simulate_classes(60, rng=2).x)
