"""Simulators: forward models with known truth, seeded and vectorised."""

from checkstar.simulators.gaussian_posteriors import GaussianPosteriors, gaussian_posteriors
from checkstar.simulators.linear_gaussian import LinearGaussian, linear_gaussian
from checkstar.simulators.linear_model import LinearModel

__all__ = ["GaussianPosteriors", "LinearGaussian", "LinearModel", "gaussian_posteriors", "linear_gaussian"]
