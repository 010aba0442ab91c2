import numpy as np
import pytest
from scipy import stats

from checkstar.errors import InputError
from checkstar.simulators import draw_supernovae, simulate_supernovae
from checkstar.simulators import supernovae as module
from checkstar.simulators.explosions import EXPLOSIONS


@pytest.fixture(scope="module")
def events():
    return draw_supernovae(1200, 0)


def alike(name, n=1, **changes):
    """Parameters of `n` events of a class without scatter."""
    about = EXPLOSIONS[name]
    columns = {
        "z": 0.1,
        "peak": about.peak[0],
        "rise": about.rise[0],
        "fall": about.fall[0],
        "plateau": about.plateau[0],
        "slope": about.slope,
        "hot": about.hot[0],
        "cool": about.cool,
        "cooling": about.cooling,
        "blanketing": about.blanketing,
        "bump": 0.0,
        "dust": 0.0,
    }
    return module._Events(**{key: np.full(n, float(value)) for key, value in (columns | changes).items()})


def flux(events, days, band=2):
    owner = np.zeros(len(days), int)
    return module._flux(events, np.asarray(days, float), np.full(len(days), band), owner)


def test_the_sample_is_that_of_the_seed_and_of_its_size(events):
    one, same, other = (simulate_supernovae(40, rng=seed) for seed in (1, 1, 2))
    assert np.array_equal(one.value, same.value)
    assert one.meta.equals(same.meta)
    assert not np.array_equal(one.value[:20], other.value[:20])
    assert len(events.curves) == 1200
    assert len(events.true_value) == len(events.curves.time)


def test_the_noise_is_as_stated_apart_from_what_detection_chooses(events):
    z = (events.curves.value - events.true_value) / events.curves.error
    # chi^2 of n epochs; faint events are found where noise is positive in three of about 50 epochs: below 1 %.
    assert np.mean(z**2) == pytest.approx(1.0, abs=5 * np.sqrt(2 / len(z)) + 0.01)
    assert np.mean(z) < 0.02


def test_classes_have_their_shares_whatever_their_brightness(events):
    count = events.curves.meta["class"].value_counts()
    for name, about in EXPLOSIONS.items():
        low, high = stats.binom.interval(1 - 1e-5, 1200, about.share)
        assert low <= count[name] <= high


def test_every_event_was_found_and_epochs_are_in_order(events):
    curves = events.curves
    seen = np.bincount(curves.owner[curves.value > 5 * curves.error], minlength=len(curves))
    assert seen.min() >= 3
    assert (np.diff(curves.time)[np.diff(curves.owner) == 0] > 0).all()
    assert 20 <= np.median(curves.n_epochs) <= 100
    # More than half of the events are seen in at least four bands.
    assert np.median([len(np.unique(curve.band)) for curve in curves]) >= 4


def test_faint_classes_are_near_and_bright_ones_far(events):
    z = events.curves.meta.groupby("class")["true_redshift"].median()
    assert z["II"] < z["Ia"] < z["SLSN"]


def test_measured_redshifts_scatter_by_their_errors(events):
    meta = events.curves.meta
    pull = (meta["redshift"] - meta["true_redshift"]) / meta["redshift_err"]
    near_zero = meta["true_redshift"] < 4 * meta["redshift_err"]
    # The standard error of a variance of about 1000 is 0.045.
    assert pull[~near_zero].var() == pytest.approx(1.0, abs=0.2)


@pytest.mark.parametrize("name", [name for name, about in EXPLOSIONS.items() if not about.plateau[0]])
def test_maximum_is_where_and_as_bright_as_it_is_said(name):
    days = np.linspace(-30, 30, 601)
    one = module._Events(*(np.repeat(column, len(days)) for column in alike(name)))
    light = module._rise_and_fall(one, days)
    assert days[light.argmax()] == pytest.approx(0.0, abs=0.11)
    assert light.max() == pytest.approx(1.0, abs=1e-3)


def test_type_two_stay_on_a_plateau_and_then_fall():
    light = flux(alike("II", z=0.01), [10.0, 60.0, 75.0 + 60.0])
    assert light[1] > 0.4 * light[0]
    assert light[2] < 0.1 * light[1]


def test_the_visual_magnitude_follows_luminosity_distance():
    # z = 0.1 in a flat universe of H0 = 70, Omega_m = 0.3: 460.3 Mpc (Wright 2006, PASP 118, 1711), modulus 38.315.
    modulus = np.interp(0.1, module._distances().z, module._distances().modulus)
    assert modulus == pytest.approx(38.315, abs=0.003)
    # In the band that sees rest-frame V the colour term is one: m = M + modulus - 2.5 log10(1 + z).
    z = module._WAVELENGTH[2] / 5500.0 - 1
    event = alike("TDE", z=z)
    modulus = np.interp(z, module._distances().z, module._distances().modulus)
    expected = 10 ** (-0.4 * (event.peak[0] + modulus - 2.5 * np.log10(1 + z) - 31.4))
    assert flux(event, [0.0])[0] == pytest.approx(expected, rel=1e-6)


def test_time_is_dilated():
    days = np.linspace(0, 80, 801)
    near, far = (flux(alike("Ia", z=z, cooling=1e9, blanketing=0.0), days) for z in (0.0, 1.0))
    half = [days[np.argmax(light < 0.5 * light[0])] for light in (near, far)]
    assert half[1] / half[0] == pytest.approx(2.0, abs=0.02)


def test_supernovae_redden_as_they_cool_and_tidal_disruptions_do_not():
    def colour(name, day):
        return -2.5 * np.log10(flux(alike(name), [day], band=1)[0] / flux(alike(name), [day], band=2)[0])

    assert colour("Ia", 30.0) - colour("Ia", 0.0) > 0.5
    assert abs(colour("TDE", 30.0) - colour("TDE", 0.0)) < 0.1
    assert colour("TDE", 0.0) < colour("Ia", 0.0) < colour("Ia-91bg", 0.0)


def test_dust_reddens():
    clear, dusty = (flux(alike("Ia", dust=dust), [0.0, 0.0], band=band) for dust, band in ((0.0, 2), (1.0, 2)))
    blue = [flux(alike("Ia", dust=dust), [0.0], band=1)[0] for dust in (0.0, 1.0)]
    assert blue[1] / blue[0] < (dusty / clear)[0] < 1


@pytest.mark.parametrize(
    ("arguments", "message"), [({"n": 0}, "n is 0"), ({"n": 5, "classes": ["Ix"]}, "no simulated class 'Ix'")]
)
def test_bad_arguments_are_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        simulate_supernovae(**arguments)
