import numpy as np
import pytest

from checkstar.data.light_curves import LightCurves
from checkstar.simulators import draw_supernovae, simulate_supernovae
from checkstar.variability.event_windows import WINDOWS_DAYS, describe_events


def curves(flux, time, error=1.0, **settings):
    return LightCurves.from_lists([time], [flux], [np.full(len(time), error)], **{"unit": "nJy"} | settings)


def test_means_are_weighted_by_inverse_variance_and_relative_to_maximum():
    one = LightCurves.from_lists([[0.0, 30.0, 31.0]], [[100.0, 40.0, 10.0]], [[1.0, 1.0, 3.0]], unit="nJy")
    found = describe_events(one)
    assert found.flux[0, 0, 6] == pytest.approx((40 + 10 / 9) / (1 + 1 / 9) / 100)
    assert found.variance[0, 0, 6] == pytest.approx(1 / (1 + 1 / 9) / 100**2)
    assert np.isnan(found.flux[0, 0, 4])
    assert np.isinf(found.variance[0, 0, 4])
    assert found.magnitude[0] == pytest.approx(31.4 - 2.5 * 2)


def test_a_single_noisy_epoch_is_not_the_maximum():
    noisy = LightCurves.from_lists([[0.0, 50.0]], [[100.0, 300.0]], [[5.0, 200.0]], unit="nJy")
    assert describe_events(noisy).peak_time[0] == 0.0
    # Where nothing is above its noise, it is what comes nearest.
    faint = LightCurves.from_lists([[0.0, 50.0]], [[1.0, 30.0]], [[5.0, 200.0]], unit="nJy")
    assert describe_events(faint).peak_time[0] == 0.0


def test_magnitudes_and_their_fluxes_describe_the_same_event():
    time, magnitude = np.array([0.0, 10.0, 30.0]), np.array([18.0, 18.5, 20.0])
    flux = 10 ** (0.4 * (31.4 - magnitude))
    one = describe_events(curves(magnitude, time, 0.02, unit="mag"))
    other = describe_events(LightCurves.from_lists([time], [flux], [0.4 * np.log(10) * flux * 0.02], unit="nJy"))
    np.testing.assert_allclose(one.flux, other.flux)
    np.testing.assert_allclose(one.variance, other.variance)
    assert one.magnitude[0] == pytest.approx(18.0)


def test_a_later_event_is_described_alike():
    events = simulate_supernovae(30, 0)
    # A shift of 64 days is exact in binary numbers to 1e-11 days.
    moved = describe_events(events.replace(time=events.time + 64.0))
    here = describe_events(events)
    np.testing.assert_array_equal(here.flux, moved.flux)
    np.testing.assert_allclose(moved.peak_time - here.peak_time, 64.0, atol=1e-9)


def test_maximum_is_found_near_the_true_one():
    # Bright events; gaps in the cadence and the plateau of type II leave some far away.
    drawn = draw_supernovae(200, 1, classes=["Ia"]).curves
    seen = np.bincount(drawn.owner, drawn.value > 20 * drawn.error, minlength=len(drawn)) > 10
    found = describe_events(drawn)
    off = np.abs(found.peak_time - drawn.meta["peak_time"].to_numpy())[seen]
    assert np.median(off) < 6.0


def test_an_object_without_epochs_has_no_description():
    empty = LightCurves.from_lists([[], [1.0]], [[], [50.0]], [[], [1.0]], unit="nJy")
    found = describe_events(empty)
    assert np.isnan(found.flux[0]).all()
    assert np.isnan(found.magnitude[0])
    assert np.isnan(found.peak_time[0])
    assert found.flux.shape == (2, 1, len(WINDOWS_DAYS) - 1)


@pytest.mark.parametrize(("magnitude", "error"), [(1e9, 0.1), (-1e9, 0.1), (20.0, 1e-300)])
def test_numbers_that_are_no_photometry_leave_the_others_as_they_are(magnitude, error):
    time, value = np.arange(12.0), 20 + 0.05 * (np.arange(12.0) - 5) ** 2
    good = LightCurves.from_lists([time], [value], [np.full(12, 0.05)])
    both = LightCurves.from_lists([time] * 2, [np.full(12, magnitude), value], [np.full(12, error), good.error])
    np.testing.assert_array_equal(describe_events(both).flux[1], describe_events(good).flux[0])
