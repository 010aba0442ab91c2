"""Light curves with the same measurements are found, whatever they are called; those that share nights are not."""

import numpy as np

from checkstar.data.light_curves import LightCurves
from checkstar.variability.copies import copied


def stars(n, rng, *, nights=None, bands=("V",)):
    """Stars of one field: the same nights, magnitudes to a hundredth."""
    nights = np.sort(53_000 + rng.uniform(0, 1000, 60)) if nights is None else nights
    values = np.round(15 + 0.03 * rng.standard_normal((n, len(nights))), 2)
    return LightCurves.from_lists([nights] * n, values, [np.full(len(nights), 0.03)] * n).replace(bands=bands)


def test_a_star_under_another_name_is_a_copy_and_its_neighbours_in_the_field_are_not():
    field = stars(200, np.random.default_rng(0))
    assert not copied(field[:100], field[100:]).any()
    assert np.flatnonzero(copied(field[:100], field[[7, 150, 42]])).tolist() == [7, 42]


def test_half_of_the_shorter_light_curve_is_enough():
    rng = np.random.default_rng(1)
    field = stars(3, rng)
    assert copied(field, field.where(rng.random(len(field.time)) < 0.3)).all()
    for share, found in ((0.65, True), (0.35, False)):
        same = np.arange(len(field.value)) % 20 < 20 * share
        changed = field.replace(value=np.where(same, field.value, field.value + 1))
        assert copied(changed, field).all() == found


def test_another_band_is_another_measurement():
    field = stars(2, np.random.default_rng(2))
    assert not copied(field, field.replace(bands=("I",))).any()


def test_two_epochs_prove_nothing_and_none_crash_nothing():
    short = LightCurves.from_lists([[1.0, 2.0], []], [[15.0, 15.1], []])
    assert copied(short, short).tolist() == [False, False]


def test_place_holders_are_compared_without_a_warning():
    time = [1.0, 2.0, 3.0, 4.0, np.nan, 1e300]
    star = LightCurves.from_lists([time], [[15.0, 15.1, 15.2, 1e300, 15.0, 15.0]])
    assert copied(star, star).tolist() == [True]
