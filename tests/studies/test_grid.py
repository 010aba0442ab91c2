"""The whole grid is checked before anything runs, and all that is wrong is named at once."""

import numpy as np
import pytest

import checkstar as cs
from checkstar.errors import InputError
from checkstar.methods import BoostedTrees, KNearest
from checkstar.studies import grid as module
from checkstar.studies.grid import Folding, lay_out
from checkstar.studies.hyperparameters import Search


def refused(*given, folding=None, **settings):
    with pytest.raises(InputError) as caught:
        lay_out(*given, folding or Folding(folds=3), **settings)
    return str(caught.value)


def test_a_grid_has_a_cell_for_each_method_problem_and_fold(toy):
    made = lay_out([toy.problem(), toy.problem(name="other", seed=1)], [KNearest(), BoostedTrees()], Folding(folds=3))
    assert len(made.tasks) == len({task.cell.key for task in made.tasks}) == 12
    assert {task.cell.method for task in made.tasks} == {"KNearest", "BoostedTrees"}
    for task in made.tasks:
        assert not set(task.train) & set(task.test)


def test_methods_of_one_fold_share_its_rows_and_its_seed(toy):
    tasks = lay_out(toy.problem(), [KNearest(), BoostedTrees()], Folding(folds=3)).tasks
    for fold in range(3):
        mine = [task.cell for task in tasks if task.cell.fold.index == fold]
        assert len({(cell.rows_hash, cell.seed) for cell in mine}) == 1
    assert len({task.cell.seed for task in tasks}) == 3


def test_the_own_split_of_a_problem_is_kept(toy):
    problem = toy.problem()
    (task,) = lay_out(problem, KNearest(), Folding(folds=None)).tasks
    assert len(task.train) == len(problem.train)
    np.testing.assert_array_equal(
        lay_out(problem, KNearest(), Folding(folds=None)).data["toy"][task.test].x, problem.test.x
    )


def test_shares_make_a_learning_curve_on_the_same_test_objects(toy):
    tasks = lay_out(toy.problem(), KNearest(), Folding(folds=2, shares=(0.25, 1.0))).tasks
    assert [task.cell.share for task in tasks] == [1.0, 0.25] * 2
    assert set(tasks[1].train) < set(tasks[0].train)
    np.testing.assert_array_equal(tasks[0].test, tasks[1].test)


def test_the_key_does_not_hang_on_what_things_are_called(toy):
    one = lay_out({"a": toy.problem()}, {"b": KNearest()}, Folding(folds=2)).tasks
    other = lay_out({"c": toy.problem()}, {"d": KNearest()}, Folding(folds=2)).tasks
    assert [task.cell.key for task in one] == [task.cell.key for task in other]


def test_all_that_is_wrong_is_named_at_once(toy):
    data = toy.data()
    y = data.y[:, 0].astype(object)
    y[:2] = "unique"
    lonely = toy.problem(cs.Dataset(x=data.x, y=y, labels=["class"], group=data.group), name="lonely")
    few = toy.problem(data[:4], name="few")
    message = refused(
        [toy.problem(), lonely, few, toy.problem()],
        [KNearest(), "not a method", KNearest()],
        searches={"KNearest": {"neighbours": [1]}, "nobody": {"x": [1]}},
    )
    for part in (
        "the study cannot begin, ",
        "nothing was run:",
        "two problems are called 'toy'; give a mapping of names to problems",
        "two methods are called 'KNearest'; give a mapping of names to methods",
        "a str cannot be wrapped",
        "the class 'unique' is in no training part of fold",
        "it has 2 objects in 1 group; leave it out or join it with another",
        "folds is 3; with 2 independent groups",
        "there is no setting to search over 'neighbours'",
        "a search is given for it, but it is not in the study",
    ):
        assert part in message
    assert message.splitlines()[1].split() == ["problem", "method", "what", "is", "wrong"]


def test_too_little_memory_is_named_with_the_estimate(toy, monkeypatch):
    monkeypatch.setattr(module, "available_memory_mb", lambda: 900.0)
    lay_out(toy.problem(), KNearest(), Folding(folds=3), n_workers=2)
    message = refused(toy.problem(), KNearest(), n_workers=3)
    assert "3 workers need about 1,200 MB (120 objects x 4 columns x 8 bytes x 4, and a process each)" in message
    assert "900 MB are free; use fewer workers" in message


@pytest.mark.parametrize(
    ("problems", "methods", "settings", "message"),
    [
        ([], KNearest(), {}, "there is no problem; give at least one"),
        ("toy", KNearest(), {}, "'toy' is a str, not a Problem"),
        (None, [], {}, "there is no method; give at least one"),
        (None, KNearest, {}, "KNearest is a class, not a model"),
        (None, KNearest(), {"folding": Folding(folds=1)}, "folds is 1"),
        (None, KNearest(), {"folding": Folding(splits=0)}, "0 splits with a test share of 0.2"),
        (None, KNearest(), {"folding": Folding(shares=(0.5, 0.5))}, "the shares of the training part are"),
        (None, KNearest(), {"folding": Folding(shares=(2.0,))}, "different numbers above 0, up to 1"),
    ],
)
def test_wrong_input_is_named(toy, problems, methods, settings, message):
    assert message in refused(toy.problem() if problems is None else problems, methods, **settings)


def test_a_problem_without_metrics_or_with_missing_labels_is_named(toy):
    from dataclasses import replace

    assert "it has no metric" in refused(replace(toy.problem(), metrics={}), KNearest())


def test_what_comes_trained_is_taken_with_a_warning_and_cannot_be_searched(toy):
    made = cs.as_method(lambda x: np.full((len(x), 3), 1 / 3), output="probabilities", classes=["a", "b", "c"])
    assert "comes trained" in lay_out(toy.problem(), {"fixed": made}, Folding(folds=2)).warnings[0]
    message = refused(toy.problem(), {"fixed": made}, searches={"fixed": Search(space={"batch_size": [1, 2]})})
    assert "it comes trained, so there is nothing to search for" in message


def test_a_search_without_optuna_is_warned_of(toy, monkeypatch):
    from checkstar.studies import hyperparameters

    monkeypatch.setattr(hyperparameters, "find_spec", lambda name: None)
    wide = {"n_neighbors": hyperparameters.Between(1, 50)}
    made = lay_out(toy.problem(), KNearest(), Folding(folds=2), searches={"KNearest": wide})
    assert made.warnings == [
        "optuna is not installed, so settings of KNearest are drawn at random; pip install 'checkstar[hpo]' searches better"
    ]
