import numpy as np
import pytest
from scipy import stats

from checkstar.errors import InputError
from checkstar.evidence import Verdict
from checkstar.studies.comparison import compare, corrected_resampled, simultaneous_factor
from checkstar.studies.contributions import Reach, of_balanced_accuracy

N = 300


def rights(shares, rng, n=N):
    """Methods that are right where a common normal number is small: strongly paired."""
    common = rng.standard_normal(n)
    own = rng.standard_normal((len(shares), n))
    limit = stats.norm.ppf(shares)[:, None]
    return {
        f"m{i}": (row < cut).astype(float)
        for i, (row, cut) in enumerate(zip(0.9 * common + 0.436 * own, limit, strict=True))
    }


def test_the_interval_of_one_pair_is_the_paired_t():
    rng = np.random.default_rng(0)
    a, b = rng.random(50), rng.random(50)
    found = compare({"a": a, "b": b}, np.arange(50), np.zeros(50, int)).differences[0]
    # One difference: nothing to correct for; scipy's paired t as the second implementation.
    told = stats.ttest_rel(a, b).confidence_interval()
    width = (found.high - found.low) / (told.high - told.low)
    assert found.value == pytest.approx(a.mean() - b.mean())
    assert width == pytest.approx(1.0, abs=0.03)  # the multipliers know the quantile to 3 %
    assert found.retrained_high == np.inf


def test_all_intervals_hold_at_once_as_often_as_they_say():
    rng = np.random.default_rng(1)
    shares = np.array([0.85, 0.85, 0.8, 0.7])
    held = 0
    for seed in range(300):
        found = compare(rights(shares, rng), np.arange(N), np.zeros(N, int), seed=seed)
        true = {(f"m{a}", f"m{b}"): shares[a] - shares[b] for a in range(4) for b in range(4)}
        held += all(d.low <= true[d.first, d.second] <= d.high for d in found.differences)
    # 300 repeats of 0.95: two-sided 99.9 % band.
    low, high = stats.binom.ppf([0.0005, 0.9995], 300, 0.95)
    assert low <= held <= high


def test_objects_of_one_unit_count_once():
    rng = np.random.default_rng(2)
    rows = rights([0.9, 0.8], rng, 100)
    once = compare(rows, np.arange(100), np.zeros(100, int)).differences[0]
    four = compare({k: np.tile(v, 4) for k, v in rows.items()}, np.tile(np.arange(100), 4), np.zeros(400, int))
    assert four.n_units == 100
    assert four.differences[0].high - four.differences[0].low == pytest.approx(once.high - once.low, rel=0.05)


def test_a_method_inside_the_tolerance_is_named_and_one_that_cannot_be_told_is_not():
    rng = np.random.default_rng(3)
    found = compare(rights([0.9, 0.9, 0.7], rng, 4000), np.arange(4000), np.zeros(4000, int), tolerance=0.02)
    verdicts = {s.method: s.verdict for s in found.standings}
    assert verdicts == {"m0": Verdict.PASS, "m1": Verdict.PASS, "m2": Verdict.FAIL}
    assert found.simplest({"m0": 100.0, "m1": 1.0, "m2": 0.1}) == "m1"
    few = compare(rights([0.9, 0.9], rng, 40), np.arange(40), np.zeros(40, int), tolerance=0.02)
    assert {s.verdict for s in few.standings} == {Verdict.INCONCLUSIVE}
    assert few.simplest({"m0": 1.0, "m1": 1.0}) is None


def test_equal_methods_are_seldom_shown_to_be_behind():
    rng = np.random.default_rng(4)
    failed = 0
    for seed in range(200):
        found = compare(rights([0.8] * 4, rng), np.arange(N), np.zeros(N, int), tolerance=0.0, seed=seed)
        failed += any(s.verdict is Verdict.FAIL for s in found.standings)
    # At most 5 % of 200; 99.9 % of a binomial at 0.05.
    assert failed <= stats.binom.ppf(0.999, 200, 0.05)


def test_the_corrected_t_has_the_published_form():
    folds = np.repeat([0, 1, 2], 10)
    rows = np.concatenate([np.full(10, 0.1), np.full(10, 0.2), np.full(10, 0.6)])[:, None]
    spread = np.var([0.1, 0.2, 0.6], ddof=1)
    expected = np.sqrt((1 / 3 + 10 / 20) * spread) * stats.t.ppf(0.975, 2)
    assert corrected_resampled(rows, folds)[0] == pytest.approx(expected)
    assert corrected_resampled(rows, folds, n_train=[40, 40, 40])[0] < expected


def test_folds_that_agree_by_chance_do_not_make_new_models_better_known():
    # Each method is right where the other is wrong, three times in every fold: no scatter between folds at all.
    rows = np.tile([1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 1.0], 5)
    other = np.tile([0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 1.0, 1.0], 5)
    found = compare({"a": rows, "b": other}, np.arange(40), np.repeat(np.arange(5), 8)).differences[0]
    assert found.retrained_high == pytest.approx(stats.ttest_rel(rows, other).confidence_interval().high)


