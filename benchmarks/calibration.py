"""Verdicts on calibration beside the tests of sbi, qp, tarp and netcal: the same simulations, in one run.

    python benchmarks/calibration.py [--repeats 100] [--objects 1000] [--draws 200] [--seed 0]

Posteriors of two parameters, right or wrong by a known amount, and class probabilities, exact or overconfident; how often
each code rejects them. A peer rejects by its p-value, or by the rule named beside it where it has none; ours rejects
where the verdict is FAIL. Intervals are Clopper-Pearson. The peers run in an environment of their own
(.venv-calibration), made in the root of the repository the first time, beside ours: one process each.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterable
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
ENVIRONMENT = ROOT / ".venv-calibration"
# tarp does not declare that it needs deprecation.
PEERS = ["torch==2.13.0", "sbi==0.27.0", "qp-prob==1.1.4", "tarp==0.1.1", "deprecation==2.1.0", "netcal==1.4.0"]

POSTERIORS = {
    "exact": {},
    "widths x 0.7": {"width": 0.7},
    "the prior": {"shrink": 1.0},
    "bias 0.3 sigma": {"bias": 0.3},
    "shrunk by 30 %": {"shrink": 0.3},
}
CLASSES = [(n, factor) for factor in (1.0, 1.5) for n in (200, 500, 20_000)]
ECE_LIMIT = 0.05

# Reads theta.npy (r, n, d), draws.npy (r, n, s, d) and prior.npy (r, n, d); prints rejections by rule as JSON.
PEER_POSTERIORS = """
import json, logging, sys, warnings
warnings.simplefilter("ignore")
logging.disable(logging.ERROR)
import numpy as np, qp, tarp, torch
import tqdm
from qp.metrics.pit import PIT
from sbi.diagnostics.sbc import check_sbc, check_uniformity_frequentist
from sbi.diagnostics.tarp import _run_tarp, check_tarp, get_tarp_references

torch.set_num_threads(1)
torch.manual_seed(0)
np.random.seed(0)
tarp.drp.tqdm = lambda items, **_: items
theta, draws, prior = (np.load(f"{name}.npy", mmap_mode="r") for name in ("theta", "draws", "prior"))
few, full = int(sys.argv[1]), int(sys.argv[2])
found = {name: [] for name in ("sbi check_sbc", "sbi check_tarp", "qp", "tarp")}
c2st = []
for r in range(len(theta)):
    truth, sample = np.array(theta[r], dtype=float), np.array(draws[r], dtype=float)
    n, s, d = sample.shape
    ranks = torch.tensor((sample < truth[:, None]).sum(axis=1), dtype=torch.float32)
    p = check_uniformity_frequentist(ranks, s)
    found["sbi check_sbc"].append(bool(p.min() < 0.05 / d))
    if r < full:
        tensors = (torch.tensor(a, dtype=torch.float32) for a in (np.array(prior[r]), sample[:, 0]))
        c2st.append(float(check_sbc(ranks, *tensors, num_posterior_samples=s)["c2st_ranks"].max()))
    of_sbi = torch.tensor(truth, dtype=torch.float32), torch.tensor(sample.swapaxes(0, 1).copy(), dtype=torch.float32)
    ecp, alpha = _run_tarp(of_sbi[1], of_sbi[0], get_tarp_references(of_sbi[0]))
    found["sbi check_tarp"].append(bool(check_tarp(ecp, alpha)[1] < 0.05))
    p = []
    for k in range(d):
        normal = dict(loc=sample[:, :, k].mean(axis=1)[:, None], scale=sample[:, :, k].std(axis=1)[:, None])
        p.append(PIT(qp.Ensemble(qp.stats.norm, data=normal), truth[:, k]).evaluate_PIT_anderson_ksamp().pvalue)
    found["qp"].append(bool(min(p) < 0.05 / d))
    if r < few:
        curves, alpha = tarp.get_tarp_coverage(
            sample.swapaxes(0, 1).copy(), truth.copy(), bootstrap=True, norm=True
        )
        mean, error = curves.mean(axis=0), curves.std(axis=0)
        found["tarp"].append(bool((np.abs(mean - alpha) > 2 * error)[(alpha > 0.05) & (alpha < 0.95)].mean() > 0.05))
print(json.dumps(dict(found=found, c2st=c2st)))
"""
# Reads p<i>.npy (r, n) and y<i>.npy (r, n) for i below the number given; prints the expected calibration errors as JSON.
PEER_CLASSES = """
import json, sys, warnings
warnings.simplefilter("ignore")
import numpy as np
from netcal.metrics import ECE

