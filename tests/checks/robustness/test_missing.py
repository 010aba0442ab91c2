import numpy as np
import pytest
from scipy import special

from checkstar.checks.robustness.missing import Missing
from checkstar.checks.weighted_mean import WeightedMean
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.errors import InputError, NotApplicable
from checkstar.evidence import Verdict
from checkstar.methods import Cannon, Ridge
from checkstar.noise import Covariance, Gaussian
from checkstar.prediction import Normal, Samples
from checkstar.runs import Run
from checkstar.testing import simulate_spectra

SIGMA = np.array([0.5, 1.0, 1.0, 1.0])
CLAIM = Claim("object_interval")
CLAIMED = float(1 / np.sqrt((1 / SIGMA**2).sum()))


def examine(method, n=3000, noise=None, check=None, y_err=None, **fields):
    rng = np.random.default_rng(0)
    y = rng.normal(size=n)
    x = y[:, None] + SIGMA * rng.normal(size=(n, 4))
    seen = y if y_err is None else y + y_err * rng.normal(size=n)
    run = Run.of(method, test=Dataset(x, seen, noise=SIGMA if noise is None else noise, y_err=y_err, **fields))
    return (check or Missing()).examine(run, CLAIM, rng), run


@pytest.mark.parametrize("takes_masks", [True, False], ids=["NaN", "median"])
def test_error_bars_that_ignore_a_loss_cover_what_the_normal_says(takes_masks):
    method = WeightedMean(claimed=CLAIMED, takes_masks=takes_masks)
    if not takes_masks:
        with pytest.raises(NotApplicable, match="takes an infinite sigma for no loss"):
            examine(method)
        return
    found, _ = examine(method)
    assert found.verdict is Verdict.FAIL
    exact = 2 * special.ndtr(special.ndtri(0.95) * CLAIMED / (1 / np.sqrt(3))) - 1
    # 1000 objects: one sigma is 0.014.
    assert found.value == pytest.approx(0.9 - exact, abs=0.045)
    assert found.worst.name == "x0"


@pytest.mark.parametrize("takes_masks", [True, False], ids=["NaN", "median"])
def test_error_bars_that_grow_with_a_loss_pass(takes_masks):
    found, _ = examine(WeightedMean(takes_masks=takes_masks))
    assert found.verdict is Verdict.PASS
    assert len(found.parts) == 4


def test_errors_of_the_truth_are_allowed_for():
    found, _ = examine(WeightedMean(), y_err=0.5)
    assert found.verdict is Verdict.PASS


@pytest.mark.parametrize("model", [lambda x: (x.mean(axis=1), np.ones(len(x))), Ridge()], ids=["a function", "ridge"])
def test_what_refuses_masks_is_not_asked(model):
    rng = np.random.default_rng(0)
    y = rng.normal(size=300)
    data = Dataset(y[:, None] + SIGMA * rng.normal(size=(300, 4)), y, noise=SIGMA)
    run = Run.of(model, train=data[:100], test=data[100:])
    with pytest.raises(NotApplicable, match="refuses NaN"):
        Missing().examine(run, CLAIM, rng)


def test_a_range_that_is_refused_is_safe_and_named():
    class Proud(WeightedMean):
        def predict_distribution(self, x, *, noise=None):
            if np.isinf(noise.sigma(x)[:, 0]).any() and len(x) > 10:
                raise InputError("Proud needs the first feature")
            return super().predict_distribution(x, noise=noise)

    found, _ = examine(Proud(claimed=CLAIMED))
    assert [part.name for part in found.parts] == ["x1", "x2", "x3"]
    assert "refuses 1 other range" in found.reason


def test_what_refuses_every_range_is_not_applicable():
    class Prouder(WeightedMean):
        def predict_distribution(self, x, *, noise=None):
            if np.isinf(noise.sigma(x)).any() and len(x) > 10:
                raise InputError("Prouder needs every feature")
            return super().predict_distribution(x, noise=noise)

    with pytest.raises(NotApplicable, match="whichever they are"):
        examine(Prouder())


