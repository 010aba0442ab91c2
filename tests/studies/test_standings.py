"""Means over folds with the scatter between them, the best first; what failed is counted and never dropped."""

import numpy as np
import pytest

from checkstar.studies.records import Cell, CellRecord, Failure, Fold
from checkstar.studies.standings import cpu_seconds, leaderboard, leaderboard_tables


def record(
    method,
    fold,
    value=None,
    *,
    direction="higher",
    cpu=1.0,
    share=1.0,
    code="c",
    created="2026-01-01",
    seed=0,
    data="d",
):
    cell = Cell(
        problem="stars",
        method=method,
        method_class=f"x.{method}",
        settings={},
        fold=Fold(kind="folds", index=fold, of=3, seed=seed),
        share=share,
        seed=fold,
        metrics={"class": {"score": {"direction": direction, "unit": "", "source": "-"}}},
        data_hash=data,
        rows_hash=f"{fold}",
        code_hash=code,
    )
    if value is None:
        return CellRecord(cell=cell, failure=Failure(stage="fit", reason="no"), created=created)
    costs = {"search_cpu_seconds": 0.0, "fit_cpu_seconds": cpu, "predict_cpu_seconds": 0.5}
    return CellRecord(cell=cell, metrics={"class": {"score": value}}, costs=costs, created=created)


def folds(method, values, **settings):
    return [record(method, fold, value, **settings) for fold, value in enumerate(values)]


def test_mean_and_error_are_those_of_the_folds():
    (row,) = leaderboard(folds("a", [0.7, 0.8, 0.9])).rows
    assert row["mean"] == pytest.approx(0.8)
    assert row["standard_error"] == pytest.approx(np.std([0.7, 0.8, 0.9], ddof=1) / np.sqrt(3))
    assert (row["n_folds"], row["n_failed"], row["cpu_seconds"]) == (3, 0, 1.5)


@pytest.mark.parametrize(("direction", "order"), [("higher", "bacz"), ("lower", "abcz")])
def test_the_best_comes_first_and_what_never_worked_last(direction, order):
    values = {"z": [None] * 3, "a": [0.1, 0.2, 0.3], "b": [0.4, 0.5, 0.6], "c": [0.9, None, 0.0]}
    rows = leaderboard([r for name, some in values.items() for r in folds(name, some, direction=direction)]).rows
    assert "".join(row["method"] for row in rows) == order
    assert {row["method"]: row["n_failed"] for row in rows} == {"z": 3, "a": 0, "b": 0, "c": 1}
    assert rows[-1]["mean"] is None


def test_a_method_that_left_out_a_fold_does_not_lead():
    # Right in the easy folds, no answer in the hard one: its mean is not that of the others.
    rows = leaderboard([*folds("whole", [0.9, 0.9, 0.3]), *folds("part", [0.85, 0.85, None], cpu=0.1)]).rows
    assert [row["method"] for row in rows] == ["whole", "part"]
    assert [row["on_pareto_front"] for row in rows] == [True, False]


def test_the_pareto_front_is_marked():
    records = [
        *folds("cheap", [0.7] * 3, cpu=1),
        *folds("dear", [0.9] * 3, cpu=100),
        *folds("vain", [0.8] * 3, cpu=1000),
    ]
    front = {row["method"]: row["on_pareto_front"] for row in leaderboard(records).rows}
    assert front == {"cheap": True, "dear": True, "vain": False}


def test_parts_of_the_training_set_do_not_count():
    (row,) = leaderboard([*folds("a", [0.8] * 3), *folds("a", [0.1] * 3, share=0.5)]).rows
    assert row["mean"] == pytest.approx(0.8)


def test_of_two_versions_of_a_method_the_latest_counts_and_the_other_is_named():
    old, new = folds("a", [0.1] * 3, code="old", created="2025"), folds("a", [0.8] * 3, code="new", created="2026")
    found = leaderboard([*old, *new])
    assert [row["mean"] for row in found.rows] == [pytest.approx(0.8)]
    assert found.warnings == ["stars: 3 older runs of a, of other settings or code, are left out"]


def test_other_data_or_other_folds_are_another_question():
    rows = leaderboard([*folds("a", [0.8] * 3), *folds("a", [0.5] * 3, seed=1), *folds("a", [0.2] * 3, data="e")]).rows
    assert len({row["problem"] for row in rows}) == 3
    assert all("seed" in row["problem"] for row in rows)


def test_the_table_has_a_line_a_method_and_two_digits_of_the_error():
    rows = leaderboard([*folds("a", [0.811, 0.822, 0.839]), *folds("b", [None] * 3)]).rows
    ((title, columns, lines),) = leaderboard_tables(rows)
    assert title == "stars: class (mean of the folds +- standard error between them, too small to compare methods by)"
    assert columns[:4] == ("method", ">score", ">folds", ">failed")
    assert lines[0][:4] == ("a", "0.8240 +- 0.0081", "3", "")
    assert lines[1][:4] == ("b", "no result", "0", "3")


def test_the_cost_of_a_run_is_unknown_where_no_prediction_was_made():
    assert np.isnan(cpu_seconds(record("a", 0)))
    assert leaderboard([]).rows == []
