import numpy as np
import pytest

from checkstar.checks.robustness.worst_case import WorstCase
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.errors import InputError
from checkstar.evidence import Verdict
from checkstar.methods import Cannon, Ridge
from checkstar.noise import Covariance, Gaussian
from checkstar.runs import Run
from checkstar.scope import Scope
from checkstar.simulators import LinearModel
from checkstar.testing import simulate_spectra

torch = pytest.importorskip("torch")

P = 6
SLOPE = np.random.default_rng(1).normal(size=P)
_ROOT = np.random.default_rng(2).normal(size=(P, P))
NOISES = {
    "gaussian": Gaussian(np.linspace(0.2, 0.6, P)),
    "covariance": Covariance(0.1 * (_ROOT @ _ROOT.T + np.eye(P))),
}


class Module(torch.nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x, torch.as_tensor(SLOPE, dtype=x.dtype))


def data_of(noise, n=600, **fields):
    rng = np.random.default_rng(0)
    y = rng.normal(size=n)
    return Dataset(noise.draw(np.outer(y, SLOPE), rng), y, noise=noise, **fields)


def examine(model, data, check=None, scope=None, label=None):
    run = Run.of(model, test=data, scope=scope)
    return (check or WorstCase()).examine(run, Claim("object_value", label=label), np.random.default_rng(0)), run


MODELS = {"white box": Module(lambda x, slope: x @ slope), "black box": lambda x: x @ SLOPE}


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
@pytest.mark.parametrize("noise", NOISES.values(), ids=NOISES)
def test_the_worst_case_of_a_linear_model_at_one_sigma_is_its_propagated_error(model, noise):
    found, _ = examine(model, data_of(noise))
    assert found.verdict is Verdict.PASS
    # Single precision of the module; the control variate leaves no Monte Carlo error.
    assert found.value == pytest.approx(1.0, abs=0.01)
    s_prop = np.sqrt(noise.propagate(SLOPE[None, None], np.zeros((1, P)))[0, 0, 0])
    assert found.limits_of_use[0].value == pytest.approx(3 * s_prop, rel=0.01)
    line = found.figure["layers"][1]
    assert line["y"] == pytest.approx(line["x"], rel=0.01)


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_the_efficient_linear_estimate_meets_the_bound(model):
    noise = Gaussian(0.3)
    scope = Scope(forward=LinearModel(np.atleast_2d(SLOPE)))
    scaled = (
        (lambda x: x @ SLOPE / (SLOPE @ SLOPE))
        if callable(model) and not hasattr(model, "eval")
        else Module(lambda x, slope: x @ slope / (slope @ slope))
    )
    found, _ = examine(scaled, data_of(noise), scope=scope)
    assert [part.name for part in found.parts] == ["against its response to noise", "against the Cramer-Rao bound"]
    assert found.parts[1].estimate.value == pytest.approx(1.0, abs=0.01)
    assert found.verdict is Verdict.PASS


def test_leaning_on_noise_is_seen_against_the_bound_though_the_method_is_linear():
    empty = np.eye(P)[0] - SLOPE * SLOPE[0] / (SLOPE @ SLOPE)
    slope = SLOPE / (SLOPE @ SLOPE) + 2 * empty / np.linalg.norm(empty) / np.linalg.norm(SLOPE)
    scope = Scope(forward=LinearModel(np.atleast_2d(SLOPE)))
    found, _ = examine(lambda x: x @ slope, data_of(Gaussian(0.3)), scope=scope)
    assert found.parts[0].estimate.value == pytest.approx(1.0, abs=0.01)
    # Twice the noise of the efficient estimate beside its own: sqrt(1 + 4).
    assert found.parts[1].estimate.value == pytest.approx(np.sqrt(5), rel=0.01)
    assert found.verdict is Verdict.FAIL


RIPPLES = {
    "white box": Module(lambda x, slope: x @ slope + 0.5 * torch.sin(6 * x[:, 0])),
    "black box": lambda x: x @ SLOPE + 0.5 * np.sin(6 * x[:, 0]),
}


@pytest.mark.parametrize("model", RIPPLES.values(), ids=RIPPLES)
def test_a_ripple_within_the_noise_is_found(model):
    found, _ = examine(model, data_of(Gaussian(np.full(P, 0.3))))
    assert found.verdict is Verdict.FAIL


