from __future__ import annotations

import numpy as np
from sklearn.isotonic import IsotonicRegression

from checkstar.statistics.venn_abers import venn_abers


def draw(n: int, rng: np.random.Generator, decimals: int = 12) -> tuple[np.ndarray, np.ndarray]:
    """Scores whose probability of membership is their square."""
    score = rng.random(n).round(decimals)
    return score, rng.random(n) < score**2


def test_the_readings_are_those_of_isotonic_regressions_with_the_new_object_in_them():
    rng = np.random.default_rng(0)
    held, member = draw(80, rng, 1)  # with many ties
    new = np.array([0.0, 0.3, 0.35, 1.2])
    found = venn_abers(held, member, new)
    for i, score in enumerate(new):
        for label, reading in ((0.0, found.low), (1.0, found.high)):
            fit = IsotonicRegression(out_of_bounds="clip").fit(np.append(held, score), np.append(member, label))
            np.testing.assert_allclose(reading[i], fit.predict([score])[0], atol=1e-9)


def test_probabilities_are_right_though_the_scores_are_not():
    rng = np.random.default_rng(1)
    held, member = draw(2000, rng)
    new, truth = draw(20_000, rng)
    probability = venn_abers(held, member, new[:4000]).probability
    truth = truth[:4000]
    for low, high in ((0.0, 0.1), (0.1, 0.4), (0.4, 0.8), (0.8, 1.0)):
        some = (probability >= low) & (probability < high)
        # 600 objects or more in a bin, and 2000 to calibrate them: 0.02 and 0.02.
        assert abs(truth[some].mean() - probability[some].mean()) < 0.09
    assert abs(truth.mean() - new[:4000].mean()) > 0.1  # the scores themselves are wrong


def test_one_known_object_tells_next_to_nothing():
    found = venn_abers([0.5], [True], [0.9])
    assert (found.low[0], found.high[0]) == (0.5, 1.0)


def test_no_probability_is_certain():
    found = venn_abers(np.linspace(0, 1, 50), np.linspace(0, 1, 50) > 0.5, [0.0, 1.0])
    assert 0 < found.probability[0] < 0.1
    assert 0.9 < found.probability[1] < 1
