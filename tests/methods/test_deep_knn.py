from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from sklearn.linear_model import LogisticRegression

import checkstar as cs
from checkstar.errors import ContractError, InputError
from checkstar.methods import DeepKNN, Forest, KNearest, Ridge
from checkstar.testing import check_method, simulate_classes


@pytest.mark.parametrize(
    "method",
    [DeepKNN(KNearest()), DeepKNN(Forest(n_trees=5), embedding="columns", score="votes", by_class=False)],
    ids=["distance", "votes"],
)
def test_it_keeps_the_contract(method):
    check_method(method)


@pytest.mark.parametrize("score", ["distance", "votes"])
@pytest.mark.parametrize("by_class", [True, False])
@pytest.mark.parametrize("level", [0.05, 0.2])
def test_the_true_class_is_refused_with_at_most_its_probability(score, by_class, level):
    rng = np.random.default_rng(0)
    refused = []
    for _ in range(15):
        method = DeepKNN(KNearest(), score=score, by_class=by_class).fit_data(simulate_classes(300, rng))
        new = simulate_classes(300, rng)
        own = np.searchsorted(method.names_, new.y[:, 0])
        refused.append((method.p_values(new.x)[np.arange(300), own] <= level).mean())
    # 15 sets of 90 calibration objects: the standard error of the mean is below 0.01 at 0.05 and 0.02 at 0.2.
    assert np.mean(refused) < level + (0.03 if level == 0.05 else 0.05)
    if score == "distance":  # votes tie, so that they refuse less
        assert np.mean(refused) > level / 2


def test_p_values_of_new_objects_of_a_class_are_uniform():
    train, new = simulate_classes(6000), simulate_classes(3000, 1)
    method = DeepKNN(KNearest()).fit_data(train)
    own = np.searchsorted(method.names_, new.y[:, 0])
    p = method.p_values(new.x)[np.arange(3000), own]
    for j in range(3):
        # 600 calibration and 1000 new objects of a class: 1.63 sqrt(1/600 + 1/1000) = 0.084 at 1 %.
        assert stats.kstest(p[own == j], "uniform").statistic < 0.084


def test_rare_classes_keep_the_promise_only_if_calibrated_by_themselves():
    rng = np.random.default_rng(0)

    def sky(n):
        rare = rng.random(n) < 0.1
        return np.where(rare[:, None], 3.0, 0.3) * rng.standard_normal((n, 2)) + 8.0 * rare[:, None], np.where(
            rare, "rare", "common"
        )

    x, y = sky(4000)
    new, truth = sky(8000)
    refused = {}
    for by_class in (True, False):
        method = DeepKNN(KNearest(), by_class=by_class).fit(x, y)
        refused[by_class] = (method.p_values(new)[truth == "rare", 1] <= 0.1).mean()
    # 120 calibration objects of the rare class: 0.1 +- 0.03.
    assert refused[True] < 0.19
    assert refused[False] > 0.5


def test_novelties_are_refused_by_distance_and_escape_votes():
    train = simulate_classes(900)
    novel = np.full((50, 6), 25.0) + np.random.default_rng(1).normal(size=(50, 6))
    distance, votes = (DeepKNN(Forest(n_trees=20), score=s).fit_data(train) for s in ("distance", "votes"))
    assert distance.abstains(novel).all()
    assert not votes.abstains(novel).all()
    assert distance.predict(novel).max(axis=1).mean() > 0.5  # while the forest is sure of them


def test_an_object_amid_another_class_has_no_credibility():
    rng = np.random.default_rng(0)
    x = np.vstack([rng.normal(0, 1, (300, 2)), rng.normal(6, 1, (300, 2))])
    always = cs.as_method(
        lambda x: np.broadcast_to([0.9, 0.1], (len(x), 2)), output="probabilities", classes=["a", "b"]
    )
    method = DeepKNN(always, score="votes").fit(x, ["a"] * 300 + ["b"] * 300)
    low, high = method.credibility([[6.0, 6.0], [0.0, 0.0]])
    assert low < 0.02 and high > 0.5
    assert method.abstains([[6.0, 6.0], [0.0, 0.0]]).tolist() == [True, False]


def test_the_probabilities_are_those_of_the_method_inside():
    data = simulate_classes(300)
    method = DeepKNN(LogisticRegression()).fit_data(data)
    np.testing.assert_array_equal(method.predict(data.x), method.method_.predict(data.x))


