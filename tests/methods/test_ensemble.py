from __future__ import annotations

import numpy as np
import pytest

import checkstar as cs
from checkstar.errors import InputError
from checkstar.methods import BoostedTrees, Conformal, Ensemble, Forest, KNearest, Ridge, as_method
from checkstar.prediction import Classes, Grid, Mixture, Normal, Samples
from checkstar.testing import check_method, simulate_classes, simulate_spectra

DATA = simulate_spectra()


@pytest.mark.parametrize(
    ("method", "data"),
    [
        (Ensemble(Ridge()), None),
        (Ensemble(Forest(n_trees=5), n_members=2), None),
        (Ensemble(KNearest(), n_members=2), simulate_classes()),
        (Ensemble(Conformal(Ridge()), n_members=2), None),
    ],
    ids=["ridge", "forest", "classes", "wrapper"],
)
def test_it_keeps_the_contract(method, data):
    check_method(method, data)


@pytest.mark.parametrize(
    ("inner", "kind", "data"),
    [
        (Ridge(), Mixture, DATA),
        (KNearest(), Mixture, DATA),
        (BoostedTrees(n_iterations=5), Grid, DATA),
        (Forest(n_trees=5), Classes, simulate_classes()),
        (as_method(__import__("sklearn.tree", fromlist=["x"]).DecisionTreeRegressor()), Samples, DATA),
    ],
    ids=["normal", "mixture", "grid", "classes", "points"],
)
def test_the_variance_is_what_members_do_not_know_plus_what_they_disagree_about(inner, kind, data):
    method = Ensemble(inner, n_members=4).fit_data(data)
    prediction = method.predict_distribution(data.x, noise=data.noise)
    own, between = method.spread(data.x, noise=data.noise)
    assert isinstance(prediction, kind)
    means = [member.predict(data.x, noise=data.noise) for member in method.members_]
    # The quantiles of a grid are 50 a member: their mean and spread are those of the members within a percent.
    tolerance = 0.05 if kind is Grid else 1e-9
    np.testing.assert_allclose(prediction.mean(), np.mean(means, axis=0), atol=max(tolerance * data.x.std(), 1e-9))
    if kind is Samples:  # draws have the sample variance, 4 / 3 of the variance
        assert not own.any()
        between = between * np.sqrt(4 / 3)
    np.testing.assert_allclose(prediction.std(), np.hypot(own, between), rtol=tolerance * 2 + 1e-9)


def test_the_quantiles_of_a_mixture_of_grids_are_those_of_its_distribution():
    low, high = (Grid([[[0.0, 1.0]]], [[[1.0]]]), Grid([[[2.0, 3.0]]], [[[1.0]]]))
    from checkstar.methods.ensemble import _mixed

    mixed = _mixed([low, high])
    for level, expected in ((0.25, 0.5), (0.5, 1.5), (0.75, 2.5)):
        assert mixed.quantile(level).item() == pytest.approx(expected, abs=0.51 if level == 0.5 else 0.02)
    assert mixed.std().item() == pytest.approx(np.sqrt(1 + 1 / 12), rel=0.02)


def test_members_disagree_where_nothing_was_seen():
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (100, 1))
    method = Ensemble(Ridge(), n_members=10).fit(x, 2 * x + 0.1 * rng.standard_normal(x.shape))
    within, far = method.spread([[0.0], [20.0]]).epistemic[:, 0]
    # The error of a slope from 100 objects is 0.1 / sqrt(100 / 3) = 0.017: 0.35 at x = 20.
    assert within < 0.03
    assert 0.15 < far < 0.7


def test_the_spread_of_bootstrap_means_is_their_standard_error():
    y = np.random.default_rng(0).normal(size=400)
    method = Ensemble(as_method(__import__("sklearn.dummy", fromlist=["x"]).DummyRegressor()), n_members=200)
    found = method.fit(np.zeros((400, 1)), y).spread([[0.0]]).epistemic.item()
    assert found == pytest.approx(y.std() / 20, rel=0.2)  # 4 times 1 / sqrt(2 * 200)


def test_whole_groups_are_drawn():
    rng = np.random.default_rng(0)
    group = np.repeat(np.arange(20), 20)
    y = rng.normal(size=20)[group]
    mean = as_method(__import__("sklearn.dummy", fromlist=["x"]).DummyRegressor())
    spread = [
        Ensemble(mean, n_members=200).fit(np.zeros((400, 1)), y, group=g).spread([[0.0]]).epistemic.item()
        for g in (group, None)
    ]
    # 20 independent values, not 400.
    assert spread[0] / spread[1] == pytest.approx(np.sqrt(20), rel=0.3)


def test_an_object_drawn_twice_stays_on_one_side_of_a_split_inside():
    x = np.random.default_rng(0).normal(size=(100, 2))
    inner = Conformal(as_method(__import__("sklearn.neighbors", fromlist=["x"]).KNeighborsRegressor(1)))
    member = Ensemble(inner, n_members=2).fit(x, np.random.default_rng(1).normal(size=100)).members_[0]
    # One neighbour would know its own copy: a third of the errors would be zero.
    assert (np.abs(member.quantiles_) < 1e-9).mean() < 0.05


def test_without_bootstrap_members_differ_by_their_seeds_alone():
    ridge = Ensemble(Ridge(), bootstrap=False).fit_data(DATA)
    assert ridge.spread(DATA.x).epistemic.max() < 1e-12
    forest = Ensemble(Forest(n_trees=5), bootstrap=False, random_state=3).fit_data(DATA)
    assert [member.random_state for member in forest.members_] == [3, 4, 5, 6, 7]
    assert forest.spread(DATA.x).epistemic.min() > 0


def test_a_class_that_a_draw_missed_has_no_probability_from_that_member():
    x = np.arange(30.0)[:, None]
    method = Ensemble(KNearest(2), n_members=8).fit(x, ["a"] * 15 + ["b"] * 14 + ["rare"])
    assert {len(member.names_) for member in method.members_} == {2, 3}
    assert method.predict(x).shape == (30, 3)


def test_the_mean_of_many_shallow_learners_beats_one():
    problem = simulate_classes(600), simulate_classes(2000, 1)
    loss = [
        cs.Run.of(m, train=problem[0], test=problem[1]).prediction.log_loss(problem[1].y).mean()
        for m in (Forest(n_trees=1, min_leaf=5), Ensemble(Forest(n_trees=1, min_leaf=5), n_members=20))
    ]
    assert loss[1] < 0.8 * loss[0]


def test_members_are_saved(tmp_path):
    fitted = Ensemble(Ridge(), n_members=3).fit_data(DATA)
    loaded = Ensemble.load(fitted.save(tmp_path / "method"))
    assert len(loaded.members_) == 3
    np.testing.assert_allclose(loaded.spread(DATA.x).epistemic, fitted.spread(DATA.x).epistemic, rtol=1e-9)


def test_bad_input_is_named():
    with pytest.raises(InputError, match=r"^Ensemble got n_members=1; at least two are needed to disagree\.$"):
        Ensemble(Ridge(), n_members=1).fit_data(DATA)
    with pytest.raises(InputError, match=r"^Ensemble fits its method several times, but this one comes trained and"):
        Ensemble(as_method(lambda x: Normal(x, 1 + 0 * x))).fit_data(DATA)
