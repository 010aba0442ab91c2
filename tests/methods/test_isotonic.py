from __future__ import annotations

import numpy as np
import pytest
from sklearn.isotonic import IsotonicRegression

import checkstar as cs
from checkstar.errors import InputError
from checkstar.methods import Forest, Isotonic, KNearest, Ridge, TemperatureScaled, as_method
from checkstar.testing import check_method

NAMES = ["a", "b"]


def distorted(power):
    """Says p^power of b where the truth is p, x = p: in order, and wrong."""
    return as_method(lambda x: np.hstack([1 - x**power, x**power]), output="probabilities", classes=NAMES)


def drawn(n, rng=0):
    generator = np.random.default_rng(rng)
    p = generator.random((n, 1))
    return p, np.where(generator.random(n) < p[:, 0], "b", "a")


def test_it_keeps_the_contract():
    check_method(Isotonic(KNearest()))
    check_method(Isotonic(Forest(n_trees=5)))


def test_a_distortion_that_no_temperature_can_mend_is_mended():
    method = Isotonic(distorted(3)).fit(*drawn(20_000))
    new = np.linspace(0.05, 0.95, 19)[:, None]
    # Isotonic steps of 20000 objects scatter by about n^(-1/3) / 2 = 0.02.
    np.testing.assert_allclose(method.predict(new)[:, 1], new[:, 0], atol=0.06)
    scaled = TemperatureScaled(distorted(3)).fit(*drawn(20_000)).predict(new)[:, 1]
    assert np.abs(scaled - new[:, 0]).max() > 0.2


def test_two_classes_are_mapped_as_scikit_learn_maps_one():
    p, y = drawn(400)
    peer = IsotonicRegression(out_of_bounds="clip", y_min=1 / 402, y_max=401 / 402).fit(p[:, 0] ** 3, y == "b")
    np.testing.assert_allclose(
        Isotonic(distorted(3)).fit(p, y).predict(p)[:, 1],
        np.clip(peer.predict(p[:, 0] ** 3), 1 / 402, 401 / 402),
        atol=1e-9,
    )


def test_no_probability_is_zero_or_one():
    p = np.linspace(0.01, 0.99, 98)[:, None]
    found = Isotonic(distorted(1)).fit(p, np.where(p[:, 0] > 0.5, "b", "a")).predict([[0.0], [1.0]])
    np.testing.assert_allclose(found, [[0.99, 0.01], [0.01, 0.99]])


def test_selection_weights_say_for_whom():
    p, y = drawn(20_000)
    weight = np.where(y == "b", 3.0, 1.0)
    # Three times as many of b: odds times three.
    found = Isotonic(distorted(1)).fit(p, y, weight=weight).predict([[0.5]])[0, 1]
    assert found == pytest.approx(0.75, abs=0.05)


def test_mapped_probabilities_pass_the_check_that_others_fail():
    p, y = drawn(40_000)
    train, test = cs.Dataset(p[:20_000], y[:20_000]), cs.Dataset(p[20_000:], y[20_000:])
    verdicts = [
        cs.checks.ClassCalibration()
        .examine(cs.Run.of(m, train=train, test=test), cs.Claim("classification"), np.random.default_rng(0))
        .verdict
        for m in (distorted(3), Isotonic(distorted(3)))
    ]
    assert verdicts == ["FAIL", "PASS"]


def test_numbers_are_refused():
    with pytest.raises(InputError, match=r"^Isotonic calibrates class probabilities but the labels are numbers; give"):
        Isotonic(Ridge()).fit(np.arange(50.0)[:, None], np.arange(50.0))
