from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from checkstar.errors import InputError
from checkstar.methods import MixtureDensity
from checkstar.testing import check_method

torch = pytest.importorskip("torch", reason="torch is not installed: networks cannot be trained")


def fork(n: int, rng: int) -> tuple[np.ndarray, np.ndarray]:
    """Labels at +x or -x, equally often, with a scatter of 0.1."""
    generator = np.random.default_rng(rng)
    x = generator.uniform(1, 3, (n, 1))
    return x, x[:, 0] * generator.choice([-1, 1], n) + 0.1 * generator.standard_normal(n)


def test_it_keeps_the_contract_of_methods():
    check_method(MixtureDensity(n_normals=2, hidden=(8,), max_epochs=5))


def test_two_branches_are_two_peaks():
    method = MixtureDensity(n_normals=2, hidden=(16,), learning_rate=0.01).fit(*fork(1500, 0))
    new, truth = fork(1000, 1)
    prediction = method.predict_distribution(new)
    # The density that drew the labels: ln(1/2) and a normal of 0.1, on average ln(1/2) - ln 0.1 - 1.419.
    perfect = np.log(0.5) - np.log(0.1) - 0.5 * np.log(2 * np.pi) - 0.5
    # 1000 log densities of scatter 0.7 have a mean known to 0.02; the network may lose a tenth.
    assert prediction.log_prob(truth).mean() == pytest.approx(perfect, abs=0.15)
    pit = prediction.cdf(truth)[:, 0]
    assert np.abs(np.sort(pit) - np.linspace(0, 1, 1000)).max() < 0.06


def test_labels_of_one_object_share_their_branch():
    x, y = fork(800, 2)
    both = MixtureDensity(n_normals=2, hidden=(16,), learning_rate=0.01).fit(x, np.stack([y, -y], axis=1))
    means = both.predict_distribution([[2.0]]).means[0]
    np.testing.assert_allclose(means[:, 0], -means[:, 1], atol=0.25)


def test_a_group_is_held_out_whole_and_so_changes_what_is_learned():
    x, y = fork(200, 3)
    method = MixtureDensity(max_epochs=3, hidden=(4,))
    alone = method.fit(x, y).predict([[2.0]])
    assert method.fit(x, y, group=np.repeat(np.arange(20), 10)).predict([[2.0]]) != alone


def test_weights_of_zero_are_objects_that_are_not_there():
    x, y = fork(600, 4)
    weight = (y > 0).astype(float)
    only = MixtureDensity(n_normals=2, hidden=(16,), learning_rate=0.01, max_epochs=60).fit(x, y, weight=weight)
    assert only.predict([[2.0]]).item() == pytest.approx(2.0, abs=0.2)


def test_a_fitted_network_predicts_without_torch(tmp_path):
    x, y = fork(100, 5)
    method = MixtureDensity(max_epochs=2, hidden=(4,)).fit(x, y)
    method.save(tmp_path / "network")
    code = (
        "import sys; from checkstar.methods import MixtureDensity as M;"
        f"print(M.load({str(tmp_path / 'network')!r}).predict([[2.0]]).item(), 'torch' in sys.modules)"
    )
    value, loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert float(value) == pytest.approx(method.predict([[2.0]]).item(), rel=1e-12)
    assert loaded == "False"


def test_layers_that_do_not_fit_are_refused_on_load():
    method = MixtureDensity(max_epochs=2, hidden=(4,)).fit(*fork(50, 6))
    method.matrices_[1] = method.matrices_[1][:, :-1]
    with pytest.raises(InputError, match="layers that do not fit"):
        method.check_learned()


def test_nothing_to_learn_with_is_refused():
    with pytest.raises(InputError, match="n_normals=0"):
        MixtureDensity(n_normals=0).fit(*fork(20, 0))