def test_a_cliff_of_which_the_gradient_says_nothing_is_found_by_steps_of_the_size_of_the_noise():
    empty = np.eye(P)[0] - SLOPE * SLOPE[0] / (SLOPE @ SLOPE)
    empty /= 0.3 * np.linalg.norm(empty)
    found, _ = examine(lambda x: np.sign(x @ empty), data_of(Gaussian(0.3), n=3000))
    # Steps of half a sigma see the cliff of 38 % of the objects: 4 x 0.38 over 4 E[Phi (1 - Phi)] = 4 / 6.
    assert found.value == pytest.approx(np.sqrt(0.38 * 6), abs=0.2)
    assert found.verdict is Verdict.FAIL


@pytest.mark.parametrize("order", [1, 2])
def test_the_cannon_on_clean_spectra_is_not_caught(order):
    data = simulate_spectra(900)
    run = Run.of(Cannon(order=order), train=data[:300], test=data[300:])
    for label in ("hot", "metals"):
        found = WorstCase().examine(run, Claim("object_value", label=label), np.random.default_rng(0))
        assert found.verdict is Verdict.PASS
        assert 0.9 < found.value < 1.1


def test_the_search_without_derivatives_finds_what_the_search_with_them_finds():
    data = simulate_spectra(900)
    cannon = Cannon().fit_data(data[:300])
    sigma = Gaussian(0.01)
    white, _ = examine(cannon, data[300:], label="metals")
    black, _ = examine(lambda x: cannon.predict(x, noise=sigma), data[300:], label="metals")
    # Other objects are drawn, and the redraws of a method that bends scatter: 3 %.
    assert black.value == pytest.approx(white.value, abs=0.05)


def test_too_few_calls_to_see_the_gradient_never_pass_and_say_how_many_objects_would():
    p = 400
    rng = np.random.default_rng(0)
    data = Dataset(rng.normal(size=(60, p)), rng.normal(size=60), noise=1.0)
    own = rng.normal(size=(60, p))
    # Each object has a gradient of its own: no other foretells it.
    found, _ = examine(lambda x: (x * own[np.abs(x[:, :1] - data.x[:, 0]).argmin(axis=1)]).sum(axis=1), data)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "% of the gradient, so it may be more" in found.reason
    assert found.n_needed == pytest.approx(30 * (2 * p + 16) / 5)
    enough = Run.of(lambda x: x[:, 0], test=Dataset(np.ones((5000, p)), np.ones(5000), noise=1.0))
    assert WorstCase()._plan(enough).n_directions == p


def test_what_was_not_reached_leaves_the_upper_end_open():
    p = 200
    data = Dataset(np.random.default_rng(0).normal(size=(400, p)), np.zeros(400), noise=0.01)
    # Many sines: gradients that no other object foretells, and a response known well from redraws.
    found, _ = examine(lambda x: np.sin(40 * x).sum(axis=1), data)
    assert found.value < 0.9
    assert found.high == np.inf
    assert found.verdict is Verdict.INCONCLUSIVE


def test_one_gradient_for_all_is_reached_in_many_dimensions():
    p = 300
    slope = np.random.default_rng(3).normal(size=p)
    rng = np.random.default_rng(0)
    data = Dataset(rng.normal(size=(500, p)), rng.normal(size=500), noise=1.0)
    found, _ = examine(lambda x: x @ slope, data)
    assert found.value == pytest.approx(1.0, abs=0.01)
    assert found.verdict is Verdict.PASS


@pytest.mark.parametrize(("n", "p"), [(60, 3), (400, 20), (100, 500), (3000, 6)])
def test_it_keeps_to_its_budget_and_says_what_it_asked(n, p):
    rng = np.random.default_rng(0)
    data = Dataset(rng.normal(size=(n, p)), rng.normal(size=n), noise=1.0)
    _, run = examine(lambda x: np.sin(x).sum(axis=1), data)
    assert (run.costs.objects_predicted - n) / n == pytest.approx(WorstCase().calls(run))
    assert WorstCase().calls(run) <= 5 * max(1, 2 * 96 / n)


def test_masked_elements_are_left_alone():
    sigma = np.full((300, P), 0.3)
    sigma[:150, 2] = np.inf
    data = data_of(Gaussian(np.full(P, 0.3)), n=300)
    x = data.x.copy()
    x[:150, 2] = 0.0
    data = Dataset(x, data.y, noise=Gaussian(sigma))
    found, _ = examine(lambda x: x @ SLOPE, data)
    assert found.value == pytest.approx(1.0, abs=0.01)