def errors(i):
    p, y = np.load(f"p{i}.npy"), np.load(f"y{i}.npy")
    return [float(ECE(bins=15).measure(a, b)) for a, b in zip(p, y)]

print(json.dumps([errors(i) for i in range(int(sys.argv[1]))]))
"""


def interpreter() -> Path:
    """The python of the peers' environment, made first where it is missing."""
    python, marker = ENVIRONMENT / "bin" / "python", ENVIRONMENT / "complete"
    if not marker.exists():
        print(f"making {ENVIRONMENT.name} ...", flush=True)
        venv.create(ENVIRONMENT, with_pip=True)
        install = [python, "-m", "pip", "install", "-q", "--constraint", ROOT / "constraints.txt", *PEERS]
        subprocess.run(install, check=True)
        marker.touch()
    return python


def start(code: str, folder: Path, *arguments: object) -> subprocess.Popen[str]:
    """Start the peers on the arrays of a folder."""
    settings = {**os.environ, "MPLBACKEND": "Agg", "OMP_NUM_THREADS": "1"}
    command = [str(interpreter()), "-c", code, *map(str, arguments)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=folder, env=settings, text=True, stdout=pipe, stderr=pipe)


def finished(peer: subprocess.Popen[str]) -> object:
    """What a peer printed last."""
    out, error = peer.communicate()
    if peer.returncode:
        raise SystemExit(f"the peers failed:\n{error[-2000:]}")
    return json.loads(out.splitlines()[-1])


def judge_posterior(made: object, n_repeat: int) -> dict[str, str]:
    """Verdict of each check of posteriors on one set of simulations, of pulls, and of all that decide together."""
    import checkstar as cs
    from checkstar.checks import posteriors
    from checkstar.evidence import ALPHA, Verdict, holm

    train = cs.Dataset(y=made.training, labels=["a", "b"])
    run = cs.Run.from_samples(made.draws, made.theta, x=made.x, labels=["a", "b"], log_prob=made.log_prob, train=train)
    claim, rng = cs.Claim("posterior"), np.random.default_rng(n_repeat)
    deciding = [check for kind in posteriors.CHECKS if (check := kind()).declared is None and check.decides(claim)]
    evidence = {check.name: check.examine(run, claim, rng) for check in deciding}
    found = {name: e.verdict.value for name, e in evidence.items()}
    upheld = holm([e.p_fail for e in evidence.values()]) <= ALPHA
    failed = any(up and e.verdict is Verdict.FAIL for up, e in zip(upheld, evidence.values(), strict=True))
    passed = all(e.verdict is Verdict.PASS for e in evidence.values())
    found["all of these"] = "FAIL" if failed else "PASS" if passed else "INCONCLUSIVE"
    by_label = [
        cs.checks.Pulls().examine(run, cs.Claim("object_interval", label=label), rng).verdict.value for label in "ab"
    ]
    found["pulls"] = max(by_label, key=["PASS", "INCONCLUSIVE", "FAIL"].index)
    return found


