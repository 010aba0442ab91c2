"""A catalogue of 100,000 light curves of 200 points, classified part by part by a forest on its features.

Throughput against the number of workers of a dask cluster on this machine, and the peak memory of a worker for a tenth of
the catalogue and for all of it: it must be the same. Periods are in the catalogue, as they are in a survey's.

    python benchmarks/partitions.py [--curves 100000] [--folder DIR]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from checkstar.data import light_curve_partitions, write_light_curves
from checkstar.data.curve_layout import curve_dataset
from checkstar.data.light_curves import LightCurves
from checkstar.methods.light_curves.curve_trees import CurveForest
from checkstar.studies import DaskExecutor
from checkstar.studies.partitions import Scored, score_partitions

N_POINTS, PART, BATCH = 200, 1000, 500
#: Peaks of the resident memory differ by a few per cent from run to run.
MOST_GROWTH = 1.15


def sinusoids(n: int, seed: int) -> LightCurves:
    """Sinusoids and saw teeth in unevenly spaced epochs, half of each."""
    rng = np.random.default_rng(seed)
    period, saw = 10 ** rng.uniform(-0.5, 1.5, n), rng.random(n) < 0.5
    time_days = np.sort(rng.uniform(0, 1500, (n, N_POINTS)), axis=1)
    phase = (time_days / period[:, None] + rng.random((n, 1))) % 1
    shape = np.where(saw[:, None], 2 * phase - 1, np.sin(2 * np.pi * phase))
    error = rng.uniform(0.02, 0.1, (n, 1)) * np.ones(N_POINTS)
    value = 15 + rng.uniform(0.1, 0.8, (n, 1)) * shape + error * rng.standard_normal((n, N_POINTS))
    names = [f"{seed}-{i}" for i in range(n)]
    return LightCurves(
        time=time_days.ravel(),
        value=value.ravel(),
        error=error.ravel(),
        offsets=np.arange(n + 1) * N_POINTS,
        band=None,
        bands=("V",),
        meta=pd.DataFrame({"id": names, "period": period, "class": np.where(saw, "saw tooth", "sinusoid")}),
        unit="mag",
    )


def write_catalogue(folder: Path, n: int) -> None:
    """Parquet files of a part each, but for those that are there."""
    folder.mkdir(parents=True, exist_ok=True)
    for part in range(n // PART):
        path = folder / f"part{part:04d}.parquet"
        if not path.exists():
            write_light_curves(sinusoids(PART, 1000 + part), path, n_objects=PART)


def scored(catalogue: Path, n: int, workers: int, method: CurveForest, out: Path) -> tuple[Scored, float]:
    """Classify the first `n` light curves; the time of the cluster's start is not counted."""
    parts = light_curve_partitions(catalogue, PART)[: n // PART]
    executor = DaskExecutor(n_workers=workers)
    times: list[float] = []
    start = time.perf_counter()
    done = score_partitions(
        method, parts, out, executor, batch_size=BATCH, progress=lambda *_: times.append(time.perf_counter())
    )
    if done.failed:
        raise SystemExit(done.failed[0].failure)
    # From the end of the first part a worker finished: before it lie the start of processes and imports.
    first = times[workers - 1] if len(times) > workers else start
    return done, (done.n_objects - workers * PART) / (times[-1] - first) if len(times) > workers else float("nan")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--curves", type=int, default=100_000)
    parser.add_argument("--folder", type=Path, help="Kept between runs.")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        catalogue = asked.folder or Path(scratch) / "catalogue"
        start = time.perf_counter()
        write_catalogue(catalogue, asked.curves)
        size = sum(path.stat().st_size for path in catalogue.iterdir()) / 1e6
        print(
            f"catalogue: {asked.curves:,} light curves of {N_POINTS} points, {size:,.0f} MB of Parquet "
            f"(written or found in {time.perf_counter() - start:.0f} s)"
        )
        labelled = curve_dataset(sinusoids(1000, 0), "class", extras=["period"], meta=["id"])
        method = CurveForest(n_trees=100).fit_data(labelled)
        peaks = {}
        for workers, n in ((1, asked.curves // 10), (2, asked.curves // 10), (2, asked.curves)):
            done, rate = scored(catalogue, n, workers, method, Path(scratch) / f"out-{workers}-{n}")
            peaks[workers, n] = max(part.peak_memory_mb for part in done.done)
            print(
                f"{workers} workers, {n:>7,} light curves: {rate:6.0f} light curves/s, peak {peaks[workers, n]:.0f} MB a worker"
            )
        growth = peaks[2, asked.curves] / peaks[2, asked.curves // 10]
        right = accuracy(Path(scratch) / f"out-2-{asked.curves}", catalogue)
        print(f"peak memory for ten times the catalogue: x {growth:.2f}; accuracy {right:.3f}")
        if growth > MOST_GROWTH:
            raise SystemExit(f"memory grows with the catalogue: x {growth:.2f}, at most {MOST_GROWTH} is allowed")


def accuracy(out: Path, catalogue: Path) -> float:
    """Of all results, so that the work was done and rows are where they belong."""
    said = pd.concat([pd.read_parquet(path) for path in out.glob("*.parquet")]).set_index("id")
    truth = pd.concat([pd.read_parquet(path, columns=["id", "class"]) for path in catalogue.iterdir()]).set_index("id")
    assert len(said) == len(truth) == said.index.nunique()
    predicted = said["p_saw tooth"].to_numpy() > 0.5
    return float((predicted == (truth["class"].loc[said.index] == "saw tooth").to_numpy()).mean())


if __name__ == "__main__":
    main()
