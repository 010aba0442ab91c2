from __future__ import annotations

import numpy as np
import pytest

from checkstar.data.curve_layout import curve_dataset
from checkstar.data.light_curves import LightCurves
from checkstar.errors import InputError
from checkstar.methods import VariableStarCuts
from checkstar.methods.light_curves.cuts import CELLS, assign_cells
from checkstar.simulators.variable_stars import simulate_variable_stars
from checkstar.testing import check_method
from checkstar.variability.features import describe_curves

NAMES = [cell.name for cell in CELLS]
N = 150


def cell_of(period: float, shape, noise: float = 0.01) -> str:
    """The cell of a star whose magnitude is `shape` (phase in cycles)."""
    rng = np.random.default_rng(0)
    time = np.sort(rng.uniform(0, max(1000, 10 * period), N))
    value = 14 + shape(time / period % 1) + noise * rng.standard_normal(N)
    features = describe_curves(LightCurves.from_lists([time], [value], [np.full(N, 0.01)]), [period])
    return NAMES[assign_cells(features.values, list(features.names))[0]]


def wave(*terms: tuple[float, float]):
    """Cosine series of amplitudes and phases."""
    return lambda p: sum(a * np.cos(2 * np.pi * k * p + f) for k, (a, f) in enumerate(terms, 1))


def eclipses(width: float):
    return lambda p: (
        1.0 * np.exp(-0.5 * (np.minimum(p, 1 - p) / width) ** 2) + 0.4 * np.exp(-0.5 * ((p - 0.5) / width) ** 2)
    )


SAW = wave((0.3, 0.0), (0.15, 4.5), (0.08, 2.5))


@pytest.mark.parametrize(
    ("period", "shape", "cell"),
    [
        (330.0, wave((2.0, 0.0)), "Mira"),
        (150.0, wave((0.4, 0.0)), "semiregular"),
        (150.0, wave((0.1, 0.0)), "small amplitude red"),
        (2.5, eclipses(0.02), "detached, long"),
        (0.6, eclipses(0.02), "detached, short"),
        (0.35, wave((0.02, 0.0), (0.25, 0.0)), "contact, large amplitude"),
        (0.35, wave((0.01, 0.0), (0.1, 0.0)), "contact, small amplitude"),
        (0.08, wave((0.15, 0.0)), "delta Scuti"),
        (0.55, SAW, "RRab"),
        (0.8, SAW, "RRab, long"),
        (0.33, wave((0.2, 0.0), (0.02, 4.5)), "RRc"),
        (5.0, SAW, "classical Cepheid"),
        (15.0, wave((0.4, 0.0), (0.05, 4.5)), "type II Cepheid"),
        (0.9, wave((0.05, 0.0)), "rotation, fast"),
        (20.0, wave((0.05, 0.0)), "rotation, slow"),
    ],
)
def test_a_typical_star_falls_into_its_cell(period, shape, cell):
    assert cell_of(period, shape) == cell


def test_noise_is_not_periodic():
    assert cell_of(0.5, lambda p: 0 * p, noise=0.3) == "not periodic"


def test_a_double_mode_star_is_found_among_rr_lyrae_stars():
    rng = np.random.default_rng(0)
    time = np.sort(rng.uniform(0, 2000, N))
    value = 14 + 0.2 * np.cos(2 * np.pi * time / 0.36) + 0.1 * np.cos(2 * np.pi * time / (0.36 / 0.745))
    features = describe_curves(LightCurves.from_lists([time], [value], [np.full(N, 0.01)]), [0.36])
    assert NAMES[assign_cells(features.values, list(features.names))[0]] == "RRd"


def test_every_cell_is_part_of_one_before_it():
    assert [cell.parent for cell in CELLS[:1]] == [""]
    assert all(cell.parent in NAMES[:i] for i, cell in enumerate(CELLS) if i)


STARS = simulate_variable_stars(200, rng=0)
DATA = curve_dataset(STARS, "class", extras=["period"], meta=[])


def test_it_keeps_the_contract():
    few = simulate_variable_stars(60, rng=1, classes=["RRab", "EA", "Mira"])
    check_method(VariableStarCuts(), curve_dataset(few, "class", extras=["period"], meta=[], n_epochs=60))


def test_it_beats_the_frequencies_of_the_classes_by_far():
    fitted = VariableStarCuts().fit_data(DATA[:130])
    test = DATA[130:]
    said, truth = fitted.predict_distribution(test.x, noise=test.noise), test.y[:, 0]
    names, counts = np.unique(DATA.y[:130], return_counts=True)
    shares = dict(zip(names, counts / 130, strict=True))
    prior_loss = -np.mean([np.log(shares[name]) for name in truth])
    assert (said.predicted() == truth).mean() > 2 * max(shares.values())
    assert said.log_loss(truth[:, None]).mean() < 0.75 * prior_loss


def test_the_probabilities_of_a_full_cell_are_the_frequencies_in_it():
    fitted = VariableStarCuts().fit_data(DATA)
    features = fitted.describe(DATA.x, noise=DATA.noise)
    cells = assign_cells(features.values, list(features.names))
    cell = np.bincount(cells).argmax()
    there = DATA.y[cells == cell, 0]
    frequency = np.array([(there == name).mean() for name in fitted.names_])
    # Two objects of the larger cell speak too.
    assert fitted.shares_[cell] == pytest.approx(frequency, abs=2 / len(there))


def test_a_cell_that_training_never_filled_answers_as_the_larger_one():
    kept = STARS.meta["class"].isin(["RRab", "EA", "ROT"]).to_numpy()
    fitted = VariableStarCuts().fit_data(DATA[np.flatnonzero(kept)])
    mira = NAMES.index("Mira")
    assert fitted.shares_[mira] == pytest.approx(fitted.shares_[NAMES.index("long period")])
    assert fitted.shares_.sum(axis=1) == pytest.approx(1)


def test_fluxes_are_refused():
    flux = curve_dataset(STARS.replace(unit="nJy"), "class", extras=["period"], meta=[])
    with pytest.raises(InputError, match="in nJy; its cuts are in magnitudes"):
        VariableStarCuts().fit_data(flux)


def test_ab_magnitudes_are_magnitudes():
    ab = curve_dataset(STARS.replace(unit="mag(AB)"), "class", extras=["period"], meta=[])
    other = curve_dataset(STARS, "class", extras=["period"], meta=[])
    one, two = (
        VariableStarCuts().fit_data(data).predict_distribution(data.x, noise=data.noise).probabilities
        for data in (ab, other)
    )
    np.testing.assert_array_equal(one, two)
