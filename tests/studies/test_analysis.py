import numpy as np
import pandas as pd
import pytest

from checkstar.data.dataset import Dataset
from checkstar.methods import Constant
from checkstar.problems.base import Metric, Problem
from checkstar.studies.analysis import analyse_problem
from checkstar.studies.records import Cell, CellRecord, Failure, Fold

CLASSES = np.array(["EA", "RRab", "RRc"])
ACCURACY = Metric(
    name="accuracy",
    function=lambda t, p: float((t == p).mean()),
    direction="higher",
    unit="",
    source="share that is right",
)
LOSS = Metric(
    name="log_loss",
    function=lambda t, p: float(p.log_loss(t).mean()),
    direction="lower",
    unit="nat",
    source="mean -ln p",
    of="distribution",
)


def problem(n=300, seed=0):
    rng = np.random.default_rng(seed)
    data = Dataset(
        rng.standard_normal((n, 2)),
        rng.choice(CLASSES, n, p=[0.2, 0.5, 0.3]),
        labels=["class"],
        meta={"id": np.arange(n)},
    )
    return Problem(
        name="toy", question="Which?", train=data[:200], test=data[200:], reference=Constant(),
        metrics={"class": (ACCURACY, LOSS)}, claims=(), citation="nobody",
    )  # fmt: skip


def cell(method, fold, share=1.0):
    return Cell(
        problem="toy", method=method, method_class="m", settings={}, fold=Fold(kind="folds", index=fold, of=3, seed=0),
        share=share, seed=0, metrics={}, data_hash="d", rows_hash=f"{fold}", code_hash=method,
    )  # fmt: skip


def answered(asked, method, fold, right, seconds, rng, share=1.0):
    """A cell whose method is right with this probability, and says so with 0.8."""
    truth = np.concatenate([asked.train.y, asked.test.y])[:, 0]
    rows = np.arange(fold, len(truth), 3)
    codes = np.searchsorted(CLASSES, truth[rows])
    said = np.where(rng.random(len(rows)) < right, codes, (codes + 1) % 3)
    p = np.full((len(rows), 3), 0.1)
    p[np.arange(len(rows)), said] = 0.8
    table = pd.DataFrame(
        {"row": rows, "truth_class": truth[rows], **{f"p_{c}": p[:, i] for i, c in enumerate(CLASSES)}}
    )
    record = CellRecord(
        cell=cell(method, fold, share), metrics={"class": {"accuracy": float((said == codes).mean())}}, n_train=200,
        costs={"fit_cpu_seconds": seconds, "predict_cpu_seconds": 0.0},
    )  # fmt: skip
    return record, table


@pytest.fixture(scope="module")
def analysed():
    asked, rng = problem(), np.random.default_rng(1)
    cells = [
        answered(asked, name, fold, right, seconds, rng)
        for name, right, seconds in (("big", 0.9, 300.0), ("small", 0.9, 1.0), ("guess", 0.34, 0.1))
        for fold in range(3)
    ]
    cells += [answered(asked, "small", fold, 0.6, 0.5, rng, share=0.3) for fold in range(3)]
    failed = CellRecord(cell=cell("broken", 0), failure=Failure(stage="fit", reason="ValueError: no", traceback="T"))
    return asked, analyse_problem(asked, [*cells, (failed, None)], tolerances={"accuracy": 0.2})


def test_the_simplest_that_will_do_is_named_with_its_share_of_the_cost(analysed):
    found = analysed[1]["labels"][0]["metrics"][0]
    assert found["simplest"] == "small"
    assert "at 1/300 of its CPU time" in found["sentence"] or "is the cheapest that is shown" in found["sentence"]
    verdicts = {s["method"]: s["verdict"] for s in found["comparison"]["standings"]}
    assert verdicts == {"big": "PASS", "small": "PASS", "guess": "FAIL"}


def test_pooled_scores_are_those_of_all_objects(analysed):
    label = analysed[1]["labels"][0]
    matrix = next(one for one in label["confusion"] if one["method"] == "small")
    counts = np.array(matrix["counts"])
    assert counts.sum() == 300
    assert label["metrics"][0]["pooled"]["small"] == pytest.approx(np.trace(counts) / 300)
    assert matrix["names"][0] == "RRab"  # the most frequent first


def test_a_score_that_is_better_when_smaller_is_turned_round(analysed):
    loss = analysed[1]["labels"][0]["metrics"][1]
    assert loss["sign"] == -1.0
    worst = loss["comparison"]["standings"][-1]
    assert worst["method"] == "guess"
    assert -worst["score"] == pytest.approx(loss["pooled"]["guess"])


def test_failures_learning_curves_and_the_worst_objects_are_kept(analysed):
    found = analysed[1]
    assert [f["reason"] for f in found["failures"]] == ["ValueError: no"]
    curve = next(c for c in found["labels"][0]["learning"] if c["method"] == "small")
    assert len(curve["mean"]) == 2 and curve["mean"][0] < curve["mean"][1]
    worst = found["labels"][0]["worst"]
    assert len(worst) == 12
    assert all(one["answer"] != worst[0]["truth"] for one in worst[0]["said"])


def test_a_method_that_missed_a_fold_is_not_compared():
    asked, rng = problem(), np.random.default_rng(2)
    cells = [answered(asked, "whole", fold, 0.9, 1.0, rng) for fold in range(3)]
    cells += [answered(asked, "half", fold, 0.9, 1.0, rng) for fold in range(2)]
    assert list(analyse_problem(asked, cells)["labels"][0]["metrics"][0]["pooled"]) == ["whole"]


def test_methods_that_agree_on_few_objects_are_not_shown_to_be_alike():
    asked = problem(201)
    cells = [
        answered(asked, name, fold, 0.9, cost, np.random.default_rng(fold))
        for name, cost in (("one", 1.0), ("same", 2.0))
        for fold in range(3)
    ]
    found = analyse_problem(asked, cells)["labels"][0]["metrics"][0]
    # 201 objects on which nothing differs leave 1.9 % of all on which something may; the tolerance is 1 %.
    assert {s["verdict"] for s in found["comparison"]["standings"]} == {"INCONCLUSIVE"}
    assert found["simplest"] is None


def test_what_counts_as_behind_is_of_the_size_of_the_score(analysed):
    accuracy, loss = analysed[1]["labels"][0]["metrics"]
    assert accuracy["comparison"]["tolerance"] == 0.2  # as it was asked for
    assert loss["comparison"]["tolerance"] == pytest.approx(0.05 * min(loss["pooled"].values()))
    asked, rng = problem(), np.random.default_rng(3)
    cells = [answered(asked, name, fold, 0.9, 1.0, rng) for name in ("a", "b") for fold in range(3)]
    assert analyse_problem(asked, cells)["labels"][0]["metrics"][0]["comparison"]["tolerance"] == 0.01
