"""What is demanded of every check, measured afresh: level, power at the stated fault, and no PASS where N is too small."""

import pytest
from scipy import stats

from checkstar.checks import default_checks
from checkstar.evidence import ALPHA
from checkstar.power import shipped, try_check

CHECKS = default_checks(refit=True)
#: Counts on the given objects, with points for intervals: they know at any number of objects.
EXACT = {"leakage", "positions"}

pytestmark = pytest.mark.slow


@pytest.fixture(params=CHECKS, ids=lambda check: check.name)
def check(request):
    return request.param


def test_false_alarms_keep_the_level(check):
    for n in (check.enough // 30, check.enough // 10, check.enough):
        found = try_check(check, max(n, 10), 0.0, repeats=200, seed=1, seconds=6.0)
        # Level 2.5 % for each of the (at most a few) faults that a check folds into one: odds of one in a thousand.
        allowed = stats.binom.isf(1e-3, found.count, ALPHA)
        assert found.failed <= allowed, f"{found.failed} of {found.count} clean twins of {found.n} objects"


def test_the_stated_fault_is_found_at_enough_objects(check):
    found = try_check(check, check.enough, 1.0, repeats=100, seed=1, seconds=10.0)
    assert found.power.value >= 0.8
    assert found.passed == 0


def test_the_clean_twin_passes_at_enough_objects(check):
    found = try_check(check, check.enough, 0.0, repeats=100, seed=1, seconds=10.0)
    assert found.passes.value >= 0.8


def test_a_tenth_of_what_is_needed_never_passes_the_fault(check):
    needed = shipped().checks[check.name].n_needed
    assert needed is not None
    if check.name not in EXACT:
        found = try_check(check, max(needed // 10, 2), 1.0, repeats=200, seed=1, seconds=6.0)
        assert found.passed == 0
