"""Files of light curves: seconds to load 37,000 light curves of about 235 epochs, beside pandas' groupby of a long table.

The light curves are random numbers, which nothing compresses; the peak memory of streaming is that of a process of its
own. Run by `make bench`.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from checkstar.data.curve_files import iterate_light_curves, read_light_curves, write_light_curves
from checkstar.data.light_curves import LightCurves

N_OBJECTS, MEAN_EPOCHS = 37_000, 235
TARGET_SECONDS, TARGET_GROWTH = 2.0, 1.2


def made(n: int) -> LightCurves:
    """Light curves of 120 to 350 epochs in one band, with a name, a class and a period each."""
    rng = np.random.default_rng(0)
    offsets = np.concatenate([[0], np.cumsum(rng.integers(120, 2 * MEAN_EPOCHS - 119, n))])
    time = 53_000 + rng.uniform(0, 3000, offsets[-1])
    value = rng.normal(16, 1, offsets[-1])
    meta = {
        "id": [f"star{i:07d}" for i in range(n)],
        "class": rng.choice(["RRab", "EA", "EW"], n),
        "period": rng.uniform(0.1, 10, n),
    }
    return LightCurves(time=time, value=value, error=np.full(len(time), 0.05), offsets=offsets, meta=meta)


def write_all(curves: LightCurves, folder: Path) -> None:
    """The same light curves in each format, and as a long table."""
    import pandas as pd

    write_light_curves(curves, folder / "curves.parquet")
    write_light_curves(curves, folder / "curves.fits")
    meta = {name: curves.meta[name].to_numpy(dtype=None if name == "period" else str) for name in curves.meta}
    np.savez_compressed(
        folder / "curves.npz",
        time=curves.time,
        mag=curves.value.astype(np.float32),
        magerr=curves.error.astype(np.float32),
        offsets=curves.offsets,
        **meta,
    )
    long = {"id": curves.meta["id"].to_numpy()[curves.owner], "mjd": curves.time, "mag": curves.value}
    pd.DataFrame(long | {"magerr": curves.error}).to_parquet(folder / "long.parquet", index=False)


def naive(path: Path) -> list[Any]:
    """One array an object and column, as scripts do it."""
    import pandas as pd

    columns = ["mjd", "mag", "magerr"]
    return [[group[c].to_numpy() for c in columns] for _, group in pd.read_parquet(path).groupby("id")]


def seconds(work: Callable[[], Any]) -> float:
    """The quickest of three times."""
    found = []
    for _ in range(3):
        start = perf_counter()
        work()
        found.append(perf_counter() - start)
    return min(found)


def streamed(path: str) -> None:
    """Print by how much memory grows while a catalogue is streamed (in a process of its own; Linux)."""

    def peak() -> float:
        lines = Path("/proc/self/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024

    next(iterate_light_curves(path, 10))
    before = peak()
    sum(len(portion) for portion in iterate_light_curves(path))
    print(peak() - before)


def streaming(path: Path) -> float:
    """MB that streaming a file needs."""
    done = subprocess.run([sys.executable, __file__, str(path)], capture_output=True, text=True, check=True)
    return float(done.stdout)


def main() -> None:
    """Print seconds for each format, the ratio to the naive reader, and the memory of streaming."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        curves = made(N_OBJECTS)
        write_all(curves, folder)
        print(f"{len(curves):,} light curves, {len(curves.time):,} epochs")
        found = {
            kind: seconds(lambda k=kind: read_light_curves(folder / f"curves.{k}"))
            for kind in ("parquet", "npz", "fits")
        }  # type: ignore[misc]
        found["long parquet"] = seconds(lambda: read_light_curves(folder / "long.parquet"))
        slow = seconds(lambda: naive(folder / "long.parquet"))
        for kind, needed in found.items():
            size = (folder / ("long.parquet" if "long" in kind else f"curves.{kind}")).stat().st_size / 1e6
            print(f"{kind:>13}: {needed:5.2f} s, {size:4.0f} MB on disk, {slow / needed:5.1f} times as fast as groupby")
        print(f"{'groupby':>13}: {slow:5.2f} s")
        write_light_curves(made(4 * N_OBJECTS), folder / "large.parquet")
        small, large = (streaming(folder / f"{name}.parquet") for name in ("curves", "large"))
    print(f"streaming needs {small:.0f} MB for {N_OBJECTS:,} light curves, {large:.0f} MB for {4 * N_OBJECTS:,}")
    fast, bounded = max(found["parquet"], found["npz"]) < TARGET_SECONDS, large < TARGET_GROWTH * small
    print(f"target < {TARGET_SECONDS:.0f} s from Parquet and npz: {'met' if fast else 'MISSED'}")
    print(f"memory of streaming does not grow with the catalogue: {'met' if bounded else 'MISSED'}")
    sys.exit(0 if fast and bounded else 1)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        streamed(sys.argv[1])
    else:
        main()
