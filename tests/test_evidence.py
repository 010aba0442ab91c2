import json
import math

import numpy as np
import pytest
from scipy import stats

from checkstar.evidence import (
    ALPHA,
    Estimate,
    Evidence,
    Limit,
    Part,
    Verdict,
    binomial,
    corrected,
    decide,
    folded,
    holm,
    judge,
    n_needed,
    power_at_twice_the_limit,
    tail_probability,
    worst,
)


def part(value, low, high, limit=1.0, **fields):
    return Part(name="p", estimate=Estimate(value, low, high, 100), limit=limit, **fields)


def evidence(parts, **fields):
    fields = {"check": "c", "family": "f", "question": "q?", "quantity": "size", **fields}
    return Evidence(parts=tuple(parts), **decide(parts), **fields)


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (0.0, 0.9, "PASS"),
        (0.0, 1.0, "PASS"),
        (1.1, 1.5, "FAIL"),
        (0.9, 1.1, "INCONCLUSIVE"),
        (1.0, 1.1, "INCONCLUSIVE"),
        (math.nan, 1.0, "INCONCLUSIVE"),
        (0.5, math.inf, "INCONCLUSIVE"),
        (math.inf, math.inf, "FAIL"),
    ],
)
def test_the_one_rule(low, high, verdict):
    value = high if math.isinf(low) else 0.5 * (low + min(high, 2.0))
    assert judge(Estimate(value, low, high), 1.0).value == verdict


def test_only_three_verdicts_count_as_run():
    assert {v.value for v in Verdict if v.ran} == {"PASS", "FAIL", "INCONCLUSIVE"}


def test_p_is_the_level_exactly_where_the_rule_turns_to_fail():
    estimate = Estimate.normal(3.0, 1.0)
    assert tail_probability(estimate, estimate.low) == pytest.approx(ALPHA)
    assert tail_probability(estimate, 3.0) == pytest.approx(0.5)


def test_p_of_an_exact_count_is_zero_or_one():
    assert tail_probability(Estimate(0.2, 0.2, 0.2), 0.0) == 0.0
    assert tail_probability(Estimate(0.0, 0.0, 0.0), 0.0) == 1.0


def test_holm_agrees_with_its_definition_in_any_order():
    p = np.array([0.04, 0.001, 0.02, 0.5])
    assert holm(p) == pytest.approx([0.08, 0.004, 0.06, 0.5])
    assert holm(p[::-1]) == pytest.approx([0.5, 0.06, 0.004, 0.08])
    # Adjusted values never fall below those of smaller p-values.
    assert holm([0.03, 0.032]) == pytest.approx([0.06, 0.06])
    assert holm([]).size == 0


@pytest.mark.parametrize(
    ("signed", "size"),
    [
        ((0.1, -0.2, 0.4), (0.1, 0.0, 0.4)),
        ((-0.3, -0.5, -0.1), (0.3, 0.1, 0.5)),
        ((0.3, 0.1, 0.5), (0.3, 0.1, 0.5)),
    ],
)
def test_folding_keeps_the_two_one_sided_tests(signed, size):
    assert folded(Estimate(*signed))[:3] == pytest.approx(size)


def test_the_worst_fault_decides_fail_before_inconclusive_before_size():
    parts = [part(0.2, 0.1, 0.3), part(0.9, 0.8, 1.2), part(2.0, 1.5, 2.5, limit=1.4)]
    assert worst(parts) is parts[2]
    assert worst(parts[:2]) is parts[1]
    assert worst([parts[0], part(0.9, 0.85, 0.95)]).estimate.value == 0.9


def test_what_is_only_shown_neither_decides_nor_counts_in_the_correction():
    shown = part(9.0, 8.0, 10.0, decides=False)
    deciding = part(0.2, 0.1, 0.3)
    assert worst([shown, deciding]) is deciding
    assert corrected([shown, deciding]) == (shown, deciding)


