"""Each effect on light curves does what it says, to the epochs and values it says, and nothing at size zero."""

import numpy as np
import pytest

from checkstar.data.curve_layout import CurveLayout
from checkstar.data.light_curves import LightCurves
from checkstar.errors import InputError
from checkstar.variability.nuisances import (
    drift,
    dropped_epochs,
    extra_scatter,
    lost_seasons,
    other_cadence,
    season_offsets,
)

LAYOUT = CurveLayout(n_epochs=90, extras=("period",), bands=("g", "r"))
FEATURES = LAYOUT.features


def rows(n=40, seed=0):
    """Three seasons of 30 nights a year apart; two bands; every other object lacks the last ten epochs."""
    rng = np.random.default_rng(seed)
    time = np.sort(np.concatenate([365.0 * s + rng.uniform(0, 200, (n, 30)) for s in range(3)], axis=1), axis=1)
    value, band = rng.normal(15, 1, (n, 90)), np.broadcast_to(np.arange(90) % 2.0, (n, 90)).copy()
    for block in (time, value, band):
        block[::2, 80:] = np.nan
    return np.column_stack([np.full(n, 0.5), time, value, band])


def epochs(x):
    return LAYOUT.unpack(x).n_epochs


SPARSE = LightCurves.from_lists([np.arange(n) * 50.0 for n in (5, 9, 12)], [np.full(n, 14.0) for n in (5, 9, 12)])
SURVEY = LightCurves.from_lists([np.arange(12) * 50.0] * 3, np.full((3, 12), 14.0))
EFFECTS = [
    dropped_epochs(FEATURES, 0.25),
    lost_seasons(FEATURES),
    other_cadence(FEATURES, SPARSE),
    extra_scatter(FEATURES, 0.1),
    drift(FEATURES, 0.02),
    season_offsets(FEATURES, 0.05),
]


@pytest.mark.parametrize("effect", EFFECTS, ids=lambda effect: effect.name)
def test_nothing_happens_at_size_zero_and_the_argument_stays_as_it_is(effect):
    x = rows()
    kept = x.copy()
    assert np.array_equal(effect.apply(x, 0.0), kept, equal_nan=True)
    moved = effect.apply(x, 1.0)
    assert np.array_equal(x, kept, equal_nan=True)
    assert not np.array_equal(moved, kept, equal_nan=True)
    # The same effect is the same again, the opposite one is another, and what is known of the object stays.
    assert np.array_equal(effect.apply(x, 1.0), moved, equal_nan=True)
    assert not np.array_equal(effect.apply(x, -1.0), moved, equal_nan=True)
    assert np.array_equal(moved[:, 0], x[:, 0])


@pytest.mark.parametrize("effect", EFFECTS[:3], ids=lambda effect: effect.name)
def test_an_epoch_is_lost_whole_and_those_left_are_as_they_were(effect):
    x, moved = rows(), effect.apply(rows(), 1.0)
    blocks = [np.isfinite(moved[:, start : start + 90]) for start in (1, 91, 181)]
    assert all(np.array_equal(blocks[0], other) for other in blocks[1:])
    there = np.isfinite(moved)
    assert np.array_equal(moved[there], x[there])


def test_a_share_of_the_epochs_of_each_object_is_lost():
    assert epochs(dropped_epochs(FEATURES, 0.25).apply(rows(), 1.0)).tolist() == [60, 68] * 20
    assert epochs(dropped_epochs(FEATURES, 0.25).apply(rows(), -2.0)).tolist() == [40, 45] * 20
    with pytest.raises(InputError, match=r"share of epochs lost is 1\.2"):
        dropped_epochs(FEATURES, 1.2)


def test_whole_seasons_are_lost_but_never_all():
    left = epochs(lost_seasons(FEATURES).apply(rows(), 1.0))
    assert set(left[1::2]) == {60}
    assert set(left[::2]) == {50, 60}
    # However many are asked for, one stays.
    assert set(epochs(lost_seasons(FEATURES, 9).apply(rows(), 1.0))) == {20, 30}
    assert set(epochs(lost_seasons(FEATURES, gap_days=1e4).apply(rows(), 1.0))) == {80, 90}


def test_the_epochs_left_are_those_nearest_to_the_other_survey():
    x = rows()
    found = LAYOUT.unpack(other_cadence(FEATURES, SURVEY).apply(x, 1.0))
    assert found.n_epochs.max() <= 12
    for before, after in zip(LAYOUT.unpack(x), found, strict=True):
        since = before.time - before.time.min()
        wanted = np.mod(np.arange(12) * 50.0, since.max())
        nearest = {int(np.abs(since - t).argmin()) for t in wanted}
        assert sorted(before.time[list(nearest)]) == pytest.approx(sorted(after.time))


def test_scatter_drift_and_zero_points_add_what_they_say():
    x = rows(400)
    values, time = slice(91, 181), x[:, 1:91]
    added = {e.name: (e.apply(x, 2.0) - x)[:, values] for e in EFFECTS[3:]}
    # 34,000 numbers of standard deviation 0.2: one sigma of it is 0.0008.
    assert np.nanstd(added["extra scatter"]) == pytest.approx(0.2, abs=0.004)
    middle = np.nanmean(time, axis=1, keepdims=True)
    assert added["drift of the zero point"] == pytest.approx(0.04 * (time - middle) / 365.25, nan_ok=True)
    seasons = added["zero points of the seasons"]
    there = np.isfinite(seasons)
    year = np.floor(time[there] / 365.25)
    offsets = [set(np.round(seasons[there][year == y], 9)) for y in np.unique(year)]
    assert [len(one) for one in offsets] == [1, 1, 1]
    assert len(set.union(*offsets)) == 3
