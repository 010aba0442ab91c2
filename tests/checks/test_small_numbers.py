"""What a verdict must not rest on: chance, two objects of a class, a handful of draws or groups, one heavy weight."""

import dataclasses

import numpy as np
import pytest

import checkstar as cs
from checkstar.checks import Baselines, ClassCalibration, Coverage, Domain, Leakage, Pulls, Ranking, Reference
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.evidence import Verdict
from checkstar.noise import Covariance, Gaussian
from checkstar.prediction import Classes, Normal, Point, Samples
from checkstar.runs import Run
from checkstar.simulators import linear_gaussian

CLAIM = Claim("object_value")


def examine(check, run, claim=CLAIM):
    return check.examine(run, claim, np.random.default_rng(0))


def test_chance_neighbours_within_the_noise_are_no_copies():
    learned, drawn = (linear_gaussian(800, seed) for seed in (1, 2))
    train, test = (Dataset(d.x, d.y, noise=d.sigma) for d in (learned, drawn))
    found = examine(Leakage(), Run(name="t", train=train, test=test, prediction=Point(drawn.y)))
    assert found.verdict is Verdict.PASS
    assert "copies within the noise were not looked for" in found.reason
    # Exact copies prove something whatever the noise is.
    x = drawn.x.copy()
    x[5] = learned.x[9]
    copied = Dataset(x, drawn.y, noise=drawn.sigma)
    found = examine(Leakage(), Run(name="t", train=train, test=copied, prediction=Point(drawn.y)))
    assert np.flatnonzero(found.flags["copy_in_training"]).tolist() == [5]


def test_groups_are_the_same_numbers_whatever_their_type():
    x = np.random.default_rng(0).normal(size=(100, 3))
    train = Dataset(x, x[:, 0], group=np.arange(100))
    test = Dataset(x + 9, x[:, 0], group=np.arange(100, dtype=float))
    assert examine(Leakage(), Run(name="t", train=train, test=test, prediction=Point(x[:, 0]))).value == 1.0


@pytest.mark.parametrize("positives", [1, 2, 5])
def test_a_handful_of_a_class_cannot_show_its_order(positives):
    n = 1000
    truth = np.where(np.arange(n) < positives, "nova", "star")
    score = np.linspace(1, 0, n)
    prediction = Classes(np.column_stack([score, 1 - score]), ["nova", "star"])
    found = examine(Ranking(), Run(name="t", test=Dataset(y=truth), prediction=prediction), Claim("ranking"))
    assert found.verdict is Verdict.INCONCLUSIVE


def test_three_objects_in_the_right_order_prove_nothing():
    run = Run(name="t", test=Dataset(y=np.arange(3.0)), prediction=Point(np.arange(3.0)))
    assert examine(Ranking(), run, Claim("ranking")).verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("n_draws", [5, 10, 20])
@pytest.mark.parametrize("check", [Pulls(), Coverage()], ids=lambda c: c.name)
def test_exact_posteriors_with_few_draws_pass(check, n_draws):
    rng = np.random.default_rng(0)
    centre = rng.normal(size=20_000)
    draws = centre[:, None] + rng.normal(size=(20_000, n_draws))
    run = Run(name="t", test=Dataset(y=centre + rng.normal(size=20_000)), prediction=Samples(draws))
    assert examine(check, run, Claim("object_interval")).verdict is Verdict.PASS


def test_three_draws_have_no_spread_to_judge():
    rng = np.random.default_rng(0)
    run = Run(name="t", test=Dataset(y=rng.normal(size=99)), prediction=Samples(rng.normal(size=(99, 3))))
    assert examine(Pulls(), run, Claim("object_interval")).verdict is Verdict.INCONCLUSIVE


def test_a_class_that_was_never_seen_is_not_shown_to_be_rare():
    p = np.full(50, 0.001)
    prediction = Classes(np.column_stack([1 - p, p]), ["star", "nova"])
    run = Run(name="t", test=Dataset(y=np.full(50, "star")), prediction=prediction)
    assert examine(ClassCalibration(), run, Claim("classification")).verdict is Verdict.INCONCLUSIVE


def test_hard_probabilities_that_are_all_right_pass():
    truth = np.where(np.arange(10_000) % 2, "a", "b")
    p = (truth == "a").astype(float)
    run = Run(name="t", test=Dataset(y=truth), prediction=Classes(np.column_stack([p, 1 - p]), ["a", "b"]))
    assert examine(ClassCalibration(), run, Claim("classification")).verdict is Verdict.PASS


def test_few_groups_do_not_convict_honest_error_bars():
    failed = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        common = np.repeat(rng.normal(size=3), 100) * np.sqrt(0.2)
        error = common + np.sqrt(0.8) * rng.normal(size=300)
        test = Dataset(y=np.zeros(300), group=np.repeat(np.arange(3), 100))
        run = Run(name="t", test=test, prediction=Normal(error, np.ones(300)))
        failed += examine(Coverage(), run, Claim("object_interval")).verdict is Verdict.FAIL
    # Level 2.5 %: more than 12 of 200 has probability 0.002.
    assert failed <= 12


