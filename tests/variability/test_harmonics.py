from __future__ import annotations

import numpy as np
import pytest
from astropy.timeseries import LombScargle

from checkstar.data.light_curves import LightCurves
from checkstar.errors import InputError
from checkstar.variability.harmonics import fit_harmonics, harmonic_model, inverse_variance

RNG = np.random.default_rng(11)
PERIOD = 0.613
TIME = np.sort(RNG.uniform(55_000.0, 56_000.0, 80))
ERROR = RNG.uniform(0.02, 0.08, 80)
VALUE = 15 + 0.4 * np.sin(2 * np.pi * TIME / PERIOD) + 0.1 * np.cos(4 * np.pi * TIME / PERIOD) + RNG.normal(0, ERROR)
ONE = LightCurves.from_lists([TIME], [VALUE], [ERROR])


@pytest.mark.parametrize("n_harmonics", [1, 2, 4])
def test_the_fit_is_that_of_astropy(n_harmonics):
    fit = fit_harmonics(ONE, [PERIOD], n_harmonics)
    peer = LombScargle(TIME, VALUE, ERROR, nterms=n_harmonics)
    assert 1 - fit.chi2[0] / fit.chi2_constant[0] == pytest.approx(float(peer.power(1 / PERIOD)), abs=1e-9)
    # The ridge of 1e-7 moves coefficients by about that much.
    np.testing.assert_allclose(harmonic_model(ONE, [PERIOD], fit), peer.model(TIME, 1 / PERIOD), atol=1e-6)


def test_a_noiseless_series_is_found_in_closed_form():
    value = 12 + 0.3 * np.cos(2 * np.pi * TIME / PERIOD) + 0.1 * np.cos(4 * np.pi * TIME / PERIOD + 1.0)
    fit = fit_harmonics(LightCurves.from_lists([TIME], [value], [ERROR]), [PERIOD], 3)
    np.testing.assert_allclose(fit.amplitude[0], [0.3, 0.1, 0.0], atol=1e-6)
    # phi_21 is the same wherever phase zero is put.
    assert np.angle(np.exp(1j * (fit.phase[0, 1] - 2 * fit.phase[0, 0]))) == pytest.approx(1.0, abs=1e-5)
    assert fit.mean[0, 0] == pytest.approx(12.0, abs=1e-7)
    assert fit.chi2[0] < 1e-5 * fit.chi2_constant[0]


def test_bands_share_the_series_but_not_the_mean():
    band = RNG.choice(["g", "r"], 80)
    value = VALUE + np.where(band == "g", 0.7, 0.0)
    curves = LightCurves.from_lists([TIME], [value], [ERROR], band=[band])
    fit, single = fit_harmonics(curves, [PERIOD], 2), fit_harmonics(ONE, [PERIOD], 2)
    assert fit.mean[0, 0] - fit.mean[0, 1] == pytest.approx(0.7, abs=0.05)  # one sigma is about 0.01
    np.testing.assert_allclose(fit.amplitude, single.amplitude, atol=0.01)
    assert fit.n_parameters[0] == single.n_parameters[0] + 1
    # Least squares by hand, with an indicator of each band.
    turn = 2 * np.pi * TIME / PERIOD
    columns = [band == "g", band == "r", *(f(k * turn) for k in (1, 2) for f in (np.cos, np.sin))]
    design = np.stack(columns, axis=1) / ERROR[:, None]
    left = np.linalg.lstsq(design, value / ERROR)[1][0]
    assert fit.chi2[0] == pytest.approx(left, rel=1e-6)


def test_a_batch_gives_what_each_object_gives_alone():
    batch = LightCurves.from_lists([TIME, TIME[:30], []], [VALUE, VALUE[:30], []], [ERROR, ERROR[:30], []])
    together = fit_harmonics(batch, [PERIOD, 0.7, 0.5], 3)
    alone = fit_harmonics(LightCurves.from_lists([TIME[:30]], [VALUE[:30]], [ERROR[:30]]), [0.7], 3)
    np.testing.assert_allclose(together.amplitude[1], alone.amplitude[0], rtol=1e-9)
    assert np.isnan(together.chi2[2])


def test_too_few_epochs_get_fewer_harmonics_and_bad_ones_none():
    bad = np.where(np.arange(80) < 73, np.nan, VALUE)
    curves = LightCurves.from_lists([TIME, TIME, TIME], [bad, VALUE, VALUE], [ERROR] * 3)
    fit = fit_harmonics(curves, [PERIOD, np.nan, 0.0], 4)
    assert fit.n_epochs[0] == 7
    assert (fit.amplitude[0] > 0).sum() == 2
    assert np.isnan(fit.amplitude[1:]).all()


def test_errors_that_are_not_known_count_as_the_usual_ones():
    error = np.array([0.1, 0.1, np.nan, 0.2, np.nan, np.nan])
    curves = LightCurves.from_lists([[1.0, 2, 3, 4], [1.0, np.nan]], [[1.0] * 4, [1.0] * 2], [error[:4], error[4:]])
    np.testing.assert_allclose(inverse_variance(curves), [100, 100, 100, 25, 1, 0])


def test_periods_that_do_not_match_the_objects_are_refused():
    with pytest.raises(InputError, match=r"shape \(2,\) but there are 1 light curves"):
        fit_harmonics(ONE, [1.0, 2.0])
