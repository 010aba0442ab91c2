"""Scatter of stellar labels on unseen MILES stars, 3800-7500 K, for all methods, split at random and by cluster.

Standard deviation and 1.4826 MAD of prediction minus truth, averaged over the splits. Run by `make bench`.
"""

from __future__ import annotations

import argparse

import numpy as np

from checkstar.methods import BoostedTrees, Cannon, Constant, Forest, KNearest, Ridge, TemplateFit
from checkstar.problems import stellar_labels
from checkstar.runs import run

METHODS = {
    "Constant": Constant(),
    "Ridge": Ridge(),
    "KNearest": KNearest(),
    "BoostedTrees": BoostedTrees(),
    "Forest": Forest(),
    "TemplateFit": TemplateFit(),
    "Cannon, quadratic": Cannon(order=2, continuum="running"),
    "Cannon, cubic": Cannon(order=3, continuum="running"),
}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--splits", type=int, default=5, help="splits of each kind")
    n_splits = parser.parse_args().splits
    for split in ("random", "cluster"):
        problems = [stellar_labels(split=split, seed=seed) for seed in range(n_splits)]
        print(
            f"\n{n_splits} splits by {split}: std (1.4826 MAD) of Teff [K], log g [dex], [Fe/H] [dex]; fit s, predict s"
        )
        for name, method in METHODS.items():
            runs = [run(problem, method, seed=seed) for seed, problem in enumerate(problems)]
            errors = [done.prediction.mean() - done.test.y for done in runs]
            std = np.mean([error.std(axis=0) for error in errors], axis=0)
            mad = np.mean([1.4826 * np.median(np.abs(e - np.median(e, axis=0)), axis=0) for e in errors], axis=0)
            costs = [
                np.mean([getattr(done.costs, what) for done in runs]) for what in ("fit_seconds", "predict_seconds")
            ]
            cells = "  ".join(f"{s:7.4g} ({m:.3g})" for s, m in zip(std, mad, strict=True))
            print(f"{name:18s} {cells}   {costs[0]:6.2f} {costs[1]:6.3f}", flush=True)


if __name__ == "__main__":
    main()
