from __future__ import annotations

import numpy as np
import pytest

from checkstar.variability.fourier_sums import fourier_sums

RNG = np.random.default_rng(4)


@pytest.mark.parametrize("n_frequencies", [3, 200, 5000])
def test_the_sums_are_those_of_the_definition(n_frequencies):
    turns, weights = RNG.uniform(-300.0, 400.0, 90), RNG.normal(size=(2, 90))
    row = np.repeat([0, 1, 2], [40, 0, 50]) if n_frequencies < 100 else np.repeat([0, 2], [40, 50])
    got = fourier_sums(turns, weights, row, 3, n_frequencies)
    assert got.shape == (2, 3, n_frequencies)
    for r in range(3):
        waves = np.exp(2j * np.pi * np.outer(turns[row == r], np.arange(n_frequencies)))
        for c in range(2):
            exact = weights[c, row == r] @ waves
            # Kernel and float32: 1e-5 of the absolute sum.
            np.testing.assert_allclose(got[c, r], exact, atol=1e-5 * max(np.abs(weights[c, row == r]).sum(), 1e-30))


def test_a_shift_by_whole_turns_changes_nothing():
    turns, weights = RNG.uniform(0, 1, 20), np.ones((1, 20))
    first = fourier_sums(turns, weights, np.zeros(20, int), 1, 100)
    np.testing.assert_allclose(fourier_sums(turns + 7, weights, np.zeros(20, int), 1, 100), first, atol=1e-4)
