"""The hashes that name a run change with what determines it, and with nothing else."""

import subprocess
import sys

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

import checkstar as cs
from checkstar.methods import BoostedTrees, Calibrated, Cannon, KNearest, Ridge
from checkstar.noise import Gaussian
from checkstar.studies.identity import _house_sources, code_hash, data_hash, described, rows_hash, settings_of


def test_settings_of_a_method_within_a_method_are_told():
    told = described(Calibrated(KNearest(n_neighbors=3)))
    assert told["settings"]["method"]["settings"]["n_neighbors"] == 3


def test_the_seed_is_no_setting():
    assert settings_of(BoostedTrees(random_state=1)) == settings_of(BoostedTrees(random_state=2))


def test_functions_differ_by_what_they_hold():
    def scaled(factor):
        return lambda x: factor * x

    assert described(scaled(1.0)) == described(scaled(1.0))
    assert described(scaled(1.0)) != described(scaled(2.0))
    assert described(scaled(np.zeros(3))) != described(scaled(np.ones(3)))


def test_an_object_is_told_by_what_it_holds_and_not_by_where_it_is():
    class Model:
        def __init__(self, weight):
            self.weight = weight

    for one, other, same in ((1, 1, True), (1, 2, False)):
        assert (described(KNeighborsClassifier(one)) == described(KNeighborsClassifier(other))) is same
    # A class that only this function knows cannot be told: it is never taken for another.
    assert described(Model(1)) != described(Model(2))


def test_descriptions_are_the_same_in_another_process():
    code = (
        "from checkstar.studies.identity import *; from checkstar.methods import *; "
        "print(described(Calibrated(BoostedTrees())), code_hash(Calibrated(BoostedTrees())))"
    )
    there = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    made = Calibrated(BoostedTrees())
    assert there.strip() == f"{described(made)} {code_hash(made)}"


def test_code_is_all_that_a_method_imports_of_this_package_and_nothing_else():
    names = [name for name, _ in _house_sources("checkstar.methods.ridge")]
    assert {"checkstar.methods.ridge", "checkstar.methods.base", "checkstar.prediction", "checkstar.noise"} <= set(
        names
    )
    assert "checkstar.methods.trees" not in names
    assert code_hash(Ridge()) != code_hash(Cannon())
    assert code_hash(KNearest(n_neighbors=1)) == code_hash(KNearest(n_neighbors=2))
    assert code_hash(Calibrated(Ridge())) != code_hash(Ridge())


def test_code_changes_with_a_module_that_is_imported_by_an_imported_one(monkeypatch, tmp_path):
    from checkstar.studies import identity

    before = code_hash(Ridge())
    changed = tmp_path / "noise.py"
    changed.write_text("# another text\n")
    original = identity._source_path.__wrapped__
    monkeypatch.setattr(identity, "_source_path", lambda name: changed if name == "checkstar.noise" else original(name))
    _house_sources.cache_clear()
    assert code_hash(Ridge()) != before
    monkeypatch.undo()
    _house_sources.cache_clear()
    assert code_hash(Ridge()) == before


def test_models_of_other_libraries_are_known_by_their_version(monkeypatch):
    import sklearn

    wrapped = cs.as_method(LogisticRegression())
    before = code_hash(wrapped)
    monkeypatch.setattr(sklearn, "__version__", "99.0")
    assert code_hash(wrapped) != before


@pytest.mark.parametrize("what", ["x", "y", "noise", "group", "weight", "features"])
def test_data_are_told_by_all_that_a_method_may_see(what):
    def made(**other):
        given = dict(
            x=np.ones((4, 2)),
            y=np.arange(4.0),
            noise=0.1,
            group=[0, 0, 1, 1],
            weight=[1.0, 1, 1, 1],
            features=["a", "b"],
        )
        return cs.Dataset(**{**given, **other})

    other = {
        "x": np.zeros((4, 2)),
        "y": [1.0, 1, 1, 1],
        "noise": Gaussian(0.2),
        "group": [0, 1, 2, 3],
        "weight": [2.0, 1, 1, 1],
        "features": ["a", "c"],
    }
    assert data_hash(made()) == data_hash(made())
    assert data_hash(made(**{what: other[what]})) != data_hash(made())


def test_rows_are_told_in_their_order_and_their_part():
    one, other = np.arange(4), np.arange(4, 8)
    assert rows_hash(one, other) != rows_hash(other, one)
    assert rows_hash(one, other) == rows_hash(one.astype(np.int32), other)
