"""Periods: time of one light curve beside its peers, and how often the periods of Catalina stars are those of the catalogue.

    python benchmarks/periods.py [--objects 64] [--peers 3] [--stars 1000] [--fit-cycles]

All codes see the same simulated light curves of 300 epochs in seven years, on one core, and find periods from 0.05 d;
times are of the processor, the least of three rounds for all but the slow ones. The match rates, for which CHECKSTAR_DATA
names the folder of the data, are of the half of the stars that no setting was chosen on; --fit-cycles fits the rule that tells a
cycle from half of it again, on the other half, and prints its coefficients.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import time
import warnings
from collections.abc import Callable

import numpy as np
from scipy import fft

from checkstar.data.light_curves import LightCurves
from checkstar.variability.match_rates import match_kinds, match_rate
from checkstar.variability.periods import find_periods

SPAN, EPOCHS, SHORTEST = 2_550.0, 300, 0.05


def simulated(n: int) -> LightCurves:
    """Pulsating stars seen on 300 nights of seven seasons."""
    rng = np.random.default_rng(0)
    season = 365.25 * rng.integers(0, 7, (n, EPOCHS)) + rng.integers(0, 240, (n, EPOCHS))
    times = 54_000 + np.sort(season + rng.uniform(-0.15, 0.15, (n, EPOCHS)), axis=1)
    period = rng.uniform(0.45, 0.8, n)
    turn = 2 * np.pi * times / period[:, None]
    values = 15 + 0.3 * np.cos(turn) + 0.12 * np.cos(2 * turn - 1.7) + rng.normal(0, 0.07, (n, EPOCHS))
    columns = {"time": times.ravel(), "value": values.ravel(), "error": np.full(n * EPOCHS, 0.07)}
    return LightCurves(offsets=EPOCHS * np.arange(n + 1), meta={"period": period}, **columns)


def processor_ms(call: Callable[[], object], n: int, rounds: int) -> float:
    """Milliseconds of the processor for each of n objects."""
    spent = []
    for _ in range(rounds):
        start = time.process_time()
        call()
        spent.append(time.process_time() - start)
    return 1e3 * min(spent) / n


def astropy_fast(curves: LightCurves) -> list[float]:
    from astropy.timeseries import LombScargle

    found = []
    for curve in curves:
        search = LombScargle(curve.time, curve.value, curve.error)
        frequency, power = search.autopower(
            method="fast", samples_per_peak=2.5, minimum_frequency=1 / SPAN, maximum_frequency=1 / SHORTEST
        )
        found.append(1 / frequency[power.argmax()])
    return found


def nifty(curves: LightCurves) -> list[float]:
    import nifty_ls

    found = []
    for curve in curves:
        answer = nifty_ls.lombscargle(
            curve.time,
            curve.value,
            curve.error,
            fmin=1 / SPAN,
            fmax=1 / SHORTEST,
            samples_per_peak=2.5,
            backend="finufft",
            nthreads=1,
        )
        found.append(1 / answer.freq()[answer.power.argmax()])
    return found


def rust(curves: LightCurves) -> list[float]:
    import light_curve

    # Its fast grid has 2^k + 1 frequencies; 2^17 in 20 per day are 2.6 points a peak.
    grid = np.linspace(0.0, 2 * np.pi / SHORTEST, 2**17 + 1)
    extract = light_curve.Periodogram(peaks=1, freqs=grid, fast=True)
    return [extract(c.time - c.time[0], c.value, c.error, sorted=True)[0] for c in curves]


def cesium(curves: LightCurves) -> list[float]:
    import dask
    from cesium.features import LOMB_SCARGLE_FEATS
    from cesium.featurize import featurize_time_series

    found = []
    for c in curves:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            table = featurize_time_series(
                c.time, c.value, c.error, features_to_use=LOMB_SCARGLE_FEATS, scheduler=dask.get
            )
        found.append(1 / float(table["freq1_freq"].iloc[0, 0]))
    return found


def described(curves: LightCurves) -> list[float]:
    from checkstar.variability.features import describe_curves

    periods = find_periods(curves, min_period=SHORTEST)
    describe_curves(curves, periods)
    return periods.period[:, 0].tolist()


def compare_times(n: int, n_slow: int) -> None:
    curves = simulated(n)
    truth = curves.meta["period"].to_numpy()
    cases: dict[str, tuple[Callable[[LightCurves], list[float]], int]] = {
        "checkstar, three periods": (lambda c: find_periods(c, min_period=SHORTEST).period[:, 0].tolist(), n),
        "checkstar, periods + features": (described, n),
        "nifty_ls, one periodogram": (nifty, n),
        "light-curve Periodogram": (rust, n),
        "astropy LombScargle fast": (astropy_fast, n),
        "cesium, 47 Lomb-Scargle features": (cesium, n_slow),
    }
    print(f"{n} light curves of {EPOCHS} epochs in {SPAN:.0f} d, periods from {SHORTEST} d, one core")
    spent: dict[str, float] = {}
    for name, (find, count) in cases.items():
        part = curves[:count]
        try:
            find(part[:1])
        except ImportError as missing:
            print(f"  {name:<34} skipped: {missing}")
            continue
        found = np.array(find(part))
        spent[name] = processor_ms(lambda find=find, part=part: find(part), count, 3 if count == n else 1)
        right = np.mean(np.abs(found / truth[:count] - 1) < 0.01)
        print(f"  {name:<34} {spent[name]:10.2f} ms, {100 * right:5.1f} % of {count} at the true period")
    print_limit(spent)


def print_limit(spent: dict[str, float]) -> None:
    """The transforms that a periodogram with a floating mean cannot do without, and ratios."""
    cells = fft.next_fast_len(int(2.5 * SPAN / SHORTEST * 2), real=True)
    block = np.zeros((24, cells), np.float32)
    limit = processor_ms(lambda: fft.rfft(block), 8, 5)
    ours = spent["checkstar, three periods"]
    print(f"  three FFTs of {cells} float32 cells: {limit:.2f} ms; ours takes {ours / limit:.1f} times as long")
    whole = spent.get("checkstar, periods + features")
    peer = spent.get("cesium, 47 Lomb-Scargle features")
    if whole is not None and peer is not None:
        print(f"  periods + features are {peer / whole:.0f} times as fast as the Lomb-Scargle features of cesium")


def training_half(n: int) -> np.ndarray:
    """Stars (n,) that settings may be chosen on."""
    return np.random.default_rng(20).permutation(n) < n // 2


def catalina_rates(n_stars: int) -> None:
    from checkstar.data.curve_sources import catalina_south

    curves = catalina_south()
    rest = np.flatnonzero(~training_half(len(curves)))
    rows = np.sort(np.random.default_rng(0).permutation(rest)[:n_stars])
    curves = curves[rows]
    truth, kind = curves.meta["period"].to_numpy(dtype=float), curves.meta["class"].to_numpy()
    found = find_periods(curves)
    anywhere = np.any([match_kinds(found.period[:, i], truth) == "exact" for i in range(3)], axis=0)
    print(f"Catalina South, {len(rows)} of the {len(rest)} stars that nothing was chosen on")
    print(f"  all: {match_rate(found.period, truth)}; among the first three {anywhere.mean():.3f}")
    for name in np.unique(kind):
        print(f"  {name}: {match_rate(found.period[kind == name], truth[kind == name])}")


def fit_cycles() -> None:
    """Fit the logistic regression of `checkstar.variability.cycles` on the training half of the stars."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_score

    from checkstar.data.curve_sources import catalina_south
    from checkstar.variability.candidates import Epochs, harmonic_powers
    from checkstar.variability.cycles import CYCLE_FEATURES, cycle_features, strongest_sinusoid

    curves = catalina_south()
    curves = curves[np.flatnonzero(training_half(len(curves)))]
    found = 1 / find_periods(curves, n_best=1, multiples=False).period[:, 0]
    truth = curves.meta["period"].to_numpy(dtype=float)
    features, cycles = [], []
    for curve, frequency, period in zip(curves, found, truth, strict=True):
        if not np.isfinite(frequency):
            continue
        epochs = Epochs.of(curve.time, curve.value, curve.error**-2.0, curve.band, 1)
        single = strongest_sinusoid(frequency, harmonic_powers(epochs, np.array([frequency]), 6)[0])
        both = np.array([single, single / 2])
        for doubled, place in enumerate(both):
            if abs(place * period - 1) < 0.01:
                features.append(cycle_features(epochs, single, harmonic_powers(epochs, both, 6)))
                cycles.append(doubled)
    model = LogisticRegression(C=10, max_iter=5000)
    scores = cross_val_score(model, features, cycles, cv=5)
    model.fit(features, cycles)
    print(f"{len(cycles)} stars at the cycle or half of it; told apart {scores.mean():.3f} in cross-validation")
    print(dict(zip(CYCLE_FEATURES, model.coef_[0].round(2).tolist(), strict=True)), model.intercept_.round(2).tolist())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--objects", type=int, default=64)
    parser.add_argument("--peers", type=int, default=3, help="light curves given to a peer that takes seconds for one")
    parser.add_argument("--stars", type=int, default=1000, help="Catalina stars; 0 for none")
    parser.add_argument("--fit-cycles", action="store_true")
    given = parser.parse_args()
    if given.fit_cycles:
        fit_cycles()
        return
    compare_times(given.objects, given.peers)
    if given.stars and os.environ.get("CHECKSTAR_DATA"):
        catalina_rates(given.stars)
    elif given.stars:
        print("Catalina South skipped: CHECKSTAR_DATA names no folder of data")


if __name__ == "__main__":
    main()
