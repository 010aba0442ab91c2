"""Candidate periods of one light curve: peaks of its periodogram, measured again with exact fits of several harmonics."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from checkstar.variability.harmonics import CONSTANT, normal_matrix

__all__ = ["Candidates", "Epochs", "harmonic_powers", "highest_peaks", "refined", "scored"]

Array = NDArray[np.float64]
_RIDGE = 1e-6
# Share of chi^2 left below which float32 cannot tell one fit from another.
_PERFECT = 1e-5


class Epochs(NamedTuple):
    """One light curve made ready for fits: weights that add up to one, values centred in each band with unit chi^2.

    Attributes
    ----------
    time : (m,) array
        Days from the weighted mean time.
    moments : (m, n_bands + 1) array
        Weights of each band, then weight times value.
    shares : (n_bands,) array
        Weight of each band.
    span : float
        Days between first and last epoch.
    scatter : float
        Weighted standard deviation of the values about the means of the bands; zero if that is rounding alone.
    """

    time: Array
    moments: NDArray[np.complex64]
    shares: Array
    span: float
    scatter: float

    @classmethod
    def of(cls, time: Array, value: Array, weight: Array, band: NDArray[np.int16], n_bands: int) -> Epochs:
        used = weight > 0
        time, value, weight, band = time[used], value[used], weight[used] / weight[used].sum(), band[used]
        members = (band == np.arange(n_bands)[:, None]) * weight
        shares = members.sum(axis=1)
        centred = value - ((members @ value) / np.where(shares > 0, shares, 1.0))[band]
        scatter, level = float(np.sqrt(weight @ centred**2)), float(np.sqrt(weight @ value**2))
        scatter = scatter if scatter > CONSTANT * level else 0.0
        moments = np.column_stack([*members[shares > 0], weight * centred / (scatter or 1.0)]).astype(np.complex64)
        return cls(time - weight @ time, moments, shares[shares > 0], float(np.ptp(time)), scatter)

    @property
    def n_free(self) -> int:
        """Epochs less the means of the bands."""
        return len(self.time) - len(self.shares)


class Candidates(NamedTuple):
    """Frequencies (m,) per day, the shares of chi^2 (m, K) that 1 to K harmonics explain there, the harmonics chosen (m,)
    and the score (m,) that chose them: lower is better.
    """

    frequency: Array
    explained: Array
    n_harmonics: NDArray[np.intp]
    score: Array

    def at(self, rows: ArrayLike) -> Candidates:
        """Those at the given positions, or where a mask is true."""
        chosen = np.asarray(rows)
        chosen = chosen if chosen.dtype == bool else chosen.astype(np.intp)
        return Candidates(self.frequency[chosen], self.explained[chosen], self.n_harmonics[chosen], self.score[chosen])

    def followed_by(self, others: Candidates) -> Candidates:
        """These, and then the others."""
        return Candidates(*(np.concatenate(pair) for pair in zip(self, others, strict=True)))

    def first(self, n: int) -> Candidates:
        """The first n."""
        return self.at(np.arange(min(n, len(self.frequency))))

    def best_first(self) -> Candidates:
        """The same in the order of their score."""
        return self.at(np.argsort(self.score, kind="stable"))

    @property
    def power(self) -> Array:
        """Share of chi^2 (m,) that the chosen number of harmonics explains."""
        return self.explained[np.arange(len(self.frequency)), self.n_harmonics - 1]


def harmonic_powers(epochs: Epochs, frequency: Array, n_harmonics: int) -> Array:
    """Share of chi^2 (m, n_harmonics) that Fourier series with 1, 2, ... harmonics explain at each frequency (m,).

    One Cholesky factorisation gives all of them: its last row holds the coefficients of an orthogonal basis, in which
    each harmonic adds what the ones before left over.
    """
    k, n_bands = n_harmonics, len(epochs.shares)
    turns = np.outer(frequency, epochs.time)
    turns = (2 * np.pi * (turns - np.rint(turns))).astype(np.float32)
    unit = np.empty(turns.shape, np.complex64)
    unit.real, unit.imag = np.cos(turns), np.sin(turns)
    sums = np.ones((len(frequency), 2 * k + 1), complex)
    low = np.empty((len(frequency), k, n_bands + 1), complex)
    weight = epochs.moments[:, :-1].sum(axis=1)
    power = unit
    for j in range(1, 2 * k + 1):
        if j <= k:
            low[:, j - 1] = power @ epochs.moments
            sums[:, j] = low[:, j - 1, :-1].sum(axis=-1)
        else:
            sums[:, j] = power @ weight
        power = power * unit if j < 2 * k else power
    low = low.swapaxes(1, 2)
    real = np.concatenate([low.real, low.imag], axis=-1)[:, :, _interleaved(k)]
    shares = np.broadcast_to(epochs.shares, (len(frequency), n_bands))
    matrix = np.empty((len(frequency), 2 * k + 1, 2 * k + 1))
    order = _interleaved(k)
    matrix[:, :-1, :-1] = normal_matrix(sums, np.concatenate([low.real, low.imag], axis=-1)[:, :-1], shares)[
        :, order[:, None], order
    ]
    matrix[:, -1, :-1] = matrix[:, :-1, -1] = real[:, -1]
    diagonal = np.arange(2 * k)
    matrix[:, diagonal, diagonal] += _RIDGE
    matrix[:, -1, -1] = 1.001
    basis = np.linalg.cholesky(matrix)[:, -1, :-1]
    return np.cumsum(np.square(basis).reshape(-1, k, 2).sum(axis=-1), axis=1).clip(0.0, 1.0)


@lru_cache(maxsize=16)
def _interleaved(k: int) -> NDArray[np.intp]:
    """Positions of cosine and sine in turn, in a list of all cosines and then all sines."""
    return np.arange(2 * k).reshape(2, k).T.ravel()


def scored(epochs: Epochs, frequency: Array, harmonics: tuple[int, ...], penalty: float, slow: float) -> Candidates:
    """Frequencies with the number of harmonics, of those allowed, that describes the light curve best.

    The score is BIC with its penalty for a parameter multiplied by `penalty`. Below the frequency `slow` at most two
    harmonics are allowed: more of them follow trends and seasons. A frequency whose strongest harmonic is the third
    or a higher one is the subharmonic of another, and is not allowed more than two either.
    """
    explained = harmonic_powers(epochs, frequency, max(harmonics))
    n, used = epochs.n_free, np.array(harmonics)
    gain = np.diff(explained, axis=1, prepend=0.0)
    higher = gain[:, 2:].max(axis=1, initial=0.0) > gain[:, :2].max(axis=1)
    with np.errstate(divide="ignore"):
        score = n * np.log(np.maximum(1 - explained[:, used - 1], _PERFECT)) + penalty * 2 * used * np.log(max(n, 2))
    few = (2 * used >= n / 6) & (used > used.min())
    score[((higher | (frequency < slow))[:, None] & (used > 2)) | few] = np.inf
    best = score.argmin(axis=1)
    return Candidates(frequency, explained, used[best], score[np.arange(len(score)), best])


def refined(epochs: Epochs, frequency: Array, n_harmonics: NDArray[np.intp], rounds: int = 2) -> Array:
    """Frequencies moved to the top of their peaks, by parabolas through three exact powers, each closer than the last."""
    row = np.arange(len(frequency))
    width = 0.2 / (epochs.span * n_harmonics)
    for _ in range(rounds):
        tried = frequency + width * np.array([-1.0, 0.0, 1.0])[:, None]
        powers = harmonic_powers(epochs, np.abs(tried).ravel(), int(n_harmonics.max()))
        left, centre, right = powers.reshape(3, len(row), -1)[:, row, n_harmonics - 1]
        frequency = np.abs(frequency + width * _vertex(left, centre, right, 1.5))
        width = width / 4
    return frequency


def _vertex(left: Array, centre: Array, right: Array, most: float) -> Array:
    """Place of the top of the parabola through three points one apart; towards the higher side where it has none."""
    bend = left - 2 * centre + right
    with np.errstate(divide="ignore", invalid="ignore"):
        place = np.where(bend < 0, 0.5 * (left - right) / bend, most * np.sign(right - left))
    return np.clip(np.nan_to_num(place), -most, most)


def highest_peaks(power: NDArray[np.float32], n_peaks: int, block: int = 32) -> Array:
    """Positions, between the points of the grid, of the highest peaks (at most `n_peaks`), in order of their height.

    The grid is cut into blocks, and at most one peak is taken from each: the side lobes of a peak stay out.
    """
    n_blocks = (len(power) - 2) // block
    if n_blocks < 1:
        block, n_blocks = max(len(power) - 2, 1), int(len(power) > 2)
    if n_blocks < 1:
        return np.empty(0)
    inner = power[1 : 1 + n_blocks * block].reshape(n_blocks, block)
    highest = _block_maxima(inner)
    most = min(2 * n_peaks, n_blocks)
    chosen = np.argpartition(-highest, most - 1)[:most]
    place = 1 + chosen * block + inner[chosen].argmax(axis=1)
    left, centre, right = (power[place + shift].astype(float) for shift in (-1, 0, 1))
    peak = (centre >= left) & (centre >= right) & (centre > 0)
    place = place + _vertex(left, centre, right, 0.5)
    order = np.lexsort((place[peak], -centre[peak]))[:n_peaks]
    return place[peak][order]


def _block_maxima(blocks: NDArray[np.float32]) -> NDArray[np.float32]:
    """The maximum of each row, by halves where their number is a power of two: twice as fast as `max` on short rows."""
    highest, width = blocks.ravel(), blocks.shape[1]
    if width & (width - 1):
        return blocks.max(axis=1)
    while width > 1:
        highest, width = np.maximum(highest[0::2], highest[1::2]), width // 2
    return highest
