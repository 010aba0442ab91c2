from __future__ import annotations

import numpy as np
import pytest

import checkstar as cs
from checkstar.errors import InputError
from checkstar.methods import Conformal, Ridge, WeightedConformal, as_method
from checkstar.testing import check_method

TRAINED = as_method(lambda x: x[:, :1])


def drawn(n, centre, rng=0):
    """Noise grows with x: a target of larger x has larger errors, with the same p(y | x)."""
    generator = np.random.default_rng(rng)
    x = generator.normal(centre, 1, (n, 2))
    return x, x[:, :1] + np.exp(0.7 * x[:, :1]) * generator.standard_normal((n, 1))


def inside(prediction, y, level=0.9):
    low, high = prediction.quantile((1 - level) / 2), prediction.quantile((1 + level) / 2)
    return float(((low <= y) & (y <= high)).mean())


def test_it_keeps_the_contract():
    check_method(WeightedConformal(Ridge()))


def test_it_holds_coverage_under_covariate_shift_where_the_plain_one_fails():
    x, y = drawn(6000, 0)
    new, truth = drawn(6000, 0.8, 1)
    plain = inside(Conformal(TRAINED).fit(x, y).predict_distribution(new), truth)
    method = WeightedConformal(TRAINED, target=new).fit(x, y)
    assert plain < 0.82
    # 1800 calibration objects are worth about 1800 exp(-0.64 * 2) = 500: sigma of 0.9 is 0.013.
    assert 250 < method.n_effective_ < 950
    assert inside(method.predict_distribution(new), truth) == pytest.approx(0.9, abs=0.04)


def test_coverage_holds_on_average_over_small_calibration_sets():
    rng = np.random.default_rng(0)
    found = []
    for _ in range(60):
        new, truth = drawn(300, 0.5, rng)
        method = WeightedConformal(TRAINED, target=new, fewest=5).fit(*drawn(300, 0, rng))
        found.append(inside(method.predict_distribution(new), truth, 0.8))
    # The scatter of single coverages is about 0.06: of their mean 0.008.
    assert np.mean(found) == pytest.approx(0.8, abs=0.03)


def test_known_weights_reproduce_the_definition():
    # Brute force of Tibshirani et al., eq. 5, at one object.
    x, y = drawn(400, 0)
    new = drawn(300, 0.5, 1)[0]
    method = WeightedConformal(TRAINED, target=new, held_out=0.5).fit(x, y)
    point = np.array([[0.7, 0.2]])
    own = method._new_ratio(point, None).item()
    scores, weights = method.scores_[:, 0], method.weights_[method.order_[:, 0]]
    middle = np.cumsum(weights) - 0.5 * weights + 0.5 * own
    for level in (0.2, 0.5, 0.8):
        expected = 0.7 + np.interp(level * (weights.sum() + own), middle, scores)
        assert method.predict_distribution(point).quantile(level).item() == pytest.approx(expected, abs=0.05)
    assert method.mass_at_infinity(point).item() == pytest.approx(own / (own + weights.sum()))


def test_where_calibration_says_nothing_the_interval_covers_all_labels():
    x, y = drawn(1000, 0)
    new = drawn(500, 0.5, 1)[0]
    method = WeightedConformal(TRAINED, target=new).fit(x, y)
    far = np.array([[6.0, 6.0]])
    assert method.mass_at_infinity(far).item() > 0.2
    prediction = method.predict_distribution(far)
    assert prediction.quantile(0.05).item() < y.min()
    assert prediction.quantile(0.95).item() > y.max()
    assert prediction.std().item() > 2 * method.predict_distribution([[0.0, 0.0]]).std().item()


def test_a_target_that_the_training_set_does_not_cover_is_refused():
    with pytest.raises(
        InputError,
        match=r"^WeightedConformal got 180 calibration objects that are worth .* for this target; at least 30 are needed: "
        r"restrict the target to what the training set covers\.$",
    ):
        WeightedConformal(TRAINED, target=drawn(600, 4, 1)[0]).fit(*drawn(600, 0))


def test_a_target_like_the_training_set_gives_the_plain_intervals():
    x, y = drawn(3000, 0)
    new, truth = drawn(3000, 0, 1)
    weighted, plain = (
        m.fit(x, y).predict_distribution(new)
        for m in (WeightedConformal(TRAINED, target=new), WeightedConformal(TRAINED))
    )
    np.testing.assert_allclose(weighted.quantile(0.9) - new[:, :1], plain.quantile(0.9) - new[:, :1], rtol=0.1)
    assert inside(plain, truth) == pytest.approx(0.9, abs=0.03)


def test_effective_numbers_count_groups():
    x, y = drawn(600, 0)
    found = WeightedConformal(TRAINED).fit(
        np.repeat(x, 3, axis=0), np.repeat(y, 3, axis=0), group=np.repeat(range(600), 3)
    )
    assert found.n_effective_ == pytest.approx(180)


def test_it_is_saved_with_its_ratio(tmp_path):
    x, y = drawn(600, 0)
    new = drawn(300, 0.5, 1)[0]
    fitted = WeightedConformal(Ridge(), target=new).fit(x, y)
    loaded = WeightedConformal.load(fitted.save(tmp_path / "method"))
    np.testing.assert_allclose(
        loaded.predict_distribution(new).std(), fitted.predict_distribution(new).std(), rtol=1e-9
    )


def test_the_check_of_coverage_turns_from_fail_to_pass():
    x, y = drawn(20_000, 0)
    new, truth = drawn(8000, 0.5, 1)
    train, test = cs.Dataset(x, y), cs.Dataset(new, truth)
    verdicts = [
        cs.checks.Coverage()
        .examine(cs.Run.of(m, train=train, test=test), cs.Claim("object_interval"), np.random.default_rng(0))
        .verdict
        for m in (Conformal(TRAINED), WeightedConformal(TRAINED, target=new))
    ]
    assert verdicts == ["FAIL", "PASS"]


def test_bad_input_is_named():
    with pytest.raises(
        InputError, match=r"^WeightedConformal got a target of shape \(9, 3\) but x has 2 columns; give"
    ):
        WeightedConformal(TRAINED, target=np.zeros((9, 3))).fit(*drawn(60, 0))
    with pytest.raises(InputError, match=r"^WeightedConformal predicts numbers but got classes"):
        WeightedConformal(as_method(lambda x: x)).fit(drawn(60, 0)[0], ["a", "b"] * 30)


def test_groups_that_err_together_count_once():
    rng, held = np.random.default_rng(0), []
    group, blind = np.repeat(np.arange(50), 10), as_method(lambda x: np.zeros(len(x)))
    for _ in range(150):
        y = rng.normal(size=50)[group] + 0.1 * rng.normal(size=500)
        method = WeightedConformal(blind).fit(np.zeros((500, 1)), y, group=group)  # 15 groups are held out
        held.append(inside(method.predict_distribution(np.zeros((200, 1))), rng.normal(size=(200, 1)), 0.75))
    # The scatter of the mean is 0.11 / 12 = 0.01; counted as 150 objects it would be 0.70.
    assert 0.735 < np.mean(held) < 0.81
