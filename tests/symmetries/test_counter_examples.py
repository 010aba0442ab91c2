"""The simplest counter-example is found, within its number of trials."""

import numpy as np
import pytest

from checkstar.data.curve_layout import CurveLayout
from checkstar.noise import Gaussian
from checkstar.symmetries.counter_examples import CounterExample, repeated, shrink, typical_object

TYPICAL = np.zeros(32)


def started(x, element=8.0, noise=None):
    return CounterExample(x=x, noise=noise, element=element, excess=1.0, differs=np.arange(len(x)))


def found_by(
    excess, x, *, most=200, element=8.0, simpler=lambda g: [h for h in (1.0, g / 2) if 1.0 <= h < g], typical=TYPICAL
):
    asked = []

    def counted(x, noise, g):
        asked.append(len(x))
        return excess(x, g)

    found = shrink(counted, started(x, element), simpler=simpler, typical=typical, threshold=0.1, most=most)
    return found, sum(asked)


def test_the_one_column_that_matters_is_left():
    x = np.random.default_rng(0).normal(size=32)
    x[13] = 7.4142
    found, asked = found_by(lambda x, g: (x[:, 13] > 5).astype(float), x)
    assert found.differs.tolist() == [13]
    assert found.x.tolist() == [7.0 if i == 13 else 0.0 for i in range(32)]
    assert found.element == 1.0
    # Bisection, not one column after another.
    assert asked < 40


def test_two_columns_that_matter_together_are_left():
    x = np.random.default_rng(0).normal(size=32) + 3
    found, _ = found_by(lambda x, g: ((x[:, 2] > 1) & (x[:, 29] > 1)).astype(float), x)
    assert found.differs.tolist() == [2, 29]


def test_an_element_that_is_needed_is_kept():
    found, _ = found_by(lambda x, g: np.full(len(x), float(g >= 4)), np.ones(32))
    assert found.element == 4.0
    assert found.differs.tolist() == []


def test_halving_ends_though_the_rule_is_broken_however_small_the_change():
    found, asked = found_by(lambda x, g: x[:, 3], np.ones(32), simpler=lambda g: [g / 2])
    assert 0 < found.element < 1e-3
    assert found.differs.tolist() == [3]
    assert asked < 60


@pytest.mark.parametrize("most", [0, 1, 5, 50])
def test_no_more_trials_are_made_than_allowed(most):
    x = np.random.default_rng(1).normal(size=32)
    found, asked = found_by(lambda x, g: np.abs(x).sum(axis=1), x, most=most)
    assert asked <= most
    assert np.abs(found.x).sum() > 0.1


def test_what_is_not_known_is_left_alone():
    x = np.ones(32)
    x[4] = np.nan
    typical = TYPICAL.copy()
    typical[5] = np.nan
    found, _ = found_by(lambda x, g: np.ones(len(x)), x, typical=typical)
    assert np.isnan(found.x[4])
    assert found.x[5] == 1.0


def test_the_typical_object_is_the_median_of_what_is_known():
    x = np.array([[1.0, np.nan, np.nan], [2.0, 5.0, np.nan], [9.0, np.nan, np.nan]])
    assert np.array_equal(typical_object(x), [2.0, 5.0, np.nan], equal_nan=True)


def test_the_noise_of_one_object_is_repeated():
    noise = repeated(Gaussian(np.ones((1, 3))), 4)
    assert noise.sigma(np.zeros((4, 3))).shape == (4, 3)
    assert repeated(None, 4) is None


def test_a_light_curve_loses_whole_epochs_and_keeps_those_that_matter():
    layout = CurveLayout(n_epochs=40, extras=("period",), bands=("g", "r"))
    rng = np.random.default_rng(0)
    x = np.concatenate([[0.7], np.sort(rng.uniform(0, 100, 40)), rng.normal(15, 1, 40), np.arange(40) % 2.0])
    x[[1 + 33, 41 + 33, 81 + 33]] = np.nan

    def excess(rows, g):
        values = rows[:, 41:81]
        return (np.isfinite(values[:, 4]) & np.isfinite(values[:, 30])).astype(float)

    found, asked = found_by(excess, x, typical=layout)
    left = layout.unpack(found.x[None])
    # Five epochs stay: of fewer no method need know anything.
    assert len(left.time) == 5
    assert set(x[[1 + 4, 1 + 30]]) <= set(left.time)
    places = np.flatnonzero(np.isin(x[1:41], left.time))
    assert left.value.tolist() == x[41 + places].tolist()
    assert left.band.tolist() == (places % 2).tolist()
    # What is known of the object beside its epochs stays, with all its digits.
    assert found.x[0] == 0.7
    assert asked < 80
