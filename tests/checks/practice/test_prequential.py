import numpy as np
import pytest

import checkstar as cs
from checkstar.checks.practice import Prequential
from checkstar.checks.practice.prequential import digest
from checkstar.errors import InputError
from checkstar.evidence import Verdict
from checkstar.simulators import linear_gaussian

RNG = np.random.default_rng


def made(later, n=600, train=None):
    drawn = linear_gaussian(n, 0)
    scope = cs.Scope(later=later)
    return cs.Run.of(lambda x: x.mean(axis=1), test=cs.Dataset(drawn.x, drawn.y), train=train, scope=scope)


def after(n=600, seed=1, **more):
    drawn = linear_gaussian(n, seed)
    return cs.Dataset(drawn.x, drawn.y, **more)


def part(found, name):
    return next(p for p in found.parts if p.name == name)


def test_the_excess_is_that_of_the_mean_errors():
    run = made(after())
    found = Prequential().examine(run, cs.Claim("object_value"), RNG(0))
    later = run.scope.later
    errors = [np.abs(d.x.mean(axis=1) - d.y[:, 0]).mean() for d in (later, run.test)]
    assert found.value == pytest.approx(errors[0] / errors[1] - 1)


def test_the_interval_misses_no_more_often_than_its_level():
    missed = 0
    for seed in range(300):
        drawn, later = linear_gaussian(100, [5, seed]), linear_gaussian(100, [6, seed])
        scope = cs.Scope(later=cs.Dataset(later.x, later.y))
        run = cs.Run.of(lambda x: x.mean(axis=1), test=cs.Dataset(drawn.x, drawn.y), scope=scope)
        found = Prequential().examine(run, cs.Claim("object_value"), RNG(0))
        missed += not found.low <= 0 <= found.high
    # 5 % of 300: more than 27 has probability 0.001.
    assert missed <= 27


def test_the_frozen_predictions_are_known_by_their_digest():
    later = after()
    frozen = digest(cs.prediction.Point(later.x.mean(axis=1)))
    found = Prequential(frozen=frozen).examine(made(later), cs.Claim("object_value"), RNG(0))
    assert found.verdict is Verdict.PASS
    assert found.reason.endswith("; they are the predictions that were frozen")
    other = Prequential(frozen="0" * 64).examine(made(later), cs.Claim("object_value"), RNG(0))
    assert other.verdict is Verdict.FAIL
    assert other.reason == "these are not the predictions that were frozen"


def test_later_must_be_later():
    drawn = linear_gaussian(100, 2)
    train = cs.Dataset(drawn.x, drawn.y, meta={"mjd": np.linspace(59000, 59100, 100)})
    times = np.linspace(59090, 59500, 600)
    found = Prequential().examine(made(after(meta={"MJD": times}), train=train), cs.Claim("object_value"), RNG(0))
    assert part(found, "not later than the training set").estimate.value == pytest.approx(np.mean(times <= 59100))
    assert found.verdict is Verdict.FAIL


def test_one_training_object_without_a_time_hides_nothing():
    drawn = linear_gaussian(100, 2)
    times = np.linspace(59000, 59100, 100)
    times[5] = np.nan
    train = cs.Dataset(drawn.x, drawn.y, meta={"mjd": times})
    earlier = after(meta={"mjd": np.full(600, 59050.0)})
    found = Prequential().examine(made(earlier, train=train), cs.Claim("object_value"), RNG(0))
    assert part(found, "not later than the training set").estimate.value == 1.0


@pytest.mark.parametrize(("column", "first"), [("jd", 2459000.0), ("date", 0.0)])
def test_times_of_other_scales_are_not_compared(column, first):
    drawn = linear_gaussian(100, 2)
    train = cs.Dataset(drawn.x, drawn.y, meta={column: first + np.arange(100)})
    found = Prequential().examine(
        made(after(meta={"mjd": np.full(600, 59500.0)}), train=train), cs.Claim("object_value"), RNG(0)
    )
    assert [p.name for p in found.parts] == ["later objects"]


def test_without_later_objects_the_question_has_no_meaning():
    found = cs.audit(made(None), "ranking", checks=[Prequential()]).judgements[0].evidence[0]
    assert found.verdict is Verdict.NOT_APPLICABLE


def test_labels_that_have_not_arrived_are_asked_for():
    with pytest.raises(InputError, match="the labels y that have arrived"):
        Prequential().examine(made(cs.Dataset(after().x)), cs.Claim("object_value"), RNG(0))
