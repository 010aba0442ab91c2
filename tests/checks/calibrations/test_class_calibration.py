import numpy as np
import pytest
from scipy import special

from checkstar.checks import ClassCalibration
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.evidence import Verdict
from checkstar.prediction import Classes
from checkstar.runs import Run


def examine(run, **claim):
    return ClassCalibration().examine(run, Claim("classification", **claim), np.random.default_rng(0))


def classifier(n, seed, stretch=1.0, spread=1.5):
    """Exact class probabilities, with log-odds N(0, spread^2), multiplied by `stretch`."""
    rng = np.random.default_rng(seed)
    logit = spread * rng.normal(size=n)
    truth = np.where(rng.random(n) < special.expit(logit), "b", "a")
    p = special.expit(stretch * logit)
    return Run(name="c", test=Dataset(y=truth), prediction=Classes(np.column_stack([1 - p, p]), ["a", "b"]))


def test_the_exact_classifier_is_undecided_at_200_with_the_number_needed():
    found = examine(classifier(200, 0))
    assert found.verdict is Verdict.INCONCLUSIVE
    assert 1000 < found.n_needed < 20_000


def test_the_exact_classifier_passes_at_20000():
    assert examine(classifier(20_000, 0)).verdict is Verdict.PASS


@pytest.mark.parametrize("n", [20, 200, 2000])
@pytest.mark.parametrize("spread", [0.3, 1.5, 4.0])
def test_the_exact_classifier_never_fails_beyond_its_level(n, spread):
    failed = sum(examine(classifier(n, seed, spread=spread)).verdict is Verdict.FAIL for seed in range(200))
    # Level 2.5 %: more than 12 of 200 has probability 0.002.
    assert failed <= 12


def test_the_exact_classifier_passes_at_20000_nearly_always():
    passed = sum(examine(classifier(20_000, seed)).verdict is Verdict.PASS for seed in range(40))
    assert passed >= 38


def test_logits_times_one_and_a_half_fail_at_5000():
    verdicts = [examine(classifier(5000, seed, stretch=1.5)).verdict for seed in range(20)]
    assert all(v is Verdict.FAIL for v in verdicts)


def test_the_interval_holds_the_true_error():
    # The true binned error of overconfident probabilities, from a sample large enough to be exact.
    truth = examine(classifier(2_000_000, 99, stretch=1.5)).value
    held = 0
    for seed in range(200):
        found = examine(classifier(3000, seed, stretch=1.5))
        held += found.low <= truth <= found.high
    # 200 repeats at 95 %: one sigma is 1.5 %.
    assert held / 200 > 0.90


def test_every_class_is_looked_at_and_the_worst_decides():
    rng = np.random.default_rng(0)
    n = 20_000
    p = rng.dirichlet([2, 2, 2], size=n)
    truth = np.array(["a", "b", "c"])[(rng.random(n)[:, None] > p.cumsum(axis=1)).sum(axis=1)]
    told = p.copy()
    told[:, 2] = np.clip(p[:, 2] * 1.5, 0, 1)
    told[:, :2] *= ((1 - told[:, 2]) / (1 - p[:, 2]))[:, None]
    run = Run(name="c", test=Dataset(y=truth), prediction=Classes(told, ["a", "b", "c"]))
    found = examine(run)
    assert found.verdict is Verdict.FAIL
    assert found.worst.name == "class c"
    assert len(found.parts) == 3


def test_grouped_objects_are_not_counted_as_independent():
    single = classifier(2000, 0)
    rows = np.repeat(np.arange(2000), 10)
    test = Dataset(y=single.test.y[rows], group=rows)
    grouped = Run(name="c", test=test, prediction=single.prediction[rows])
    assert examine(grouped).verdict is Verdict.INCONCLUSIVE
    assert examine(grouped).high == pytest.approx(examine(single).high, rel=0.25)


def test_the_tolerance_of_the_claim_is_the_limit():
    found = examine(classifier(2000, 0), tolerance=0.1)
    assert (found.limit, found.worst.limit_kind, found.verdict) == (0.1, "claim", Verdict.PASS)


def test_the_error_of_the_exact_classifier_is_not_its_sampling_noise():
    found = [examine(classifier(500, seed)).value for seed in range(60)]
    # Plug-in, it would be about sqrt(15 bins * 0.15 / 500) = 0.07 every time.
    assert np.mean(np.equal(found, 0.0)) > 0.3
    assert np.sqrt(np.mean(np.square(found))) < 0.05
