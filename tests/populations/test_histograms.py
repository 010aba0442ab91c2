import numpy as np
import pytest

from checkstar.errors import InputError
from checkstar.populations import NormalPrior, infer_histogram, infer_normal
from checkstar.prediction import Normal, Samples

PRIOR = NormalPrior(mean=0.0, std=1.0)
EDGES = np.linspace(-3, 4, 11)
SHARES = np.array([0.0, 0.05, 0.1, 0.2, 0.15, 0.1, 0.2, 0.1, 0.1, 0.0])
CENTRES = 0.5 * (EDGES[1:] + EDGES[:-1])


def posteriors(n, rng, noise=0.3):
    bins = rng.choice(10, n, p=SHARES)
    observed = EDGES[bins] + 0.7 * rng.random(n) + noise * rng.standard_normal(n)
    weight = 1 / (1 + noise**2)
    return Normal(weight * observed, np.full(n, noise * np.sqrt(weight)))


@pytest.mark.parametrize("draws", [None, 300])
def test_the_weights_and_the_mean_are_held_as_often_as_the_intervals_say(draws):
    rng = np.random.default_rng(0)
    repeats, held, mean_held = 80, np.zeros(10), 0
    for _ in range(repeats):
        posterior = posteriors(500, rng)
        found = infer_histogram(Samples(posterior.sample(draws, rng)) if draws else posterior, PRIOR, EDGES)
        held += [w.low <= share <= w.high for w, share in zip(found.weights, SHARES, strict=True)]
        mean_held += found.mean.low <= SHARES @ CENTRES <= found.mean.high
    # 80 repeats at 95 %: fewer than 68 has probability 0.0003 a bin.
    assert held.min() >= 68
    assert mean_held >= 68


def test_the_weights_sum_to_one_and_empty_bins_have_an_upper_end():
    found = infer_histogram(posteriors(2000, np.random.default_rng(1)), PRIOR, EDGES)
    assert sum(w.value for w in found.weights) == pytest.approx(1.0)
    assert found.weights[0].low == 0.0
    # At most a few of 2000 objects lie in a bin that holds none.
    assert 0 < found.weights[0].high < 0.03


def test_it_is_a_maximum_of_the_likelihood():
    from checkstar.populations import likelihoods_of

    posterior = posteriors(300, np.random.default_rng(2))
    table = likelihoods_of(posterior, PRIOR).bins(EDGES)
    share = np.array([w.value for w in infer_histogram(posterior, PRIOR, EDGES).weights])
    # Karush-Kuhn-Tucker: the gradient is n where a bin holds something, and no larger elsewhere.
    gradient = (table / (table @ share)[:, None]).mean(axis=0)
    np.testing.assert_allclose(gradient[share > 1e-4], 1.0, atol=2e-3)
    assert gradient.max() < 1.002


def test_its_mean_is_that_of_a_normal_population():
    rng = np.random.default_rng(3)
    observed = 0.5 + np.hypot(0.7, 0.5) * rng.standard_normal(4000)
    posterior = Normal(0.8 * observed, np.full(4000, 0.5 * np.sqrt(0.8)))
    shape = infer_histogram(posterior, PRIOR, np.linspace(-4, 5, 19))
    # Bins of half a unit: their centres stand for the objects inside.
    assert shape.mean.value == pytest.approx(infer_normal(posterior, PRIOR).mean.value, abs=0.02)


def test_objects_outside_all_bins_are_left_out_and_counted():
    draws = np.concatenate([np.random.default_rng(4).normal(0.5, 0.3, (50, 100)), np.full((2, 100), 90.0)])
    found = infer_histogram(Samples(draws), PRIOR, EDGES)
    assert found.n_outside == 2


def test_copies_of_one_unit_do_not_narrow_the_intervals():
    posterior = posteriors(300, np.random.default_rng(5))
    rows = np.repeat(np.arange(300), 4)
    one = infer_histogram(posterior, PRIOR, EDGES)
    four = infer_histogram(posterior[rows], PRIOR, EDGES, units=rows)
    assert four.mean.high - four.mean.low == pytest.approx(one.mean.high - one.mean.low, rel=0.02)


@pytest.mark.parametrize(
    ("edges", "message"),
    [([0.0, 1.0], "at least three"), ([0, 2, 1.0], "increasing"), ([50, 51, 52.0], "no object lies")],
)
def test_bad_edges_are_refused(edges, message):
    with pytest.raises(InputError, match=message):
        infer_histogram(Samples(np.random.default_rng(0).normal(size=(9, 50))), PRIOR, edges)
