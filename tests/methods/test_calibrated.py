from __future__ import annotations

import numpy as np
import pytest

import checkstar as cs
from checkstar.errors import InputError
from checkstar.methods import Calibrated, Cannon, Constant, Forest, Frozen, KNearest, Ridge, as_method
from checkstar.prediction import Normal, Samples
from checkstar.testing import check_method

N = 4000


def claiming(sigma_of_x):
    """A method that comes trained: predicts x with a claimed sigma."""
    return as_method(lambda x: (x[:, :1], sigma_of_x(x[:, :1])))


def drawn(sigma_of_x, rng=0, n=N, **more):
    generator = np.random.default_rng(rng)
    x = generator.uniform(1, 3, (n, 1))
    return cs.Dataset(x, x + sigma_of_x(x) * generator.standard_normal((n, 1)), **more)


@pytest.mark.parametrize(
    "method",
    [Calibrated(Cannon()), Calibrated(Forest(n_trees=5), law="bins", shift=True), Calibrated(KNearest(), law="power")],
    ids=["factor", "bins", "power"],
)
def test_it_keeps_the_contract(method):
    check_method(method)


def test_error_bars_too_small_by_a_known_factor_are_enlarged_by_it():
    method = Calibrated(claiming(lambda x: 0.1 + 0 * x)).fit_data(drawn(lambda x: 0.3 + 0 * x))
    # The standard deviation of 4000 pulls is known to 1.1 %.
    assert method.factors_.item() == pytest.approx(3, rel=0.04)
    assert method.predict_distribution([[2.0]]).std().item() == pytest.approx(0.3, rel=0.04)


def test_the_power_law_of_the_errors_is_found():
    method = Calibrated(claiming(lambda x: 0.1 * x), law="power").fit_data(drawn(lambda x: 0.2 * x**2))
    assert method.slope_.item() == pytest.approx(1, abs=0.15)
    sigma = method.predict_distribution([[1.2], [2.8]]).std()[:, 0]
    np.testing.assert_allclose(sigma, [0.2 * 1.44, 0.2 * 7.84], rtol=0.08)


def test_bins_mend_each_range_of_sigma_by_itself():
    method = Calibrated(claiming(lambda x: 0.1 * x), law="bins", n_bins=4)
    method.fit_data(drawn(lambda x: np.where(x < 2, 0.1 * x, 0.5 * x)))
    # Each quarter of 4000 objects gives 2.2 %.
    np.testing.assert_allclose(method.factors_[0], [1, 1, 5, 5], rtol=0.1)


def test_a_common_shift_is_taken_out_only_when_asked():
    data = drawn(lambda x: 0.3 + 0 * x)
    data.y += 0.5
    method = claiming(lambda x: 0.1 + 0 * x)
    assert Calibrated(method).fit_data(data).shift_.item() == 0
    mended = Calibrated(method, shift=True).fit_data(data)
    assert mended.shift_.item() == pytest.approx(0.5, abs=0.02)  # 4 standard errors
    assert mended.factors_.item() == pytest.approx(3, rel=0.04)


def test_label_errors_do_not_enlarge_the_error_bars():
    data = drawn(lambda x: 0.3 + 0 * x)
    noisy = cs.Dataset(data.x, data.y + 0.6 * np.random.default_rng(1).standard_normal((N, 1)), y_err=0.6)
    found = Calibrated(claiming(lambda x: 0.1 + 0 * x)).fit_data(noisy).factors_.item()
    assert found == pytest.approx(3, rel=0.2)  # a variance of 0.45 known to 2.2 % less 0.36


def test_selection_weights_say_whose_error_bars_are_mended():
    data = drawn(lambda x: np.where(x < 2, 0.1, 0.3))
    common = Calibrated(claiming(lambda x: 0.1 + 0 * x)).fit(data.x, data.y, weight=(data.x[:, 0] >= 2) + 1e-9)
    assert common.factors_.item() == pytest.approx(3, rel=0.06)


def test_one_catastrophe_does_not_set_the_factor_and_is_counted():
    data = drawn(lambda x: 0.1 + 0 * x, n=500)
    data.y[0] += 100
    method = claiming(lambda x: 0.1 + 0 * x)
    mended = Calibrated(method).fit_data(data)
    assert mended.factors_.item() == pytest.approx(1, rel=0.1)
    assert mended.outliers_.item() == pytest.approx(1 / 500)
    assert Calibrated(method, outlier=np.inf).fit_data(data).factors_.item() > 30


