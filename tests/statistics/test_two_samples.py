import numpy as np
import pytest
from scipy import stats

from checkstar.estimates import unit_count
from checkstar.evidence import Estimate
from checkstar.statistics.two_samples import energy_p_value, if_fully_learned, joint_units, told_apart


def alone(n, m):
    return np.arange(n), n + np.arange(m)


def test_the_auc_is_that_of_scikit_learn_ties_and_all():
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(0)
    first, second = rng.integers(0, 9, 70), rng.integers(2, 12, 50)
    expected = roc_auc_score(np.r_[np.zeros(70), np.ones(50)], np.r_[first, second])
    found = told_apart((first.astype(float), second.astype(float)), alone(70, 50))
    assert found.value == pytest.approx(expected - 0.5)


def test_its_interval_holds_the_truth_nineteen_times_of_twenty():
    rng = np.random.default_rng(1)
    truth = stats.norm.cdf(0.5 / np.sqrt(2)) - 0.5
    held = []
    for _ in range(1000):
        found = told_apart((rng.normal(size=80), rng.normal(0.5, 1, 60)), alone(80, 60))
        held.append(found.low <= truth <= found.high)
    # 95 % of 1000: 93.6 to 96.4 % at two sigma.
    assert 0.93 < np.mean(held) < 0.97


def test_copies_of_an_object_are_one_unit():
    rng = np.random.default_rng(2)
    first, second = rng.normal(size=100), rng.normal(0.3, 1, 100)
    once = told_apart((first, second), alone(100, 100))
    copies = np.repeat(np.arange(100), 5)
    often = told_apart((first[copies], second[copies]), (copies, 100 + copies))
    assert often.value == pytest.approx(once.value)
    assert often.high - often.low == pytest.approx(once.high - once.low, rel=0.01)


def test_scores_of_different_fits_are_not_compared():
    rng = np.random.default_rng(3)
    folds = np.arange(200) % 2, np.arange(200) % 2
    first, second = rng.normal(size=200), rng.normal(size=200)
    before = told_apart((first, second), alone(200, 200), folds)
    after = told_apart((first + 100 * folds[0], second + 100 * folds[1]), alone(200, 200), folds)
    assert after == pytest.approx(before)


def test_an_unlimited_sample_has_learned_all_but_a_small_one_has_not():
    found = Estimate(0.0, -0.01, 0.01)
    assert if_fully_learned(found, 20, 1e12, 1e12).high == pytest.approx(np.sqrt(2) * 0.01, rel=1e-3)
    assert if_fully_learned(found, 20, 100, 100).high > 3 * 0.014
    assert np.isinf(if_fully_learned(Estimate(0.0, -np.inf, np.inf), 20, 100, 100).high)


def test_the_loss_of_a_learned_direction_is_the_one_simulated():
    # Mean differences of n objects each in k dimensions, true shift d along one of them.
    n, k, d = 100, 30, 0.8
    rng = np.random.default_rng(4)
    areas = []
    for _ in range(400):
        direction = rng.normal(size=k) * np.sqrt(2 / n)
        direction[0] += d
        areas.append(stats.norm.cdf(d * direction[0] / np.linalg.norm(direction) / np.sqrt(2)))
    seen = Estimate(np.mean(areas) - 0.5, np.nan, np.mean(areas) - 0.5)
    expected = stats.norm.cdf(d / np.sqrt(2)) - 0.5
    # The formula puts the mean of a ratio at the ratio of means.
    assert if_fully_learned(seen, k, n, n).high == pytest.approx(expected, abs=0.01)


def test_energy_p_values_are_uniform_for_equal_samples_and_small_for_others():
    rng = np.random.default_rng(5)
    equal = [energy_p_value(rng.normal(size=(40, 2)), rng.normal(size=(30, 2)), alone(40, 30), rng) for _ in range(200)]
    assert stats.kstest(equal, "uniform").pvalue > 0.001
    assert energy_p_value(rng.normal(size=(100, 2)), rng.normal(1, 1, (100, 2)), alone(100, 100), rng) == 1 / 200


def test_energy_p_values_permute_whole_units():
    rng = np.random.default_rng(6)
    p = []
    for _ in range(200):
        rows = np.repeat(np.arange(20), 10)
        p.append(energy_p_value(rng.normal(size=(20, 2))[rows], rng.normal(size=(20, 2))[rows], (rows, 20 + rows), rng))
    # Level 5 %: more than 21 of 200 has probability 0.0005.
    assert np.sum(np.array(p) <= 0.05) <= 21


def test_groups_of_one_name_are_one_unit_wherever_they_are():
    a, b = np.array(["M13", "M13", "M3"]), np.array(["M3", "M92"])
    first, second = joint_units(np.array([0, 0, 1]), np.array([0, 1]), (a, b))
    assert first[2] == second[0]
    assert unit_count(np.r_[first, second]) == 3
    apart = joint_units(np.array([0, 0, 1]), np.array([0, 1]), (a, None))
    assert not set(apart[0]) & set(apart[1])
    assert np.isnan(energy_p_value(np.zeros((3, 1)), np.zeros((2, 1)), (first, second), np.random.default_rng(0)))
