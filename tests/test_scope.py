"""What a user declares is refused in words where it cannot be meant."""

from __future__ import annotations

import numpy as np
import pytest

import checkstar as cs
from checkstar.errors import InputError
from checkstar.methods import Ridge
from checkstar.scope import Scope
from checkstar.symmetries import Dimming, Flip, Response

X = np.random.default_rng(0).normal(size=(40, 3))
Y = X @ [1.0, 0.5, 0.0]


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({"target": [1, 2]}, "target is a list; give a Dataset"),
        ({"target": cs.Dataset(X[:0])}, "target holds no objects"),
        ({"suites": {"B": X}}, r"suites\['B'\] is a ndarray; give a Dataset"),
        ({"suites": [cs.Dataset(X)]}, "suites is a list; give datasets by name"),
        ({"suites": cs.Dataset(X)}, "suites is a Dataset; give datasets by name"),
        ({"forward": lambda y: y}, "forward is a function; give a ForwardModel"),
        ({"symmetries": Flip}, r"holds the class Flip; give an object made of it: Flip\(...\)"),
        ({"symmetries": "flip"}, "symmetries holds a str"),
        ({"nuisances": [np.sin]}, "nuisances holds a ufunc; give objects of Nuisance"),
        (
            {"relations": Dimming(extinction=[1.0], direction="<")},
            "direction of 'dimming by dust' is '<'; give one of >=",
        ),
        (
            {"relations": Response(name="r", apply=lambda x, a: x, direction="<=", amounts=(1.0, 0.1))},
            "amounts of 'r' run from 1.0 to 0.1",
        ),
    ],
)
def test_what_is_of_another_kind_is_refused(declared, message):
    with pytest.raises(InputError, match=message):
        Scope(**declared)


def test_none_is_nothing_declared():
    assert Scope(symmetries=None).declared == ()


def data(**fields):
    return cs.Dataset(X, Y, features=["u", "g", "r"], units={"u": "mag"}, **fields)


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({"target": cs.Dataset(X[:, :2])}, "target has 2 features but the test data have 3"),
        (
            {"target": cs.Dataset(X, features=["r", "g", "u"])},
            "features of target are in another order than those of the test data .column 0 is 'r' where 'u' is needed",
        ),
        ({"novelties": cs.Dataset(X, features=["u", "g", "z"])}, "other than those of the test data .column 2 is 'z'"),
        ({"target": cs.Dataset(X, features=["u", "g", "r"], units={"u": "Jy"})}, "u is in 'Jy' in target but in 'mag'"),
        ({"suites": {"B": cs.Dataset(X)}}, r"suites\['B'\] has no labels y"),
        ({"later": cs.Dataset(X)}, "later has no labels y"),
        (
            {"later": cs.Dataset(X, np.where(Y > 0, "a", "b"))},
            "for classification but those of the test data for regres",
        ),
    ],
)
def test_objects_that_are_observed_otherwise_are_refused_before_the_audit(declared, message):
    run = cs.Run.of(Ridge(), train=data(), test=data(), scope=Scope(**declared))
    with pytest.raises(InputError, match=message):
        cs.audit(run, "ranking", checks=())


@pytest.mark.parametrize("declared", [{"target": cs.Dataset(X)}, {"other_uses": {"calibrators": cs.Dataset(X[:, :1])}}])
def test_unnamed_columns_and_other_catalogues_are_taken_as_they_are(declared):
    run = cs.Run.of(Ridge(), train=data(), test=data(), scope=Scope(**declared))
    assert cs.audit(run, "ranking", checks=()).judgements[0].claim.label == "y"
