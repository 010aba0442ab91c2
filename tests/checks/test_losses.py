import numpy as np
import pytest

from checkstar.checks import Attenuation, Baselines, Expense, Reference, Skill
from checkstar.checks.calibrations.skill import _climatology
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.errors import NotApplicable
from checkstar.evidence import Verdict
from checkstar.methods import Ridge
from checkstar.prediction import Classes, Normal, Point, Samples
from checkstar.runs import Run

RNG = np.random.default_rng(0)
CLAIM = Claim("object_value")


def test_the_priors_score_is_that_of_its_samples():
    prior, truth = RNG.normal(size=300), RNG.normal(size=20)
    fair = Samples(np.broadcast_to(prior, (20, 300))).crps(truth)[:, 0]
    assert _climatology(truth, prior) == pytest.approx(fair)


def test_the_prior_itself_has_no_skill():
    y = RNG.normal(size=4000)
    run = Run(name="t", test=Dataset(y=y), prediction=Normal(np.zeros(4000), np.ones(4000)))
    assert Skill().examine(run, Claim("object_interval"), RNG).verdict is Verdict.FAIL


def test_base_rates_have_no_skill():
    truth = np.where(RNG.random(4000) < 0.3, "a", "b")
    run = Run(name="t", test=Dataset(y=truth), prediction=Classes(np.tile([0.3, 0.7], (4000, 1)), ["a", "b"]))
    found = Skill().examine(run, Claim("classification"), RNG)
    assert found.verdict is Verdict.FAIL
    assert found.value == pytest.approx(1.0, abs=0.01)


def test_the_reference_is_not_compared_with_itself():
    x = RNG.normal(size=(200, 3))
    data = Dataset(x, x.sum(axis=1))
    run = Run.of(Ridge(), train=data[:100], test=data[100:], reference=Ridge())
    with pytest.raises(NotApplicable, match="domain's own method"):
        Reference().examine(run, CLAIM, RNG)


def test_a_method_as_good_as_the_reference_but_faster_says_so():
    y = RNG.normal(size=500)
    test = Dataset(y=y)
    reference = Run(name="template fit", test=test, prediction=Point(y + 0.1 * RNG.normal(size=500)))
    run = Run(name="t", test=test, prediction=Point(y + 0.1 * RNG.normal(size=500)), reference=reference)
    run.costs.predict_seconds, reference.costs.predict_seconds = 0.1, 4.0
    found = Reference().examine(run, CLAIM, RNG)
    assert found.limits_of_use[0].text.endswith("does as well for y, 40x slower")


def test_losing_to_knowing_nothing_fails_against_constant():
    x = RNG.normal(size=(400, 3))
    data = Dataset(x, x @ [1.0, 2.0, 3.0])
    run = Run(name="t", test=data[200:], train=data[:200], prediction=Point(10 * RNG.normal(size=200)))
    found = Baselines().examine(run, CLAIM, RNG)
    assert found.verdict is Verdict.FAIL
    constant = next(p for p in found.parts if p.name == "against Constant")
    assert constant.limit == pytest.approx(0.0, abs=1e-6)
    assert constant.estimate.low > 0


def test_errors_of_the_truth_do_not_compress_the_range():
    y = RNG.normal(size=40_000)
    seen = y + 0.7 * RNG.normal(size=40_000)
    known = Run(name="t", test=Dataset(y=seen, y_err=0.7), prediction=Point(y))
    ignored = Run(name="t", test=Dataset(y=seen), prediction=Point(y))
    assert Attenuation().examine(known, CLAIM, RNG).verdict is Verdict.PASS
    assert Attenuation().examine(ignored, CLAIM, RNG).verdict is Verdict.FAIL


def test_a_truth_that_is_all_error_has_no_slope():
    seen = RNG.normal(size=500)
    run = Run(name="t", test=Dataset(y=seen, y_err=2.0), prediction=Point(seen))
    with pytest.raises(NotApplicable, match="no more than its errors"):
        Attenuation().examine(run, CLAIM, RNG)


def test_a_method_given_fitted_has_no_known_cost_of_training():
    x = RNG.normal(size=(100, 2))
    data = Dataset(x, x.sum(axis=1))
    run = Run.of(lambda z: z.sum(axis=1), test=data, reference=lambda z: z[:, 0])
    with pytest.raises(NotApplicable, match="already fitted"):
        Expense().examine(run, CLAIM, RNG)


def test_twice_the_error_of_the_reference_is_a_relative_loss_of_one():
    y, error = RNG.normal(size=2000), RNG.normal(size=2000)
    test = Dataset(y=y)
    reference = Run(name="reference", test=test, prediction=Point(y + error))
    run = Run(name="t", test=test, prediction=Point(y + 2 * error), reference=reference)
    found = Reference().examine(run, CLAIM, RNG)
    # Paired exactly: the ratio has no scatter.
    assert (found.value, found.low, found.high) == pytest.approx((1.0, 1.0, 1.0))
    better = Run(name="t", test=test, prediction=Point(y + error / 2), reference=reference)
    assert Reference().examine(better, CLAIM, RNG).value == pytest.approx(-0.5)
