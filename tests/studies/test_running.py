"""A study runs each cell once, whoever runs it, survives kills, and keeps what failed with its reason."""

import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier

import checkstar as cs
from checkstar.errors import InputError
from checkstar.methods import KNearest, Ridge
from checkstar.studies import DaskExecutor, JoblibExecutor, Search, Study
from checkstar.studies.grid import Folding
from checkstar.studies.running import plan_study, study
from checkstar.studies.store import Store

METHODS = {"near": KNearest(), "bayes": GaussianNB()}
#: Fits nothing of 40 objects in an inner fold, and works on none of these problems.
GREEDY = KNeighborsClassifier(n_neighbors=10_000)


def numbers(done):
    """What a study found, without its clocks."""
    return sorted((r.key, r.cell.method, r.cell.fold.index, json.dumps(r.metrics)) for r in done.records)


def test_a_study_holds_every_cell_and_its_metrics_are_those_of_its_predictions(toy, tmp_path):
    done = study(toy.problem(), METHODS, 3, store=tmp_path / "s")
    assert len(done.records) == 6
    for record in done.records:
        table = done.predictions(record)
        p = table[["p_a", "p_b", "p_c"]].to_numpy()
        predicted = np.array(list("abc"))[p.argmax(axis=1)]
        assert record.metrics["class"]["accuracy"] == np.mean(predicted == table["truth_class"])
        assert set(table["group"]) and table["id"].str.startswith("star ").all()
    rows = np.concatenate([done.predictions(r)["row"] for r in done.records if r.cell.method == "near"])
    assert sorted(rows) == list(range(120))


def test_a_fold_is_fitted_where_its_test_objects_were_not_seen(toy, tmp_path):
    class Keeping(KNearest):
        def fit(self, x, y, *, noise=None, y_err=None):
            super().fit(x, y, noise=noise, y_err=y_err)
            self.kept_ = np.asarray(x)
            return self

        def predict_distribution(self, x, *, noise=None):
            both = set(map(tuple, np.asarray(x))) & set(map(tuple, self.kept_))
            if both and len(x) < len(self.kept_):  # in the rehearsal they are the same, and nothing is kept of it
                raise AssertionError(f"saw {len(both)} test objects")
            return super().predict_distribution(x, noise=noise)

    done = study(
        toy.problem(), {"k": Keeping()}, 3, store=tmp_path / "s", hyperparameters={"k": {"n_neighbors": [1, 3]}}
    )
    assert not done.failures
    assert all(record.search["engine"] == "grid" for record in done.records)


def test_neither_search_nor_fit_sees_a_test_object_of_its_fold(toy, tmp_path):
    class Detector(KNearest):
        asked: list = []  # noqa: RUF012 - shared by all copies on purpose

        def fit(self, x, y, **more):
            self.asked.append(set(np.asarray(x)[:, 0]))
            return super().fit(x, y, **more)

        def predict_distribution(self, x, *, noise=None):
            self.asked.append(set(np.asarray(x)[:, 0]))
            return super().predict_distribution(x, noise=noise)

    def cell_done(name, done, total):
        if done:
            # The last question of a cell is about its test objects.
            *before, test = Detector.asked
            assert len(before) == 3 * 2 * 2 + 1
            assert not any(test & seen for seen in before)
        Detector.asked.clear()

    search = {"d": Search(space={"n_neighbors": [1, 3]}, folds=2)}
    done = study(toy.problem(), {"d": Detector()}, 3, store=tmp_path / "s", hyperparameters=search, progress=cell_done)
    assert not done.failures


def test_costs_are_measured_and_energy_is_modelled_from_them(toy, tmp_path):
    done = study(
        toy.problem(), {"near": KNearest()}, 2, store=tmp_path / "s", watts_per_core=20.0,
        hyperparameters={"near": Search(space={"n_neighbors": [1, 2]})},
    )  # fmt: skip
    for record in done.records:
        costs = record.costs
        assert all(
            costs[name] > 0 for name in ("fit_cpu_seconds", "predict_seconds", "search_cpu_seconds", "peak_memory_mb")
        )
        spent = sum(costs[f"{stage}_cpu_seconds"] for stage in ("search", "fit", "predict"))
        assert costs["energy_joules_modelled"] == pytest.approx(20 * spent)
        assert costs["predict_seconds_per_object"] == pytest.approx(costs["predict_seconds"] / record.n_test)


