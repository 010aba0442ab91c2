import numpy as np
import pytest

from checkstar.data.curve_layout import CurveLayout
from checkstar.methods import as_method
from checkstar.prediction import Normal
from checkstar.symmetries import CyclicShift, Flip, Permutation, Rotation, TimeShift, Translation, Units
from checkstar.symmetries.deviations import Deviation, Digits, drawn_elements, precision

X = np.random.default_rng(0).normal(size=(64, 9)) + 3


def asked(function):
    method = as_method(function)
    return lambda x, noise: method.predict_distribution(x)


@pytest.mark.parametrize(
    ("function", "bits"),
    [
        (lambda x: x.sum(axis=1), 52),
        (lambda x: x.astype(np.float32).sum(axis=1), 23),
        (lambda x: 1 / 3 + x.astype(np.float32).sum(axis=1).astype(float) / 7, 23),
        (lambda x: np.round(x[:, 0]), 52),
        (lambda x: np.zeros(len(x)), 52),
    ],
    ids=["double", "single", "single inside", "steps", "constant"],
)
def test_the_precision_of_a_method_is_seen_from_its_answers(function, bits):
    assert precision(asked(function), X, None) == 2.0**-bits


def test_the_deviation_is_in_units_of_the_error_bar():
    shift = Deviation(
        asked(lambda x: Normal(x[:, 0], np.full(len(x), 0.5))), CyclicShift(length=9), ("y",), 0, typical=9.0
    )
    np.testing.assert_allclose(shift(X, None, 1), np.abs(X[:, 8] - X[:, 0]) / 0.5)
    bare = Deviation(asked(lambda x: x[:, 0]), CyclicShift(length=9), ("y",), 0, typical=2.0)
    np.testing.assert_allclose(bare(X, None, 1), np.abs(X[:, 8] - X[:, 0]) / 2.0)


def test_what_interpolation_there_and_back_changes_is_taken_away():
    peak = asked(lambda x: x.max(axis=1))
    move = Translation(image_shape=(3, 3))
    found = Deviation(peak, move, ("y",), 0, typical=1.0)(X, None, (0.5, 0.0))
    there = move.act((0.5, 0.0), X)
    lost = np.abs(move.act((-0.5, 0.0), there).max(axis=1) - X.max(axis=1))
    np.testing.assert_allclose(found, np.maximum(np.abs(there.max(axis=1) - X.max(axis=1)) - lost, 0))


def test_turning_error_bars_need_their_covariance():
    def ellipticity(x):
        covariance = np.tile([[1.0, 0.5], [0.5, 2.0]], (len(x), 1, 1))
        return Normal(np.zeros((len(x), 2)), np.tile([1.0, np.sqrt(2.0)], (len(x), 1)), covariance)

    turn = Rotation(image_shape=(3, 3), vectors=[("e1", "e2", 2)])
    found = Deviation(asked(ellipticity), turn, ("e1", "e2"), 0, typical=1.0)(X, None, 45.0)
    # By 45 degrees e1 becomes e2: the error bar should become sqrt 2 and stays 1.
    np.testing.assert_allclose(found, (np.sqrt(2) - 1) / np.sqrt(2))


def test_elements_differ_and_none_is_the_identity():
    rng = np.random.default_rng(0)
    assert drawn_elements(Flip(image_shape=(3, 3)), 8, rng) == [1]
    few = drawn_elements(CyclicShift(length=9), 4, rng)
    assert len(set(few)) == 4 and 0 not in few
    assert len(drawn_elements(Permutation(n_features=9), 6, rng)) == 6
    assert all(drawn_elements(TimeShift(columns=[0]), 6, rng))


def test_the_typical_error_is_scaled_with_its_label():
    units = Units(features=["m"] * 9, labels={"y": "m"})
    plain = Deviation(asked(lambda x: 1 + x[:, 0]), units, ("y",), 0, typical=0.5)
    # In units of 10 m and of 0.1 m, one metre that is not scaled: 0.9 in units of 0.1 * 0.5 and 9 in units of 10 * 0.5.
    np.testing.assert_allclose(plain(X, None, (-1.0,)), 0.9 / 0.05)
    np.testing.assert_allclose(plain(X, None, (1.0,)), 9 / 5)


LAYOUT = CurveLayout(n_epochs=30, extras=("period",), bands=("g", "r"))


def sampled(n=32):
    rng = np.random.default_rng(0)
    time, value = 53_000 + np.sort(rng.uniform(0, 900, (n, 30)), axis=1), rng.normal(15, 0.5, (n, 30))
    return np.column_stack([rng.uniform(0.1, 2, n), time, value, np.tile([0.0, 1.0], (n, 15))])


def folded(time, x):
    """The amplitude of the first harmonic at the period, in single precision but for the phases."""
    phase = 2 * np.pi * time / x[:, :1]
    value = x[:, 31:61].astype(np.float32)
    value = value - value.mean(axis=1, keepdims=True)
    parts = [(value * wave(phase).astype(np.float32)).mean(axis=1) for wave in (np.cos, np.sin)]
    return np.hypot(*parts).astype(float)


def test_a_network_in_single_precision_that_folds_dates_in_double_keeps_time_shifts():
    x, digits = sampled(), Digits(LAYOUT)
    predict = asked(lambda x: folded(x[:, 1:31], x))
    shift = TimeShift(columns=list(LAYOUT.time_columns))
    eps = precision(predict, x, None, digits)
    assert eps == 2.0**-23
    deviation = Deviation(predict, shift, ("y",), 0, typical=1.0, eps=eps, digits=digits)
    assert not deviation(x, None, 37.5).any()


def test_one_that_folds_dates_in_single_precision_breaks_them():
    x, digits = sampled(), Digits(LAYOUT)
    predict = asked(lambda x: folded(x[:, 1:31].astype(np.float32).astype(float), x))
    shift = TimeShift(columns=list(LAYOUT.time_columns))
    eps = precision(predict, x, None, digits)
    # Half a day in 53,000 is known to 0.004 days: a twentieth of a turn for the shortest periods.
    assert Deviation(predict, shift, ("y",), 0, typical=1.0, eps=eps, digits=digits)(x, None, 37.3).max() > 0.001


def test_bands_and_dates_are_not_rounded():
    x = sampled()
    found = Digits(LAYOUT).rounded(x, 2.0**-23)
    np.testing.assert_array_equal(found[:, 61:], x[:, 61:])
    np.testing.assert_allclose(found[:, :31], x[:, :31], rtol=2.0**-51)
    assert np.abs(found[:, 31:61] / x[:, 31:61] - 1).max() == pytest.approx(2.0**-23, rel=1e-6)
