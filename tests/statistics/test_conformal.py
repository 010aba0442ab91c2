import numpy as np
import pytest

from checkstar.statistics.conformal import excess_share


def test_all_and_none_strange_are_the_ends():
    p = np.full(200, 0.01)
    assert excess_share(p, 0.05, np.arange(200), None, 1e9).value == pytest.approx(0.95)
    none = excess_share(np.ones(200), 0.05, np.arange(200), None, 1e9)
    assert none.value == pytest.approx(-0.05)
    # Clopper-Pearson of 0 of 200: 1 - 0.025^(1/200) = 0.0183.
    assert none.high == pytest.approx(0.0183 - 0.05, abs=1e-4)


@pytest.mark.parametrize("n_calibration", [100, 2000])
def test_the_interval_holds_zero_for_exchangeable_objects(n_calibration):
    rng = np.random.default_rng(0)
    missed = 0
    for _ in range(500):
        calibration, objects = rng.random(n_calibration), rng.random(400)
        above = n_calibration - np.searchsorted(np.sort(calibration), objects)
        found = excess_share((1 + above) / (1 + n_calibration), 0.05, np.arange(400), None, n_calibration)
        missed += not found.low <= 0 <= found.high
    # 5 % of 500 is 25 +- 4.9; more than 41 has probability 1e-3.
    assert missed <= 41


def test_groups_and_weights_widen_it():
    rng = np.random.default_rng(0)
    p = np.repeat(rng.random(50), 10)
    single = excess_share(p, 0.2, np.arange(500), None, 1e9)
    grouped = excess_share(p, 0.2, np.arange(500) // 10, None, 1e9)
    weighted = excess_share(p, 0.2, np.arange(500), np.where(np.arange(500) < 20, 100.0, 1.0), 1e9)
    assert grouped.high - grouped.low > 2 * (single.high - single.low)
    assert weighted.high - weighted.low > 2 * (single.high - single.low)
