"""A default audit of 100,000 objects with 20 features by a forest, with the model at hand: seconds, memory, model calls.

    python benchmarks/audit.py [n_objects]

Prints a line a check, slowest first, and the totals. `make bench` runs it; the target is 120 s and 3 GB on two cores.
"""

from __future__ import annotations

import argparse
import resource
import time

import numpy as np
from sklearn.ensemble import RandomForestRegressor

import checkstar as cs
from checkstar.examinations import plan_total


def simulated(n: int, seed: int) -> cs.Dataset:
    """Twenty noisy features of a label, smooth and bent, observed in 200 fields."""
    rng = np.random.default_rng(seed)
    y = rng.normal(size=n)
    weights = np.linspace(0.2, 1.0, 20)
    clean = weights * y[:, None] + 0.3 * np.sin(2 * y[:, None] + np.arange(20))
    meta = {"magnitude": rng.uniform(15, 20, n), "field": rng.integers(0, 200, n) + 1000 * seed}
    return cs.Dataset(clean + 0.3 * rng.normal(size=(n, 20)), y, noise=0.3, meta=meta, group="field")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("n_objects", nargs="?", type=int, default=100_000)
    n = parser.parse_args().n_objects
    train, test = simulated(min(n, 20_000), 1), simulated(n, 2)
    forest = RandomForestRegressor(100, min_samples_leaf=5, n_jobs=2, random_state=0)
    start = time.perf_counter()
    run = cs.Run.of(forest, train=train, test=test)
    print(f"fit on {len(train):,} and prediction of {n:,} objects: {time.perf_counter() - start:.1f} s")
    print(plan_total(run, None))
    start = time.perf_counter()
    found = cs.audit(run)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    slowest = {e.check: (e.seconds, e.verdict) for j in found.judgements for e in j.evidence if np.isfinite(e.seconds)}
    for name, (each, verdict) in sorted(slowest.items(), key=lambda item: -item[1][0]):
        print(f"  {name:<20} {each:7.2f} s  {verdict}")
    errors = [e for j in found.judgements for e in j.evidence if e.verdict is cs.Verdict.ERROR]
    for e in errors:
        print(f"ERROR in {e.check}: {e.reason}")
    calls = run.costs.audit_calls
    print(
        f"default audit: {seconds:.1f} s, peak {peak:,.0f} MB, model calls {calls:.1f} x the test set, {len(errors)} errors"
    )


if __name__ == "__main__":
    main()
