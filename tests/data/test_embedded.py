"""The embedded MILES spectra equal their source, and the estimate of their noise is right on known noise."""

import importlib.util
import os
import time
from pathlib import Path

import numpy as np
import pytest

from checkstar.data import embedded
from checkstar.errors import InputError

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "build_miles.py"


@pytest.fixture(scope="module")
def data():
    return embedded.miles()


@pytest.fixture(scope="module")
def build_miles():
    if not SCRIPT.exists():
        pytest.skip("scripts/build_miles.py is only in the repository, not in the source distribution")
    spec = importlib.util.spec_from_file_location("build_miles", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def published():
    """The complete stars of the shared copy at native sampling."""
    folder = os.environ.get("CHECKSTAR_DATA")
    if not folder:
        pytest.skip("CHECKSTAR_DATA is not set: no copy of MILES to compare with")
    arrays = dict(np.load(Path(folder) / "stellar-spectra" / "miles" / "miles_shared.npz"))
    complete = np.isfinite([arrays["teff"], arrays["logg"], arrays["feh"]]).all(axis=0)
    return {name: values if name == "wave" else values[complete] for name, values in arrays.items()}


def test_it_holds_707_complete_stars(data):
    assert data.x.shape == (707, 1055)
    assert data.labels == ("teff", "logg", "feh")
    assert data.units == {"teff": "K", "logg": "dex", "feh": "dex"}
    assert len(set(data.meta["id"])) == 707
    assert data.name == "MILES"
    for paper in ("MNRAS 371, 703", "MNRAS 374, 664", "A&A 532, A95"):
        assert paper in data.citation


def test_only_the_listed_stars_are_embedded(data):
    listed = Path(embedded.__file__).with_name("miles_ids.txt").read_text(encoding="ascii").split()
    assert data.meta["id"].tolist() == listed


def test_features_are_named_by_their_wavelength(data):
    wave = embedded.miles_wavelength()
    assert data.features[0] == "3602.15 A"
    assert [float(name.split()[0]) for name in data.features] == pytest.approx(wave)
    assert np.diff(wave) == pytest.approx(3.6)


def test_flux_is_relative_to_its_mean(data):
    # Quantised to 6e-5 at worst, averaged over a thousand bins.
    assert data.x.mean(axis=1) == pytest.approx(1.0, abs=1e-5)


def test_balmer_lines_are_where_they_belong(data):
    # Air wavelengths: H beta 4861.3, H alpha 6562.8. A stars of 8000-10000 K show them strongest.
    hot = data.x[(data.y[:, 0] > 8000) & (data.y[:, 0] < 10000)].mean(axis=0)
    wave = embedded.miles_wavelength()
    for line in (4861.3, 6562.8):
        near = np.abs(wave - line) < 30
        assert wave[near][hot[near].argmin()] == pytest.approx(line, abs=1.9)  # half a bin


def test_stars_of_a_cluster_are_one_group(data):
    clusters = data.meta["cluster"]
    sizes = clusters.value_counts()
    assert sizes["M71"] == 21
    assert sizes["Hyades"] == 13
    assert sizes["NGC 7789"] == 12
    assert set(data.meta["name"][clusters == "M5"].str.split().str[0]) == {"M5"}
    assert np.unique(data.y[clusters == "M71", 2]).tolist() == [-0.84]
    assert data.group_name == "cluster"
    field = ~data.meta["name"].str.endswith("Cl")
    assert (clusters[field] == data.meta["name"][field]).sum() == field.sum() - 10  # unmarked members and pairs


def test_the_name_m_is_not_taken_for_a_messier_cluster(data):
    assert (data.meta["cluster"] == data.meta["name"])[data.meta["name"].str.startswith("MS")].all()


def test_labels_equal_the_published(data, published):
    for name in ("id", "name", "sptype"):
        assert data.meta[name].tolist() == published[name].tolist()
    for label in data.labels:
        np.testing.assert_array_equal(data.select(label).y[:, 0], published[label])


def test_flux_equals_the_published_within_the_quantisation(data, published):
    inside = (published["wave"] > 3600.4) & (published["wave"] < 7398.2)
    binned = published["flux"][:, inside].astype(float).reshape(707, 1055, 4).mean(axis=2)
    stated = embedded.miles_provenance()["encoding"]["largest_error"]
    difference = data.x - binned / binned.mean(axis=1, keepdims=True)
    assert np.abs(difference).max() == pytest.approx(stated, rel=0.02)


def test_quantisation_is_far_below_the_noise(data):
    stored = embedded.read_miles()
    error = stored["scale"][:, None] / np.sqrt(12)
    assert np.quantile(error / data.noise.sigma_, 0.999) < 0.05


def test_noise_is_plausible(data):
    signal_to_noise = np.median(data.x / data.noise.sigma_, axis=1)
    # The library states typical S/N above 100 per Angstrom for field stars, less in clusters.
    assert 100 < np.median(signal_to_noise) < 500
    cluster = data.meta["name"].str.endswith("Cl").to_numpy()
    assert np.median(signal_to_noise[cluster]) < 0.7 * np.median(signal_to_noise[~cluster])


def test_twin_stars_differ_by_the_noise_estimate(data, build_miles):
    # 16 Cyg A and B differ by 50 K; apart from lines, their difference is the noise of both: an independent check.
    a, b = (data.meta["name"].tolist().index(name) for name in ("HD186408", "HD186427"))
    difference = build_miles.windowed_sigma(build_miles.scaled_difference(data.x[[a]] - data.x[[b]]), 20)[0]
    expected = np.hypot(*embedded.read_miles()["sigma"][[a, b]])
    assert np.median(difference / expected) == pytest.approx(1.0, abs=0.25)  # the scatter of 20 MADs and a real 50 K


def library(rng, sigma_of_star, smoothed, build_miles):
    """Synthetic binned spectra of two hidden parameters with noise of known sigma, and the sigma of a bin."""
    n, pixels = len(sigma_of_star), 440 * 4
    x = np.linspace(0, 1, pixels)
    lines = rng.uniform(0, 1, (40, 2))
    profiles = np.exp(-0.5 * np.square((x[:, None] - lines[:, 0]) / 0.002)) * lines[:, 1]
    hidden = rng.uniform(0, 1, (n, 2))
    depth = np.stack([hidden[:, [0]] * np.ones(20), hidden[:, [1]] * np.ones(20)], axis=1).reshape(n, 40)
    noise = rng.standard_normal((n, pixels + 40))
    if smoothed:
        offset = np.arange(-20, 21) * build_miles.STEP_ANGSTROM
        kernel = np.exp(-0.5 * np.square(offset * 2.3548 / build_miles.FWHM_ANGSTROM))
        noise = np.apply_along_axis(np.convolve, 1, noise, kernel, mode="same")
    noise = noise[:, 20:-20].reshape(n, 440, 4).mean(axis=2)
    noise *= np.asarray(sigma_of_star)[:, None] / noise.std()
    clean = (1.0 - 0.5 * depth @ profiles.T / 4).reshape(n, 440, 4).mean(axis=2)
    return clean + noise


def test_the_noise_estimator_finds_noise_of_known_size(build_miles):
    sigma = np.geomspace(0.002, 0.02, 300)
    flux = library(np.random.default_rng(3), sigma, True, build_miles)
    found = build_miles.noise_by_window(flux, n_components=10, n_windows=8)
    ratio = np.median(found, axis=1) / sigma
    # 440 bins in 8 windows: a star's median MAD scatters by some 6 %; the mean of 300 stars by less than 1 %.
    assert ratio.mean() == pytest.approx(1.0, abs=0.05)
    assert ratio.std() < 0.12


def test_the_noise_estimator_is_at_most_a_fifth_off_if_the_noise_was_not_smoothed(build_miles):
    sigma = np.full(200, 0.01)
    flux = library(np.random.default_rng(4), sigma, False, build_miles)
    found = build_miles.noise_by_window(flux, n_components=10, n_windows=8)
    # White noise has a fourth difference sqrt(70/43.8) = 1.26 times that of smoothed noise: an error to the safe side.
    assert np.median(found) / 0.01 == pytest.approx(1.26, abs=0.06)


def test_the_noise_estimator_gives_back_what_the_components_used_up(build_miles):
    # 200 components of 440 bins take up a part of the noise that no simple count of freedom gives.
    flux = library(np.random.default_rng(6), np.full(300, 0.01), True, build_miles)
    found = build_miles.noise_by_window(flux, n_components=200, n_windows=8)
    assert np.median(found) == pytest.approx(0.01, rel=0.04)


def test_the_noise_estimator_is_not_fooled_by_lines(build_miles):
    flux = library(np.random.default_rng(5), np.full(200, 0.001), True, build_miles)
    filtered = np.median(build_miles.windowed_sigma(build_miles.scaled_difference(flux), 8))
    found = np.median(build_miles.noise_by_window(flux, n_components=10, n_windows=8))
    assert filtered > 1.3 * 0.001  # the planted fault: the filter alone takes lines for noise
    assert found == pytest.approx(0.001, rel=0.06)


def test_a_changed_file_is_refused(monkeypatch):
    monkeypatch.setattr(embedded, "miles_provenance", lambda: {"sha256": "0" * 64})
    with pytest.raises(InputError, match=r"miles\.npz has sha256 .* but 000000000000\.\.\. was published; install"):
        embedded.miles()


def test_the_record_tells_the_source():
    record = embedded.miles_provenance()
    assert record["source"]["package"] == "sdss-mangadap"
    assert record["source"]["version"] == "4.5.0"
    assert record["licence"].startswith("BSD-3-Clause")
    assert record["n_stars"] == 707
    assert record["wavelength"]["frame"].startswith("air")


def test_it_loads_in_a_fifth_of_a_second(data):
    durations = []
    for _ in range(5):  # the fastest: other work on the machine must not fail the test
        start = time.perf_counter()
        embedded.miles()
        durations.append(time.perf_counter() - start)
    assert min(durations) < 0.2


def test_it_stays_small():
    assert Path(embedded.__file__).with_name("miles.npz").stat().st_size < 3.5e6


def test_templates_are_those_of_galaxies_from_red_to_blue():
    table = embedded.sed_templates()
    colour = -2.5 * np.log10(table.flux[:, 0, 1] / table.flux[:, 0, 2])
    # g - r at rest of an elliptical is 0.75 or so (Fukugita et al. 1995, PASP 107, 945), and falls along the sequence.
    assert colour[0] == pytest.approx(0.75, abs=0.1)
    assert (np.diff(colour[:4]) < 0).all()


def test_the_break_at_4000_angstrom_moves_through_the_bands():
    table = embedded.sed_templates()
    red = -2.5 * np.log10(table.flux[0, :, :-1] / table.flux[0, :, 1:])
    # g - r of an elliptical is largest where the break leaves g at 5500 Angstrom, r - i where it leaves r at 6900: before
    # they rise again, because nothing of the spectrum blueward of the break is left in g or r.
    for colour, red_end, before in ((1, 5500, 0.6), (2, 6900, 0.9)):
        near = table.z < before
        assert table.z[near][red[near, colour].argmax()] == pytest.approx(red_end / 4000 - 1, abs=0.05)


def test_a_changed_file_of_templates_is_refused(monkeypatch):
    monkeypatch.setattr(embedded, "sed_provenance", lambda: {"sha256": "0" * 64})
    with pytest.raises(InputError, match=r"sed_templates\.npz has sha256 .* install checkstar again"):
        embedded.sed_templates()


def test_the_origin_of_the_templates_and_filters_is_stated():
    record = embedded.sed_provenance()
    for part, licence in (("templates", "MIT"), ("filters", "BSD-3-Clause")):
        assert record[part]["licence"].startswith(licence)
        assert len(record[part]["wheel_sha256"]) == 64
    assert Path(embedded.__file__).with_name("sed_templates.npz").stat().st_size < 3e5
