from __future__ import annotations

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsRegressor, NearestNeighbors
from sklearn.preprocessing import StandardScaler

from checkstar.errors import InputError
from checkstar.methods import nearest
from checkstar.methods.nearest import KNearest
from checkstar.prediction import Mixture


def surface(n: int, rng: int, columns: int = 3) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(rng)
    x = generator.uniform(-1, 1, (n, columns)) * np.arange(1, columns + 1)
    return x, np.sin(3 * x[:, 0]) + 0.2 * generator.standard_normal(n)


@pytest.mark.parametrize("columns", [3, 20])
@pytest.mark.parametrize("weights", ["distance", "uniform"])
def test_equals_scikit_learn(columns, weights):
    x, y = surface(150, 0, columns)
    new = surface(40, 1, columns)[0]
    scaler = StandardScaler().fit(x)
    peer = KNeighborsRegressor(7, weights=weights).fit(scaler.transform(x), y)
    ours = KNearest(7, weights=weights).fit(x, y)
    np.testing.assert_allclose(ours.predict(new)[:, 0], peer.predict(scaler.transform(new)), rtol=1e-9)


def test_brute_force_in_pieces_finds_the_same_neighbours(monkeypatch):
    points = np.random.default_rng(0).normal(size=(300, 20))
    expected = NearestNeighbors(n_neighbors=5, algorithm="brute").fit(points).kneighbors(points[:50])
    monkeypatch.setattr(nearest, "_CHUNK_ELEMENTS", 1000)
    distance, position = nearest._search_all(points[:50], points, 5)
    assert np.array_equal(position, expected[1])
    # Ours is exact; scikit-learn's expanded square is not for the object itself.
    assert (distance[:, 0] == 0).all()
    np.testing.assert_allclose(distance[:, 1:], expected[0][:, 1:], rtol=1e-9)


@pytest.mark.parametrize("columns", [2, 20])
def test_leave_one_out_never_returns_the_object_itself(columns):
    points = np.repeat(np.random.default_rng(0).normal(size=(20, columns)), 4, axis=0)
    position = nearest._nearest(points, points, 2, leave_one_out=True)[1]
    assert position.shape == (80, 2)
    assert not (position == np.arange(80)[:, None]).any()


def test_two_groups_of_neighbours_give_two_peaks():
    rng = np.random.default_rng(1)
    y = np.where(rng.random(1000) < 0.5, 1.0, 5.0) + 0.05 * rng.standard_normal(1000)
    prediction = KNearest(40).fit(rng.normal(size=(1000, 2)), y).predict_distribution([[0.0, 0.0]])
    assert isinstance(prediction, Mixture)
    density = np.exp([prediction.log_prob([at]).item() for at in (1.0, 3.0, 5.0)])
    assert density[1] < 0.05 * min(density[0], density[2])


def test_the_width_is_the_one_of_largest_leave_one_out_likelihood():
    x, y = surface(300, 2)
    method = KNearest(8, weights="uniform").fit(x, y)

    def left_out_score(width: float) -> float:
        scores = []
        for i in range(len(x)):
            keep = np.arange(len(x)) != i
            distance = np.square((x[keep] - x[i]) / x.std(axis=0)).sum(axis=1)
            offset = y[i] - y[keep][np.argsort(distance)[:8]]
            scores.append(np.log(np.exp(-0.5 * (offset / width) ** 2).mean() / width))
        return float(np.mean(scores))

    best = left_out_score(method.width_[0])
    assert best >= max(left_out_score(method.width_[0] * factor) for factor in (0.8, 1.25))


def test_intervals_are_a_little_too_wide_and_not_too_narrow():
    prediction = KNearest(10).fit(*surface(2000, 3)).predict_distribution(surface(2000, 4)[0])
    truth = surface(2000, 4)[1][:, None]
    inside = (prediction.quantile(0.05) < truth) & (truth < prediction.quantile(0.95))
    # Ten draws smoothed by a kernel are wider than what they are drawn from; one sigma of 2000 objects is 0.007.
    assert 0.88 < inside.mean() < 0.97


def test_votes_are_never_certain():
    method = KNearest(3, weights="uniform").fit([[0.0], [0.1], [0.2], [9.0], [9.1], [9.2]], list("aaabbb"))
    np.testing.assert_allclose(method.predict([[0.1], [9.1]]), [[3.5 / 4, 0.5 / 4], [0.5 / 4, 3.5 / 4]])


def test_nearer_neighbours_count_more():
    x, y = [[0.0], [1.0], [10.0], [11.0]], list("abab")
    even = KNearest(2, weights="uniform").fit(x, y).predict([[0.2]])[0, 0]
    near = KNearest(2).fit(x, y).predict([[0.2]])[0, 0]
    assert even == pytest.approx(0.5)
    assert near == pytest.approx((0.8 * 2 + 0.5) / 3)


def test_more_neighbours_than_objects_are_cut():
    assert KNearest(50).fit([[0.0], [1.0], [2.0]], [0.0, 1.0, 2.0]).n_used_ == 2


@pytest.mark.parametrize(
    ("settings", "message"), [({"n_neighbors": 0}, "n_neighbors=0"), ({"weights": "gaussian"}, "weights='gaussian'")]
)
def test_wrong_settings_are_refused(settings, message):
    with pytest.raises(InputError, match=message):
        KNearest(**settings).fit(*surface(20, 0))
