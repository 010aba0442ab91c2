import numpy as np
import pytest

from checkstar.checks.posteriors.local_calibration import LocalCalibration
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.errors import NotApplicable
from checkstar.evidence import Verdict
from checkstar.prediction import Normal
from checkstar.runs import Run
from checkstar.simulators import gaussian_posteriors

CHECK = LocalCalibration()


def examine(run, seed=0, check=CHECK, **claim):
    return check.examine(run, Claim("posterior", **claim), np.random.default_rng(seed))


def normal_run(n, seed=0, *, scale=lambda x: np.ones(len(x)), bias=lambda x: 0 * x, with_x=True, **data):
    """Truth N(0, 1) seen with noise 0.5, and its exact posterior with widths times `scale` and means plus `bias`."""
    rng = np.random.default_rng(seed)
    y = rng.standard_normal(n)
    x = y + 0.5 * rng.standard_normal(n)
    sigma = np.full(n, np.sqrt(0.2))
    prediction = Normal(0.8 * x + bias(x) * sigma, sigma * scale(x))
    return Run(name="t", test=Dataset(x if with_x else None, y, **data), prediction=prediction)


def part(found, start):
    return next(p for p in found.parts if p.name.startswith(start))


def test_shrinkage_that_leaves_the_average_right_is_found_and_its_size_known():
    shrink, n = 0.3, 4000
    made = gaussian_posteriors(n, 1, 200, 1, shrink=shrink)
    found = examine(Run.from_samples(made.draws, made.theta, x=made.x))
    assert found.verdict is Verdict.FAIL
    # E[z | x] is the shift of the mean over the claimed width; standard error 1 / sqrt(n) = 0.016.
    expected = shrink * made.exact_mean.std() / np.sqrt(made.covariance[0, 0])
    assert part(found, "local bias").estimate.value == pytest.approx(expected, abs=0.05)


def test_widths_wrong_in_opposite_directions_are_found_and_nothing_else_is():
    found = examine(normal_run(4000, scale=lambda x: np.where(x > 0, 1.25, 0.8)))
    width = part(found, "local width")
    assert found.worst == width
    assert found.verdict is Verdict.FAIL
    # Half of the relative difference of z^2, 1 / 0.64 against 1 / 1.5625; a step that a line and a square resolve by 2/pi.
    variance = np.array([1 / 0.64, 1 / 1.5625])
    step = 0.5 * np.diff(variance)[0] / variance.sum()
    assert width.estimate.value == pytest.approx(abs(step) * np.sqrt(2 / np.pi), abs=0.05)
    assert part(found, "local bias").estimate.low == 0


def test_a_constant_bias_or_width_is_not_local():
    found = examine(normal_run(4000, scale=lambda x: np.full(len(x), 0.8), bias=lambda x: np.full(len(x), 0.3)))
    assert part(found, "local bias").estimate.high < 0.1
    assert part(found, "local width").estimate.high < 0.1
    # But the classifier looks at the whole.
    assert part(found, "truths against").estimate.low > 0.02


def test_a_bias_that_lines_and_squares_do_not_see_is_found_by_the_trees():
    found = examine(normal_run(6000, bias=lambda x: np.sign(np.sin(4 * x))))
    assert part(found, "truths against").estimate.low > CHECK.auc_limit
    assert found.verdict is Verdict.FAIL


def test_a_joint_posterior_with_the_wrong_correlation_is_found_though_each_parameter_is_right():
    rng = np.random.default_rng(0)
    n = 4000
    x = rng.standard_normal((n, 2))
    y = x + rng.standard_normal((n, 2)) @ np.linalg.cholesky([[1, 0.7], [0.7, 1]]).T
    run = Run(name="t", test=Dataset(x, y), prediction=Normal(x, np.ones((n, 2))))
    found = examine(run)
    assert found.worst.name == "truths against draws"
    assert found.verdict is Verdict.FAIL
    assert examine(run, label="y0").verdict is Verdict.PASS


def test_a_slice_with_the_wrong_coverage_is_named():
    found = examine(normal_run(6000, scale=lambda x: np.where(x > 0.8, 0.5, 1.0)))
    worst = part(found, "worst slice")
    assert worst.estimate.low > 0.02
    assert "> 0." in worst.name


@pytest.mark.parametrize("n_draws", [20, 60, 400])
def test_exact_posteriors_from_few_draws_pass(n_draws):
    made = gaussian_posteriors(5000, 2, n_draws, 3)
    assert examine(Run.from_samples(made.draws, made.theta, x=made.x)).verdict is Verdict.PASS


def test_the_prior_itself_passes_without_x_though_its_means_are_nothing_but_noise_of_the_draws():
    rng = np.random.default_rng(0)
    run = Run.from_samples(rng.standard_normal((4000, 60)), rng.standard_normal(4000))
    assert examine(run).verdict is Verdict.PASS


def test_the_prior_in_place_of_a_posterior_fails_where_x_is_there():
    made = gaussian_posteriors(2000, 1, 60, 0, shrink=1.0)
    assert examine(Run.from_samples(made.draws, made.theta, x=made.x)).verdict is Verdict.FAIL


