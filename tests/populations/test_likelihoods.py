"""Terms of likelihoods against direct integration: posterior times population over prior."""

import numpy as np
import pytest
from scipy import integrate, stats

from checkstar.errors import InputError
from checkstar.populations import DrawnLikelihoods, KernelPrior, NormalLikelihoods, NormalPrior, likelihoods_of
from checkstar.prediction import Classes, Grid, Mixture, Normal, Point, Samples

PRIOR = NormalPrior(mean=1.0, std=2.0)
POSTERIOR = Normal([1.5, -0.4, 3.0], [0.5, 0.9, 1.5])


def integral(mean, std, row, power=0):
    """Posterior of `row` times the population N(mean, std) over the prior, times u^power."""
    p, s = float(POSTERIOR.mean()[row, 0]), float(POSTERIOR.std()[row, 0])

    def integrand(y):
        ratio = stats.norm.pdf(y, mean, std) / stats.norm.pdf(y, PRIOR.mean, PRIOR.std)
        return stats.norm.pdf(y, p, s) * ratio * ((y - mean) / std) ** power

    return integrate.quad(integrand, -30, 30, limit=400)[0]


@pytest.mark.parametrize(("mean", "std"), [(0.0, 1.0), (2.5, 0.3), (-1.0, 1.9)])
def test_normal_terms_are_the_integrals(mean, std):
    found = likelihoods_of(POSTERIOR, PRIOR)
    terms = found.terms((mean - PRIOR.mean) / PRIOR.std, std / PRIOR.std)
    direct = np.array([[integral(mean, std, row, k) for k in range(5)] for row in range(3)])
    # Up to a constant of each object: compare with another population.
    other = found.terms(0.3, 0.8)
    reference = [integral(PRIOR.mean + 0.3 * PRIOR.std, 0.8 * PRIOR.std, row) for row in range(3)]
    np.testing.assert_allclose(terms.log_likelihood - other.log_likelihood, np.log(direct[:, 0] / reference), atol=1e-7)
    np.testing.assert_allclose(terms.moments, direct[:, 1:] / direct[:, :1], rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("kind", ["samples", "mixture", "grid"])
def test_other_densities_agree_with_the_closed_form(kind):
    levels = (np.arange(4000) + 0.5) / 4000
    quantiles = np.stack([POSTERIOR.quantile(float(q))[:, 0] for q in levels], axis=1)
    same = {
        "samples": lambda: Samples(quantiles[:, :, None]),
        "mixture": lambda: Mixture(np.full((3, 2), 0.5), POSTERIOR.mean()[:, [0, 0]], POSTERIOR.std()[:, [0, 0]]),
        "grid": lambda: Grid.from_quantiles(levels[::20], quantiles[:, None, ::20]),
    }[kind]()
    closed, drawn = (likelihoods_of(p, PRIOR) for p in (POSTERIOR, same))
    assert isinstance(drawn, DrawnLikelihoods)
    one, two = (found.terms(0.2, 0.7) for found in (closed, drawn))
    # Points at equal steps of probability miss the tails: 400 of them by less than 2 %.
    np.testing.assert_allclose(two.moments[:, :2], one.moments[:, :2], atol=0.03)


def test_a_posterior_as_wide_as_its_prior_says_nothing():
    flat = likelihoods_of(Normal([1.0, 1.2], [2.0, 2.5]), PRIOR)
    assert flat.precision.tolist() == [0.0, 0.0]
    assert np.ptp([flat.terms(m, s).log_likelihood for m, s in [(0, 1), (3, 0.2), (-2, 5)]]) == 0.0


def test_bins_of_normals_and_of_their_draws_agree():
    edges = np.linspace(-4, 8, 13)
    draws = Samples(POSTERIOR.sample(200_000, 0))
    closed, drawn = (likelihoods_of(p, PRIOR).bins((edges - 1.0) / 2.0)[:2] for p in (POSTERIOR, draws))
    shares = [table / table.sum(axis=1, keepdims=True) for table in (closed, drawn)]
    # 200,000 draws: a share of 0.1 is known to 0.001, the far ones carry weights of up to ten.
    np.testing.assert_allclose(shares[1], shares[0], atol=0.01)


def test_an_object_far_from_every_bin_belongs_to_the_nearest():
    far = NormalLikelihoods(np.array([1e6]), np.array([1e9]))
    assert far.bins(np.array([-1.0, 0.0, 1.0]))[0].argmax() == 1


def test_chunks_change_nothing():
    draws = np.random.default_rng(0).normal(size=(300, 1000))
    whole = DrawnLikelihoods(draws, np.zeros(draws.shape))
    parts = [DrawnLikelihoods(draws[i : i + 7], np.zeros((7, 1000))[: len(draws[i : i + 7])]) for i in range(0, 300, 7)]
    joined = np.concatenate([part.terms(0.5, 0.8).log_likelihood for part in parts])
    np.testing.assert_allclose(whole.terms(0.5, 0.8).log_likelihood, joined, rtol=1e-12)


def test_a_kernel_prior_of_normal_labels_is_nearly_the_normal_one():
    labels = np.random.default_rng(0).normal(1.0, 2.0, 50_000)
    one, two = (likelihoods_of(POSTERIOR, p).terms(0.2, 0.7) for p in (PRIOR, KernelPrior.of(labels)))
    np.testing.assert_allclose(two.moments[:, 0], one.moments[:, 0], atol=0.05)


@pytest.mark.parametrize("bad", [Point([1.0, 2.0]), Classes([[0.5, 0.5]], ["a", "b"])])
def test_what_is_no_posterior_is_refused(bad):
    with pytest.raises(InputError, match="are no posteriors"):
        likelihoods_of(bad, PRIOR)
