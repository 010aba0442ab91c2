import dataclasses

import numpy as np
import pytest

from checkstar.errors import InputError
from checkstar.simulators.cadences import SURVEYS, draw_epochs, survey_named

RA = np.random.default_rng(0).uniform(0, 360, 400)


def steps(epochs):
    """Days between successive epochs of one star."""
    return np.diff(epochs.time)[np.diff(epochs.owner) == 0]


@pytest.mark.parametrize("name", SURVEYS)
def test_epochs_of_each_star_stand_together_in_order_of_time(name):
    epochs = draw_epochs(SURVEYS[name], RA, rng=1)
    assert (np.diff(epochs.owner) >= 0).all()
    assert (steps(epochs) > 0).all()
    assert set(np.unique(epochs.band)) == set(range(len(SURVEYS[name].bands)))
    again = draw_epochs(SURVEYS[name], RA, rng=1)
    assert np.array_equal(epochs.time, again.time)


@pytest.mark.parametrize("name", SURVEYS)
def test_the_median_number_of_epochs_is_that_of_the_survey(name):
    survey = SURVEYS[name]
    count = np.bincount(draw_epochs(survey, RA, rng=2).owner, minlength=len(RA))
    # The standard error of a median of 400 log-normal counts is 1.25 x 0.35 / 20 = 2 %; seasons cap the largest.
    assert np.median(count) == pytest.approx(survey.nights * survey.exposures, rel=0.09)


def test_catalina_takes_four_images_in_half_an_hour_and_none_at_full_moon():
    epochs = draw_epochs(SURVEYS["catalina"], RA, rng=3)
    night = np.floor(epochs.time)
    _, count = np.unique(np.stack([epochs.owner, night]), axis=1, return_counts=True)
    # Nearly all nights: a visit may run over midnight UT of the next day.
    assert np.mean(count % 4 == 0) > 0.9
    short = steps(epochs) < 0.05
    assert short.mean() == pytest.approx(0.75, abs=0.01)
    assert (3 * steps(epochs)[short]).max() < 0.5 / 24 * 1.5
    # Full moon of 2009 January 11, 03:27 UT, found elsewhere: MJD 54842.14; the mean month strays by up to 14 hours.
    age = (epochs.time - 54842.14 + 29.530589 / 2) % 29.530589 - 29.530589 / 2
    assert np.abs(age).min() > 4.0 - 1.2


@pytest.mark.parametrize("name", SURVEYS)
def test_every_star_away_from_the_pole_has_a_season_each_year(name):
    epochs = draw_epochs(SURVEYS[name], RA, rng=4)
    longest = np.array([np.diff(epochs.time[epochs.owner == i]).max(initial=0) for i in range(50)])
    assert (longest > 60).all()
    # Stars on opposite sides of the sky are observed half a year apart.
    times = (draw_epochs(SURVEYS[name], [ra] * 40, rng=5).time for ra in (0.0, 180.0))
    one, other = (np.mean(np.exp(2j * np.pi * time / 365.25)) for time in times)
    apart = np.angle(one / other)
    assert abs(apart) == pytest.approx(np.pi, abs=0.5)


def test_times_cluster_in_the_night_so_that_there_are_daily_aliases():
    epochs = draw_epochs(SURVEYS["asas"], [10.0], rng=6)
    assert abs(np.mean(np.exp(2j * np.pi * epochs.time))) > 0.6
    # The spectral window has no such power half-way between the aliases.
    assert abs(np.mean(np.exp(2j * np.pi * 0.5 * epochs.time))) < 0.15


def test_errors_add_in_quadrature_and_grow_with_the_powers_of_photon_noise():
    survey = dataclasses.replace(SURVEYS["catalina"], floor=0.0, sky=0.0)
    assert survey.sigma(18.0) / survey.sigma(16.0) == pytest.approx(10**0.4)
    only_sky = dataclasses.replace(survey, photon=0.0, sky=0.001)
    assert only_sky.sigma(18.0) / only_sky.sigma(16.0) == pytest.approx(10**0.8)
    assert SURVEYS["catalina"].sigma(5.0) == pytest.approx(SURVEYS["catalina"].floor, rel=1e-3)
    assert survey.sigma(16.0, 2.0) == pytest.approx(2 * survey.sigma(16.0))


def test_unknown_surveys_and_empty_ones_are_refused():
    with pytest.raises(InputError, match="no survey 'catalena'; did you mean 'catalina'"):
        survey_named("catalena")
    with pytest.raises(InputError, match="each is at least 1"):
        draw_epochs(dataclasses.replace(SURVEYS["asas"], nights=0), RA)
    assert len(draw_epochs(SURVEYS["asas"], []).time) == 0