def test_methods_that_never_differ_need_no_factor():
    assert simultaneous_factor(np.zeros((10, 2)), np.random.default_rng(0)) == pytest.approx(stats.t.ppf(0.975, 9))


def test_many_methods_that_never_differ_are_looked_at_as_independent():
    factor = simultaneous_factor(np.zeros((1000, 36)), np.random.default_rng(0), reach=1.0)
    # Sidak's quantile of 36 independent normals; 2000 multipliers know it to 2 %.
    assert factor == pytest.approx(stats.norm.ppf(0.5 + 0.5 * 0.95 ** (1 / 36)), rel=0.05)


def test_methods_that_differ_nowhere_may_differ_elsewhere():
    rows = {"a": np.ones(50), "b": np.ones(50)}
    reach = Reach.of_objects(np.ones(50))
    found = compare(rows, np.arange(50), np.zeros(50, int), tolerance=0.03, reach=reach)
    z2 = stats.t.ppf(0.975, 49) ** 2
    # The score interval of no success in 50 trials (Wilson 1927).
    assert found.differences[0].high == pytest.approx(z2 / (50 + z2), rel=0.06)
    assert {s.verdict for s in found.standings} == {Verdict.INCONCLUSIVE}
    assert found.standings[0].low == pytest.approx(50 / (50 + z2))
    assert found.standings[0].high == 1.0


def test_rare_disagreements_do_not_show_that_methods_are_alike():
    rng = np.random.default_rng(5)
    n, behind, passed = 60, 0.03, 0
    reach = Reach.of_objects(np.ones(n))
    for _ in range(200):
        best = (rng.random(n) < 0.8).astype(float)
        worse = np.where(rng.random(n) < behind / 0.8, 0.0, best)
        found = compare({"a": best, "b": worse}, np.arange(n), np.zeros(n, int), tolerance=0.029, reach=reach)
        passed += {s.method: s.verdict for s in found.standings}["b"] is Verdict.PASS
    # Errs at most in 2.5 % of 200; 99.9 % of a binomial. Student's t would pass one in five.
    assert passed <= stats.binom.ppf(0.999, 200, 0.025)


@pytest.mark.parametrize(
    ("counts", "recalls"), [((400, 200, 5), (0.9, 0.8, 0.1)), ((400, 200, 2, 1), (0.9, 0.8, 0.5, 0.9))]
)
def test_intervals_of_balanced_accuracy_hold_with_classes_of_few_objects(counts, recalls):
    rng = np.random.default_rng(6)
    truth = np.repeat(np.arange(len(counts)), counts).astype(str)
    reach, covered = Reach.of_classes(truth), 0
    for _ in range(100):
        right = rng.random(len(truth)) < np.repeat(recalls, counts)
        made = of_balanced_accuracy(truth, np.where(right, truth, "other"))
        one = compare({"a": made, "b": made}, np.arange(len(truth)), np.zeros(len(truth), int), reach=reach).standings[
            0
        ]
        covered += one.low <= np.mean(recalls) <= one.high
    assert covered >= stats.binom.ppf(0.001, 100, 0.95)  # that of Student's t is 0.43 and 0.40


def test_stars_that_are_tested_again_and_again_are_no_more_stars():
    rng = np.random.default_rng(7)
    rows = rights([0.9, 0.88], rng, 100)
    once = compare(rows, np.arange(100), np.zeros(100, int), reach=Reach.of_objects(np.ones(100))).differences[0]
    four = compare(
        {k: np.tile(v, 4) for k, v in rows.items()},
        np.tile(np.arange(100), 4),
        np.zeros(400, int),
        reach=Reach.of_objects(np.ones(400)),
    ).differences[0]
    assert four.high - four.low == pytest.approx(
        once.high - once.low, rel=0.05
    )  # the multipliers know the factor to 3 %


def test_one_great_difference_may_be_followed_by_others():
    rows = {"a": np.append(np.random.default_rng(8).normal(0, 0.1, 299), 30.0), "b": np.zeros(300)}
    plain, seen = (
        compare(rows, np.arange(300), np.zeros(300, int), reach=reach).differences[0] for reach in (None, "seen")
    )
    # One event of a Poisson process: z^2/2 + sqrt(z^2 + z^4/4) in place of z.
    assert (seen.high - seen.low) / (plain.high - plain.low) == pytest.approx(0.98 + np.sqrt(1 + 0.98**2), rel=0.05)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"a": np.ones(3)}, "1 method was given"),
        ({"a": np.ones(3), "b": np.ones(2)}, "a 3, b 2, units 3, folds 3"),
    ],
)
def test_bad_input_says_what_came(given, said):
    with pytest.raises(InputError, match=said):
        compare(given, np.arange(3), np.zeros(3, int))


def test_one_unit_cannot_be_compared():
    with pytest.raises(InputError, match="at least two"):
        compare({"a": np.ones(3), "b": np.zeros(3)}, np.zeros(3, int), np.zeros(3, int))


def test_the_record_holds_no_infinity():
    found = compare({"a": np.ones(9), "b": np.zeros(9)}, np.arange(9), np.zeros(9, int)).to_dict()
    assert found["differences"][0]["retrained_low"] is None
    assert found["standings"][0]["verdict"] == "PASS"
