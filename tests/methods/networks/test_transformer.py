from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.special import softmax

from checkstar.data.curve_layout import curve_dataset
from checkstar.data.dataset import Dataset
from checkstar.data.light_curves import LightCurves
from checkstar.errors import InputError
from checkstar.methods.networks.transformer import TimeSeriesTransformer
from checkstar.testing import check_method

torch = pytest.importorskip("torch", reason="torch is not installed: networks cannot be trained")

SMALL = {"n_features": 8, "n_heads": 2, "n_hidden": 8, "n_times": 20, "max_epochs": 4, "device": "cpu", "dropout": 0.0}


def draw(n: int, rng: int = 0, extras: tuple[str, ...] = (), n_epochs: int = 20) -> Dataset:
    """Events alike but for their last days: those of class "late" have a second maximum 60 days after the first."""
    generator = np.random.default_rng(rng)
    kind = generator.choice(["early", "late"], n)
    times, values = [], []
    for name in kind:
        time = np.sort(generator.uniform(-40, 100, generator.integers(n_epochs - 4, n_epochs + 1)))
        flux = np.exp(-0.5 * (time / 10) ** 2) + (0.5 * np.exp(-0.5 * ((time - 60) / 10) ** 2) if name == "late" else 0)
        times.append(59_000 + time)
        values.append(100 * flux + 2 * generator.standard_normal(len(time)))
    meta = pd.DataFrame({"class": kind, "redshift": generator.uniform(0, 0.1, n)})
    curves = LightCurves.from_lists(times, values, [np.full(len(t), 2.0) for t in times], unit="nJy", meta=meta)
    return curve_dataset(curves, "class", extras=extras, n_epochs=n_epochs)


@pytest.fixture(scope="module")
def learned() -> TimeSeriesTransformer:
    return TimeSeriesTransformer(**SMALL | {"max_epochs": 25, "learning_rate": 0.02}).fit_data(draw(300, 1))


@pytest.mark.parametrize("extras", [(), ("redshift",)])
def test_it_keeps_the_contract_of_methods(extras):
    check_method(TimeSeriesTransformer(**SMALL | {"max_epochs": 1}), draw(60, extras=extras, n_epochs=12))


def test_a_second_maximum_is_seen(learned):
    test = draw(200, 2)
    right = learned.predict_distribution(test.x, noise=test.noise).predicted() == test.y[:, 0]
    # 20 epochs in 140 days miss a maximum now and then.
    assert right.mean() > 0.9


def test_the_mean_of_the_map_is_the_logit_exactly(learned):
    test = draw(50, 3)
    found = learned.class_activation(test.x, noise=test.noise)
    assert found.evidence.shape == (50, 20, 2)
    np.testing.assert_allclose(
        softmax(found.logits, axis=1), learned.predict(test.x, noise=test.noise), rtol=1e-9, atol=1e-12
    )
    np.testing.assert_allclose(found.evidence.sum(axis=2), 0, atol=1e-9)


def test_the_logits_are_those_that_torch_trained(learned):
    test = draw(20, 3)
    network = learned._network(1, 2)
    network.load_state_dict({name: torch.from_numpy(a) for name, a in learned.network_.items()})
    network.eval()
    from checkstar.methods.curve_rows import check_curve_rows
    from checkstar.methods.interpolated_inputs import interpolated_inputs
    from checkstar.methods.networks.transformer import _features

    layout, rows = check_curve_rows("test", test.x, test.noise, learned.features_)
    inputs = interpolated_inputs(layout, rows, test.noise, learned._days())
    with torch.no_grad():
        seen = _features(network, torch.from_numpy(inputs.curves.flux.astype(np.float32))).mean(dim=1)
        logits = network["last"](seen) + network["beside"](torch.from_numpy(learned._beside(inputs).astype(np.float32)))
    np.testing.assert_allclose(
        torch.softmax(logits, dim=1).numpy(), learned.predict(test.x, noise=test.noise), atol=1e-5
    )


