import numpy as np
import pytest

from checkstar.checks import Coverage, Pulls
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.evidence import Verdict
from checkstar.prediction import Grid, Mixture, Normal, Samples
from checkstar.runs import Run


def examine(check, test, prediction, use="object_interval", **claim):
    run = Run(name="t", test=test, prediction=prediction)
    return check.examine(run, Claim(use, **claim), np.random.default_rng(0))


def normal(n, scale, seed=0, shift=0.0, truth_error=0.0):
    """Truth, and normal predictions whose claimed sigma is 1 / scale of their error."""
    rng = np.random.default_rng(seed)
    y = rng.normal(size=n)
    prediction = Normal(y + shift + rng.normal(size=n), np.full(n, 1 / scale))
    seen = y + truth_error * rng.normal(size=n)
    return Dataset(y=seen, y_err=truth_error or None), prediction


@pytest.mark.parametrize("scale", [1.4, 0.7])
def test_error_bars_of_the_wrong_size_are_found_and_named(scale):
    found = examine(Pulls(), *normal(2000, scale))
    assert found.verdict is Verdict.FAIL
    assert found.value == pytest.approx(max(scale, 1 / scale) - 1, abs=0.06)
    assert f"too {'small' if scale > 1 else 'large'}" in found.reason


def test_a_constant_offset_is_found():
    found = examine(Pulls(), *normal(4000, 1.0, shift=0.3))
    assert found.verdict is Verdict.FAIL
    assert found.worst.name == "mean pull"


@pytest.mark.parametrize("check", [Pulls(), Coverage()])
def test_errors_of_the_truth_are_allowed_for(check):
    test, prediction = normal(20_000, 1.0, truth_error=0.8)
    assert examine(check, test, prediction).verdict is Verdict.PASS
    blind = Dataset(y=test.y)
    assert examine(check, blind, prediction).verdict is Verdict.FAIL


@pytest.mark.parametrize("check", [Pulls(), Coverage()])
@pytest.mark.parametrize("kind", ["mixture", "samples", "grid"])
def test_every_kind_of_density_is_judged_alike(check, kind):
    rng = np.random.default_rng(3)
    n = 6000
    centre = rng.normal(size=n)
    y = centre + 0.5 * rng.normal(size=n)
    if kind == "mixture":
        prediction = Mixture(np.full((n, 2), 0.5), np.repeat(centre[:, None], 2, 1), np.full((n, 2), 0.5))
    elif kind == "samples":
        prediction = Samples(centre[:, None] + 0.5 * rng.normal(size=(n, 400)))
    else:
        edges = np.linspace(-4, 4, 81)
        from scipy.special import ndtr

        mass = np.diff(ndtr(edges / 0.5))
        prediction = Grid((centre[:, None] + edges)[:, None, :], np.broadcast_to(mass / mass.sum(), (n, 80)))
    assert examine(check, Dataset(y=y), prediction).verdict is Verdict.PASS


def test_wild_outliers_widen_the_interval_instead_of_deciding():
    test, prediction = normal(400, 1.0)
    wild = prediction.mean().copy()
    wild[0] += 40
    found = examine(Pulls(), test, Normal(wild, prediction.std()))
    assert found.verdict is not Verdict.FAIL
    assert "1 of 400 objects lies beyond 5 sigma" in found.reason


def test_the_tolerance_is_the_limit_for_intervals_and_not_for_means():
    data = normal(2000, 1.0)
    assert examine(Pulls(), *data, tolerance=0.3).parts[0].limit == 0.3
    assert examine(Pulls(), *data, use="population_mean", tolerance=0.3, n_objects=10).parts[0].limit == 0.1
