import numpy as np
import pandas as pd
import pytest

from checkstar.data.curve_layout import curve_dataset
from checkstar.data.light_curves import LightCurves
from checkstar.errors import InputError
from checkstar.methods.light_curves.hubble_diagram import HubbleDiagram
from checkstar.testing import check_method


def candles(n, rng, *, scatter=0.1, tripp=0.0):
    """Equal candles in nearby space in g and r, whose maximum is M = -19.3 but for a scatter and a term of colour."""
    generator = np.random.default_rng(rng)
    z = generator.uniform(0.02, 0.1, n)
    colour = generator.normal(0.0, 0.2, n)
    peak = -19.3 + 5 * np.log10(z * 299792.458 / 70.0) + 25 + scatter * generator.standard_normal(n) + tripp * colour
    time, value, band = [], [], []
    for i in range(n):
        days = np.sort(generator.uniform(-15, 60, 40))
        days[20] = 0.0
        code = generator.integers(2, size=40)
        code[20] = 1
        fade = np.where(days < 0, 0.004 * days**2, 0.05 * days)
        time.append(60000 + np.sort(days))
        value.append((peak[i] + fade + np.where(code == 0, colour[i], 0.0))[np.argsort(days)])
        band.append(np.where(code == 0, "g", "r")[np.argsort(days)])
    curves = LightCurves.from_lists(
        time, value, [np.full(40, 0.01)] * n, band, meta=pd.DataFrame({"redshift": z}), unit="mag"
    )
    return curve_dataset(curves, "redshift")


def test_it_keeps_the_contract():
    check_method(HubbleDiagram(), candles(60, 0))


def test_the_slope_is_that_of_hubbles_law():
    fitted = HubbleDiagram().fit_data(candles(400, 1, scatter=0.02))
    # log10 z = 0.2 m + const; magnitudes are means over ten days, in which these candles fade by up to 0.25 mag.
    assert fitted.slopes_[1] == pytest.approx(0.2, abs=0.005)
    assert 0.2 * 0.02 < fitted.scatter_ < 0.2 * 0.125


def test_the_error_bars_are_right():
    fitted, test = HubbleDiagram().fit_data(candles(400, 2)), candles(400, 3)
    prediction = fitted.predict_distribution(test.x, noise=test.noise)
    pull = (prediction.mean() - test.y) / prediction.std()
    # Relative standard error of a standard deviation of 400: 3.5 %.
    assert pull.std() == pytest.approx(1.0, abs=0.15)
    assert abs(pull.mean()) < 0.15


def test_colour_corrects_the_luminosity():
    fitted = HubbleDiagram().fit_data(candles(400, 4, scatter=0.02, tripp=3.0))
    assert fitted.slopes_[2] == pytest.approx(-0.6, abs=0.1)
    assert fitted.scatter_ < 0.5 * 0.2 * 3.0 * 0.2


def test_what_was_not_observed_is_as_usual():
    data = candles(60, 5)
    fitted = HubbleDiagram().fit_data(data)
    x = data.x.copy()
    x[0] = np.nan
    found = fitted.predict(x, noise=data.noise)
    assert found[0, 0] == pytest.approx(10 ** fitted.slopes_[0])


@pytest.mark.parametrize(
    ("truth", "message"), [([0.0] * 60, "60 redshifts that are not above zero"), (["a"] * 60, "give one redshift each")]
)
def test_bad_labels_are_refused(truth, message):
    data = candles(60, 6)
    with pytest.raises(InputError, match=message):
        HubbleDiagram().fit(data.x, np.array(truth), noise=data.noise, features=data.features)
