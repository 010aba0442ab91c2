"""The plan is kept: what runs, what it asks of the model, and what it costs where everything is declared."""

import numpy as np
import pytest

import checkstar as cs
from checkstar.checks import default_checks
from checkstar.errors import InputError
from checkstar.evidence import Verdict
from checkstar.examinations import fingerprint, plan, plan_table, plan_total
from checkstar.nuisances import background, zero_point
from checkstar.simulators import LinearModel, linear_gaussian
from checkstar.statistics.selection import Injections
from checkstar.symmetries import Permutation, Response

P = 20


def drawn(n, seed, **more):
    made = linear_gaussian(n, seed, n_features=P)
    rng = np.random.default_rng(seed)
    meta = {"id": np.arange(n) + 10**6 * seed, "ra": rng.uniform(0, 360, n), "dec": rng.uniform(-60, 60, n)}
    return cs.Dataset(made.x, made.y, noise=made.sigma, meta=meta, **more)


def everything(n, asked=None):
    """A run of which every check can ask its question, by a function whose calls are counted in `asked`."""

    def predict(x):
        if asked is not None:
            asked.append(len(x))
        return x.mean(axis=1), np.full(len(x), 0.5)

    test, train = drawn(n, 1), drawn(1000, 2)
    labels = np.random.default_rng(3).normal(size=20 * n)
    scope = cs.Scope(
        target=drawn(n, 4),
        suites={"other": drawn(n, 5)},
        symmetries=[Permutation(n_features=P)],
        relations=[Response(name="brightening", apply=lambda x, a: x + a, direction=">=")],
        nuisances=[background(0.01), zero_point(0.01)],
        forward=LinearModel(np.ones((1, P))),
        injections=Injections(labels=labels, log_density=-0.5 * labels**2, found=labels > -1),
        novelties=cs.Dataset(drawn(n, 6).x + 10),
        other_uses={"calibrators": drawn(n, 7)},
        later=drawn(n, 8),
    )
    return cs.Run.of(predict, train=train, test=test, reference=lambda x: x[:, 0], scope=scope)


@pytest.mark.parametrize("n", [100, 300, 1000, 5000])
def test_the_default_audit_asks_at_most_sixty_times_the_test_set(n):
    planned = plan(everything(n), cs.Claim("object_value"))
    assert sum(p.calls for p in planned) <= 60


def test_the_audit_asks_no_more_than_was_planned_and_counts_it():
    asked = []
    run = everything(400, asked)
    planned = sum(p.calls for p in plan(run, cs.Claim("object_interval", label="y0")))
    asked.clear()
    found = cs.audit(run, cs.Claim("object_interval"))
    assert not [e for e in found.judgements[0].evidence if e.verdict is Verdict.ERROR]
    calls = found.subject["costs"]["audit_calls"]
    # Questions that the method refuses, such as masked features, are counted but never reach the function.
    assert calls - 0.1 <= sum(asked) / 400 <= calls
    assert calls <= planned * 1.001


def test_where_everything_is_declared_every_check_of_the_task_runs():
    run = everything(400)
    lacking = {p.check.name for p in plan(run, cs.Claim("object_value")) if not p.runs}
    posterior = {"sbc", "expected_coverage", "tarp", "contraction"}
    assert lacking == {"class_calibration"} | posterior


def test_what_refits_is_planned_only_where_it_was_asked_for():
    run = everything(100)
    usual, more = ({p.check.name for p in plan(run, cs.Claim("ranking"), refit=refit)} for refit in (False, True))
    assert more - usual == {c.name for c in default_checks(refit=True) if c.refits}


def test_the_plan_of_a_table_of_uses_lists_every_check_once():
    columns, rows = plan_table(everything(100), None)
    assert len(rows) == len(default_checks())
    assert columns[0] == "code"
    assert "checks will run" in plan_total(everything(100), None)


def test_an_audit_of_other_predictions_has_another_fingerprint():
    one, same = everything(100), everything(100)
    other = cs.Run.of(lambda x: (x[:, 0], np.full(len(x), 0.5)), train=one.train, test=one.test)
    assert fingerprint(one, 0) == fingerprint(same, 0)
    assert len({fingerprint(one, 0), fingerprint(other, 0), fingerprint(one, 1)}) == 3


def test_a_test_set_with_unknown_labels_is_refused():
    y = np.array([0.1, np.nan, 0.3])
    target = cs.Dataset(np.ones((3, 2)), y, partly_labelled=True)
    assert target.is_partly_labelled
    with pytest.raises(InputError, match=r"unknown label; they belong into Scope\(target"):
        cs.Run(name="r", test=target, prediction=cs.prediction.Point(np.zeros(3)))
    with pytest.raises(InputError, match="y is not finite for 1 of 3"):
        cs.Dataset(np.ones((3, 2)), y)


def test_an_audit_with_another_target_has_another_fingerprint():
    x = np.arange(40.0).reshape(20, 2)

    def declaring(target, size=1.0):
        scope = cs.Scope(target=cs.Dataset(target), nuisances=[background(size)])
        return cs.Run.of(lambda x: x[:, 0], test=cs.Dataset(x, x[:, 0]), scope=scope)

    # Two objects made alike: what lasts between processes, not their addresses.
    assert fingerprint(declaring(x), 0) == fingerprint(declaring(x), 0)
    assert fingerprint(declaring(x), 0) != fingerprint(declaring(x + 1), 0)
