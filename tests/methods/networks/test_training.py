from __future__ import annotations

import numpy as np
import pytest

from checkstar.errors import InputError
from checkstar.methods.networks.training import (
    TrainingSettings,
    _Training,
    chosen_device,
    held_out,
    seeded,
    train_network,
)

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


class Killed(BaseException):
    """What a kill looks like from inside."""


def train_deep(settings: TrainingSettings, die_after: int | None = None):
    """A network with dropout and normalisation; its loss draws from torch and from the generator."""
    rng = np.random.default_rng(3)
    x = torch.from_numpy(rng.normal(size=(150, 4)).astype(np.float32))
    y = (x[:, :1] - x[:, 1:2] ** 2).detach()
    held = held_out(150, 0.2, None, rng)
    calls = [0]

    def loss(network, rows):
        calls[0] += 1
        if die_after is not None and calls[0] > die_after:
            raise Killed
        noise = torch.from_numpy(rng.normal(0, 0.05, (len(rows), 4)).astype(np.float32)) if network.training else 0.0
        return ((network(x[rows] + noise) - y[rows]) ** 2).mean()

    with seeded(3):
        network = torch.nn.Sequential(
            torch.nn.Linear(4, 16),
            torch.nn.BatchNorm1d(16),
            torch.nn.ReLU(),
            torch.nn.Dropout(0.3),
            torch.nn.Linear(16, 1),
        )
        history = train_network(network, loss, held, settings, rng)
    return network, history


@pytest.mark.parametrize("schedule", ["plateau", "one_cycle"])
@pytest.mark.parametrize("die_after", [3, 17, 40])
def test_a_killed_training_goes_on_to_the_same_bits(schedule, die_after, tmp_path):
    settings = TrainingSettings(max_epochs=12, patience=3, batch_size=32, schedule=schedule, learning_rate=0.02)
    whole, history = train_deep(settings)
    kept = settings._replace(checkpoint=tmp_path / "deep" / "training.safetensors")
    with pytest.raises(Killed):
        train_deep(kept, die_after)
    again, resumed = train_deep(kept)
    for name, tensor in whole.state_dict().items():
        assert torch.equal(tensor, again.state_dict()[name]), name
    assert all(np.array_equal(one, other) for one, other in zip(history, resumed, strict=True))
    assert list((tmp_path / "deep").iterdir()) == []


def train_scripted(settings: TrainingSettings, held_losses, die_at: int | None = None):
    """A training whose held-out losses are given; killed in the epoch `die_at`."""
    rng = np.random.default_rng(4)
    x = torch.from_numpy(rng.normal(size=(60, 2)).astype(np.float32))

    def loss(network, rows):
        if not network.training:
            return torch.tensor(next(held_losses))
        if die_at is not None and training.n_done == die_at:
            raise Killed
        return ((network(x[rows]) - x[rows]) ** 2).mean()

    held = held_out(60, 0.2, None, rng)
    with seeded(4):
        network = torch.nn.Linear(2, 2)
        training = _Training(network, loss, held, settings, rng)
        training.resume()
        while training.n_done < settings.max_epochs and not training.is_over():
            training.run_epoch()
            training.save()
        return network, training.finish(), training.schedule


def test_the_best_epoch_and_the_schedule_outlive_a_kill(tmp_path):
    losses = [5.0, 1.0, 3.0, 3.0, 3.0, 3.0, 3.0, 3.0, 3.0]
    settings = TrainingSettings(max_epochs=9, patience=9, batch_size=16)
    whole, history, schedule = train_scripted(settings, iter(losses))
    kept, script = settings._replace(checkpoint=tmp_path / "file"), iter(losses)
    with pytest.raises(Killed):
        train_scripted(kept, script, die_at=4)
    again, resumed, resumed_schedule = train_scripted(kept, script)
    assert torch.equal(whole.weight, again.weight) and history.best == resumed.best == 1
    assert schedule == resumed_schedule
    assert schedule.factor == 0.5  # so that there was something to remember


def test_what_is_done_is_not_done_again(tmp_path):
    settings = TrainingSettings(max_epochs=12, batch_size=32, checkpoint=tmp_path / "training.safetensors")
    with pytest.raises(Killed):
        train_deep(settings, die_after=40)  # five calls an epoch
    with pytest.raises(Killed):
        train_deep(settings, die_after=19)
    train_deep(settings, die_after=5)


@pytest.mark.parametrize("content", [b"", b"not a checkpoint at all"])
def test_a_file_that_is_no_checkpoint_is_refused(content, tmp_path):
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(InputError, match="is no checkpoint of a training"):
        train_deep(TrainingSettings(max_epochs=2, checkpoint=tmp_path / "file"))


def test_the_checkpoint_of_another_training_is_refused(tmp_path):
    settings = TrainingSettings(max_epochs=12, checkpoint=tmp_path / "file")
    with pytest.raises(Killed):
        train_deep(settings, die_after=20)
    with pytest.raises(InputError, match="other settings or data"):
        train_deep(settings._replace(learning_rate=0.5))


def test_a_loss_that_is_not_a_number_ends_it_with_the_reason():
    with pytest.raises(InputError, match=r"the loss became (nan|inf) in epoch 1; lower learning_rate"):
        train(TrainingSettings(learning_rate=1e30, max_epochs=5, batch_size=8))


def test_an_epoch_that_cannot_be_judged_is_never_the_kept_one():
    x, judged = torch.linspace(-1, 1, 100)[:, None], []

    def loss(network, rows):
        value = ((network(x[rows]) - 2 * x[rows]) ** 2).mean()
        if network.training:
            return value
        judged.append(float(value))
        return value if len(judged) > 1 else value * float("nan")

    settings = TrainingSettings(learning_rate=0.05, max_epochs=40)
    with seeded(0):
        network = torch.nn.Linear(1, 1)
        history = train_network(network, loss, np.arange(100) % 4 == 0, settings, np.random.default_rng(0))
    assert history.best == 1 + int(np.argmin(judged[1:]))
    assert network.weight.item() == pytest.approx(2.0, abs=0.3)  # it began below one


def test_the_time_is_bounded():
    history = train(TrainingSettings(max_epochs=10_000, patience=10_000, max_seconds=0.3))[1]
    assert 1 <= len(history.held) < 5000


def test_held_out_objects_are_judged_in_parts_as_at_once():
    whole, parts = (train(TrainingSettings(max_epochs=4, held_batch=size))[1].held for size in (4096, 7))
    np.testing.assert_allclose(whole, parts, rtol=1e-6)


def test_a_device_that_is_not_there_is_refused():
    assert chosen_device("auto") in ("cpu", "cuda") and chosen_device("cpu") == "cpu"
    with pytest.raises(InputError, match="torch cannot use the device 'quantum'"):
        chosen_device("quantum")
