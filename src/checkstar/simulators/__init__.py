"""Simulators: forward models with known truth, seeded and vectorised."""

from checkstar.simulators.galaxies import SimulatedGalaxies, simulate_galaxies
from checkstar.simulators.gaussian_posteriors import GaussianPosteriors, gaussian_posteriors
from checkstar.simulators.linear_gaussian import LinearGaussian, linear_gaussian
from checkstar.simulators.linear_model import LinearModel

__all__ = [
    "GaussianPosteriors",
    "LinearGaussian",
    "LinearModel",
    "SimulatedGalaxies",
    "gaussian_posteriors",
    "linear_gaussian",
    "simulate_galaxies",
]
