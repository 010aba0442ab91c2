from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from checkstar.data.curve_layout import curve_dataset
from checkstar.data.light_curves import LightCurves
from checkstar.errors import InputError
from checkstar.methods.networks.curve_networks import CurveNetwork
from checkstar.methods.networks.inception import TIN, InvariantTIN
from checkstar.methods.networks.recurrent import GRU, LSTM
from checkstar.methods.networks.residual import InvariantResNet, ResNet
from checkstar.methods.networks.temporal_convolutions import TCN, InvariantTCN
from checkstar.testing import check_method
from checkstar.variability.periods import find_periods

torch = pytest.importorskip("torch", reason="torch is not installed: networks cannot be trained")

INVARIANT = (InvariantTCN, InvariantTIN, InvariantResNet)
TWINS = (TCN, TIN, ResNet)
ALL = (*INVARIANT, *TWINS, GRU, LSTM)
SMALL = {"channels": 8, "depth": 2, "max_epochs": 2}


def stars(n: int = 90, rng: int = 0, n_epochs=(20, 60)) -> LightCurves:
    """Sines, sawteeth and eclipses at times on a grid of 2^-20 days, which shifts leave exact."""
    generator = np.random.default_rng(rng)
    codes, period = np.arange(n) % 3, 10 ** generator.uniform(-0.5, 1, n)
    shapes = [
        lambda p: np.sin(2 * np.pi * p),
        lambda p: 2 * p - 1,
        lambda p: np.exp(-0.5 * ((p - 0.5) / 0.05) ** 2),
    ]
    times, values, errors = [], [], []
    for code, one in zip(codes, period, strict=True):
        m = int(generator.integers(*n_epochs))
        time = np.sort(np.round(generator.uniform(55000, 55400, m) * 2**20)) / 2**20
        error = generator.uniform(0.02, 0.05, m)
        phase = (time / one + generator.random()) % 1
        values.append(15 + 0.4 * shapes[code](phase) + error * generator.standard_normal(m))
        times.append(time)
        errors.append(error)
    meta = pd.DataFrame({"class": np.array(["sine", "saw", "eclipse"])[codes], "period": period})
    return LightCurves.from_lists(times, values, errors, meta=meta)


def dataset(curves: LightCurves, extras=("period",), **settings):
    return curve_dataset(curves, "class", extras=extras, meta=[], **settings)


DATA = dataset(stars())


def fitted(cls, **settings) -> CurveNetwork:
    return cls(**{**SMALL, **settings}).fit_data(DATA)


def logits(method: CurveNetwork, sequence, length, dtype=torch.float32):
    """Logits of the fitted network for sequences (b, 2, L)."""
    from checkstar.methods.networks.folded_inputs import FoldedInputs

    network = method._restored("cpu").to(dtype)
    beside = torch.zeros(len(sequence), 3, dtype=dtype)
    with torch.no_grad():
        return method._logits(network, FoldedInputs(sequence.to(dtype), None, length, beside).batch(method.invariant))


def sequences(n_points: int, n: int = 30):
    return torch.randn(n, 2, n_points, generator=torch.Generator().manual_seed(0)), torch.full((n,), n_points)


