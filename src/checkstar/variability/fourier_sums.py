"""Fourier sums of unevenly sampled epochs at evenly spaced frequencies, for many objects by one FFT (NUFFT of type 1)."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import fft

__all__ = ["fourier_sums"]

Array = NDArray[np.float64]
# Frequencies of one transform: it fits into the cache of the processor, which one of them all would not.
_PART = 40_000
# Cells that one epoch is spread over, and cells of time per frequency: the error, exp(-pi width sqrt(1 - 1 / oversampling)),
# is near that of float32.
_WIDTH = 10
_OVERSAMPLING = 1.25
_SHAPE = 0.985 * np.pi * _WIDTH * (1 - 0.5 / _OVERSAMPLING)


def fourier_sums(
    turns: Array, weights: NDArray[np.floating], row: NDArray[np.int64], n_rows: int, n_frequencies: int, first: int = 0
) -> NDArray[np.complex64]:
    """Sums ``sum_i weights[c, i] exp(2 pi i j turns[i])`` of each row for j = first ... first + n_frequencies - 1.

    Parameters
    ----------
    turns : (N,) array
        Time times the spacing of the frequencies; only its fractional part matters.
    weights : (c, N) array
        Coefficients; the c sets share the times.
    row : (N,) array of int
        Which of the `n_rows` objects an epoch belongs to.

    Returns
    -------
    (c, n_rows, n_frequencies) array of complex64
        Right to about 1e-5 of the sum of the absolute weights of a row.

    References
    ----------
    Dutt & Rokhlin 1993, SIAM J. Sci. Comput. 14, 1368; kernel of Barnett, Magland & af Klinteberg 2019, SIAM J. Sci.
    Comput. 41, C479.

    Examples
    --------
    >>> sums = fourier_sums(np.array([0.0, 0.25]), np.ones((1, 2)), np.array([0, 0]), 1, 3)
    >>> np.abs(sums[0, 0] - [2, 1 + 1j, 0]).max() < 2e-5
    np.True_
    """
    n_parts = -(-n_frequencies // _PART)
    size = max(-(-n_frequencies // n_parts), 2 * _WIDTH)
    n_cells = fft.next_fast_len(int(np.ceil(_OVERSAMPLING * size)))
    place = np.mod(turns, 1.0) * n_cells
    cell = np.ceil(place - _WIDTH / 2).astype(np.int64)[:, None] + np.arange(_WIDTH)
    kernel = np.exp(_SHAPE * (np.sqrt(np.maximum(1 - ((cell - place[:, None]) / (_WIDTH / 2)) ** 2, 0.0)) - 1))
    kernel = kernel.astype(np.float32)
    flat = (row[:, None] * n_cells + np.mod(cell, n_cells)).ravel()
    sums = np.empty((len(weights), n_rows, n_parts * size), np.complex64)
    for part in range(n_parts):
        middle = first + part * size + size // 2
        turned = (weights * np.exp(2j * np.pi * np.mod(middle * np.mod(turns, 1.0), 1.0))).astype(np.complex64)
        cells = np.zeros((len(weights), n_rows * n_cells), np.complex64)
        for one, weight in zip(cells, turned, strict=True):
            np.add.at(one, flat, (kernel * weight[:, None]).ravel())
        # The inverse transform has the sign of the sums: exp(+i ...).
        spectrum = fft.ifft(cells.reshape(len(weights), n_rows, n_cells), norm="forward", overwrite_x=True)
        # Frequencies below the middle stand at the end.
        below, start = size // 2, part * size
        scale = _deconvolution(n_cells, size)
        np.multiply(spectrum[:, :, n_cells - below :], scale[:below], out=sums[:, :, start : start + below])
        np.multiply(spectrum[:, :, : size - below], scale[below:], out=sums[:, :, start + below : start + size])
    return sums[:, :, :n_frequencies]


@lru_cache(maxsize=32)
def _deconvolution(n_cells: int, size: int) -> NDArray[np.float32]:
    """One over the Fourier transform of the kernel, at the `size` frequencies about zero."""
    node, weight = np.polynomial.legendre.leggauss(32)
    height = weight * np.exp(_SHAPE * (np.sqrt(1 - node**2) - 1)) * (_WIDTH / 2)
    frequency = np.abs(np.arange(size) - size // 2) / n_cells
    return (1 / (np.cos(np.pi * _WIDTH * np.outer(frequency, node)) @ height)).astype(np.float32)
