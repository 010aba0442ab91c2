"""A catalogue is worked through part by part, whole or not at all, and again only where that is needed."""

import os
import signal

import numpy as np
import pandas as pd
import pytest

from checkstar.data import light_curve_partitions, write_light_curves
from checkstar.data.curve_layout import CurveLayout, curve_dataset
from checkstar.data.light_curves import LightCurves
from checkstar.errors import InputError
from checkstar.methods.base import Method
from checkstar.prediction import Classes
from checkstar.studies import JoblibExecutor
from checkstar.studies.partitions import score_partitions


def curves(n=40, seed=0, first=0):
    rng = np.random.default_rng(seed)
    n_epochs = rng.integers(5, 30, n)
    total = int(n_epochs.sum())
    return LightCurves(
        time=np.concatenate([np.sort(rng.uniform(0, 100, k)) for k in n_epochs]),
        value=rng.normal(15, np.repeat(np.where(np.arange(n) % 2, 1.0, 0.1), n_epochs)),
        error=np.full(total, 0.05),
        offsets=np.concatenate([[0], np.cumsum(n_epochs)]),
        band=None,
        bands=("V",),
        meta=pd.DataFrame(
            {"id": np.arange(first, first + n).astype(str), "class": np.where(np.arange(n) % 2, "wide", "narrow")}
        ),
        unit="mag",
    )


class Scatter(Method):
    """Two classes by the standard deviation of the magnitudes."""

    def __init__(self, steepness=5.0):
        self.steepness = steepness

    def fit(self, x, y, *, noise=None, y_err=None, features=None):
        self.features_ = list(CurveLayout(n_epochs=1, extras=CurveLayout.of(features).extras).features)
        self.names_ = ["narrow", "wide"]
        return self

    def predict_distribution(self, x, *, noise=None):
        layout = CurveLayout.of(self.features_)
        spread = np.array([curve.value.std() for curve in layout.unpack(np.asarray(x), noise)])
        wide = 1 / (1 + np.exp(-self.steepness * (spread - 0.5)))
        return Classes(np.column_stack([1 - wide, wide]), self.names_)


@pytest.fixture
def catalogue(tmp_path):
    folder = tmp_path / "catalogue"
    folder.mkdir()
    for part in range(3):
        write_light_curves(curves(seed=part, first=100 * part), folder / f"part{part}.parquet", n_objects=20)
    return folder


@pytest.fixture
def fitted():
    return Scatter().fit_data(curve_dataset(curves(), "class"))


def parts(folder):
    return light_curve_partitions(folder, 20)


def features(some):
    return pd.DataFrame({"id": some.meta["id"], "n": some.n_epochs})


def read(folder):
    return pd.concat([pd.read_parquet(path) for path in sorted(folder.glob("*.parquet"))])


def test_every_object_has_one_row_with_its_name_and_the_answers_of_the_method(catalogue, fitted, tmp_path):
    done = score_partitions(fitted, parts(catalogue), tmp_path / "out", batch_size=7)
    assert (len(done.done), done.n_objects, done.failed, done.skipped) == (6, 120, [], [])
    table = read(tmp_path / "out").set_index("id")
    assert len(table) == table.index.nunique() == 120
    data = curve_dataset(curves(seed=1), "class")
    expected = fitted.predict_distribution(data.x, noise=data.noise).probabilities[:, 1]
    np.testing.assert_allclose(table.loc[[str(100 + i) for i in range(40)], "p_wide"], expected, rtol=1e-12)


def test_a_function_of_light_curves_gives_a_table_of_features(catalogue, tmp_path):
    score_partitions(features, parts(catalogue), tmp_path / "out")
    assert read(tmp_path / "out")["n"].sum() == sum(curves(seed=s).n_epochs.sum() for s in range(3))