def test_many_pixels_are_masked_in_neighbouring_ranges():
    data = simulate_spectra(900)
    run = Run.of(Cannon(), train=data[:300], test=data[300:])
    found = Missing().examine(run, Claim("object_interval", label="hot"), np.random.default_rng(0))
    assert [part.name for part in found.parts][:2] == ["x0 to x4", "x5 to x9"]
    assert len(found.parts) == 8
    # The Cannon propagates noise over what is left.
    assert found.verdict is not Verdict.FAIL


def test_correlated_noise_and_a_single_feature_have_no_masks():
    with pytest.raises(NotApplicable, match="a covariance cannot mask"):
        examine(WeightedMean(), noise=Covariance(np.diag(SIGMA**2)))
    run = Run.of(WeightedMean(), test=Dataset(np.ones((50, 1)), np.ones(50), noise=1.0))
    with pytest.raises(NotApplicable, match="one feature only"):
        Missing().examine(run, CLAIM, np.random.default_rng(0))


def test_features_that_are_masked_already_are_left_out_and_stay_masked():
    rng = np.random.default_rng(0)
    sigma = np.tile(SIGMA, (500, 1))
    sigma[:, 1], sigma[:100, 3] = np.inf, np.inf
    y = rng.normal(size=500)
    x = y[:, None] + np.where(np.isfinite(sigma), sigma, np.nan) * rng.normal(size=(500, 4))
    run = Run.of(WeightedMean(), test=Dataset(x, y, noise=Gaussian(sigma)))
    found = Missing().examine(run, CLAIM, rng)
    assert [part.name for part in found.parts] == ["x0", "x2", "x3"]


@pytest.mark.parametrize("n", [12, 100, 5000])
def test_it_asks_no_more_than_it_says(n):
    _, run = examine(WeightedMean(), n=n)
    asked = (run.costs.objects_predicted - n) / n
    assert asked <= Missing().calls(run) <= asked + 30 / n
    assert Missing().calls(run) <= 4 + 30 / n


def test_few_draws_have_no_intervals():
    class Sampled(WeightedMean):
        def predict_distribution(self, x, *, noise=None):
            return Samples(super().predict_distribution(x, noise=noise).sample(5, 0))

    assert examine(Sampled())[0].verdict is Verdict.INCONCLUSIVE


def test_groups_and_weights_and_few_objects():
    rng = np.random.default_rng(0)
    found, _ = examine(WeightedMean(), group=rng.integers(9, size=3000), weight=rng.uniform(0, 1, 3000))
    assert found.n <= 9
    for n in (2, 10):
        assert examine(WeightedMean(), n=n)[0].verdict is Verdict.INCONCLUSIVE
    assert isinstance(WeightedMean().predict_distribution(np.ones((1, 2)), noise=Gaussian(1.0)), Normal)


@pytest.mark.parametrize("alone", [0, 1, 2, 3])
def test_objects_of_which_a_range_is_all_there_is_make_no_refusal(alone):
    rng = np.random.default_rng(0)
    y = rng.normal(size=800)
    sigma = np.tile(SIGMA, (800, 1))
    # One object in ten has nothing but one feature; without it every method must refuse.
    sigma[::10] = np.inf
    sigma[::10, alone] = SIGMA[alone]
    x = np.where(np.isfinite(sigma), y[:, None] + SIGMA * rng.normal(size=(800, 4)), np.nan)
    run = Run.of(WeightedMean(), test=Dataset(x, y, noise=Gaussian(sigma)))
    found = Missing(budget=4.0).examine(run, CLAIM, rng)
    assert len(found.parts) == 4
    assert "refuses" not in found.reason
    assert {part.estimate.n for part in found.parts} == {720.0, 800.0}


def test_objects_with_one_feature_each_leave_nothing_to_ask():
    rng = np.random.default_rng(0)
    y = rng.normal(size=200)
    sigma = np.full((200, 2), np.inf)
    sigma[:, 0] = 0.5
    sigma[:5, 1] = 0.5
    x = np.where(np.isfinite(sigma), y[:, None] + 0.5 * rng.normal(size=(200, 2)), np.nan)
    run = Run.of(WeightedMean(), test=Dataset(x, y, noise=Gaussian(sigma)))
    found = Missing().examine(run, CLAIM, rng)
    assert [part.name for part in found.parts] == ["x1"]
