"""Settings are chosen inside the training part, the same ones whoever is killed on the way."""

import numpy as np
import pytest

import checkstar as cs
from checkstar.errors import InputError
from checkstar.methods import KNearest
from checkstar.studies import hyperparameters
from checkstar.studies.hyperparameters import Between, Search, search_settings

GRID = Search(space={"n_neighbors": [1, 5, 25]}, trials=3)
WIDE = Search(space={"n_neighbors": Between(1, 40), "weights": ["distance", "uniform"]}, trials=6, folds=2)


def found(toy, search, seed=0, method=None, **settings):
    return search_settings(method or KNearest(), toy.data(), search, [toy.metric()], seed=seed, **settings)


class Watching(KNearest):
    """Remembers the rows that it was ever fitted on, or asked about."""

    seen: set = set()  # noqa: RUF012 - shared by all copies on purpose

    def fit(self, x, y, *, noise=None, y_err=None):
        self.seen.update(np.asarray(x)[:, 0].tolist())
        return super().fit(x, y, noise=noise, y_err=y_err)

    def predict_distribution(self, x, *, noise=None):
        self.seen.update(np.asarray(x)[:, 0].tolist())
        return super().predict_distribution(x, noise=noise)


def test_inner_folds_never_see_an_outer_test_object(toy):
    data = toy.data()
    outer = data.split(0.3, 0)
    Watching.seen.clear()
    search_settings(Watching(), outer[0], GRID, [toy.metric()])
    assert Watching.seen == set(outer[0].x[:, 0].tolist())
    assert not Watching.seen & set(outer[1].x[:, 0].tolist())


def test_a_planted_leak_would_be_seen(toy):
    data = toy.data()
    Watching.seen.clear()
    search_settings(Watching(), data, GRID, [toy.metric()])
    assert Watching.seen & set(data.split(0.3, 0)[1].x[:, 0].tolist())


def test_all_of_a_small_grid_is_tried_and_the_best_is_chosen(toy):
    record = found(toy, GRID).record
    assert record["engine"] == "grid"
    tried = {trial["settings"].get("n_neighbors"): trial["score"] for trial in record["trials"]}
    assert set(tried) == {None, 1, 5, 25}
    assert record["score"] == max(tried.values())
    assert record["default_score"] == tried[None]


def test_a_metric_that_is_better_when_lower_is_made_low(toy):
    low = toy.metric("error", lambda truth, predicted: float(np.mean(truth != predicted)), "lower")
    one = search_settings(KNearest(), toy.data(), GRID, [low])
    assert one.settings == found(toy, GRID).settings
    assert one.record["score"] == pytest.approx(1 - found(toy, GRID).record["score"])


def test_the_same_seed_tries_the_same_and_another_does_not(toy):
    def tried(seed):
        return [trial["settings"] for trial in found(toy, WIDE, seed).record["trials"]]

    assert found(toy, WIDE).record["engine"] == "optuna"
    assert tried(1) == tried(1) != tried(2)


def test_a_killed_search_goes_on_to_the_same_end(toy, tmp_path):
    class Killed(KNearest):
        left = 5

        def fit(self, *given, **more):
            type(self).left -= 1
            if type(self).left < 0:
                raise KeyboardInterrupt
            return super().fit(*given, **more)

    whole = found(toy, WIDE).record["trials"]
    journal = tmp_path / "search.log"
    with pytest.raises(KeyboardInterrupt):
        found(toy, WIDE, method=Killed(), journal=journal)
    with journal.open("ab") as file:
        file.write(b'{"op_code": 5, "torn')
    Killed.left = 10_000
    again = found(toy, WIDE, method=Killed(), journal=journal).record["trials"]
    assert again == whole
    # One trial was over, and is not repeated: fits of the defaults and of five others, two inner folds each.
    assert 10_000 - Killed.left == 2 * 6


def test_without_optuna_settings_are_drawn_at_random(toy, monkeypatch):
    monkeypatch.setattr(hyperparameters, "find_spec", lambda name: None)
    record = found(toy, WIDE, 3).record
    assert record["engine"] == "random"
    assert len(record["trials"]) == 7
    assert all(1 <= trial["settings"]["n_neighbors"] <= 40 for trial in record["trials"][1:])
    assert found(toy, GRID).record["engine"] == "grid"


def test_numbers_are_drawn_in_their_logarithm_and_whole_ones_whole(monkeypatch):
    rng = np.random.default_rng(0)
    drawn = [hyperparameters._drawn(Between(1e-4, 1.0, log=True), rng) for _ in range(2000)]
    # Half of them below the geometric mean; three sigma of 2000 draws is 0.034.
    assert np.mean(np.array(drawn) < 1e-2) == pytest.approx(0.5, abs=0.034)
    whole = {hyperparameters._drawn(Between(1, 4), rng) for _ in range(200)}
    assert whole == {1, 2, 3, 4}


def test_trials_that_fail_are_kept_with_the_reason_and_not_chosen(toy):
    record = found(toy, Search(space={"n_neighbors": [5, -3]}, trials=2)).record
    failed = [trial for trial in record["trials"] if trial["score"] is None]
    assert [trial["settings"] for trial in failed] == [{"n_neighbors": -3}]
    assert failed[0]["reason"]


def test_where_every_trial_fails_the_reason_is_given(toy):
    with pytest.raises(InputError, match="each of the 2 settings tried failed, the first so: "):
        found(toy, Search(space={"n_neighbors": [-3]}, trials=1), method=KNearest(n_neighbors=-1))


def test_a_class_of_a_single_group_does_not_end_the_search(toy):
    data = toy.data()
    y = data.y[:, 0].copy()
    y[:2] = "z"
    rare = cs.Dataset(x=data.x, y=y, group=data.group, labels=["class"])
    assert search_settings(KNearest(), rare, GRID, [toy.metric()]).record["score"] > 0.5


@pytest.mark.parametrize(
    ("space", "message"),
    [
        ({"n_neighbours": [1]}, "there is no setting to search over 'n_neighbours'; did you mean 'n_neighbors'"),
        ({"n_neighbors": Between(5, 1)}, "is searched between 5 and 1; give low < high"),
        ({"n_neighbors": Between(0, 1, log=True)}, "in its logarithm"),
        ({"n_neighbors": "many"}, "is searched over 'many'; give a list of values"),
        ({}, "over 0 settings cannot be done"),
    ],
)
def test_what_cannot_be_searched_is_named(toy, space, message):
    with pytest.raises(InputError, match=message):
        Search(space=space).check(KNearest(), [toy.metric()])


def test_an_unknown_metric_is_named(toy):
    with pytest.raises(InputError, match="there is no metric 'acuracy'; did you mean 'accuracy'"):
        Search(space={"n_neighbors": [1]}, metric="acuracy").check(KNearest(), [toy.metric()])


def test_a_setting_of_a_method_that_is_held_can_be_searched():
    from checkstar.methods import Calibrated

    Search(space={"method__n_neighbors": [1, 2]}).check(Calibrated(KNearest()), [])
