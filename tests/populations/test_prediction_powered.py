"""Prediction-powered intervals: they hold the truth whatever the predictions are, and are short where these are good."""

import numpy as np
import pytest
from scipy import stats

from checkstar.errors import InputError
from checkstar.populations import Gold, Unlabelled, powered_mean, powered_quantile, powered_slope, rectifier

N_GOLD, N = 60, 2000


def drawn(rng, quality=0.8):
    """Truth of a gamma(3) population of mean 3, and biased predictions of it."""
    y = rng.gamma(3, 1, N_GOLD + N)
    f = 0.5 + quality * y + (1 - quality) * 3 + 0.3 * rng.standard_normal(N_GOLD + N)
    return Gold(y[:N_GOLD], f[:N_GOLD]), Unlabelled(f[N_GOLD:])


def held(rng, estimate, truth, repeats=300):
    found = [estimate(rng) for _ in range(repeats)]
    return sum(e.low <= truth <= e.high for e in found), float(np.median([e.high - e.low for e in found]))


@pytest.mark.parametrize(("quality", "power"), [(0.8, None), (0.8, 1.0), (0.0, None), (0.0, 1.0)])
def test_the_mean_is_held_whatever_the_predictions_are(quality, power):
    rng = np.random.default_rng(0)
    n, width = held(rng, lambda r: powered_mean(*drawn(r, quality), power), 3.0)
    # 300 repeats at 95 %: fewer than 272 has probability 0.001; skewed truth may cost 1 %.
    assert n >= 270
    alone = 2 * 1.96 * np.sqrt(3 / N_GOLD)
    assert width < (0.5 if quality else 1.2) * alone


def test_the_naive_mean_is_not_held():
    gold, others = drawn(np.random.default_rng(1))
    bias = rectifier(gold, others)
    # Predictions lie 0.5 too high: 0.8 y + 0.6 + 0.5 at a mean of 3.
    assert bias.low < 0.5 < bias.high
    assert bias.low > 0.2
    assert bias.value == pytest.approx(others.predicted.mean() - powered_mean(gold, others).value)


def test_the_formulas_of_the_paper():
    gold, others = drawn(np.random.default_rng(2))
    y, f, g = gold.truth, gold.predicted, others.predicted
    classic = powered_mean(gold, others, 1.0)
    assert classic.value == pytest.approx(g.mean() - (f - y).mean())
    error = np.sqrt((f - y).var(ddof=1) / N_GOLD + g.var(ddof=1) / N)
    # Student's t at 59 degrees in one part, normal at 1999 in the other.
    assert classic.high - classic.value == pytest.approx(1.98 * error, rel=0.02)
    # PPI++: the power of least variance, by search.
    widths = {p: powered_mean(gold, others, p) for p in np.linspace(0, 1.5, 151)}
    best = min(widths.values(), key=lambda e: e.high - e.low)
    tuned = powered_mean(gold, others)
    assert tuned.high - tuned.low == pytest.approx(best.high - best.low, rel=1e-2)


def test_no_power_is_the_gold_sample_alone():
    gold, others = drawn(np.random.default_rng(3))
    alone = powered_mean(gold, others, 0.0)
    assert alone.value == pytest.approx(gold.truth.mean())
    assert alone.high - alone.value == pytest.approx(
        stats.t.ppf(0.975, N_GOLD - 1) * gold.truth.std(ddof=1) / np.sqrt(N_GOLD)
    )


@pytest.mark.parametrize("level", [0.2, 0.5, 0.8])
def test_the_quantile_is_held(level):
    rng = np.random.default_rng(4)
    n, width = held(rng, lambda r: powered_quantile(*drawn(r), level), stats.gamma.ppf(level, 3), repeats=60)
    # 60 repeats at 95 %: fewer than 51 has probability 0.002.
    assert n >= 51
    alone = [powered_quantile(*drawn(rng), level, 0.0) for _ in range(30)]
    assert width < np.median([e.high - e.low for e in alone])


