import os

import numpy as np
import pytest

import checkstar as cs
from checkstar.checks.calibrations import Coverage, Skill
from checkstar.checks.shifts import InputShift
from checkstar.errors import InputError
from checkstar.evidence import Verdict
from checkstar.methods import Constant, Forest, KNearest
from checkstar.problems.photometric_redshifts import METRICS
from checkstar.testing import check_problem


@pytest.fixture(scope="module")
def problem():
    return cs.problems.redshifts()


@pytest.fixture
def shared():
    if not os.environ.get("CHECKSTAR_DATA"):
        pytest.skip("CHECKSTAR_DATA is not set: the shared data are not here")


def metric(name: str, truth, predicted) -> float:
    return next(m for m in METRICS if m.name == name)(np.asarray(truth, float), np.asarray(predicted, float))


def test_the_simulated_problem_needs_no_download_and_keeps_the_contract(problem, monkeypatch):
    monkeypatch.delenv("CHECKSTAR_DATA", raising=False)
    check_problem(problem)
    assert len(problem.train) + len(problem.test) == 3000


def test_the_split_and_the_galaxies_are_those_of_the_seed(problem):
    same, other = (cs.problems.redshifts(seed=seed) for seed in (0, 1))
    assert np.array_equal(problem.test.x, same.test.x)
    assert not np.array_equal(problem.test.x[:20], other.test.x[:20])


def test_metrics_are_those_of_phat():
    truth = np.zeros(5)
    predicted = np.array([-0.01, 0.0, 0.01, 0.02, 0.5])
    assert metric("bias", truth, predicted) == pytest.approx(0.104)
    assert metric("median_bias", truth, predicted) == pytest.approx(0.01)
    assert metric("nmad", truth, predicted) == pytest.approx(1.4826 * 0.01)
    assert metric("sigma", truth, predicted) == pytest.approx(np.std(predicted[:4]))
    assert metric("outliers", truth, predicted) == pytest.approx(0.2)
    # Errors count relative to one plus the redshift.
    assert metric("outliers", [1.0, 1.0], [1.29, 1.31]) == pytest.approx(0.5)


def test_a_zero_point_moves_a_band_and_its_colours(problem):
    nuisance = next(n for n in problem.scope.nuisances if n.name == "zero point of g")
    moved = nuisance.apply(np.zeros((1, 9)), 1.0)[0]
    expected = dict.fromkeys(problem.test.features, 0.0) | {"g": 0.01, "u-g": -0.01, "g-r": 0.01}
    np.testing.assert_allclose(moved, list(expected.values()))


def test_redrawn_colours_remain_the_differences_of_the_magnitudes(problem):
    drawn = problem.test.noise.draw(problem.test.x, np.random.default_rng(0))
    # The covariance holds the rounding of the colours, 1e-6 mag.
    np.testing.assert_allclose(drawn[:, 5:], drawn[:, :4] - drawn[:, 1:5], atol=1e-5)


def test_the_prior_covers_perfectly_and_is_exposed_by_its_scores(problem):
    run = cs.run(problem, Constant())
    claim = cs.Claim("object_interval", label="z_spec")
    coverage, skill = (check.examine(run, claim, np.random.default_rng(0)) for check in (Coverage(), Skill()))
    assert coverage.verdict is Verdict.PASS
    assert skill.verdict is Verdict.FAIL
    # Whoever reads only the coverage reads the loss of the density too.
    assert "the loss of its density (CDE) is" in coverage.reason
    assert "the loss of its density (CDE) is" in skill.reason


def test_a_method_that_knows_something_has_the_lower_density_loss(problem):
    from checkstar.statistics.cde_loss import cde_loss

    blind, near = (cs.run(problem, method) for method in (Constant(), KNearest()))
    losses = [cde_loss(run.prediction, run.test.y).mean() for run in (blind, near)]
    assert losses[1] < 1.5 * losses[0] < 0


@pytest.mark.parametrize(
    ("arguments", "message"), [({"survey": "des"}, "survey is 'des'"), ({"n_simulated": 10}, "n_simulated is 10")]
)
def test_bad_arguments_are_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        cs.problems.redshifts(**arguments)


def test_the_usual_claims_can_be_made(problem):
    done = cs.run(problem, cs.methods.Ridge())
    for claim in problem.claims:
        assert cs.audit(done, claim, checks=[]).judgements[0].claim.label == "z_spec"


def test_sdss_keeps_the_contract(shared):
    problem = cs.problems.redshifts("sdss")
    check_problem(problem)
    assert len(problem.train) == 3500


def test_the_shift_between_samples_of_boss_is_detected(shared):
    problem = cs.problems.redshifts("boss")
    check_problem(problem)
    done = cs.run(problem, Forest(n_trees=20))
    found = InputShift().examine(done, problem.claims[0], np.random.default_rng(0))
    assert found.verdict is Verdict.FAIL
    audit = cs.audit(done, problem.claims[0], checks=[InputShift()])
    assert audit.judgements[0].evidence[0].verdict is Verdict.FAIL
    assert audit.verdict is Verdict.FAIL
