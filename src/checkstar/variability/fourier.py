"""Fourier shape of light curves at their periods: R21, phi21 and their kin, and what every harmonic explains."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from checkstar.data.light_curves import LightCurves
from checkstar.variability.distributions import ratio
from checkstar.variability.harmonics import Harmonics, fit_harmonics

__all__ = ["describe_fourier", "fourier_shape"]

Array = NDArray[np.float64]

_HARMONICS = 5
_GRID = 96


def fourier_shape(fit: Harmonics) -> dict[str, Array]:
    """Amplitude ratios ``r21``, ``r31``, ... and phases ``phi21``, ``phi31``, ... (n,) of a Fourier series.

    ``R_k1 = A_k / A_1`` and ``phi_k1 = phi_k - k phi_1`` of cosines, in radians from 0 to 2 pi. A sawtooth that brightens
    fast has phi21 near 4.7 in magnitudes; two equal dips of an eclipsing binary, folded at its full period, have A_2 > A_1.

    References
    ----------
    Simon & Lee 1981, ApJ 248, 291.

    Examples
    --------
    >>> t = np.linspace(0.0, 10.0, 40)
    >>> wave = np.cos(2 * np.pi * t / 0.7) + 0.5 * np.cos(4 * np.pi * t / 0.7 + 1.0)
    >>> fit = fit_harmonics(LightCurves.from_lists([t], [12.0 + wave], [np.full(40, 0.01)]), [0.7], 2)
    >>> {name: round(float(value[0]), 3) for name, value in fourier_shape(fit).items()}
    {'r21': 0.5, 'phi21': 1.0}
    """
    found = {}
    for k in range(2, fit.amplitude.shape[1] + 1):
        found[f"r{k}1"] = ratio(fit.amplitude[:, k - 1], fit.amplitude[:, 0])
        found[f"phi{k}1"] = np.mod(fit.phase[:, k - 1] - k * fit.phase[:, 0], 2 * np.pi)
    return found


def describe_fourier(curves: LightCurves, period: Array) -> tuple[dict[str, Array], Harmonics]:
    """Fourier features (n,) of light curves of one band at their periods (days), and the series itself.

    ``fourier_amplitude`` is A_1, ``model_amplitude`` the peak-to-peak of the series, in the unit of the values.
    ``explained_k`` is the share of chi^2 that k harmonics explain, ``alternation`` what odd harmonics of twice the period
    explain of what the period itself leaves: large where even and odd minima differ. ``rise_share`` is the share of a
    cycle from faintest to brightest, ``model_skew`` the asymmetry of the series, ``steepest_rise`` and
    ``steepest_fall`` its extreme slopes in peak-to-peak amplitudes a cycle.

    References
    ----------
    Simon & Lee 1981, ApJ 248, 291; Debosscher et al. 2007, A&A 475, 1159.
    """
    fit = fit_harmonics(curves, period, _HARMONICS)
    single = fit_harmonics(curves, period, 1)
    double = fit_harmonics(curves, 2 * period, 4)
    pair = fit_harmonics(curves, period, 2)
    found = {"fourier_amplitude": fit.amplitude[:, 0]} | fourier_shape(fit)
    found["explained_1"] = 1 - ratio(single.chi2, single.chi2_constant)
    found["explained_5"] = 1 - ratio(fit.chi2, fit.chi2_constant)
    found["harmonics_gain"] = np.log10(ratio(single.chi2, fit.chi2))
    found["alternation"] = 1 - ratio(double.chi2, pair.chi2)
    found["half_period_ratio"] = ratio(double.amplitude[:, 0], double.amplitude[:, 1])
    return found | _model_shape(fit), fit


def _model_shape(fit: Harmonics) -> dict[str, Array]:
    cycle = np.arange(_GRID) / _GRID
    k = np.arange(1, fit.amplitude.shape[1] + 1)
    wave = np.exp(2j * np.pi * np.outer(k, cycle))
    coefficient = np.nan_to_num(fit.amplitude * np.exp(1j * fit.phase))
    series = (coefficient @ wave).real
    slope = ((coefficient * (2j * np.pi * k)) @ wave).real
    height = np.ptp(series, axis=1)
    std = series.std(axis=1)
    return {
        "model_amplitude": height,
        "rise_share": np.mod(series.argmin(axis=1) - series.argmax(axis=1), _GRID) / _GRID,
        "model_skew": ratio(np.mean(series**3, axis=1), std**3),
        "model_kurtosis": ratio(np.mean(series**4, axis=1), std**4),
        "steepest_rise": -ratio(slope.min(axis=1), height),
        "steepest_fall": ratio(slope.max(axis=1), height),
    }