def test_a_study_that_is_done_is_not_run_again(toy, tmp_path):
    class Counting(KNearest):
        fits = 0

        def fit(self, *given, **more):
            type(self).fits += 1
            return super().fit(*given, **more)

    one = study(toy.problem(), {"k": Counting()}, 3, store=tmp_path / "s")
    fitted = Counting.fits
    told = []
    again = study(toy.problem(), {"k": Counting()}, 3, store=tmp_path / "s", progress=lambda *words: told.append(words))
    assert Counting.fits == fitted
    assert again.records == one.records
    assert told[-1][1:] == (3, 3)
    with pytest.raises(InputError, match="holds 3 cells of this study already; give another store"):
        study(toy.problem(), {"k": Counting()}, 3, store=tmp_path / "s", resume=False)


def test_more_methods_cost_only_their_own_cells(toy, tmp_path):
    study(toy.problem(), {"near": KNearest()}, 3, store=tmp_path / "s")
    plan = plan_study(toy.problem(), METHODS, Folding(folds=3), store=tmp_path / "s")
    assert {task.cell.method for task in plan.missing} == {"bayes"}
    assert plan.summary == "6 cells, 3 of them done already, 3 to run"


def test_other_data_settings_or_seeds_are_other_cells(toy, tmp_path):
    study(toy.problem(), {"near": KNearest()}, 2, store=tmp_path / "s")
    for problem, method, seed in (
        (toy.problem(seed=1), KNearest(), 0),
        (toy.problem(), KNearest(n_neighbors=3), 0),
        (toy.problem(), KNearest(), 1),
    ):
        assert (
            len(plan_study(problem, {"near": method}, Folding(folds=2), store=tmp_path / "s", seed=seed).missing) == 2
        )


def test_names_are_those_of_the_study_that_asks(toy, tmp_path):
    study(toy.problem(), {"near": KNearest()}, 2, store=tmp_path / "s")
    done = study({"P": toy.problem()}, {"M": KNearest()}, 2, store=tmp_path / "s", name="second")
    assert {(r.cell.problem, r.cell.method) for r in done.records} == {("P", "M")}
    assert {(r.cell.problem, r.cell.method) for r in Study.load(tmp_path / "s", "second").records} == {("P", "M")}


def test_a_failure_is_a_result_with_its_reason_and_does_not_end_the_rest(toy, tmp_path):
    done = study(toy.problem(), {"greedy": GREEDY, "near": KNearest()}, 3, store=tmp_path / "s")
    assert {r.cell.method for r in done.failures} == {"greedy"}
    assert len(done.failures) == 3
    for record in done.failures:
        assert record.failure.stage == "predict"
        assert "n_neighbors" in record.failure.reason
        assert "Traceback" in record.failure.traceback
        assert record.metrics == {}
    row = next(row for row in done.leaderboard if row["method"] == "greedy")
    assert (row["mean"], row["n_failed"], row["n_folds"]) == (None, 3, 0)
    assert any("greedy failed on a few objects of toy" in text for text in done.record.warnings)
    assert any(lesson["kind"] == "failed" and "greedy" in lesson["text"] for lesson in done.record.lessons)
    assert "3 failed" in repr(done)


def test_failures_are_run_again_only_when_asked_for(toy, tmp_path):
    class Moody(KNearest):
        broken = True

        def predict_distribution(self, x, *, noise=None):
            if type(self).broken:
                raise RuntimeError("not today")
            return super().predict_distribution(x, noise=noise)

    assert len(study(toy.problem(), {"m": Moody()}, 2, store=tmp_path / "s").failures) == 2
    Moody.broken = False
    assert len(study(toy.problem(), {"m": Moody()}, 2, store=tmp_path / "s").failures) == 2
    assert not study(toy.problem(), {"m": Moody()}, 2, store=tmp_path / "s", retry_failed=True).failures
    assert not study(toy.problem(), {"m": Moody()}, 2, store=tmp_path / "s").failures
    assert len(list((tmp_path / "s" / "runs").glob("*.failed-*"))) == 2