def test_an_outermost_quantile_of_a_small_sample_has_no_end():
    gold = Gold(np.arange(5.0), np.arange(5.0))
    assert powered_quantile(gold, Unlabelled(np.arange(5.0)), 0.98, 0.0).high == np.inf


def test_the_slope_is_held_and_sharper_than_of_the_gold_sample():
    def estimate(rng, power=None):
        x = rng.standard_normal(N_GOLD + N)
        y = 2 * x + (1 + 0.5 * np.abs(x)) * rng.standard_normal(N_GOLD + N)
        f = 1.5 * x + 0.7 * (y - 2 * x) + 0.2 * rng.standard_normal(N_GOLD + N)
        gold, others = Gold(y[:N_GOLD], f[:N_GOLD]), Unlabelled(f[N_GOLD:])
        return powered_slope(gold, others, x[:N_GOLD], x[N_GOLD:], power)

    rng = np.random.default_rng(5)
    n, width = held(rng, estimate, 2.0)
    # As above; least squares with unequal errors in 60 objects may cost 2 %.
    assert n >= 266
    assert width < 0.5 * held(rng, lambda r: estimate(r, 0.0), 2.0, repeats=50)[1]


def test_weights_make_a_selected_gold_sample_like_the_target():
    rng = np.random.default_rng(6)
    y = rng.normal(size=40_000)
    f = 0.6 * y
    chance = 1 / (1 + np.exp(-2 * y))
    kept = rng.random(40_000) < 0.05 * chance
    gold = Gold(y[kept], f[kept], weights=1 / chance[kept])
    assert powered_mean(gold, Unlabelled(f)).low < 0 < powered_mean(gold, Unlabelled(f)).high
    assert powered_mean(gold._replace(weights=None), Unlabelled(f), 0.0).low > 0.1


def test_copies_of_one_unit_do_not_narrow_the_interval():
    gold, others = drawn(np.random.default_rng(7))
    rows = np.repeat(np.arange(N_GOLD), 5)
    copied = Gold(gold.truth[rows], gold.predicted[rows], rows)
    one, five = (powered_mean(g, others, 1.0) for g in (gold, copied))
    assert five.high - five.low == pytest.approx(one.high - one.low, rel=0.01)
    assert five.n == N_GOLD


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: powered_mean(Gold([1.0], [1.0]), Unlabelled([1.0, 2.0])), "at least two objects"),
        (lambda: powered_mean(Gold([1.0, 2.0], [1.0]), Unlabelled([1.0, 2.0])), "one value an object"),
        (lambda: powered_mean(Gold([1.0, np.nan], [1.0, 2.0]), Unlabelled([1.0, 2.0])), "not finite"),
        (lambda: powered_quantile(Gold([1.0, 2.0], [1.0, 2.0]), Unlabelled([1.0, 2.0]), 1.0), "between 0 and 1"),
        (
            lambda: powered_slope(Gold([1.0, 2.0], [1.0, 2.0]), Unlabelled([1.0, 2.0]), [1.0, 1.0], [1.0, 2.0]),
            "all values of x are equal",
        ),
        (
            lambda: powered_slope(Gold([1.0, 2.0], [1.0, 2.0]), Unlabelled([1.0, 2.0]), [1.0], [1.0, 2.0]),
            "one value for each object",
        ),
    ],
)
def test_bad_samples_are_refused(call, message):
    with pytest.raises(InputError, match=message):
        call()


@pytest.mark.parametrize("n_gold", [3, 5, 10])
@pytest.mark.parametrize("estimate", [powered_mean, rectifier])
def test_a_tiny_gold_sample_pays_for_the_power_that_was_fitted_to_it(n_gold, estimate):
    rng, held_in = np.random.default_rng(0), 0
    for _ in range(600):
        f = rng.standard_normal(n_gold)
        found = estimate(Gold(f + 0.5 * rng.standard_normal(n_gold), f), Unlabelled(rng.standard_normal(500)))
        held_in += found.low <= 0 <= found.high
    # 95 % of 600: fewer than 553 has probability 0.001. With n - 1 degrees of freedom it is 0.76 for 3, 0.92 for 10.
    assert held_in >= 553
