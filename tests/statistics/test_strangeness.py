import numpy as np
import pytest

from checkstar.statistics.strangeness import along_components, along_labels, at_least_as_strange


def draw(n, seed=0, p=6):
    return np.random.default_rng(seed).normal(size=(n, p))


def test_the_distance_is_that_to_the_kth_neighbour():
    x = np.array([[0.0], [1.0], [2.0], [3.0], [10.0]])
    score = along_components(x, n_neighbours=2)
    # One feature, whitened by its own spread; the two nearest of 1.2 are 1 and 2.
    assert score(np.array([[1.2]])) == pytest.approx(0.8 / x.std())


def test_scale_and_rotation_of_the_features_change_nothing_along_the_components():
    # Rotation commutes with whitening only where every component is kept: few features.
    x = draw(500, p=3)
    other = 7 * x + 3
    assert along_components(x)(x[:20] + 1) == pytest.approx(along_components(other)(7 * (x[:20] + 1) + 3))


def test_the_axis_of_a_label_is_found_though_it_holds_little_variance():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(1000, 6)) * [5, 5, 5, 5, 5, 0.1]
    label = x[:, 5:] + 0.01 * rng.normal(size=(1000, 1))
    moved = x[:50].copy()
    moved[:, 5] += 0.8
    beyond = at_least_as_strange(along_labels(x[:500], label[:500])(x[500:]), along_labels(x[:500], label[:500])(moved))
    assert (beyond / 500).max() < 0.02


def test_the_components_are_blind_to_a_weak_direction_that_the_labels_see():
    rng = np.random.default_rng(0)
    strong = rng.normal(size=(1500, 5)) @ rng.normal(size=(5, 40))
    weak = rng.normal(size=(1500, 1))
    x = strong + 0.02 * weak * rng.normal(size=(1, 40)) + 0.05 * rng.normal(size=(1500, 40))
    odd = np.flatnonzero(weak[:, 0] > 1)
    plain = np.flatnonzero(weak[:, 0] < 0)
    learned, held = plain[:400], plain[400:]
    share = {}
    for name, score in {
        "components": along_components(x[learned]),
        "labels": along_labels(x[learned], weak[learned]),
    }.items():
        share[name] = (at_least_as_strange(score(x[held]), score(x[odd])) / len(held) <= 0.05).mean()
    assert share["labels"] > 0.6
    assert share["components"] < 0.5 * share["labels"]


def test_what_is_missing_lies_at_the_median_and_nothing_seen_is_like_nothing():
    x = draw(300)
    score = along_components(x)
    odd = x[:2].copy()
    odd[0, 3], odd[1] = np.nan, np.nan
    filled = x[:1].copy()
    filled[0, 3] = np.median(x[:, 3])
    assert score(odd)[0] == pytest.approx(score(filled)[0])
    assert score(odd)[1] == np.inf


@pytest.mark.parametrize("labels", [np.zeros((50, 1)), np.ones((50, 2))], ids=["zero", "constant"])
def test_labels_that_do_not_change_and_constant_columns_do_no_harm(labels):
    x = draw(50)
    x[:, 2] = 4.0
    assert np.isfinite(along_labels(x, labels)(x)).all()
    assert np.isfinite(along_components(x)(x)).all()


def test_p_values_of_exchangeable_objects_are_uniform():
    p = []
    for seed in range(40):
        x = draw(300, seed)
        score = along_labels(x[:100], x[:100, :1] + x[:100, 1:2] ** 2)
        p.append((1 + at_least_as_strange(score(x[100:200]), score(x[200:]))) / 101)
    # Forty calibrations of 100: the share below 0.1 is known to sqrt(0.1 * 0.9 * (1 / 4000 + 1 / 4000)) = 0.007.
    assert np.mean(np.concatenate(p) <= 0.1) == pytest.approx(0.1, abs=0.025)
