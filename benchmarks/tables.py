"""Audit of a table of predictions: time and peak memory at 100,000 and at 1,000,000 rows with ten metadata columns.

Each size runs in a process of its own, from reading the Parquet file to the written report, with every check that needs
no model. Run by `make bench`.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

SIZES = (100_000, 1_000_000)
TARGET_SECONDS, TARGET_MB = 20.0, 1500.0


def write_table(path: Path, n: int) -> None:
    """Redshifts with errors and ten columns of metadata: eight numbers, two of text, in fields of about 100."""
    import pandas as pd

    rng = np.random.default_rng(0)
    z = rng.gamma(4.0, 0.12, n)
    sigma = 0.03 * (1 + z) * rng.uniform(0.8, 1.2, n)
    columns = {"z_spec": z, "z_phot": z + sigma * rng.standard_normal(n), "z_err": sigma}
    columns |= {f"mag_{band}": 20 + 2 * z + rng.standard_normal(n) for band in "ugrizyjh"}
    columns |= {"survey": rng.choice(["north", "south"], n), "field": rng.integers(n // 100, size=n)}
    pd.DataFrame(columns).to_parquet(path)


def audit_table(path: str) -> None:
    """Audit one table (in a process of its own) and print what it cost."""
    from checkstar.provenance import measure

    with measure() as meter, tempfile.TemporaryDirectory() as folder:
        import checkstar as cs

        run = cs.Run.from_table(path, truth="z_spec", predicted="z_phot", sigma="z_err", group="field")
        audit = cs.audit(run)
        audit.save(Path(folder) / "out")
        page = (Path(folder) / "out" / "report.html").stat().st_size
    ran = sum(e.verdict.ran for j in audit.judgements for e in j.evidence)
    print(json.dumps({"seconds": meter.wall_seconds, "mb": meter.peak_memory_mb, "ran": ran, "page_mb": page / 1e6}))


def main() -> None:
    """Print time and memory for both sizes, and how they grow."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for n in SIZES:
            path = Path(folder) / f"table{n}.parquet"
            write_table(path, n)
            done = subprocess.run([sys.executable, __file__, str(path)], capture_output=True, text=True, check=True)
            found[n] = json.loads(done.stdout.splitlines()[-1])
            print(
                f"audit of {n:>9,} rows, {found[n]['ran']} checks ran: {found[n]['seconds']:6.1f} s, "
                f"{found[n]['mb']:6.0f} MB, page {found[n]['page_mb']:.2f} MB"
            )
    small, large = (found[n] for n in SIZES)
    ratio = SIZES[1] / SIZES[0]
    print(
        f"10x the rows: {large['seconds'] / small['seconds']:.1f}x the time, {large['mb'] / small['mb']:.1f}x the memory"
    )
    ok = small["seconds"] < TARGET_SECONDS and small["mb"] < TARGET_MB
    linear = large["seconds"] <= ratio * small["seconds"] and large["mb"] <= ratio * small["mb"]
    print(f"targets < {TARGET_SECONDS:.0f} s and < {TARGET_MB:.0f} MB: {'met' if ok else 'MISSED'}")
    print(f"no more than linear: {'met' if linear else 'MISSED'}")
    sys.exit(0 if ok and linear else 1)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        audit_table(sys.argv[1])
    else:
        main()
