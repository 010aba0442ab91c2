"""A fetched file is the registered one or there is one clear error; what is read from it is what it says."""

import hashlib
import os
import re
from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import numpy as np
import pytest

from checkstar.data import embedded, sources
from checkstar.errors import InputError
from checkstar.noise import Gaussian

REGISTERED = [sources.MILES_FULL, sources.LAMOST_DR1, sources.SDSS_GALAXIES, *sources.BOSS_GALAXIES.values()]


@pytest.fixture
def shared():
    """The folder that CHECKSTAR_DATA names, or a skip."""
    folder = os.environ.get("CHECKSTAR_DATA")
    if not folder:
        pytest.skip("CHECKSTAR_DATA is not set: the shared data are not here")
    return Path(folder)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("CHECKSTAR_DATA", str(tmp_path))
    return tmp_path


@pytest.fixture
def online(monkeypatch):
    monkeypatch.delenv("CHECKSTAR_DATA", raising=False)


def put(folder: Path, monkeypatch, name: str, content: bytes) -> sources.Source:
    """Store `content` as the local copy of a registered source, with its true checksum."""
    source = replace(getattr(sources, name), local_sha256=hashlib.sha256(content).hexdigest())
    path = folder / source.local
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    monkeypatch.setattr(sources, name, source)
    return source


def npz(folder: Path, **arrays: np.ndarray) -> bytes:
    np.savez(folder / "made.npz", **arrays)
    return (folder / "made.npz").read_bytes()


def lamost_arrays() -> dict[str, np.ndarray]:
    text = ("filename", "cls", "subclass")
    one_each = {name: np.array(["a", "b", "c"]) if name in text else np.arange(3.0) for name in sources._LAMOST_META}
    labels = {name: np.array([1.0, 2.0, np.nan]) for name in ("teff", "logg", "feh")}
    errors = {f"{name}_err": np.array([0.1, 0.2, np.nan]) for name in labels}
    return {
        **one_each,
        **labels,
        **errors,
        "wave": np.array([3700.0, 3701.0]),
        "flux": np.arange(6.0).reshape(3, 2),
        "ivar": np.array([[4.0, 0.0], [25.0, 1.0], [1.0, 1.0]]),
        "andmask": np.array([[0, 0], [1, 0], [0, 0]], dtype=np.uint8),
    }


@pytest.mark.parametrize("source", REGISTERED, ids=lambda source: source.name)
def test_every_source_is_traceable(source):
    assert re.fullmatch("[0-9a-f]{64}", source.local_sha256)
    assert bool(source.url) == bool(re.fullmatch("[0-9a-f]{64}", source.sha256))
    assert source.url == "" or source.url.startswith("https://")
    assert source.licence
    assert re.search(r"(19|20)\d\d", source.citation)
    assert not Path(source.local).is_absolute()
    with pytest.raises(FrozenInstanceError):
        source.sha256 = "0"


def test_an_absent_file_tells_where_it_belongs(folder):
    with pytest.raises(InputError, match=r"holds no photo-z/sdss-mgs/SDSS_MGS\.train; put it there or unset"):
        sources.sdss_galaxies()


def test_an_absent_file_that_is_not_public_can_only_be_put_there(folder):
    with pytest.raises(InputError, match=r"holds no .*lamost_dr1_shared\.npz; put it there\.$"):
        sources.lamost_dr1()


def test_without_a_public_file_the_origin_and_the_variable_are_named(online):
    with pytest.raises(InputError, match=r"cannot be downloaded as one file .*LearningLAMOST.*set CHECKSTAR_DATA"):
        sources.lamost_dr1()


@pytest.mark.parametrize(
    ("name", "load"),
    [("MILES_FULL", sources.miles_full), ("LAMOST_DR1", sources.lamost_dr1), ("SDSS_GALAXIES", sources.sdss_galaxies)],
)
def test_a_wrong_checksum_is_refused(folder, name, load):
    path = folder / getattr(sources, name).local
    path.parent.mkdir(parents=True)
    path.write_bytes(b"something else")
    with pytest.raises(InputError, match=r"has sha256 [0-9a-f]{12}\.\.\. but .* is needed; the file is damaged or"):
        load()


@pytest.mark.parametrize("kept", [0.0, 0.3, 0.9])
def test_a_truncated_npz_is_refused(folder, monkeypatch, kept):
    content = npz(folder, **lamost_arrays())
    put(folder, monkeypatch, "LAMOST_DR1", content[: int(kept * len(content))])
    with pytest.raises(InputError, match=r"cannot be read as npz .* truncated or damaged; copy the file again"):
        sources.lamost_dr1()


def test_an_npz_without_an_array_names_it(folder, monkeypatch):
    arrays = lamost_arrays()
    del arrays["ivar"]
    put(folder, monkeypatch, "LAMOST_DR1", npz(folder, **arrays))
    with pytest.raises(InputError, match=r"lacks the array .*ivar"):
        sources.lamost_dr1()


