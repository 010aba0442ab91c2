from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import checkstar as cs
from checkstar.errors import InputError
from checkstar.methods import Cannon, Conformal, Constant, Forest, Ridge, WeightedConformal, as_method
from checkstar.methods.conformal import _edges
from checkstar.testing import check_method

#: Comes trained, so that all objects calibrate; predicts x without error bars.
TRAINED = as_method(lambda x: x[:, :1])
CLAIMING = as_method(lambda x: (x[:, :1], np.abs(x[:, :1]) + 0.5))


def skewed(n, rng=0):
    generator = np.random.default_rng(rng)
    x = generator.normal(size=(n, 1))
    return x, x + generator.exponential(size=(n, 1))


def spread_out(n, rng=0):
    generator = np.random.default_rng(rng)
    x = generator.uniform(-2, 2, (n, 1))
    return x, x + np.exp(x) * generator.standard_normal((n, 1))


def inside(prediction, y, level):
    low, high = prediction.quantile((1 - level) / 2), prediction.quantile((1 + level) / 2)
    return ((low <= y) & (y <= high))[:, 0]


@pytest.mark.parametrize(
    "method",
    [Conformal(Ridge()), Conformal(Cannon(), by="prediction"), Conformal(Forest(n_trees=5), by="sigma", scale="none")],
    ids=["plain", "prediction", "sigma"],
)
def test_it_keeps_the_contract(method):
    check_method(method)


@pytest.mark.parametrize("level", [0.5, 0.8, 0.9, 0.98])
@pytest.mark.parametrize("method", [TRAINED, CLAIMING], ids=["points", "error bars"])
def test_coverage_lies_in_the_99_percent_band_of_the_beta_binomial(method, level):
    n, n_test = 999, 5000
    fitted = Conformal(method).fit(*skewed(n))
    x, y = skewed(n_test, 1)
    found = inside(fitted.predict_distribution(x), y, level).sum()
    cells = round(level * (n + 1))
    assert stats.betabinom(n_test, cells, n + 1 - cells).cdf(found) == pytest.approx(0.5, abs=0.495)


def test_coverage_over_calibration_sets_follows_the_beta_law():
    # The coverage of an interval is known in closed form for exponential errors: no test set is needed.
    rng = np.random.default_rng(0)
    found = []
    for _ in range(300):
        prediction = Conformal(TRAINED).fit(*skewed(19, rng)).predict_distribution([[0.0]])
        low, high = prediction.quantile(0.05).item(), prediction.quantile(0.95).item()
        found.append(stats.expon.cdf(high) - stats.expon.cdf(low))
    # 18 of 20 cells lie between: Beta(18, 2). A wrong law by one cell has p < 1e-9.
    assert stats.kstest(found, stats.beta(18, 2).cdf).pvalue > 0.01
    assert stats.kstest(found, stats.beta(17, 3).cdf).pvalue < 1e-6


def test_every_level_of_the_distribution_is_uniform_on_new_objects():
    x, y = skewed(4000, 3)
    pit = Conformal(CLAIMING).fit(*skewed(4000)).predict_distribution(x).cdf(y)[:, 0]
    # Two samples of 4000: the Kolmogorov distance exceeds 1.63 * sqrt(2 / 4000) = 0.036 in 1 % of cases.
    assert stats.kstest(pit, "uniform").statistic < 0.036


def test_the_quantiles_are_the_order_statistics_of_the_errors():
    x, y = skewed(99)
    errors = np.sort((y - x)[:, 0])
    prediction = Conformal(TRAINED).fit(x, y).predict_distribution([[5.0]])
    for rank in (1, 10, 50, 99):
        assert prediction.quantile(rank / 100).item() == pytest.approx(5 + errors[rank - 1], abs=1e-3)


@pytest.mark.parametrize("by", ["prediction", 0])
def test_categories_hold_their_own_coverage_and_the_plain_one_does_not(by):
    x, y = spread_out(6000)
    new, truth = spread_out(20_000, 1)
    kind = np.digitize(new[:, 0], [-1, 0, 1])
    if by == 0:  # a category given as a column
        x, new = np.digitize(x, [-1, 0, 1]) + 0.0 * x, np.digitize(new, [-1, 0, 1]) + 0.0 * new
    both = [Conformal(TRAINED, by=choice, n_bins=4).fit(x, y) for choice in (None, by)]
    plain, mondrian = (inside(m.predict_distribution(new), truth, 0.9) for m in both)
    # 1500 calibration and 5000 test objects a category: sigma = sqrt(0.09 (1/1500 + 1/5000)) = 0.009.
    assert [abs(plain[kind == k].mean() - 0.9) > 0.05 for k in range(4)][::3] == [True, True]
    for k in range(4):
        assert mondrian[kind == k].mean() == pytest.approx(0.9, abs=0.035)


def test_bins_of_the_claimed_sigma_hold_their_own_coverage():
    x, y = spread_out(6000)
    method = as_method(lambda x: (x, 0 * x + np.where(x > 0, 2.0, 1.0)))
    fitted = Conformal(method, by="sigma", n_bins=2).fit(x, y)
    new, truth = spread_out(20_000, 1)
    held = inside(fitted.predict_distribution(new), truth, 0.9)
    for half in (new[:, 0] > 0, new[:, 0] <= 0):
        assert held[half].mean() == pytest.approx(0.9, abs=0.025)


