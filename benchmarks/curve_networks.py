"""Networks on the folded light curves of Catalina South: each invariant network against its twin, on the same splits.

Accuracy and balanced accuracy of unseen stars with the catalogue period, over random splits by star (70 % to learn from,
the same share of every class). Differences are paired; their intervals are for networks trained again (Nadeau & Bengio
2003: splits share stars). Every fit is kept in a file, so that a stopped run goes on. Run by hand: the full table takes
hours on two cores and minutes on a graphics card.

    python benchmarks/curve_networks.py --splits 8 --epochs 40 --device cuda
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np

from checkstar.data.curve_layout import curve_dataset
from checkstar.data.curve_sources import catalina_south
from checkstar.data.dataset import Dataset
from checkstar.methods.networks.curve_networks import CurveNetwork
from checkstar.methods.networks.inception import TIN, InvariantTIN
from checkstar.methods.networks.recurrent import GRU, LSTM
from checkstar.methods.networks.residual import InvariantResNet, ResNet
from checkstar.methods.networks.temporal_convolutions import TCN, InvariantTCN
from checkstar.studies.comparison import corrected_resampled

METHODS = {c.__name__: c for c in (InvariantResNet, ResNet, InvariantTIN, TIN, InvariantTCN, TCN, GRU, LSTM)}
PAIRS = (("InvariantResNet", "ResNet"), ("InvariantTIN", "TIN"), ("InvariantTCN", "TCN"))
TARGET_SPEED = 2000
SCORES = ("accuracy", "balanced")


def stars(n_stars: int | None) -> Dataset:
    """Catalina South, or so many of its stars, with the catalogue period; classes of fewer than ten stars are left out."""
    curves = catalina_south()
    if n_stars is not None:
        curves = curves[np.sort(np.random.default_rng(0).permutation(len(curves))[:n_stars])]
    classes = curves.meta["class"]
    curves = curves[(classes.map(classes.value_counts()) >= 10).to_numpy()]
    return curve_dataset(curves, "class", extras=["period"], meta=["id"])


def split(data: Dataset, seed: int) -> tuple[Dataset, Dataset]:
    """70 % of the stars of each class, and the others."""
    from sklearn.model_selection import train_test_split

    rows = np.arange(len(data))
    train, test = train_test_split(rows, test_size=0.3, random_state=seed, stratify=data.y.ravel())
    return data[np.sort(train)], data[np.sort(test)]


def fit(method: CurveNetwork, train: Dataset, test: Dataset) -> dict[str, Any]:
    """Scores and seconds of one network on one split."""
    start = time.perf_counter()
    method.fit_data(train)
    fitted = time.perf_counter()
    prediction = method.predict_distribution(test.x, noise=test.noise)
    done = time.perf_counter()
    truth = test.y.ravel().astype(str)
    right = prediction.predicted() == truth
    return {
        "accuracy": float(right.mean()),
        "balanced": float(np.mean([right[truth == one].mean() for one in np.unique(truth)])),
        "log_loss": float(prediction.log_loss(truth).mean()),
        "fit_seconds": fitted - start,
        "epoch_seconds": (fitted - start) / len(method.held_loss_),
        "stars_a_second": len(test) / (done - fitted),
        "parameters": int(sum(np.size(array) for array in method.network_.values())),
        "n_train": len(train),
        "n_test": len(test),
    }


def kept(path: Path) -> dict[str, dict[str, Any]]:
    """What earlier runs have written: one line a fit; a line cut short by a kill is done again."""
    found = {}
    for line in path.read_text().splitlines() if path.exists() else []:
        try:
            record = json.loads(line)
        except ValueError:
            continue
        found[record["key"]] = record
    return found


def interval(values: list[float], records: list[dict[str, Any]]) -> tuple[float, float]:
    """Mean over splits, and half its 95 % interval for networks trained again, in percent."""
    column = 100 * np.array(values)[:, None]
    # One row a split: its share of test to training stars is given by the sizes.
    share = np.mean([record["n_test"] / record["n_train"] for record in records])
    folds = np.arange(len(column))
    half = corrected_resampled(column, folds, [1 / share] * len(column))[0]
    return float(column.mean()), float(half)


def main() -> None:
    """Fit what is not yet in the file, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--splits", type=int, default=8)
    parser.add_argument("--epochs", type=int, help="by default those of the method")
    parser.add_argument("--stars", type=int, help="by default all 8011 of twelve classes")
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE", help="other settings of all networks")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--out", type=Path, default=Path("curve_networks.jsonl"), help="file of the fits")
    arguments = parser.parse_args()
    settings: dict[str, Any] = {
        key: json.loads(value) for key, _, value in (word.partition("=") for word in arguments.set)
    }
    if arguments.epochs is not None:
        settings |= {"max_epochs": arguments.epochs, "patience": arguments.epochs}
    data, done = stars(arguments.stars), kept(arguments.out)
    print(f"{len(data)} stars of {len(np.unique(data.y))} classes, device {arguments.device}")
    wanted: dict[str, list[dict[str, Any]]] = {name: [] for name in arguments.methods}
    for seed in range(arguments.splits):
        train, test = split(data, seed)
        for name in arguments.methods:
            method = METHODS[name](**settings, device=arguments.device)
            key = json.dumps([name, seed, len(data), method.settings()], sort_keys=True)
            if key not in done:
                done[key] = {"key": key, **fit(method, train, test)}
                with arguments.out.open("a") as file:
                    file.write(json.dumps(done[key]) + "\n")
            record = done[key]
            wanted[name].append(record)
            print(f"split {seed}  {name:16}{record['accuracy']:8.4f}{record['balanced']:8.4f}", flush=True)
    report(wanted)


def report(wanted: dict[str, list[dict[str, Any]]]) -> None:
    """Print one row a network, and one a pair of twins."""
    print(
        f"\n{'network':16}{'accuracy %':>16}{'balanced %':>16}{'log loss':>10}{'s/epoch':>9}{'stars/s':>9}{'numbers':>9}"
    )
    for name, records in wanted.items():
        cells = []
        for score in SCORES:
            mean, half = interval([record[score] for record in records], records)
            cells.append(f"{mean:9.2f} ±{half:5.2f}" if np.isfinite(half) else f"{mean:9.2f}       ")
        loss, epoch, speed = (
            np.mean([record[key] for record in records]) for key in ("log_loss", "epoch_seconds", "stars_a_second")
        )
        print(f"{name:16}{''.join(cells)}{loss:10.3f}{epoch:9.1f}{speed:9.0f}{records[0]['parameters']:9d}")
    print(f"\n{'invariant less its twin':32}{'accuracy':>18}{'balanced':>18}")
    for one, other in PAIRS:
        if wanted.get(one) and wanted.get(other):
            cells = []
            for score in SCORES:
                pairs = zip(wanted[one], wanted[other], strict=True)
                mean, half = interval([a[score] - b[score] for a, b in pairs], wanted[one])
                cells.append(f"{mean:+10.2f} ±{half:5.2f}")
            print(f"{one + ' - ' + other:32}{''.join(cells)}")
    if "InvariantResNet" in wanted:
        speed = np.mean([record["stars_a_second"] for record in wanted["InvariantResNet"]])
        print(f"\nInvariantResNet judges {speed:.0f} light curves a second (wanted: {TARGET_SPEED} on two cores).")


if __name__ == "__main__":
    main()
