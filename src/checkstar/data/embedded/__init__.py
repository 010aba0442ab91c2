"""Data that come with the package: 707 real stellar spectra with labels (MILES), and templates of galaxies."""

from __future__ import annotations

import hashlib
import io
import json
from importlib.resources import files
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from checkstar.errors import InputError

if TYPE_CHECKING:
    from checkstar.data.dataset import Dataset

__all__ = ["SedTable", "miles", "miles_provenance", "miles_wavelength", "sed_provenance", "sed_templates"]

MILES_UNITS = {"teff": "K", "logg": "dex", "feh": "dex"}


def miles() -> Dataset:
    """Spectra and labels of 707 stars of the MILES library.

    Returns
    -------
    Dataset
        ``x`` (707, 1055): flux per wavelength over its mean in the range; feature ``"3602.15 A"`` is a bin of
        3.6 Angstrom centred there (see `miles_wavelength`). ``y``: teff (K), logg (dex), feh (dex). ``noise``:
        Gaussian, estimated from the spectra and from above, because the library publishes no errors; neighbouring
        bins are correlated by about 0.23, which it ignores. ``meta``: id, name, sptype (free text, sometimes empty),
        cluster. ``group``: the cluster, or the star itself in the field; a cluster has one [Fe/H] by construction.

    Raises
    ------
    InputError
        If the installed file is not the one that was published.

    References
    ----------
    Sanchez-Blazquez et al. 2006, MNRAS 371, 703; Cenarro et al. 2007, MNRAS 374, 664; Falcon-Barroso et al. 2011,
    A&A 532, A95.

    Examples
    --------
    >>> data = miles()
    >>> len(data), data.labels, data.features[0]
    (707, ('teff', 'logg', 'feh'), '3602.15 A')
    """
    from checkstar.data.dataset import Dataset

    stored = read_miles()
    return Dataset(
        x=stored["offset"][:, None] + stored["scale"][:, None] * stored["flux"],
        y=np.stack([stored[label] for label in MILES_UNITS], axis=1),
        noise=interpolated_sigma(stored, np.arange(len(stored["wave"]))),
        meta={name: stored[name] for name in ("id", "name", "sptype", "cluster")},
        group="cluster",
        features=[f"{wave:.2f} A" for wave in stored["wave"]],
        labels=list(MILES_UNITS),
        units=MILES_UNITS,
        name="MILES",
        citation="; ".join(miles_provenance()["citations"]),
    )


def miles_wavelength() -> NDArray[np.float64]:
    """Central wavelength (1055,) of each feature of `miles`, in Angstrom, in air, at rest."""
    return read_miles()["wave"]


def miles_provenance() -> dict[str, Any]:
    """Where the embedded MILES file comes from: package, licence, citations, recipe of the noise, hashes."""
    return _provenance("miles")


def read_miles() -> dict[str, NDArray[Any]]:
    """The stored arrays, after their hash was checked."""
    return _read("miles", miles_provenance())


class SedTable(NamedTuple):
    """Photometry of template galaxies at each redshift, without the dimming by distance.

    ``flux`` (t, g, b): flux per frequency, relative to that of the template at rest at 5500 Angstrom, of t templates, from
    early to late, at the redshifts ``z`` (g,), equally spaced from 0, through the filters ``bands`` (b,).
    """

    flux: NDArray[np.float64]
    z: NDArray[np.float64]
    templates: tuple[str, ...]
    bands: tuple[str, ...]


def sed_templates() -> SedTable:
    """Six template galaxies (El, Sbc, Scd, Im, SB3, SB2) through the SDSS filters ugriz, redshift 0 to 1.2.

    Raises
    ------
    InputError
        If the installed file is not the one that was published.

    References
    ----------
    Coleman, Wu & Weedman 1980, ApJS 43, 393; Kinney et al. 1996, ApJ 467, 38; Benitez et al. 2004, ApJS 150, 1;
    Doi et al. 2010, AJ 139, 1628 (filters).

    Examples
    --------
    >>> table = sed_templates()
    >>> table.flux.shape, table.templates[0], table.bands
    ((6, 481, 5), 'El', ('u', 'g', 'r', 'i', 'z'))
    """
    stored = _read("sed_templates", sed_provenance())
    names = (tuple(map(str, stored[name])) for name in ("templates", "bands"))
    return SedTable(stored["flux"].astype(float), stored["z"], *names)


def sed_provenance() -> dict[str, Any]:
    """Where the embedded templates and filters come from: packages, licences, citations, hashes."""
    return _provenance("sed_templates")


def _provenance(name: str) -> dict[str, Any]:
    return json.loads(files(__name__).joinpath(f"{name}.json").read_text(encoding="utf-8"))


def _read(name: str, provenance: dict[str, Any]) -> dict[str, NDArray[Any]]:
    content = files(__name__).joinpath(f"{name}.npz").read_bytes()
    found, needed = hashlib.sha256(content).hexdigest(), provenance["sha256"]
    if found != needed:
        raise InputError(
            f"the embedded file {name}.npz has sha256 {found[:12]}... but {needed[:12]}... was published; "
            "install checkstar again."
        )
    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def interpolated_sigma(stored: dict[str, NDArray[Any]], bins: NDArray[Any]) -> NDArray[np.float64]:
    """Sigma (n, len(bins)) at positions `bins` from the windows: linear in log sigma, constant beyond the ends."""
    rows = np.log(stored["sigma"].astype(float))
    return np.exp(np.stack([np.interp(bins, stored["sigma_bin"], row) for row in rows]))