def test_one_heavy_weight_decides_nothing():
    weight = np.full(1000, 1e-6)
    weight[0] = 1.0
    y = np.random.default_rng(0).normal(size=1000)
    run = Run(name="t", test=Dataset(y=y, weight=weight), prediction=Normal(y + 0.1, np.full(1000, 0.1)))
    found = cs.audit(run, Claim("object_interval")).judgements[0]
    ran = [e for e in found.evidence if e.verdict.ran]
    assert ran
    assert {e.verdict for e in ran} == {Verdict.INCONCLUSIVE}
    assert "effective number of 1.0 objects" in ran[0].reason


def domain_run(sigma):
    rng = np.random.default_rng(0)
    flux = 1 + 0.02 * rng.normal(size=(700, 30))
    train = Dataset(flux[:400], np.zeros(400), noise=0.02)
    test = Dataset(flux[400:], np.zeros(300), noise=Gaussian(sigma))
    return Run(name="t", train=train, test=test, prediction=Point(np.zeros(300)))


def test_a_pixel_masked_everywhere_is_no_sign_of_another_domain_and_nothing_seen_is():
    sigma = np.full((300, 30), 0.02)
    sigma[:, 3] = np.inf
    assert examine(Domain(), domain_run(sigma)).verdict is Verdict.PASS
    sigma[:150] = np.inf
    assert examine(Domain(), domain_run(sigma)).verdict is Verdict.FAIL


def test_to_know_nothing_is_not_to_beat_knowing_nothing():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(400, 3)), rng.normal(size=400)
    data = Dataset(x, y)
    run = Run.of(cs.methods.Constant(), train=data[:200], test=data[200:])
    assert examine(Baselines(), run).verdict is Verdict.FAIL


def test_a_class_that_was_not_learned_does_not_stop_the_baselines():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 3))
    truth = np.where(x[:, 0] > 0, "a", "b")
    test = Dataset(x[200:], np.where(np.arange(100) < 3, "c", truth[200:]))
    p = np.tile([0.45, 0.45, 0.1], (100, 1))
    run = Run(name="t", train=Dataset(x[:200], truth[:200]), test=test, prediction=Classes(p, ["a", "b", "c"]))
    assert examine(Baselines(), run, Claim("classification")).verdict.ran


def test_two_models_that_look_alike_are_compared_all_the_same():
    from sklearn.linear_model import LinearRegression

    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 2))
    data = Dataset(x, x.sum(axis=1) + 0.1 * rng.normal(size=300))
    good, bad = (LinearRegression().fit(x, sign * x.sum(axis=1)) for sign in (1, -1))
    run = Run.of(bad, test=data, reference=good)
    assert examine(Reference(), run).verdict is Verdict.FAIL


def test_a_reference_of_other_objects_is_refused():
    one, other = (Run(name="t", test=Dataset(y=np.arange(9.0) + k), prediction=Point(np.zeros(9))) for k in (0, 5))
    with pytest.raises(cs.InputError, match="run on other objects"):
        Run(name="t", test=one.test, prediction=one.prediction, reference=other)


def test_noise_of_another_correlation_is_predicted_again():
    done = Run.of(lambda x: x.sum(axis=1), test=Dataset(np.zeros((5, 2)), np.zeros(5)))
    for rho in (0.9, -0.9):
        done.predict(done.test.x, Covariance([[1, rho], [rho, 1]]))
    assert done.costs.model_calls == 3


def test_an_audit_without_a_tolerance_that_counted_no_scatter_is_not_rescored():
    rng = np.random.default_rng(0)
    y = rng.normal(size=2000)
    run = Run(name="t", test=Dataset(y=y), prediction=Point(y + 0.5 * rng.normal(size=2000)))
    found = cs.audit(run, Claim("population_mean", n_objects=10))
    with pytest.raises(cs.InputError, match="made without a tolerance"):
        found.rescored(0.05)
    direct = cs.audit(run, Claim("population_mean", n_objects=10, tolerance=0.05)).judgements[0].evidence[0]
    assert direct.verdict is Verdict.FAIL


def test_a_boundless_fault_fails_the_audit_and_survives_its_record():
    rng = np.random.default_rng(0)
    y = rng.normal(size=2000)
    run = Run(name="t", test=Dataset(y=y), prediction=Normal(y + rng.normal(size=2000), np.full(2000, 20.0)))
    found = cs.audit(run, Claim("object_interval"), checks=[Coverage()])
    assert found.verdict is Verdict.FAIL
    assert cs.Audit.from_dict(found.to_dict()).rescored(0.1).verdict is Verdict.FAIL


def test_checks_that_cannot_judge_stay_among_those_that_decide():
    checks = [dataclasses.replace(Domain())]
    x = np.random.default_rng(0).normal(size=(130, 3))
    data = Dataset(x, x[:, 0])
    run = Run(name="t", train=data[:70], test=data[70:], prediction=Point(x[70:, 0]))
    found = cs.audit(run, CLAIM, checks=checks).judgements[0]
    assert found.coverage["deciding"] == 1
    assert found.verdict is Verdict.INCONCLUSIVE
