"""Simulators: forward models with known truth, seeded and vectorised."""

from checkstar.simulators.galaxies import SimulatedGalaxies, simulate_galaxies
from checkstar.simulators.gaussian_posteriors import GaussianPosteriors, gaussian_posteriors
from checkstar.simulators.linear_gaussian import LinearGaussian, linear_gaussian
from checkstar.simulators.linear_model import LinearModel
from checkstar.simulators.supernovae import SimulatedSupernovae, draw_supernovae, simulate_supernovae
from checkstar.simulators.variable_stars import SimulatedStars, draw_variable_stars, simulate_variable_stars

__all__ = [
    "GaussianPosteriors",
    "LinearGaussian",
    "LinearModel",
    "SimulatedGalaxies",
    "SimulatedStars",
    "SimulatedSupernovae",
    "draw_supernovae",
    "draw_variable_stars",
    "gaussian_posteriors",
    "linear_gaussian",
    "simulate_galaxies",
    "simulate_supernovae",
    "simulate_variable_stars",
]
