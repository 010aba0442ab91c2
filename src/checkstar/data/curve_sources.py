"""Light curves that are fetched: public files with a checksum, or copies in the folder that CHECKSTAR_DATA names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from checkstar.data.curve_archives import read_npz, read_texts, texts_in_tar
from checkstar.data.curve_columns import CurveSchema
from checkstar.data.light_curves import LightCurves
from checkstar.data.sources import Source, fetch
from checkstar.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "ASAS_CLASSES",
    "ASAS_CURVES",
    "CATALINA_CLASSES",
    "CATALINA_SOUTH",
    "ZTF_SUPERNOVAE",
    "asas_variables",
    "catalina_south",
    "ztf_supernovae",
]

CATALINA_SOUTH = Source(
    name="Catalina South periodic variables",
    local="variable-stars/catalina-south/catalina_south_shared.npz",
    local_sha256="12605abf5cfc6f0e3eb6875bd45b97354a055dc8851a80a48f61feb34e0e2021",
    origin="GitHub aibsen/Light-Curve-Classification, SSS_Per_Var_Cat/, commit "
    "b9f0748150e2d04a916cf7a74de988e782e6bfdc: text files; the one file read here holds 8016 of 37,745 stars, at most "
    "1500 of a class",
    licence="none stated in the repository; the second data release of the Catalina surveys is public",
    citation="Drake et al. 2017, MNRAS 469, 3688; Drake et al. 2009, ApJ 696, 870",
)

_ASAS = (
    "https://raw.githubusercontent.com/cesium-ml/cesium-data/2ad85e77b6c1fea00124e055cedbc45181e9f6ba/asas_training/"
)
_ASAS_ORIGIN = "GitHub cesium-ml/cesium-data, asas_training/, commit 2ad85e77b6c1fea00124e055cedbc45181e9f6ba"
_ASAS_LICENCE = "none stated in the repository; the data of ASAS are public"
_ASAS_CITATION = "Richards et al. 2012, ApJS 203, 32; Pojmanski 2002, AcA 52, 397"

ASAS_CURVES = Source(
    name="ASAS training set, light curves",
    local="variable-stars/asas-richards2012/asas_training_set.tar.gz",
    local_sha256="6c66c4435b03576a3b20416fac9b7b9453d2a9189e1af745733816a0715e08fd",
    url=f"{_ASAS}asas_training_set.tar.gz",
    sha256="6c66c4435b03576a3b20416fac9b7b9453d2a9189e1af745733816a0715e08fd",
    origin=_ASAS_ORIGIN,
    licence=_ASAS_LICENCE,
    citation=_ASAS_CITATION,
)

ASAS_CLASSES = Source(
    name="ASAS training set, classes",
    local="variable-stars/asas-richards2012/asas_training_set_classes.dat",
    local_sha256="572f628cccf3ce529326c085034ed310c79503fba3a9ac2447e2959ae540d85f",
    url=f"{_ASAS}asas_training_set_classes.dat",
    sha256="572f628cccf3ce529326c085034ed310c79503fba3a9ac2447e2959ae540d85f",
    origin=_ASAS_ORIGIN,
    licence=_ASAS_LICENCE,
    citation=_ASAS_CITATION,
)

ZTF_SUPERNOVAE = Source(
    name="ZTF type Ia supernovae",
    local="supernovae/ztf-bts-snia/ztf_bts_snia.npz",
    local_sha256="9b52e5303ff9ca7d5b3cd637f8a99a21d3af60fbe09fa06dd87e72137eeb2b4f",
    origin="GitHub light-curve/test-data, SNIa/, commit 3c8d9877643b881ec6fb6bb41fbe0fc8677b96db: csv files; the one "
    "file read here is converted from them and joined with bts.csv",
    licence="none stated in the repository; the alerts of ZTF are public",
    citation="Fremling et al. 2020, ApJ 895, 32; Perley et al. 2020, ApJ 904, 35",
)

#: Classes of the Catalina South catalogue by their number there (Drake et al. 2017), named as in the General Catalogue
#: of Variable Stars where it has a name.
CATALINA_CLASSES = {
    1: "RRab",
    2: "RRc",
    3: "RRd",
    4: "Blazhko",
    5: "EB/EW",
    6: "EA",
    7: "ROT",
    8: "LPV",
    9: "DSCT",
    10: "ACEP",
    11: "MISC",
    12: "T2CEP",
    13: "DCEP",
}


def catalina_south() -> LightCurves:
    """8016 periodic variables of the southern Catalina survey, with class and period from human inspection.

    Returns
    -------
    LightCurves
        One unfiltered band on the V scale, 47 to 366 epochs. ``meta``: id, class, period (days), ra, dec (deg), vmag,
        vamp (mean magnitude, amplitude), prior_id. At most 1500 stars of a class, so the frequencies of classes are not
        those of the sky; ``period`` and ``vamp`` were seen by those who chose the class, and tell it in part.

    Raises
    ------
    InputError
        If the file is absent, damaged or not the registered one.
    """
    curves = _npz(
        CATALINA_SOUTH, CurveSchema(bands=("V_CSS",), name="Catalina South", citation=CATALINA_SOUTH.citation)
    )
    meta = curves.meta.assign(**{"class": curves.meta["type"].map(CATALINA_CLASSES)})
    return curves.replace(meta=meta[["id", "class", "period", "ra", "dec", "vmag", "vamp", "prior_id"]])


def asas_variables() -> LightCurves:
    """810 variable stars of ASAS in 28 classes, the training set of Richards et al. 2012.

    Returns
    -------
    LightCurves
        V magnitudes, heliocentric times. ``meta``: id, class. There are no periods.

    Raises
    ------
    InputError
        If a file is absent, damaged or not the registered one.
    """
    schema = CurveSchema(time_format="hjd-2450000", bands=("V",), name="ASAS", citation=ASAS_CURVES.citation)
    curves = read_texts(texts_in_tar(fetch(ASAS_CURVES).path), schema)
    classes = _asas_classes(fetch(ASAS_CLASSES).path)
    unknown = ~curves.meta["id"].isin(classes.index)
    if unknown.any():
        raise InputError(f"{int(unknown.sum())} of {len(curves)} stars of ASAS have no class; copy the files again.")
    return curves.replace(meta=curves.meta.assign(**{"class": classes.loc[curves.meta["id"]].to_numpy()}))


def _asas_classes(path: Path) -> pd.Series:
    import pandas as pd

    table = pd.read_csv(path, dtype=str)
    if list(table.columns) != ["filename", "class"]:
        raise InputError(
            f"{path} has columns {', '.join(table.columns)}; filename and class are needed, copy it again."
        )
    return table.set_index("filename")["class"]


def ztf_supernovae() -> LightCurves:
    """2289 supernovae of type Ia from the Bright Transient Survey of ZTF, nearly all of one class.

    Returns
    -------
    LightCurves
        Magnitudes in g, r and (one epoch) i, detections alone; 1 to 280 epochs, 16 in the middle. ``meta``: id, class,
        redshift, peak_mag, peak_mjd (days), a_v (mag, of our Galaxy).

    Raises
    ------
    InputError
        If the file is absent, damaged or not the registered one.
    """
    curves = _npz(ZTF_SUPERNOVAE, CurveSchema(name="ZTF supernovae", citation=ZTF_SUPERNOVAE.citation))
    # The file calls the band of ZTF next to g by the R of its predecessor.
    curves = curves.replace(bands=tuple("r" if band == "R" else band for band in curves.bands)).with_bands("gri")
    names = {"type": "class", "peakmag": "peak_mag", "A_V": "a_v"}
    meta = curves.meta.rename(columns=names).assign(peak_mjd=curves.meta["peakt"] + 57_999.5)
    return curves.replace(meta=meta[["id", "class", "redshift", "peak_mag", "peak_mjd", "a_v"]])


def _npz(source: Source, schema: CurveSchema) -> LightCurves:
    return read_npz(fetch(source).path, schema)
