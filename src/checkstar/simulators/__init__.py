"""Simulators: forward models with known truth, seeded and vectorised."""

from checkstar.simulators.linear_gaussian import LinearGaussian, linear_gaussian

__all__ = ["LinearGaussian", "linear_gaussian"]