def likeness(one: np.ndarray, other: np.ndarray) -> float:
    """Mean rank correlation in time of the maps of the first class."""
    return float(np.mean([stats.spearmanr(a, b)[0] for a, b in zip(one[:, :, 0], other[:, :, 0], strict=True)]))


def test_the_map_is_of_what_was_learned(learned):
    # Adebayo et al. 2018: a map that survives other weights shows the data, not the network.
    test = draw(12, 4)
    map_ = learned.class_activation(test.x, noise=test.noise).evidence
    found = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        other = TimeSeriesTransformer(**learned.settings())
        vars(other).update(learned.learned())
        other.network_ = {name: rng.permutation(a.ravel()).reshape(a.shape) for name, a in learned.network_.items()}
        found.append(likeness(map_, other.class_activation(test.x, noise=test.noise).evidence))
    again = TimeSeriesTransformer(**learned.settings() | {"random_state": 1}).fit_data(draw(300, 5))
    same = likeness(map_, again.class_activation(test.x, noise=test.noise).evidence)
    # Maps are smooth, so single ones are alike by chance; twenty of them are not, beyond three standard errors.
    error = np.std(found) / np.sqrt(len(found))
    assert abs(np.mean(found)) < 3 * error
    assert same > np.mean(found) + 3 * error


def test_the_evidence_for_a_second_maximum_is_strongest_about_it(learned):
    test = draw(200, 6)
    found = learned.class_activation(test.x, noise=test.noise)
    late = test.y[:, 0] == "late"
    contrast = found.evidence[late, :, 1].mean(axis=0) - found.evidence[~late, :, 1].mean(axis=0)
    about = (found.days > 35) & (found.days < 85)
    # Attention tells other times of it, so it is somewhat there too.
    assert contrast[about].mean() > 1.3 * contrast[~about].mean()


def test_objects_of_few_epochs_get_the_shares_of_the_classes_and_no_map(learned):
    test = draw(3, 7)
    x = test.x.copy()
    x[0, test.layout.value_columns.start + 4 : test.layout.value_columns.stop] = np.nan
    found = learned.predict_distribution(x, noise=test.noise)
    np.testing.assert_allclose(found.probabilities[0], learned.frequency_)
    evidence = learned.class_activation(x, noise=test.noise).evidence
    assert np.isnan(evidence[0]).all()
    assert np.isfinite(evidence[1:]).all()


def test_the_day_of_maximum_and_the_time_of_the_survey_are_nothing_to_it(learned):
    test = draw(20, 8)
    x = test.x.copy()
    x[:, test.layout.time_columns.start : test.layout.time_columns.stop] += 512.0
    np.testing.assert_allclose(
        learned.predict(x, noise=test.noise), learned.predict(test.x, noise=test.noise), atol=1e-5
    )


def test_an_unknown_redshift_is_taken_as_the_mean():
    data = draw(60, 9, extras=("redshift",))
    method = TimeSeriesTransformer(**SMALL).fit_data(data)
    x, usual = data.x.copy(), data.x.copy()
    x[:, 0], usual[:, 0] = np.nan, method.centre_[0]
    np.testing.assert_allclose(method.predict(x, noise=data.noise), method.predict(usual, noise=data.noise))


def test_balanced_weights_favour_the_rare_class():
    data = draw(400, 10)
    rare = np.flatnonzero(data.y[:, 0] == "late")[:25]
    some = data[np.sort(np.concatenate([rare, np.flatnonzero(data.y[:, 0] == "early")]))]
    plain, even = (TimeSeriesTransformer(**SMALL | {"balance": b}).fit_data(some) for b in (0.0, 1.0))
    shares = [method.predict(data.x, noise=data.noise)[:, 1].mean() for method in (plain, even)]
    assert shares[1] > shares[0] + 0.1


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"n_heads": 3}, "n_heads=3"),
        ({"n_times": 1}, "n_times=1"),
        ({"window": (5, -5)}, "window"),
        ({"dropout": 1}, "dropout=1"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings, message):
    with pytest.raises(InputError, match=message):
        TimeSeriesTransformer(**SMALL | settings).fit_data(draw(60))
