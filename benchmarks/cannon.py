"""The Cannon side by side with the two public Cannons, on the same arrays and in the same run.

    python benchmarks/cannon.py [--stars 500] [--pixels 4000] [--snr 100] [--seed 0] [--rounds 3]

Trains on `stars` simulated spectra and infers as many others (three labels, quadratic): once with noise only, once with
a scatter of its own in every pixel. Every code runs in a process of its own and is timed without its imports; the codes
take turns, and the fastest of `rounds` counts for each. The two public codes need old libraries; their environments
(.venv-annieslasso, .venv-thecannon) are made in the root of the repository the first time.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
OLD = ["numpy==1.26.4", "scipy==1.11.4"]
ENVIRONMENTS = {
    "annieslasso": [*OLD, "six", "annieslasso==0.2.96"],
    # TheCannon declares no dependencies.
    "thecannon": [*OLD, "matplotlib<3.9", "astropy<7", "TheCannon==0.7.3"],
}

# Each driver reads arrays.npz in its working folder and writes labels.npy and times.json. The loading line is shared.
LOAD = """
import json, time
import numpy as np
data = dict(np.load("arrays.npz"))
labels, sigma = data["labels"], data["sigma"]
flux, test, ivar = data["flux"], data["test"], 1 / sigma**2
"""
SAVE = """
np.save("labels.npy", found)
json.dump(dict(train=middle - start, infer=end - middle, **extra), open("times.json", "w"))
"""
DRIVERS = {
    "checkstar": """
from checkstar.methods import label_fits, pixel_fits
from checkstar.methods.cannon import Cannon
from checkstar.noise import Gaussian

flops = [0]
def counted(function, weight_position):
    def call(*arguments):
        n, p = arguments[weight_position].shape
        t = arguments[0].shape[1]
        flops[0] += 2 * n * p * (t * (t + 1) // 2 + t)  # normal matrix and right side (or trace and residual)
        return function(*arguments)
    return call
pixel_fits._regress = counted(pixel_fits._regress, 2)
pixel_fits._likelihood_ratio = counted(pixel_fits._likelihood_ratio, 3)

start = time.perf_counter()
cannon = Cannon(order=2).fit(flux, labels, noise=Gaussian(sigma))
middle = time.perf_counter()
result = cannon.infer(test, noise=Gaussian(sigma))
end = time.perf_counter()
found = result.labels
n, p, t = *test.shape, cannon.coefficients_.shape[1] - 1
flops[0] += 2 * n * p * (t * (t + 1) // 2 + t)

# Peak: the product that takes most of the training, and a large square one; the faster counts.
def peak(m, k, n):
    a, b = np.random.default_rng(0).random((m, k)), np.random.default_rng(1).random((k, n))
    best = min(timed(a, b) for _ in range(5))
    return 2 * m * k * n / best
def timed(a, b):
    begin = time.perf_counter(); a @ b
    return time.perf_counter() - begin
speeds = dict(like_ours=peak(55, len(flux), flux.shape[1]), square=peak(2000, 2000, 2000))
pulls = (found - data["truth"]) / np.sqrt(np.diagonal(result.covariance, axis1=1, axis2=2))
extra = dict(flops=flops[0], peak=max(speeds.values()), speeds=speeds, pull=float(pulls.std()),
             converged=float(result.converged.mean()))
""",
    "annieslasso": """
import thecannon
names = [str(i) for i in range(labels.shape[1])]
vectorizer = thecannon.vectorizer.PolynomialVectorizer(names, 2)
start = time.perf_counter()
model = thecannon.CannonModel(labels, flux, ivar, vectorizer)
model.train()
middle = time.perf_counter()
found, _, _ = model.test(test, ivar)
end = time.perf_counter()
extra = {}
""",
    "thecannon": """
from TheCannon import dataset, model
wavelength, names = np.arange(flux.shape[1], dtype=float), np.arange(len(flux)).astype(str)
data_set = dataset.Dataset(wavelength, names, flux, ivar.copy(), labels, names, test, ivar.copy())
data_set.set_label_names([str(i) for i in range(labels.shape[1])])
cannon = model.CannonModel(2, useErrors=False)
start = time.perf_counter()
cannon.train(data_set)
middle = time.perf_counter()
cannon.infer_labels(data_set)
end = time.perf_counter()
found, extra = data_set.test_label_vals, {}
""",
}


def simulate(n_stars: int, n_pixels: int, snr: float, scatter: float, seed: int) -> dict[str, np.ndarray]:
    """Training and test spectra, quadratic in three normal labels; pixels scatter by 0 to `scatter`."""
    rng = np.random.default_rng(seed)
    labels = rng.standard_normal((2 * n_stars, 3))
    products = np.stack([labels[:, i] * labels[:, j] for i in range(3) for j in range(i, 3)], axis=1)
    design = np.hstack([np.ones((2 * n_stars, 1)), labels, products])
    size = np.array([0.0] + 3 * [0.05] + 6 * [0.025])
    coefficients = rng.standard_normal((n_pixels, 10)) * size
    coefficients[:, 0] = 1.0
    spread = np.sqrt(snr**-2 + (scatter * rng.random(n_pixels)) ** 2)
    flux = design @ coefficients.T + rng.standard_normal((2 * n_stars, n_pixels)) * spread
    train, test = slice(n_stars), slice(n_stars, None)
    sigma = np.full((n_stars, n_pixels), 1 / snr)
    return {"flux": flux[train], "labels": labels[train], "test": flux[test], "truth": labels[test], "sigma": sigma}


def interpreter(name: str) -> str:
    """The python of a code's environment, made first where it is missing."""
    if name == "checkstar":
        return sys.executable
    folder = ROOT / f".venv-{name}"
    python = folder / "bin" / "python"
    marker = folder / "complete"
    if not marker.exists():
        print(f"making {folder.name} ...", flush=True)
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *ENVIRONMENTS[name]], check=True)
        marker.touch()
    return str(python)


