from __future__ import annotations

import numpy as np
import pytest

from checkstar.methods.networks.schedules import OneCycle, Plateau, schedule_of

torch = pytest.importorskip("torch", reason="torch is not installed: networks cannot be trained")


@pytest.mark.parametrize("patience", [1, 3])
def test_the_plateau_is_that_of_torch(patience):
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimiser = torch.optim.SGD([parameter], lr=0.3)
    theirs = torch.optim.lr_scheduler.ReduceLROnPlateau(optimiser, factor=0.5, patience=patience)
    ours = Plateau(peak=0.3, patience=patience)
    losses = np.random.default_rng(0).normal(0, 1, 200) - 0.01 * np.arange(200)
    losses[50] = np.nan
    for loss in losses:
        theirs.step(loss)
        ours.note(float(loss))
        # torch stops halving once a step would change the rate by less than 1e-8.
        assert ours.rate(0.0) == pytest.approx(optimiser.param_groups[0]["lr"], abs=2e-8)
    assert ours.rate(0.0) < 0.01


def test_one_cycle_rises_and_falls_once():
    rates = [OneCycle(peak=2.0).rate(share) for share in np.linspace(0, 1, 101)]
    assert max(rates) == pytest.approx(2.0) and np.argmax(rates) == 25
    assert (np.diff(rates[:26]) > 0).all() and (np.diff(rates[25:]) < 0).all()
    assert rates[-1] == pytest.approx(0, abs=1e-12)


def test_names_give_their_schedule():
    assert schedule_of("one_cycle", 0.1, 5) == OneCycle(peak=0.1)
    assert schedule_of("plateau", 0.1, 5) == Plateau(peak=0.1, patience=5)
