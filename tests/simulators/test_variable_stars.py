import os

import numpy as np
import pytest
from scipy import stats

from checkstar.errors import InputError
from checkstar.simulators import draw_variable_stars, simulate_variable_stars
from checkstar.simulators.cadences import SURVEYS
from checkstar.simulators.star_classes import NON_PERIODIC, SHARES


@pytest.fixture(scope="module")
def stars():
    return draw_variable_stars(3000, 0)


def fourier(curves, n_harmonics=5):
    """Amplitudes (n, k) and phases (n, k) of the cosine series at the catalogue period."""
    amplitudes, phases = [], []
    for curve, period in zip(curves, curves.meta["period"], strict=True):
        angle = 2 * np.pi * curve.time / period
        columns = [np.ones_like(angle)] + [f((k + 1) * angle) for k in range(n_harmonics) for f in (np.cos, np.sin)]
        design = np.stack(columns, axis=1) / curve.error[:, None]
        found = np.linalg.lstsq(design, curve.value / curve.error, rcond=None)[0]
        amplitudes.append(np.hypot(found[1::2], found[2::2]))
        phases.append(np.arctan2(-found[2::2], found[1::2]))
    return np.array(amplitudes), np.array(phases)


def shape(curves):
    """Medians of R21 and R31, and circular means of phi21 and phi31."""
    amplitudes, phases = fourier(curves)
    ratios = np.median(amplitudes[:, 1:3] / amplitudes[:, :1], axis=0)
    turned = [np.mean(np.exp(1j * (phases[:, k] - (k + 1) * phases[:, 0]))) for k in (1, 2)]
    return np.concatenate([ratios, np.angle(turned) % (2 * np.pi)])


def bright(curves, faintest):
    return curves[curves.meta["mean_mag"].to_numpy() < faintest]


def test_the_sample_is_that_of_the_seed_and_of_its_size(stars):
    one, same, other = (simulate_variable_stars(60, rng=seed) for seed in (1, 1, 2))
    assert np.array_equal(one.value, same.value)
    assert one.meta.equals(same.meta)
    assert not np.array_equal(one.time[:50], other.time[:50])
    assert len(stars.curves) == 3000
    assert stars.curves.meta["id"].is_unique


def test_the_noise_is_as_stated_wherever_there_is_no_outlier(stars):
    z = (stars.curves.value - stars.true_value) / stars.curves.error
    n = np.sum(~stars.is_outlier)
    # chi^2 of n epochs has a relative standard deviation of sqrt(2 / n); five of them.
    assert np.mean(z[~stars.is_outlier] ** 2) == pytest.approx(1.0, abs=5 * np.sqrt(2 / n))
    assert abs(np.mean(z[~stars.is_outlier])) < 5 / np.sqrt(n)
    faint = (stars.true_value > 18) & ~stars.is_outlier
    assert np.mean(z[faint] ** 2) == pytest.approx(1.0, abs=5 * np.sqrt(2 / faint.sum()))
    assert np.mean(z[stars.is_outlier] ** 2) > 10


def test_outliers_are_as_frequent_as_the_survey_says(stars):
    n, rate = len(stars.is_outlier), SURVEYS["catalina"].outliers
    low, high = stats.binom.interval(1 - 1e-6, n, rate)
    assert low <= stars.is_outlier.sum() <= high


def test_errors_do_not_tell_the_magnitude_without_noise(stars):
    # Seeing changes the error of a star by 15 %, so that 0.4 mag cannot be read from it.
    one = stars.curves[[int(np.argmax(stars.curves.meta["mean_mag"] > 17.5))]]
    assert np.std(np.log(one.error)) > 0.1


def test_classes_have_their_shares(stars):
    count = stars.curves.meta["class"].value_counts()
    assert set(count.index) == set(SHARES)
    for name, share in SHARES.items():
        low, high = stats.binom.interval(1 - 1e-5, 3000, share)
        assert low <= count[name] <= high


def test_only_what_is_not_periodic_has_no_period(stars):
    meta = stars.curves.meta
    assert meta["period"][meta["class"] == NON_PERIODIC].isna().all()
    assert (meta["period"][meta["class"] != NON_PERIODIC] > 0).all()


@pytest.mark.parametrize("name", ["RRc", "DCEP", "EA", "EB/EW"])
def test_folded_light_curves_repeat(name):
    stars = draw_variable_stars(40, 3, classes=[name])
    period = stars.curves.meta["period"].to_numpy()
    spread = []
    for i, first in enumerate(stars.curves.offsets[:-1]):
        part = slice(first, stars.curves.offsets[i + 1])
        order = np.argsort(stars.curves.time[part] / period[i] % 1)
        folded = stars.true_value[part][order]
        spread.append(np.abs(np.diff(folded)).sum() / (folded.max() - folded.min()))
    # Once round, a curve with two minima goes up and down twice: four times its range, a little more where it has bumps.
    # Modulated and double-mode stars do not repeat; the median star of these classes does.
    assert np.median(spread) < 6


