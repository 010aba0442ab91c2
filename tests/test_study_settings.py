"""A study from a TOML file: names become problems and methods, and every mistake is named."""

from pathlib import Path

import pytest

from checkstar.errors import InputError
from checkstar.studies import Between, DaskExecutor, JoblibExecutor, SerialExecutor
from checkstar.study_settings import read_study

STUDY = """
[study]
name = "try"
store = "kept"
folds = 3
seed = 4

[[problems]]
problem = "redshifts"
name = "simulated"
n_simulated = 300

[[methods]]
method = "k-nearest"
n_neighbors = 7
[methods.search]
trials = 4
space = { n_neighbors = { low = 1, high = 30, log = true }, weights = ["distance", "uniform"] }

[[methods]]
method = "calibrated(ridge)"
name = "calibrated"
"""


def written(folder, text=STUDY):
    path = folder / "study.toml"
    path.write_text(text)
    return path


def make_all(path):
    asked = read_study(path)
    return asked.make_methods(), asked.make_problems()


def test_names_become_problems_methods_and_searches(tmp_path):
    asked = read_study(written(tmp_path))
    problems = asked.make_problems()
    methods, searches, left_out = asked.make_methods()
    assert list(problems) == ["simulated"]
    assert len(problems["simulated"].train) + len(problems["simulated"].test) == 300
    assert methods["k-nearest"].n_neighbors == 7
    assert methods["calibrated"].name == "Calibrated(Ridge)"
    assert searches["k-nearest"].space == {"n_neighbors": Between(1, 30, True), "weights": ["distance", "uniform"]}
    assert (searches["k-nearest"].trials, left_out) == (4, [])


def test_the_store_lies_beside_the_file_and_options_win(tmp_path):
    asked = read_study(written(tmp_path))
    assert (asked.store, asked.seed, asked.folding.folds) == (tmp_path / "kept", 4, 3)
    other = read_study(written(tmp_path), {"store": Path("mine"), "seed": 9, "jobs": None})
    assert (other.store, other.seed) == (Path("mine"), 9)
    assert read_study(written(tmp_path, STUDY.replace('store = "kept"', ""))).store == Path("study-store")


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({}, SerialExecutor),
        ({"jobs": 1}, SerialExecutor),
        ({"jobs": 2}, JoblibExecutor),
        ({"executor": "joblib"}, JoblibExecutor),
        ({"jobs": 2, "executor": "serial"}, SerialExecutor),
        ({"executor": "dask", "jobs": 2}, DaskExecutor),
        ({"scheduler": "tcp://there:8786"}, DaskExecutor),
    ],
)
def test_the_executor_is_what_was_asked_for(tmp_path, given, kind):
    assert isinstance(read_study(written(tmp_path), given).make_executor(), kind)


def test_own_splits_and_random_ones_can_be_asked_for(tmp_path):
    assert read_study(written(tmp_path, STUDY.replace("folds = 3", 'folds = "own"'))).folding.kind == "own"
    asked = read_study(written(tmp_path, STUDY.replace("folds = 3", "splits = 8\ntest-share = 0.1")))
    assert (asked.folding.kind, asked.folding.number, asked.folding.test_share) == ("splits", 8, 0.1)


def test_a_method_whose_package_is_missing_is_left_out_with_a_note(tmp_path):
    text = STUDY.replace("n_neighbors = 7", 'needs = ["no_such_package"]')
    methods, searches, left_out = read_study(written(tmp_path, text)).make_methods()
    assert list(methods) == ["calibrated"]
    assert searches == {}
    assert left_out == ["k-nearest is left out: no_such_package is not installed"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("seed = 4", "sead = 4", r"there is no key in \[study\] of study.toml 'sead'; did you mean 'seed'"),
        ("seed = 4", "seed = 'x'", r"seed in \[study\] of study.toml is 'x'"),
        ("folds = 3", "folds = 'none'", "folds in"),
        ("[study]", "[studies]", "there is no table in study.toml called 'studies'; did you mean 'study'"),
        ("[study]", "[study", "is not TOML"),
        ('problem = "redshifts"', "", r"table 1 of \[\[problems\]\] does not say which; add problem = 'NAME'"),
        ('problem = "redshifts"', 'problem = "redshift"', "there is no problem 'redshift'; did you mean 'redshifts'"),
        ("n_simulated = 300", "n_sim = 300", "there is no setting of redshifts 'n_sim'; did you mean 'n_simulated'"),
        ('method = "k-nearest"', 'method = "nearest"', "there is no method 'nearest'"),
        ("n_neighbors = 7", "neighbors = 7", "there is no setting of k-nearest 'neighbors'"),
        ('name = "calibrated"', 'name = "k-nearest"', "two methods are called 'k-nearest'; add name = "),
        ("trials = 4", "trial = 4", "there is no key in the search of 'k-nearest' 'trial'; did you mean 'trials'"),
        ("high = 30", "hi = 30", "is searched over .*; give {low = "),
        (
            '[[problems]]\nproblem = "redshifts"\nname = "simulated"\nn_simulated = 300',
            "",
            "names no problems; add a table",
        ),
    ],
)
def test_every_mistake_is_named(tmp_path, old, new, message):
    assert old in STUDY
    with pytest.raises(InputError, match=message):
        make_all(written(tmp_path, STUDY.replace(old, new)))


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match=r"cannot read .*nothing\.toml"):
        read_study(tmp_path / "nothing.toml")


@pytest.mark.parametrize(
    "path", sorted(Path(__file__).parents[1].glob("examples/studies/*.toml")), ids=lambda p: p.name
)
def test_the_examples_name_what_there_is(path):
    methods, _, _ = read_study(path, {}).make_methods()
    assert len(methods) >= 2


def test_the_demo_names_what_there_is():
    from importlib import resources

    with resources.as_file(resources.files("checkstar.studies").joinpath("demo.toml")) as path:
        asked = read_study(path)
        assert list(asked.make_methods().methods)[:3] == ["cuts", "forest", "boosting"]
