import numpy as np
import pytest

from checkstar.statistics.density_ratio import density_ratio
from checkstar.statistics.transport import transported
from checkstar.statistics.two_samples import from_two_influences


def moved(n, seed, curve, shift=0.6):
    rng = np.random.default_rng(seed)
    source, target = rng.normal(size=(n, 3)), rng.normal(size=(n, 3))
    target[:, 0] += shift
    values = curve(source[:, 0]) + rng.normal(size=n)
    ratio = density_ratio(source, target, rng)
    found = transported(values, ratio, source, target)
    units = np.arange(n), n + np.arange(n)
    return found, from_two_influences(found.value, (found.of_source, found.of_target), units, ratio.n_effective - 1)


@pytest.mark.parametrize("curve", [np.square, lambda x: 2 * x, lambda x: np.exp(x / 2)], ids=["square", "line", "exp"])
def test_the_mean_on_the_target_is_found_and_its_interval_holds(curve):
    z = np.random.default_rng(0).normal(0.6, 1, 2_000_000)
    truth = curve(z).mean()
    inside, values = [], []
    for seed in range(200):
        _, estimate = moved(500, seed, curve)
        inside.append(estimate.low <= truth <= estimate.high)
        values.append(estimate.value)
    # 95 % of 200 within three sigma, 4.6 %.
    assert np.mean(inside) > 0.90
    assert np.mean(values) == pytest.approx(truth, abs=0.03)


def test_equal_samples_leave_the_mean_where_it_is():
    found, estimate = moved(2000, 1, np.square, shift=0.0)
    assert found.value == pytest.approx(found.at_source, abs=0.1)
    # A mean of variance 3 over 2000 objects.
    assert (estimate.high - estimate.low) / 3.92 == pytest.approx(np.sqrt(3 / 2000), rel=0.25)
