"""Errors for light curves that came without: the scatter between neighbours."""

import numpy as np
import pytest

from checkstar.data.curve_errors import neighbour_scatter, with_known_errors
from checkstar.data.light_curves import LightCurves


def test_the_scatter_of_a_constant_star_is_its_noise_whatever_the_order_of_epochs():
    rng = np.random.default_rng(0)
    sigma = np.array([0.01, 0.3])
    time = rng.permuted(np.tile(np.arange(4000.0), (2, 1)), axis=1)
    curves = LightCurves.from_lists(list(time), list(15 + sigma[:, None] * rng.standard_normal((2, 4000))))
    # The median of 4000 differences, correlated with their neighbours: one sigma is about 2 %.
    assert neighbour_scatter(curves) == pytest.approx(sigma, rel=0.06)


def test_a_slow_variation_and_outliers_hardly_move_it():
    rng = np.random.default_rng(1)
    time = np.arange(2000.0)
    value = np.sin(time / 100) + 0.02 * rng.standard_normal(2000)
    value[::50] += 5.0
    found = neighbour_scatter(LightCurves.from_lists([time], [value]))
    assert found == pytest.approx([0.02], rel=0.15)  # 4 % of the steps are outliers: 6 % more; slope: 2 %


def test_neighbours_are_in_the_same_band():
    rng = np.random.default_rng(2)
    band = np.tile(["g", "r"], 1000)
    value = np.where(band == "g", 15.0, 17.0) + 0.05 * rng.standard_normal(2000)
    found = neighbour_scatter(LightCurves.from_lists([np.arange(2000.0)], [value], band=[band]))
    assert found == pytest.approx([0.05], rel=0.1)
    alone = LightCurves.from_lists([[0.0, 1.0]], [[15.0, 17.0]], band=[["g", "r"]])
    assert np.isnan(neighbour_scatter(alone)).all()


def test_what_cannot_be_told_is_nan():
    curves = LightCurves.from_lists([[], [0.0], [0.0, 1.0], [0.0, 1.0]], [[], [1.0], [5.0, 5.0], [1.0, np.nan]])
    assert np.isnan(neighbour_scatter(curves)).all()


def test_only_objects_without_any_error_are_given_one():
    curves = LightCurves.from_lists(
        [[0.0, 1.0, 2.0], [0.0, 1.0, 2.0], [0.0]],
        [[1.0, 1.2, 1.0], [1.0, 1.2, 1.0], [3.0]],
        [[np.nan] * 3, [0.1, np.nan, 0.3], [np.nan]],
    )
    filled = with_known_errors(curves).error
    scatter = 0.2 * 1.4826 / np.sqrt(2)
    assert filled[:3] == pytest.approx([scatter] * 3)
    np.testing.assert_array_equal(filled[3:6], [0.1, np.nan, 0.3])
    assert filled[6] == pytest.approx(np.median([0.1, 0.3, scatter]))  # one epoch: as the others


def test_where_nobody_has_an_error_it_is_one():
    assert with_known_errors(LightCurves.from_lists([[0.0]], [[3.0]])).error.tolist() == [1.0]
    assert len(with_known_errors(LightCurves.from_lists([[]], [[]]))) == 1
