import numpy as np
import pytest

from checkstar.checks.posterior_draws import planted
from checkstar.checks.posteriors.sbc import Sbc
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.evidence import Verdict
from checkstar.prediction import Samples
from checkstar.runs import Run
from checkstar.simulators import gaussian_posteriors


def examine(run, seed=0, check=Sbc(), **claim):  # noqa: B008 - a frozen record
    return check.examine(run, Claim("posterior", **claim), np.random.default_rng(seed))


def posteriors(n=2000, d=2, s=100, seed=0, **dials):
    return planted(gaussian_posteriors(n, d, s, rng=seed, **dials))


def parts(found):
    return {part.name: part for part in found.parts}


@pytest.mark.parametrize("width", [0.7, 1.5])
@pytest.mark.parametrize("s", [20, 400])
def test_widths_that_are_wrong_are_found_and_named_whatever_the_number_of_draws(width, s):
    found = examine(posteriors(s=s, width=width))
    assert found.verdict is Verdict.FAIL
    # 2000 simulations: one sigma of a width is 2 %.
    assert parts(found)["width of y1"].estimate.value == pytest.approx(max(width, 1 / width) - 1, abs=0.09)
    assert f"too {'narrow' if width < 1 else 'wide'}" in parts(found)["width of y0"].text


def test_a_bias_is_found_with_its_sign_and_in_its_parameter():
    found = examine(posteriors(bias=-0.3))
    assert found.verdict is Verdict.FAIL
    assert "y0 are biased by -0." in parts(found)["bias of y0"].text
    # One sigma is 0.022.
    assert parts(found)["bias of y0"].estimate.value == pytest.approx(0.3, abs=0.09)
    assert parts(found)["bias of y1"].estimate.value < 0.09


def test_the_most_biased_combination_is_that_of_mahalanobis():
    drawn = gaussian_posteriors(20_000, 5, 50, rng=1, bias=0.3)
    offset = np.zeros(5)
    offset[0] = 0.3 * np.sqrt(drawn.exact_covariance[0, 0])
    length = np.sqrt(offset @ np.linalg.solve(drawn.exact_covariance, offset))
    found = parts(examine(planted(drawn)))["bias of all parameters"].estimate
    assert length > 0.34
    # One sigma is 0.007; correlations of normal scores from 50 draws are a few percent too small.
    assert found.value == pytest.approx(length, abs=0.03)


@pytest.mark.parametrize("shrink", [0.3, 1.0])
def test_shrinkage_that_is_right_on_average_shows_only_as_bias_that_follows_x(shrink):
    found = examine(posteriors(n=1000, shrink=shrink))
    assert found.verdict is Verdict.FAIL
    assert found.worst.name == "bias of all parameters with x"
    assert "too low where x speaks for a high value" in parts(found)["bias of y0 with x"].text
    others = [part for part in found.parts if not part.name.endswith("with x")]
    assert all(part.estimate.low <= part.limit for part in others)


def test_shrinkage_shows_without_x_too_as_long_as_the_posterior_means_differ():
    drawn = gaussian_posteriors(1000, 2, 100, rng=0, shrink=0.3)
    assert examine(Run.from_samples(drawn.draws, drawn.theta)).worst.name == "bias of all parameters with x"


def test_without_x_few_draws_leave_right_posteriors_right():
    # The mean of ten draws scatters with them: as a side it would bias the truth's rank, were the truth not one more.
    rng = np.random.default_rng(0)
    found = examine(Run.from_samples(rng.normal(size=(20_000, 10)), rng.normal(size=20_000)))
    assert found.verdict is Verdict.PASS
    with_x = parts(found)["bias of y with x"].estimate
    # One sigma is 0.007; the naive side is off by 0.25.
    assert with_x.value < 0.03


def test_a_wrong_shape_of_the_right_mean_and_width_is_found_in_the_ranks():
    rng = np.random.default_rng(0)
    truth = rng.exponential(size=20_000)
    found = examine(Run.from_samples(1 + rng.normal(size=(20_000, 100)), truth))
    assert parts(found)["ranks of y"].estimate.low > 0.05
    assert "p = 0.0005" in parts(found)["ranks of y"].text


def test_the_log_density_is_shown_and_does_not_decide():
    found = parts(examine(posteriors(width=0.5)))
    assert not found["ranks of the log-density"].decides
    assert found["ranks of the log-density"].estimate.low > 0.2
    drawn = gaussian_posteriors(50, 2, 20, rng=0)
    assert "ranks of the log-density" not in parts(examine(Run.from_samples(drawn.draws, drawn.theta)))


