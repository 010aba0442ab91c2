"""Data that are fetched: public files with a checksum, or copies in the folder that CHECKSTAR_DATA names."""

from __future__ import annotations

import hashlib
import io
import os
import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from checkstar.data import embedded
from checkstar.data.dataset import Dataset
from checkstar.data.photometry import colour_covariance
from checkstar.errors import InputError
from checkstar.noise import Covariance, Gaussian

__all__ = [
    "BOSS_GALAXIES",
    "LAMOST_DR1",
    "MILES_FULL",
    "SDSS_GALAXIES",
    "Fetched",
    "Source",
    "boss_galaxies",
    "fetch",
    "lamost_dr1",
    "miles_full",
    "sdss_galaxies",
]

FOLDER_VARIABLE = "CHECKSTAR_DATA"


@dataclass(frozen=True, kw_only=True)
class Source:
    """One file: where it is published, how it is recognised, who made it.

    Parameters
    ----------
    name : str
        For messages.
    local : str
        Path of the copy under the folder that the environment variable CHECKSTAR_DATA names.
    local_sha256 : str
        Checksum of that copy.
    url, sha256 : str
        The public file and its checksum; empty if the copy cannot be downloaded as one file.
    origin : str
        Where the data were published.
    licence, citation : str
        Terms of use, and the papers to cite.
    """

    name: str
    local: str
    local_sha256: str
    url: str = ""
    sha256: str = ""
    origin: str
    licence: str
    citation: str


class Fetched(NamedTuple):
    """A file that passed its checksum, and whether it is the local copy."""

    path: Path
    is_local: bool


MILES_FULL = Source(
    name="MILES at full resolution",
    local="stellar-spectra/miles/miles_shared.npz",
    local_sha256="7a37976288877d28b8fece42e886f1028be1eeb67ab8d1381cd0728ed1577f65",
    url="https://files.pythonhosted.org/packages/ff/26/"
    "138572c63421876f675e3b1bd204b8f6f440244f337220f08eb046cafda6/sdss_mangadap-4.5.0-py3-none-any.whl",
    sha256="b8478bb24c32fe736fa6a2881805458719281862313838f8b032f3c10527ff34",
    origin="PyPI sdss-mangadap 4.5.0, mangadap/data/spectral_templates/miles (122 MB)",
    licence="BSD-3-Clause (package); none stated there for the library",
    citation="Sanchez-Blazquez et al. 2006, MNRAS 371, 703; Cenarro et al. 2007, MNRAS 374, 664; "
    "Falcon-Barroso et al. 2011, A&A 532, A95",
)

LAMOST_DR1 = Source(
    name="LAMOST DR1 sample",
    local="stellar-spectra/lamost-dr1/lamost_dr1_shared.npz",
    local_sha256="24da0c0b5d2ab387e56f8f1e8d382c0a58fd46a2706f92205554f63def5cebc4",
    origin="GitHub grd349/LearningLAMOST, SampleFits/ and Data/my_data3.csv, commit "
    "5ba10f6eb51bcb3608aca88621aa897dc644d4cd: 176 FITS files; the one file read here is converted from them",
    licence="MIT (repository); LAMOST DR1 is public",
    citation="Luo et al. 2015, RAA 15, 1095",
)

SDSS_GALAXIES = Source(
    name="SDSS main galaxies",
    local="photo-z/sdss-mgs/SDSS_MGS.train",
    local_sha256="f16579e52e5bdafcb7afda2e98353d671cc446216b73068a16d7558ab0e09c04",
    url="https://raw.githubusercontent.com/mgckind/MLZ/c3d6d0031592eee26e0c965b302e56964bd4fd35/"
    "mlz/test/SDSS_MGS.train",
    sha256="f16579e52e5bdafcb7afda2e98353d671cc446216b73068a16d7558ab0e09c04",
    origin="GitHub mgckind/MLZ, mlz/test/SDSS_MGS.train, commit c3d6d0031592eee26e0c965b302e56964bd4fd35",
    licence="University of Illinois/NCSA Open Source (repository)",
    citation="Carrasco Kind & Brunner 2013, MNRAS 432, 1483; Strauss et al. 2002, AJ 124, 1810",
)

