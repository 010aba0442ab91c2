from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from scipy import stats

import checkstar as cs
from checkstar.candidate_lists import CandidateList, candidates
from checkstar.data.curve_layout import curve_dataset
from checkstar.data.light_curves import LightCurves
from checkstar.errors import InputError
from checkstar.methods import Forest, Frozen, KNearest
from checkstar.methods.base import Method
from checkstar.prediction import Classes
from checkstar.statistics.venn_abers import VennAbers
from checkstar.testing import simulate_classes


class Told(Method):
    """Gives the first column as the probability of "RRAB", right or not."""

    def fit(self, x, y, *, noise=None, y_err=None):
        self.fitted_ = 1
        return self

    def predict_distribution(self, x, *, noise=None):
        return Classes(np.column_stack([1 - x[:, 0], x[:, 0]]), ["other", "RRAB"])


TOLD = Told().fit(None, None)


def draw(n: int, rng: np.random.Generator, power: float = 3.0, decimals: int = 12, **more) -> cs.Dataset:
    """Objects whose score means less than it says: they are members with the probability score^power."""
    score = rng.random(n).round(decimals)
    truth = np.where(rng.random(n) < score**power, "RRAB", "other")
    return cs.Dataset(score[:, None], truth, **more)


def true_share(found: CandidateList, pool: cs.Dataset) -> float:
    return float((pool.y[found.table["id"].astype(int), 0] == "RRAB").mean())


@pytest.mark.parametrize(("decimals", "n_held"), [(12, 800), (1, 400)])
def test_the_purity_of_lists_lies_inside_its_limits(monkeypatch, decimals, n_held):
    # Calibrated probabilities cost most of the time and have no part in the purity.
    monkeypatch.setattr(
        "checkstar.candidate_lists.venn_abers", lambda held, member, score: VennAbers(score, score, score)
    )
    rng = np.random.default_rng(0)
    below = above = wrong_share = 0
    trials = 400
    for seed in range(trials):
        pool = draw(1000, rng, decimals=decimals)
        held = draw(n_held, rng, decimals=decimals)
        found = candidates(TOLD, "RRAB", 100, new=pool, held_out=held, random_state=seed)
        share = true_share(found, pool)
        below += share < found.in_list[0] - 1e-9
        above += share > found.in_list[1] + 1e-9
        # Of all objects that rank as high: the mean of s^3 above the 90th percentile.
        wrong_share += not found.purity.low <= (1 - 0.9**4) / 0.4 <= found.purity.high
    # Each limit fails in at most 2.5 % of 400 lists: more than 20 would be a chance of one in a thousand.
    most = stats.binom.isf(1e-3, trials, 0.025)
    assert below <= most
    assert above <= most
    if decimals > 1:  # with ties, the threshold is no quantile of the score
        assert wrong_share <= stats.binom.isf(1e-3, trials, 0.06)


def test_what_the_method_promises_is_shown_beside_what_the_list_is_worth():
    rng = np.random.default_rng(1)
    found = candidates(TOLD, "RRAB", 100, new=draw(1000, rng, 6.0), held_out=draw(3000, rng, 6.0))
    assert found.claimed > 0.93 > found.purity.high
    assert found.table["probability"].mean() < found.purity.high + 0.05
    assert (found.table["score"].diff().dropna() <= 0).all()
    assert found.table["rank"].tolist() == list(range(1, 101))


def test_probabilities_of_the_list_are_calibrated():
    rng = np.random.default_rng(2)
    pool = draw(600, rng)
    found = candidates(TOLD, "RRAB", 600, new=pool, held_out=draw(2000, rng))
    truth = pool.y[found.table["id"].astype(int), 0] == "RRAB"
    middle = found.table["probability"].between(0.1, 0.7).to_numpy()
    # 150 objects know their share to 0.04, 2000 calibrating ones to 0.02.
    assert truth[middle].mean() == pytest.approx(found.table["probability"][middle].mean(), abs=0.13)
    assert abs(truth[middle].mean() - found.table["score"][middle].mean()) > 0.15
    assert (found.table["probability_low"] <= found.table["probability"] + 1e-12).all()
    assert (found.table["probability"] <= found.table["probability_high"] + 1e-12).all()


def test_a_list_finer_than_what_is_known_has_only_a_lower_limit():
    rng = np.random.default_rng(3)
    shares, lows = [], []
    for seed in range(60):
        pool = draw(20_000, rng)
        found = candidates(TOLD, "RRAB", 10, new=pool, held_out=draw(300, rng), random_state=seed)
        assert found.in_list[1] == found.purity.high == 1.0
        assert "that of the 30 best" in " ".join(found.notes)
        shares.append(true_share(found, pool))
        lows.append(found.in_list[0])
    assert np.mean(np.array(shares) < lows) < 0.05
    assert np.mean(lows) > 0.4  # it says something


