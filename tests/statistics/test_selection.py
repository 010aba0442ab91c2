import numpy as np
import pytest
from scipy import integrate, stats

from checkstar.errors import InputError
from checkstar.statistics.selection import Injections, find, selection_bias

WIDE = 2.0


def injected(n, rng, steepness=1.0, weight=None):
    y = WIDE * rng.standard_normal(n)
    chance = 1 / (1 + np.exp(-steepness * y))
    return Injections(
        labels=y,
        log_density=stats.norm(0, WIDE).logpdf(y),
        found=rng.random(n) < chance,
        weight=None if weight is None else 1 / chance,
    )


def moments(mean, std, steepness=1.0):
    """Share found and mean of the found, by integration."""

    def integral(power):
        return integrate.quad(
            lambda y: stats.norm.pdf(y, mean, std) * y**power / (1 + np.exp(-steepness * y)), mean - 9, mean + 9
        )[0]

    return integral(0), integral(1) / integral(0)


@pytest.mark.parametrize(("mean", "std"), [(0.0, 1.0), (1.0, 0.7), (-1.5, 1.0)])
def test_share_and_bias_are_the_integrals_as_often_as_their_intervals_say(mean, std):
    share, centre = moments(mean, std)
    rng = np.random.default_rng(0)
    missed = np.zeros(2)
    for _ in range(200):
        injections = injected(4000, rng)
        found, bias = find(injections, mean, std).share, selection_bias(injections, mean, std)
        missed += [not found.low <= share <= found.high, not bias.low <= centre - mean <= bias.high]
    # 200 repeats of 5 %: more than 20 has probability 0.002.
    assert missed.max() <= 20


def test_weights_of_one_over_the_chance_take_the_bias_out():
    rng = np.random.default_rng(1)
    ignored, weighted = (selection_bias(injected(40_000, rng, weight=w), 0.5, 1.0) for w in (None, True))
    assert ignored.low > 0.1
    assert weighted.low < 0 < weighted.high


def test_the_effective_number_is_alpha_squared_over_its_variance():
    rng = np.random.default_rng(2)
    many = np.array([find(injected(2000, rng), 1.0, 0.7).share.value for _ in range(400)])
    # 400 repeats know a variance to 7 %.
    assert find(injected(2000, rng), 1.0, 0.7).n_effective == pytest.approx(many.mean() ** 2 / many.var(), rel=0.25)


def test_a_population_beyond_all_injections_has_none():
    assert find(injected(1000, np.random.default_rng(3)), 500.0, 1.0).n_effective == 0.0
    assert np.isnan(selection_bias(injected(1000, np.random.default_rng(3)), 500.0, 1.0).value)


def test_several_labels_have_their_own_densities():
    one, two = (injected(5000, np.random.default_rng(s)) for s in (4, 5))
    both = Injections(
        labels=np.column_stack([one.labels, two.labels]),
        log_density=np.column_stack([one.log_density, two.log_density]),
        found=two.found,
    )
    assert find(both, 0.5, 1.0, 1).share.value == find(two, 0.5, 1.0).share.value


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"found": [True]}, "1 entries of found"),
        ({"log_density": [0.0]}, "give one of each per injected object"),
        ({"labels": [np.nan, 1.0]}, "give finite numbers"),
        ({"weight": [-1.0, 1.0]}, "not negative"),
    ],
)
def test_what_describes_no_injections_is_refused(fields, message):
    given = {"labels": [0.0, 1.0], "log_density": [0.0, 0.0], "found": [True, False], **fields}
    with pytest.raises(InputError, match=message):
        Injections(**given)
