from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from astropy.io.votable import parse
from astropy.table import Table
from pyarrow import parquet

from checkstar.errors import InputError
from checkstar.reports.candidate_files import write_candidates

TABLE = pd.DataFrame(
    {
        "rank": [1, 2],
        "id": ["Gaia 1", "\u03b4 Scuti"],
        "ra": [10.5, 359.9],
        "dec": [-89.0, 0.1],
        "probability": [0.97, 0.91],
        "novel": [False, True],
    }
)
FACTS = {
    "class": "RRAB",
    "method": "Forest",
    "purity": 0.93,
    "purity_high": float("nan"),
    "n_pool": 12,
    "notes": "x" * 200,
}
UNITS = {"ra": "deg", "dec": "deg"}


def test_a_votable_has_units_descriptors_and_facts(tmp_path):
    (path,) = write_candidates(TABLE, FACTS, tmp_path, formats=["vot"], units=UNITS)
    file = parse(path).get_first_table()
    fields = {field.name: field for field in file.fields}
    assert (str(fields["ra"].unit), fields["ra"].ucd) == ("deg", "pos.eq.ra;meta.main")
    assert fields["id"].ucd == "meta.id;meta.main"
    assert {info.name: info.value for info in file.infos} == {key: str(value) for key, value in FACTS.items()}
    read = file.to_table()
    np.testing.assert_array_equal(read["ra"], TABLE["ra"])
    assert list(read["novel"]) == [False, True]
    assert read["id"][1] == "\u03b4 Scuti"


def test_a_fits_table_has_units_and_facts_in_its_header(tmp_path):
    (path,) = write_candidates(TABLE, FACTS, tmp_path, formats=["fits"], units=UNITS)
    read = Table.read(path)
    assert str(read["dec"].unit) == "deg"
    np.testing.assert_array_equal(read["probability"], TABLE["probability"])
    assert read["novel"].dtype == bool
    assert read["id"][1] == "? Scuti"
    assert (read.meta["CLASS"], read.meta["PURITY"], read.meta["PUR_HIGH"]) == ("RRAB", 0.93, "nan")
    assert "".join(read.meta["comments"]) == FACTS["notes"]


def test_parquet_has_units_by_column_and_facts_in_its_schema(tmp_path):
    (path,) = write_candidates(TABLE, FACTS, tmp_path, formats=["parquet"], units=UNITS)
    schema = parquet.read_schema(path)
    assert schema.field("ra").metadata[b"unit"] == b"deg"
    assert json.loads(schema.metadata[b"checkstar"]) == FACTS | {"purity_high": None}
    pd.testing.assert_frame_equal(pd.read_parquet(path), TABLE)


def test_nothing_is_written_where_one_format_fails(tmp_path, monkeypatch):
    def fail(*_):
        raise InputError("no")

    monkeypatch.setitem(write_candidates.__globals__["FORMATS"], "parquet", fail)
    with pytest.raises(InputError):
        write_candidates(TABLE, FACTS, tmp_path)
    assert not list(tmp_path.iterdir())


def test_an_earlier_list_is_replaced_and_nothing_is_left_beside_it(tmp_path):
    for table in (TABLE, TABLE[:1]):
        write_candidates(table, FACTS, tmp_path / "new", stem="rrab", units=UNITS)
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["rrab.fits", "rrab.parquet", "rrab.vot"]
    assert len(pd.read_parquet(tmp_path / "new" / "rrab.parquet")) == 1


def test_an_empty_list_can_be_written(tmp_path):
    write_candidates(TABLE[:0], FACTS, tmp_path, units=UNITS)
    assert len(Table.read(tmp_path / "candidates.fits")) == 0


def test_a_folder_that_is_a_file_and_an_unknown_format_are_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="could not write the candidates"):
        write_candidates(TABLE, FACTS, tmp_path / "file")
    with pytest.raises(InputError, match="did you mean 'fits'"):
        write_candidates(TABLE, FACTS, tmp_path, formats=["fit"])