def test_rr_lyrae_lie_in_the_published_boxes():
    # Cosine series in V: RRab have R21 0.3-0.6, R31 0.15-0.4, phi21 3.5-4.6, phi31 1.5-3.0, and RRc R21 below 0.25 with phi21
    # 4.3-5.3 (Simon & Teays 1982, ApJ 261, 586; Deb & Singh 2009, A&A 507, 1729).
    rrab, rrc = (shape(bright(simulate_variable_stars(150, 5, classes=[name]), 16.0)) for name in ("RRab", "RRc"))
    assert (rrab > [0.3, 0.15, 3.5, 1.5]).all()
    assert (rrab < [0.6, 0.4, 4.6, 3.0]).all()
    assert (rrc > [0.05, 0.03, 4.3, 2.5]).all()
    assert (rrc < [0.25, 0.2, 5.3, 4.5]).all()


def test_classical_cepheids_follow_the_progression_of_hertzsprung():
    stars = simulate_variable_stars(900, 6, classes={"DCEP": 1.0}, survey="asas")
    amplitudes, phases = fourier(stars)
    period, ratio = stars.meta["period"].to_numpy(), amplitudes[:, 1] / amplitudes[:, 0]
    fundamental = amplitudes[:, 0] > 0.2
    short, middle, long = (
        np.median(ratio[fundamental & (period > low) & (period < high)])
        for low, high in ((3, 6), (9.5, 11.5), (15, 40))
    )
    # Resonance near ten days: the second harmonic nearly vanishes (Simon & Lee 1981, ApJ 248, 291).
    assert middle < 0.17 < 0.22 < long < short
    phi21 = (phases[:, 1] - 2 * phases[:, 0]) % (2 * np.pi)
    before = np.median(phi21[fundamental & (period > 3) & (period < 4)])
    after = np.median(phi21[fundamental & (period > 7) & (period < 8)])
    assert after - before == pytest.approx(0.9, abs=0.25)


def test_the_longer_the_period_of_an_rrab_the_smaller_its_range():
    meta = simulate_variable_stars(800, 7, classes=["RRab"]).meta
    # Bailey diagram: rank correlation of the table and its scatter; the standard error of 800 is 0.03.
    assert stats.spearmanr(meta["period"], meta["amplitude"])[0] < -0.4


def test_stars_are_recognised_or_bright(stars):
    meta, survey = stars.curves.meta, SURVEYS["catalina"]
    varies = meta["amplitude"].to_numpy() > 0
    noise = survey.sigma(meta["mean_mag"].to_numpy())
    faint = meta["mean_mag"].to_numpy() > survey.bright + 1
    assert (meta["amplitude"].to_numpy() >= 2.99 * noise)[varies & faint].all()
    assert meta["mean_mag"].between(survey.bright, survey.faint).all()


def test_epochs_beyond_the_limits_are_not_there(stars):
    survey = SURVEYS["catalina"]
    assert stars.true_value.max() <= survey.faint + 0.5
    assert stars.true_value.min() >= survey.bright - 1.0


def test_a_survey_in_two_bands_gives_redder_stars_a_smaller_range():
    stars = draw_variable_stars(60, 8, survey="ztf", classes=["RRab"])
    curves = stars.curves
    assert curves.bands == ("g", "r")
    spread = [
        [np.ptp(stars.true_value[(curves.owner == i) & (curves.band == band)]) for band in (0, 1)] for i in range(60)
    ]
    assert np.median(np.divide(*np.transpose(spread))) == pytest.approx(1.35, abs=0.05)


def test_classes_of_ones_own_are_given_by_name_or_share():
    meta = simulate_variable_stars(200, 9, classes={"EA": 3, "microlensing": 1}).meta
    assert stats.binomtest(int((meta["class"] == "EA").sum()), 200, 0.75).pvalue > 1e-6
    assert meta["period"][meta["class"] == "microlensing"].isna().all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n": 0}, "n is 0"),
        ({"n": 5, "survey": "kepler"}, "no survey 'kepler'"),
        ({"n": 5, "classes": ["RRx"]}, "no simulated class 'RRx'"),
    ],
)
def test_bad_arguments_are_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        simulate_variable_stars(**arguments)


def test_rr_lyrae_look_like_those_of_catalina():
    if not os.environ.get("CHECKSTAR_DATA"):
        pytest.skip("CHECKSTAR_DATA is not set: the shared data are not here")
    from checkstar.data.curve_sources import catalina_south

    observed = catalina_south()
    meta = observed.meta
    for name, n in (("RRab", 120), ("RRc", 120)):
        chosen = np.flatnonzero((meta["class"] == name) & (meta["vmag"] < 15.5) & (observed.n_epochs > 100))[:n]
        real = shape(observed[chosen])
        ours = shape(bright(simulate_variable_stars(300, 11, classes=[name]), 15.5))
        # Medians of about 100 stars each, whose standard errors are 0.01 of ratios and up to 0.1 rad of phases.
        np.testing.assert_allclose(ours[:2], real[:2], atol=0.06)
        np.testing.assert_allclose(ours[2:], real[2:], atol=0.35)
