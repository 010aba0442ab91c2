"""One cell: what it stores, at which stage it failed, and what is kept of a training."""

import numpy as np
import pytest

import checkstar as cs
from checkstar.methods import Isotonic, KNearest
from checkstar.studies.cells import failed_record, fresh, run_cell
from checkstar.studies.grid import Folding, lay_out
from checkstar.studies.hyperparameters import Search


def cell(toy, method, search=None, problem=None):
    searches = {} if search is None else {"m": search}
    grid = lay_out(problem or toy.problem(), {"m": method}, Folding(folds=2), searches=searches)
    return run_cell(grid.tasks[0], next(iter(grid.data.values()))), grid.tasks[0]


class Broken(KNearest):
    """Fails where it is told to."""

    where = ""

    def fit(self, *given, **more):
        if self.where == "fit":
            raise ValueError("no fit")
        return super().fit(*given, **more)

    def predict_distribution(self, x, *, noise=None):
        if self.where == "predict":
            raise ValueError("no answer")
        return super().predict_distribution(x, noise=noise)


def test_the_table_holds_what_can_be_told_of_each_object(toy):
    data = toy.data()
    weighted = cs.Dataset(
        x=data.x, y=data.y, labels=["class"], meta=data.meta, group=data.group, weight=np.arange(1.0, 121.0)
    )
    (record, table), task = cell(toy, KNearest(), problem=toy.problem(weighted))
    assert list(table.columns) == ["row", "id", "group", "weight", "truth_class", "p_a", "p_b", "p_c"]
    np.testing.assert_array_equal(table["row"], task.test)
    assert (record.n_train, record.n_test, record.n_units) == (60, 60, 30)


@pytest.mark.parametrize("stage", ["fit", "predict"])
def test_the_stage_of_a_failure_is_told(toy, stage):
    method = Broken()
    Broken.where = stage
    (record, table), _ = cell(toy, method)
    Broken.where = ""
    assert table is None
    assert (record.failure.stage, record.failure.reason.split(":")[0]) == (stage, "ValueError")
    assert "Traceback" in record.failure.traceback
    assert record.costs["peak_memory_mb"] > 0


def test_a_search_that_fails_and_a_metric_that_fails_are_told_apart(toy):
    (record, _), _ = cell(toy, KNearest(n_neighbors=-1), Search(space={"n_neighbors": [-2]}))
    assert record.failure.stage == "search"

    def broken(truth, predicted):
        raise ZeroDivisionError("no score")

    (record, _), _ = cell(toy, KNearest(), problem=toy.problem(metrics=(toy.metric("broken", broken),)))
    assert (record.failure.stage, record.failure.reason) == ("score", "ZeroDivisionError: no score")


def test_a_metric_that_is_not_a_number_is_none(toy):
    (record, _), _ = cell(
        toy, KNearest(), problem=toy.problem(metrics=(toy.metric("lost", lambda t, p: float("nan")),))
    )
    assert record.failure is None
    assert record.metrics == {"class": {"lost": None}}


class Trained(KNearest):
    """Keeps the loss of its epochs."""

    def fit(self, *given, **more):
        super().fit(*given, **more)
        self.held_loss_ = np.array([3.0, 2.0, np.nan])
        return self


@pytest.mark.parametrize("method", [Trained(), Isotonic(Trained())])
def test_the_loss_by_epoch_is_kept_also_of_a_method_that_is_held(toy, method):
    (record, _), _ = cell(toy, method)
    assert record.history == {"held_loss": [3.0, 2.0, None]}


def test_a_fresh_copy_has_learned_nothing_and_has_the_seed():
    from checkstar.methods import BoostedTrees

    data = cs.Dataset(x=np.arange(40.0)[:, None], y=np.arange(40.0))
    fitted = BoostedTrees(random_state=1).fit_data(data)
    copy = fresh(fitted, 5)
    assert not copy.is_fitted()
    assert (copy.random_state, fitted.random_state) == (5, 1)
    trained = cs.as_method(lambda x: x[:, 0])
    assert fresh(trained, 5) is trained


def test_a_cell_whose_worker_died_has_the_reason(toy):
    (_, _), task = cell(toy, KNearest())
    record = failed_record(task, "its worker died")
    assert (record.failure.stage, record.failure.reason, record.n_test) == ("worker", "its worker died", 60)