def test_all_parameters_decide_unless_the_claim_is_about_one():
    run = posteriors(bias=0.5)
    together = {part.name for part in examine(run).parts if part.decides}
    assert together == {
        "bias of all parameters",
        "bias of all parameters with x",
        "ranks of all parameters",
        "width of y0",
        "width of y1",
    }
    alone = examine(run, label="y1")
    assert {part.name for part in alone.parts if part.decides} == {
        "bias of y1",
        "bias of y1 with x",
        "ranks of y1",
        "width of y1",
    }
    assert alone.verdict is not Verdict.FAIL
    assert examine(run, label="y0").verdict is Verdict.FAIL


def test_the_tolerance_of_a_posterior_is_the_limit_of_its_widths():
    run = posteriors(n=200)
    assert parts(examine(run, tolerance=0.3))["width of y0"].limit == 0.3
    assert parts(examine(run))["width of y0"].limit == 0.1
    assert parts(examine(run, tolerance=0.3))["bias of y0"].limit == 0.1


def test_errors_of_the_truth_are_allowed_for():
    drawn = gaussian_posteriors(6000, 1, 100, rng=0)
    seen = drawn.theta + 0.5 * np.random.default_rng(1).normal(size=drawn.theta.shape)
    honest = Dataset(x=drawn.x, y=seen, y_err=np.full_like(seen, 0.5))
    assert examine(Run(name="t", test=honest, prediction=Samples(drawn.draws))).verdict is Verdict.PASS
    assert examine(Run.from_samples(drawn.draws, seen, x=drawn.x)).verdict is Verdict.FAIL


def test_copies_of_a_simulation_count_once():
    drawn = gaussian_posteriors(40, 2, 50, rng=0, bias=0.35)
    copied = np.repeat(np.arange(40), 50)
    args = drawn.draws[copied], drawn.theta[copied]
    assert examine(Run.from_samples(*args, x=drawn.x[copied], group=copied)).verdict is Verdict.INCONCLUSIVE
    assert examine(Run.from_samples(*args, x=drawn.x[copied])).verdict is Verdict.FAIL


def test_a_heavy_weight_decides_nothing():
    drawn = gaussian_posteriors(500, 2, 50, rng=0, width=0.5)
    data = Dataset(x=drawn.x, y=drawn.theta, weight=np.where(np.arange(500) == 7, 1e6, 1.0))
    assert examine(Run(name="t", test=data, prediction=Samples(drawn.draws))).verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("n", [1, 7, 12])
def test_a_handful_of_simulations_passes_nothing(n):
    found = examine(posteriors(n=n))
    assert found.verdict is Verdict.INCONCLUSIVE


def test_observations_that_are_missing_constant_or_longer_than_the_sample_are_borne():
    drawn = gaussian_posteriors(200, 2, 30, rng=0)
    rng = np.random.default_rng(0)
    holes = np.where(rng.random(drawn.x.shape) < 0.2, np.nan, drawn.x)
    holes[:, 1] = np.nan
    for x in (np.ones((200, 3)), drawn.x @ rng.normal(size=(2, 300))):
        assert examine(Run.from_samples(drawn.draws, drawn.theta, x=x)).verdict is Verdict.INCONCLUSIVE
    noise = np.where(np.isnan(holes), np.inf, 0.5)
    data = Dataset(x=np.nan_to_num(holes), y=drawn.theta, noise=noise)
    assert examine(Run(name="t", test=data, prediction=Samples(drawn.draws))).verdict is Verdict.INCONCLUSIVE


def test_points_in_place_of_draws_fail_and_equal_numbers_do_not_crash():
    truth = np.random.default_rng(0).normal(size=(300, 2))
    assert examine(Run.from_samples(np.zeros((300, 10, 2)), truth)).verdict is Verdict.FAIL
    assert examine(Run.from_samples(np.zeros((300, 10, 2)), np.zeros((300, 2)))).verdict is Verdict.INCONCLUSIVE


def test_the_figure_shows_the_worst_six_in_their_band():
    found = examine(posteriors(n=300, d=8))
    kinds = [layer["kind"] for layer in found.figure["layers"]]
    assert kinds == ["band"] + ["line"] * 6
    assert all(len(layer["x"]) <= 300 for layer in found.figure["layers"])