def test_lamost_noise_is_infinite_where_masked_or_without_information(folder, monkeypatch):
    put(folder, monkeypatch, "LAMOST_DR1", npz(folder, **lamost_arrays()))
    data = sources.lamost_dr1()
    assert data.noise.sigma_.tolist() == [[0.5, np.inf], [np.inf, 1.0]]
    assert data.y.tolist() == [[1.0] * 3, [2.0] * 3]
    assert data.y_err.tolist() == [[0.1] * 3, [0.2] * 3]
    assert data.x.tolist() == [[0.0, 1.0], [2.0, 3.0]]


def test_lamost_without_labels_keeps_every_spectrum(folder, monkeypatch):
    put(folder, monkeypatch, "LAMOST_DR1", npz(folder, **lamost_arrays()))
    data = sources.lamost_dr1(labelled=False)
    assert (len(data), data.y, data.y_err) == (3, None, None)


SDSS_ROW = [0.1, 19.0, 18.0, 17.0, 16.5, 16.25, 1.0, 1.0, 0.5, 0.25, 0.3, 0.02, 0.03, 0.04, 0.05, 9, 9, 9, 9]


def test_sdss_columns_are_read_in_their_true_order(folder, monkeypatch):
    text = "#zs u g r i z\n" + 2 * (" ".join(map(str, SDSS_ROW)) + "\n")
    put(folder, monkeypatch, "SDSS_GALAXIES", text.encode())
    data = sources.sdss_galaxies(colours=False)
    assert data.y[0].tolist() == [0.1]
    assert data.x[0].tolist() == [19.0, 18.0, 17.0, 16.5, 16.25]
    assert data.noise.sigma_[0].tolist() == [0.3, 0.02, 0.03, 0.04, 0.05]
    assert data.features == ("u", "g", "r", "i", "z")


def test_redrawn_sdss_colours_remain_the_differences_of_the_magnitudes(folder, monkeypatch):
    text = 500 * (" ".join(map(str, SDSS_ROW)) + "\n")
    put(folder, monkeypatch, "SDSS_GALAXIES", text.encode())
    data = sources.sdss_galaxies()
    drawn = data.noise.draw(data.x, np.random.default_rng(0))
    # The colours are printed to 1e-6 mag; five sigma of that.
    assert drawn[:, 5:] == pytest.approx(drawn[:, :4] - drawn[:, 1:5], abs=6e-6)
    # 500 draws: 3 % is one sigma of a standard deviation.
    assert drawn[:, 0].std() == pytest.approx(0.3, rel=0.12)
    assert drawn[:, 5].std() == pytest.approx(np.hypot(0.3, 0.02), rel=0.12)


@pytest.mark.parametrize(
    ("text", "message"), [("a b\n", "is not a table of numbers"), ("1 2 3\n", "has 3 columns, 19 are needed")]
)
def test_an_sdss_file_of_another_form_is_refused(folder, monkeypatch, text, message):
    put(folder, monkeypatch, "SDSS_GALAXIES", text.encode())
    with pytest.raises(InputError, match=message):
        sources.sdss_galaxies()


def test_no_network_is_told_in_one_line(online, tmp_path, monkeypatch):
    # A port where nothing listens stands for every failing connection.
    monkeypatch.setattr(sources, "SDSS_GALAXIES", replace(sources.SDSS_GALAXIES, url="http://127.0.0.1:9/nothing"))
    monkeypatch.setattr("pooch.os_cache", lambda name: tmp_path)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with pytest.raises(
        InputError, match=r"could not be downloaded from .* \(\w+\); go online, or set CHECKSTAR_DATA"
    ) as error:
        sources.sdss_galaxies()
    assert "\n" not in str(error.value)


def serve(folder: Path):
    from functools import partial
    from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
    from threading import Thread

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    Thread(target=server.serve_forever, daemon=True).start()
    return server


@pytest.mark.parametrize("is_genuine", [True, False])
def test_a_download_is_used_only_if_its_checksum_is_right(online, tmp_path, monkeypatch, is_genuine):
    content = (" ".join(map(str, SDSS_ROW)) + "\n").encode()
    (tmp_path / "public").mkdir()
    (tmp_path / "public" / "table").write_bytes(content if is_genuine else b"<html>moved</html>")
    server = serve(tmp_path / "public")
    url = f"http://127.0.0.1:{server.server_port}/table"
    genuine = hashlib.sha256(content).hexdigest()
    monkeypatch.setattr(sources, "SDSS_GALAXIES", replace(sources.SDSS_GALAXIES, url=url, sha256=genuine))
    monkeypatch.setattr("pooch.os_cache", lambda name: tmp_path / "cache")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    try:
        if is_genuine:
            assert sources.sdss_galaxies().y.item() == 0.1
        else:
            with pytest.raises(InputError, match=r"does not have the sha256 .*; try again"):
                sources.sdss_galaxies()
    finally:
        server.shutdown()
        server.server_close()


# The real files.