def test_neighbours_are_sought_where_the_embedding_says():
    rng = np.random.default_rng(0)
    signal = np.repeat([0.0, 4.0], 300)[:, None] + rng.normal(size=(600, 1))
    x = np.hstack([signal, 30 * rng.normal(size=(600, 30))])
    y = np.repeat(["a", "b"], 300)
    found = []
    for embedding in (lambda x: x[:, :1], lambda x: x):
        method = DeepKNN(Forest(n_trees=20), embedding=embedding).fit(x, y)
        found.append(method.p_values(x)[np.arange(600), (y == "a").astype(int)].mean())  # of the wrong class
    assert found[0] < 0.1 < found[1]


def test_a_torch_layer_embeds():
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    data = simulate_classes(300)
    layer = torch.nn.Sequential(torch.nn.Linear(6, 4), torch.nn.ReLU())
    method = DeepKNN(KNearest(), embedding=layer).fit_data(data)
    assert method.points_.shape == (210, 4)
    assert not method.can_save


def test_groups_are_never_divided():
    data = simulate_classes(300)
    method = DeepKNN(KNearest()).fit(data.x, data.y, group=np.arange(300) // 10)
    assert len(method.points_) % 10 == 0


def test_a_class_of_too_few_calibration_objects_is_never_refused():
    data = simulate_classes(300)
    x = np.vstack([data.x, np.full((2, 6), 9.0)])
    y = np.append(data.y[:, 0], ["odd", "odd"])
    method = DeepKNN(KNearest()).fit(x, y, group=np.append(np.arange(300), [300, 300]))
    held = len(method.calibration_[method.names_.index("odd")])
    assert method.p_values(x[:5])[:, method.names_.index("odd")].min() >= 1 / (1 + held)


def test_it_is_saved_unless_the_embedding_is_a_function(tmp_path):
    data = simulate_classes(300)
    fitted = DeepKNN(KNearest()).fit_data(data)
    loaded = DeepKNN.load(fitted.save(tmp_path / "method"))
    np.testing.assert_array_equal(loaded.p_values(data.x), fitted.p_values(data.x))
    with pytest.raises(
        ContractError, match=r"^DeepKNN cannot be saved: DeepKNN\(KNearest\) is or holds what could only"
    ):
        DeepKNN(KNearest(), embedding=lambda x: x).fit_data(data).save(tmp_path / "other")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"embedding": "umap"}, r"^there is no embedding of DeepKNN 'umap'"),
        ({"score": "vote"}, r"^there is no score of DeepKNN 'vote'; did you mean 'votes'\?"),
        ({"n_neighbors": 0}, r"^DeepKNN got n_neighbors=0; at least one is needed\.$"),
    ],
)
def test_bad_settings_are_named(settings, message):
    with pytest.raises(InputError, match=message):
        DeepKNN(KNearest(), **settings).fit_data(simulate_classes())


def test_bad_levels_and_numbers_are_refused():
    method = DeepKNN(KNearest()).fit_data(simulate_classes())
    with pytest.raises(InputError, match=r"^DeepKNN got level=1; give a probability between 0 and 1\.$"):
        method.abstains(simulate_classes().x, level=1)
    with pytest.raises(InputError, match=r"^DeepKNN calibrates class probabilities but the labels are numbers"):
        DeepKNN(Ridge()).fit(np.arange(60.0)[:, None], np.arange(60.0))


@pytest.mark.parametrize("by_class", [True, False])
def test_groups_that_are_alike_count_once(by_class):
    rng, refused = np.random.default_rng(0), []
    for _ in range(30):
        group = np.repeat(np.arange(30), 20)
        x = np.repeat(rng.normal(size=(30, 3)), 20, axis=0) + 0.01 * rng.normal(size=(600, 3))
        y = np.where(np.arange(30)[group] % 2 == 0, "a", "b")
        method = DeepKNN(KNearest(), by_class=by_class).fit(x, y, group=group)
        refused.append((method.p_values(rng.normal(size=(300, 3)))[:, 0] <= 0.05).mean())
    # Classes mean nothing here, so a new object of either is like those held out. Of 9 groups held out none can be
    # refused at 0.05; counted as 180 objects it is every tenth or more.
    assert np.mean(refused) < 0.05
