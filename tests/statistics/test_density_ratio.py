import time

import numpy as np
import pytest

from checkstar.errors import InputError
from checkstar.statistics.density_ratio import density_ratio, fit_log_ratio


def normal(n, rng, shift=0.0, p=3):
    x = rng.normal(size=(n, p))
    x[:, 0] += shift
    return x


def test_the_ratio_of_two_normals_is_found():
    rng = np.random.default_rng(0)
    source, target = normal(4000, rng), normal(4000, rng, 0.7)
    model = fit_log_ratio(source, target)
    truth = 0.7 * source[:, 0] - 0.7**2 / 2
    # The slope 0.7 is known to about sqrt(1 / 4000 + 1 / 4000) = 0.02 and nine terms add as much each.
    assert np.abs(model(source) - truth).mean() < 0.1


def test_a_ratio_of_variances_is_found():
    rng = np.random.default_rng(0)
    source, target = normal(4000, rng, p=2), 0.7 * normal(4000, rng, p=2)
    expected = 2 * np.log(1 / 0.7) - 0.5 * (source**2).sum(axis=1) * (1 / 0.49 - 1)
    inner = (source**2).sum(axis=1) < 4
    assert np.abs(fit_log_ratio(source, target)(source) - expected)[inner].mean() < 0.15


def test_weights_turn_the_means_of_the_source_into_those_of_the_target():
    rng = np.random.default_rng(1)
    source, target = normal(5000, rng, p=6), normal(5000, rng, 0.5, p=6)
    found = density_ratio(source, target, rng)
    weighted = (found.weights[:, None] * source).mean(axis=0)
    # 5000 objects of an effective share of exp(-0.25): 0.02 each.
    assert weighted == pytest.approx(target.mean(axis=0), abs=0.08)
    assert found.weights.mean() == pytest.approx(1.0)
    # Kish's number of normal weights is n exp(-shift^2).
    assert found.n_effective / 5000 == pytest.approx(np.exp(-0.25), abs=0.06)


def test_equal_populations_get_equal_weights():
    rng = np.random.default_rng(2)
    effective = [density_ratio(normal(300, rng, p=10), normal(300, rng, p=10), rng).n_effective for _ in range(20)]
    # The evidence shrinks what does not differ: without it 15 terms of 400 objects would cost a tenth.
    assert np.mean(effective) / 300 > 0.95


def test_populations_that_do_not_overlap_leave_few_effective_objects():
    rng = np.random.default_rng(3)
    found = density_ratio(normal(1000, rng), normal(1000, rng, 5.0), rng)
    assert found.n_effective < 30


def test_units_and_scale_of_a_feature_change_nothing():
    rng = np.random.default_rng(4)
    source, target = normal(500, rng), normal(500, rng, 0.5)
    first = density_ratio(source, target, np.random.default_rng(0))
    second = density_ratio(1e3 * source - 7, 1e3 * target - 7, np.random.default_rng(0))
    assert first.weights == pytest.approx(second.weights, rel=1e-6)


def test_that_an_element_is_missing_is_a_feature():
    rng = np.random.default_rng(5)
    source, target = normal(2000, rng), normal(2000, rng)
    source[rng.random(2000) < 0.2, 1] = np.nan
    target[rng.random(2000) < 0.6, 1] = np.nan
    found = density_ratio(source, target, rng)
    missing = np.isnan(source[:, 1])
    # 0.6 / 0.2 where it is missing, 0.4 / 0.8 where not.
    assert found.weights[missing].mean() / found.weights[~missing].mean() == pytest.approx(6.0, rel=0.25)


def test_no_unit_is_divided_between_the_folds():
    # Copies of few objects: a fit that had seen a copy would tell source from target by heart.
    rng = np.random.default_rng(6)
    source, target = normal(60, rng, p=8), normal(60, rng, p=8)
    units = np.repeat(np.arange(60), 20)
    found = density_ratio(source[units], target[units], rng, units_source=units, units_target=units + 60)
    told = np.log(found.at_target).mean() - np.log(found.weights).mean()
    apart = density_ratio(source[units], target[units], rng)
    by_heart = np.log(apart.at_target).mean() - np.log(apart.weights).mean()
    assert told < 0.5 * by_heart
    assert found.n_effective <= 60


def test_constant_columns_and_outliers_do_no_harm():
    rng = np.random.default_rng(7)
    source, target = normal(500, rng), normal(500, rng)
    source[:, 2], target[:, 2] = 3.0, 3.0
    source[0, 1] = 1e12
    assert density_ratio(source, target, rng).n_effective > 400


@pytest.mark.parametrize(
    ("source", "target", "message"),
    [
        (np.zeros((10, 2)), np.zeros((10, 3)), "2 features but x_target 3"),
        (np.zeros((2, 2)), np.zeros((10, 2)), "2 independent units cannot make 3 folds"),
        (np.zeros(10), np.zeros((10, 2)), r"x_source has shape \(10,\)"),
    ],
)
def test_what_cannot_be_compared_is_named(source, target, message):
    with pytest.raises(InputError, match=message):
        density_ratio(source, target, np.random.default_rng(0))


def test_a_hundred_thousand_objects_take_seconds():
    rng = np.random.default_rng(8)
    start = time.process_time()
    density_ratio(normal(100_000, rng, p=20), normal(100_000, rng, 0.3, p=20), rng)
    assert time.process_time() - start < 20


@pytest.mark.parametrize(("far", "expected"), [(0.0, 0.0), (0.1, 0.1)])
def test_the_share_beyond_the_source_is_told(far, expected):
    rng = np.random.default_rng(0)
    source, target = normal(3000, rng), normal(3000, rng, 0.5)
    target[rng.random(3000) < far, 1] += 8
    # Of N(0.5, 1) a share of 0.001 lies beyond the 3.5 sigma of the largest of 3000.
    assert density_ratio(source, target, rng).beyond == pytest.approx(expected, abs=0.02)