def test_finished_parts_are_skipped_and_only_what_changed_is_done_again(catalogue, tmp_path):
    score_partitions(features, parts(catalogue), tmp_path / "out")
    before = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()}
    again = score_partitions(features, parts(catalogue), tmp_path / "out")
    assert (len(again.done), len(again.skipped)) == (0, 6)
    write_light_curves(curves(seed=9, first=100), catalogue / "part1.parquet", n_objects=20)
    changed = score_partitions(features, parts(catalogue), tmp_path / "out")
    assert (len(changed.done), len(changed.skipped)) == (2, 4)
    after = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()}
    assert sum(after[name] != time for name, time in before.items()) == 2


def test_results_of_another_method_are_not_mixed(catalogue, fitted, tmp_path):
    score_partitions(fitted, parts(catalogue), tmp_path / "out")
    with pytest.raises(InputError, match="holds results of another method, or of another version of it"):
        score_partitions(features, parts(catalogue), tmp_path / "out")
    other = Scatter(steepness=1.0).fit_data(curve_dataset(curves(), "class"))
    with pytest.raises(InputError, match="give another folder"):
        score_partitions(other, parts(catalogue), tmp_path / "out")


def test_a_part_that_cannot_be_read_is_named_and_tried_again(catalogue, tmp_path):
    found = parts(catalogue)
    whole = (catalogue / "part2.parquet").read_bytes()
    (catalogue / "part2.parquet").write_bytes(whole[:100])
    done = score_partitions(features, found, tmp_path / "out")
    assert (len(done.done), len(done.failed)) == (4, 2)
    assert "part2" in done.failed[0].failure
    assert "Traceback" not in done.failed[0].failure
    assert len(list((tmp_path / "out").iterdir())) == 4
    (catalogue / "part2.parquet").write_bytes(whole)
    assert len(score_partitions(features, parts(catalogue), tmp_path / "out").done) == 2


def test_a_function_that_fails_is_named_with_its_traceback(catalogue, tmp_path):
    def broken(some):
        raise ZeroDivisionError("by nothing")

    done = score_partitions(broken, parts(catalogue), tmp_path / "out")
    assert len(done.failed) == 6
    assert "ZeroDivisionError: by nothing" in done.failed[0].failure
    assert "Traceback" in done.failed[0].failure
    short = score_partitions(lambda some: features(some)[1:], parts(catalogue), tmp_path / "out")
    assert "the function gave 19 rows for 20 light curves" in short.failed[0].failure
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.slow  # three pools of processes; killed workers are tested with the executors, too
def test_a_killed_worker_loses_nothing(catalogue, tmp_path):
    mark = str(tmp_path / "died")

    def deadly(some):
        if not os.path.exists(mark):
            open(mark, "w").close()
            os.kill(os.getpid(), signal.SIGKILL)
        return pd.DataFrame({"n": some.n_epochs})

    done = score_partitions(deadly, parts(catalogue), tmp_path / "out", JoblibExecutor(2))
    assert os.path.exists(mark)
    assert (len(done.done), done.failed) == (6, [])
    assert len(read(tmp_path / "out")) == 120


def test_the_period_of_the_catalogue_goes_to_a_method_that_learned_with_it(tmp_path):
    some = curves()
    some = some.replace(meta=some.meta.assign(period=np.linspace(1, 2, 40)))

    class Periodic(Scatter):
        def predict_distribution(self, x, *, noise=None):
            assert CurveLayout.of(self.features_).extras == ("period",)
            wide = np.asarray(x)[:, 0] - 1
            return Classes(np.column_stack([1 - wide, wide]), self.names_)

    fitted = Periodic().fit_data(curve_dataset(some, "class", extras=["period"]))
    write_light_curves(some, tmp_path / "all.parquet")
    score_partitions(fitted, light_curve_partitions(tmp_path / "all.parquet"), tmp_path / "out")
    np.testing.assert_allclose(read(tmp_path / "out")["p_wide"], np.linspace(0, 1, 40))


def test_a_method_that_is_not_fitted_is_refused(catalogue, tmp_path):
    with pytest.raises(InputError, match="this Scatter is not fitted"):
        score_partitions(Scatter(), parts(catalogue), tmp_path / "out")
    assert not (tmp_path / "out").exists()