def test_masked_pixels_that_hold_nothing_are_left_alone():
    data = simulate_spectra(500)
    sigma = np.full(data.x.shape, 0.01)
    sigma[::3, 5] = np.inf
    x = data.x.copy()
    x[::3, 5] = np.nan
    cannon = Cannon().fit_data(data[:200])
    found, _ = examine(cannon, Dataset(x, data.y, noise=Gaussian(sigma), labels=data.labels)[200:], label="hot")
    assert found.verdict is Verdict.PASS


def test_groups_and_weights_enter_the_interval():
    rng = np.random.default_rng(0)
    data = data_of(Gaussian(0.3), group=rng.integers(8, size=600), weight=rng.uniform(0, 1, 600))
    found, _ = examine(lambda x: np.sin(x @ SLOPE), data)
    assert found.n <= 8
    assert found.low < found.value < found.high


def test_what_does_not_respond_cannot_be_moved():
    found, _ = examine(lambda x: np.zeros(len(x)), data_of(Gaussian(0.3)))
    assert (found.value, found.verdict) == (0.0, Verdict.PASS)


def test_too_few_objects_decide_nothing_and_say_how_many_would():
    for n in (1, 2, 40):
        found, _ = examine(lambda x: x @ SLOPE, data_of(Gaussian(0.3), n=n))
        assert found.verdict is Verdict.INCONCLUSIVE
    assert "at least 10 are needed" in found.reason
    # Four directions at 24 calls an object: a budget of five asks ten of 48.
    assert found.n_needed == 48
    assert examine(lambda x: x @ SLOPE, data_of(Gaussian(0.3), n=48))[0].verdict is Verdict.PASS


def test_radii_without_one_are_refused():
    with pytest.raises(InputError, match=r"rising numbers with 1\.0 among them"):
        examine(lambda x: x[:, 0], data_of(Gaussian(0.3)), WorstCase(radii=(0.5, 2.0)))


def test_ridge_is_linear():
    data = simulate_spectra(400)
    run = Run.of(Ridge(), train=data[:200], test=data[200:])
    found = WorstCase().examine(run, Claim("object_value", label="hot"), np.random.default_rng(0))
    assert found.value == pytest.approx(1.0, abs=1e-6)


def cliffs(per_sigma):
    """Steps of three times the noise of the estimate, in a direction that no gradient shows."""
    sigma = 0.4
    empty = np.where(np.arange(4) % 2, -0.5, 0.5) / sigma

    def predicted(x):
        return x.mean(axis=1) + 3 * sigma / 2 * (np.floor(per_sigma * (x @ empty)) % 2)

    rng = np.random.default_rng(3)
    y = rng.normal(size=600)
    return predicted, Dataset(y[:, None] + sigma * rng.normal(size=(600, 4)), y, noise=np.full(4, sigma))


@pytest.mark.parametrize("per_sigma", [0.2, 4.0], ids=["one cliff", "a fine comb"])
def test_a_cliff_that_the_search_walks_past_cannot_pass(per_sigma):
    predicted, data = cliffs(per_sigma)
    found, _ = examine(predicted, data)
    # The largest change found is that of a linear method or less; noise falls over the cliffs all the same.
    assert found.value < 1.2
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "of its response to noise, so it may be more" in found.reason


def test_a_cliff_that_a_gradient_is_blind_to_cannot_pass():
    empty = torch.tensor([0.5, -0.5, 0.5, -0.5, 0.0, 0.0]) / 0.4
    module = Module(lambda x, slope: x.mean(dim=1) + 0.6 * (x @ empty.to(x.dtype) > 0).to(x.dtype))
    rng = np.random.default_rng(3)
    y = rng.normal(size=600)
    data = Dataset(y[:, None] + 0.4 * rng.normal(size=(600, P)), y, noise=np.full(P, 0.4))
    found, run = examine(module, data)
    assert run.differentiable
    assert found.value < 1.0
    assert found.verdict is Verdict.INCONCLUSIVE


def test_what_does_not_move_at_all_passes():
    found, _ = examine(lambda x: np.zeros(len(x)), data_of(Gaussian(0.3)))
    assert found.verdict is Verdict.PASS
