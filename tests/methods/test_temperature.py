from __future__ import annotations

import numpy as np
import pytest
from scipy import special

import checkstar as cs
from checkstar.errors import InputError
from checkstar.methods import Forest, KNearest, Ridge, TemperatureScaled, as_method
from checkstar.testing import check_method

NAMES = ["a", "b", "c"]
TRUTH = as_method(lambda x: x, output="logits", classes=NAMES)


def too_sure(times):
    return as_method(lambda x: times * x, output="logits", classes=NAMES)


def drawn(n, rng=0):
    """Logits of three classes, and classes drawn with the probabilities that they say."""
    generator = np.random.default_rng(rng)
    x = 1.5 * generator.standard_normal((n, 3))
    code = (generator.random((n, 1)) > np.cumsum(special.softmax(x, axis=1), axis=1)).sum(axis=1)
    return x, np.array(NAMES)[np.minimum(code, 2)]


def test_it_keeps_the_contract():
    check_method(TemperatureScaled(KNearest()))
    check_method(TemperatureScaled(Forest(n_trees=5)))


@pytest.mark.parametrize("times", [0.5, 1.0, 3.0])
def test_logits_multiplied_by_a_number_are_divided_by_it(times):
    # The curvature of the log loss of 20000 objects gives T to 1 %.
    assert TemperatureScaled(too_sure(times)).fit(*drawn(20_000)).temperature_ == pytest.approx(times, rel=0.04)


def test_it_is_the_temperature_of_least_log_loss():
    x, y = drawn(500)
    found = TemperatureScaled(too_sure(3), floor=1e-30).fit(x, y).temperature_
    codes = np.searchsorted(NAMES, y)

    def loss(t):
        return -special.log_softmax(3 * x / t, axis=1)[np.arange(len(y)), codes].mean()

    assert loss(found) <= min(loss(t) for t in np.geomspace(0.5, 20, 400)) + 1e-9


def test_the_most_probable_class_stays():
    x, y = drawn(300)
    method = TemperatureScaled(too_sure(4)).fit(x, y)
    assert np.array_equal(method.predict(x).argmax(axis=1), x.argmax(axis=1))


def test_a_true_class_without_probability_costs_what_the_floor_says():
    sure = as_method(lambda x: np.eye(2)[(x[:, 0] > 0).astype(int)], output="probabilities", classes=["a", "b"])
    rng = np.random.default_rng(0)
    x = rng.normal(size=(5000, 1))
    right = rng.random(5000) < 0.9
    y = np.where((x[:, 0] > 0) == right, "b", "a")
    method = TemperatureScaled(sure, floor=1e-3).fit(x, y)
    # 90 % are right: the only calibrated probability of a method that says 0 or 1.
    assert method.predict([[1.0]])[0, 1] == pytest.approx(0.9, abs=0.015)


def test_selection_weights_say_for_whom():
    x, y = drawn(20_000)
    rng = np.random.default_rng(1)
    noisy = np.arange(20_000) % 2 == 0
    y = np.where(noisy, np.array(NAMES)[rng.integers(3, size=20_000)], y)  # half of the labels mean nothing
    assert TemperatureScaled(TRUTH).fit(x, y).temperature_ > 1.5
    assert TemperatureScaled(TRUTH).fit(x, y, weight=1.0 - noisy).temperature_ == pytest.approx(1, rel=0.05)


def test_groups_are_never_divided():
    rng = np.random.default_rng(0)
    group = np.repeat(np.arange(100), 5)
    x = rng.normal(size=(100, 3))[group] + 1e-3 * rng.normal(size=(500, 3))
    y = np.array(["a", "b"])[rng.integers(2, size=100)][group]
    near = TemperatureScaled(KNearest(4))
    assert near.fit(x, y, group=group).temperature_ > 5 > 1.5 > near.fit(x, y).temperature_


def test_a_class_of_one_group_does_not_stop_it():
    x, y = drawn(200)
    y = np.append(y, ["rare"] * 3)
    group = np.append(np.arange(200), [999] * 3)
    method = TemperatureScaled(KNearest()).fit(np.vstack([x, x[:3] + 50]), y, group=group)
    assert method.names_ == [*NAMES, "rare"]
    assert method.predict([[50.0, 50, 50]]).argmax() == 3


def test_scaled_probabilities_pass_the_check_that_others_fail():
    x, y = drawn(40_000)
    train, test = cs.Dataset(x[:20_000], y[:20_000]), cs.Dataset(x[20_000:], y[20_000:])
    verdicts = [
        cs.checks.ClassCalibration()
        .examine(cs.Run.of(m, train=train, test=test), cs.Claim("classification"), np.random.default_rng(0))
        .verdict
        for m in (too_sure(3), TemperatureScaled(too_sure(3)))
    ]
    assert verdicts == ["FAIL", "PASS"]


def test_bad_input_is_named():
    with pytest.raises(
        InputError, match=r"^TemperatureScaled calibrates class probabilities but the labels are numbers"
    ):
        TemperatureScaled(Ridge()).fit(*drawn(50)[:1], np.arange(50.0))
    with pytest.raises(InputError, match=r"^TemperatureScaled got floor=0.5; give a probability between 0 and 0.1\.$"):
        TemperatureScaled(TRUTH, floor=0.5).fit(*drawn(50))
