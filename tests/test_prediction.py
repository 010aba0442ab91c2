from __future__ import annotations

import numpy as np
import properscoring
import pytest
from scipy import integrate, stats

from checkstar.errors import InputError, NotApplicable
from checkstar.prediction import Classes, Grid, Mixture, Normal, Point, Prediction, Samples, label_matrix

NORMAL = Normal([[0.3, -1.0], [2.0, 5.0], [-4.0, 0.1]], [[1.0, 0.5], [0.2, 3.0], [2.0, 0.1]])
MIXTURE = Mixture([[0.3, 0.7], [0.9, 0.1]], [[-1.0, 2.0], [0.0, 10.0]], [[0.5, 1.0], [1.0, 0.1]])
GRID = Grid([0.0, 1.0, 3.0, 4.0], [[0.2, 0.5, 0.3], [0.0, 1.0, 0.0]])
TWO_LABEL_GRID = Grid([[0.0, 1.0, 2.0], [10.0, 20.0, 40.0]], [[[0.5, 0.5], [0.25, 0.75]]])
DRAWS = np.random.default_rng(1).normal(size=(4, 25, 2))
SAMPLES = Samples(DRAWS)
CLASSES = Classes([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8]], ["EW", "EA", "RRAB"])
CONTINUOUS = [NORMAL, MIXTURE, GRID, TWO_LABEL_GRID]
ALL = [Point([[1.0, 2.0], [3.0, 4.0]]), NORMAL, MIXTURE, GRID, TWO_LABEL_GRID, SAMPLES, CLASSES]


def kinds(predictions: list[Prediction]) -> list[str]:
    return [f"{item.kind}{i}" for i, item in enumerate(predictions)]


def integrated_crps(prediction: Prediction, truth: np.ndarray, reach: float = 60.0) -> np.ndarray:
    """CRPS by its definition: the integral of the squared difference of the distribution functions."""
    result = np.zeros(truth.shape)
    for i, target in enumerate(truth):
        for sign, step in ((-1, 0.0), (1, 1.0)):
            points = target + sign * reach * np.linspace(0, 1, 40001)[:, None]
            squared = np.square(prediction[np.full(len(points), i)].cdf(points) - step)
            result[i] += np.abs(integrate.simpson(squared, dx=reach / 40000, axis=0))
    return result


@pytest.mark.parametrize("prediction", CONTINUOUS, ids=kinds(CONTINUOUS))
@pytest.mark.parametrize("shift", [-3.0, 0.0, 0.4, 6.0])
def test_crps_is_the_integral_of_its_definition(prediction, shift):
    truth = prediction.mean() + shift
    # Simpson's rule on steps of 0.0015 across the kinks of the grid.
    np.testing.assert_allclose(prediction.crps(truth), integrated_crps(prediction, truth), atol=2e-4)


def test_crps_of_a_normal_agrees_with_properscoring():
    truth = NORMAL.mean() + np.array([[0.3, -0.5], [0.0, 1.0], [5.0, 0.05]])
    expected = properscoring.crps_gaussian(truth, NORMAL.mean(), NORMAL.std())
    np.testing.assert_allclose(NORMAL.crps(truth), expected, rtol=1e-12)


def test_crps_of_samples_agrees_with_properscoring_up_to_the_fair_factor():
    truth = np.array([[0.3, -0.2], [2.0, 0.0], [-1.0, 1.0], [0.0, 0.0]])
    biased = properscoring.crps_ensemble(truth, DRAWS, axis=1)
    distance = np.abs(DRAWS - truth[:, None]).mean(axis=1)
    # The ensemble score halves the mean over all s^2 pairs, the fair one over the s (s - 1) different ones.
    np.testing.assert_allclose(SAMPLES.crps(truth), distance - (distance - biased) * 25 / 24, rtol=1e-12)


def test_crps_of_samples_is_unbiased_in_the_number_of_draws():
    rng = np.random.default_rng(0)
    truth = rng.normal(size=(40000, 1))
    few = Samples(rng.normal(size=(40000, 3))).crps(truth).mean()
    # E CRPS of the truth itself is 1 / sqrt(pi); one standard error is 0.004.
    assert few == pytest.approx(1 / np.sqrt(np.pi), abs=0.015)


