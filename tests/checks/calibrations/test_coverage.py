import numpy as np
import pytest

from checkstar.checks import Coverage
from checkstar.checks.calibrations.coverage import _as_scale
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.evidence import Estimate, Verdict
from checkstar.prediction import Normal
from checkstar.runs import Run


@pytest.mark.parametrize("level", [0.5, 0.683, 0.95])
@pytest.mark.parametrize("scale", [1.3, 0.8])
def test_a_coverage_is_read_as_the_error_of_the_error_bars_that_explains_it(level, scale):
    from scipy.special import ndtr, ndtri

    # Claimed sigma is 1 / scale of the true one: the interval reaches that much less far.
    coverage = 2 * ndtr(ndtri((1 + level) / 2) / scale) - 1
    found = _as_scale(Estimate(coverage, coverage - 0.01, coverage + 0.01, 100), level)
    assert found.value == pytest.approx(max(scale, 1 / scale) - 1)
    assert found.low < found.value < found.high


def test_an_interval_of_coverage_that_holds_the_level_holds_no_fault():
    assert _as_scale(Estimate(0.7, 0.66, 0.74, 100), 0.683).low == 0.0


def test_nothing_covered_is_the_largest_fault():
    found = _as_scale(Estimate(0.0, 0.0, 0.05, 100), 0.683)
    assert 1 < found.low < found.value < found.high == 1000.0


def test_a_heavy_tail_inside_honest_pulls_is_found_by_coverage():
    rng = np.random.default_rng(0)
    n = 20_000
    # Student's t with 3 degrees of freedom, scaled to unit variance: right variance, wrong shape.
    error = rng.standard_t(3, size=n) / np.sqrt(3)
    y = rng.normal(size=n)
    run = Run(name="t", test=Dataset(y=y), prediction=Normal(y + error, np.ones(n)))
    found = Coverage().examine(run, Claim("object_interval"), rng)
    assert found.verdict is Verdict.FAIL
