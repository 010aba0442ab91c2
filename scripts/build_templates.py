"""Build the embedded photometry of galaxy templates from the public desc-bpz and speclite wheels.

    python scripts/build_templates.py DESC_BPZ SPECLITE

The arguments are the folders of the two unpacked wheels (``pip download --no-deps desc-bpz==0.4.0 speclite==1.0.0``,
then unzip). Writes ``sed_templates.npz`` and ``sed_templates.json`` beside the other embedded data: flux per frequency,
relative to that of the template at rest at 5500 Angstrom, of each template through each SDSS filter at each redshift.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

EMBEDDED = Path(__file__).resolve().parents[1] / "src" / "checkstar" / "data" / "embedded"
TEMPLATES = ("El", "Sbc", "Scd", "Im", "SB3", "SB2")
BANDS = ("u", "g", "r", "i", "z")
# No hydrogen between the galaxies absorbs in u below redshift 1.4.
REDSHIFTS = np.arange(481) * 0.0025
REST_ANGSTROM = (5450.0, 5550.0)
STEP_ANGSTROM = 2.0

PROVENANCE = {
    "templates": {
        "package": "desc-bpz 0.4.0 (PyPI), desc_bpz/data_files/SED/*_B2004a.sed",
        "wheel_sha256": "24b54d0a56a4117515aa12c885084516a6df967600974b31cd93ed5af4cc8d24",
        "licence": "MIT (package); none stated there for the templates",
    },
    "filters": {
        "package": "speclite 1.0.0 (PyPI), speclite/data/filters/sdss2010-*.ecsv",
        "wheel_sha256": "4bc8cb7f718b347e0ce566cb5ed341684c8efebe4a77f2a49aabe8ee085465d7",
        "licence": "BSD-3-Clause (package); responses of Doi et al. 2010, through airmass 1.3",
    },
    "citations": [
        "Coleman, Wu & Weedman 1980, ApJS 43, 393",
        "Kinney et al. 1996, ApJ 467, 38",
        "Benitez et al. 2004, ApJS 150, 1",
        "Doi et al. 2010, AJ 139, 1628",
    ],
    "content": "flux per frequency through each filter over that at rest at 5450-5550 Angstrom, without the dimming by "
    "distance; templates x redshifts x bands",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("desc_bpz", type=Path, help="folder of the unpacked desc-bpz wheel")
    parser.add_argument("speclite", type=Path, help="folder of the unpacked speclite wheel")
    parser.add_argument("--out", type=Path, default=EMBEDDED, help="folder for the two files")
    arguments = parser.parse_args()
    seds = [np.loadtxt(_only(arguments.desc_bpz, f"{name}_B2004a.sed")) for name in TEMPLATES]
    filters = [read_filter(_only(arguments.speclite, f"sdss2010-{band}.ecsv")) for band in BANDS]
    flux = np.array([[[band_flux(sed, curve, z) for curve in filters] for z in REDSHIFTS] for sed in seds])
    path = arguments.out / "sed_templates.npz"
    # Six digits are more than the templates deserve, and do not depend on the machine.
    np.savez_compressed(
        path,
        flux=np.round(flux, 6).astype(np.float32),
        z=REDSHIFTS,
        templates=np.array(TEMPLATES),
        bands=np.array(BANDS),
    )
    record = {"sha256": hashlib.sha256(path.read_bytes()).hexdigest(), **PROVENANCE}
    path.with_suffix(".json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    print(f"{len(TEMPLATES)} templates, {len(REDSHIFTS)} redshifts, {path.stat().st_size / 1e3:.0f} kB")


def _only(folder: Path, name: str) -> Path:
    found = sorted(folder.rglob(name))
    if len(found) != 1:
        raise SystemExit(f"{folder} holds {len(found)} files named {name}, one is needed; give the unpacked wheel.")
    return found[0]


def read_filter(path: Path) -> NDArray[np.float64]:
    """Wavelength (Angstrom) and response (n, 2) of a filter in speclite's ECSV."""
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    return np.array([line.split() for line in lines[1:]], dtype=float)


def band_flux(sed: NDArray[np.float64], curve: NDArray[np.float64], z: float) -> float:
    """Flux per frequency of a template (wavelength, flux per wavelength) at redshift `z` through a photon counter.

    Relative to the flux per frequency of the template at rest near 5500 Angstrom; Hogg 1999, eq. 22, without distance.
    """
    wave = np.arange(curve[0, 0], curve[-1, 0] + STEP_ANGSTROM, STEP_ANGSTROM)
    response = np.interp(wave, curve[:, 0], curve[:, 1], left=0.0, right=0.0)
    observed = np.interp(wave / (1 + z), sed[:, 0], sed[:, 1]) / (1 + z)
    rest = np.arange(*REST_ANGSTROM, STEP_ANGSTROM)
    norm = (np.interp(rest, sed[:, 0], sed[:, 1]) * rest**2).mean()
    return float((observed * response * wave).sum() / (response / wave).sum() / norm)


if __name__ == "__main__":
    main()
