"""The record of a study says all that its report needs, and nothing of this machine."""

import json
from dataclasses import replace

import pytest

from checkstar.methods import KNearest
from checkstar.studies.records import StudyRecord
from checkstar.studies.running import study
from checkstar.studies.summaries import _mixed_versions


@pytest.fixture
def done(toy, tmp_path):
    methods = {"near": KNearest(), "nearer": KNearest(n_neighbors=3)}
    return study(toy.problem(), methods, 2, store=tmp_path / "s", shares=(0.5, 1.0), name="both")


def test_problems_methods_and_cells_are_told(done, toy):
    record = done.record
    (problem,) = record.problems
    data = toy.data()
    assert (problem["n_objects"], problem["n_units"], problem["n_features"], problem["task"]) == (
        120,
        60,
        4,
        "classification",
    )
    assert sum(problem["classes"]["class"].values()) == len(data)
    assert [method["settings"]["n_neighbors"] for method in record.methods] == [KNearest().n_neighbors, 3]
    assert len(record.cells) == 8
    assert {cell["state"] for cell in record.cells} == {"done"}
    for cell in record.cells:
        assert (done.store.path / cell["path"] / "run.json").is_file()
    assert record.folds == {"kind": "folds", "of": 2, "test_share": None, "seed": 0}


def test_the_record_is_json_that_names_no_folder_of_this_machine(done, tmp_path):
    text = json.dumps(done.record.to_dict(), allow_nan=False)
    assert str(tmp_path) not in text
    assert StudyRecord.from_dict(json.loads(text)) == done.record


def test_cells_of_different_versions_are_warned_of(done):
    records = done.records
    assert _mixed_versions(records) == []
    packages = {**records[0].environment["packages"], "numpy": "0.1"}
    other = replace(records[0], environment={**records[0].environment, "packages": packages})
    (warning,) = _mixed_versions([other, *records[1:]])
    assert warning.startswith("the cells were run with different versions of numpy: 0.1, ")
