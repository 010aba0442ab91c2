import dataclasses

import numpy as np
import pytest

import checkstar as cs
from checkstar.errors import ContractError
from checkstar.methods import Constant
from checkstar.problems import Metric
from checkstar.testing import check_problem

PROBLEM = cs.problems.stellar_labels()


def test_the_problem_of_the_package_keeps_the_contract():
    check_problem(PROBLEM)


def metrics(**fields):
    metric = Metric(
        **{"name": "m", "function": lambda t, p: 0.0, "direction": "lower", "unit": "", "source": "s", **fields}
    )
    return {label: (metric,) for label in PROBLEM.labels}


def uncited(data):
    part = data[:]
    part.citation = ""
    return part


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"reference": Constant()}, "no better than a constant for 'teff'"),
        ({"metrics": {}}, "has no metric for 'teff'"),
        ({"metrics": metrics(source="")}, "does not describe the metric 'm'"),
        ({"test": PROBLEM.train[:50]}, "groups in both train and test"),
        ({"citation": "", "train": uncited(PROBLEM.train), "test": uncited(PROBLEM.test)}, "where its data come from"),
    ],
)
def test_what_breaks_the_contract_is_named(changes, message):
    with pytest.raises(ContractError, match=message):
        check_problem(dataclasses.replace(PROBLEM, **changes))


def test_a_class_in_the_test_part_alone_is_named():
    def side(labels):
        x = np.arange(len(labels), dtype=float) + (len(labels) % 2) / 2
        return cs.Dataset(x=x, y=np.array(labels), labels=["class"], citation="c")

    broken = dataclasses.replace(
        PROBLEM, train=side(["EA"] * 30 + ["RRab"] * 30), test=side(["EA"] * 20 + ["Mira"] * 3), metrics=metrics()
    )
    with pytest.raises(ContractError, match=r"1 classes in test alone \(first: Mira\); split with stratified_split"):
        check_problem(broken)


def test_copies_without_groups_are_found():
    def ungrouped(data):
        return cs.Dataset(data.x.copy(), data.y, labels=data.labels, features=data.features, citation="c")

    test = ungrouped(PROBLEM.test)
    test.x[3] = PROBLEM.train.x[5]
    broken = dataclasses.replace(PROBLEM, train=ungrouped(PROBLEM.train), test=test)
    with pytest.raises(ContractError, match="1 test objects that are also in train"):
        check_problem(broken)


def test_a_reference_that_fails_is_named():
    class Broken(Constant):
        def fit(self, x, y, *, noise=None, y_err=None):
            raise RuntimeError("no library")

    with pytest.raises(ContractError, match="reference method that fails"):
        check_problem(dataclasses.replace(PROBLEM, reference=Broken()))


def test_something_else_is_no_problem():
    with pytest.raises(ContractError, match="is no Problem"):
        check_problem(np.zeros(3))