def measure(name: str, arrays: Path, truth: np.ndarray) -> dict[str, float]:
    """Run one code on the arrays; its times, and the errors of its labels."""
    environment = {**os.environ, "MPLBACKEND": "Agg"}
    code = LOAD + DRIVERS[name] + SAVE
    done = subprocess.run(
        [interpreter(name), "-c", code], cwd=arrays.parent, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{name} failed:\n{done.stderr[-2000:]}")
    error = np.load(arrays.parent / "labels.npy") - truth
    times = json.loads((arrays.parent / "times.json").read_text())
    wrong = np.mean(np.abs(error).max(axis=1) > 0.5)
    return {**times, "rms": float(np.sqrt(np.mean(error**2))), "wrong": float(wrong)}


def fastest(rounds: list[dict[str, float]]) -> dict[str, float]:
    """The round with the least time; the labels are the same in all."""
    return min(rounds, key=lambda row: row["train"] + row["infer"])


def report(results: dict[str, dict[str, float]]) -> None:
    """Print the table and what follows from it."""
    ours = results["checkstar"]
    total = ours["train"] + ours["infer"]
    print(f"{'code':<12} {'train s':>8} {'infer s':>8} {'total / ours':>13} {'label rms':>10} {'stars > 0.5 off':>16}")
    for name, row in results.items():
        ratio = (row["train"] + row["infer"]) / total
        print(
            f"{name:<12} {row['train']:8.3f} {row['infer']:8.3f} {ratio:13.1f} {row['rms']:10.6f} {row['wrong']:16.1%}"
        )
    rate = ours["flops"] / total
    print(f"checkstar: label pulls {ours['pull']:.3f}, converged {ours['converged']:.1%}")
    print(
        f"checkstar: {ours['flops'] / 1e9:.2f} GFlop in matrix products at {rate / 1e9:.1f} GFlop/s over all; peak "
        f"{ours['peak'] / 1e9:.1f} GFlop/s (products of our shape: {ours['speeds']['like_ours'] / 1e9:.1f}); "
        f"share of the peak {rate / ours['peak']:.1%}\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stars", type=int, default=500)
    parser.add_argument("--pixels", type=int, default=4000)
    parser.add_argument("--snr", type=float, default=100.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    for scatter in (0.0, 0.05):
        data = simulate(options.stars, options.pixels, options.snr, scatter, options.seed)
        print(
            f"{options.stars} stars x {options.pixels} pixels, 3 labels, S/N {options.snr:g}, scatter up to "
            f"{scatter:g}; label rms in units of scale; fastest of {options.rounds}"
        )
        with tempfile.TemporaryDirectory() as folder:
            arrays = Path(folder) / "arrays.npz"
            np.savez(arrays, **data)
            rounds = [{name: measure(name, arrays, data["truth"]) for name in DRIVERS} for _ in range(options.rounds)]
        report({name: fastest([row[name] for row in rounds]) for name in DRIVERS})


if __name__ == "__main__":
    main()
