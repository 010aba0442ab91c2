import numpy as np
import pytest
from scipy import stats

from checkstar.errors import InputError
from checkstar.populations import HistogramPrior, KernelPrior, NormalPrior

LABELS = np.random.default_rng(0).gamma(4.0, 0.5, 20_000)


def test_a_normal_prior_is_the_normal_density():
    prior = NormalPrior(mean=2.0, std=0.5)
    at = np.linspace(0, 4, 9)
    np.testing.assert_allclose(prior.log_density(at), stats.norm(2, 0.5).logpdf(at), rtol=1e-12)


def test_errors_of_the_labels_are_no_part_of_the_prior():
    rng = np.random.default_rng(1)
    noisy = rng.normal(1.0, 2.0, 100_000) + rng.normal(0, 1.5, 100_000)
    # One sigma of a standard deviation from 100,000 values of width 2.5 is 0.006, of the difference 0.007.
    assert NormalPrior.of(noisy, 1.5).std == pytest.approx(2.0, abs=0.03)
    assert NormalPrior.of(noisy).std == pytest.approx(2.5, abs=0.03)


@pytest.mark.parametrize("prior", [HistogramPrior.of(LABELS), KernelPrior.of(LABELS)], ids=["histogram", "kernel"])
def test_an_empirical_prior_is_near_the_density_of_its_labels(prior):
    at = np.linspace(0.8, 4.0, 50)
    true = stats.gamma(4.0, scale=0.5).logpdf(at)
    # The narrowest bin here holds about 100 labels: 10 %, and bins are wide where the density is steep.
    np.testing.assert_allclose(prior.log_density(at), true, atol=0.25)
    assert prior.mean == pytest.approx(2.0, abs=0.05)
    assert prior.std == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize("prior", [HistogramPrior.of(LABELS), KernelPrior.of(LABELS)], ids=["histogram", "kernel"])
def test_no_density_is_zero_anywhere(prior):
    assert np.isfinite(prior.log_density([-1e6, -1.0, 0.0, 30.0, 1e6])).all()


def test_a_histogram_integrates_to_one():
    prior = HistogramPrior([0.0, 1.0, 3.0], [1.0, 3.0])
    assert np.exp(prior.log_density([0.5, 2.0])) @ [1.0, 2.0] == pytest.approx(1.0)
    assert prior.mean == pytest.approx(0.25 * 0.5 + 0.75 * 2.0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: NormalPrior(mean=0.0, std=0.0), "the second positive"),
        (lambda: NormalPrior.of([1.0]), "at least two different finite training labels; got 1 values"),
        (lambda: KernelPrior.of([1.0, 1.0]), "at least two different"),
        (lambda: NormalPrior.of([1.0, np.nan]), "1 not finite"),
        (lambda: HistogramPrior([0.0, 1.0], [1.0, 2.0]), "one more than masses"),
        (lambda: HistogramPrior([0.0, 1.0, 2.0], [1.0, 0.0]), "merge empty bins"),
    ],
)
def test_what_is_no_prior_is_refused(make, message):
    with pytest.raises(InputError, match=message):
        make()
