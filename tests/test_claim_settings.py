"""Tolerances with units, and claims that wait for their data."""

from __future__ import annotations

import pandas as pd
import pytest

from checkstar.claim_settings import ClaimSettings, parse_tolerance, read_claim
from checkstar.claims import Population
from checkstar.data.dataset import Dataset
from checkstar.errors import InputError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.01", (0.01, None)),
        (" 1e-2 ", (0.01, None)),
        (".5dex", (0.5, "dex")),
        ("5 km / s", (5.0, "km / s")),
        ("+2. mag", (2.0, "mag")),
        (3, (3.0, None)),
    ],
)
def test_a_tolerance_is_a_number_with_or_without_unit(text, expected):
    assert parse_tolerance(text) == expected


@pytest.mark.parametrize("text", ["dex", "", "nan", "-", "e5"])
def test_what_does_not_begin_with_a_number_is_refused(text):
    with pytest.raises(InputError, match=r"is not a number; write 0.01 or, with a unit, '0.01 dex'"):
        parse_tolerance(text)


def test_no_options_make_no_claim():
    assert read_claim({}) is None


def test_the_label_is_named_and_the_unit_kept():
    data = Dataset(y=[[0.0, 1.0]], labels=["teff", "feh"], units={"teff": "K", "feh": "dex"})
    claim = ClaimSettings(use="object_value", tolerance="50 K", label="teff").claim(data)
    assert (claim.label, claim.tolerance, claim.unit) == ("teff", 50.0, "K")
    with pytest.raises(InputError, match=r"there are 2 labels \(teff, feh\); say which with --label"):
        ClaimSettings(use="ranking").claim(data)
    with pytest.raises(InputError, match=r"'feh' is in 'dex'; write --tolerance '0.1 dex'"):
        ClaimSettings(use="population_mean", tolerance=0.1, label="feh").claim(data)


def test_per_cent_is_a_pure_number_only_where_the_tolerance_is_one():
    assert ClaimSettings(use="object_interval", tolerance="5 %").draft().tolerance == pytest.approx(0.05)
    assert ClaimSettings(use="object_value", tolerance="5 %").draft().unit == "%"


def test_a_population_in_a_file_is_converted_to_the_unit_of_the_label(tmp_path):
    from astropy.table import Table

    targets = Table({"v": [1000.0, 3000.0]})
    targets["v"].unit = "m/s"
    targets.write(tmp_path / "targets.ecsv")
    data = Dataset(y=[0.0, 1.0], labels=["v"], units={"v": "km/s"})
    claim = ClaimSettings(use="population_mean", population=f"{tmp_path}/targets.ecsv:v").claim(data)
    assert claim.population == Population.of([1.0, 3.0])


def test_a_column_that_the_population_s_file_lacks_is_refused(tmp_path):
    pd.DataFrame({"feh": [0.0, 1.0]}).to_csv(tmp_path / "t.csv", index=False)
    data = Dataset(y=[0.0, 1.0], labels=["feh"])
    with pytest.raises(InputError, match=r"no column in .*t\.csv 'feeh'; did you mean 'feh'"):
        ClaimSettings(use="population_mean", population=f"{tmp_path}/t.csv:feeh").claim(data)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"n_objects": 3}, "n_objects belongs to a claim"),
        ({"use": "ranking", "n_objects": "few"}, "n_objects in .* is 'few'"),
        ({"use": "ranking", "tolerence": 1}, "no key .*'tolerence'; did you mean 'tolerance'"),
        ({"use": "population_mean", "population_mean": 0, "population": "a:b"}, "both by a file and by its mean"),
        ({"use": "population_mean", "population_mean": 0, "population_std": -1}, "standard deviation -1"),
    ],
)
def test_a_claim_that_no_data_can_mend_is_refused_at_once(given, message):
    with pytest.raises(InputError, match=message):
        read_claim(given)


def test_a_claim_about_all_labels_together_needs_no_label():
    data = Dataset(y=[[0.0, 1.0], [1.0, 2.0]], labels=["a", "b"])
    assert ClaimSettings(use="posterior", tolerance=0.1).claim(data).label is None
    assert ClaimSettings(use="posterior", label="b").claim(data).label == "b"
    with pytest.raises(InputError, match="say which with --label"):
        ClaimSettings(use="object_interval").claim(data)
