"""Columns are told by the names that surveys use; what is ambiguous or missing is said, never guessed."""

import numpy as np
import pandas as pd
import pytest

from checkstar.data.curve_columns import CurveSchema, EpochColumns, find_id, find_roles, light_curves_of
from checkstar.errors import InputError

SURVEYS = {
    "ours": (["time", "value", "error", "band"], ("time", "value", "error", "band")),
    "ZTF": (["hmjd", "mag", "magerr", "clrcoeff", "filter"], ("hmjd", "mag", "magerr", "filter")),
    "ZTF alerts": (["jd", "magpsf", "sigmapsf", "fid"], ("jd", "magpsf", "sigmapsf", "fid")),
    "LSST": (["midpointMjdTai", "psfFlux", "psfFluxErr", "band"], ("midpointMjdTai", "psfFlux", "psfFluxErr", "band")),
    "PLAsTiCC": (["mjd", "flux", "flux_err", "passband"], ("mjd", "flux", "flux_err", "passband")),
    "SNANA": (["MJD", "FLUXCAL", "FLUXCALERR", "FLT"], ("MJD", "FLUXCAL", "FLUXCALERR", "FLT")),
    "Gaia-like": (["obs_time", "mag", "e_mag"], ("obs_time", "mag", "e_mag", None)),
    "TESS": (["time", "timecorr", "flux", "flux_err", "sap_flux", "quality"], ("time", "flux", "flux_err", None)),
    "struct": (["lc.mjd", "lc.mag", "lc.sigma", "spectrum.wave"], ("lc.mjd", "lc.mag", "lc.sigma", None)),
    "no errors": (["HJD", "Mag"], ("HJD", "Mag", None, None)),
}


@pytest.mark.parametrize("survey", SURVEYS)
def test_columns_of_surveys(survey):
    names, roles = SURVEYS[survey]
    assert tuple(find_roles(names, {})) == roles


def test_what_is_ambiguous_is_named():
    with pytest.raises(InputError, match=r"mag, flux could each be the value.*columns=\{'value': 'mag'\}"):
        find_roles(["mjd", "mag", "flux"], {})
    with pytest.raises(InputError, match=r"mjd, hjd could each be the time"):
        find_roles(["mjd", "hjd", "mag"], {})


def test_what_is_missing_is_named_with_what_came():
    with pytest.raises(InputError, match=r"no column looks like the time .* there are brightness, when; state it"):
        find_roles(["brightness", "when"], {})


def test_the_error_belongs_to_the_value_that_is_stated():
    names = ["mjd", "psfFlux", "psfFluxErr", "apFlux", "apFluxErr"]
    assert find_roles(names, {"value": "apFlux"}).error == "apFluxErr"
    assert find_roles(["mjd", "mag", "flux", "flux_err"], {"value": "mag"}).error is None


def test_a_field_of_a_struct_may_be_stated_by_its_last_part():
    assert find_roles(["lc.mjd", "lc.psf", "fp.mjd"], {"time": "fp.mjd", "value": "psf"}).value == "lc.psf"


def test_a_stated_column_that_is_not_there_is_named():
    with pytest.raises(InputError, match=r"no column \(stated as value\) 'magg'; did you mean 'mag'"):
        find_roles(["mjd", "mag"], {"value": "magg"})
    with pytest.raises(InputError, match=r"no role of a column 'colour'"):
        CurveSchema(columns={"colour": "b"})
    with pytest.raises(InputError, match=r"bands is the text 'gri'"):
        CurveSchema(bands="gri")


@pytest.mark.parametrize("name", ["id", "objectId", "object_id", "oid", "star", "source_id", "diaObjectId", "SNID"])
def test_names_of_objects_are_found(name):
    assert find_id(["mjd", name, "mag"], {}) == name


def test_a_column_called_id_is_it_and_others_are_ambiguous():
    assert find_id(["id", "name", "mjd"], {}) == "id"
    with pytest.raises(InputError, match="star, name could each be the id"):
        find_id(["star", "name"], {})


def test_a_table_without_names_of_objects_is_refused():
    with pytest.raises(InputError, match=r"no column looks like the name of an object; there are mjd, mag"):
        find_id(["mjd", "mag"], {})


