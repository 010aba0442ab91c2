"""Every way in which a table of predictions can be wrong gives one clear message; every right way gives a run."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest
from astropy.table import MaskedColumn, Table

from checkstar.errors import InputError
from checkstar.prediction import Classes, Normal, Point
from checkstar.runs import Run
from checkstar.table_runs import MIN_OBJECTS, read_predictions

N = 40


@pytest.fixture
def numbers() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    truth = rng.normal(size=N)
    return pd.DataFrame(
        {
            "z_spec": truth,
            "z_phot": truth + 0.1 * rng.normal(size=N),
            "z_err": np.full(N, 0.1),
            "mag_i": rng.uniform(18, 24, N),
            "field": rng.choice(["north", "south"], N),
            "weight": np.ones(N),
            "comment": ["much too long to look for a trend in: " * 2] * N,
        }
    )


@pytest.fixture
def classes() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    p = rng.dirichlet([1, 1, 1], N)
    return pd.DataFrame(
        {"class": ["star", "galaxy", "qso", "star"] * 10, "p_star": p[:, 0], "p_galaxy": p[:, 1], "p_qso": p[:, 2]}
    )


def read(table, **roles):
    return read_predictions(table, **{"truth": "z_spec", "predicted": "z_phot", **roles})


# What comes out


def test_numbers_without_errors_are_points_and_the_label_is_the_truth_column(numbers):
    test, prediction = read(numbers)
    assert isinstance(prediction, Point)
    assert test.labels == ("z_spec",)
    np.testing.assert_array_equal(test.y[:, 0], numbers["z_spec"])
    np.testing.assert_array_equal(prediction.mean()[:, 0], numbers["z_phot"])


def test_sigma_makes_them_normal_and_truth_sigma_goes_to_the_truth(numbers):
    test, prediction = read(numbers.assign(e=0.02), sigma="z_err", truth_sigma="e")
    assert isinstance(prediction, Normal)
    assert prediction.std()[0, 0] == 0.1
    assert test.y_err[0, 0] == 0.02


def test_all_other_numbers_and_short_texts_are_metadata(numbers):
    test, _ = read(numbers, sigma="z_err")
    assert list(test.meta.columns) == ["mag_i", "field", "weight"]


def test_only_the_metadata_asked_for_and_the_group_are_kept(numbers):
    test, _ = read(numbers, meta=["mag_i"], group="field", weight="weight")
    assert list(test.meta.columns) == ["mag_i", "field", "weight"]
    assert test.group_name == "field"
    assert test.units_of_independence.max() == 1
    assert test.weight.tolist() == [1.0] * N


def test_a_run_from_a_table_is_named_after_its_file(numbers, tmp_path):
    numbers.to_csv(tmp_path / "photoz.csv", index=False)
    run = Run.from_table(tmp_path / "photoz.csv", truth="z_spec", predicted="z_phot")
    assert run.name == run.test.name == "photoz"
    assert Run.from_table(numbers, truth="z_spec", predicted="z_phot").name == "table"
    assert Run.from_table(numbers, truth="z_spec", predicted="z_phot", name="mine").name == "mine"


def test_the_users_table_is_not_changed(numbers):
    numbers.columns = [*numbers.columns[:-1], 7]
    before = numbers.copy()
    read(numbers)
    pd.testing.assert_frame_equal(numbers, before)


def test_numbers_stored_as_text_are_read(numbers):
    test, prediction = read(numbers.astype({"z_phot": str, "z_spec": object}))
    np.testing.assert_allclose(prediction.mean()[:, 0], numbers["z_phot"])
    np.testing.assert_array_equal(test.y[:, 0], numbers["z_spec"])


def test_a_million_objects_take_seconds():
    rng = np.random.default_rng(0)
    n = 1_000_000
    table = pd.DataFrame({f"m{i}": rng.normal(size=n) for i in range(10)} | {"t": np.zeros(n), "p": np.ones(n)})
    start = time.perf_counter()
    read_predictions(table, truth="t", predicted="p")
    # 0.1 s on an idle machine; a loop over rows would take minutes.
    assert time.perf_counter() - start < 10


# Units


def velocities(unit_of_truth, unit_predicted, unit_sigma=None):
    table = Table({"v": np.arange(20.0), "v_ml": np.arange(20.0) * 1000, "v_err": np.full(20, 500.0)})
    table["v"].unit, table["v_ml"].unit, table["v_err"].unit = unit_of_truth, unit_predicted, unit_sigma
    return table


def test_predictions_in_another_unit_are_converted_and_the_label_keeps_the_unit_of_the_truth():
    test, prediction = read_predictions(velocities("km/s", "m/s", "m/s"), truth="v", predicted="v_ml", sigma="v_err")
    assert test.units == {"v": "km / s"}
    np.testing.assert_allclose(prediction.mean()[:, 0], np.arange(20.0))
    np.testing.assert_allclose(prediction.std(), 0.5)


def test_an_error_without_unit_is_in_the_unit_of_the_prediction():
    _, prediction = read_predictions(velocities("km/s", "m/s"), truth="v", predicted="v_ml", sigma="v_err")
    np.testing.assert_allclose(prediction.std(), 0.5)


def test_units_that_cannot_be_converted_are_refused():
    with pytest.raises(InputError, match=r"column 'v_ml' is in 'Jy' but the truth 'v' is in 'km / s'"):
        read_predictions(velocities("km/s", "Jy"), truth="v", predicted="v_ml")


def test_a_unit_given_replaces_the_one_in_the_file():
    test, prediction = read_predictions(
        velocities("km/s", "m/s"), truth="v", predicted="v_ml", units={"v_ml": "km/s", "v": "km/s"}
    )
    assert prediction.mean()[1, 0] == 1000
    assert test.units["v"] == "km/s"


def test_a_unit_that_astropy_does_not_know_is_refused(numbers):
    with pytest.raises(InputError, match="the unit 'furlongz' of 'z_spec' is not one that astropy knows"):
        read(numbers, units={"z_spec": "furlongz"})


def test_units_of_metadata_are_kept():
    table = velocities("km/s", "km/s")
    table["r"] = np.ones(20)
    table["r"].unit = "kpc"
    test, _ = read_predictions(table, truth="v", predicted="v_ml", sigma="v_err")
    assert test.units == {"v": "km / s", "r": "kpc"}


# Classes


def test_class_names_are_the_column_names_without_the_fixed_part(classes):
    test, prediction = read_predictions(classes, truth="class", probabilities="p_*")
    assert isinstance(prediction, Classes)
    assert prediction.names == ("star", "galaxy", "qso")
    assert test.task == "classification"
    assert test.y[:, 0].tolist() == classes["class"].tolist()
    assert test.meta.empty


@pytest.mark.parametrize(
    ("rename", "wanted", "names"),
    [
        ("{}_prob", "*_prob", ("star", "galaxy", "qso")),
        ("p({})", "p(*)", ("star", "galaxy", "qso")),
        ("ml.p.{}.v2", "ml.p.*.v2", ("star", "galaxy", "qso")),
        ("p_{}", ["p_star", "p_galaxy", "p_qso"], ("star", "galaxy", "qso")),
        ("{}_p", ["star_p", "galaxy_p", "qso_p"], ("star", "galaxy", "qso")),
        ("{}", ["qso", "galaxy", "star"], ("qso", "galaxy", "star")),
    ],
)
def test_patterns_and_lists_name_the_classes(classes, rename, wanted, names):
    table = classes.rename(columns={f"p_{name}": rename.format(name) for name in ("star", "galaxy", "qso")})
    _, prediction = read_predictions(table, truth="class", probabilities=wanted)
    assert prediction.names == names


def test_classes_that_end_alike_keep_their_names():
    for columns in (["p_cat", "p_rat"], ["cat_p", "rat_p"], ["ml_cat_p", "ml_rat_p"]):
        table = pd.DataFrame({"t": ["cat", "rat"] * 10} | dict.fromkeys(columns, 0.5))
        _, prediction = read_predictions(table, truth="t", probabilities=columns)
        assert prediction.names == ("cat", "rat")


@pytest.mark.parametrize("truth", [[0, 1] * 10, [0.0, 1.0] * 10, [False, True] * 10, ["0", "1"] * 10])
@pytest.mark.parametrize("columns", [("p_0", "p_1"), ("prob0", "prob1"), ("p_False", "p_True")])
def test_yes_and_no_fit_however_they_are_written(truth, columns):
    table = pd.DataFrame({"t": truth, columns[0]: 0.25, columns[1]: 0.75})
    test, prediction = read_predictions(table, truth="t", probabilities=list(columns))
    # The second class is "yes": log loss of the yes objects is that of 0.75.
    np.testing.assert_allclose(prediction.log_loss(test.y), -np.log([0.25, 0.75] * 10))


@pytest.mark.parametrize(
    ("truth", "column", "positive"),
    [
        ([0, 1] * 10, "p", "1"),
        ([False, True] * 10, "score", "True"),
        (["galaxy", "star"] * 10, "p_star", "star"),
        (["galaxy", "star"] * 10, "star_prob", "star"),
        (["star"] * 20, "p_star", "star"),
    ],
)
def test_one_column_is_the_probability_of_yes_and_its_complement_is_added(truth, column, positive):
    p = np.linspace(0.1, 0.9, 20)
    test, prediction = read_predictions(pd.DataFrame({"t": truth, column: p}), truth="t", probabilities=column)
    assert prediction.names[1] == positive
    np.testing.assert_array_equal(prediction.probabilities[:, 1], p)
    np.testing.assert_allclose(prediction.probabilities.sum(axis=1), 1)
    assert set(test.y[:, 0]) <= set(prediction.names)


def test_one_column_for_a_class_that_cannot_be_told_is_refused():
    table = pd.DataFrame({"t": ["galaxy", "star"] * 10, "score": 0.5})
    with pytest.raises(
        InputError, match=r"one column of probabilities \('score'\).*which of them it is for cannot be told"
    ):
        read_predictions(table, truth="t", probabilities="score")


def test_one_column_for_three_classes_is_refused(classes):
    with pytest.raises(InputError, match=r"truth 'class' has 3 classes .*name one column per class"):
        read_predictions(classes, truth="class", probabilities="p_star")


def test_a_true_class_without_column_is_refused_with_the_nearest(classes):
    classes.loc[[3, 7], "class"] = "galxy"
    with pytest.raises(
        InputError, match=r"2 objects are truly 'galxy'.*no column of probabilities.*did you mean 'galaxy'\?"
    ):
        read_predictions(classes, truth="class", probabilities="p_*")


def test_probabilities_that_do_not_sum_to_one_are_refused(classes):
    classes.loc[[2, 5], "p_star"] += 0.5
    classes[["p_star"]] = classes[["p_star"]].clip(upper=1)
    with pytest.raises(InputError, match=r"p_star, p_galaxy, p_qso do not sum to one for 2 of 40 objects \(rows 2, 5,"):
        read_predictions(classes, truth="class", probabilities="p_*")


def test_scores_outside_0_to_1_are_refused(classes):
    classes.loc[1, "p_star"] = -3.0
    with pytest.raises(InputError, match=r"lie outside 0 to 1 for 1 of 40 objects \(rows 1,.*the first is -3\)"):
        read_predictions(classes, truth="class", probabilities="p_*")


def test_a_pattern_that_fits_no_column_is_refused(classes):
    with pytest.raises(InputError, match=r"no column fits the pattern 'q_\*'.*the columns are class, p_star"):
        read_predictions(classes, truth="class", probabilities="q_*")


def test_a_missing_true_class_is_refused(classes):
    classes.loc[4, "class"] = None
    with pytest.raises(
        InputError, match=r"'class' \(truth\) has no finite value for 1 of 40 objects \(rows 4,.*drop them"
    ):
        read_predictions(classes, truth="class", probabilities="p_*")


# What is refused


@pytest.mark.parametrize(
    ("role", "wrong", "near"),
    [
        ("truth", "z_sepc", "z_spec"),
        ("predicted", "zphot", "z_phot"),
        ("sigma", "z_er", "z_err"),
        ("group", "fields", "field"),
        ("weight", "wieght", "weight"),
    ],
)
def test_a_misspelt_column_is_refused_with_the_nearest(numbers, role, wrong, near):
    with pytest.raises(InputError, match=f"there is no {role} column '{wrong}'; did you mean '{near}'"):
        read(numbers, **{role: wrong})


def test_a_misspelt_metadata_column_is_refused_with_the_nearest(numbers):
    with pytest.raises(InputError, match="there is no meta column 'magi'; did you mean 'mag_i'"):
        read(numbers, meta=["magi"])


def test_text_where_numbers_are_needed_is_counted_and_shown(numbers):
    numbers = numbers.astype({"z_phot": object})
    numbers.loc[[4, 9], "z_phot"] = "bad"
    match = r"'z_phot' \(predicted\) holds text in 2 of 40 rows where numbers are needed \(first: 'bad' in row 4"
    with pytest.raises(InputError, match=match):
        read(numbers)


def test_text_as_truth_of_numbers_points_to_probabilities(numbers):
    with pytest.raises(InputError, match=r"'field' \(truth\) holds text in 40 of 40.*for classes, name the columns"):
        read_predictions(numbers, truth="field", predicted="z_phot")


def test_true_and_false_as_truth_of_numbers_points_to_probabilities(numbers):
    numbers["is_star"] = numbers["z_spec"] > 0
    with pytest.raises(InputError, match=r"holds True and False, which are classes.*--probabilities z_phot"):
        read_predictions(numbers, truth="is_star", predicted="z_phot")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_predictions_that_are_not_finite_are_counted_and_shown(numbers, value):
    numbers.loc[[1, 5, 30], "z_phot"] = value
    match = r"'z_phot' \(predicted\) has no finite value for 3 of 40 objects \(rows 1, 5, 30, counted from 0\)"
    with pytest.raises(InputError, match=match):
        read(numbers)


def test_missing_truth_is_counted_and_the_cure_is_to_drop(numbers):
    numbers.loc[::2, "z_spec"] = np.nan
    match = r"'z_spec' \(truth\) has no finite value for 20 of 40 .*0, 2, 4, 6, 8, \.\.\..*cannot be judged: drop them"
    with pytest.raises(InputError, match=match):
        read(numbers)


def test_masked_values_of_astropy_count_as_missing(numbers):
    table = Table.from_pandas(numbers)
    table["z_phot"] = MaskedColumn(table["z_phot"], mask=np.arange(N) == 6)
    with pytest.raises(InputError, match=r"no finite value for 1 of 40 objects \(rows 6,"):
        read(table)


@pytest.mark.parametrize("value", [0.0, -99.0])
def test_sigma_that_is_zero_or_negative_is_counted_and_shown(numbers, value):
    numbers.loc[[0, 2], "z_err"] = value
    match = r"'z_err' \(sigma\) is zero or negative for 2 of 40 objects \(rows 0, 2, counted from 0\)"
    with pytest.raises(InputError, match=match):
        read(numbers, sigma="z_err")


def test_a_negative_error_of_the_truth_is_refused_and_zero_is_not(numbers):
    read(numbers.assign(e=0.0), truth_sigma="e")
    with pytest.raises(InputError, match=r"'e' \(truth_sigma\) is negative for 40 of 40 objects"):
        read(numbers.assign(e=-1.0), truth_sigma="e")


@pytest.mark.parametrize(("value", "word"), [(-1.0, "negative"), (0.0, "zero")])
def test_weights_that_are_negative_or_all_zero_are_refused(numbers, value, word):
    with pytest.raises(InputError, match=rf"'weight' \(weight\) is {word} for 40 of 40 objects"):
        read(numbers.assign(weight=value), weight="weight")


def test_an_object_without_group_is_refused(numbers):
    numbers.loc[3, "field"] = None
    with pytest.raises(InputError, match=r"'field' \(group\).*1 of 40 objects \(rows 3,.*every object needs its group"):
        read(numbers, group="field")


@pytest.mark.parametrize("n", [1, MIN_OBJECTS - 1])
def test_fewer_objects_than_any_check_can_use_are_refused(numbers, n):
    with pytest.raises(InputError, match=f"the table has {n} objects; no check can decide anything with fewer than 10"):
        read(numbers.head(n))
    read(numbers.head(MIN_OBJECTS))


def test_an_empty_table_is_refused(numbers):
    with pytest.raises(InputError, match="has columns but no rows"):
        read(numbers.head(0))


@pytest.mark.parametrize(("role", "column"), [("predicted", "z_spec"), ("sigma", "z_phot"), ("group", "z_spec")])
def test_a_column_that_plays_two_parts_is_refused(numbers, role, column):
    with pytest.raises(InputError, match=f"column '{column}' was named both as .* and as {role}"):
        read(numbers, **{role: column})


def test_the_truth_is_not_metadata(numbers):
    with pytest.raises(InputError, match="'z_spec' was named both as truth and in meta; drop it from meta"):
        read(numbers, meta=["z_spec"])


def test_a_column_name_that_occurs_twice_is_refused(numbers):
    twice = pd.concat([numbers, numbers[["z_phot"]]], axis=1)
    with pytest.raises(InputError, match="several columns called 'z_phot'"):
        read(twice)


def test_neither_numbers_nor_classes_and_both_are_refused(numbers):
    with pytest.raises(InputError, match=r"predictions were not named; give .*--predicted.*--probabilities"):
        read(numbers, predicted=None)
    with pytest.raises(InputError, match=r"both predicted values .* and class probabilities .* were named"):
        read(numbers, probabilities="p_*")
    with pytest.raises(InputError, match="class probabilities have no standard errors"):
        read(numbers, predicted=None, probabilities="p_*", sigma="z_err")


@pytest.mark.parametrize(
    ("values", "kind"),
    [(pd.date_range("2020-01-01", periods=N), "dates"), ([[1.0, 2.0]] * N, "lists or objects"), ([1j] * N, "complex")],
)
def test_what_is_neither_number_nor_text_is_refused_by_kind(numbers, values, kind):
    numbers["z_phot"] = values
    with pytest.raises(InputError, match=rf"'z_phot' \(predicted\) holds {kind}"):
        read(numbers)


def test_what_is_not_a_table_is_refused():
    with pytest.raises(InputError, match="a list is not a table; give a path, a DataFrame or an astropy Table"):
        read([1, 2, 3])


def test_columns_of_different_length_are_refused():
    with pytest.raises(InputError, match=r"differ in length \(z_spec 20, z_phot 19\)"):
        read({"z_spec": np.zeros(20), "z_phot": np.zeros(19)})