def test_crps_of_a_point_is_the_absolute_error():
    assert Point([1.0, 5.0]).crps([2.0, 3.0]).tolist() == [[1.0], [2.0]]


def test_brier_score_of_classes():
    np.testing.assert_allclose(CLASSES.crps(["EW", "EA"]), [[0.14], [0.01 + 0.81 + 0.64]], rtol=1e-12)


@pytest.mark.parametrize("prediction", CONTINUOUS, ids=kinds(CONTINUOUS))
@pytest.mark.parametrize("level", [0.001, 0.16, 0.5, 0.9, 0.999])
def test_quantile_inverts_the_cdf(prediction, level):
    np.testing.assert_allclose(prediction.cdf(prediction.quantile(level)), level, atol=1e-9)


@pytest.mark.parametrize("prediction", CONTINUOUS, ids=kinds(CONTINUOUS))
def test_density_is_the_slope_of_the_cdf(prediction):
    at = prediction.quantile(0.37)
    slope = (prediction.cdf(at + 1e-6) - prediction.cdf(at - 1e-6)) / 2e-6
    np.testing.assert_allclose(np.exp(prediction.log_prob(at)), slope, rtol=1e-5)


@pytest.mark.parametrize("prediction", CONTINUOUS, ids=kinds(CONTINUOUS))
def test_moments_of_draws_are_those_of_the_distribution(prediction):
    draws = prediction.sample(40000, rng=0)
    assert draws.shape == (len(prediction), 40000, prediction.shape[1])
    # Standard errors: std / 200 for the mean; the std of the two-peaked mixture to about 1 %.
    assert (np.abs(draws.mean(axis=1) - prediction.mean()) < 0.025 * prediction.std()).all()
    np.testing.assert_allclose(draws.std(axis=1), prediction.std(), rtol=0.03)


@pytest.mark.parametrize("prediction", [*CONTINUOUS, SAMPLES], ids=kinds([*CONTINUOUS, SAMPLES]))
def test_draws_repeat_with_the_seed_and_only_with_it(prediction):
    assert np.array_equal(prediction.sample(5, rng=3), prediction.sample(5, rng=3))
    assert not np.array_equal(prediction.sample(5, rng=3), prediction.sample(5, rng=4))


def test_mixture_agrees_with_scipy():
    at = np.array([[0.5], [9.9]])
    weights, means, stds = MIXTURE.weights, MIXTURE.means[..., 0], MIXTURE.stds[..., 0]
    cdf = (weights * stats.norm.cdf(at, means, stds)).sum(axis=1)
    density = (weights * stats.norm.pdf(at, means, stds)).sum(axis=1)
    np.testing.assert_allclose(MIXTURE.cdf(at)[:, 0], cdf, rtol=1e-12)
    np.testing.assert_allclose(MIXTURE.log_prob(at)[:, 0], np.log(density), rtol=1e-12)


def test_mixture_of_one_is_a_normal():
    one = Mixture(np.ones((3, 1)), NORMAL.mean()[:, None, :], NORMAL.std()[:, None, :])
    truth = NORMAL.mean() + 0.7
    np.testing.assert_allclose(one.crps(truth), NORMAL.crps(truth), rtol=1e-10)
    np.testing.assert_allclose(one.quantile(0.1), NORMAL.quantile(0.1), atol=1e-9)


def test_moments_of_a_grid_in_closed_form():
    uniform = Grid([0.0, 12.0], [[1.0]])
    assert uniform.mean().item() == 6.0
    assert uniform.std().item() == pytest.approx(12 / np.sqrt(12))


def test_grid_quantile_skips_empty_bins():
    assert Grid([0.0, 1.0, 2.0, 3.0], [[0.5, 0.0, 0.5]]).quantile(0.75).item() == pytest.approx(2.5)


