import os

import numpy as np
import pytest

import checkstar as cs
from checkstar.data.curve_layout import CurveLayout
from checkstar.errors import InputError
from checkstar.prediction import Classes
from checkstar.problems import stellar_variability as module
from checkstar.simulators.star_classes import NOVEL, SHARES
from checkstar.testing import check_problem

ELEVEN = sorted(SHARES)


@pytest.fixture(scope="module")
def problem():
    return cs.problems.variable_stars(period="catalogue", n_simulated=600)


@pytest.fixture
def shared():
    if not os.environ.get("CHECKSTAR_DATA"):
        pytest.skip("CHECKSTAR_DATA is not set: the shared data are not here")


def classes(data):
    return dict(zip(*np.unique(data.y, return_counts=True), strict=True))


def test_the_simulated_problem_needs_no_download_and_keeps_the_contract(problem, monkeypatch):
    monkeypatch.delenv("CHECKSTAR_DATA", raising=False)
    check_problem(problem)
    assert len(problem.train) + len(problem.test) == 600
    assert sorted(classes(problem.train)) == sorted(classes(problem.test)) == ELEVEN


def test_the_split_and_the_stars_are_those_of_the_seed():
    one, same, other = (cs.problems.variable_stars(n_simulated=150, seed=seed) for seed in (0, 0, 1))
    assert np.array_equal(one.test.x, same.test.x, equal_nan=True)
    assert np.array_equal(one.test.meta["ra"], same.test.meta["ra"])
    assert not np.array_equal(one.test.meta["ra"][:20], other.test.meta["ra"][:20])


def test_the_period_is_a_column_only_where_it_is_asked_for(problem, monkeypatch):
    assert problem.test.features[0] == "period"
    monkeypatch.setattr(module, "found_periods", lambda stars: np.arange(len(stars), dtype=float))
    without, found = (cs.problems.variable_stars(period=period, n_simulated=150) for period in (None, "found"))
    assert "period" not in without.test.features
    assert found.test.features[0] == "period"
    assert (found.train.x[:, 0] == np.round(found.train.x[:, 0])).all()
    # What the catalogue says stays beside it, to tell how often the search is right; it is no feature.
    known = found.test.meta["catalogue_period"]
    assert known[found.test.y[:, 0] != "non-periodic"].notna().all()


def test_the_leak_of_the_catalogue_is_said():
    question, notes = (
        getattr(cs.problems.variable_stars(period="catalogue", n_simulated=150), name) for name in ("question", "notes")
    )
    assert "leaks the class" in question
    assert "period of the catalogue" in notes[0]


def test_a_missing_period_does_not_tell_that_a_star_is_not_periodic(problem):
    assert np.isfinite(problem.train.x[:, 0]).all()
    given = problem.train.meta["catalogue_period"]
    assert given.isna().any()
    assert np.array_equal(given.dropna(), problem.train.x[given.notna(), 0])


def test_no_feature_is_a_mean_magnitude_or_an_amplitude_of_the_catalogue(problem):
    layout = CurveLayout.of(problem.test.features)
    assert layout.extras == ("period",)
    assert not {"vmag", "vamp", "amplitude", "mean_mag"} & set(problem.test.meta.columns)


def test_the_scope_lets_an_audit_ask(problem):
    scope = problem.scope
    assert scope.declared == ("suites", "symmetries", "nuisances", "novelties")
    scope.require_like(problem.test)
    assert set(scope.novelties.y.ravel()) == {NOVEL}
    assert len(scope.suites["cadence of ASAS"]) == 150
    shifted = scope.symmetries[0].act(7.0, problem.test.x)
    layout = CurveLayout.of(problem.test.features)
    moved = np.nan_to_num(shifted - problem.test.x)
    there = np.isfinite(problem.test.x[:, layout.time_columns])
    assert np.allclose(moved[:, layout.time_columns][there], 7.0)
    assert not np.delete(moved, layout.time_columns, axis=1).any()


def test_a_zero_point_moves_magnitudes_alone(problem):
    nuisance = next(n for n in problem.scope.nuisances if n.name == "zero point")
    layout = CurveLayout.of(problem.test.features)
    moved = np.nan_to_num(nuisance.apply(problem.test.x, 2.0) - problem.test.x)
    there = np.isfinite(problem.test.x[:, layout.value_columns])
    assert np.allclose(moved[:, layout.value_columns][there], 0.1)
    assert not np.delete(moved, layout.value_columns, axis=1).any()


