import numpy as np
import pytest

from checkstar.claims import Population
from checkstar.statistics.tilting import tilt, tilted_mean

N = 100_000


def sample(truth_error, n=N, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.normal(size=n)
    return y, y + truth_error * rng.normal(size=n), np.full(n, truth_error)


@pytest.mark.parametrize("truth_error", [0.0, 0.5])
@pytest.mark.parametrize(
    "population", [Population(mean=1.0), Population(mean=0.5, std=0.7), Population(mean=-0.3, std=1.2)]
)
def test_the_true_values_follow_the_population_whatever_the_errors_of_the_truth(population, truth_error):
    y, seen, error = sample(truth_error)
    found = tilt(seen, error, np.ones(N), population, np.arange(N))
    assert np.average(y, weights=found.h) == pytest.approx(population.mean, abs=0.03)
    if population.std is not None:
        assert np.sqrt(np.cov(y, aweights=found.h)) == pytest.approx(population.std, rel=0.05)


def test_a_mean_beyond_the_data_is_not_reached():
    _, seen, error = sample(0.0, n=100)
    assert tilt(seen, error, np.ones(100), Population(mean=10.0), np.arange(100)) is None


def test_equal_truths_cannot_be_tilted():
    assert tilt(np.ones(5), np.zeros(5), np.ones(5), Population(mean=1.0), np.arange(5)) is None


def test_the_interval_holds_the_truth_as_often_as_it_says():
    # 600 repeats: one sigma of 5 % is 0.9 %.
    missed, n = 0, 300
    for seed in range(600):
        rng = np.random.default_rng(seed)
        y = rng.normal(size=n)
        values, units, weight = 0.9 * y + 0.5 * rng.normal(size=n), np.arange(n), np.ones(n)
        found = tilt(y, np.zeros(n), weight, Population(mean=1.0), units)
        estimate = tilted_mean(values, found, y, np.zeros(n), weight, units)
        missed += not estimate.low <= -0.1 <= estimate.high
    assert missed / 600 == pytest.approx(0.05, abs=0.03)
