from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from checkstar.data.curve_layout import curve_dataset
from checkstar.data.light_curves import LightCurves
from checkstar.errors import InputError
from checkstar.methods.light_curves.curve_trees import CurveBoosting, CurveForest
from checkstar.noise import Gaussian


def stars(n: int = 90, rng: int = 0, n_epochs: tuple[int, int] = (30, 50)) -> LightCurves:
    """Sines, fast sawteeth and eclipses, of like periods and amplitudes."""
    generator = np.random.default_rng(rng)
    codes, period = np.arange(n) % 3, 10 ** generator.uniform(-0.5, 0.5, n)
    shapes = [np.sin, lambda p: p / np.pi - 1, lambda p: 2 * np.exp(-0.5 * ((p - np.pi) / 0.3) ** 2)]
    times, values, errors = [], [], []
    for code, one in zip(codes, period, strict=True):
        m = int(generator.integers(*n_epochs))
        time = np.sort(generator.uniform(55000, 55400, m))
        error = generator.uniform(0.02, 0.05, m)
        phase = 2 * np.pi * ((time / one + generator.random()) % 1)
        values.append(15 + 0.4 * shapes[code](phase) + error * generator.standard_normal(m))
        times.append(time)
        errors.append(error)
    meta = pd.DataFrame({"class": np.array(["sine", "saw", "eclipse"])[codes], "period": period})
    return LightCurves.from_lists(times, values, errors, meta=meta)


def dataset(curves: LightCurves, extras=("period",), **settings):
    return curve_dataset(curves, "class", extras=extras, meta=[], **settings)


TRAINING = dataset(stars())
TEST = stars(60, rng=1)
SMALL = CurveForest(n_trees=25)
FITTED = CurveForest(n_trees=25).fit_data(TRAINING)


def accuracy(method, data) -> float:
    return float((method.predict_distribution(data.x, noise=data.noise).predicted() == data.y[:, 0]).mean())


def test_rows_of_another_length_are_predicted_alike():
    wide = dataset(TEST, n_epochs=80)
    tight = dataset(TEST)
    assert wide.x.shape[1] != tight.x.shape[1]
    found = [FITTED.predict(data.x, noise=data.noise) for data in (wide, tight)]
    assert (found[0] == found[1]).all()


def test_an_object_of_too_few_epochs_gets_the_frequencies_of_the_classes():
    data = dataset(TEST)
    sigma = data.noise.sigma(data.x).copy()
    sigma[0] = np.inf
    found = FITTED.predict(data.x, noise=Gaussian(sigma))
    assert found[0] == pytest.approx([1 / 3] * 3)
    assert (found[1:] == FITTED.predict(data.x, noise=data.noise)[1:]).all()


def test_an_epoch_of_infinite_sigma_is_not_there():
    data = dataset(TEST)
    sigma, layout = data.noise.sigma(data.x).copy(), data.layout
    absurd = data.x.copy()
    absurd[:, layout.value_columns.start + 3] = 99.0
    sigma[:, layout.value_columns.start + 3] = np.inf
    found = FITTED.describe(absurd, noise=Gaussian(sigma))
    dropped = layout.unpack(absurd, Gaussian(sigma))
    assert dropped.value.max() < 20
    assert found.values[:, found.names.index("amplitude")].max() < 1


def test_balance_divides_by_the_frequencies_of_the_classes():
    rare = np.flatnonzero((TRAINING.y[:, 0] != "eclipse") | (np.arange(90) < 9))
    some = TRAINING[rare]
    data = dataset(TEST)
    plain, even = (CurveForest(n_trees=25, balance=b).fit_data(some).predict(data.x, noise=data.noise) for b in (0, 1))
    frequency = np.array([(some.y[:, 0] == name).mean() for name in ("eclipse", "saw", "sine")])
    expected = plain / frequency
    assert even == pytest.approx(expected / expected.sum(axis=1, keepdims=True))
    assert frequency[0] < 0.1


def test_without_a_period_it_is_searched_for():
    data = dataset(stars(45), extras=())
    searched = CurveForest(n_trees=25, period_search={"min_period": 0.2, "max_period": 10.0}).fit_data(data)
    assert "power_1" in searched.described_by_
    # A third is right by chance.
    assert accuracy(searched, dataset(TEST[:30], extras=())) > 0.6


def test_other_extras_are_features_and_unknown_ones_are_as_usual():
    rng = np.random.default_rng(0)
    curves = stars()
    colour = np.where(curves.meta["class"] == "sine", 2.0, 0.0) + 0.1 * rng.standard_normal(90)
    colour[0] = np.nan
    data = dataset(curves.replace(meta=curves.meta.assign(colour=colour)), extras=("colour",))
    assert data.features[0] == "colour"
    fitted = CurveForest(n_trees=25, period_search={"min_period": 0.5, "max_period": 4.0}).fit_data(data[:45])
    assert fitted.described_by_[-1] == "colour"
    assert np.isfinite(fitted.predict(data.x[:9], noise=data.noise[:9])).all()


@pytest.mark.parametrize("balance", [-0.1, 1.5])
def test_a_balance_outside_0_and_1_is_refused(balance):
    with pytest.raises(InputError, match="CurveForest got balance="):
        CurveForest(balance=balance).fit_data(TRAINING)


def test_light_curves_that_all_lack_epochs_are_refused():
    sigma = np.full(TRAINING.x.shape, np.inf)
    with pytest.raises(InputError, match="0 of 90 light curves with five good epochs"):
        SMALL.fit(TRAINING.x, TRAINING.y, noise=Gaussian(sigma), features=TRAINING.features)


@pytest.mark.parametrize(
    ("method", "message"),
    [
        (CurveForest(n_trees="many"), "CurveForest got n_trees='many'; give a whole number"),
        (CurveForest(min_leaf=0), "CurveForest got min_leaf=0"),
        (CurveBoosting(n_boostings=0), "CurveBoosting got n_boostings=0"),
        (CurveForest(balance="half"), "CurveForest got balance='half'"),
        (CurveForest(period_search=3), "period_search=3; give a dict"),
        (CurveForest(period_search={"n_bests": 1}), "no setting of find_periods 'n_bests'; did you mean 'n_best'"),
    ],
)
def test_settings_that_cannot_be_are_refused_by_their_own_name(method, message):
    with pytest.raises(InputError, match=message):
        method.fit_data(TRAINING)
