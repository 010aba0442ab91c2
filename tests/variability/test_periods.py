from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from checkstar.data.light_curves import LightCurves
from checkstar.errors import InputError
from checkstar.evidence import binomial
from checkstar.variability.match_rates import match_rate
from checkstar.variability.periods import find_periods

RNG = np.random.default_rng(2)


def nights(n: int, span: float = 1500.0):
    """Times of a telescope on the ground: within three hours of the same time of night."""
    return 55_000 + np.sort(RNG.integers(0, int(span), n) + RNG.uniform(-0.12, 0.12, n))


def pulsator(period: float, n: int = 150, noise: float = 0.05):
    time = nights(n)
    turn = 2 * np.pi * time / period
    # As an RR Lyrae: a rise steeper than the fall.
    value = 15 + 0.3 * np.cos(turn) + 0.12 * np.cos(2 * turn - 1.7) + 0.05 * np.cos(3 * turn - 3.0)
    return time, value + RNG.normal(0, noise, n), np.full(n, noise)


def binary(period: float, depths: tuple[float, float], width: float, n: int = 200, noise: float = 0.03):
    time = nights(n)
    phase = np.mod(time / period, 1)
    apart = np.abs(np.mod(phase - np.array([[0.0], [0.5]]) + 0.5, 1) - 0.5)
    value = 14 + np.array(depths) @ np.exp(-0.5 * (apart / width) ** 2)
    return time, value + RNG.normal(0, noise, n), np.full(n, noise)


def many(curves):
    return LightCurves.from_lists(*zip(*curves, strict=True))


TRUTH = np.array([0.53, 0.61, 0.72, 0.4571, 5.37])
CURVES = many([pulsator(p) for p in TRUTH])
FOUND = find_periods(CURVES)


def test_a_noiseless_sinusoid_is_found_exactly():
    time = nights(120)
    curves = LightCurves.from_lists([time], [15 + 0.2 * np.sin(2 * np.pi * time / 0.61)], [np.full(120, 0.02)])
    found = find_periods(curves, multiples=False)
    # A thousandth of the width of the peak, P^2 / span / 1000, is 2.5e-7 d.
    assert found.period[0, 0] == pytest.approx(0.61, abs=3e-7)
    assert found.power[0, 0] == pytest.approx(1.0, abs=1e-5)
    assert found.false_alarm[0, 0] < 1e-100


def test_pulsating_stars_are_found_at_their_period():
    np.testing.assert_allclose(FOUND.period[:, 0], TRUTH, rtol=1e-4)
    assert (FOUND.false_alarm[:, 0] < 1e-6).all()
    assert (FOUND.n_harmonics[:, 0] >= 2).all()


def test_the_periods_of_one_star_are_distinct_and_their_relation_is_named():
    assert (np.diff(np.sort(FOUND.period, axis=1), axis=1) > 0).all()
    # The second is the other cycle, with two minima instead of one; nights make aliases of the rest.
    assert set(FOUND.alias_of[:, 1]) <= {"twice the period", "half the period"}
    assert any("day" in note for note in FOUND.alias_of[:, 2])
    plain = find_periods(CURVES, multiples=False)
    assert any("day" in note for note in plain.alias_of[:, 1:].ravel())


# In contact, detached, and detached with one eclipse twice as deep. Equal minima of a cycle near a day are those of an RR
# Lyrae star as well: light curves alone do not tell.
@pytest.mark.parametrize(
    ("depths", "width", "periods"),
    [
        ((0.4, 0.4), 0.09, [0.285, 0.331, 0.374]),
        ((0.6, 0.6), 0.03, [0.713, 1.374, 2.61]),
        ((0.6, 0.3), 0.03, [0.412, 0.874, 3.13]),
    ],
)
def test_eclipsing_binaries_are_found_at_the_full_period(depths, width, periods):
    found = find_periods(many([binary(p, depths, width) for p in periods]))
    np.testing.assert_allclose(found.period[:, 0], periods, rtol=1e-4)
    half = find_periods(many([binary(0.331, (0.4, 0.4), 0.09)]), multiples=False, n_harmonics=1)
    assert half.period[0, 0] == pytest.approx(0.331 / 2, rel=1e-4)


def test_a_batch_gives_what_each_object_gives_alone():
    for i in range(len(CURVES)):
        alone = find_periods(CURVES[[i]])
        for one, together in zip(alone, FOUND, strict=True):
            np.testing.assert_array_equal(one[0], together[i])


def test_bands_are_searched_together_with_a_mean_of_their_own():
    time, value, error = pulsator(0.61, n=90)
    band = RNG.choice(["g", "r"], 90)
    curves = LightCurves.from_lists([time], [value + 2.0 * (band == "g")], [error], band=[band])
    assert find_periods(curves).period[0, 0] == pytest.approx(0.61, rel=1e-4)
    single = LightCurves.from_lists([time], [value + 2.0 * (band == "g")], [error])
    assert find_periods(single).period[0, 0] != pytest.approx(0.61, rel=1e-2)


