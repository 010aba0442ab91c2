"""Symmetries of columns: orders, shifts, times, zero points."""

import numpy as np
import pytest

from checkstar.errors import InputError
from checkstar.noise import Covariance, Gaussian, Poisson
from checkstar.symmetries import BandOrder, CyclicShift, Permutation, TimeReference, TimeShift, ZeroPoint

X = np.arange(6.0)[None]


def test_objects_are_exchanged_with_all_their_columns():
    order = Permutation(n_features=6, blocks=[(0, 1), (2, 3)])
    assert order.act((1, 0), X).tolist() == [[2.0, 3.0, 0.0, 1.0, 4.0, 5.0]]
    assert order.describe((1, 0)) == "objects 0 and 1 exchanged"
    assert Permutation(n_features=6).simpler((1, 2, 0, 3, 4, 5))[0] == (1, 0, 2, 3, 4, 5)


def test_a_covariance_is_exchanged_in_rows_and_columns():
    covariance = np.diag([1.0, 4.0, 9.0])
    covariance[0, 1] = covariance[1, 0] = 0.5
    moved = Permutation(n_features=3).move_noise((2, 0, 1), Covariance(covariance), X[:, :3])
    assert moved.covariance_.tolist() == [[9.0, 0.0, 0.0], [0.0, 1.0, 0.5], [0.0, 0.5, 4.0]]


def test_noise_that_is_the_same_everywhere_stays_as_it_is():
    noise, poisson = Gaussian(0.3), Poisson(2.0)
    order = Permutation(n_features=6)
    assert order.move_noise(order.draw(np.random.default_rng(0)), noise, X) is noise
    assert order.move_noise(order.draw(np.random.default_rng(0)), poisson, X) is poisson
    assert ZeroPoint().move_noise(0.5, noise, X) is noise


def test_a_phase_follows_a_cyclic_shift():
    shift = CyclicShift(length=4, phase="phase")
    assert shift.act(3, X[:, :4]).tolist() == [[1.0, 2.0, 3.0, 0.0]]
    assert shift.label_map(3, ["phase"])(np.array([[0.5]])).tolist() == [[0.25]]


def test_times_and_time_labels_shift_together():
    shift = TimeShift(columns=[1], times=["t0"])
    assert shift.act(10.0, X[:, :2]).tolist() == [[0.0, 11.0]]
    assert shift.label_map(10.0, ["t0", "y"])(np.array([[5.0, 5.0]])).tolist() == [[15.0, 5.0]]
    assert shift.describe(-2.0) == "observed 2 d earlier"


def test_a_modified_julian_date_becomes_a_julian_date():
    from astropy.time import Time

    reference = TimeReference(columns=[0], given="MJD")
    moved = reference.act(2_400_000.5, np.array([[60000.25]]))[0, 0]
    assert moved == Time(60000.25, format="mjd").jd
    names = {reference.describe(reference.draw(np.random.default_rng(i))) for i in range(40)}
    assert {"times in JD instead of MJD", "times in BTJD instead of MJD"} <= names


def test_a_flux_label_follows_a_zero_point_with_the_factor_given():
    point = ZeroPoint(columns=[0], labels={"log_flux": -0.4})
    assert point.label_map(1.0, ["log_flux"])(np.array([[2.0]])).tolist() == [[1.6]]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Permutation(n_features=1), "at least two are needed"),
        (lambda: Permutation(n_features=4, blocks=[(0, 1), (1, 2)]), "name each column once"),
        (lambda: BandOrder(n_features=3, bands=[("g", (0, 1)), ("r", (2,))]), "give each the same columns"),
        (lambda: CyclicShift(length=1), "give at least 2 and 1"),
        (lambda: TimeReference(columns=[0], given="MJS"), "did you mean 'MJD'"),
    ],
)
def test_a_layout_that_is_none_is_refused(make, message):
    with pytest.raises(InputError, match=message):
        make()
