"""The rehearsal names what cannot work, guesses what the rest will take, and trains networks for one epoch only."""

import time

import pytest

from checkstar.errors import InputError
from checkstar.methods import KNearest, Ridge
from checkstar.studies.grid import Folding, lay_out
from checkstar.studies.hyperparameters import Search
from checkstar.studies.rehearsal import rehearse


class Epochs(KNearest):
    """Each epoch takes its time."""

    trained: list = []  # noqa: RUF012 - shared by all copies on purpose

    def __init__(self, max_epochs=50, n_neighbors=10, n_components="auto", weights="distance"):
        super().__init__(n_neighbors=n_neighbors, n_components=n_components, weights=weights)
        self.max_epochs = max_epochs

    def fit(self, *given, **more):
        self.trained.append(self.max_epochs)
        time.sleep(0.02 * self.max_epochs)
        return super().fit(*given, **more)


def rehearsed(toy, methods, searches=None, n=240):
    grid = lay_out(toy.problem(n=n), methods, Folding(folds=3), searches=searches)
    return rehearse(grid, grid.tasks), grid


def test_networks_are_rehearsed_for_one_epoch_and_their_time_is_that_of_all(toy):
    Epochs.trained.clear()
    found, _ = rehearsed(toy, {"net": Epochs()})
    assert Epochs.trained == [1]
    # 50 epochs of 0.02 s on 160 objects by those of about 60; a loaded machine takes longer.
    assert found.seconds["toy", "net"] > 50 * 0.02 * 160 / 80


def test_a_search_takes_as_long_as_all_of_its_fits(toy):
    class Slow(KNearest):
        def fit(self, *given, **more):
            time.sleep(0.1)
            return super().fit(*given, **more)

    plain, _ = rehearsed(toy, {"slow": Slow()})
    searched, _ = rehearsed(toy, {"slow": Slow()}, {"slow": Search(space={"n_neighbors": [1, 2]}, trials=4, folds=3)})
    # One fit on everything, and five times three on two thirds.
    assert searched.seconds["toy", "slow"] == pytest.approx(11 * plain.seconds["toy", "slow"], rel=0.5)


def test_each_method_is_rehearsed_once_for_each_problem_and_only_where_cells_are_missing(toy):
    told = []
    grid = lay_out(toy.problem(), {"a": KNearest(), "b": KNearest(n_neighbors=3)}, Folding(folds=3))
    only = [task for task in grid.tasks if task.cell.method == "b"]
    rehearse(grid, only, progress=lambda name, done, total: told.append((name, done, total)))
    assert told == [("rehearsing b", 0, 1)]


def test_the_rows_tell_how_much_is_to_be_run(toy):
    found, grid = rehearsed(toy, {"near": KNearest()})
    ((problem, method, cells, each, whole, memory),) = found.rows(grid, grid.tasks[1:])
    assert (problem, method, cells) == ("toy", "near", "2")
    assert each.startswith("~") and whole.startswith("~") and memory.endswith("MB")


def test_what_refuses_is_named_for_every_problem_at_once(toy):
    grid = lay_out({"one": toy.problem(), "two": toy.problem(seed=1)}, {"ridge": Ridge()}, Folding(folds=2))
    with pytest.raises(InputError) as caught:
        rehearse(grid, grid.tasks)
    assert "2 things are wrong" in str(caught.value)


def test_what_breaks_is_a_warning_only(toy):
    class Broken(KNearest):
        def fit(self, *given, **more):
            raise FloatingPointError("singular")

    found, _ = rehearsed(toy, {"b": Broken()})
    assert found.warnings == ["b failed on a few objects of toy and may fail again: FloatingPointError: singular"]