def test_common_classes_hide_what_other_surveys_do_not_have():
    problem = cs.problems.variable_stars(classes="common", n_simulated=300)
    assert sorted(classes(problem.train)) == ["CEP", "DSCT", "EA", "EB/EW", "LPV", "ROT", "RRab", "RRc"]
    assert set(classes(problem.scope.suites["cadence of ASAS"])) <= set(classes(problem.train))


def test_a_class_declared_new_is_in_neither_part_and_among_the_novelties():
    problem = cs.problems.variable_stars(novel=["Mira"], n_simulated=300)
    assert "Mira" not in classes(problem.train) | classes(problem.test)
    assert set(problem.scope.novelties.y.ravel()) == {"Mira"}
    assert "Mira" not in classes(problem.scope.suites["cadence of ASAS"])


@pytest.mark.parametrize(("rare", "left"), [("drop", 0), ("merge", 2)])
def test_rare_classes_are_counted_and_left_out_or_merged(rare, left, monkeypatch):
    stars = module.simulate_variable_stars(100, 0, classes=["EA", "RRab"])
    meta = stars.meta.copy()
    meta.loc[[3, 5], "class"] = ["odd", "strange"]
    monkeypatch.setattr(module, "_stars", lambda *_: stars.replace(meta=meta))
    problem = cs.problems.variable_stars(rare=rare)
    assert len(problem.train) + len(problem.test) == 98 + left
    assert "2 stars of 2 classes with fewer than 5 are" in problem.notes[0]
    assert "1 odd, 1 strange" in problem.notes[0]
    assert ("rare" in classes(problem.train)) == (rare == "merge")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"survey": "kepler"}, "survey is 'kepler'"),
        ({"period": "true"}, "period is 'true'"),
        ({"survey": "asas", "period": "catalogue"}, "ASAS has no periods"),
        ({"classes": "own"}, "classes is 'own'"),
        ({"rare": "keep"}, "rare is 'keep'"),
        ({"n_simulated": 20}, "n_simulated is 20"),
        ({"novel": ["Myra"], "n_simulated": 100}, "no class of stars 'Myra'; did you mean 'Mira'"),
    ],
)
def test_bad_arguments_are_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        cs.problems.variable_stars(**arguments)


def test_cuts_at_the_period_beat_the_frequencies_of_the_classes(problem):
    view = cs.run(problem, problem.reference).view("class")
    names, counts = np.unique(problem.train.y, return_counts=True)
    blind = Classes(np.tile(counts / counts.sum(), (len(view.truth), 1)), names)
    found, guessed = (
        {metric.name: metric.score(view.truth, prediction) for metric in problem.metrics["class"]}
        for prediction in (view.prediction, blind)
    )
    assert found["accuracy"] > guessed["accuracy"] + 0.2
    assert found["balanced_accuracy"] > 0.3 > guessed["balanced_accuracy"]
    assert found["log_loss"] < guessed["log_loss"]


def test_catalina_keeps_the_contract_and_has_thirteen_classes(shared):
    problem = cs.problems.variable_stars("catalina", period="catalogue")
    assert len(problem.train) + len(problem.test) == 8016
    assert len(classes(problem.train)) == len(classes(problem.test)) == 13
    assert set(problem.scope.declared) == {"symmetries", "nuisances"}
    assert "people" in problem.notes[0]
    # The three stars that stand there twice, and neighbours, are in one group and so on one side.
    assert len(np.unique(np.concatenate([problem.train.group, problem.test.group]))) < 8016
    assert not np.intersect1d(problem.train.group, problem.test.group).size


@pytest.mark.slow
def test_the_reference_beats_a_constant_on_catalina(shared):
    check_problem(cs.problems.variable_stars("catalina", period="catalogue"))


def test_asas_says_how_many_stars_are_too_rare(shared):
    problem = cs.problems.variable_stars("asas")
    assert len(problem.train) + len(problem.test) == 810 - 13
    assert "13 stars of 6 classes" in problem.notes[0]
    assert set(classes(problem.test)) <= set(classes(problem.train))


def test_catalina_and_asas_are_suites_of_each_other_under_common_names(shared):
    problem = cs.problems.variable_stars("catalina", classes="common")
    suite = problem.scope.suites["ASAS"]
    problem.scope.require_like(problem.test)
    assert len(classes(problem.train)) == len(classes(suite)) == 8
    # All but the classes without a counterpart (55 of 810 stars).
    assert len(suite) == 755
