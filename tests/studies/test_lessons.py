"""What failed and what did not help is kept, by people and by the study."""

import pytest
from sklearn.neighbors import KNeighborsClassifier

from checkstar.errors import InputError
from checkstar.studies.lessons import Lesson, add_lesson, lessons_of, read_lessons
from checkstar.studies.records import Cell, CellRecord, Failure, Fold
from checkstar.studies.running import study
from checkstar.studies.store import Store

#: Needs more neighbours than there are objects.
GREEDY = KNeighborsClassifier(n_neighbors=10_000)


def records(method, values, cpu=1.0, search=None):
    made = []
    for fold, value in enumerate(values):
        cell = Cell(
            problem="stars",
            method=method,
            method_class=method,
            settings={},
            fold=Fold(kind="folds", index=fold, of=3, seed=0),
            seed=fold,
            metrics={"class": {"accuracy": {"direction": "higher", "unit": "", "source": "-"}}},
            data_hash="d",
            rows_hash=str(fold),
            code_hash="c",
        )
        costs = {"fit_cpu_seconds": cpu, "predict_cpu_seconds": 0.0}
        failed = Failure(stage="fit", reason="MemoryError: 8 GB") if value is None else None
        metrics = {} if value is None else {"class": {"accuracy": value}}
        made.append(CellRecord(cell=cell, metrics=metrics, costs=costs, failure=failed, search=search))
    return made


@pytest.fixture
def store(tmp_path):
    made = Store(tmp_path / "s")
    made.prepare()
    return made


def test_a_lesson_comes_back_and_is_kept_once(store):
    said = Lesson(kind="note", text="normalise by the continuum first", about="cannon", by="people")
    add_lesson(store, said)
    add_lesson(store, said)
    (kept,), warnings = read_lessons(store)
    assert (kept.text, kept.about, kept.by, warnings) == (said.text, "cannon", "people", [])
    assert kept.created


def test_an_altered_lesson_is_named_and_the_rest_is_read(store):
    add_lesson(store, Lesson(kind="note", text="one"))
    path = next((store.path / "lessons").iterdir())
    path.write_text(path.read_text().replace("one", "two"))
    add_lesson(store, Lesson(kind="note", text="three"))
    found, warnings = read_lessons(store)
    assert [lesson.text for lesson in found] == ["three"]
    assert len(warnings) == 1 and path.name in warnings[0]


def test_an_empty_lesson_is_refused(store):
    with pytest.raises(InputError, match="the lesson is empty"):
        add_lesson(store, Lesson(kind="note", text="  "))


def test_a_failure_is_told_with_its_folds_and_reason():
    (lesson,) = lessons_of(records("net", [None, 0.8, None]))
    assert lesson.kind == "failed"
    assert lesson.text == "net failed on stars in fold 0, 2, at the stage 'fit': MemoryError: 8 GB"


def test_what_costs_more_and_is_worse_is_told_with_the_paired_difference():
    found = lessons_of([*records("net", [0.70, 0.75, 0.80], cpu=300.0), *records("forest", [0.80, 0.85, 0.87])])
    (lesson,) = found
    assert lesson.about == "net"
    # Differences 0.10, 0.10, 0.07: mean 0.09, standard error 0.01.
    assert lesson.text.startswith(
        "net costs 3e+02 x the CPU time of forest on stars, and its accuracy is worse by 0.09 +- 0.01"
    )


def test_what_costs_more_and_is_better_is_no_lesson():
    assert not lessons_of([*records("net", [0.9, 0.9, 0.9], cpu=300.0), *records("forest", [0.8, 0.8, 0.8])])


def test_a_search_that_kept_the_settings_is_told():
    search = {"chosen": {}, "trials": [{}, {}, {}]}
    (lesson,) = lessons_of(records("net", [0.8, 0.8, 0.8], search=search))
    assert lesson.text == "none of 2 other settings of net did better than its own in the inner folds of stars"
    gained = {"chosen": {"k": 1}, "trials": [{}, {}]}
    assert not lessons_of(records("net", [0.8, 0.8, 0.8], search=gained))


def test_a_study_keeps_its_lessons_beside_those_of_people(toy, tmp_path, store):
    add_lesson(store, Lesson(kind="note", text="by hand", by="people"))
    done = study(toy.problem(), {"k": GREEDY}, 2, store=store.path)
    assert {lesson["kind"] for lesson in done.record.lessons} == {"note", "failed"}
    again = study(toy.problem(), {"k": GREEDY}, 2, store=store.path)
    assert len(again.record.lessons) == len(done.record.lessons)