def test_grid_from_quantiles_returns_the_quantiles():
    levels = [0.1, 0.25, 0.5, 0.9]
    values = np.array([[[-1.0, 0.0, 0.5, 4.0], [10.0, 11.0, 12.0, 13.0]]])
    grid = Grid.from_quantiles(levels, values)
    for i, level in enumerate(levels):
        # Coinciding quantiles are opened by a millionth of the spread.
        np.testing.assert_allclose(grid.quantile(level), values[:, :, i], atol=2e-5)


def test_grid_from_normal_quantiles_has_nearly_the_moments_of_the_normal():
    levels = np.array([0.025, 0.16, 0.5, 0.84, 0.975])
    grid = Grid.from_quantiles(levels, 5 + 2 * stats.norm.ppf(levels)[None, None])
    assert grid.mean().item() == pytest.approx(5, abs=1e-3)
    assert grid.std().item() == pytest.approx(2, rel=0.1)


def test_grid_from_quantiles_sorts_crossing_and_opens_coinciding_quantiles():
    grid = Grid.from_quantiles([0.1, 0.5, 0.9], [[[2.0, 1.0, 3.0]], [[7.0, 7.0, 7.0]]])
    assert grid.quantile(0.5)[0, 0] == pytest.approx(2.0, abs=1e-5)
    assert grid.mean()[1, 0] == pytest.approx(7.0, abs=1e-6)
    assert (grid.std() > 0).all()


@pytest.mark.parametrize("levels", [[0.5], [0.5, 0.5], [0.9, 0.1], [0.0, 0.5], [0.5, 1.0]])
def test_grid_refuses_levels_that_are_no_increasing_probabilities(levels):
    with pytest.raises(InputError, match="at least two increasing levels in"):
        Grid.from_quantiles(levels, np.zeros((1, 1, len(levels))))


def test_cdf_of_samples_is_uniform_for_one_more_draw():
    rng = np.random.default_rng(0)
    ranks = Samples(rng.normal(size=(20000, 9))).cdf(rng.normal(size=20000))[:, 0]
    counts = np.unique(ranks.round(6), return_counts=True)[1]
    assert len(counts) == 10
    assert stats.chisquare(counts).pvalue > 1e-3
    assert 0 < ranks.min() < ranks.max() < 1


def test_log_prob_of_many_draws_is_that_of_their_distribution():
    draws = np.random.default_rng(0).normal(size=(1, 20000))
    # The kernel of width 0.146 widens the unit normal by 1 %.
    assert Samples(draws).log_prob([0.3]).item() == pytest.approx(stats.norm.logpdf(0.3), abs=0.05)


def test_covariance_correlates_the_draws_of_one_object():
    covariance = np.array([[[1.0, 0.9], [0.9, 1.0]]])
    draws = Normal([[0.0, 0.0]], [[1.0, 1.0]], covariance).sample(20000, rng=0)[0]
    assert np.corrcoef(draws.T)[0, 1] == pytest.approx(0.9, abs=0.01)


def test_noise_adds_in_quadrature_and_keeps_the_covariance_between_labels():
    covariance = np.array([[[1.0, 0.5], [0.5, 1.0]]])
    noisy = Normal([[0.0, 0.0]], [[1.0, 1.0]], covariance).with_noise([[1.0, 2.0]])
    np.testing.assert_allclose(noisy.std() ** 2, [[2.0, 5.0]])
    np.testing.assert_allclose(noisy.covariance, [[[2.0, 0.5], [0.5, 5.0]]])


@pytest.mark.parametrize("prediction", [MIXTURE, GRID, Samples(np.random.default_rng(2).normal(size=(2, 4000)))])
def test_noise_widens_every_kind_by_its_variance(prediction):
    noisy = prediction.with_noise(1.5, rng=0)
    # 200 or more draws: the std of a std is below 5 %.
    np.testing.assert_allclose(noisy.std(), np.hypot(prediction.std(), 1.5), rtol=0.12)


