"""Arrow tables of lists, in every form that nested-pandas, HATS and others write, give the same light curves."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from checkstar.data.curve_tables import from_arrow, is_nested, needed_columns, to_arrow
from checkstar.data.light_curves import LightCurves
from checkstar.errors import InputError

TIME = [[1.0, 2.0, 3.0], [], [4.0]]
VALUE = [[15.0, 15.1, 15.2], [], [12.0]]
BAND = [["g", "r", "g"], [], ["r"]]


def curves() -> LightCurves:
    return LightCurves.from_lists(
        TIME,
        VALUE,
        [[0.1, np.nan, 0.3], [], [0.2]],
        BAND,
        meta=pd.DataFrame(
            {"id": ["a", "b", "c"], "n": [1, 2, 3], "period": [0.5, np.nan, 2.0], "ok": [True, False, True]}
        ),
        unit="mag(AB)",
        time_scale="hjd_utc",
        name="toy",
        citation="nobody 2000",
    )


def assert_same(one: LightCurves, other: LightCurves) -> None:
    for name in ("time", "value", "error", "band", "offsets"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)
    for name in ("bands", "unit", "time_scale", "name", "citation"):
        assert getattr(one, name) == getattr(other, name), name
    pd.testing.assert_frame_equal(one.meta, other.meta)


def lists(**columns) -> pa.Table:
    return pa.table({"id": ["a", "b", "c"], **columns})


FORMS = {
    "list": lists(mjd=TIME, mag=VALUE, band=BAND),
    "large list": lists(
        mjd=pa.array(TIME, pa.large_list(pa.float64())), mag=pa.array(VALUE, pa.large_list(pa.float32())), band=BAND
    ),
    "struct of lists": lists(
        lc=pa.StructArray.from_arrays([pa.array(TIME), pa.array(VALUE), pa.array(BAND)], ["mjd", "mag", "band"])
    ),
    "list of structs": lists(
        lc=[
            [{"mjd": t, "mag": m, "band": b} for t, m, b in zip(*one, strict=True)]
            for one in zip(TIME, VALUE, BAND, strict=True)
        ]
    ),
    "missing for empty": lists(
        mjd=[TIME[0], None, TIME[2]], mag=[VALUE[0], None, VALUE[2]], band=[BAND[0], None, BAND[2]]
    ),
    "chunked": pa.concat_tables(
        [lists(mjd=TIME, mag=VALUE, band=BAND).slice(0, 1), lists(mjd=TIME, mag=VALUE, band=BAND).slice(1)]
    ),
    "bands as dictionary": lists(
        mjd=TIME, mag=VALUE, band=pa.array(BAND, pa.list_(pa.dictionary(pa.int8(), pa.string())))
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same(form):
    found = from_arrow(FORMS[form])
    assert found.offsets.tolist() == [0, 3, 3, 4]
    assert found.time.tolist() == [1.0, 2.0, 3.0, 4.0]
    assert found.value == pytest.approx([15.0, 15.1, 15.2, 12.0], rel=1e-7)  # one form is of 32 bits
    assert [found.bands[code] for code in found.band] == ["g", "r", "g", "r"]
    assert found.meta["id"].tolist() == ["a", "b", "c"]
    assert np.isnan(found.error).all()


@pytest.mark.parametrize("form", FORMS)
def test_a_slice_of_every_form_gives_its_objects(form):
    found = from_arrow(FORMS[form].slice(2, 1))
    assert (found.time.tolist(), found.meta["id"].tolist()) == ([4.0], ["c"])


def test_one_row_an_epoch_is_recognised():
    table = pa.table({"id": ["a", "b", "a"], "mjd": [2.0, 1.0, 3.0], "mag": [15.0, 12.0, 15.1]})
    assert not is_nested(table.schema)
    found = from_arrow(table)
    assert (found.time.tolist(), found.n_epochs.tolist(), found.meta["id"].tolist()) == (
        [2.0, 3.0, 1.0],
        [2, 1],
        ["a", "b"],
    )


def test_there_and_back_is_exact():
    assert_same(from_arrow(to_arrow(curves())), curves())


def test_one_band_and_no_metadata_survive():
    one = LightCurves.from_lists([[1.0], []], [[2.0], []], bands=("I",))
    assert_same(from_arrow(to_arrow(one)), one)


def test_no_objects_survive():
    assert_same(from_arrow(to_arrow(curves()[[]])), curves()[[]])


def test_numbers_are_not_copied():
    one = curves()
    assert np.shares_memory(from_arrow(to_arrow(one)).time, one.time)


def test_missing_entries_are_nan():
    table = pa.table(
        {"mjd": [[1.0, 2.0]], "mag": [[None, 15]], "magerr": pa.array([[0.1, None]], pa.list_(pa.float32()))}
    )
    found = from_arrow(table)
    np.testing.assert_array_equal(found.value, [np.nan, 15.0])
    np.testing.assert_array_equal(found.error, np.array([0.1, np.nan], np.float32).astype(float))


def test_lists_of_different_lengths_are_named():
    with pytest.raises(InputError, match="object 1 has 1 entries of mjd but 2 of mag"):
        from_arrow(pa.table({"mjd": [[1.0], [2.0]], "mag": [[1.0], [2.0, 3.0]]}))


def test_two_structs_that_could_be_it_are_ambiguous_until_stated():
    one = pa.StructArray.from_arrays([pa.array([[1.0]]), pa.array([[15.0]])], ["mjd", "mag"])
    two = pa.StructArray.from_arrays([pa.array([[2.0]]), pa.array([[16.0]])], ["mjd", "mag"])
    table = pa.table({"lc": one, "forced": two})
    with pytest.raises(InputError, match=r"lc\.mjd, forced\.mjd could each be the time"):
        from_arrow(table)
    assert from_arrow(table, {"time": "forced.mjd", "value": "forced.mag"}).value.tolist() == [16.0]


def test_timestamps_become_mjd():
    stamps = pa.array([[0, 86_400_000_000]], pa.list_(pa.timestamp("us")))
    assert from_arrow(pa.table({"time": stamps, "mag": [[1.0, 2.0]]})).time.tolist() == [40587.0, 40588.0]


def test_only_what_is_needed_is_read():
    schema = lists(mjd=TIME, mag=VALUE, airmass=VALUE).schema
    assert needed_columns(schema, {}) == ["id", "mjd", "mag"]
    schema = lists(lc=FORMS["struct of lists"].column("lc")).schema
    assert needed_columns(schema, {}) == ["id", "lc.mjd", "lc.mag", "lc.band"]


def test_an_index_of_pandas_becomes_metadata():
    frame = pd.DataFrame({"mjd": [[1.0]], "mag": [[2.0]]}, index=pd.Index(["x"], name="oid"))
    assert from_arrow(pa.Table.from_pandas(frame)).meta.to_dict("list") == {"oid": ["x"]}


def test_metadata_that_cannot_be_stored_is_named():
    one = curves()
    with pytest.raises(InputError, match="metadata column 'band' has the name of a part of the light curve"):
        to_arrow(one.replace(meta=one.meta.assign(band="g")))
    with pytest.raises(InputError, match="the metadata cannot be stored"):
        to_arrow(one.replace(meta=one.meta.assign(odd=[1, "a", {}])))


def test_nested_pandas_takes_and_gives_it():
    nested_pandas = pytest.importorskip("nested_pandas")
    from checkstar.data.curve_columns import CurveSchema
    from checkstar.data.curve_objects import from_object

    frame = nested_pandas.NestedFrame(pa.Table.to_pandas(to_arrow(curves()).select(["id"])))
    epochs = pd.DataFrame({"mjd": [1.0, 2.0, 4.0], "mag": [5.0, 6.0, 7.0]}, index=[0, 0, 2])
    nested = frame.join_nested(epochs, "lc")
    found = from_object(nested, CurveSchema())
    assert (found.n_epochs.tolist(), found.value.tolist()) == ([2, 0, 1], [5.0, 6.0, 7.0])
