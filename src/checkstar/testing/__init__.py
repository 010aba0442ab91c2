"""The executable contracts, for components of this package and of third parties."""

from checkstar.testing.check_contract import check_check
from checkstar.testing.method_contract import check_method, simulate_classes, simulate_spectra
from checkstar.testing.problem_contract import check_problem

__all__ = ["check_check", "check_method", "check_problem", "simulate_classes", "simulate_spectra"]
