"""The demonstration: the whole job on real stellar spectra, from training to verdicts."""

from __future__ import annotations

import csv
import html
import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from checkstar.terminal import Advance, say, show_audit, show_table

if TYPE_CHECKING:
    from checkstar.audits import Audit
    from checkstar.methods.base import Method
    from checkstar.prediction import Prediction
    from checkstar.problems.base import Problem
    from checkstar.runs import Run

__all__ = ["Compared", "Demo", "run_demo", "show_demo"]


@dataclass(frozen=True, kw_only=True)
class Compared:
    """One method in the comparison: scatter on unseen stars by label (1.4826 MAD) and costs, or why it failed."""

    method: str
    scatter: Mapping[str, float]
    fit_seconds: float = math.nan
    predict_seconds: float = math.nan
    failure: str | None = None


@dataclass(frozen=True, kw_only=True)
class Demo:
    """What the demonstration gives.

    Attributes
    ----------
    problem : Problem
    compared : tuple of Compared
        All methods, in the order they were run.
    audits : mapping of folder name to Audit
        ``uses``: the table of uses of the Cannon; ``claim-ridge`` and ``claim-cannon``: one claim, two methods.
    """

    problem: Problem
    compared: tuple[Compared, ...]
    audits: Mapping[str, Audit]

    def save(self, folder: Path) -> None:
        """Write one report a subfolder, the comparison as CSV, and an index."""
        for name, audit in self.audits.items():
            audit.save(folder / name)
        _write(folder / "comparison.csv", self._comparison())
        _write(folder / "index.html", self._index())

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "problem": self.problem.name,
            "comparison": [asdict(row) for row in self.compared],
            "audits": {name: audit.to_dict() for name, audit in self.audits.items()},
        }

    def table(self) -> tuple[list[str], list[list[str]]]:
        """Columns and rows of the comparison, for people."""
        units = self.problem.test.units
        labels = [f">{label} [{units[label]}]" if units.get(label) else f">{label}" for label in self.problem.labels]
        rows = [
            [row.method, *_numbers(row, self.problem.labels)]
            if row.failure is None
            else [row.method, f"failed: {row.failure}", *[""] * (len(labels) + 1)]
            for row in self.compared
        ]
        return ["method", *labels, ">fit [s]", ">predict [s]"], rows

    def _comparison(self) -> str:
        columns, rows = self.table()
        lines: list[str] = []
        writer = csv.writer(_Lines(lines), lineterminator="\n")
        writer.writerows([[column.removeprefix(">") for column in columns], *rows])
        return "".join(lines)

    def _index(self) -> str:
        columns, rows = self.table()
        head = "".join(f"<th>{html.escape(column.removeprefix('>'))}</th>" for column in columns)
        body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
        links = "".join(
            f'<li><a href="{name}/report.html">{html.escape(title)}</a>: {verdict}. {html.escape(why)}'
            for name, title, verdict, why in self.verdicts()
        )
        return (
            '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>checkstar demo</title><style>'
            "body{font:16px/1.5 sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
            "td,th{padding:.2rem .8rem;text-align:right}td:first-child,th:first-child{text-align:left}</style></head>"
            f"<body><h1>checkstar demo</h1><p>{html.escape(describe(self.problem))}</p><h2>What may it be used for?</h2>"
            f"<ul>{links}</ul><h2>Scatter on unseen stars</h2><table><tr>{head}</tr>{body}</table></body></html>\n"
        )

    def verdicts(self) -> list[tuple[str, str, str, str]]:
        """Folder, what was judged, verdict and reason of every audit."""
        return [
            (
                name,
                f"{audit.subject['name']}: {'every use' if audit.is_table else audit.judgements[0].claim.sentence()}",
                "table of uses" if audit.is_table else audit.verdict.value,
                str(audit.to_dict()["headline"]),
            )
            for name, audit in self.audits.items()
        ]


def _numbers(row: Compared, labels: Sequence[str]) -> list[str]:
    costs = (row.fit_seconds, row.predict_seconds)
    return [f"{row.scatter[label]:.3g}" for label in labels] + [
        "" if math.isnan(seconds) else f"{seconds:.2f}" for seconds in costs
    ]


class _Lines:
    """A list of lines that csv can write to."""

    def __init__(self, lines: list[str]) -> None:
        self.write = lines.append