def read(units=None, **epochs):
    n = len(next(iter(epochs.values())))
    return EpochColumns(epochs, np.array([0, n]), pd.DataFrame(index=range(1)), units or {})


def test_values_of_a_known_unit_are_converted():
    made = light_curves_of(
        read({"mag": "mmag", "time": "h"}, time=np.array([24.0]), mag=np.array([15000.0]), magerr=np.array([20.0])),
        CurveSchema(),
    )
    assert (made.time.tolist(), made.value.tolist(), made.unit) == ([1.0], [15.0], "mag")
    assert made.error == pytest.approx([0.02])
    flux = read({"flux": "uJy", "flux_err": "nJy"}, mjd=np.array([1.0]), flux=np.array([2.0]), flux_err=np.array([5.0]))
    made = light_curves_of(flux, CurveSchema(unit="nJy"))
    assert made.value == pytest.approx([2000.0])
    assert (made.error.tolist(), made.unit) == ([5.0], "nJy")


def test_values_of_an_unknown_unit_are_in_the_stated_one():
    made = light_curves_of(read(mjd=np.array([1.0]), flux=np.array([2.0])), CurveSchema(unit="uJy"))
    assert (made.value.tolist(), made.unit) == ([2.0], "uJy")
    assert light_curves_of(read(mjd=np.array([1.0]), flux=np.array([2.0])), CurveSchema()).unit == ""


def test_a_unit_that_is_no_multiple_is_refused():
    with pytest.raises(InputError, match="column 'flux' is in Jy, which is no multiple of mag"):
        light_curves_of(read({"flux": "Jy"}, mjd=np.array([1.0]), flux=np.array([2.0])), CurveSchema(unit="mag"))


@pytest.mark.parametrize("codes", [np.array([2, 1, 2]), np.array([2.0, 1.0, 2.0]), np.array(["2", "1 ", "2"])])
def test_bands_may_be_numbers(codes):
    made = light_curves_of(read(mjd=np.arange(3.0), mag=np.ones(3), fid=codes), CurveSchema())
    assert (made.bands, made.band.tolist()) == (("1", "2"), [1, 0, 1])


def test_a_missing_band_has_a_name_of_its_own():
    made = light_curves_of(
        read(mjd=np.arange(3.0), mag=np.ones(3), band=np.array(["r", None, "g"], dtype=object)), CurveSchema()
    )
    assert [made.bands[code] for code in made.band] == ["r", "?", "g"]


def test_stated_bands_number_every_part_of_a_catalogue_alike():
    part = read(mjd=np.arange(2.0), mag=np.ones(2), band=np.array(["r", "r"]))
    made = light_curves_of(part, CurveSchema(bands=("g", "r", "i")))
    assert (made.bands, made.band.tolist()) == (("g", "r", "i"), [1, 1])
    with pytest.raises(InputError, match=r"there is no band .* 'r'"):
        light_curves_of(part, CurveSchema(bands=("g", "i")))
    with pytest.raises(InputError, match="no column says which an epoch is in"):
        light_curves_of(read(mjd=np.arange(2.0), mag=np.ones(2)), CurveSchema(bands=("g", "i")))


def test_text_where_numbers_are_needed_is_refused():
    with pytest.raises(InputError, match=r"column 'mag' holds 'bb' where numbers are needed; write nothing or nan"):
        light_curves_of(read(mjd=np.arange(2.0), mag=np.array([np.nan, "bb"], object)), CurveSchema())


def test_times_of_a_calendar_become_mjd():
    times = np.array(["2000-01-01T12:00", "2000-01-02T12:00"], dtype="datetime64[ns]")
    assert light_curves_of(read(time=times, mag=np.ones(2)), CurveSchema()).time.tolist() == [51544.5, 51545.5]


def test_blanks_do_not_make_another_band_and_an_empty_name_is_an_unknown_band():
    names = np.array(["g", "g ", b" g", "r", "", None], dtype=object)
    found = light_curves_of(read(mjd=np.arange(6.0), mag=np.ones(6), filter=names), CurveSchema())
    assert [found.bands[i] for i in found.band] == ["g", "g", "g", "r", "?", "?"]
    assert found.bands == ("?", "g", "r")