_BOSS_SHA256 = {
    "0": "f7a7cf29e46046e96166d0e6075b7f74328c2e480d8055a3eed3c7e12361d521",
    "1": "404037b2907255e40014f170be62fbe8825499c784c079f9f887ef0ecf091ad0",
    "colorCuts": "19386ed02d8533e90bf6a3534417dfedb8cafac3396ec344215cd42ffe6a9ffe",
}

#: The samples by their name in the file: "0", "1" and "colorCuts".
BOSS_GALAXIES = {
    part: Source(
        name=f"BOSS galaxies, {part}",
        local=f"photo-z/boss-dr10/boss_dr10_{part}.csv",
        local_sha256=sha256,
        url="https://raw.githubusercontent.com/IftachSadeh/ANNZ/dd4ed16d33877d619b90dcab738ea37d631e3dce/"
        f"examples/data/photoZ/train/boss_dr10_{part}.csv",
        sha256=sha256,
        origin=f"GitHub IftachSadeh/ANNZ, examples/data/photoZ/train/boss_dr10_{part}.csv, commit "
        "dd4ed16d33877d619b90dcab738ea37d631e3dce",
        licence="GPL-3.0 (repository); SDSS DR10 is public",
        citation="Sadeh, Abdalla & Lahav 2016, PASP 128, 104502; Ahn et al. 2014, ApJS 211, 17",
    )
    for part, sha256 in _BOSS_SHA256.items()
}


def fetch(source: Source) -> Fetched:
    """The file of a source, checked: the copy under CHECKSTAR_DATA if that is set, else the public file.

    Downloads are kept in the cache folder of the user and checked each time.

    Raises
    ------
    InputError
        If the file is absent, cannot be downloaded, or is not the one that was registered.
    """
    folder = os.environ.get(FOLDER_VARIABLE, "")
    if folder:
        return Fetched(_local_copy(source, Path(folder)), True)
    if not source.url:
        raise InputError(
            f"{source.name} cannot be downloaded as one file ({source.origin}); set {FOLDER_VARIABLE} to a folder that "
            f"holds {source.local}."
        )
    return Fetched(_download(source), False)


def _local_copy(source: Source, folder: Path) -> Path:
    path = folder / source.local
    if not path.is_file():
        instead = f"put it there or unset {FOLDER_VARIABLE} to download" if source.url else "put it there"
        raise InputError(f"{source.name}: {FOLDER_VARIABLE} is {str(folder)!r} but holds no {source.local}; {instead}.")
    with path.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found != source.local_sha256:
        raise InputError(
            f"{source.name}: {path} has sha256 {found[:12]}... but {source.local_sha256[:12]}... is needed; "
            "the file is damaged or another version; copy it again."
        )
    return path


def _download(source: Source) -> Path:
    import pooch

    pooch.get_logger().setLevel("WARNING")
    try:
        return Path(pooch.retrieve(source.url, f"sha256:{source.sha256}", path=pooch.os_cache("checkstar")))
    except ValueError:  # what pooch raises for a wrong checksum
        raise InputError(
            f"{source.name}: what {source.url} sent does not have the sha256 {source.sha256[:12]}...; try again, and "
            "if it persists the public file has changed: report it."
        ) from None
    except OSError as error:  # the network, the proxy, the server, the disk
        raise InputError(
            f"{source.name} could not be downloaded from {source.url} ({type(error).__name__}); go online, or set "
            f"{FOLDER_VARIABLE} to a folder that holds {source.local}."
        ) from None


def _arrays(source: Source, path: Path, needed: Iterable[str]) -> dict[str, NDArray[Any]]:
    try:
        # Opened here because numpy leaves a damaged archive open.
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
            return {name: archive[name] for name in needed}
    except KeyError as error:
        raise InputError(f"{source.name}: {path} lacks the array {error}; copy the file again.") from None
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, AttributeError) as error:
        raise InputError(
            f"{source.name}: {path} cannot be read as npz ({type(error).__name__}), it is truncated or damaged; "
            "copy the file again."
        ) from None


