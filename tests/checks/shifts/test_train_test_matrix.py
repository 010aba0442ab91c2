import numpy as np
import pytest

from checkstar.checks.shifts.train_test_matrix import TrainTestMatrix
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.evidence import Verdict
from checkstar.methods import Ridge
from checkstar.runs import Run
from checkstar.scope import Scope


def draw(n, seed, gain=1.0, **fields):
    rng = np.random.default_rng(seed)
    y = rng.normal(size=n)
    return Dataset((gain * y + 0.1 * rng.normal(size=n))[:, None], y, **fields)


def examine(**suites):
    run = Run.of(Ridge(), train=draw(1000, 0), test=draw(1000, 1), scope=Scope(suites=suites))
    return TrainTestMatrix().examine(run, Claim("object_value"), np.random.default_rng(0))


def test_the_drop_is_that_of_two_lines():
    found = examine(B=draw(2500, 2, gain=2.0))
    by_name = {part.name: part for part in found.parts}
    # Own slope 1 on gain 2: error y + noise, sigma sqrt(1 + 0.01), against 0.05 when learned there.
    expected = np.sqrt(1.01) / 0.05 - 1
    assert by_name["own survey > B"].estimate.value == pytest.approx(expected, rel=0.08)
    assert found.verdict is Verdict.FAIL
    assert not by_name["B > own survey"].decides


def test_a_suite_of_the_same_kind_loses_nothing():
    assert examine(B=draw(2500, 2), C=draw(2500, 3)).verdict is Verdict.PASS


def test_every_fit_has_the_same_number_of_objects():
    # 60 % of 200: if the own survey learned from 1000, it would win on B.
    found = examine(B=draw(200, 2))
    assert abs(found.value) < 0.2


def test_few_objects_of_a_suite_are_not_decided():
    assert examine(B=draw(30, 2)).verdict is Verdict.INCONCLUSIVE
    assert examine(B=draw(900, 2, group=np.arange(900) // 300)).verdict is Verdict.INCONCLUSIVE
