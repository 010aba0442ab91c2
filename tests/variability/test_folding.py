from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from checkstar.data.light_curves import LightCurves
from checkstar.errors import InputError
from checkstar.variability.folding import MIN_EPOCHS, fold


def curves(rng: int = 0, lengths=(40, 7, 333, 5), period=(0.61, 13.0, 0.0871, 250.0)):
    """Light curves on a grid of 2^-20 days, so that times can be shifted without rounding."""
    generator = np.random.default_rng(rng)
    times = [np.sort(np.round(generator.uniform(55000, 56000, n) * 2**20)) / 2**20 for n in lengths]
    values = [15 + generator.standard_normal(n) for n in lengths]
    errors = [generator.uniform(0.01, 0.2, n) for n in lengths]
    return LightCurves.from_lists(times, values, errors), np.array(period)


def ring(folded, i: int):
    n = folded.length[i]
    return np.stack([folded.lag[i, :n], folded.value[i, :n], folded.error[i, :n]])


@pytest.mark.parametrize("shift", [0.125, -3.0, 1234.5])
@pytest.mark.parametrize("length", [200, 50])
def test_another_origin_of_time_rolls_every_ring_exactly(shift, length):
    light, period = curves()
    before, after = fold(light, period, length), fold(light.replace(time=light.time + shift), period, length)
    assert (before.length == np.minimum(light.n_epochs, length)).all()
    moved = 0
    for i in range(len(light)):
        one, other = ring(before, i), ring(after, i)
        step = int(np.flatnonzero(other[1] == one[1, 0])[0])
        moved += step != 0
        # Values and errors exactly; phases carry the rounding of one subtraction and one division.
        assert (np.roll(one[1:], step, axis=1) == other[1:]).all()
        np.testing.assert_allclose(np.roll(one[0], step), other[0], rtol=0, atol=1e-13)
    assert moved >= 1


def test_the_order_is_that_of_exact_arithmetic():
    light, period = curves(1)
    folded = fold(light, period, 400)
    for i, curve in enumerate(light):
        exact = [Fraction(t) % Fraction(period[i]) for t in curve.time]
        order = sorted(range(len(exact)), key=exact.__getitem__)
        values = folded.mean[i] + folded.scale[i] * folded.value[i, : len(order)]
        np.testing.assert_allclose(values, curve.value[order], rtol=1e-12)
        lags = [
            float((b - a) % Fraction(period[i]))
            for a, b in zip(sorted(exact), [*sorted(exact)[1:], min(exact)], strict=True)
        ]
        np.testing.assert_allclose(folded.lag[i, : len(order)], np.array(lags) / period[i], rtol=0, atol=1e-12)


def test_lags_of_a_ring_sum_to_one_cycle():
    folded = fold(*curves())
    np.testing.assert_allclose(folded.lag.sum(axis=1), 1.0, rtol=1e-12)
    assert (folded.lag >= 0).all()
    assert (folded.lag[~folded.valid] == 0).all() and (folded.value[~folded.valid] == 0).all()


def test_values_are_standardised_and_errors_with_them():
    light, period = curves()
    folded = fold(light, period, 400)
    for i, curve in enumerate(light):
        n = folded.length[i]
        assert folded.mean[i] == pytest.approx(curve.value.mean(), rel=1e-12)
        assert folded.scale[i] == pytest.approx(curve.value.std(), rel=1e-12)
        assert folded.value[i, :n].mean() == pytest.approx(0, abs=1e-12)
        assert folded.value[i, :n].std() == pytest.approx(1, rel=1e-12)
        assert np.sort(folded.error[i, :n] * folded.scale[i]) == pytest.approx(np.sort(curve.error), rel=1e-12)


