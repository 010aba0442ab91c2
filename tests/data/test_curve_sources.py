"""Light curves that are fetched are the registered ones, with their classes."""

import hashlib
import io
import os
import re
import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from checkstar.data import curve_sources
from checkstar.errors import InputError

REGISTERED = [
    curve_sources.CATALINA_SOUTH,
    curve_sources.ASAS_CURVES,
    curve_sources.ASAS_CLASSES,
    curve_sources.ZTF_SUPERNOVAE,
]


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


def put(folder: Path, monkeypatch, name: str, content: bytes) -> None:
    """Store `content` as the local copy of a registered source, with its true checksum."""
    source = replace(getattr(curve_sources, name), local_sha256=hashlib.sha256(content).hexdigest())
    path = folder / source.local
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    monkeypatch.setattr(curve_sources, name, source)


def put_asas(folder: Path, monkeypatch, classes: bytes) -> None:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name in ("7", "5"):
            entry = tarfile.TarInfo(f"asas_training_set/{name}.dat")
            entry.size = 18
            archive.addfile(entry, io.BytesIO(b"1868.5,11.75,0.05\n"))
    put(folder, monkeypatch, "ASAS_CURVES", stream.getvalue())
    put(folder, monkeypatch, "ASAS_CLASSES", classes)


@pytest.mark.parametrize("source", REGISTERED, ids=lambda source: source.name)
def test_every_source_is_traceable(source):
    assert re.fullmatch("[0-9a-f]{64}", source.local_sha256)
    assert bool(source.url) == bool(re.fullmatch("[0-9a-f]{64}", source.sha256))
    assert re.search("[0-9a-f]{40}", source.origin)
    assert source.licence
    assert re.search(r"(19|20)\d\d", source.citation)


def test_classes_of_asas_go_to_their_stars_whatever_the_order(folder, monkeypatch):
    put_asas(folder, monkeypatch, b"filename,class\n5,Mira\n7,RRab\n9,EA\n")
    found = curve_sources.asas_variables()
    assert found.meta.to_dict("list") == {"id": ["7", "5"], "class": ["RRab", "Mira"]}
    assert (found.time.tolist(), found.time_scale, found.bands) == ([51868.0, 51868.0], "hjd_utc", ("V",))


def test_a_star_of_asas_without_a_class_is_refused(folder, monkeypatch):
    put_asas(folder, monkeypatch, b"filename,class\n5,Mira\n")
    with pytest.raises(InputError, match="1 of 2 stars of ASAS have no class"):
        curve_sources.asas_variables()
    put_asas(folder, monkeypatch, b"name,class\n5,Mira\n")
    with pytest.raises(InputError, match="has columns name, class; filename and class are needed"):
        curve_sources.asas_variables()


@pytest.mark.parametrize(
    "load", [curve_sources.catalina_south, curve_sources.asas_variables, curve_sources.ztf_supernovae]
)
def test_an_absent_file_tells_where_it_belongs(folder, load):
    with pytest.raises(InputError, match=r"CHECKSTAR_DATA is .* but holds no .*; put it there"):
        load()


def test_what_is_converted_cannot_be_downloaded(monkeypatch):
    monkeypatch.delenv("CHECKSTAR_DATA", raising=False)
    with pytest.raises(InputError, match=r"cannot be downloaded as one file .*aibsen.*set CHECKSTAR_DATA"):
        curve_sources.catalina_south()


def test_catalina(shared):
    found = curve_sources.catalina_south()
    assert (len(found), len(found.time)) == (8016, 1788844)
    assert found.meta["class"].value_counts().to_dict() == {
        "RRab": 1500, "EB/EW": 1500, "RRc": 1300, "EA": 1300, "ROT": 1300, "LPV": 420, "RRd": 250, "MISC": 149,
        "ACEP": 76, "T2CEP": 76, "Blazhko": 70, "DSCT": 70, "DCEP": 5,
    }  # fmt: skip
    assert (found.n_epochs.min(), found.n_epochs.max()) == (47, 366)
    assert found.meta["period"].gt(0).all()
    # The mean magnitude of the catalogue is that of the light curve; two are seen with other epochs.
    mean = np.add.reduceat(found.value, found.offsets[:-1]) / found.n_epochs
    assert np.median(np.abs(mean - found.meta["vmag"])) < 0.05


def test_asas(shared):
    found = curve_sources.asas_variables()
    assert (len(found), len(found.time)) == (810, 490855)
    assert found.meta["class"].nunique() == 28
    assert found.meta["class"].value_counts().iloc[:2].to_dict() == {"Mira": 91, "Classical_Cepheid": 89}
    assert (found.time.min() > 51867, found.time.max() < 55169) == (True, True)  # 2000 to 2009


def test_supernovae(shared):
    found = curve_sources.ztf_supernovae()
    assert (len(found), len(found.time), found.bands) == (2289, 44339, ("g", "r", "i"))
    assert np.bincount(found.band)[2] == 1
    # Detections cluster about the peak that the catalogue gives, so the converted dates are the same system.
    peak = found.meta["peak_mjd"].to_numpy()[found.owner]
    assert abs(np.median(found.time - peak)) < 20
