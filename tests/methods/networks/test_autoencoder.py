from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from checkstar.data.curve_layout import curve_dataset
from checkstar.data.dataset import Dataset
from checkstar.data.light_curves import LightCurves
from checkstar.errors import InputError
from checkstar.methods import Forest
from checkstar.methods.networks.autoencoder import AutoencoderForest
from checkstar.testing import check_method

pytest.importorskip("torch", reason="torch is not installed: networks cannot be trained")

SMALL = {"n_units": 8, "n_embedded": 4, "length": 24, "max_epochs": 3, "forest": Forest(n_trees=20, n_components=None)}
SHAPES = {
    "EA": lambda phase: np.where(np.abs(phase - 0.5) < 0.08, 1.0, 0.0),
    "RRAB": lambda phase: phase,
    "RRC": lambda phase: 0.5 + 0.5 * np.sin(2 * np.pi * phase),
}


def draw(n: int, rng: int = 0, extras: tuple[str, ...] = ("period",), n_epochs: int = 24) -> Dataset:
    """Three shapes of one period distribution, amplitude distribution and mean: only the shape tells them apart."""
    generator = np.random.default_rng(rng)
    kind = generator.choice(list(SHAPES), n)
    period = 10 ** generator.uniform(-0.5, 0.0, n)
    times, values = [], []
    for name, days in zip(kind, period, strict=True):
        time = np.sort(generator.uniform(50_000, 50_200, generator.integers(max(n_epochs - 6, 1), n_epochs + 1)))
        shape = SHAPES[name](np.mod(time / days + generator.random(), 1))
        times.append(time)
        values.append(
            15 + 0.5 * (shape - shape.mean()) / max(shape.std(), 0.1) + 0.03 * generator.standard_normal(len(time))
        )
    meta = pd.DataFrame({"class": kind, "period": period})
    errors = [np.full(len(time), 0.03) for time in times]
    curves = LightCurves.from_lists(times, values, errors, meta=meta)
    return curve_dataset(curves, "class", extras=extras, n_epochs=n_epochs)


def accuracy(method: AutoencoderForest, data: Dataset) -> float:
    assert data.x is not None and data.y is not None
    return float((method.predict_distribution(data.x, noise=data.noise).predicted() == data.y[:, 0]).mean())


@pytest.mark.parametrize("extras", [("period",), ()])
def test_it_keeps_the_contract_of_methods(extras):
    check_method(AutoencoderForest(**SMALL | {"max_epochs": 1}), draw(60, extras=extras, n_epochs=12))


@pytest.fixture(scope="module")
def taught() -> AutoencoderForest:
    data = draw(500, 1)
    settings = {"n_units": 16, "n_embedded": 8, "length": 24, "max_epochs": 10, "learning_rate": 0.02}
    return AutoencoderForest(**settings).pretrained(data.x, noise=data.noise, features=data.features)


def test_shapes_are_told_apart_with_few_labels(taught):
    # 90 labels; chance is 0.33, and 400 objects know a share to 0.025.
    assert accuracy(taught.fit_data(draw(90, 2)), draw(400, 3)) > 0.85


def test_more_light_curves_are_found_again_better():
    few, many = (AutoencoderForest(**SMALL | {"max_epochs": 12}).fit_data(draw(n, 4)) for n in (60, 400))
    # 60 held-out light curves know their mean loss to 0.02.
    assert many.held_loss_.min() < few.held_loss_.min() - 0.05


def test_a_pretrained_method_survives_cloning_and_saving(taught, tmp_path):
    from sklearn.base import clone

    few, test = draw(90, 2), draw(30, 3)
    one = clone(taught).fit_data(few)
    assert len(one.held_loss_) == 0  # nothing was learned again
    loaded = AutoencoderForest.load(one.save(tmp_path / "method"))
    np.testing.assert_array_equal(
        loaded.predict(test.x, noise=test.noise), taught.fit_data(few).predict(test.x, noise=test.noise)
    )


def test_the_embedding_comes_from_unlabelled_curves_only(taught):
    few, test = draw(90, 2), draw(30, 3)
    assert few.y is not None
    other = few.y[::-1, 0]
    one, two = (
        taught.fit(few.x, y, noise=few.noise, features=few.features).embed(test.x, noise=test.noise)
        for y in (few.y, other)
    )
    np.testing.assert_array_equal(one, two)


def test_what_it_reconstructs_gets_better(taught):
    data = draw(200, 4)
    method = AutoencoderForest(**SMALL | {"max_epochs": 12}).fit_data(data)
    assert method.held_loss_[-1] < 0.95 * method.held_loss_[0]
    assert len(method.fitted_loss_) == 12


def test_objects_that_cannot_be_read_get_the_frequencies_of_the_classes():
    data = draw(80, 5)
    method = AutoencoderForest(**SMALL).fit_data(data)
    assert data.x is not None and data.noise is not None
    x = data.x[:3].copy()
    x[0, 0], x[1, 0] = 0.0, np.nan
    x[2, data.layout.value_columns.start + 4 : data.layout.value_columns.stop] = np.nan
    found = method.predict_distribution(x, noise=data.noise[:3])
    np.testing.assert_allclose(found.probabilities, np.tile(method.frequency_, (3, 1)))
    assert np.isnan(method.embed(x, noise=data.noise[:3])).all()


def test_longer_and_shorter_light_curves_are_predicted():
    method = AutoencoderForest(**SMALL).fit_data(draw(80, 5))
    for n_epochs in (12, 90):
        new = draw(10, 6, n_epochs=n_epochs)
        assert method.predict(new.x, noise=new.noise).shape == (10, 3)


def test_it_predicts_without_torch(tmp_path):
    data = draw(80, 5)
    method = AutoencoderForest(**SMALL).fit_data(data)
    method.save(tmp_path / "method")
    np.savez(tmp_path / "data.npz", x=data.x, sigma=data.noise.sigma(data.x))
    code = (
        "import sys, numpy as np; from checkstar.methods.networks.autoencoder import AutoencoderForest as A;"
        "from checkstar.noise import Gaussian;"
        f"d = np.load({str(tmp_path / 'data.npz')!r}); m = A.load({str(tmp_path / 'method')!r});"
        "print(m.predict(d['x'], noise=Gaussian(d['sigma']))[:, 0].sum(), 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert float(done[0]) == pytest.approx(method.predict(data.x, noise=data.noise)[:, 0].sum(), rel=1e-9)
    assert done[1] == "False"


def test_a_network_of_other_light_curves_is_refused(taught):
    data = draw(80, 5, extras=())
    with pytest.raises(InputError, match="pretrained on light curves in V with a period"):
        taught.fit_data(data)


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"length": 3}, "length=3"), ({"n_units": 0}, "n_units=0"), ({"held_share": 1.0}, "cannot be held out")],
)
def test_settings_that_cannot_be_are_refused(settings, message):
    with pytest.raises(InputError, match=message):
        AutoencoderForest(**SMALL | settings).fit_data(draw(80, 5))


def test_a_forest_that_does_not_fit_is_refused_on_load():
    method = AutoencoderForest(**SMALL).fit_data(draw(80, 5))
    method.encoder_["embedding.bias"] = method.encoder_["embedding.bias"][:-1]
    with pytest.raises(InputError, match="do not fit each other"):
        method.check_learned()


def test_a_training_set_that_cannot_be_read_is_named():
    with pytest.raises(InputError, match=r"AutoencoderForest got 0 objects that can be read \(five epochs"):
        AutoencoderForest(**SMALL).fit_data(draw(20, n_epochs=4))