def compare_posteriors(options: argparse.Namespace) -> None:
    """Print how often each code rejects each kind of posterior."""
    from checkstar.simulators import gaussian_posteriors

    rows: dict[str, dict[str, str]] = {}
    shape = options.repeats, options.objects
    for number, (name, fault) in enumerate(POSTERIORS.items()):
        with tempfile.TemporaryDirectory() as folder:
            arrays = {
                "theta": np.empty((*shape, 2)),
                "draws": np.empty((*shape, options.draws, 2), dtype=np.float32),
                "prior": np.empty((*shape, 2)),
            }
            seeds = [[options.seed, number, r] for r in range(options.repeats)]
            for r, seed in enumerate(seeds):
                made = gaussian_posteriors(options.objects, 2, options.draws, seed, **fault)
                arrays["theta"][r], arrays["draws"][r], arrays["prior"][r] = made.theta, made.draws, made.training
            for what, values in arrays.items():
                np.save(Path(folder) / f"{what}.npy", values)
            del arrays
            full = 3 if name == "exact" else 0
            peer = start(PEER_POSTERIORS, Path(folder), options.repeats // 2, full)
            ours = [
                judge_posterior(gaussian_posteriors(options.objects, 2, options.draws, seed, **fault), r)
                for r, seed in enumerate(seeds)
            ]
            theirs = finished(peer)
        for check in ours[0]:
            verdicts = [found[check] for found in ours]
            rows.setdefault(f"checkstar {check}: FAIL", {})[name] = share(v == "FAIL" for v in verdicts)
            if check == "all of these":
                rows.setdefault(f"checkstar {check}: PASS", {})[name] = share(v == "PASS" for v in verdicts)
        for rule, rejected in theirs["found"].items():
            rows.setdefault(RULES[rule], {})[name] = share(rejected)
        if theirs["c2st"]:
            accuracies = ", ".join(f"{accuracy:.2f}" for accuracy in theirs["c2st"])
            print(f"\ncheck_sbc's c2st_ranks of exact posteriors (0.5 is right), the larger of two: {accuracies}")
    print(
        f"\n{options.objects} simulations, two parameters, {options.draws} draws, {options.repeats} repeats "
        f"({options.repeats // 2} for tarp): share rejected [95 %]\n"
    )
    table("posteriors", list(POSTERIORS), rows)
    n, repeats = 4 * options.objects, options.repeats // 4
    made = (gaussian_posteriors(n, 2, options.draws, [options.seed, 98, r]) for r in range(repeats))
    passed = share(judge_posterior(found, r)["all of these"] == "PASS" for r, found in enumerate(made))
    print(f"\nExact posteriors, {n} simulations, {repeats} repeats: all of these PASS in {passed}")


RULES = {
    "sbi check_sbc": "sbi 0.27.0 `check_sbc`, KS p < 0.05 / 2",
    "sbi check_tarp": "sbi 0.27.0 `check_tarp`, KS p < 0.05",
    "qp": "qp-prob 1.1.4 PIT Anderson-Darling, p < 0.05 / 2",
    "tarp": "tarp 0.1.1, over 5 % of the diagonal outside 2 sd of its bootstrap",
}


def compare_classes(options: argparse.Namespace) -> None:
    """Print how often class probabilities are rejected."""
    rows: dict[str, dict[str, str]] = {}
    columns = [f"{'exact' if factor == 1 else f'log-odds x {factor:g}'}, n = {n:,}" for n, factor in CLASSES]
    verdicts = []
    with tempfile.TemporaryDirectory() as folder:
        for number, (n, factor) in enumerate(CLASSES):
            rng = np.random.default_rng([options.seed, 99, number])
            logit = 1.5 * rng.standard_normal((options.repeats, n))
            y = rng.random(logit.shape) < 1 / (1 + np.exp(-logit))
            p = 1 / (1 + np.exp(-factor * logit))
            np.save(Path(folder) / f"p{number}.npy", p)
            np.save(Path(folder) / f"y{number}.npy", y.astype(int))
            verdicts.append([judge_classes(p[r], y[r]) for r in range(options.repeats)])
        errors = finished(start(PEER_CLASSES, Path(folder), len(CLASSES)))
    for name, ours, theirs in zip(columns, verdicts, errors, strict=True):
        for verdict in ("FAIL", "PASS"):
            flags = [v == verdict for v in ours]
            rows.setdefault(f"checkstar class_calibration: {verdict}", {})[name] = share(flags)
        rows.setdefault(f"netcal 1.4.0 ECE, rejected at {ECE_LIMIT}", {})[name] = share(e >= ECE_LIMIT for e in theirs)
    print(f"\nTwo classes, {options.repeats} repeats: share of verdicts [95 %]\n")
    table("class probabilities", columns, rows)


def judge_classes(p: np.ndarray, y: np.ndarray) -> str:
    """Verdict on probabilities `p` of the second class where `y` says whether it is that class."""
    import checkstar as cs

    prediction = cs.prediction.Classes(np.column_stack([1 - p, p]), ["galaxy", "star"])
    run = cs.Run(name="classes", test=cs.Dataset(y=np.where(y, "star", "galaxy")), prediction=prediction)
    check = cs.checks.ClassCalibration()
    return check.examine(run, cs.Claim("classification"), np.random.default_rng(0)).verdict.value


def share(flags: Iterable[bool]) -> str:
    """A share with its interval, as a table shows it."""
    from checkstar.evidence import binomial

    values = list(flags)
    found = binomial(sum(values), len(values))
    return f"{found.value:.2f} [{found.low:.2f}, {found.high:.2f}]"


def table(what: str, columns: list[str], rows: dict[str, dict[str, str]]) -> None:
    """Print a Markdown table."""
    print("| " + " | ".join([what, *columns]) + " |")
    print("|" + "---|" * (len(columns) + 1))
    for name, cells in rows.items():
        print("| " + " | ".join([name, *(cells[column] for column in columns)]) + " |", flush=True)


def main() -> None:
    """Print both tables and the time they took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=100)
    parser.add_argument("--objects", type=int, default=1000)
    parser.add_argument("--draws", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    interpreter()
    begin = time.perf_counter()
    compare_posteriors(options)
    compare_classes(options)
    print(f"\n{time.perf_counter() - begin:.0f} s")


if __name__ == "__main__":
    sys.exit(main())
