from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.base import clone, is_classifier
from sklearn.ensemble import RandomForestRegressor
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression, LogisticRegression

import checkstar as cs
from checkstar.errors import ContractError, InputError
from checkstar.methods import Calibrated, Cannon, Conformal, Constant, Ensemble, Forest, Frozen, Ridge, as_method
from checkstar.methods.wrappers import Wrapper, aligned, seen
from checkstar.noise import Gaussian
from checkstar.prediction import Classes, Normal
from checkstar.testing import check_method, simulate_spectra

DATA = simulate_spectra()


class Bare(Wrapper):
    """Adds nothing; keeps what was held out."""

    def __init__(self, method, n_folds=5, random_state=0):
        self.method = method
        self.n_folds = n_folds
        self.random_state = random_state

    def _learn(self, data):
        self._parts = self._cross_fit(data, self.n_folds)

    def _predict(self, x, noise):
        return self.method_.predict_distribution(x, noise=noise)


class Spy(Constant):
    """Counts what it learns from, and the seed it was given."""

    def __init__(self, n_quantiles=200, random_state=None):
        self.n_quantiles = n_quantiles
        self.random_state = random_state

    def fit(self, x, y, *, noise=None, y_err=None):
        self.given_ = [len(x), None if noise is None else len(noise.sigma(x)), None if y_err is None else len(y_err)]
        self.first_ = np.asarray(x)[:, 0]
        self.seed_ = self.random_state
        return super().fit(x, y, noise=noise, y_err=y_err)


def test_a_wrapper_that_adds_nothing_keeps_the_contract():
    check_method(Bare(Ridge()))


def test_a_wrapper_that_adds_nothing_predicts_what_its_method_does():
    inner = Cannon().fit_data(DATA)
    assert np.array_equal(
        Bare(Cannon()).fit_data(DATA).predict(DATA.x, noise=DATA.noise), inner.predict(DATA.x, noise=DATA.noise)
    )


def test_every_object_is_held_out_once_with_its_noise_and_label_errors():
    x = np.arange(50.0)[:, None]
    data = cs.Dataset(x, x, noise=Gaussian(np.full(x.shape, 0.1)), y_err=0.2)
    wrapped = Bare(Spy()).fit_data(data)
    held = np.concatenate([part.data.x[:, 0] for part in wrapped._parts])
    assert sorted(held) == list(range(50))
    assert wrapped.method_.given_ == [50, 50, 50]


def test_no_group_is_divided_when_fitted_with_groups():
    x = np.arange(60.0)[:, None]
    group = np.arange(60) // 6
    wrapped = Bare(Spy()).fit_data(cs.Dataset(x, x, group=group))
    for part in wrapped._parts:
        held = set(group[part.data.x[:, 0].astype(int)])
        assert len(part.data) == 6 * len(held)