def test_real_miles_at_full_resolution_agrees_with_the_embedded(shared):
    full, binned = sources.miles_full(), embedded.miles()
    assert full.x.shape == (707, 4300)
    assert full.features[:2] == ("3540.5 A", "3541.4 A")
    rebinned = full.x[:, 67 : 67 + 4220].reshape(707, 1055, 4).mean(axis=2)
    assert np.abs(rebinned - binned.x).max() < 6e-5  # the quantisation
    assert full.group.tolist() == binned.group.tolist()
    assert np.isfinite(full.noise.sigma_).all()


def test_the_noise_of_a_pixel_follows_from_that_of_a_bin():
    # A second derivation of the constant, by simulation: white noise smoothed to 2.5 Angstrom, then averaged by four.
    pixel = np.arange(-20, 21) * 0.9
    kernel = np.exp(-0.5 * np.square(pixel * 2.3548 / 2.5))
    noise = np.convolve(np.random.default_rng(0).standard_normal(400_000), kernel, mode="same")
    ratio = noise.std() / noise.reshape(-1, 4).mean(axis=1).std()
    assert ratio == pytest.approx(sources._PIXEL_OVER_BIN_SIGMA, rel=0.01)


def test_real_lamost(shared):
    data = sources.lamost_dr1()
    assert data.x.shape == (90, 3904)
    assert (data.y[:, 0] > 3000).all()
    assert isinstance(data.noise, Gaussian)
    masked = np.isinf(data.noise.sigma_).mean()
    assert 0.01 < masked < 0.2
    # The survey's own S/N in g (S/N per pixel, median over the band) against x / sigma over 4000-5500 Angstrom.
    wave = np.array([float(name.split()[0]) for name in data.features])
    green = (wave > 4000) & (wave < 5500)
    ratio = np.median(data.x[:, green] / data.noise.sigma_[:, green], axis=1) / data.meta["snrg"]
    assert np.median(ratio) == pytest.approx(1.0, abs=0.3)
    assert len(sources.lamost_dr1(labelled=False)) == 135


def test_real_sdss(shared):
    data = sources.sdss_galaxies()
    assert data.x.shape == (5000, 9)
    assert 0.003 <= data.y.min() < data.y.max() <= 0.277
    printed = np.loadtxt(shared / sources.SDSS_GALAXIES.local)[:, 10:]
    # An independent column: the printed errors of the colours, in quadrature from those of the magnitudes.
    np.testing.assert_allclose(data.noise.sigma(data.x), printed, atol=2e-6)


def put_boss(folder: Path, monkeypatch, rows: list[list[float]]) -> None:
    content = ("#F:MAG_U;...;D:Z\n" + "\n".join(",".join(map(str, row)) for row in rows) + "\n").encode()
    source = replace(sources.BOSS_GALAXIES["0"], local_sha256=hashlib.sha256(content).hexdigest())
    path = folder / source.local
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    monkeypatch.setitem(sources.BOSS_GALAXIES, "0", source)


def test_boss_non_detections_and_absurd_values_are_masked(folder, monkeypatch):
    put_boss(
        folder,
        monkeypatch,
        [
            [24.0, 1.2, 22.0, 0.1, 20.0, 0.03, 19.0, 0.02, 18.5, 0.04, 0.5],
            [99.0, 0.1, 22.0, 95.0, 20.0, 0.0, 19.0, 0.02, 18.5, 0.04, 0.6],
        ],
    )
    data = sources.boss_galaxies("0")
    # A flux that is below its own error has an error above 1.0857 mag.
    assert data.noise.sigma_.tolist() == [[np.inf, 0.1, 0.03, 0.02, 0.04], [np.inf, np.inf, np.inf, 0.02, 0.04]]
    assert data.x.tolist() == [[24.63, 22.0, 20.0, 19.0, 18.5], [24.63, 25.11, 24.8, 19.0, 18.5]]
    assert data.y[:, 0].tolist() == [0.5, 0.6]


def test_a_boss_file_of_another_form_is_refused(folder, monkeypatch):
    put_boss(folder, monkeypatch, [[1.0, 2.0]])
    with pytest.raises(InputError, match="has 2 columns, 11 are needed"):
        sources.boss_galaxies("0")


def test_an_unknown_boss_sample_is_refused():
    with pytest.raises(InputError, match="part is '2'; choose '0', '1' or 'colorCuts'"):
        sources.boss_galaxies("2")


@pytest.mark.parametrize(
    ("part", "size", "median"), [("0", 6000, 0.48), ("1", 6000, 0.53), ("colorCuts", 10_000, 0.42)]
)
def test_real_boss(shared, part, size, median):
    data = sources.boss_galaxies(part)
    assert data.x.shape == (size, 5)
    assert np.median(data.y) == pytest.approx(median, abs=0.005)
    assert np.abs(data.x).max() < 40
    assert 0.5 < np.isinf(data.noise.sigma_[:, 0]).mean() < 0.85
    assert np.isinf(data.noise.sigma_[:, 3]).mean() < 0.01
