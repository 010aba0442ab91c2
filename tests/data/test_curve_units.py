"""Times and brightnesses at the border: recognised or stated, and nonsense is caught."""

import numpy as np
import pytest
from astropy import units
from hypothesis import given
from hypothesis import strategies as st

from checkstar.data.curve_units import mjd_days, plain_unit, to_fluxes, to_magnitudes, unit_factor
from checkstar.data.light_curves import LightCurves
from checkstar.errors import InputError


@pytest.mark.parametrize(
    ("column", "time_format", "value", "scale"),
    [
        ("mjd", None, 55000.25, "utc"),
        ("time", None, 55000.25, "utc"),
        ("t", None, 2455000.75, "utc"),
        ("HJD", None, 2455000.75, "hjd_utc"),
        ("bjd_tdb", None, 2455000.75, "bjd_tdb"),
        ("hmjd", None, 55000.25, "hjd_utc"),
        ("obsmjd", None, 55000.25, "utc"),
        ("lc.midpointMjdTai", None, 55000.25, "utc"),
        ("HJD-2450000", None, 5000.75, "hjd_utc"),
        ("time", "hjd-2450000", 5000.75, "hjd_utc"),
        ("time", "JD-2400000", 55000.75, "utc"),
        ("time", "bkjd", 167.75, "bjd_tdb"),
        ("btjd", None, -1999.25, "bjd_tdb"),
    ],
)
def test_one_moment_in_every_format(column, time_format, value, scale):
    dates = mjd_days([value, np.nan], time_format, column)
    assert dates.mjd[0] == 55000.25
    assert np.isnan(dates.mjd[1])
    assert dates.time_scale == scale


@pytest.mark.parametrize(
    ("column", "time_format", "value", "advice"),
    [
        ("mjd", None, 2455000.75, "jd"),
        ("time", "mjd", 2455000.75, "jd"),
        ("hjd", None, 5000.75, "hjd-2450000"),
        ("jd", None, 55000.25, "mjd"),
        ("time", "hjd-2450000", 55000.25, "mjd"),
    ],
)
def test_times_that_are_no_dates_are_refused_with_advice(column, time_format, value, advice):
    with pytest.raises(
        InputError, match=rf"column '{column}' are about {value:.10g}; .*no date.*for instance '{advice}'"
    ):
        mjd_days(np.full(5, value), time_format, column)


def test_seconds_are_told_from_days():
    with pytest.raises(InputError, match=r"about 1500000000; .*no date.*give days: MJD, Julian dates"):
        mjd_days(np.full(5, 1.5e9))


def test_a_single_place_holder_among_times_is_not_a_fault_of_the_format():
    assert mjd_days([-2409998.5, 53581.0, 53582.0], None, "mjd").mjd[0] == -2409998.5


def test_an_unknown_format_is_refused():
    with pytest.raises(InputError, match="time_format is 'lunar'; use mjd, jd"):
        mjd_days([1.0], "lunar")


def test_no_times_are_in_order():
    assert mjd_days([]).mjd.size == 0
    assert np.isnan(mjd_days([np.nan]).mjd).all()


def test_units_that_are_multiples_are_converted():
    assert unit_factor("Jy", "nJy", "flux") == pytest.approx(1e9)
    assert unit_factor("mmag", "mag", "mag") == 0.001
    assert unit_factor("mag(AB)", "ABmag", "mag") == 1.0
    with pytest.raises(InputError, match="flux is in mag, which is no multiple of nJy"):
        unit_factor("mag", "nJy", "flux")


def test_a_unit_that_nobody_knows_is_kept():
    assert plain_unit("weird / blob") == "weird / blob"


@given(st.floats(5, 25), st.floats(0.001, 0.3), st.floats(15, 30))
def test_fluxes_and_magnitudes_are_inverse(magnitude, error, zero_point):
    curves = LightCurves.from_lists([[0.0]], [[magnitude]], [[error]])
    back = to_magnitudes(to_fluxes(curves, zero_point, "nJy"), zero_point)
    # Rounding of the power and the logarithm.
    assert back.value == pytest.approx([magnitude], abs=1e-9)
    assert back.error == pytest.approx([error], rel=1e-9)
    assert back.unit == "mag"


def test_the_zero_point_is_the_magnitude_of_one_unit_of_flux():
    curves = LightCurves.from_lists([[0.0, 1.0]], [[1.0, 100.0]], [[0.1, 1.0]], [["g", "r"]], unit="ct")
    found = to_magnitudes(curves, {"g": 25.0, "r": 24.0})
    assert found.value == pytest.approx([25.0, 19.0])
    assert found.error == pytest.approx(1.0857362 * np.array([0.1, 0.01]))
    with pytest.raises(InputError, match="no zero point of band r; give one for each"):
        to_magnitudes(curves, {"g": 25.0})


def test_ab_magnitudes_follow_from_a_flux_density_as_astropy_has_them():
    curves = LightCurves.from_lists([[0.0]], [[50.0]], [[1.0]], unit="uJy")
    found = to_magnitudes(curves)
    assert found.value == pytest.approx([(50 * units.uJy).to_value(units.ABmag)], abs=1e-12)
    assert found.unit == "mag(AB)"
    with pytest.raises(InputError, match="fluxes in ct have no AB zero point; give zero_point"):
        to_magnitudes(curves.replace(unit="ct"))


def test_a_flux_that_is_not_positive_has_no_magnitude():
    curves = LightCurves.from_lists([[0.0, 1.0, 2.0]], [[0.0, -1.0, 1.0]], [[1.0] * 3])
    found = to_magnitudes(curves.replace(unit="ct"), 25.0)
    assert np.isnan(found.value).tolist() == np.isnan(found.error).tolist() == [True, True, False]


def test_what_is_converted_already_is_refused():
    curves = LightCurves.from_lists([[0.0]], [[15.0]])
    with pytest.raises(InputError, match="are magnitudes already"):
        to_magnitudes(curves, 25.0)
    with pytest.raises(InputError, match="no magnitudes but in nJy"):
        to_fluxes(curves.replace(unit="nJy"), 25.0)
