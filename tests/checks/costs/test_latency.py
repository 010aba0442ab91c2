import time

import numpy as np
import pytest

from checkstar.checks.costs.latency import Latency
from checkstar.claims import USES, Claim
from checkstar.data.dataset import Dataset
from checkstar.evidence import Verdict
from checkstar.methods import as_method
from checkstar.runs import Run


class Clock:
    """A model that is slow by a schedule, and counts what it is asked."""

    def __init__(self, seconds):
        self.seconds, self.asked = seconds, []

    def __call__(self, x):
        self.asked.append(len(x))
        time.sleep(self.seconds(len(self.asked)))
        return x[:, 0]


def examine(seconds, n=40, **settings):
    model = Clock(seconds)
    y = np.arange(n, dtype=float)
    run = Run.of(as_method(model), test=Dataset(y[:, None], y))
    model.asked.clear()
    return Latency(**settings).examine(run, Claim("object_value"), np.random.default_rng(0)), model, run


def test_slow_answers_fail_and_are_not_waited_for():
    start = time.perf_counter()
    found, model, _ = examine(lambda i: 0.06)
    assert found.verdict is Verdict.FAIL
    assert found.value == pytest.approx(60, abs=15)
    # One before, three late ones, two batches.
    assert model.asked == [1, 1, 1, 1, 40, 40]
    assert time.perf_counter() - start < 2


def test_quick_answers_pass():
    found, model, run = examine(lambda i: 0.0)
    assert found.verdict is Verdict.PASS
    assert np.isfinite(found.high)
    assert model.asked == [1] * 81 + [40, 40]
    assert sum(model.asked) == Latency().calls(run) * 40


def test_the_first_call_counts_in_no_percentile():
    found, _, _ = examine(lambda i: 0.12 if i == 1 else 0.0)
    assert found.verdict is Verdict.PASS
    assert found.value < 60
    assert "first call 1" in found.reason


def test_a_tenth_of_late_answers_is_not_passed():
    # Of 80 answers 8 are late; 5 % of them may be.
    found, _, _ = examine(lambda i: 0.03 if i % 10 == 0 else 0.0, limit_ms=20.0, max_seconds=5.0)
    assert found.verdict is not Verdict.PASS
    assert found.value == pytest.approx(30, abs=15)


def test_a_batch_is_cheaper_per_object():
    found, _, _ = examine(lambda i: 0.002)
    rate = found.limits_of_use[0]
    # Forty objects in 2 ms.
    assert 2_000 < rate.value < 21_000
    assert "objects a second" in rate.text


def test_time_is_bounded_and_what_was_not_measured_is_not_passed():
    found, model, _ = examine(lambda i: 0.02, max_seconds=0.1)
    assert len(model.asked) < 12
    assert found.verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("n", [1, 2])
def test_one_object_is_enough_to_time(n):
    assert examine(lambda i: 0.0, n=n)[0].verdict is Verdict.PASS


def test_it_decides_no_claim():
    assert not any(Latency().decides(Claim(use)) for use in USES)