def test_what_refuses_the_problem_is_named_before_anything_runs(toy, tmp_path):
    problem = toy.problem()
    with pytest.raises(InputError) as caught:
        study([problem], {"ridge": Ridge(), "near": KNearest()}, 3, store=tmp_path / "s")
    assert "1 thing is wrong; nothing was run" in str(caught.value)
    assert "ridge" in str(caught.value)
    assert "it learns numbers" in str(caught.value)
    assert not (tmp_path / "s").exists()


def test_a_missing_extra_is_named_before_anything_runs(toy, tmp_path):
    class Far(KNearest):
        def fit(self, *given, **more):
            raise InputError("torch is not installed; pip install 'checkstar[torch]'.")

    with pytest.raises(InputError, match=r"far\s+torch is not installed; pip install 'checkstar\[torch\]'"):
        study(toy.problem(), {"far": Far(), "near": KNearest()}, 3, store=tmp_path / "s")


def test_a_method_that_needs_more_objects_than_the_rehearsal_has_is_not_refused(toy, tmp_path):
    class Hungry(KNearest):
        def fit(self, x, y, **more):
            if len(x) < 150:
                raise InputError(f"{len(x)} objects are too few; give 150.")
            return super().fit(x, y, **more)

    assert not study(toy.problem(n=400), {"h": Hungry()}, 3, store=tmp_path / "s").failures


def test_the_same_numbers_come_whatever_the_executor(toy, tmp_path):
    settings = dict(hyperparameters={"near": {"n_neighbors": [1, 5, 9]}})
    one = study(toy.problem(), METHODS, 3, store=tmp_path / "one", **settings)
    many = study(toy.problem(), METHODS, 3, store=tmp_path / "many", executor=JoblibExecutor(2), **settings)
    assert numbers(one) == numbers(many)


@pytest.mark.slow  # a cluster and two studies: twenty seconds on a busy machine
def test_dask_gives_the_same_numbers_and_lives_through_a_killed_worker(toy, tmp_path):
    class Deadly(KNearest):
        def __init__(self, n_neighbors=5, mark=""):
            self.n_neighbors = n_neighbors
            self.mark = mark

        n_components, weights = "auto", "distance"

        def fit(self, x, y, **more):
            if self.mark and not os.path.exists(self.mark) and len(x) > 70:
                open(self.mark, "w").close()
                os.kill(os.getpid(), signal.SIGKILL)
            return super().fit(x, y, **more)

    mark = str(tmp_path / "died")
    methods = {"deadly": Deadly(mark=mark), "bayes": GaussianNB()}
    done = study(toy.problem(), methods, 3, store=tmp_path / "dask", executor=DaskExecutor(n_workers=2))
    assert os.path.exists(mark)
    one = study(toy.problem(), methods, 3, store=tmp_path / "one")
    assert numbers(done) == numbers(one)
    assert not done.failures


SCRIPT = textwrap.dedent(
    """
    import os, sys, time
    import numpy as np
    from sklearn.metrics import accuracy_score
    import checkstar as cs
    from checkstar.methods import KNearest
    from checkstar.problems.base import Metric, Problem
    from checkstar.studies.running import study

    store, log, delay = sys.argv[1], sys.argv[2], float(sys.argv[3])

    class Slow(KNearest):
        def fit(self, x, y, **more):
            if len(x) > 80:
                with open(log, "a") as file:
                    file.write(f"{os.getpid()} {len(x)} {float(np.sum(x)):.6f}\\n")
                time.sleep(delay)
            return super().fit(x, y, **more)

    rng = np.random.default_rng(0)
    y = rng.choice(list("ab"), size=150)
    data = cs.Dataset(x=rng.normal(size=(150, 3)) + (y == "a")[:, None], y=y, labels=["class"])
    metric = Metric(name="accuracy", function=accuracy_score, direction="higher", unit="", source="-")
    train, test = data.split(0.3, 0)
    problem = Problem(name="toy", question="?", train=train, test=test, reference=KNearest(), claims=(),
                      metrics={"class": (metric,)})
    print("ready", flush=True)
    done = study(problem, {"slow": Slow()}, 6, store=store,
                 progress=lambda name, done, total: print(name, done, total, flush=True))
    print("mean", done.leaderboard[0]["mean"], len(done.failures))
    """
)


def started(folder, log, delay):
    words = [sys.executable, folder / "script.py", folder / "store", log, str(delay)]
    return subprocess.Popen(words, stdout=subprocess.PIPE, text=True, start_new_session=True)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT)
    return tmp_path