def test_the_dataset_hands_its_group_and_weight_only_to_methods_that_take_them():
    x = np.arange(20.0)[:, None]
    data = cs.Dataset(x, x, group=np.arange(20) // 2, weight=np.ones(20))
    assert Ridge().fit_data(data).is_fitted()
    assert all(part.data.group is not None for part in Bare(Ridge()).fit_data(data)._parts)


def test_objects_of_weight_zero_are_never_held_out():
    x = np.arange(20.0)[:, None]
    wrapped = Bare(Spy()).fit_data(cs.Dataset(x, x, weight=x[:, 0] % 2))
    assert sum(len(part.data) for part in wrapped._parts) == 10


def test_there_are_no_more_folds_than_groups():
    x = np.arange(20.0)[:, None]
    assert len(Bare(Ridge()).fit_data(cs.Dataset(x, x, group=np.arange(20) // 7))._parts) == 3
    with pytest.raises(
        InputError, match=r"^Bare got 20 objects of one group; at least two groups are needed, to learn from one and"
    ):
        Bare(Ridge()).fit_data(cs.Dataset(x, x, group=np.zeros(20)))


@pytest.mark.parametrize("n_folds", [0, 1, float("nan")])
def test_one_fold_is_refused(n_folds):
    with pytest.raises(InputError, match=r"^Bare got n_folds=.*; at least two are needed\.$"):
        Bare(Ridge(), n_folds=n_folds).fit_data(DATA)


@pytest.mark.parametrize("share", [0.0, 1.0, -1, float("nan")])
def test_a_share_that_holds_out_nothing_or_all_is_refused(share):
    with pytest.raises(InputError, match=r"^Conformal got held_out=.*; give the share of objects to hold out, between"):
        Conformal(Ridge(), held_out=share).fit_data(DATA)


def test_the_seed_reaches_the_method_inside_however_deep():
    assert Bare(Spy(random_state=7), random_state=3).fit_data(DATA).method_.seed_ == 3
    forest = Bare(RandomForestRegressor(5), random_state=4).fit_data(DATA).method_.model_
    assert forest.random_state == 4
    assert Bare(Bare(Spy()), random_state=5).fit_data(DATA).method_.method_.seed_ == 5


def test_a_run_seeds_and_names_it():
    run = cs.Run.of(Bare(Spy()), train=DATA, test=DATA, seed=9)
    assert run.method.method_.seed_ == 9
    assert run.name == "Bare(Spy)"
    assert Bare(LinearRegression()).name == "Bare(LinearRegression)"
    assert Bare(Frozen(Ridge().fit_data(DATA))).name == "Bare(Ridge)"


def test_a_method_that_comes_trained_is_used_as_it_is_and_all_objects_are_held_out():
    for trained in (as_method(lambda x: x[:, :2]), Frozen(Ridge().fit_data(DATA))):
        wrapped = Bare(trained).fit_data(DATA)
        assert [len(part.data) for part in wrapped._parts] == [len(DATA)]


def test_the_setting_stays_unfitted():
    inner = Ridge()
    Bare(inner).fit_data(DATA)
    assert not inner.is_fitted()


def test_it_is_a_classifier_if_its_method_is():
    assert is_classifier(Bare(LogisticRegression()))
    assert not is_classifier(Bare(LinearRegression()))


def test_the_estimand_and_whether_it_can_be_saved_are_those_of_its_method():
    assert Bare(Cannon()).estimand == Cannon.estimand
    assert Bare(Ridge()).estimand == Ridge.estimand
    assert Bare(Ridge()).can_save and not Bare(LinearRegression()).can_save


def test_masked_elements_may_hold_anything():
    sigma = np.full(DATA.x.shape, 0.01)
    sigma[3, 5] = np.inf
    x = DATA.x.copy()
    x[3, 5] = np.nan
    noise = Gaussian(sigma)
    wrapped = Bare(Cannon()).fit(x, DATA.y, noise=noise)
    assert np.isfinite(wrapped.predict(x, noise=noise)).all()
    assert np.isnan(seen(x, noise)[3, 5]) and seen(x, None) is x


def test_predicting_before_fitting_is_refused():
    with pytest.raises(NotFittedError):
        Bare(Ridge()).predict(DATA.x)


@pytest.mark.parametrize(
    "method",
    [Calibrated(Cannon()), Ensemble(Calibrated(Ridge()), n_members=2), Calibrated(Frozen(Ridge().fit_data(DATA)))],
    ids=["one", "two", "frozen"],
)
def test_methods_in_methods_are_saved_without_a_pickle(method, tmp_path):
    fitted = clone(method).fit_data(DATA)
    folder = fitted.save(tmp_path / "method")
    assert sorted(item.name for item in folder.iterdir()) == ["arrays.safetensors", "method.json"]
    loaded = type(method).load(folder)
    before, after = (m.predict_distribution(DATA.x, noise=DATA.noise) for m in (fitted, loaded))
    np.testing.assert_allclose(after.mean(), before.mean(), rtol=1e-12)
    np.testing.assert_allclose(after.std(), before.std(), rtol=1e-12)


def test_an_altered_method_inside_is_refused(tmp_path):
    folder = Calibrated(Ridge()).fit_data(DATA).save(tmp_path / "method")
    record = json.loads((folder / "method.json").read_text())
    record["learned"]["method_"]["method"]["settings"]["n_components"] = {"value": 3}
    (folder / "method.json").write_text(json.dumps(record))
    with pytest.raises(InputError, match="was altered after it was saved"):
        Calibrated.load(folder)


def test_a_wrapped_library_model_is_not_saved(tmp_path):
    with pytest.raises(
        ContractError, match=r"^Conformal cannot be saved: Conformal\(LinearRegression\) is or holds what"
    ):
        Conformal(as_method(LinearRegression())).fit_data(DATA).save(tmp_path / "method")


def test_frozen_is_fitted_as_far_as_its_method_is_and_never_changes():
    ridge = Ridge().fit_data(DATA)
    frozen = Frozen(ridge)
    assert clone(frozen) is frozen and frozen.is_fitted() and not frozen.can_refit
    frozen.fit(DATA.x[:10], -DATA.y[:10])
    assert np.array_equal(frozen.predict(DATA.x), ridge.predict(DATA.x))
    assert not Frozen(Ridge()).is_fitted()
    with pytest.raises(NotFittedError):
        Frozen(Ridge()).predict(DATA.x)


def test_frozen_is_saved_with_its_method(tmp_path):
    frozen = Frozen(Ridge().fit_data(DATA))
    loaded = Frozen.load(frozen.save(tmp_path / "frozen"))
    assert np.array_equal(loaded.predict(DATA.x), frozen.predict(DATA.x))


def test_probabilities_are_put_in_order_and_unknown_classes_refused():
    given = Classes([[0.2, 0.8]], ["b", "c"])
    assert aligned(given, ["a", "b", "c"], "Me").tolist() == [[0, 0.2, 0.8]]
    with pytest.raises(InputError, match=r"^Me got no object of class 'c', which its method predicts; add some\.$"):
        aligned(given, ["a", "b"], "Me")
    with pytest.raises(InputError, match=r"^Me needs class probabilities but its method predicts numbers; give a"):
        aligned(Normal([0.0], [1.0]), ["a"], "Me")


def test_forests_in_wrappers_give_the_mean_of_the_forest_of_the_same_seed():
    plain = Forest(n_trees=10, random_state=2).fit_data(DATA).predict(DATA.x)
    assert np.array_equal(Bare(Forest(n_trees=10), random_state=2).fit_data(DATA).predict(DATA.x), plain)