def test_lower_ends_are_bonferroni_corrected_and_upper_ends_are_not():
    two = corrected([part(1.0, 0.0, 2.0), part(1.0, 0.5, 1.5)])
    # 100 independent objects: Student's t with 99 degrees of freedom.
    widened = stats.t.isf(ALPHA / 2, 99) / stats.t.isf(ALPHA, 99)
    assert two[0].estimate.low == 0.0
    signed = corrected([part(1.0, -0.5, 2.0), part(1.0, 0.5, 1.5)])
    assert signed[0].estimate.low == pytest.approx(1.0 - 1.5 * widened)
    assert signed[1].estimate.low == pytest.approx(1.0 - 0.5 * widened)
    assert two[0].estimate.high == 2.0


def test_infinite_faults_survive_the_correction():
    parts = corrected([part(math.inf, math.inf, math.inf), part(0.1, 0.0, 0.2)])
    assert decide(parts)["verdict"] is Verdict.FAIL


@pytest.mark.parametrize(("k", "n"), [(0, 50), (3, 50), (50, 50)])
def test_binomial_interval_is_that_of_scipy(k, n):
    exact = stats.binomtest(k, n).proportion_ci(0.95, method="exact")
    assert binomial(k, n)[1:3] == pytest.approx((exact.low, exact.high))


def test_n_needed_gives_eighty_per_cent_power():
    # One standard error of 0.5 at n = 100 and a fault of 0: the upper end must fall below the limit 1.
    estimate = Estimate.normal(0.0, 0.5, n=100)
    needed = n_needed(estimate, 1.0)
    stderr = 0.5 * math.sqrt(100 / needed)
    power = stats.norm.cdf(1.0 / stderr - stats.norm.isf(ALPHA))
    assert power == pytest.approx(0.8, abs=0.01)


def test_no_number_of_objects_decides_a_fault_at_its_limit():
    assert n_needed(Estimate.normal(1.0, 0.1, n=100), 1.0) is None
    assert n_needed(Estimate(1.0, 0.5, math.inf, 10), 2.0) is None


def test_power_at_twice_the_limit_is_the_normal_one():
    assert power_at_twice_the_limit(Estimate.normal(0.3, 0.5), 1.0) == pytest.approx(stats.norm.cdf(2 - 1.96), abs=1e-3)
    assert power_at_twice_the_limit(Estimate.normal(0.3, 0.5), 0.0) is None


def test_evidence_survives_json():
    limit = Limit(name="n_max", value=38.0, low=30.0, high=math.inf, unit="objects", text="at most 38")
    found = evidence(
        [part(0.2, 0.1, math.inf, of_tolerance=True, unit="dex"), part(0.1, 0.0, 0.2, decides=False)],
        deciding=True,
        reason="because",
        limits_of_use=(limit,),
        missing=("noise",),
        references=("A 2000",),
    )
    stored = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    again = Evidence.from_dict(stored)
    assert again.to_dict() == found.to_dict()
    assert again.verdict is found.verdict
    assert stored["high"] is None


def test_another_tolerance_is_judged_without_the_model():
    found = evidence([part(0.5, 0.4, 0.6, limit=1.0, of_tolerance=True), part(0.1, 0.0, 0.2, limit=0.3)])
    assert found.verdict is Verdict.PASS
    assert found.rejudged(0.2).verdict is Verdict.FAIL
    assert found.rejudged(0.2).limit == 0.2
    assert found.rejudged(0.5).verdict is Verdict.INCONCLUSIVE


def test_a_limit_that_is_not_the_tolerance_stays():
    found = evidence([part(0.5, 0.4, 0.6, limit=1.0)])
    assert found.rejudged(0.01) is found


def test_evidence_of_a_check_that_did_not_run_has_no_numbers():
    blank = Evidence(check="c", family="f", question="q", quantity="s", verdict=Verdict.SKIPPED)
    assert math.isnan(blank.value)
    assert blank.to_dict()["value"] is None
    assert blank.rejudged(0.1) is blank
