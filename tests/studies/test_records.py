"""Records come back as they went, and what was altered is found."""

import json
from dataclasses import replace

import pytest

from checkstar.errors import InputError
from checkstar.studies.records import Cell, CellRecord, Failure, Fold, StoredTable, StudyRecord, sealed, unsealed

CELL = Cell(
    problem="stars",
    method="forest",
    method_class="checkstar.methods.trees.Forest",
    settings={"n_trees": 100},
    fold=Fold(kind="folds", index=1, of=3, seed=0),
    seed=7,
    metrics={"class": {"accuracy": {"direction": "higher", "unit": "", "source": "-"}}},
    data_hash="d",
    rows_hash="r",
    code_hash="c",
)
RECORD = CellRecord(
    cell=CELL,
    metrics={"class": {"accuracy": 0.8}},
    n_train=20,
    n_test=10,
    costs={"fit_seconds": 1.5},
    predictions=StoredTable(path="predictions.parquet", sha256="0", bytes=3, rows=10, columns=["row"]),
    history={"held": [1.0, None]},
    created="2026-01-01T00:00:00Z",
)


@pytest.mark.parametrize(
    "record", [RECORD, replace(RECORD, failure=Failure(stage="fit", reason="no"), predictions=None)]
)
def test_a_record_comes_back_as_it_went(record):
    assert CellRecord.from_dict(unsealed(sealed(record.to_dict()))) == record


def test_the_summary_of_a_study_comes_back_as_it_went():
    study = StudyRecord(
        name="s",
        key="k",
        seed=0,
        problems=[],
        methods=[],
        folds={},
        shares=[1.0],
        cells=[],
        leaderboard=[{"mean": 0.1}],
    )
    assert StudyRecord.from_dict(unsealed(sealed(study.to_dict()))) == study


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("method_class", "other"), ("settings", {"n_trees": 101}), ("seed", 8), ("search", {"trials": 3}),
        ("data_hash", "e"), ("rows_hash", "s"), ("code_hash", "d"), ("metrics", {"class": {}}),
    ],
)  # fmt: skip
def test_the_key_changes_with_everything_that_determines_the_result(name, value):
    assert replace(CELL, **{name: value}).key != CELL.key


def test_the_key_does_not_change_with_names():
    assert replace(CELL, problem="p", method="m").key == CELL.key
    assert RECORD.called("p", "m").key == RECORD.key


def test_what_was_altered_or_truncated_is_refused():
    content = sealed(RECORD.to_dict())
    with pytest.raises(InputError, match="its checksum does not fit"):
        unsealed(content.replace(b"0.8", b"0.9"))
    for bad in (content[:-20], b"", b"[]", b"{}", b"null", b"\xff"):
        with pytest.raises(InputError, match="not a whole record"):
            unsealed(bad)


def test_a_record_of_another_kind_version_or_content_is_refused():
    stored = RECORD.to_dict()
    with pytest.raises(InputError, match="not the record of a cell"):
        CellRecord.from_dict({**stored, "kind": "study"})
    with pytest.raises(InputError, match="schema version 9, this checkstar reads 1"):
        CellRecord.from_dict({**stored, "schema_version": 9})
    with pytest.raises(InputError, match="not the record of a cell"):
        CellRecord.from_dict({**stored, "surprise": 1})
    with pytest.raises(InputError, match="its key is not that of its content"):
        CellRecord.from_dict({**stored, "cell": {**stored["cell"], "seed": 9}})


def test_a_record_is_json_without_numbers_that_json_does_not_know():
    with pytest.raises(ValueError, match="not JSON compliant"):
        sealed({"x": float("nan")})
    assert json.loads(sealed(RECORD.to_dict()))["key"] == RECORD.key