def _write(path: Path, text: str) -> None:
    """Write beside the place and rename, so that no reader sees half a file."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)


def _methods() -> list[Method]:
    from checkstar.methods import BoostedTrees, Cannon, Forest, KNearest, Ridge

    # From K dwarfs to F stars a quadratic does not bend enough, and fluxes are not normalised to a continuum.
    return [Ridge(), KNearest(), BoostedTrees(), Forest(), Cannon(order=3, continuum="running")]


def run_demo(*, seed: int = 0, progress: Advance | None = None) -> Demo:
    """Train several methods on real spectra, compare them on unseen stars, and audit two of them.

    Parameters
    ----------
    seed : int
        Of the split, the methods and the audits.
    progress : callable, optional
        ``progress(name, done, total)`` before each step.

    Raises
    ------
    InputError
        If one of the two audited methods failed.
    """
    from checkstar.problems import stellar_labels
    from checkstar.runs import run

    problem, methods = stellar_labels(seed=seed), _methods()
    begin = _steps(progress, total=len(methods) + 4)
    runs: dict[str, Run] = {}
    for method in methods:
        name = type(method).__name__
        begin(f"train {name}")
        runs[name] = run(problem, method, seed=seed)
    begin("train baselines")
    compared = [_compared(made, problem) for made in runs.values()]
    cannon = runs["Cannon"]
    if cannon.reference is not None:
        compared.append(_compared(cannon.reference, problem, " (the domain's own)"))
    compared += [
        Compared(method=f"{name} (baseline)", scatter=_scatter(problem, prediction))
        for name, prediction in cannon.baselines.items()
        if name not in runs
    ]
    return Demo(problem=problem, compared=tuple(compared), audits=_audits(runs, seed, begin))


def _steps(progress: Advance | None, total: int) -> Callable[[str], None]:
    """Counts the steps that begin."""
    done = count()

    def begin(name: str) -> None:
        if progress:
            progress(name, next(done), total)

    return begin


def _audits(runs: Mapping[str, Run], seed: int, begin: Callable[[str], None]) -> dict[str, Audit]:
    """The table of uses of the Cannon; one claim for a method that shrinks towards its training set and one that does not."""
    from checkstar.audits import audit
    from checkstar.claims import Claim

    mean = Claim("population_mean", n_objects=500, tolerance=0.02, label="feh", unit="dex")
    audits = {}
    for folder, method, claim in (
        ("uses", "Cannon", None),
        ("claim-ridge", "Ridge", mean),
        ("claim-cannon", "Cannon", mean),
    ):
        begin(f"audit {method}")
        audits[folder] = audit(runs[method], claim, rng=seed)
    return audits


def _compared(run: Run, problem: Problem, remark: str = "") -> Compared:
    return Compared(
        method=run.name + remark,
        scatter={} if run.failure else _scatter(problem, run.prediction),
        fit_seconds=run.costs.fit_seconds,
        predict_seconds=run.costs.predict_seconds,
        failure=run.failure,
    )


def _scatter(problem: Problem, prediction: Prediction) -> dict[str, float]:
    truth, predicted = problem.test.y, prediction.mean()
    assert truth is not None
    metrics = [next(m for m in problem.metrics[label] if m.name == "sigma_mad") for label in problem.labels]
    return {
        label: metric(truth[:, i], predicted[:, i])
        for i, (label, metric) in enumerate(zip(problem.labels, metrics, strict=True))
    }


def describe(problem: Problem) -> str:
    """The problem in two sentences."""
    return (
        f"{problem.question}: {len(problem.train)} real stars to learn from, {len(problem.test)} stars never seen to "
        f"judge by. No star and no cluster is in both."
    )


def show_demo(demo: Demo, folder: Path) -> None:
    """Print the comparison, the table of uses, the verdicts on the claim, and where the reports are."""
    say(describe(demo.problem) + "\n")
    show_table("1. The score: scatter on unseen stars", *demo.table())
    say("\n2. The answer: what may the Cannon's labels be used for?\n")
    show_audit(demo.audits["uses"])
    say("\n3. One claim, two methods\n")
    rows = [(title, verdict, f"{name}/report.html") for name, title, verdict, _ in demo.verdicts()]
    for _, title, verdict, why in demo.verdicts()[1:]:
        say(f"{verdict}  {title}\n    {why}\n")
    show_table("", ("what was judged", "verdict", "report"), rows)
    say(f"\nThe reports are in {folder}; start with {folder / 'index.html'}")
