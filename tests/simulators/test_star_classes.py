import numpy as np
import pytest

from checkstar.simulators.star_classes import NON_PERIODIC, NOVEL, SHARES, STAR_CLASSES


def drawn(name, k=0, n=200, n_epochs=150):
    time = np.tile(np.sort(np.random.default_rng(1).uniform(0, 2000, n_epochs)), n)
    owner = np.repeat(np.arange(n), n_epochs)
    signal = STAR_CLASSES[name][k].draw(time, owner, n, np.random.default_rng(0))
    return signal, signal.change.reshape(n, n_epochs)


def test_shares_sum_to_one_and_name_known_classes():
    assert sum(SHARES.values()) == pytest.approx(1.0)
    assert set(STAR_CLASSES) - set(SHARES) == {NOVEL}
    assert all(sum(b.share for b in behaviours) == pytest.approx(1.0) for behaviours in STAR_CLASSES.values())


@pytest.mark.parametrize("name", STAR_CLASSES)
def test_every_class_draws_finite_changes(name):
    for k in range(len(STAR_CLASSES[name])):
        signal, change = drawn(name, k)
        assert np.isfinite(change).all()
        assert np.isnan(signal.period).all() if name in (NON_PERIODIC, NOVEL) else (signal.period > 0).all()


def test_miras_vary_more_than_semiregulars_but_not_all_of_them():
    mira, semiregular = (np.ptp(drawn(name)[1], axis=1) for name in ("Mira", "SR"))
    # The General Catalogue of Variable Stars parts them at 2.5 mag, where they overlap.
    assert np.mean(mira > 2.5) > 0.9
    assert 0.02 < np.mean(semiregular > 2.5) < 0.3


def test_contact_binaries_have_two_like_minima_and_detached_ones_flat_tops():
    contact, detached = (drawn(name, 0)[1] for name in ("EB/EW", "EA"))
    # Time near greatest brightness: short where stars are drawn out by tides, most of the cycle where they are apart.
    near_top = [
        np.median(np.mean(change - change.min(axis=1, keepdims=True) < 0.15 * np.ptp(change, axis=1)[:, None], axis=1))
        for change in (contact, detached)
    ]
    assert near_top[0] < 0.5 < 0.6 < near_top[1]


def test_lensing_brightens_once():
    change = drawn(NOVEL)[1]
    assert (change <= 0).all()
    assert np.median(change.min(axis=1)) < -1.0
