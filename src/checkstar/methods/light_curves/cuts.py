"""VariableStarCuts: classes from cuts in period, amplitude and Fourier shape, as catalogues of variable stars make them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from checkstar.data.curve_layout import CurveLayout
from checkstar.errors import InputError
from checkstar.methods.light_curves.described_curves import DescribedCurves

__all__ = ["CELLS", "VariableStarCuts"]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


class Cell(NamedTuple):
    """One cell of the tree of cuts: what an astronomer would call its stars, and the larger cell that it is part of."""

    name: str
    parent: str


#: Cells from coarse to fine. The first holds everything.
CELLS = (
    Cell("all", ""),
    Cell("not periodic", "all"),
    Cell("periodic", "all"),
    Cell("long period", "periodic"),
    Cell("Mira", "long period"),
    Cell("semiregular", "long period"),
    Cell("small amplitude red", "long period"),
    Cell("two minima", "periodic"),
    Cell("detached eclipses", "two minima"),
    Cell("detached, long", "detached eclipses"),
    Cell("detached, short", "detached eclipses"),
    Cell("contact", "two minima"),
    Cell("contact, large amplitude", "contact"),
    Cell("contact, small amplitude", "contact"),
    Cell("contact, long", "contact"),
    Cell("single wave", "periodic"),
    Cell("delta Scuti", "single wave"),
    Cell("RR Lyrae", "single wave"),
    Cell("RRab", "RR Lyrae"),
    Cell("RRab, long", "RR Lyrae"),
    Cell("RRc", "RR Lyrae"),
    Cell("RRd", "RR Lyrae"),
    Cell("Blazhko", "RR Lyrae"),
    Cell("Cepheid", "single wave"),
    Cell("classical Cepheid", "Cepheid"),
    Cell("type II Cepheid", "Cepheid"),
    Cell("rotation", "single wave"),
    Cell("rotation, fast", "rotation"),
    Cell("rotation, slow", "rotation"),
)
_NAMES = tuple(cell.name for cell in CELLS)
_PARENT = np.array([_NAMES.index(cell.parent) if cell.parent else -1 for cell in CELLS])

#: How many objects of the larger cell speak in a smaller one: Laplace's rule, with the parent as the prior.
_PRIOR_OBJECTS = 2.0


class VariableStarCuts(DescribedCurves):
    """The cuts of catalogues of variable stars: boundaries from the literature, class frequencies from the training set.

    Every star falls through a fixed tree (`CELLS`) by its period P, the peak-to-peak amplitude A of its Fourier series,
    R21 and phi21, the shape of its minima and what is left of a second period:

    * not periodic: the series explains less than a third of chi^2
    * P > 80 d: Mira where A > 2.5 mag, semiregular where A > 0.4 mag, small amplitude otherwise
    * two minima: even harmonics rule (R21 > 1), or minima are narrow; detached where the star is within a fifth of its
      greatest brightness for half of the cycle, contact otherwise, split at A = 0.35 mag and P = 1 d
    * single wave: delta Scuti for P < 0.2 d; RR Lyrae for P < 1 d and A > 0.2 mag, type ab where R21 > 0.3, with a
      second mode (RRd) or sidebands (Blazhko) where the residuals show them; Cepheid for 1 to 80 d and A > 0.2 mag, of type II
      where the light curve is broad at maximum for its period (R21 < 0.3 outside 8 to 13 d, phi21 outside 3.9 to 5.6);
      rotation otherwise

    No boundary is learned. The probability of a class is its share among the training objects of the cell, drawn by two objects
    towards that of the larger cell, so that empty cells answer as those do. Names of classes need no translation:
    the training set says what its authors call the stars of a cell.

    Parameters
    ----------
    balance : float in [0, 1]
        Power of the frequencies of classes that probabilities are divided by; see `DescribedCurves`.
    period_search : dict, optional
        Settings of `find_periods`, for data without a period.

    Raises
    ------
    InputError
        In fit, if the light curves are not in magnitudes.

    References
    ----------
    Drake et al. 2017, MNRAS 469, 3688; Pojmanski 2002, AcA 52, 397; Soszynski et al. 2008, AcA 58, 163 and 2009, AcA 59, 1
    (Cepheids and RR Lyrae in Fourier parameters); Percy 2007, Understanding Variable Stars (long periods).
    """

    references = (
        "Drake et al. 2017, MNRAS 469, 3688",
        "Pojmanski 2002, AcA 52, 397",
        "Soszynski et al. 2009, AcA 59, 1",
    )

    def __init__(self, balance: float = 0.0, period_search: dict[str, Any] | None = None) -> None:
        self.balance = balance
        self.period_search = period_search

    def _learn(self, values: Array, codes: NDArray[np.intp], names: list[str]) -> None:
        unit = CurveLayout.of(self.features_).unit
        if not unit.startswith("mag"):
            raise InputError(
                f"VariableStarCuts got light curves in {unit or 'no unit'}; its cuts are in magnitudes, convert them with "
                "to_magnitudes."
            )
        n_classes = len(self.names_)
        counts = np.zeros((len(CELLS), n_classes))
        cell = assign_cells(values, names)
        while (cell >= 0).any():
            np.add.at(counts, (cell[cell >= 0], codes[cell >= 0]), 1.0)
            cell = np.where(cell >= 0, _PARENT[cell], -1)
        self.shares_ = np.tile(counts[0] / counts[0].sum(), (len(CELLS), 1))
        # Parents come first, so each is done before its parts ask for it.
        for i in range(1, len(CELLS)):
            prior = _PRIOR_OBJECTS * self.shares_[_PARENT[i]]
            self.shares_[i] = (counts[i] + prior) / (counts[i].sum() + _PRIOR_OBJECTS)

    def _probabilities(self, values: Array) -> Array:
        return self.shares_[assign_cells(values, self.described_by_)]

    def check_learned(self) -> None:
        """Refuse shares that do not belong to the cells (asked on load)."""
        if self.shares_.shape != (len(CELLS), len(self.names_)):
            raise InputError(
                f"VariableStarCuts holds shares of {len(self.shares_)} cells for {len(CELLS)}; fit it again."
            )


def assign_cells(values: Array, names: list[str]) -> NDArray[np.intp]:
    """Position in `CELLS` (n,) of objects with features (n, q) of these names.

    Examples
    --------
    >>> names = ["has_period", "log_period", "explained_5", "model_amplitude", "r21"]
    >>> CELLS[assign_cells(np.array([[1, np.log10(300.0), 0.9, 4.0, 0.2]]), names)[0]].name
    'Mira'
    """
    get = _Getter(values, names)
    period, height, r21 = 10 ** get("log_period"), get("model_amplitude"), get("r21")
    periodic = (get("has_period") > 0) & (get("explained_5") > 1 / 3)
    long = period > 80
    narrow = (get("bright_share") > 0.5) & (get("quantile_skew") > 0.1)
    double = (r21 > 1) | narrow
    detached = get("bright_share") > 0.45
    lyrae, steep = (period < 1) & (height > 0.2), r21 > 0.3
    second = np.maximum(get("fundamental_peak"), get("overtone_peak")) > 9
    modulated = (get("sideband_power") > 0.15) & (get("chi2_residual") > 1.5) & (get("eta_residual") < 1.2)
    cepheid = (period >= 1) & (height > 0.2) & (get("rise_share") < 0.5)
    bump = (period > 8) & (period < 13)
    classical = (r21 > 0.3) | bump
    classical &= (get("phi21") > 3.9) & (get("phi21") < 5.6)
    rules: list[tuple[str, Mask]] = [
        ("not periodic", ~periodic),
        ("Mira", long & (height > 2.5)),
        ("semiregular", long & (height > 0.4)),
        ("small amplitude red", long),
        ("detached, long", double & detached & (period > 1)),
        ("detached, short", double & detached),
        ("contact, long", double & (period > 1)),
        ("contact, large amplitude", double & (height > 0.35)),
        ("contact, small amplitude", double),
        ("delta Scuti", (period < 0.2) & (height > 0.05)),
        ("RRd", lyrae & second),
        ("Blazhko", lyrae & steep & modulated),
        ("RRab, long", lyrae & steep & (period > 0.7)),
        ("RRab", lyrae & steep),
        ("RRc", lyrae & (period < 0.5)),
        ("classical Cepheid", cepheid & classical),
        ("type II Cepheid", cepheid),
        ("rotation, fast", period < 3),
    ]
    return np.select(
        [mask for _, mask in rules], [_NAMES.index(name) for name, _ in rules], _NAMES.index("rotation, slow")
    )


class _Getter:
    """Columns by name; zeros for a feature that these data do not have."""

    def __init__(self, values: Array, names: list[str]) -> None:
        self.columns = dict(zip(names, values.T, strict=True))
        self.n = len(values)

    def __call__(self, name: str) -> Array:
        return self.columns.get(name, np.zeros(self.n))
