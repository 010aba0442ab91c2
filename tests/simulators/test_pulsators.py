import numpy as np
import pytest

from checkstar.simulators import pulsators
from checkstar.simulators.pulsators import Periods, Pulsator

MODES = {name: mode for name in pulsators.__all__ if isinstance(mode := getattr(pulsators, name), Pulsator)}


def test_periods_are_log_normal_within_their_limits():
    drawn = Periods(median=0.5, scatter=0.1, limits=(0.4, 2.0)).draw(20_000, np.random.default_rng(0))
    assert 0.4 <= drawn.min() <= drawn.max() <= 2.0
    # Below the median lies what the lower limit leaves of a half: (0.5 - 0.166) / (1 - 0.166); three standard errors.
    assert np.mean(drawn < 0.5) == pytest.approx(0.400, abs=0.011)


@pytest.mark.parametrize("name", MODES)
def test_tables_cover_the_periods_and_rows_are_complete(name):
    mode = MODES[name]
    table = mode.table
    assert (np.diff(table.period) > 0).all()
    assert len(table.ratios) == len(table.phases) == 3
    assert {len(row) for row in (table.amplitude, *table.ratios, *table.phases)} == {len(table.period)}
    # Beyond the table all is as at its end: by no more than a factor of two in period.
    assert mode.periods.limits[0] > 0.5 * table.period[0]
    assert mode.periods.limits[1] < 2.0 * table.period[-1]


def test_a_modulated_star_changes_its_range_and_another_does_not():
    time = np.linspace(0, 600, 6000)
    spread = {}
    for share in (0.0, 1.0):
        mode = Pulsator(periods=pulsators.RRAB.periods, table=pulsators.RRAB.table, modulated=share)
        change = mode(time, np.zeros(len(time), int), 1, np.random.default_rng(0)).change
        ranges = [np.ptp(part) for part in np.split(change, 60)]
        spread[share] = np.std(ranges) / np.mean(ranges)
    assert spread[0.0] < 0.02 < 0.05 < spread[1.0]
