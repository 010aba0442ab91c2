"""What holds of every check: it finds its planted fault, passes its clean twin, and keeps to its level."""

import dataclasses
import json

import numpy as np
import pytest

from checkstar.checks import Check, default_checks
from checkstar.checks.base import NEEDS
from checkstar.claims import USES
from checkstar.evidence import Verdict

CHECKS = default_checks(refit=True)
#: Objects at which the stated fault is found and the clean twin passes.
ENOUGH = {"class_calibration": 20_000, "coverage": 8000, "baselines": 1500, "cost": 50, "sbc": 5000, "tarp": 5000}


def examine(check, n, size, seed=5):
    run, claim = check.plant(n, size, np.random.default_rng(seed))
    return check.examine(run, claim, np.random.default_rng(seed))


@pytest.fixture(params=CHECKS, ids=lambda check: check.name)
def check(request):
    return request.param


def test_names_and_codes_are_unique():
    assert len({c.name for c in CHECKS}) == len({c.code for c in CHECKS}) == len(CHECKS)


def test_it_says_what_it_asks_measures_and_needs(check):
    assert check.question.endswith("?")
    assert check.statistic
    assert check.__doc__
    assert set(check.needs) <= set(NEEDS)
    assert dataclasses.is_dataclass(check)
    assert hash(check) == hash(type(check)())


def test_it_belongs_to_the_families_of_a_claim_or_decides_nothing(check):
    families = {family for use in USES.values() for family in use.families}
    assert check.family in families or check.family in {"attenuation", "cost", "explanation", "practice"}


def test_the_planted_fault_is_found(check):
    found = examine(check, ENOUGH.get(check.name, 3000), 1.0)
    assert found.verdict is Verdict.FAIL
    assert found.reason


def test_the_clean_twin_passes(check):
    found = examine(check, ENOUGH.get(check.name, 3000), 0.0)
    assert found.verdict is Verdict.PASS


def test_its_evidence_is_strict_json(check):
    run, claim = check.plant(300, 1.0, np.random.default_rng(0))
    found = check.examine(run, claim, np.random.default_rng(0))
    json.dumps(found.to_dict(), allow_nan=False)
    assert all(len(flags) == 300 for flags in found.flags.values())


@pytest.mark.parametrize("check", [c for c in CHECKS if c.name not in {"cost", "baselines"}], ids=lambda c: c.name)
@pytest.mark.parametrize("n", [60, 400])
def test_the_clean_twin_fails_no_more_often_than_its_level(check, n):
    failed = sum(examine(check, n, 0.0, seed).verdict is Verdict.FAIL for seed in range(150))
    # Level 2.5 %: more than 10 of 150 has probability 0.002.
    assert failed <= 10


#: Size of the planted fault at which it equals the limit of the check.
AT_THE_LIMIT = {"pulls": 0.25, "coverage": 0.25, "attenuation": 0.25, "noise_response": 0.1, "population": 0.492}


@pytest.mark.parametrize("name", AT_THE_LIMIT)
def test_a_fault_at_its_limit_is_hardly_ever_decided(name):
    check = next(c for c in CHECKS if c.name == name)
    verdicts = [examine(check, 500, AT_THE_LIMIT[name], seed).verdict for seed in range(300)]
    # 2.5 % either way: more than 16 of 300 has probability 0.002.
    assert verdicts.count(Verdict.FAIL) <= 16
    assert verdicts.count(Verdict.PASS) <= 16


@pytest.mark.parametrize("name", ["population", "pulls", "coverage", "class_calibration", "accuracy"])
def test_ten_objects_decide_nothing_that_needs_a_distribution(name):
    check = next(c for c in CHECKS if c.name == name)
    verdicts = [examine(check, 10, 0.0, seed).verdict for seed in range(100)]
    assert Verdict.PASS not in verdicts
    # Level 2.5 %: more than 8 of 100 has probability 0.001.
    assert verdicts.count(Verdict.FAIL) <= 8


def test_settings_change_a_check_and_nothing_else_does(check):
    assert isinstance(check, Check)
    assert dataclasses.replace(check) == check
    with pytest.raises(dataclasses.FrozenInstanceError):
        check.limit = 3
