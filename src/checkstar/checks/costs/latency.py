"""Does it answer in time?"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from checkstar.checks.base import Check
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.estimates import quantile
from checkstar.evidence import Evidence, Limit, Part
from checkstar.runs import Run

__all__ = ["Latency"]

Array = NDArray[np.float64]

#: So many late answers from the start, and no other, need no more of them.
_LATE = 3


@dataclass(frozen=True, kw_only=True)
class Latency(Check):
    """Does the method answer in time?

    `n_single` test objects are predicted one at a time and `n_batches` batches of up to `batch_size`, each by the
    wall clock; no more once three in a row from the start were late, which has odds of one in 8000 if 5 % are. The
    fault is the 95th percentile of the time of a single answer, in milliseconds, with the interval between order
    statistics (Woodruff 1952): exact for independent answers, and open upwards with fewer than 72 of them. The
    median, the 99th percentile and the time per batch are shown. The first call of this check is shown apart and
    counts in none of them; the process has predicted before, so it is a pause that is measured, not the loading of a
    model. Numbers are those of this machine, with whatever else it does. Never decides.

    Parameters
    ----------
    limit_ms : float
        Milliseconds in which 95 % of single answers must come; a convention.
    max_seconds : float
        A slow method is asked no longer than this for single answers, and again for batches.
    """

    name = "latency"
    code = "J3"
    family = "cost"
    question = "Does it answer in time?"
    statistic = "95th percentile of the time of a single answer"
    needs = frozenset({"model"})
    uses = frozenset()
    depends_on = "run"
    tasks = ("regression", "classification")
    references = ("Dean & Barroso 2013, Commun. ACM 56, 74 (the tail at scale)", "Woodruff 1952, JASA 47, 635")

    limit_ms: float = 50.0
    n_single: int = 80
    n_batches: int = 2
    batch_size: int = 256
    max_seconds: float = 1.0

    def examine(self, run: Run, claim: Claim, rng: np.random.Generator) -> Evidence:
        n = len(run.test)
        first = _milliseconds(run, int(rng.integers(n)))
        single = self._timed(run, [int(i) for i in rng.integers(n, size=self.n_single)])
        size = min(self.batch_size, n)
        starts = rng.integers(n - size + 1, size=self.n_batches)
        batch = self._timed(run, [slice(int(start), int(start) + size) for start in starts]) * size
        units = np.arange(len(single))
        levels = {"95th percentile": 0.95, "median": 0.5, "99th percentile": 0.99}
        parts = [
            Part(
                name=name,
                estimate=quantile(single, level, units),
                limit=self.limit_ms,
                unit="ms",
                decides=name == "95th percentile",
            )
            for name, level in levels.items()
        ]
        found = dict(zip(levels, (part.estimate for part in parts), strict=True))
        p95 = found["95th percentile"]
        upper = f"{p95.high:.3g}]" if math.isfinite(p95.high) else "unbounded]"
        text = (
            f"95 % of single answers come within {p95.value:.3g} ms [{p95.low:.3g}, {upper} (median "
            f"{found['median'].value:.3g} ms, 99 % {found['99th percentile'].value:.3g} ms, first call {first:.3g} ms); "
            f"{size} at once take {np.median(batch):.3g} ms, {np.median(batch) / size:.2g} ms each"
        )
        return self.conclude(
            claim,
            parts,
            reason=lambda _: text,
            limits_of_use=_limits(batch / size),
            figure=_figure(single, batch / size),
        )

    def _timed(self, run: Run, rows: list[Any]) -> Array:
        """Milliseconds per object of each call, as many as time allows."""
        found, start = [], time.perf_counter()
        for row in rows:
            found.append(_milliseconds(run, row))
            late = len(found) == _LATE and min(found) > self.limit_ms
            if late or time.perf_counter() - start > self.max_seconds:
                break
        return np.asarray(found)

    def calls(self, run: Run) -> float:
        n = len(run.test)
        return (1 + self.n_single + self.n_batches * min(self.batch_size, n)) / n

    def fault(self, size: float) -> str:
        return f"{75 * size:.0f} ms for an answer"

    def plant(self, n: int, size: float, rng: np.random.Generator) -> tuple[Run, Claim]:
        """A method that sleeps before each answer."""
        from checkstar.methods import as_method

        y = rng.standard_normal(n)

        def predict(x: Array) -> Array:
            time.sleep(0.075 * size)
            return x[:, 0]

        return Run.of(as_method(predict), test=Dataset(y[:, None], y)), Claim("object_value")


def _milliseconds(run: Run, rows: Any) -> float:
    return 1e3 * float(run.predict_seconds(rows, repeats=1)[0])


def _limits(each: Array) -> list[Limit]:
    rate = 1e3 / max(float(np.median(each)), 1e-6)
    return [
        Limit(
            name="throughput", value=rate, unit="objects/s", text=f"in batches it predicts {rate:,.0f} objects a second"
        )
    ]


def _figure(single: Array, each: Array) -> dict[str, Any]:
    order = np.sort(single)
    return {
        "title": "Time of an answer",
        "xlabel": "milliseconds",
        "ylabel": "share of answers sooner",
        "xscale": "log",
        "layers": [
            {
                "kind": "line",
                "x": np.maximum(order, 1e-6).tolist(),
                "y": ((np.arange(len(order)) + 1) / len(order)).tolist(),
                "tone": "main",
                "label": "one object at a time",
            },
            {"kind": "vline", "x": [float(np.median(each))], "tone": "second", "label": "per object in a batch"},
        ],
    }