def test_bands_are_centred_each_and_share_a_scale():
    time = [np.arange(20) * 0.37]
    value = [np.tile([18.0, 16.0], 10) + np.arange(20) % 4 // 2]
    light = LightCurves.from_lists(time, value, band=[["g", "r"] * 10])
    folded = fold(light, [5.0])
    for code in (0, 1):
        assert folded.value[0, folded.band[0] == code].mean() == pytest.approx(0, abs=1e-12)
    assert folded.scale[0] == pytest.approx(0.5)


def test_the_order_of_epochs_in_the_table_means_nothing():
    light, period = curves()
    shuffled = np.concatenate(
        [np.random.default_rng(i).permutation(np.arange(*light.offsets[i : i + 2])) for i in range(len(light))]
    )
    one, other = fold(light, period), fold(light.sorted_by(shuffled), period)
    for name in ("lag", "value", "error", "length"):
        assert (getattr(one, name) == getattr(other, name)).all()


def test_equal_phases_stand_in_the_order_of_time_and_equal_times_in_that_of_value():
    light = LightCurves.from_lists([[3.0, 1.0, 2.0, 2.5, 2.5, 0.0]], [[30.0, 10.0, 20.0, 26.0, 25.0, 0.0]])
    folded = fold(light, [1.0])
    values = (folded.mean[0] + folded.scale[0] * folded.value[0]).round(9)
    assert values.tolist() == [0, 10, 20, 30, 25, 26]
    assert folded.lag[0].tolist() == [0, 0, 0, 0.5, 0, 0.5]


def test_many_equal_phases_stay_in_the_order_of_time():
    # Long enough that only a stable sort leaves them so.
    time = np.arange(400) * 0.25
    folded = fold(LightCurves.from_lists([time], [time]), [1.0], 400)
    cycles = (folded.mean[0] + folded.scale[0] * folded.value[0]).reshape(4, 100)
    assert (np.diff(cycles, axis=1) > 0).all()


def test_objects_that_cannot_be_folded_are_empty_and_the_rest_go_on():
    light, _ = curves(lengths=(40, MIN_EPOCHS - 1, 40, 40, 40), period=(1.0,) * 5)
    holes = light.value.copy()
    holes[light.owner == 4] = np.nan
    folded = fold(light.replace(value=holes), [0.5, 0.5, np.nan, 0.0, 0.5])
    assert folded.usable.tolist() == [True, False, False, False, False]
    alone = fold(light[[0]], [0.5])
    assert (folded.value[0, :40] == alone.value[0]).all()
    assert all(np.isfinite(getattr(folded, name)).all() for name in ("lag", "value", "error", "mean", "scale"))


def test_a_constant_object_has_the_scale_one_and_unknown_errors_count_as_one():
    light = LightCurves.from_lists([np.arange(9) * 0.3], [np.full(9, 0.1)])
    folded = fold(light, [1.0])
    assert folded.scale.tolist() == [1.0]
    assert np.abs(folded.value).max() < 1e-12 and (folded.error == 1).all()


def test_random_points_are_a_subset_that_the_seed_fixes_and_nothing_else_changes():
    light, period = curves()
    even, one, same, other = (fold(light, period, 50, rng) for rng in (None, 1, 1, 2))
    assert (one.value == same.value).all() and (one.value[2] != other.value[2]).any()
    assert set(one.value[2, :50]) <= set(fold(light, period, 400).value[2])
    assert (one.length == even.length).all() and (one.value[[0, 1, 3]] == even.value[[0, 1, 3]]).all()
    assert one.lag[2].sum() == pytest.approx(1)


def test_kept_points_stand_evenly_in_time():
    n, length = 333, 100
    light = LightCurves.from_lists([np.arange(n)], [np.arange(n, dtype=float)])
    folded = fold(light, [1e6], length)
    kept = np.sort((folded.mean[0] + folded.scale[0] * folded.value[0]).round().astype(int))
    assert len(kept) == length and set(np.diff(kept)) == {3, 4}


def test_rows_can_be_chosen():
    folded = fold(*curves())
    assert (folded[[2, 0]].value == folded.value[[2, 0]]).all() and len(folded[:3]) == 3


def test_no_objects_are_no_error():
    light, _ = curves()
    assert len(fold(light[[]], [])) == 0


@pytest.mark.parametrize(("period", "length"), [([1.0], 200), ([1.0] * 4, 4)])
def test_what_does_not_fit_is_refused(period, length):
    with pytest.raises(InputError, match="one period an object"):
        fold(curves()[0], period, length)
