from __future__ import annotations

import numpy as np
import pytest

from checkstar.data.light_curves import LightCurves
from checkstar.errors import InputError
from checkstar.methods.networks.sequence_autoencoder import (
    autoencoder,
    check_length,
    embed,
    loss_of,
    sequences,
    weights_of,
)

torch = pytest.importorskip("torch", reason="torch is not installed: networks cannot be trained")


def draw(n: int = 6, n_bands: int = 1, rng: int = 0) -> LightCurves:
    """Sines with periods of 0.5 days of 8 to 30 epochs."""
    generator = np.random.default_rng(rng)
    counts = generator.integers(8, 31, n)
    times = [np.sort(generator.uniform(50_000, 50_100, m)) for m in counts]
    values = [15 + np.sin(4 * np.pi * time) + 0.05 * generator.standard_normal(len(time)) for time in times]
    more = {"band": [generator.choice(["g", "r"], m) for m in counts]} if n_bands > 1 else {}
    return LightCurves.from_lists(times, values, [np.full(m, 0.05) for m in counts], **more)


def test_a_folded_sequence_begins_at_its_brightest_point_and_its_gaps_are_one_cycle():
    curves = draw()
    seen = sequences(curves, 30, np.full(6, 0.5))
    assert seen.step.shape == (6, 30, 1)
    np.testing.assert_allclose(seen.step[:, :, 0].sum(axis=1), 1.0, atol=1e-6)
    # The brightest of medians of five points lies near the smallest magnitude.
    assert seen.value[:, 0].max() < -0.5
    np.testing.assert_allclose(seen.weight.sum(axis=1), 1.0, atol=1e-6)
    np.testing.assert_array_equal(seen.weight > 0, np.arange(30) < seen.length[:, None])


def test_another_origin_of_phase_gives_the_same_sequence():
    curves = draw()
    moved = curves.replace(time=curves.time + 0.123)
    one, other = (sequences(c, 40, np.full(6, 0.5)) for c in (curves, moved))
    np.testing.assert_allclose(one.step, other.step, atol=1e-5)
    np.testing.assert_allclose(one.value, other.value, atol=1e-6)


def test_a_flux_is_brightest_where_it_is_largest():
    curves = draw()
    flux = curves.replace(value=-curves.value, unit="nJy")
    assert sequences(flux, 30, np.full(6, 0.5)).value[:, 0].min() > 0.5


def test_without_a_period_the_order_is_that_of_time_and_gaps_are_logarithms_of_days():
    curves = draw()
    seen = sequences(curves, 30, None)
    for i, curve in enumerate(curves):
        m = len(curve.time)
        np.testing.assert_allclose(seen.step[i, : m - 1, 0], np.log10(1 + np.diff(curve.time)), atol=1e-4)
        assert (seen.step[i, m - 1 :] == 0).all()
        np.testing.assert_allclose(seen.value[i, :m], (curve.value - curve.value.mean()) / curve.value.std(), atol=1e-5)
    np.testing.assert_array_equal(sequences(curves.replace(time=curves.time + 777), 30, None).step, seen.step)


def test_of_several_bands_each_point_says_which():
    seen = sequences(draw(n_bands=2), 30, np.full(6, 0.5))
    assert seen.step.shape == (6, 30, 3)
    np.testing.assert_array_equal(seen.step[:, :, 1:].sum(axis=2), seen.weight > 0)


def test_points_of_small_errors_weigh_more_but_not_without_bound():
    curves = draw(1)
    error = np.full(len(curves.time), 0.5)
    error[[2, 3]] = 0.1, 1e-6
    weight = np.sort(sequences(curves.replace(error=error), 30, None).weight[0])[::-1]
    scale = curves.value.std()
    expected = [1 / ((e / scale) ** 2 + 0.01) for e in (1e-6, 0.1, 0.5)]
    np.testing.assert_allclose(weight[:3] / weight[2], np.array(expected) / expected[2], rtol=1e-4)


def test_what_is_embedded_without_torch_is_what_torch_embeds():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = autoencoder(1, 8, 5)
    seen = sequences(draw(), 30, np.full(6, 0.5))
    mine = embed(weights_of(network), seen)
    packed = torch.cat([torch.from_numpy(seen.step), torch.from_numpy(seen.value)[:, :, None]], dim=2)
    for i, m in enumerate(seen.length):
        ends = [
            gru(packed[i : i + 1, :m].flip(1) if k else packed[i : i + 1, :m])[1][0]
            for k, gru in enumerate(network["reader"])
        ]
        theirs = torch.tanh(network["embedding"](torch.cat(ends, dim=1)))
        # Torch computes in single precision.
        np.testing.assert_allclose(mine[i], theirs[0].detach().numpy(), atol=2e-6)


def test_padding_is_never_read():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = autoencoder(1, 8, 5)
    short, long = (sequences(draw(), length, np.full(6, 0.5)) for length in (30, 50))
    losses = [loss_of(network, *(torch.from_numpy(a) for a in seen[:4])).detach().numpy() for seen in (short, long)]
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-5)
    weights = weights_of(network)
    np.testing.assert_allclose(embed(weights, short), embed(weights, long), atol=1e-12)


def test_the_loss_is_the_weighted_mean_of_squares():
    network = autoencoder(1, 4, 3)
    with torch.no_grad():
        network["value"].weight.zero_()
        network["value"].bias.zero_()
    seen = sequences(draw(), 30, np.full(6, 0.5))
    loss = loss_of(network, *(torch.from_numpy(a) for a in seen[:4])).detach().numpy()
    np.testing.assert_allclose(loss, (seen.weight * seen.value**2).sum(axis=1), rtol=1e-5)


def test_a_sequence_of_four_points_is_refused():
    with pytest.raises(InputError, match="at least 5 points"):
        check_length("Autoencoder", 4)
