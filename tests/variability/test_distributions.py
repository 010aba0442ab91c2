from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from checkstar.data.light_curves import LightCurves
from checkstar.variability.distributions import describe_distribution, describe_shape
from checkstar.variability.epochs import Epochs, usable_epochs

N = 4000
PHASE = (np.arange(N) + 0.5) / N


def epochs(value, error=0.1, unit="mag") -> Epochs:
    value = np.asarray(value, dtype=float)
    errors = [np.full(len(value), error)]
    return usable_epochs(LightCurves.from_lists([np.arange(len(value)) * 1.0], [value], errors, unit=unit))


def described(value, **settings) -> dict[str, float]:
    seen = epochs(value, **settings)
    return {name: float(column[0]) for name, column in (describe_distribution(seen) | describe_shape(seen)).items()}


SINE = described(14 + 0.4 * np.sin(2 * np.pi * PHASE))
LINE = described(14 + PHASE)
CONSTANT = described(np.full(50, 14.0))
#: 1 mag deep for a tenth of the time.
BOX = described(np.where(PHASE < 0.1, 15.0, 14.0))
DRAWN = np.random.default_rng(0).gamma(2.0, size=200)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("amplitude", 0.4),
        ("standard_deviation", 0.4 / np.sqrt(2)),
        ("skew", 0.0),
        ("kurtosis", -1.5),
        ("median_absolute_deviation", 0.4 * np.sin(np.pi / 4)),
        ("inter_percentile_range_5", 0.8 * np.sin(0.45 * np.pi)),
        ("inter_percentile_range_25", 0.8 * np.sin(np.pi / 4)),
        ("beyond_1_std", 0.5),
        ("median_buffer_range_percentage_10", 2 * np.arcsin(0.1) / np.pi),
        ("stetson_k", (2 / np.pi) * np.sqrt(2)),
        ("chi2", (0.4 / 0.1) ** 2 / 2),
        ("roms", 4 * 2 / np.pi),
        ("quantile_skew", 0.0),
        ("median_position", 0.5),
        ("share_faint", 0.5 - np.arcsin(np.sin(0.45 * np.pi) / 2) / np.pi),
    ],
)
def test_a_sine_has_its_closed_form(name, expected):
    # 4000 phases; the discrete sums differ from the integrals by less than 1e-3.
    assert SINE[name] == pytest.approx(expected, abs=2e-3, rel=1e-3)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("amplitude", 0.5),
        ("standard_deviation", 1 / np.sqrt(12)),
        ("kurtosis", -1.2),
        ("median_absolute_deviation", 0.25),
        ("beyond_1_std", 1 - 1 / np.sqrt(3)),
        ("otsu_mean_diff", 0.5),
        ("otsu_lower_to_all_ratio", 0.5),
        ("otsu_std_lower", 0.5 / np.sqrt(12)),
        ("otsu_std_upper", 0.5 / np.sqrt(12)),
    ],
)
def test_evenly_spread_values_have_their_closed_form(name, expected):
    assert LINE[name] == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("otsu_mean_diff", 1.0),
        ("otsu_lower_to_all_ratio", 0.9),
        ("otsu_std_lower", 0.0),
        ("otsu_std_upper", 0.0),
        ("skew", 0.8 / 0.3),
        ("median_position", 0.0),
        ("share_faint", 0.1),
        ("percent_amplitude", 1 - 10**-0.4),
        ("percent_difference_flux_percentile", 1 - 10**-0.4),
        ("flux_percentile_ratio_mid80", 0.5),
        ("flux_percentile_ratio_mid65", 0.0),
        ("excess_variance", 0.09 * (1 - 10**-0.4) ** 2 - (0.04 * np.log(10)) ** 2 * (0.9 + 0.1 * 10**-0.8)),
    ],
)
def test_a_box_has_its_closed_form(name, expected):
    # The tenth percentile lies on the edge of the box, half way between both levels.
    assert BOX[name] == pytest.approx(expected, abs=2e-3)


def test_normal_values_pass_the_test_of_anderson_and_darling_and_gamma_values_fail_it():
    n = 200
    normal = stats.norm.ppf((np.arange(n) + 0.5) / n)
    ours = [described(values)["anderson_darling_normal"] for values in (normal, DRAWN)]
    theirs = [stats.anderson(values, method="interpolate").statistic for values in (normal, DRAWN)]
    assert ours == pytest.approx(np.multiply(theirs, 1 + 4 / n - 25 / n**2), rel=1e-9)
    # 1 % of normal samples exceed 1.0.
    assert ours[0] < 1.0 < ours[1]


@pytest.mark.parametrize(
    ("name", "theirs"), [("skew", stats.skew), ("kurtosis", stats.kurtosis), ("standard_deviation", np.std)]
)
def test_moments_are_the_unbiased_ones_of_scipy(name, theirs):
    settings = {"ddof": 1} if name == "standard_deviation" else {"bias": False}
    assert described(DRAWN)[name] == pytest.approx(theirs(DRAWN, **settings), rel=1e-12)


def test_a_constant_has_no_spread_and_no_shape():
    assert CONSTANT["amplitude"] == CONSTANT["standard_deviation"] == CONSTANT["chi2"] == 0
    assert np.isnan([CONSTANT["skew"], CONSTANT["stetson_k"], CONSTANT["quantile_skew"]]).all()


def test_the_skew_of_an_eclipse_is_positive_in_magnitudes_and_in_fluxes():
    dip = np.where(PHASE < 0.1, 1.0, 0.0)
    skews = [described(14 + dip)["skew"], described(100 - 20 * dip, unit="nJy")["skew"]]
    assert skews[0] == pytest.approx(skews[1], rel=1e-9)
    assert skews[0] > 2
