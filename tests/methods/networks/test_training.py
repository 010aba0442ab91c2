from __future__ import annotations

import numpy as np
import pytest

from checkstar.errors import InputError
from checkstar.methods.networks.training import TrainingSettings, held_out, seeded, train_network

torch = pytest.importorskip("torch", reason="torch is not installed: networks cannot be trained")


def train(settings: TrainingSettings, seed: int = 0, n: int = 200):
    rng = np.random.default_rng(seed)
    x = torch.from_numpy(rng.uniform(-1, 1, (n, 1)).astype(np.float32))
    y = 2 * x + 0.1 * torch.from_numpy(rng.standard_normal((n, 1)).astype(np.float32))
    held = held_out(n, 0.25, None, rng)
    with seeded(seed):
        network = torch.nn.Linear(1, 1)
        history = train_network(network, lambda f, rows: ((f(x[rows]) - y[rows]) ** 2).mean(), held, settings, rng)
    return network, history, (x, y, held)


def test_a_line_is_learned():
    network = train(TrainingSettings(learning_rate=0.05, max_epochs=100))[0]
    # 150 points of scatter 0.1 fix the slope to 0.015; five of these.
    assert network.weight.item() == pytest.approx(2.0, abs=0.075)


def test_the_epoch_of_least_loss_is_kept():
    network, history, (x, y, held) = train(TrainingSettings(learning_rate=0.5, batch_size=8, max_epochs=30, patience=4))
    now = ((network(x[held]) - y[held]) ** 2).mean().item()
    assert history.held[-1] > 1.01 * history.held.min()  # so that the last epoch is another
    assert now == pytest.approx(history.held.min(), rel=1e-5)
    assert history.held[history.best] == history.held.min()


def test_it_ends_when_patience_does():
    history = train(TrainingSettings(learning_rate=0.05, max_epochs=1000, patience=5))[1]
    assert len(history.held) == len(history.fitted) < 500
    assert len(history.held) - 1 - history.best == 5


def test_the_same_seed_gives_the_same_numbers_and_leaves_torch_alone():
    torch.manual_seed(7)
    before, threads = torch.random.get_rng_state(), torch.get_num_threads()
    one, same, other = (train(TrainingSettings(max_epochs=5), seed)[0].weight.item() for seed in (1, 1, 2))
    assert one == same != other
    assert torch.equal(torch.random.get_rng_state(), before)
    assert torch.get_num_threads() == threads


def test_groups_are_held_out_whole():
    group = np.repeat(np.arange(20), 5)
    held = held_out(100, 0.2, group, np.random.default_rng(0))
    assert held.sum() == 20
    assert all(len(set(held[group == g])) == 1 for g in range(20))


def test_at_least_one_group_is_held_out_and_never_all():
    for seed in range(10):
        assert held_out(3, 0.01, None, np.random.default_rng(seed)).sum() == 1
        assert held_out(3, 0.99, None, np.random.default_rng(seed)).sum() == 2


@pytest.mark.parametrize(("share", "group"), [(0.0, None), (0.2, ["a"] * 10)])
def test_what_cannot_be_held_out_is_refused(share, group):
    with pytest.raises(InputError, match="cannot be held out"):
        held_out(10, share, group, np.random.default_rng(0))
