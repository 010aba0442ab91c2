"""A store keeps runs whole or not at all, and bears whatever else lies in it."""

import shutil
from dataclasses import replace

import pandas as pd
import pytest

from checkstar.errors import InputError
from checkstar.studies.records import Cell, CellRecord, Failure, Fold
from checkstar.studies.store import Store

TABLE = pd.DataFrame({"row": [0, 1, 2], "truth_class": ["a", "b", "a"], "p_a": [0.9, 0.1, 0.8]})


def record(seed=0, **other):
    cell = Cell(
        problem="stars",
        method="forest",
        method_class="x.Forest",
        settings={},
        fold=Fold(kind="folds", index=seed, of=3, seed=0),
        seed=seed,
        metrics={},
        data_hash="d",
        rows_hash="r",
        code_hash="c",
    )
    return CellRecord(cell=cell, **other)


@pytest.fixture
def store(tmp_path):
    made = Store(tmp_path / "store")
    made.prepare()
    return made


def names(store):
    return sorted(path.name for path in (store.path / "runs").iterdir())


def test_a_run_comes_back_with_its_predictions(store):
    kept = store.add(record(), TABLE)
    assert store.find(kept.key) == kept
    pd.testing.assert_frame_equal(store.predictions(kept), TABLE)
    assert names(store) == [kept.key]


def test_a_run_is_added_once(store):
    first = store.add(record(), TABLE)
    store.add(record(created="later"), TABLE)
    assert store.find(first.key) == first
    assert names(store) == [first.key]


def test_a_failure_is_kept_beside_a_later_success_which_counts(store):
    failed = record(failure=Failure(stage="fit", reason="ValueError: no"))
    store.add(failed, None)
    assert store.find(failed.key) == failed
    store.add(failed, None)
    done = store.add(record(), TABLE)
    assert store.find(failed.key) == done
    assert len(names(store)) == 2
    assert store.scan().records == [done]
    with pytest.raises(InputError, match="has no predictions: ValueError: no"):
        store.predictions(failed)


def test_altered_predictions_are_found_and_not_taken_for_a_result(store):
    kept = store.add(record(), TABLE)
    path = store.folder_of(kept) / "predictions.parquet"
    content = bytearray(path.read_bytes())
    content[40] ^= 1
    path.write_bytes(content)
    with pytest.raises(InputError, match="was altered or truncated"):
        store.predictions(kept)
    assert store.find(kept.key) is None


def test_half_copied_and_foreign_folders_are_named_and_the_rest_is_read(store):
    good, cut, bare = (store.add(record(seed), TABLE) for seed in range(3))
    (store.folder_of(cut) / "run.json").write_text('{"schema')
    (store.folder_of(bare) / "predictions.parquet").unlink()
    (store.path / "runs" / "notes.txt").write_text("mine")
    (store.path / "runs" / "elsewhere").mkdir()
    (store.path / "runs" / ".rsync-partial").mkdir()
    shutil.copytree(store.folder_of(good), store.path / "runs" / "copy of it")
    found = store.scan()
    assert found.records == [good]
    assert len(found.warnings) == 5
    assert all(
        any(name in text for text in found.warnings)
        for name in (cut.key, bare.key, "notes.txt", "elsewhere", "copy of it")
    )


def test_a_half_copied_run_is_replaced_by_a_whole_one_and_kept_out_of_the_way(store):
    kept = store.add(record(), TABLE)
    (store.folder_of(kept) / "predictions.parquet").write_bytes(b"half")
    again = store.add(record(), TABLE)
    assert store.find(again.key) == again
    assert [name for name in names(store) if name.startswith(f".{kept.key}.broken-")]
    assert store.scan() == ([again], [])


def test_a_kill_while_a_run_is_written_leaves_nothing_that_is_read(store, monkeypatch):
    calls = []

    def killed(handle):
        calls.append(handle)
        if len(calls) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr("os.fsync", killed)
    # As a kill would, without tidying up.
    monkeypatch.setattr(shutil, "rmtree", lambda *words, **more: None)
    with pytest.raises(KeyboardInterrupt):
        store.add(record(), TABLE)
    assert [name.startswith(".") for name in names(store)] == [True]
    assert store.scan() == ([], [])
    assert store.find(record().key) is None


def test_two_stores_are_merged_by_copying(store, tmp_path):
    other = Store(tmp_path / "other")
    other.prepare()
    mine, yours = store.add(record(0), TABLE), other.add(record(1), TABLE)
    shutil.copytree(other.path, store.path, dirs_exist_ok=True)
    shutil.move(store.path, tmp_path / "moved")
    found = Store(tmp_path / "moved").scan()
    assert {r.key for r in found.records} == {mine.key, yours.key}
    assert not found.warnings


def test_nothing_in_a_store_names_a_folder_of_this_machine(store, tmp_path):
    store.add(record(), TABLE)
    for path in store.path.rglob("*"):
        if path.is_file():
            assert str(tmp_path).encode() not in path.read_bytes()


def test_a_folder_of_other_things_is_not_made_a_store(tmp_path):
    (tmp_path / "thesis.tex").write_text("chapter 1")
    with pytest.raises(InputError, match=r"holds other files and is no store of studies; give a new folder"):
        Store(tmp_path).prepare()
    with pytest.raises(InputError, match="cannot write the store"):
        Store(tmp_path / "thesis.tex" / "store").prepare()
    with pytest.raises(InputError, match="there is no store of studies at"):
        Store(tmp_path / "nowhere").scan()


def test_a_study_that_cannot_be_read_is_left_out(store):
    (store.path / "studies" / "bad.json").write_text("{")
    assert store.studies() == []


def test_leftovers_of_a_kill_go_away_in_time_and_fresh_ones_stay(store):
    import os
    import time

    for name, age in ((".old", 7200), (".new", 10)):
        folder = store.path / "runs" / name
        folder.mkdir()
        os.utime(folder, (time.time() - age,) * 2)
    store.prepare()
    assert names(store) == [".new"]


def test_a_path_out_of_its_folder_is_refused(store):
    kept = store.add(record(), TABLE)
    outside = replace(kept, predictions=replace(kept.predictions, path="../../secret"))
    with pytest.raises(InputError, match="it was altered"):
        store.predictions(outside)