def miles_full() -> Dataset:
    """The stars of `checkstar.data.embedded.miles` at full resolution: 4300 pixels of 0.9 Angstrom.

    Returns
    -------
    Dataset
        As `miles`: same stars, labels, metadata, groups and flux scale. ``noise`` is carried over from its bins to the
        pixels, for noise that was smoothed to the resolution of 2.5 Angstrom: its sigma is 1.19 times larger and the
        noise of neighbouring pixels is strongly correlated (about 0.84), which Gaussian noise ignores.

    Raises
    ------
    InputError
        If the file is absent, damaged or not the registered one.
    """
    path, is_local = fetch(MILES_FULL)
    stored = embedded.read_miles()
    flux = _miles_npz(path, stored["id"]) if is_local else _miles_wheel(path, stored["id"])
    wave = 3540.5 + 0.9 * np.arange(flux.shape[1])
    bins = (wave - stored["wave"][0]) / (stored["wave"][1] - stored["wave"][0])
    binned = embedded.miles()
    return Dataset(
        x=flux / stored["published_mean"][:, None],
        y=binned.y,
        noise=Gaussian(_PIXEL_OVER_BIN_SIGMA * embedded.interpolated_sigma(stored, bins)),
        meta=binned.meta,
        group="cluster",
        features=[f"{value:.1f} A" for value in wave],
        labels=binned.labels,
        units=binned.units,
        name="MILES, full resolution",
        citation=MILES_FULL.citation,
    )


# Standard deviation of a pixel over that of the mean of four, for white noise smoothed by 2.5 Angstrom FWHM.
_PIXEL_OVER_BIN_SIGMA = 1.187


def _miles_npz(path: Path, ids: NDArray[Any]) -> NDArray[np.float64]:
    arrays = _arrays(MILES_FULL, path, ("id", "flux"))
    row = {star: i for i, star in enumerate(arrays["id"])}
    return arrays["flux"][[row[star] for star in ids]].astype(float)


def _miles_wheel(path: Path, ids: NDArray[Any]) -> NDArray[np.float64]:
    from astropy.io import fits

    member = "mangadap/data/spectral_templates/miles/MILES_res2.50_star_m{}V.fits"
    with zipfile.ZipFile(path) as wheel:
        return np.array([fits.getdata(io.BytesIO(wheel.read(member.format(star)))) for star in ids], dtype=float)


_LAMOST_META = ("filename", "ra", "dec", "cls", "subclass", "z", "snru", "snrg", "snrr", "snri", "snrz", "rv", "rv_err")
_LAMOST_LABELS = ("teff", "logg", "feh")


def lamost_dr1(labelled: bool = True) -> Dataset:
    """LAMOST DR1 low-resolution spectra of one plate, with the labels of the survey's pipeline.

    Parameters
    ----------
    labelled : bool
        True: the 90 stars with labels. False: all 135 spectra, without ``y``.

    Returns
    -------
    Dataset
        ``x`` (n, 3904): flux in counts; feature ``"3699.99 A"`` is its wavelength in vacuum. ``noise``: Gaussian, from
        the inverse variances; infinite where masked in all exposures or without information. ``y``: teff (K), logg
        (dex), feh (dex) with the errors of the pipeline, which are large (0.5 dex is typical): not a precise truth.

    Raises
    ------
    InputError
        If the file is absent, damaged or not the registered one.
    """
    names = ("wave", "flux", "ivar", "andmask", *_LAMOST_META, *_LAMOST_LABELS, *(f"{n}_err" for n in _LAMOST_LABELS))
    arrays = _arrays(LAMOST_DR1, fetch(LAMOST_DR1).path, names)
    labels = np.stack([arrays[name] for name in _LAMOST_LABELS], axis=1)
    rows = np.isfinite(labels).all(axis=1) if labelled else np.ones(len(labels), dtype=bool)
    truth: dict[str, Any] = {}
    if labelled:
        errors = np.stack([arrays[f"{name}_err"] for name in _LAMOST_LABELS], axis=1)
        truth = {"y": labels[rows], "y_err": errors[rows], "labels": _LAMOST_LABELS}
    inverse_variance = np.where(arrays["andmask"] == 0, arrays["ivar"], 0.0)
    return Dataset(
        x=arrays["flux"][rows].astype(float),
        noise=Gaussian.from_inverse_variance(inverse_variance[rows]),
        meta={name: arrays[name][rows] for name in _LAMOST_META},
        features=[f"{value:.2f} A" for value in arrays["wave"]],
        units={"teff": "K", "logg": "dex", "feh": "dex", "ra": "deg", "dec": "deg", "rv": "km / s", "rv_err": "km / s"},
        name="LAMOST DR1",
        citation=LAMOST_DR1.citation,
        **truth,
    )


