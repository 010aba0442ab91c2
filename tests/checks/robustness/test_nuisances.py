import numpy as np
import pytest

from checkstar.checks.robustness.nuisances import Nuisances
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.errors import InputError
from checkstar.evidence import Verdict
from checkstar.methods import Cannon
from checkstar.noise import Gaussian
from checkstar.nuisances import Nuisance, background, bad_pixel, smoothing, wavelength_shift, zero_point
from checkstar.runs import Run
from checkstar.scope import Scope
from checkstar.testing import simulate_spectra

CLAIM = Claim("object_value")


def examine(function, nuisances, n=500, check=None, **fields):
    rng = np.random.default_rng(0)
    y = rng.normal(size=n)
    x = y[:, None] + 0.4 * rng.normal(size=(n, 4))
    run = Run.of(function, test=Dataset(x, y, noise=0.4, **fields), scope=Scope(nuisances=nuisances))
    return (check or Nuisances()).examine(run, CLAIM, rng), run


def mean_of_features(x):
    return x.mean(axis=1), np.full(len(x), 0.2)


def test_the_shift_of_a_linear_method_is_that_of_its_coefficients():
    found, _ = examine(mean_of_features, (background(0.1), bad_pixel(2, 1.2)))
    faults = {part.name: part.estimate.value for part in found.parts}
    assert faults == pytest.approx({"background": 0.1 / 0.2, "bad pixel": 1.2 / 4 / 0.2})
    assert found.verdict is Verdict.FAIL
    assert "bad pixel" in found.reason
    budgets = {limit.name: limit.value for limit in found.limits_of_use}
    assert budgets == pytest.approx({"budget of the background": 0.6, "budget of the bad pixel": 0.2})


def test_a_factor_moves_objects_by_their_own_values():
    found, run = examine(mean_of_features, (zero_point(0.05),))
    exact = 0.05 / 0.2 * np.sqrt(np.mean(run.prediction.mean() ** 2))
    assert found.value == pytest.approx(exact)
    assert found.low < exact < found.high


def test_the_worse_of_both_signs_counts():
    found, _ = examine(lambda x: (np.where(x[:, 0] < -20, 1.0, 0.0), np.ones(len(x))), (bad_pixel(0, 100.0),))
    assert found.value == pytest.approx(1.0)


def test_what_it_does_not_look_at_does_not_move_it():
    found, _ = examine(lambda x: (x[:, 0] - x[:, 1], np.ones(len(x))), (background(5.0), bad_pixel(3, 9.0)))
    assert found.value == pytest.approx(0.0, abs=1e-12)
    assert found.verdict is Verdict.PASS


def test_a_continuum_normalised_cannon_does_not_feel_a_zero_point_that_moves_one_without():
    data = simulate_spectra(600)
    scope = Scope(nuisances=(zero_point(0.01), smoothing(2.0, 0.02), wavelength_shift(0.01)))
    claim = Claim("object_value", label="metals")
    plain, divided = (
        Nuisances().examine(
            Run.of(method, train=data[:300], test=data[300:], scope=scope), claim, np.random.default_rng(0)
        )
        for method in (Cannon(), Cannon(continuum="mean"))
    )
    assert [part.name for part in plain.parts] == ["zero point", "resolution", "wavelength shift"]
    assert plain.parts[0].estimate.low > 0.3
    # Division takes a common factor out, up to rounding and the noise told, which is not scaled.
    assert divided.parts[0].estimate.value < 0.1


def test_each_effect_costs_two_calls_within_the_budget():
    many = tuple(background(0.01 * (i + 1), name=f"effect {i}") for i in range(6))
    for n in (100, 4000):
        _, run = examine(mean_of_features, many, n=n)
        assert (run.costs.objects_predicted - n) / n == pytest.approx(Nuisances().calls(run))
        assert Nuisances().calls(run) <= 4


def test_effects_that_change_the_shape_are_named():
    with pytest.raises(InputError, match="'crop' returned shape"):
        examine(mean_of_features, (Nuisance(name="crop", apply=lambda x, size: x[:, 1:]),))


def test_an_effect_that_writes_into_its_argument_spoils_nothing():
    def vandal(x, size):
        x += size
        return x

    def heap(x, size):
        x += 3 + size
        return x

    effects = (Nuisance(name="vandal", apply=vandal), Nuisance(name="heap", apply=heap), background(0.1))
    found, run = examine(mean_of_features, effects)
    assert [part.estimate.value for part in found.parts] == pytest.approx([5.0, 20.0, 0.5])
    assert run.test.x.mean() == pytest.approx(0.0, abs=0.2)


def test_groups_weights_masks_and_few_objects():
    rng = np.random.default_rng(1)
    found, _ = examine(
        lambda x: (x[:, 0] ** 3, np.ones(len(x))),
        (background(0.1),),
        group=rng.integers(7, size=500),
        weight=rng.uniform(0, 1, 500),
    )
    assert found.n <= 7
    assert found.low < found.value < found.high
    for n in (1, 2, 9):
        found, _ = examine(lambda x: (x[:, 0] ** 3, np.ones(len(x))), (background(0.1),), n=n)
        assert found.verdict is Verdict.INCONCLUSIVE
    data = simulate_spectra(200)
    sigma, x = np.full(data.x.shape, 0.01), data.x.copy()
    sigma[:, 4], x[:, 4] = np.inf, np.nan
    masked = Dataset(x, data.y, noise=Gaussian(sigma), labels=data.labels)
    scope = Scope(nuisances=(smoothing(2.0, 0.1), wavelength_shift(0.1)))
    run = Run.of(Cannon().fit_data(data), test=masked, scope=scope)
    assert Nuisances().examine(run, Claim("object_value", label="hot"), rng).value > 0


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda x, size: 1 / 0, "the nuisance 'bad' failed at size 1 .*ZeroDivisionError"),
        (bad_pixel(99, 1.0).apply, "the nuisance 'bad' failed at size 1 .*IndexError"),
        (lambda x, size: np.full_like(x, np.nan), "the nuisance 'bad' gave NaN where x was observed"),
    ],
)
def test_effects_that_cannot_be_applied_are_named(function, message):
    with pytest.raises(InputError, match=message):
        examine(mean_of_features, (Nuisance(name="bad", apply=function),))
