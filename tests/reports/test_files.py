"""The folder of a report: whole or not at all."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from astropy.table import Table

from checkstar.errors import InputError
from checkstar.reports import files, write_report

FLAGS = pd.DataFrame(
    {
        "row": [0, 1, 2],
        "name": ["HD 1", "é\x00", None],
        "Z": [1.0, np.nan, 3.0],
        "z": [1, 2, 3],
        "flag_far": [True, False, True],
        "ünicode | <b>": ["a", "b", "c"],
    }
)


def test_every_file_is_there_and_nothing_else(record, tmp_path):
    folder = write_report(record, FLAGS, tmp_path / "a" / "out")
    assert folder == tmp_path / "a" / "out"
    assert sorted(p.name for p in folder.iterdir()) == sorted(files._FILES)


def test_without_flags_there_is_no_flag_table(record, tmp_path):
    write_report(record, None, tmp_path)
    assert not list(tmp_path.glob("flags.*"))


def test_the_record_is_read_back_as_it_was(record, tmp_path):
    record["subject"]["costs"]["fit_seconds"] = float("nan")
    write_report(record, None, tmp_path)
    stored = json.loads((tmp_path / "audit.json").read_text(encoding="utf-8"))
    assert stored["subject"]["costs"]["fit_seconds"] is None
    assert stored["evidence"][0]["figure"] == record["evidence"][0]["figure"]


def test_both_flag_tables_hold_the_same(record, tmp_path):
    write_report(record, FLAGS, tmp_path)
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "flags.parquet"), FLAGS)
    fits = Table.read(tmp_path / "flags.fits")
    assert fits.colnames == ["row", "name", "Z", "z_", "flag_far", "_nicode____b_"]
    assert list(fits["flag_far"]) == [True, False, True]
    assert fits["name"][0] == "HD 1"


def test_a_second_report_replaces_the_first(record, table, tmp_path):
    write_report(record, FLAGS, tmp_path)
    write_report(table, FLAGS, tmp_path)
    assert json.loads((tmp_path / "audit.json").read_text())["claim"] is None
    assert len(list(tmp_path.iterdir())) == len(files._FILES)


def test_hostile_and_empty_records_are_written(hostile, empty, tmp_path):
    write_report(hostile, None, tmp_path / "hostile")
    write_report(empty, None, tmp_path / "empty")


@pytest.mark.parametrize("inside", ["", "deeper"])
def test_a_file_in_the_way_is_refused_before_anything_is_written(record, tmp_path, inside):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(InputError, match=r"there is a file in the way; give a folder\."):
        write_report(record, None, tmp_path / "out" / inside)
    assert [p.name for p in tmp_path.iterdir()] == ["out"]
    assert (tmp_path / "out").read_text() == "mine"


def test_a_folder_in_the_place_of_a_file_is_refused(record, tmp_path):
    (tmp_path / "audit.json").mkdir()
    with pytest.raises(InputError, match=r"audit\.json is a folder there"):
        write_report(record, None, tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["audit.json"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_refused(record, tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(InputError, match="give a folder that you may write to"):
        write_report(record, None, tmp_path / "out")
    tmp_path.chmod(0o700)


def test_a_full_disk_leaves_the_old_report_whole(record, table, tmp_path, monkeypatch):
    write_report(record, None, tmp_path)
    old = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    write = Path.write_bytes

    def full(self: Path, data: bytes) -> int:
        if "junit" in self.name:
            raise OSError(28, "No space left on device")
        return write(self, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(InputError, match="No space left on device; free space there"):
        write_report(table, None, tmp_path)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == old


def test_a_record_that_cannot_be_rendered_writes_nothing(tmp_path):
    with pytest.raises(AttributeError):
        write_report({"evidence": "not a list of mappings"}, None, tmp_path)
    assert not list(tmp_path.iterdir())