def test_points_have_no_spread():
    point = Point([1.0, 2.0])
    assert not point.has_spread
    assert np.isnan(point.std()).all()
    for ask in (lambda: point.cdf([0.0, 1.0]), lambda: point.quantile(0.5), lambda: point.log_prob([0.0, 1.0])):
        with pytest.raises(NotApplicable, match="give standard errors"):
            ask()


@pytest.mark.parametrize("prediction", ALL, ids=kinds(ALL))
def test_indexing_keeps_the_chosen_objects(prediction):
    rows = np.array([1, 0]) if len(prediction) > 1 else np.array([0])
    assert np.array_equal(prediction[rows].mean(), prediction.mean()[rows])
    assert np.array_equal(prediction[rows].std(), prediction.std()[rows], equal_nan=True)
    assert type(prediction[:1]) is type(prediction)
    assert len(prediction[:1]) == 1


@pytest.mark.parametrize("prediction", [Point([[1.0, 2.0]]), NORMAL, TWO_LABEL_GRID, SAMPLES])
def test_select_keeps_one_label_with_its_axis(prediction):
    chosen = prediction.select(1)
    assert chosen.shape == (len(prediction), 1)
    np.testing.assert_allclose(chosen.mean()[:, 0], prediction.mean()[:, 1], rtol=1e-12)


def test_classes_know_the_truth_by_name():
    assert CLASSES.codes(["RRAB", "EW"]).tolist() == [2, 0]
    assert CLASSES.predicted().tolist() == ["EW", "RRAB"]
    np.testing.assert_allclose(CLASSES.log_loss(["EW", "EA"]), -np.log([0.7, 0.1]))
    with pytest.raises(InputError, match="did you mean 'RRAB'"):
        CLASSES.codes(["RRAb", "EW"])


def test_draws_of_classes_follow_the_probabilities():
    codes = CLASSES.sample(40000, rng=0)[0, :, 0].astype(int)
    np.testing.assert_allclose(np.bincount(codes, minlength=3) / 40000, [0.7, 0.2, 0.1], atol=0.01)


def test_classes_have_no_order():
    with pytest.raises(NotApplicable, match="classes have no order"):
        CLASSES.quantile(0.5)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Normal([1.0, 2.0], [1.0, 0.0]), r"zero or negative for 1 of 2 objects \(first rows: 1\)"),
        (lambda: Normal([1.0, 2.0], [1.0]), "give one standard deviation per prediction"),
        (lambda: Normal([1.0], [1.0], [[1.0, 0.0]]), r"covariance has shape \(1, 2\)"),
        (lambda: Point([1.0, np.nan]), r"1 non-finite rows of 2 \(first: 1\)"),
        (lambda: Point(["a"]), "numbers are needed"),
        (lambda: Point(np.zeros((1, 1, 1))), r"shape \(1, 1, 1\)"),
        (lambda: Mixture([[0.5, 0.4]], [[0.0, 1.0]], [[1.0, 1.0]]), "the first sums to 0.9"),
        (lambda: Mixture([[1.0]], [[0.0, 1.0]], [[1.0, 1.0]]), r"\(n, m, k\)"),
        (lambda: Grid([0.0, 1.0, 1.0], [[0.5, 0.5]]), "grid edges must increase"),
        (lambda: Grid([0.0, 1.0], [[0.5, 0.5]]), "give one edge more than bins"),
        (lambda: Grid([0.0, 1.0, 2.0], [[0.5, np.nan]]), "do not sum to one"),
        (lambda: Samples(np.zeros((3, 1))), "at least two draws"),
        (lambda: Samples(np.zeros(3)), r"\(n, s\) or \(n, s, k\)"),
        (lambda: Classes([[0.5, 0.5]], ["a", "a"]), "name each column once"),
        (lambda: Classes([[1.2, -0.2]], ["a", "b"]), "are negative or do not sum to one"),
    ],
)
def test_wrong_predictions_are_refused_with_the_number_and_the_cure(make, message):
    with pytest.raises(InputError, match=message):
        make()


def test_label_matrix_gives_one_column_per_label():
    assert label_matrix("y", [1, 2]).tolist() == [[1.0], [2.0]]
