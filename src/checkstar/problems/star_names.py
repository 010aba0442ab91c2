"""Names of variable-star classes that surveys share."""

from __future__ import annotations

__all__ = ["COMMON_CLASSES", "common_class"]

#: The common class and what each survey calls it; a kind that stands nowhere has no counterpart and is left out:
#: double-mode RR Lyrae (2 in ASAS), what Catalina calls miscellaneous, Be stars, R CrB and Herbig stars, ...
#: Catalina calls spotted and ellipsoidal stars rotational together, and all red giants long-period variables.
COMMON_CLASSES: dict[str, tuple[str, ...]] = {
    "RRab": ("RRab", "Blazhko", "RR_Lyrae_FM"),
    "RRc": ("RRc", "RR_Lyrae_FO"),
    "CEP": (
        *("DCEP", "T2CEP", "ACEP"),
        *("Classical_Cepheid", "MultiMode_Cepheid", "PopII_Cepheid", "RV_Tauri"),
    ),
    "DSCT": ("DSCT", "Delta_Scuti", "SX_Phe"),
    "EA": ("EA", "Beta_Persei"),
    "EB/EW": ("EB/EW", "Beta_Lyrae", "W_Ursae_Maj"),
    "LPV": ("LPV", "Mira", "SR", "Semireg_PV", "SARG_A", "SARG_B", "LSP", "RSG"),
    "ROT": ("ROT", "RS_CVn", "ChemPeculiar", "Weakline_T_Tauri", "Ellipsoidal"),
}

_COMMON = {own: name for name, owns in COMMON_CLASSES.items() for own in owns}


def common_class(name: str) -> str | None:
    """The common name of a survey's class; None where other surveys have none.

    Examples
    --------
    >>> common_class("W_Ursae_Maj"), common_class("MISC")
    ('EB/EW', None)
    """
    return _COMMON.get(name)