def deviation(method: CurveNetwork, n_points: int, dtype) -> float:
    """Largest change of a logit, in standard deviations of that logit over objects, when sequences are rolled."""
    x, length = sequences(n_points)
    before = logits(method, x, length, dtype)
    after = [logits(method, x.roll(step, 2), length, dtype) for step in (1, 2, 3, n_points // 2, n_points - 1)]
    return max(float(((one - before).abs() / before.std(dim=0)).max()) for one in after)


@pytest.mark.parametrize("cls", ALL)
def test_every_network_keeps_the_contract_of_methods(cls):
    check_method(cls(channels=4, depth=1, max_epochs=1), dataset(stars(60, n_epochs=(20, 30))))


def test_without_a_catalogue_period_the_best_that_is_found_is_used():
    curves = stars(36, n_epochs=(40, 60))
    found = find_periods(curves, n_best=1).period[:, 0]
    given = dataset(curves.replace(meta=curves.meta.assign(period=found)))
    alone = dataset(curves, extras=())
    one, other = (InvariantTCN(**SMALL).fit_data(data) for data in (given, alone))
    np.testing.assert_array_equal(
        one.predict_distribution(given.x, noise=given.noise).probabilities,
        other.predict_distribution(alone.x, noise=alone.noise).probabilities,
    )


@pytest.mark.parametrize("cls", INVARIANT)
def test_an_invariant_network_of_full_size_does_not_see_where_the_ring_begins(cls):
    method = cls(max_epochs=1, batch_size=100).fit_data(DATA)
    for n_points in (47, 200, 199):
        assert deviation(method, n_points, torch.float32) < 1e-6
        assert deviation(method, n_points, torch.float64) < 1e-12


@pytest.mark.parametrize("cls", TWINS)
def test_its_twin_does(cls):
    assert deviation(fitted(cls), 200, torch.float32) > 0.01


def strided_pool(x, ring, step):
    """The published pooling: by two, every second point kept."""
    return torch.nn.functional.max_pool1d(x, 2)


@pytest.mark.parametrize("n_points", [200, 199])
def test_pooling_that_keeps_every_second_point_would_be_found_out(n_points, monkeypatch):
    # Negative control: the same layers with the published pooling and cyclic padding at the length that is left.
    from checkstar.methods.networks import residual
    from checkstar.methods.networks.convolutions import Ring
    from checkstar.methods.networks.heads import Head

    def convolve(layer, x, ring):
        whole = torch.full((len(x),), x.shape[2])
        span = layer.kernel_size[0] - 1
        near = Ring.of(whole, x.shape[2], True).extended(x, span // 2, span // 2)
        return torch.nn.functional.conv1d(near, layer.weight)

    method = fitted(InvariantResNet, depth=3)
    assert deviation(method, n_points, torch.float32) < 1e-6
    monkeypatch.setattr(residual, "pool", strided_pool)
    monkeypatch.setattr(residual, "convolve", convolve)
    logits_of = Head.logits

    def shorter(self, layers, features, beside, ring):
        whole = torch.full((len(features),), features.shape[2])
        return logits_of(self, layers, features, beside, Ring.of(whole, features.shape[2], True))

    monkeypatch.setattr(Head, "logits", shorter)
    assert deviation(method, n_points, torch.float32) > 1e-3


@pytest.mark.parametrize("cls", INVARIANT)
@pytest.mark.parametrize("shift", [0.375, -123.25])
def test_another_origin_of_time_leaves_the_classes_as_they_were(cls, shift):
    method, curves = fitted(cls), stars(40, rng=5, n_epochs=(6, 260))
    later = dataset(curves.replace(time=curves.time + shift))
    now = dataset(curves)
    before = method.predict_distribution(now.x, noise=now.noise).probabilities
    after = method.predict_distribution(later.x, noise=later.noise).probabilities
    assert np.abs(before - after).max() < 1e-6
    assert before.std(axis=0).max() > 1e-3  # so that there is something to change


def test_the_twin_sees_the_origin_of_time():
    method, curves = fitted(ResNet), stars(40, rng=5)
    one, other = (dataset(curves.replace(time=curves.time + shift)) for shift in (0, 0.375))
    change = method.predict_distribution(one.x, noise=one.noise).probabilities
    change = change - method.predict_distribution(other.x, noise=other.noise).probabilities
    assert np.abs(change).max() > 1e-3


@pytest.mark.parametrize("cls", ALL)
def test_a_short_light_curve_is_judged_the_same_beside_long_ones(cls):
    method, curves = fitted(cls), stars(12, rng=6, n_epochs=(6, 200))
    together = dataset(curves)
    all_of_them = method.predict_distribution(together.x, noise=together.noise).probabilities
    for i in (0, 5, 11):
        alone = dataset(curves[[i]])  # as wide as it must be
        assert alone.x.shape[1] < together.x.shape[1] or curves.n_epochs[i] == curves.n_epochs.max()
        np.testing.assert_allclose(
            method.predict_distribution(alone.x, noise=alone.noise).probabilities[0], all_of_them[i], rtol=0, atol=1e-6
        )


@pytest.mark.parametrize("cls", ALL)
def test_every_network_is_saved_and_loaded_without_a_digit_lost(cls, tmp_path):
    method = fitted(cls)
    again = cls.load(method.save(tmp_path / "network"))
    one, other = (m.predict_distribution(DATA.x, noise=DATA.noise).probabilities for m in (method, again))
    assert np.array_equal(one, other)


def test_shapes_are_learned():
    train, test = dataset(stars(180, rng=1)), dataset(stars(120, rng=2))
    settings = {"channels": 8, "depth": 2, "max_epochs": 12, "batch_size": 16}
    method = InvariantResNet(**settings).fit_data(train)
    right = method.predict_distribution(test.x, noise=test.noise).predicted() == test.y.ravel()
    # A third is chance; shapes are told apart by eye at this noise.
    assert right.mean() > 0.9


def test_objects_that_cannot_be_folded_get_the_class_frequencies():
    curves = stars(30, rng=3)
    few = curves.where((curves.owner != 4) | (np.arange(len(curves.time)) - curves.offsets[4] < 3))
    few.meta.loc[7, "period"], few.meta.loc[9, "period"] = np.nan, -1.0
    data, whole = dataset(few), dataset(curves)
    method = fitted(InvariantResNet)
    found = method.predict_distribution(data.x, noise=data.noise).probabilities
    usual = method.predict_distribution(whole.x, noise=whole.noise).probabilities
    np.testing.assert_allclose(found[[4, 7, 9]], np.tile([1 / 3] * 3, (3, 1)))
    others = np.setdiff1d(np.arange(30), [4, 7, 9])
    np.testing.assert_allclose(found[others], usual[others], atol=1e-6)
    again = InvariantResNet(**SMALL).fit_data(data)
    assert again.frequencies_.sum() == pytest.approx(1) and np.isfinite(again.held_loss_).all()


def test_nothing_that_can_be_folded_is_refused():
    curves = stars(12)
    curves.meta["period"] = np.nan
    with pytest.raises(InputError, match="none has 5 epochs and a period"):
        InvariantResNet(**SMALL).fit_data(dataset(curves))


def test_several_bands_and_other_extras_are_read():
    curves = stars(60)
    band = np.arange(len(curves.time)) % 2
    curves = curves.replace(band=band, bands=("g", "r"), value=curves.value + band)
    curves.meta["colour"] = np.where(np.arange(60) % 10, curves.meta["class"] == "saw", np.nan)
    data = dataset(curves, extras=("period", "colour"))
    method = InvariantTCN(**SMALL).fit_data(data)
    assert len(method.centre_) == 4 and method.network_["body.0.3.weight"].shape[1] == 4
    assert np.isfinite(method.predict_distribution(data.x, noise=data.noise).probabilities).all()


@pytest.mark.parametrize("settings", [{"roll": True}, {"redraw": True}])
def test_what_changes_training_changes_what_is_learned_and_not_how_it_is_judged(settings):
    plain, changed = fitted(ResNet), fitted(ResNet, **settings)
    assert not np.array_equal(plain.network_["head.last.weight"], changed.network_["head.last.weight"])
    one, other = (changed.predict_distribution(DATA.x, noise=DATA.noise).probabilities for _ in range(2))
    assert np.array_equal(one, other)


def test_rolling_in_training_changes_nothing_for_an_invariant_network():
    # Until rounding has grown: one step of one batch.
    one, other = (fitted(InvariantTCN, roll=roll, max_epochs=1, batch_size=90, dropout=0.0) for roll in (False, True))
    np.testing.assert_allclose(one.network_["head.last.weight"], other.network_["head.last.weight"], rtol=1e-4)


def test_balance_favours_rare_classes():
    curves = stars(240, rng=4)
    rare = curves[(curves.meta["class"] != "saw").to_numpy() | (np.arange(240) % 24 == 1)]
    # Few epochs, so that classes stay uncertain.
    found = [
        InvariantResNet(**{**SMALL, "max_epochs": 4}, balance=balance)
        .fit_data(dataset(rare))
        .predict_distribution(DATA.x, noise=DATA.noise)
        .probabilities[:, 1]
        .mean()
        for balance in (0.0, 1.0)
    ]
    assert found[1] > 1.5 * found[0]


def test_weights_of_zero_are_objects_that_are_not_there():
    weight = (DATA.y.ravel() != "saw").astype(float)
    method = InvariantResNet(**SMALL).fit(DATA.x, DATA.y, noise=DATA.noise, weight=weight, features=DATA.features)
    assert method.frequencies_[method.names_.index("saw")] == 0


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no graphics card")
@pytest.mark.parametrize("cls", ALL)
def test_a_graphics_card_judges_as_the_processor_does(cls):
    method = fitted(cls, device="cuda")
    found = [method.set_params(device=one).predict_distribution(DATA.x, noise=DATA.noise) for one in ("cuda", "cpu")]
    # Sums in another order in single precision, through a few layers.
    np.testing.assert_allclose(found[0].probabilities, found[1].probabilities, rtol=0, atol=1e-4)


class Killed(BaseException):
    """What a kill looks like from inside."""


def test_a_killed_fit_goes_on_to_the_same_network(tmp_path, monkeypatch):
    settings = {"max_epochs": 5, "roll": True, "checkpoint": str(tmp_path / "kept")}
    whole = fitted(TCN, **settings)
    assert list((tmp_path / "kept").iterdir()) == []
    from checkstar.methods.networks import training

    saved = training._Training.save
    calls = []

    def save(self):
        saved(self)
        calls.append(self.n_done)
        if self.n_done == 3:
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(training._Training, "save", save)
        with pytest.raises(Killed):
            fitted(TCN, **settings)
    assert len(list((tmp_path / "kept").iterdir())) == 1
    with monkeypatch.context() as patch:
        patch.setattr(training._Training, "save", lambda self: calls.append(self.n_done) or saved(self))
        again = fitted(TCN, **settings)
    assert calls == [1, 2, 3, 4, 5]
    for name, array in whole.network_.items():
        assert np.array_equal(array, again.network_[name]), name


def test_other_data_have_another_checkpoint(tmp_path):
    one = fitted(TCN)._training_settings("one").checkpoint
    assert one is None
    method = TCN(**SMALL, checkpoint=str(tmp_path))
    names = {method._training_settings(data).checkpoint for data in ("one", "other")}
    names |= {clone(method).set_params(dropout=0.3)._training_settings("one").checkpoint}
    assert len(names) == 3


def test_without_torch_it_says_what_to_install(monkeypatch):
    method = fitted(TCN)
    monkeypatch.setitem(sys.modules, "torch", None)
    for action in (lambda: TCN().fit_data(DATA), lambda: method.predict(DATA.x, noise=DATA.noise)):
        with pytest.raises(InputError, match=r"pip install 'checkstar\[torch\]'"):
            action()


@pytest.mark.parametrize(
    ("cls", "settings", "message"),
    [
        (GRU, {"kernel": 3}, "GRU has no kernel"),
        (TCN, {"learning_rate": 0.0}, "learning_rate=0.0"),
        (TCN, {"channels": 0}, "channels=0"),
        (TCN, {"length": 4}, "length=4"),
        (TCN, {"dropout": 1.0}, "dropout=1.0"),
        (TCN, {"balance": 2.0}, "balance=2.0"),
        (TCN, {"device": "quantum"}, "device 'quantum'"),
        (TCN, {"learning_rate": 1e30}, "the loss became"),
    ],
)
def test_settings_that_cannot_be_are_refused(cls, settings, message):
    with pytest.raises(InputError, match=message):
        fitted(cls, **settings)


def test_arrays_of_another_network_are_refused_on_load():
    method = fitted(TCN)
    method.network_ = fitted(ResNet).network_
    with pytest.raises(InputError, match="arrays of another network"):
        method.check_learned()


@pytest.mark.parametrize("bad", [DATA.x[0], DATA.x[:, :-1], np.full(DATA.x.shape, "x")])
def test_rows_that_are_no_light_curves_are_refused_by_name(bad):
    with pytest.raises(InputError, match="TCN"):
        fitted(TCN).predict(bad)


def test_loaded_without_torch_it_says_what_to_install_and_not_to_save_it_again(tmp_path, monkeypatch):
    fitted(TCN).save(tmp_path / "model")
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(InputError, match=r"model cannot be used as TCN: networks need torch; .*checkstar\[torch\]'\.$"):
        TCN.load(tmp_path / "model")