def test_no_bin_has_too_few_objects():
    values = np.array([1.0] * 60 + [2.0] * 10 + [3.0] * 60)
    assert _edges(values, 5).tolist() == [2.0]
    assert _edges(values[:70], 5).tolist() == []
    assert _edges(np.arange(1000.0), 5).tolist() == pytest.approx([199.8, 399.6, 599.4, 799.2])


def test_intervals_widen_where_the_method_is_unsure_only_if_sigma_scales_them():
    sigma, none = (Conformal(CLAIMING, scale=s).fit(*skewed(500)) for s in ("sigma", "none"))
    for method, equal in ((sigma, False), (none, True)):
        widths = method.predict_distribution([[0.0], [4.0]]).std()[:, 0]
        assert np.isclose(*widths) == equal


def test_groups_are_never_divided():
    rng = np.random.default_rng(0)
    group = np.repeat(np.arange(100), 5)
    x = rng.normal(size=(500, 1))
    y = rng.normal(size=100)[group][:, None]
    method = Conformal(Forest(n_trees=5)).fit_data(cs.Dataset(np.hstack([x, group[:, None]]), y, group=group))
    # 30 of 100 groups of five are held out: 150 scores, of which those of a group are not exchangeable with a new one's.
    assert method.levels_[0] == pytest.approx(1 / 31)


def test_intervals_hold_for_objects_of_new_groups_that_err_together():
    rng = np.random.default_rng(0)
    group, blind = np.repeat(np.arange(15), 10), as_method(lambda x: np.zeros(len(x)))
    inside = []
    for _ in range(200):
        shared = rng.normal(size=15)[group] + 0.1 * rng.normal(size=150)
        said = Conformal(blind).fit(np.zeros((150, 1)), shared, group=group).predict_distribution(np.zeros((1, 1)))
        low, high = (said.quantile(level).item() for level in (0.125, 0.875))
        inside.append(stats.norm.cdf(high, scale=np.hypot(1, 0.1)) - stats.norm.cdf(low, scale=np.hypot(1, 0.1)))
    # 12 of 16 cells of single groups hold 0.75; counted as 150 objects they hold 0.70. Scatter of the mean: 0.11 / 14 = 0.008.
    assert 0.735 < np.mean(inside) < 0.80


def test_one_group_calibrates_nothing():
    rng = np.random.default_rng(0)
    x, y, group = rng.normal(size=(60, 1)), rng.normal(size=60), np.repeat([0, 1], 30)
    for method in (Conformal(Ridge()), WeightedConformal(Ridge())):
        with pytest.raises(
            InputError, match="got calibration objects of one group; objects of at least two are needed"
        ):
            method.fit(x, y, group=group)


def test_selection_weights_give_the_coverage_of_the_population():
    x, y = spread_out(8000)
    chosen = np.random.default_rng(2).random(8000) < np.where(x[:, 0] < 0, 1.0, 0.2)
    weight = np.where(x < 0, 1.0, 5.0)[chosen][:, 0]
    new, truth = spread_out(20_000, 1)
    plain, weighted = (
        inside(Conformal(TRAINED).fit(x[chosen], y[chosen], weight=w).predict_distribution(new), truth, 0.9).mean()
        for w in (None, weight)
    )
    assert plain < 0.85
    assert weighted == pytest.approx(0.9, abs=0.025)  # 800 of high weight: sigma of 0.9 is 0.008


def test_it_turns_the_check_of_coverage_from_fail_to_pass():
    x, y = skewed(16_000)
    train, test = cs.Dataset(x[:8000], y[:8000]), cs.Dataset(x[8000:], y[8000:])
    claiming = as_method(lambda x: (x + 1, 0 * x + 1.0))  # the right mean and sigma, the wrong shape
    verdicts = [
        cs.checks.Coverage()
        .examine(cs.Run.of(m, train=train, test=test), cs.Claim("object_interval"), np.random.default_rng(0))
        .verdict
        for m in (claiming, Conformal(claiming))
    ]
    assert verdicts == ["FAIL", "PASS"]


def test_it_is_saved_with_its_categories(tmp_path):
    x, y = spread_out(1000)
    fitted = Conformal(Ridge(), by="prediction").fit(x, y)
    loaded = Conformal.load(fitted.save(tmp_path / "method"))
    np.testing.assert_allclose(
        loaded.predict_distribution(x).quantile(0.9), fitted.predict_distribution(x).quantile(0.9), rtol=1e-12
    )


@pytest.mark.parametrize(
    ("method", "message"),
    [
        (Conformal(Ridge(), by="size"), r"^there is no category of Conformal 'size'\. Available: prediction, sigma\.$"),
        (Conformal(Ridge(), by=7), r"^Conformal got by=7 but x has 1 columns, from 0; give one of them\.$"),
        (
            Conformal(Ridge(), by=0),
            r"^Conformal got 1 calibration objects in a category \(by=0\); at least 39 are needed",
        ),
        (Conformal(Ridge(), n_bins=0), r"^Conformal got n_bins=0; at least one is needed\.$"),
        (Conformal(Ridge(), scale="std"), r"^there is no scale of Conformal 'std'"),
    ],
)
def test_bad_settings_are_named(method, message):
    with pytest.raises(InputError, match=message):
        method.fit(*skewed(200))


def test_classes_are_referred_to_their_own_cures():
    with pytest.raises(
        InputError, match=r"^Conformal predicts numbers but got classes; use TemperatureScaled, Isotonic"
    ):
        Conformal(Constant()).fit(np.arange(60.0)[:, None], ["a", "b"] * 30)