def test_groups_count_as_few():
    rng = np.random.default_rng(4)
    alone = draw(400, rng)
    pool = draw(500, rng)
    rows = np.repeat(np.arange(400), 5)
    copied = cs.Dataset(alone.x[rows], alone.y[rows, 0], group=rows)
    one, five = (candidates(TOLD, "RRAB", 60, new=pool, held_out=held) for held in (alone, copied))
    width = [np.diff(found.purity[1:3])[0] for found in (one, five)]
    assert width[1] == pytest.approx(width[0], rel=0.1)
    naive = cs.Dataset(copied.x, copied.y[:, 0])
    assert np.diff(candidates(TOLD, "RRAB", 60, new=pool, held_out=naive).purity[1:3])[0] < 0.6 * width[0]


def test_without_known_objects_the_probabilities_are_believed_and_the_list_says_so():
    pool = draw(500, np.random.default_rng(5))
    found = candidates(TOLD, "RRAB", 50, new=pool)
    assert found.n_known == 0
    assert np.isnan(found.purity.low)
    assert "believes the method's own probabilities" in found.notes[0]
    assert found.in_list[0] > true_share(found, pool)  # as it should not be believed here
    assert found.table["probability"].equals(found.table["score"])


def test_a_run_ranks_its_own_test_set_without_looking_at_the_object_itself():
    rng = np.random.default_rng(6)
    run = cs.Run.of(Frozen(TOLD), test=draw(300, rng))
    found = candidates(run, "RRAB", 60)
    assert found.purity.value == pytest.approx(true_share(found, run.test))
    flipped = run.test.y.copy()
    first = int(found.table["id"][0])
    flipped[first] = "other" if flipped[first, 0] == "RRAB" else "RRAB"
    again = candidates(cs.Run.of(Frozen(TOLD), test=cs.Dataset(run.test.x, flipped[:, 0])), "RRAB", 60)
    assert again.table["probability"][0] == found.table["probability"][0]
    assert not again.table["probability"].equals(found.table["probability"])


def test_the_same_seed_gives_the_same_list_and_ties_are_broken_by_it():
    rng = np.random.default_rng(7)
    pool = draw(400, rng, decimals=1)
    one, same, other = (candidates(TOLD, "RRAB", 10, new=pool, random_state=seed) for seed in (0, 0, 1))
    assert one.table.equals(same.table)
    assert one.table["id"].tolist() != other.table["id"].tolist()


def novel_run(n: int, seed: int = 0) -> tuple[cs.Run, cs.Dataset]:
    data = simulate_classes(700 + n, seed)
    run = cs.Run.of(KNearest(), train=data[:400], test=data[400:700])
    return run, data[700:]


def test_what_was_never_seen_is_flagged_and_the_ordinary_rarely():
    run, new = novel_run(400)
    strange = cs.Dataset(np.vstack([new.x, np.full((5, 6), 9.0)]), None)
    found = candidates(run, "EA", len(strange), new=strange)
    table = found.table.set_index(found.table["id"].astype(int)).sort_index()
    assert table["novel"][-5:].all()
    assert table["novelty_p"][-5:].max() == pytest.approx(1 / 301)
    # At most 1 in 100 of 400, and 300 that calibrate: 4 +- 3.
    assert table["novel"][:400].sum() <= 13


def test_novelty_p_values_of_ordinary_objects_are_valid_in_its_own_test_set_too():
    run, new = novel_run(300, 1)
    for found in (candidates(run, "EA", 300), candidates(run, "EA", 300, new=new)):
        p = found.table["novelty_p"]
        for level in (0.05, 0.2, 0.5):
            assert (p <= level).mean() <= level + 3 * np.sqrt(2 * level / 300)
        assert (p <= 0.5).mean() > 0.3


def test_novelty_is_judged_in_the_features_that_are_asked_for():
    run, new = novel_run(100)
    strange = cs.Dataset(np.column_stack([new.x[:, :5], np.full(100, 30.0)]))
    kept = candidates(run, "EA", 100, new=strange)
    blind = candidates(run, "EA", 100, new=strange, describe=lambda data: data.x[:, :5])
    assert kept.table["novel"].all()
    assert blind.table["novel"].mean() < 0.1


def test_without_training_objects_novelty_is_not_judged_and_the_list_says_so():
    found = candidates(TOLD, "RRAB", 5, new=draw(50, np.random.default_rng(8)))
    assert "novel" not in found.table
    assert "Novelty was not judged" in found.notes[-1]


