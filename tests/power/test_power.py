"""Power is counted honestly, stored, and said beside evidence only where it holds."""

import dataclasses
import json

import numpy as np
import pytest

import checkstar as cs
from checkstar.checks import Coverage, Pulls, default_checks
from checkstar.errors import InputError, NotApplicable
from checkstar.evidence import binomial
from checkstar.power import PowerTable, Trials, detection, measure, power_rows, shipped, try_check
from checkstar.power import table as table_module


def test_trials_count_what_the_check_says_and_give_clopper_pearson_intervals():
    clean, fault = (try_check(Pulls(), 1000, size, repeats=50) for size in (0.0, 1.0))
    assert clean.count == fault.count == 50
    assert fault.failed == 50
    assert clean.failed == 0
    assert fault.power == binomial(50, 50)
    assert clean.power.low == 0


def test_the_same_seed_gives_the_same_counts_and_another_one_others():
    def counts(seed):
        found = try_check(Pulls(), 100, 0.5, repeats=60, seed=seed)
        return found.failed, found.passed, found.undecided

    assert counts(0) == counts(0)
    assert len({counts(seed) for seed in range(5)}) > 1


def test_a_slow_check_gets_fewer_trials_but_never_fewer_than_asked():
    assert try_check(Pulls(), 100, 0.0, repeats=1000, seconds=0.0, fewest=7).count == 7


def test_a_question_without_meaning_is_undecided():
    @dataclasses.dataclass(frozen=True, kw_only=True)
    class Mute(Pulls):
        def examine(self, run, claim, rng):
            raise NotApplicable("never")

    assert try_check(Mute(), 10, 0.0, repeats=5).undecided == 5


def test_a_table_comes_back_as_it_went(tmp_path):
    path = tmp_path / "power.json"
    made = measure([Pulls(), Coverage()], numbers=[50, 100], repeats=5, jobs=1, path=path)
    read = PowerTable.load(path)
    assert read.to_dict() == made.to_dict() == json.loads(path.read_text())
    assert read.checks["pulls"].faults[1.0] == Pulls().fault(1.0)
    assert {t.n for t in read.checks["pulls"].trials} == {50, 100}
    assert len(power_rows(read)[1]) == 4


def test_a_killed_measurement_goes_on_and_repeats_nothing(tmp_path):
    path = tmp_path / "power.json"
    first = measure([Pulls()], numbers=[50], repeats=5, jobs=1, path=path)
    asked = []
    whole = measure(
        [Pulls(), Coverage()],
        numbers=[50],
        repeats=5,
        jobs=1,
        path=path,
        resume=True,
        progress=lambda name, done, total: asked.append((name, done, total)),
    )
    assert asked == [("pulls", 0, 2), ("coverage", 1, 2)]
    assert whole.checks["pulls"] == first.checks["pulls"]
    other = measure([Pulls(mean_limit=0.2)], numbers=[50], repeats=5, jobs=1, path=path, resume=True)
    assert other.checks["pulls"].settings == repr(Pulls(mean_limit=0.2))


@pytest.mark.parametrize("wrong", [{"repeats": 0}, {"numbers": [1]}, {"sizes": [-1.0]}, {"sizes": [np.inf]}])
def test_what_cannot_be_tried_is_refused(wrong):
    with pytest.raises(InputError, match="power cannot be measured with"):
        measure([Pulls()], **wrong)


def test_a_file_of_something_else_is_refused(tmp_path):
    path = tmp_path / "power.json"
    for content in ("{}", "[]", "nonsense", '{"version": 1}'):
        path.write_text(content)
        with pytest.raises(InputError, match="table of power"):
            PowerTable.load(path)


@pytest.fixture
def small_table(monkeypatch):
    made = measure([Pulls()], numbers=[100, 1000], repeats=20, jobs=1)
    monkeypatch.setattr(table_module, "shipped", lambda: made)
    return made


def test_power_is_that_of_the_largest_number_not_above_yours(small_table):
    found = detection(Pulls(), 740)
    assert found["n"] == 100
    assert found["power"] == small_table.checks["pulls"].at(100, 1.0).power.value
    assert found["fault"] == "error bars too small by a factor of 1.40"
    assert detection(Pulls(), 5000)["n"] == 1000
    assert detection(Pulls(), 60) is None
    assert detection(Pulls(), np.nan) is None


def test_power_holds_for_the_settings_it_was_measured_at_only(small_table):
    assert detection(Pulls(mean_limit=0.3), 740) is None
    assert detection(Coverage(), 740) is None


def test_evidence_and_its_report_say_what_the_check_finds():
    rng = np.random.default_rng(0)
    y = rng.normal(size=740)
    run = cs.Run(
        name="r", test=cs.Dataset(y=y), prediction=cs.prediction.Normal(y + rng.normal(size=740), np.ones(740))
    )
    found = cs.audit(run, "object_interval")
    pulls = next(e for e in found.judgements[0].evidence if e.check == "pulls")
    assert pulls.detects == detection(Pulls(), pulls.n)
    assert pulls.detects["power"] > 0.9
    from checkstar.reports import render_html

    assert f"this check finds {Pulls().fault(1.0)}" in render_html(found.to_dict())
    assert cs.Audit.from_dict(found.to_dict()).to_dict() == found.to_dict()


def test_the_package_ships_a_table_of_every_check_at_its_default_settings():
    table = shipped()
    assert {m.name: m.settings for m in table} == {c.name: repr(c) for c in default_checks(refit=True)}
    for check in default_checks(refit=True):
        assert table.checks[check.name].faults[1.0] == check.fault(1.0)


def test_the_table_is_small():
    from importlib import resources

    assert len(resources.files("checkstar.power").joinpath(table_module.SHIPPED).read_bytes()) < 300_000


def test_trials_add_up():
    trials = Trials(n=10, size=1.0, failed=3, passed=2, undecided=5)
    assert trials.count == 10
    assert trials.power.value == pytest.approx(0.3)
    assert Trials.from_dict(trials.to_dict()).to_dict() == trials.to_dict()