def test_a_killed_study_goes_on_without_repeating_a_finished_fold(folder):
    with started(folder, folder / "first", 0.3) as killed:
        for line in killed.stdout:
            if line.split()[-2:] == ["3", "6"]:
                break
        os.kill(killed.pid, signal.SIGKILL)
    assert killed.returncode == -signal.SIGKILL
    stored = [path.name for path in (folder / "store" / "runs").iterdir() if not path.name.startswith(".")]
    assert len(stored) >= 3
    with started(folder, folder / "second", 0.0) as again:
        last = again.stdout.read().splitlines()[-1]
    finished, repeated = ((folder / name).read_text().splitlines() for name in ("first", "second"))
    assert len(repeated) == 6 - len(stored)
    # At most the fold that was cut short is fitted twice.
    assert len({line.split(None, 1)[1] for line in finished} & {line.split(None, 1)[1] for line in repeated}) <= 1
    with started(folder, folder / "third", 0.0) as whole:
        assert whole.stdout.read().splitlines()[-1] == last
    assert not (folder / "third").exists()
    assert last.split()[2] == "0"


def test_two_processes_share_one_study_and_run_no_cell_twice(folder):
    pair = [started(folder, folder / "log", 0.3) for _ in range(2)]
    ends = [process.communicate(timeout=120)[0].splitlines()[-1] for process in pair]
    assert ends[0] == ends[1]
    lines = (folder / "log").read_text().splitlines()
    assert len(lines) == 6
    assert len({line.split()[0] for line in lines}) == 2
    found = Store(folder / "store").scan()
    assert len(found.records) == 6
    assert not found.warnings
    assert list((folder / "store" / "reservations").iterdir()) == []


def test_a_study_is_read_again_from_a_store_that_was_moved(toy, tmp_path):
    done = study(toy.problem(), METHODS, 2, store=tmp_path / "s", name="first")
    shutil.move(tmp_path / "s", tmp_path / "elsewhere")
    again = Study.load(tmp_path / "elsewhere")
    assert again.record == done.record
    assert again.records == done.records
    assert len(again.predictions(again.records[0])) == again.records[0].n_test
    with pytest.raises(InputError, match="holds no finished study called 'third'"):
        Study.load(tmp_path / "elsewhere", "third")
    with pytest.raises(InputError, match="there is no store"):
        Study.load(tmp_path / "nowhere")


def test_a_damaged_run_is_run_again(toy, tmp_path):
    done = study(toy.problem(), METHODS, 2, store=tmp_path / "s")
    (done.store.folder_of(done.records[0]) / "predictions.parquet").write_bytes(b"")
    again = study(toy.problem(), METHODS, 2, store=tmp_path / "s")
    assert numbers(again) == numbers(done)
    assert len(again.predictions(again.records[0])) == done.records[0].n_test


def test_numbers_are_studied_as_classes_are(tmp_path):
    problem = cs.problems.redshifts(n_simulated=300)
    done = study(problem, {"ridge": Ridge()}, None, store=tmp_path / "s")
    (record,) = done.records
    assert {"bias", "nmad"} <= set(record.metrics["z_spec"])
    table = done.predictions(record)
    assert list(table.columns) == ["row", "truth_z_spec", "mean_z_spec", "std_z_spec"]
    np.testing.assert_array_equal(table["truth_z_spec"], problem.test.y[:, 0])


def test_warnings_of_libraries_are_kept_with_the_run(toy, tmp_path):
    class Grumbling(KNearest):
        def fit(self, *given, **more):
            import warnings

            warnings.warn("too few neighbours", stacklevel=2)
            return super().fit(*given, **more)

    done = study(toy.problem(), {"g": Grumbling()}, 2, store=tmp_path / "s")
    assert all(record.warnings == ["UserWarning: too few neighbours"] for record in done.records)


def test_an_interrupted_study_keeps_what_was_finished(toy, tmp_path):
    def stop(name, done, total):
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        study(toy.problem(), METHODS, 3, store=tmp_path / "s", progress=stop)
    assert len(plan_study(toy.problem(), METHODS, Folding(folds=3), store=tmp_path / "s").missing) == 4
    assert list((tmp_path / "s" / "reservations").iterdir()) == []
