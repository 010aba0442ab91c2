from __future__ import annotations

import pytest

from checkstar.variability.aliases import alias_note, cycle_note


@pytest.mark.parametrize(
    ("frequency", "note"),
    [
        (1.7 + 1.0027379, "differs by 1 sidereal day"),
        (1.7 - 1, "differs by 1 day"),
        (3 - 1.7, ""),
        (2 - 1.7, "differs by 2 per day"),
        (1.7 + 1 / 365.24, "differs by 1 year"),
        (1.7 - 1 / 29.53, "differs by 1 month"),
        (3.4, "half the period"),
        (0.85, "twice the period"),
        (1.7 / 3, "three times the period"),
        (2.2, ""),
    ],
)
def test_what_the_sampling_makes_of_a_frequency_is_named(frequency, note):
    assert alias_note(frequency, 1.7, resolution=3e-4) == note


@pytest.mark.parametrize(("period", "note"), [(1.0, "1 day"), (365.0, "1 year"), (29.5, "1 month"), (0.61, "")])
def test_a_period_that_is_a_cycle_of_observation_is_named(period, note):
    assert cycle_note(1 / period, resolution=3e-4) == note
