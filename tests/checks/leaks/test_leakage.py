import numpy as np
import pytest

import checkstar as cs
from checkstar.checks import Leakage
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.evidence import Verdict
from checkstar.prediction import Point
from checkstar.runs import Run

CLAIM = Claim("object_value")


def examine(train, test):
    run = Run(name="t", test=test, train=train, prediction=Point(np.zeros(test.y.shape)))
    return Leakage().examine(run, CLAIM, np.random.default_rng(0))


def spectra(n, seed):
    return np.random.default_rng(seed).normal(size=(n, 50))


def test_a_shared_group_is_counted_and_flagged():
    train = Dataset(spectra(100, 0), np.zeros(100), group=np.arange(100))
    test = Dataset(spectra(50, 1), np.zeros(50), group=np.arange(90, 140))
    found = examine(train, test)
    assert found.verdict is Verdict.FAIL
    assert found.value == pytest.approx(10 / 50)
    assert found.flags["group_in_training"].sum() == 10
    assert "10 of 50 test objects" in found.reason


def test_an_exact_copy_is_found_without_noise():
    x, other = spectra(100, 0), spectra(50, 1)
    other[3] = x[7]
    found = examine(Dataset(x, np.zeros(100)), Dataset(other, np.zeros(50)))
    assert np.flatnonzero(found.flags["copy_in_training"]).tolist() == [3]


def test_the_same_object_observed_again_is_found_with_noise():
    rng = np.random.default_rng(2)
    x, other = spectra(100, 0), spectra(50, 1)
    other[3] = x[7] + 0.2 * np.sqrt(2) * rng.normal(size=50)
    found = examine(Dataset(x, np.zeros(100), noise=0.2), Dataset(other, np.zeros(50), noise=0.2))
    assert np.flatnonzero(found.flags["copy_in_training"]).tolist() == [3]


def test_without_groups_it_says_what_was_not_looked_for():
    found = examine(Dataset(spectra(60, 0), np.zeros(60)), Dataset(spectra(50, 1), np.zeros(50)))
    assert found.verdict is Verdict.PASS
    assert "no group was given" in found.reason


def test_a_random_split_of_real_stars_leaks_clusters_and_a_split_by_cluster_does_not():
    verdicts = {}
    for split in ("random", "cluster"):
        problem = cs.problems.stellar_labels(split=split)
        verdicts[split] = examine(problem.train, problem.test).verdict
    assert verdicts == {"random": Verdict.FAIL, "cluster": Verdict.PASS}


def test_correlated_noise_is_whitened_before_copies_are_looked_for():
    rng = np.random.default_rng(0)
    covariance = 0.04 * (0.05 * np.eye(50) + 0.95)
    x, other = spectra(100, 0), spectra(50, 1)
    draw = rng.multivariate_normal(np.zeros(50), 2 * covariance)
    other[3] = x[7] + draw
    # The same shift in one element only is far beyond what this covariance allows.
    other[4] = x[8] + np.where(np.arange(50) == 5, 0.8, 0.0)
    noise = cs.noise.Covariance(covariance)
    found = examine(Dataset(x, np.zeros(100), noise=noise), Dataset(other, np.zeros(50), noise=noise))
    assert np.flatnonzero(found.flags["copy_in_training"]).tolist() == [3]