def test_flux_and_magnitude_give_the_same_periods():
    time, value, error = binary(0.412, (0.5, 0.4), 0.08)
    flux = 10 ** (-0.4 * (value - 14))
    curves = LightCurves.from_lists([time], [flux], [flux * error / 1.086], unit="nJy")
    assert find_periods(curves).period[0, 0] == pytest.approx(0.412, rel=1e-4)


def test_objects_that_cannot_be_searched_have_no_period_and_the_rest_goes_on():
    time, value, error = pulsator(0.53)
    nothing = np.full(150, np.nan)
    lists = [
        (time, value, error),
        (time[:4], value[:4], error[:4]),
        (time, np.full(150, 15.1), error),
        ([], [], []),
        (time, nothing, error),
        (np.full(150, 55_000.0), value, error),
        (time, value, nothing),
    ]
    found = find_periods(many(lists))
    searched = np.array([True, False, False, False, False, False, True])
    assert np.isfinite(found.period[:, 0]).tolist() == searched.tolist()
    np.testing.assert_array_equal(found.false_alarm[~searched], 1.0)
    assert found.period[6, 0] == pytest.approx(0.53, rel=1e-4)


def test_an_epoch_out_of_its_century_does_not_exhaust_the_memory():
    time, value, error = pulsator(0.53, n=40)
    found = find_periods(
        LightCurves.from_lists([np.append(time, 2.4e6)], [np.append(value, 15.0)], [np.append(error, 1.0)])
    )
    assert found.period.shape == (1, 3)


def test_noise_alone_is_seldom_taken_for_a_period():
    n = 60
    time = nights(40, span=60.0)
    curves = many([(time, RNG.normal(15, 0.1, 40), np.full(40, 0.1)) for _ in range(n)])
    for settings in ({"n_harmonics": 1}, {}):
        found = find_periods(curves, min_period=0.2, max_period=30, multiples=False, **settings)
        assert binomial(int((found.false_alarm[:, 0] < 0.1).sum()), n).low <= 0.1
    alone = find_periods(curves, min_period=0.2, max_period=30, multiples=False, n_harmonics=1)
    # Not so cautious that nothing is ever found: of 60 trials 12 are expected below 0.2.
    assert (alone.false_alarm[:, 0] < 0.4).sum() >= 5
    assert ((alone.period[:, 0] >= 0.2) & (alone.period[:, 0] <= 30)).all()


def test_progress_counts_every_object():
    seen = []
    find_periods(CURVES, min_period=0.3, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (5, 5)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"n_best": 0}, "both are at least one"),
        ({"n_harmonics": ()}, "both are at least one"),
        ({"min_period": 2.0, "max_period": 1.0}, "0 < min_period < max_period"),
        ({"min_period": 0.0}, "0 < min_period < max_period"),
    ],
)
def test_settings_that_mean_nothing_are_refused(settings, message):
    with pytest.raises(InputError, match=message):
        find_periods(CURVES, **settings)


CATALINA = Path(os.environ.get("CHECKSTAR_DATA", "none"), "variable-stars/catalina-south/catalina_south_shared.npz")


@pytest.mark.skipif(not CATALINA.exists(), reason="set CHECKSTAR_DATA to the folder with variable-stars/")
def test_periods_of_catalina_stars_are_those_of_the_catalogue():
    data = np.load(CATALINA)
    curves = LightCurves(time=data["time"], value=data["mag"], error=data["magerr"], offsets=data["offsets"])
    # The half that no setting was chosen on, of benchmarks/periods.py.
    rest = np.flatnonzero(np.random.default_rng(20).permutation(len(curves)) >= len(curves) // 2)
    rows = np.random.default_rng(0).choice(rest, 200, replace=False)
    rates = match_rate(find_periods(curves[rows]).period, data["period"][rows])
    # 0.86 and 0.93 of all 4,008; one sigma of 200 is 0.025 and 0.018.
    assert rates.exact.value > 0.79
    assert rates.exact.value + rates.harmonic.value > 0.88


@pytest.mark.parametrize(("column", "number"), [("value", 1e300), ("error", 1e300), ("error", 3.4e38)])
def test_place_holders_of_any_size_are_no_measurements(column, number):
    time = np.sort(np.random.default_rng(3).uniform(0, 300, 120))
    value = 15 + 0.2 * np.sin(2 * np.pi * time / 0.61)
    good = LightCurves.from_lists([time] * 2, [value] * 2, [np.full(120, 0.02)] * 2)
    broken = np.where(good.owner == 0, number, getattr(good, column))
    found = find_periods(good.replace(**{column: broken}), n_best=1).period[:, 0]
    assert found[1] == pytest.approx(0.61, rel=1e-4)
    # Without a usable error all epochs count alike; without a usable value there is nothing to search.
    assert np.isnan(found[0]) if column == "value" else found[0] == pytest.approx(0.61, rel=1e-4)