_BANDS = ("u", "g", "r", "i", "z")
_COLOURS = ("u-g", "g-r", "r-i", "i-z")


def sdss_galaxies(colours: bool = True) -> Dataset:
    """Photometry and spectroscopic redshifts of 5000 SDSS main galaxies.

    Parameters
    ----------
    colours : bool
        True: five magnitudes and the four colours between neighbours, with the covariance that follows from the
        errors of the magnitudes. False: the magnitudes alone, with Gaussian noise.

    Returns
    -------
    Dataset
        ``x`` (5000, 9) or (5000, 5), in mag; ``y``: the redshift ``z_spec``.

    Raises
    ------
    InputError
        If the file is absent, damaged or not the registered one.
    """
    table = _table(SDSS_GALAXIES, fetch(SDSS_GALAXIES).path, 19)
    features = _BANDS + _COLOURS if colours else _BANDS
    # Columns: redshift, 5 magnitudes, 4 colours, 5 errors, 4 errors of colours. The header omits the error of u.
    errors = table[:, 10:15]
    return Dataset(
        x=table[:, 1 : 1 + len(features)],
        y=table[:, 0],
        noise=Covariance(colour_covariance(errors)) if colours else Gaussian(errors),
        features=features,
        labels=["z_spec"],
        units=dict.fromkeys(features, "mag"),
        name="SDSS main galaxies",
        citation=SDSS_GALAXIES.citation,
    )


# Asinh magnitudes of no flux at all (Stoughton et al. 2002, AJ 123, 485, table 21): what stands for a non-detection.
_NO_FLUX_MAG = np.array([24.63, 25.11, 24.80, 24.36, 22.83])
# The error in magnitudes of a flux that equals its own error.
_NON_DETECTION_MAG = 2.5 / np.log(10)


def boss_galaxies(part: Literal["0", "1", "colorCuts"] = "0") -> Dataset:
    """Photometry and spectroscopic redshifts of galaxies of BOSS DR10, in three samples that are not exchangeable.

    Parameters
    ----------
    part : {"0", "1", "colorCuts"}
        6000 galaxies of median redshift 0.48, 6000 of 0.53, and 10,000 of another choice of colours, of 0.42.

    Returns
    -------
    Dataset
        ``x`` (n, 5): magnitudes ugriz. ``noise``: Gaussian; infinite for non-detections (flux below its error) and for
        values or errors beyond 90, where ``x`` is the magnitude of zero flux: 60-80 % of all u. ``y``: the redshift ``z_spec``, within
        0.01 of zero for a few stars.

    Raises
    ------
    InputError
        If there is no such sample, or the file is absent, damaged or not the registered one.
    """
    if part not in BOSS_GALAXIES:
        raise InputError(f"part is {part!r}; choose '0', '1' or 'colorCuts'.")
    source = BOSS_GALAXIES[part]
    table = _table(source, fetch(source).path, 11, delimiter=",")
    magnitudes, errors = table[:, 0:10:2], table[:, 1:10:2]
    seen = (np.abs(magnitudes) <= 90) & (errors > 0) & (errors < _NON_DETECTION_MAG)
    return Dataset(
        x=np.where(seen, magnitudes, _NO_FLUX_MAG),
        y=table[:, 10],
        noise=Gaussian(np.where(seen, errors, np.inf)),
        features=_BANDS,
        labels=["z_spec"],
        units=dict.fromkeys(_BANDS, "mag"),
        name=source.name,
        citation=source.citation,
    )


def _table(source: Source, path: Path, n_columns: int, delimiter: str | None = None) -> NDArray[np.float64]:
    try:
        table = np.loadtxt(path, ndmin=2, delimiter=delimiter)
    except ValueError as error:
        raise InputError(f"{source.name}: {path} is not a table of numbers ({error}); copy it again.") from None
    if table.shape[1] != n_columns:
        raise InputError(f"{source.name}: {path} has {table.shape[1]} columns, {n_columns} are needed; copy it again.")
    return table
