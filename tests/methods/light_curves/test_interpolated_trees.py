from __future__ import annotations

import numpy as np

from checkstar.data.curve_layout import curve_dataset
from checkstar.data.dataset import Dataset
from checkstar.methods import BoostedTrees
from checkstar.methods.interpolated_inputs import interpolated_inputs
from checkstar.methods.light_curves.interpolated_trees import InterpolatedTrees, _features
from checkstar.simulators.supernovae import simulate_supernovae
from checkstar.testing import check_method

QUICK = BoostedTrees(n_iterations=15, n_components=None)


def draw(n: int, rng: int, extras: tuple[str, ...] = ("redshift",)) -> Dataset:
    curves = simulate_supernovae(n, rng, classes=("Ia", "II", "TDE"))
    return curve_dataset(curves, "class", extras=extras, n_epochs=90)


def few_epochs() -> Dataset:
    """Light curves of at most 16 epochs, which are interpolated quickly."""
    curves = simulate_supernovae(60, 0, classes=("Ia", "II"))
    return curve_dataset(curves, "class", n_epochs=16)


def test_it_keeps_the_contract_of_methods():
    check_method(InterpolatedTrees(BoostedTrees(n_iterations=3, n_components=None)), few_epochs())


def test_explosions_are_told_apart():
    train, test = draw(250, 1), draw(150, 2)
    found = InterpolatedTrees(QUICK).fit_data(train).predict_distribution(test.x, noise=test.noise)
    # Chance is 0.33; 150 objects know a share to 0.04.
    assert (found.predicted() == test.y[:, 0]).mean() > 0.75


def test_features_are_those_of_the_curve_that_was_drawn():
    import pandas as pd

    from checkstar.data.light_curves import LightCurves

    time = np.arange(-45.0, 125.0, 2.0)
    flux = np.where(time < 0, np.exp(-0.5 * (time / 8) ** 2), np.exp(-time / 40))
    curves = LightCurves.from_lists(
        [time], [flux], [np.full(len(time), 0.003)], unit="nJy", meta=pd.DataFrame({"class": ["Ia"]})
    )
    data = curve_dataset(curves, "class")
    inputs = interpolated_inputs(data.layout, data.x, data.noise, np.linspace(-50, 130, 100))
    peak, at, rise, fall, _, _, later, much_later, scale, _ = _features(inputs)[0]
    assert (peak, abs(at) < 2) == (1.0, True)
    assert abs(rise - 8 * np.sqrt(2 * np.log(2))) < 4  # two steps of the grid
    assert abs(fall - 40 * np.log(2)) < 4
    np.testing.assert_allclose([later, much_later], np.exp([-15 / 40, -45 / 40]), atol=0.05)
    assert abs(scale) < 0.05


def test_objects_of_few_epochs_get_the_shares_of_the_classes():
    data = draw(80, 3)
    method = InterpolatedTrees(QUICK).fit_data(data)
    x = data.x[:2].copy()
    x[0, data.layout.value_columns.start + 4 : data.layout.value_columns.stop] = np.nan
    np.testing.assert_allclose(method.predict(x, noise=data.noise[:2])[0], method.frequency_)
