from __future__ import annotations

import numpy as np
import pytest

from checkstar.data.light_curves import LightCurves
from checkstar.variability.epochs import usable_epochs

TIME = np.arange(6.0)


def curves(value, error=None, time=TIME, **settings) -> LightCurves:
    errors = None if error is None else [error]
    return LightCurves.from_lists([time], [value], errors, **settings)


def test_epochs_come_out_in_order_of_time():
    value = np.array([10.0, 11.0, 12.0, 13.0, 14.0, 15.0])
    epochs = usable_epochs(curves(value[::-1], np.full(6, 0.1), TIME[::-1]))
    assert epochs.time.tolist() == TIME.tolist()
    assert epochs.value.tolist() == value.tolist()


def test_faint_is_large_for_magnitudes_and_fluxes_alike():
    magnitude, flux = np.array([10.0, 10.0, 10.0, 10.0, 11.0, 10.0]), np.array([5.0, 5.0, 5.0, 5.0, 2.0, 5.0])
    faintest = [usable_epochs(curves(v, unit=u)).value.argmax() for v, u in ((magnitude, "mag"), (flux, "nJy"))]
    assert faintest == [4, 4]


def test_the_relative_flux_of_a_magnitude_is_pogsons():
    value = np.array([10.0, 10.0, 10.0, 10.0, 12.5, 10.0])
    epochs = usable_epochs(curves(value, np.full(6, 0.1)))
    assert epochs.flux[[0, 4]] == pytest.approx([1.0, 0.1])
    assert epochs.flux_error[0] == pytest.approx(0.1 * 0.4 * np.log(10))


def test_an_unknown_error_is_the_median_of_the_known_ones():
    error = np.array([0.5, np.nan, 0.3, 0.2, 0.4, 0.1])
    epochs = usable_epochs(curves(np.zeros(6), error))
    assert epochs.error.tolist() == [0.5, 0.3, 0.3, 0.2, 0.4, 0.1]
    assert epochs.has_errors.tolist() == [True]


def test_an_object_without_errors_says_so():
    epochs = usable_epochs(curves(np.zeros(6)))
    assert epochs.has_errors.tolist() == [False]
    assert epochs.error.tolist() == [1.0] * 6


def test_bands_are_shifted_onto_the_one_observed_most():
    value, band = np.array([10.0, 10.2, 10.1, 12.0, 12.2, 10.1]), ["g", "g", "g", "r", "r", "g"]
    epochs = usable_epochs(curves(value, band=[band]))
    assert epochs.value == pytest.approx([10.0, 10.2, 10.1, 10.0, 10.2, 10.1])