def curves(n: int, seed: int) -> cs.Dataset:
    """Sines of amplitude 0.1 or 0.4 mag at 40 epochs of 0.02 mag."""
    import pandas as pd

    rng = np.random.default_rng(seed)
    kind = rng.choice(["EW", "RRAB"], n)
    time = np.sort(rng.uniform(0, 100, (n, 40)), axis=1)
    wave = np.where(kind == "EW", 0.1, 0.4)[:, None] * np.sin(2 * np.pi * time / 0.6 + rng.uniform(0, 6, (n, 1)))
    value = 15 + wave + 0.02 * rng.standard_normal((n, 40))
    columns = {"id": [f"star {i}" for i in range(n)], "ra": rng.uniform(0, 360, n), "dec": rng.uniform(-90, 90, n)}
    meta = pd.DataFrame({"class": kind, "period": 0.6, **columns})
    light = LightCurves.from_lists(list(time), list(value), [np.full(40, 0.02)] * n, meta=meta)
    return curve_dataset(light, "class", extras=("period",))


class Scatter(Method):
    """The scatter of a light curve as a score."""

    def fit(self, x, y, *, noise=None, y_err=None):
        self.forest_ = Forest(n_trees=10).fit(np.nanstd(x[:, 41:], axis=1)[:, None], y)
        return self

    def predict_distribution(self, x, *, noise=None):
        return self.forest_.predict_distribution(np.nanstd(x[:, 41:], axis=1)[:, None])


def test_light_curves_are_judged_by_their_shapes_and_positions_are_copied():
    run = cs.Run.of(Scatter(), train=curves(150, 0), test=curves(120, 1))
    new = curves(100, 2)
    new.x[3, 41:] = 15 + 3 * (np.arange(40) == 7)  # one point of three magnitudes
    found = candidates(run, "RRAB", 100, new=new)
    table = found.table.set_index("id")
    assert {"ra", "dec"} <= set(table)
    assert table["ra"]["star 5"] == new.meta["ra"][5]
    assert table["novel"]["star 3"]
    assert table["novel"].mean() < 0.1


def test_further_columns_are_copied_when_named():
    rng = np.random.default_rng(9)
    pool = draw(50, rng, meta={"mag": np.arange(50.0)}, units={"mag": "mag"})
    found = candidates(TOLD, "RRAB", 5, new=pool, keep=["mag"])
    assert found.table["mag"].tolist() == found.table["id"].astype(float).tolist()
    assert found.units == {"mag": "mag"}


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (partial(candidates, TOLD, "RRAC", 5), "did you mean 'RRAB'"),
        (partial(candidates, TOLD, "RRAB", 51), "ask for 1 to 50"),
        (partial(candidates, TOLD, "RRAB", 5, level=0), "level is 0"),
        (partial(candidates, TOLD, "RRAB", 5, keep=["magg"]), "no column of metadata 'magg'"),
        (partial(candidates, TOLD, "RRAB", 5, held_out=cs.Dataset([[1.0]])), "no classes y"),
        (partial(candidates, TOLD, "RRAB", 5, keep="mag"), "keep is the text 'mag'"),
        (partial(candidates, TOLD, "RRAB", 2.5), "k is 2.5, but there are 50 objects"),
        (partial(candidates, Told(), "RRAB", 5), "a fitted method"),
        (
            partial(candidates, cs.Run.of(Frozen(TOLD), test=draw(20, np.random.default_rng(0))), "RRAB", 5, train=1),
            "its own",
        ),
    ],
)
def test_what_cannot_be_done_is_refused_by_name(action, message):
    with pytest.raises(InputError, match=message):
        action(new=draw(50, np.random.default_rng(0)))


def test_a_regression_has_no_candidates():
    run = cs.Run.of(lambda x: x[:, 0], test=cs.Dataset(np.arange(30.0)[:, None], np.arange(30.0)))
    with pytest.raises(InputError, match="the method predicts numbers"):
        candidates(run, "RRAB")


def test_it_shows_what_it_holds():
    found = candidates(TOLD, "RRAB", 5, new=draw(50, np.random.default_rng(0)))
    assert repr(found).startswith("CandidateList(5 of 50 objects for RRAB by Told; ")
    assert len(found) == 5


def test_light_curves_are_ranked_as_a_dataset():
    curves = LightCurves.from_lists([[1.0]], [[15.0]])
    with pytest.raises(InputError, match="are a LightCurves; give a Dataset"):
        candidates(TOLD, "RRAB", 1, new=curves)


def test_what_was_not_judged_is_not_shown_as_none():
    found = candidates(Frozen(TOLD), "RRAB", 5, new=draw(50, np.random.default_rng(0)))
    assert repr(found).endswith("novelty not judged)")