def test_groups_are_never_divided():
    # Each label is that of its group: whoever has seen the group knows it.
    rng = np.random.default_rng(0)
    group = np.repeat(np.arange(100), 5)
    x = rng.normal(size=(100, 3))[group] + 1e-3 * rng.normal(size=(500, 3))
    y = rng.normal(size=100)[group]
    apart = Calibrated(KNearest(4)).fit(x, y, group=group).factors_.item()
    divided = Calibrated(KNearest(4)).fit(x, y).factors_.item()
    assert apart > 5 * divided


def test_calibrated_error_bars_pass_the_check_of_pulls_and_others_do_not():
    truth = drawn(lambda x: 0.2 + 0 * x, n=8000)
    claim = cs.Claim("object_interval")
    method = claiming(lambda x: 0.1 + 0 * x)
    found = [
        cs.checks.Pulls().examine(cs.Run.of(m, train=truth[:4000], test=truth[4000:]), claim, np.random.default_rng(0))
        for m in (method, Calibrated(method))
    ]
    assert [evidence.verdict for evidence in found] == ["FAIL", "PASS"]


def test_the_factor_is_unbiased_and_scatters_as_chi_squared_says():
    rng = np.random.default_rng(0)
    factors = [
        Calibrated(claiming(lambda x: 1 + 0 * x)).fit_data(drawn(lambda x: 1 + 0 * x, rng, 100)).factors_.item()
        for _ in range(300)
    ]
    # sd = 1 / sqrt(200); the mean of 300 is known to 0.0041, their scatter to 4 %.
    assert np.mean(factors) == pytest.approx(1 - 1 / 400, abs=0.013)
    assert np.std(factors) == pytest.approx(np.sqrt(1 / 200), rel=0.15)


def test_honest_draws_stay_as_they_are_however_few():
    def draws(x):
        return Samples(x[:, :, None] + np.random.default_rng(len(x)).standard_normal((len(x), 8, 1)))

    rng = np.random.default_rng(0)
    x = rng.normal(size=(20_000, 1))
    method = Calibrated(as_method(draws, batch_size=20_000)).fit(x, x + rng.standard_normal(x.shape))
    # The mean and spread of 8 draws make pulls with a variance of 1.6: no fault of the draws.
    assert method.factors_.item() == pytest.approx(1, rel=0.03)


def test_the_shape_of_the_distribution_and_correlations_stay():
    rng = np.random.default_rng(0)
    covariance = np.broadcast_to([[1.0, 0.8], [0.8, 1.0]], (500, 2, 2))
    x = rng.normal(size=(500, 2))
    inner = as_method(lambda x: Normal(x, np.ones(x.shape), covariance[: len(x)]))
    found = Calibrated(inner).fit(x, x + 2 * rng.normal(size=x.shape)).predict_distribution(x[:1]).covariance[0]
    assert found[0, 1] / np.sqrt(found[0, 0] * found[1, 1]) == pytest.approx(0.8)


def test_a_frozen_method_is_calibrated_on_all_that_is_given():
    ridge = Ridge().fit_data(drawn(lambda x: 0.3 + 0 * x))
    method = Calibrated(Frozen(ridge)).fit_data(drawn(lambda x: 0.6 + 0 * x, 1))
    assert method.method_.method is ridge
    assert method.factors_.item() == pytest.approx(2, rel=0.05)


@pytest.mark.parametrize(
    ("method", "message"),
    [
        (
            Calibrated(Ridge(), law="cubic"),
            r"^there is no law of Calibrated 'cubic'\. Available: factor, power, bins\.$",
        ),
        (Calibrated(Ridge(), n_bins=0), r"^Calibrated got n_bins=0; at least one is needed\.$"),
        (Calibrated(Ridge(), outlier=1), r"^Calibrated got outlier=1; it counts robust widths and is larger than one"),
        (Calibrated(as_method(lambda x: x)), r"its method gives none; use Conformal or DistanceError\.$"),
    ],
)
def test_bad_settings_are_named(method, message):
    with pytest.raises(InputError, match=message):
        method.fit_data(drawn(lambda x: 0.3 + 0 * x, n=50))


def test_classes_are_referred_to_their_own_cure():
    with pytest.raises(InputError, match=r"its method predicts classes; use TemperatureScaled\.$"):
        Calibrated(Constant()).fit(np.arange(10.0)[:, None], ["a", "b"] * 5)


def test_error_bars_of_the_cannon_on_real_stars_come_right():
    problem = cs.problems.stellar_labels()
    plain, mended = (cs.run(problem, method, seed=0) for method in (Cannon(), Calibrated(Cannon())))
    for label in problem.labels:
        before, after = (
            np.std(view.error / view.prediction.std()[:, 0]) for view in (plain.view(label), mended.view(label))
        )
        assert before > 8
        assert 0.6 < after < 1.7
