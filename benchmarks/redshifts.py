"""Photometric redshifts of unseen galaxies for all methods, as PHAT reports them, with the loss of their densities.

Mean over random splits (70 % to learn from) of SDSS main galaxies and of BOSS galaxies where they can be had, else of
simulated ones. Default settings; the two variants of the forest were added after the same galaxies had been looked at.
Run by `make bench`.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

from checkstar.errors import InputError
from checkstar.methods import (
    BoostedTrees,
    Constant,
    Forest,
    GaussianProcess,
    KNearest,
    MixtureDensity,
    Ridge,
    SedFit,
)
from checkstar.problems import redshifts
from checkstar.runs import Run, run
from checkstar.statistics.cde_loss import cde_loss

TARGET_NMAD = 0.0131


def methods(reference: SedFit) -> dict[str, Any]:
    """All methods, by the name shown."""
    return {
        "Constant (trainZ)": Constant(),
        "SedFit": reference,
        "Ridge": Ridge(),
        "KNearest": KNearest(),
        "BoostedTrees": BoostedTrees(),
        "Forest": Forest(),
        "Forest, 9 quantiles": Forest(n_quantiles=9),
        "Forest, extra": Forest(extra=True, max_features=1.0),
        "GaussianProcess": GaussianProcess(),
        "MixtureDensity": MixtureDensity(),
    }


def row(done: Run) -> list[float]:
    """Bias, NMAD, sigma, outliers, CDE loss, distance of the PIT from uniform, seconds to fit and predict."""
    if done.prediction is None:
        raise SystemExit(f"{done.name} failed: {done.failure}")
    truth, predicted = done.test.y[:, 0], done.prediction.mean()[:, 0]
    error = (predicted - truth) / (1 + truth)
    inside = error[np.abs(error) <= 0.15]
    pit = np.sort(done.prediction.cdf(done.test.y)[:, 0])
    steps = np.arange(len(pit) + 1) / len(pit)
    distance = max(np.abs(pit - steps[1:]).max(), np.abs(pit - steps[:-1]).max())
    return [
        error.mean(),
        1.4826 * np.median(np.abs(error - np.median(error))),
        inside.std(),
        100 * np.mean(np.abs(error) > 0.15),
        cde_loss(done.prediction, done.test.y).mean(),
        distance,
        done.costs.fit_seconds,
        done.costs.predict_seconds,
    ]


def main() -> None:
    """Print one table a survey."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--splits", type=int, default=5, help="random splits")
    parser.add_argument("--surveys", nargs="+", default=["sdss", "boss"], help="simulated, sdss, boss")
    arguments = parser.parse_args()
    for survey in arguments.surveys:
        try:
            problems = [redshifts(survey, seed=seed) for seed in range(arguments.splits)]
        except InputError as error:
            print(f"\n{survey}: {error}")
            continue
        n = len(problems[0].train)
        print(f"\n{survey}: {n} to learn from, {arguments.splits} splits; the mean over them (NMAD: and its scatter)")
        print(f"{'method':20s}    bias     NMAD            sigma  out. %     CDE    PIT   fit s  predict s")
        for name, method in methods(problems[0].reference).items():
            rows = np.array([row(run(problem, method, seed=seed)) for seed, problem in enumerate(problems)])
            bias, nmad, sigma, outliers, cde, pit, fit, predict = rows.mean(axis=0)
            scatter = rows[:, 1].std(ddof=1) if len(rows) > 1 else float("nan")
            print(
                f"{name:20s} {bias:+.5f} {nmad:.5f} +- {scatter:.5f} {sigma:.5f} {outliers:5.2f} {cde:9.2f} {pit:.3f} "
                f"{fit:7.2f} {predict:7.3f}",
                flush=True,
            )
            if survey == "sdss" and name == "Forest":
                print(f"{'':20s} NMAD of the forest <= {TARGET_NMAD}: {'met' if nmad <= TARGET_NMAD else 'MISSED'}")


if __name__ == "__main__":
    main()
