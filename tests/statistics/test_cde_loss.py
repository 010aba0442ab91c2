import numpy as np
import pytest
from scipy import integrate, stats

from checkstar.errors import NotApplicable
from checkstar.methods import Constant
from checkstar.prediction import Grid, Mixture, Normal, Point, Prediction, Samples
from checkstar.statistics.cde_loss import cde_loss, has_density, prior_cde_loss


def by_quadrature(prediction: Prediction, y: float) -> float:
    """Loss of one object from its density alone."""
    t = np.linspace(-12, 12, 40_001)
    density = np.exp([prediction.log_prob([[value]]).item() for value in t[::10]])
    return float(integrate.trapezoid(density**2, t[::10]) - 2 * np.exp(prediction.log_prob([[y]]).item()))


@pytest.mark.parametrize(
    "prediction",
    [
        Normal([0.3], [0.7]),
        Mixture([[0.2, 0.5, 0.3]], [[-1.0, 0.0, 2.5]], [[0.5, 1.0, 0.3]]),
        Grid(np.linspace(-2, 2, 9), [[0.05, 0.1, 0.2, 0.15, 0.1, 0.1, 0.2, 0.1]]),
    ],
    ids=["normal", "mixture", "grid"],
)
def test_the_closed_forms_equal_the_integral(prediction):
    # The steps of the grid cost the trapezoid a few thousandths.
    assert cde_loss(prediction, [[0.4]]).item() == pytest.approx(by_quadrature(prediction, 0.4), abs=3e-3)


def test_its_excess_over_the_truth_is_the_integrated_squared_error():
    rng = np.random.default_rng(0)
    y = rng.standard_normal(200_000)
    truth, wrong = (Normal(np.full(len(y), m), np.full(len(y), s)) for m, s in ((0.0, 1.0), (0.5, 1.5)))
    excess = (cde_loss(wrong, y) - cde_loss(truth, y)).mean()
    t = np.linspace(-10, 10, 4001)
    error = integrate.trapezoid((stats.norm.pdf(t, 0.5, 1.5) - stats.norm.pdf(t)) ** 2, t)
    # Two densities of about 0.1 scatter over 200,000 draws: five standard errors.
    assert excess == pytest.approx(error, abs=0.002)


def test_a_mixture_of_one_is_a_normal():
    y = np.array([[0.1, 1.0]])
    one = Mixture([[1.0]], [[[0.0, 2.0]]], [[[1.0, 0.5]]])
    np.testing.assert_allclose(cde_loss(one, y), cde_loss(Normal([[0.0, 2.0]], [[1.0, 0.5]]), y))


def test_the_prior_is_that_of_the_constant_method():
    rng = np.random.default_rng(1)
    labels, y = rng.gamma(4.0, 0.03, 4000), rng.gamma(4.0, 0.03, 4000)
    constant = Constant(n_quantiles=29).fit(np.zeros((4000, 1)), labels).predict_distribution(np.zeros((4000, 1)))
    # The same bins but for the plotting position: the densities agree to a few per cent.
    assert prior_cde_loss(labels, y).mean() == pytest.approx(cde_loss(constant, y).mean(), rel=0.05)


def test_a_truth_outside_the_prior_costs_nothing_but_its_roughness():
    labels = np.linspace(0, 1, 1001)
    far, inside = prior_cde_loss(labels, [50.0, 0.5])
    assert far > 0 > inside


def test_points_and_draws_have_no_density_of_their_own():
    for prediction in (Point([0.0]), Samples([[0.0, 1.0]])):
        assert not has_density(prediction)
    with pytest.raises(NotApplicable, match="samples predictions have no density"):
        cde_loss(Samples([[0.0, 1.0]]), [[0.5]])