@pytest.mark.parametrize("n", [100, 500])
def test_no_part_of_exact_posteriors_fails_more_often_than_its_level(n):
    failed = {"local bias": 0, "local width": 0, "truths against": 0, "worst slice": 0}
    for seed in range(100):
        made = gaussian_posteriors(n, 1, 40, seed)
        found = examine(Run.from_samples(made.draws, made.theta, x=made.x), seed)
        for name in failed:
            failed[name] += part(found, name).estimate.low > 0
    # At most 2.5 %, here against a limit of zero: more than 8 of 100 has probability 0.001.
    assert max(failed.values()) <= 8, failed


def test_objects_whose_own_posterior_is_off_are_flagged():
    run = normal_run(8000, bias=lambda x: 0.8 * np.maximum(x, 0) ** 2)
    flagged = examine(run).flags["locally_off"]
    x = run.test.x[:, 0]
    assert flagged[x > 2].mean() > 0.9
    assert not examine(normal_run(8000)).flags


def test_groups_are_not_divided_and_widen_the_interval():
    rng = np.random.default_rng(0)
    n, size = 3000, 10
    group = np.arange(n) // size
    centre = rng.standard_normal(n)
    y = centre + np.repeat(rng.standard_normal(n // size), size)  # one error a group
    x = np.repeat(rng.standard_normal((n // size, 3)), size, axis=0)
    grouped, single = (
        examine(Run(name="t", test=Dataset(x, y, group=g), prediction=Normal(centre, np.full(n, 1.0))))
        for g in (group, None)
    )
    assert part(grouped, "truths against").estimate.n == n // size
    # Taken as single objects, the errors that a group shares look like a local bias.
    assert part(single, "local bias").estimate.low > 0
    assert part(grouped, "local bias").estimate.low < part(single, "local bias").estimate.low
    assert grouped.verdict is not Verdict.FAIL


def test_weights_that_hide_the_wrong_half_hide_the_fault():
    x = normal_run(4000).test.x[:, 0]
    weight = np.where(x > 0, 1e-3, 1.0)
    found = examine(normal_run(4000, scale=lambda x: np.where(x > 0, 0.5, 1.0), weight=weight))
    assert part(found, "local width").estimate.value < 0.1


def test_errors_of_the_truth_are_allowed_for():
    rng = np.random.default_rng(77)
    made = gaussian_posteriors(4000, 1, 200, 0)
    seen = made.theta + 0.6 * rng.standard_normal(made.theta.shape)
    exact, blind = (Run.from_samples(made.draws, seen, x=made.x) for _ in range(2))
    exact.test.y_err = np.full(seen.shape, 0.6)
    assert examine(exact).verdict is Verdict.PASS
    assert examine(blind).verdict is Verdict.FAIL


def test_missing_x_constant_columns_and_equal_draws_do_not_stop_it():
    made = gaussian_posteriors(300, 2, 40, 0)
    x = np.column_stack([made.x, np.ones(300), np.random.default_rng(0).standard_normal((300, 20))])
    x[::3, 0] = np.nan
    draws = made.draws.copy()
    draws[5] = draws[5, 0]
    found = examine(Run.from_samples(draws, made.theta, x=x))
    assert found.verdict.ran
    assert all(np.isfinite(p.estimate.value) for p in found.parts)


def test_what_cannot_be_judged_is_said():
    n = 300
    alike = Run(name="t", test=Dataset(y=np.arange(n) / n), prediction=Normal(np.zeros(n), np.ones(n)))
    with pytest.raises(NotApplicable, match="all posteriors are alike"):
        examine(alike)
    few = gaussian_posteriors(30, 1, 40, 0)
    assert "too few" in examine(Run.from_samples(few.draws, few.theta)).reason
    hasty = gaussian_posteriors(300, 1, 10, 0)
    assert "20 draws" in examine(Run.from_samples(hasty.draws, hasty.theta)).reason


def test_more_objects_than_wanted_are_drawn_from_and_all_are_flagged():
    found = examine(normal_run(3000, bias=lambda x: x), check=LocalCalibration(max_objects=500))
    assert part(found, "local bias").estimate.n == 500
    assert len(found.flags["locally_off"]) == 3000


def test_the_claims_tolerance_is_the_limit_of_the_widths():
    found = examine(normal_run(500), tolerance=0.3)
    assert part(found, "local width").limit == 0.3
    assert part(found, "local bias").limit == 0.1


def test_draws_of_a_chain_decide_nothing():
    made = gaussian_posteriors(400, 1, 100, 0)
    step = np.random.default_rng(1).standard_normal(made.draws.shape)
    for i in range(1, 100):
        step[:, i] = 0.95 * step[:, i - 1] + np.sqrt(1 - 0.95**2) * step[:, i]
    chains = made.exact_mean[:, None] + np.sqrt(made.covariance[0, 0]) * step
    found = examine(Run.from_samples(chains, made.theta, x=made.x))
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "thin the chains" in found.reason
