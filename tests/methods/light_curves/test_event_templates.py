import numpy as np
import pytest

import checkstar as cs
from checkstar.data.curve_layout import curve_dataset
from checkstar.errors import InputError
from checkstar.methods.light_curves.event_templates import EventTemplates
from checkstar.simulators import simulate_supernovae
from checkstar.testing import check_method

EXTRAS = ("redshift", "redshift_err")


def draw(n, seed=0, extras=EXTRAS, **settings):
    return curve_dataset(simulate_supernovae(n, seed, **settings), "class", extras=extras, meta=["id"])


@pytest.fixture(scope="module")
def fitted():
    return EventTemplates().fit_data(draw(600))


def log_loss(method, data):
    return method.predict_distribution(data.x, noise=data.noise).log_loss(data.y).mean()


def test_it_keeps_the_contract():
    check_method(EventTemplates(), draw(80, classes=["Ia", "II", "TDE"]))


def test_events_of_extreme_classes_are_told_apart(fitted):
    test = draw(300, 1)
    predicted = fitted.predict_distribution(test.x, noise=test.noise).predicted()
    truth = test.y[:, 0]
    found = {name: np.mean(predicted[truth == name] == name) for name in ("Ia", "II", "TDE")}
    # Blue for months, plateau, and neither: what the templates are there for.
    assert min(found.values()) > 0.6


def test_the_distance_helps(fitted):
    blind = EventTemplates().fit_data(draw(600, extras=()))
    assert log_loss(fitted, draw(300, 1)) < log_loss(blind, draw(300, 1, extras=())) - 0.05


def test_the_probabilities_are_not_overconfident(fitted):
    test = draw(500, 2)
    prediction = fitted.predict_distribution(test.x, noise=test.noise)
    sure = prediction.probabilities.max(axis=1)
    right = prediction.predicted() == test.y[:, 0]
    # Three standard errors of 500 shares.
    assert right.mean() == pytest.approx(sure.mean(), abs=3 * np.sqrt(0.25 / 500))
    assert fitted.power_ < 1.0


def test_rows_of_another_length_are_understood(fitted):
    long = draw(50, 3)
    short = curve_dataset(simulate_supernovae(50, 3), "class", extras=EXTRAS, meta=["id"], n_epochs=60)
    found = [fitted.predict(data.x, noise=data.noise) for data in (long, short)]
    assert found[0].shape == found[1].shape == (50, 6)


def test_an_event_without_epochs_gets_nearly_the_frequencies(fitted):
    data = draw(5, 4)
    x = data.x.copy()
    x[0, 2:] = np.nan
    x[0, :2] = np.nan
    found = fitted.predict(x, noise=data.noise)
    np.testing.assert_allclose(found[0], fitted.frequencies_, atol=1e-12)
    assert np.isfinite(found).all()


def test_bad_settings_are_refused():
    with pytest.raises(InputError, match="n_prior=0"):
        EventTemplates(n_prior=0).fit_data(draw(80))
    data = draw(80)
    with pytest.raises(InputError, match="one class"):
        cs.methods.EventTemplates().fit(data.x, data.y[:-1], noise=data.noise, features=data.features)
