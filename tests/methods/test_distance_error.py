from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone

import checkstar as cs
from checkstar.errors import InputError
from checkstar.methods import Constant, DistanceError, KNearest, Ridge, as_method
from checkstar.methods.distance_error import _law
from checkstar.testing import check_method

RNG = np.random.default_rng(0)


def thinning(n, rng=0):
    """Objects that become rare away from the middle, where a smooth truth is known less well."""
    generator = np.random.default_rng(rng)
    x = generator.standard_t(2, size=(n, 1))
    return x, 5 * np.sin(x) + 0.1 * generator.standard_normal(x.shape)


@pytest.mark.parametrize("space", ["components", "labels"])
def test_it_keeps_the_contract(space):
    check_method(DistanceError(Ridge(), space=space))


@pytest.mark.parametrize(("floor", "slope"), [(1.0, 0.0), (0.5, 2.0), (0.02, 1.0)])
def test_the_law_of_the_errors_is_found(floor, slope):
    distance = RNG.exponential(size=20_000)
    error = np.hypot(floor, slope * distance) * RNG.standard_normal(20_000)
    law = _law(error, distance, 0 * error, np.ones(20_000))
    assert law.floor == pytest.approx(floor, abs=0.03 * (floor + slope))
    assert law.slope == pytest.approx(slope, abs=0.03 * (floor + slope))


def test_errors_of_the_truth_are_no_errors_of_the_method():
    distance = RNG.exponential(size=20_000)
    error = np.hypot(np.hypot(0.5, 2 * distance), 1.0) * RNG.standard_normal(20_000)
    law = _law(error, distance, np.ones(20_000), np.ones(20_000))
    assert law.floor == pytest.approx(0.5, abs=0.1)
    assert law.slope == pytest.approx(2, rel=0.05)


def test_error_bars_are_right_near_and_far_where_constant_ones_are_not():
    method = DistanceError(KNearest(3)).fit(*thinning(2000))
    x, y = thinning(4000, 1)
    prediction = method.predict_distribution(x)
    distance = method.distance(x)
    far = distance > np.quantile(distance, 0.9)
    error = (y - prediction.mean())[:, 0]
    assert np.sqrt(np.mean(error[far] ** 2)) > 3 * np.sqrt(np.mean(error[~far] ** 2))  # one sigma cannot serve both
    for part in (far, ~far):
        rms_pull = np.sqrt(np.mean((error / prediction.std()[:, 0])[part] ** 2))
        assert 0.5 < rms_pull < 1.8


def test_point_predictions_get_error_bars_and_their_values_stay():
    inner = as_method(lambda x: 5 * np.sin(x))
    x, y = thinning(500)
    method = DistanceError(inner).fit(x, y)
    np.testing.assert_array_equal(method.predict(x), 5 * np.sin(x))
    # Nothing but noise is left: no distance matters.
    np.testing.assert_allclose(method.predict_distribution(x[:20]).std(), 0.1, rtol=0.25)


def test_error_bars_never_shrink_with_the_distance():
    method = DistanceError(KNearest(3)).fit(*thinning(300))
    x = np.linspace(0, 1000, 50)[:, None]
    order = np.argsort(method.distance(x))
    assert (np.diff(method.predict_distribution(x).std()[order, 0]) >= 0).all()


def test_distances_do_not_see_the_objects_own_group():
    # Five nearly equal copies of each: by rows, everything has a neighbour at no distance.
    x, y = thinning(200)
    x, y = np.repeat(x, 6, axis=0) + 1e-6 * RNG.normal(size=(1200, 1)), np.repeat(y, 6, axis=0)
    group = np.repeat(np.arange(200), 6)
    method = DistanceError(KNearest(3), n_neighbors=1)
    apart, divided = (clone(method).fit(x, y, group=g) for g in (group, None))
    assert apart.typical_ > 100 * divided.typical_


def test_selection_weights_count():
    x = RNG.normal(size=(2000, 1))
    noisy = np.arange(2000) % 2 == 0
    y = x + np.where(noisy, 1.0, 0.1)[:, None] * RNG.standard_normal((2000, 1))
    inner = as_method(lambda x: x)
    sigma = DistanceError(inner).fit(x, y, weight=1.0 - noisy).predict_distribution([[0.0]]).std().item()
    assert sigma == pytest.approx(0.1, rel=0.15)


def test_wholly_masked_and_distant_objects_get_finite_error_bars():
    x, y = thinning(300)
    method = DistanceError(as_method(lambda x: np.zeros((len(x), 1)))).fit(x, y)
    found = method.predict_distribution([[0.0], [1e12]], noise=cs.noise.Gaussian([[np.inf], [1.0]])).std()
    assert np.isfinite(found).all() and (found > y.std()).all()


def test_duplicates_and_constant_columns_do_not_stop_it():
    x = np.ones((60, 2))
    method = DistanceError(KNearest()).fit(x, RNG.normal(size=60))
    assert method.predict_distribution(x).std().min() > 0


def test_it_is_saved(tmp_path):
    x, y = thinning(300)
    fitted = DistanceError(Ridge()).fit(x, y)
    loaded = DistanceError.load(fitted.save(tmp_path / "method"))
    np.testing.assert_allclose(loaded.predict_distribution(x).std(), fitted.predict_distribution(x).std(), rtol=1e-9)


@pytest.mark.parametrize(
    ("method", "message"),
    [
        (DistanceError(Ridge(), space="here"), r"^there is no space of DistanceError 'here'"),
        (DistanceError(Ridge(), n_neighbors=0), r"^DistanceError got n_neighbors=0; at least one is needed\.$"),
    ],
)
def test_bad_settings_are_named(method, message):
    with pytest.raises(InputError, match=message):
        method.fit(*thinning(60))


def test_classes_are_referred_to_their_own_cure():
    with pytest.raises(InputError, match=r"^DistanceError predicts numbers but got classes; use DeepKNN\.$"):
        DistanceError(Constant()).fit(np.arange(60.0)[:, None], ["a", "b"] * 30)
