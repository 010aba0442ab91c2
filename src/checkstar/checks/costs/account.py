"""What does it cost, all in all?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from checkstar.checks.base import Check
from checkstar.claims import Claim
from checkstar.data.dataset import Dataset
from checkstar.evidence import Estimate, Evidence, Limit, Part
from checkstar.prediction import Point
from checkstar.runs import Costs, Run

__all__ = ["Account"]


@dataclass(frozen=True, kw_only=True)
class Account(Check):
    """What does it cost, all in all?

    CPU seconds of everything: searching for settings or simulating (`search_seconds`, which a run cannot know),
    training, predicting the claimed number of objects, and this audit so far (all objects that checks had predicted
    again), at the pace of the first prediction of the test set. Divided by the number of objects it is the fault,
    against what one object may cost. It is an account, not a sample: its interval is a point; where the method came
    fitted, the cost of training is not known and the upper end is infinite. Energy is *modelled*, not measured: CPU
    seconds times `watts_per_core`, without the accelerator, memory, cooling and idle cores. Never decides.

    Parameters
    ----------
    limit_seconds : float
        CPU seconds that one object may cost, all included; a convention.
    search_seconds : float
        CPU seconds spent before: searches over settings, failed attempts, simulations.
    watts_per_core : float
        Power of one busy core; 10 W is a server processor's rated power over its cores.
    conventional_objects : int
        Number of objects where the claim names none.
    """

    name = "account"
    code = "J1"
    family = "cost"
    question = "What does it cost, all in all?"
    statistic = "CPU seconds per object: search, training, prediction and audit"
    needs = frozenset({"model"})
    uses = frozenset()
    depends_on = "claim"
    tasks = ("regression", "classification")
    references = ("Strubell, Ganesh & McCallum 2019, Proc. ACL, 3645 (counting the search)",)

    limit_seconds: float = 1.0
    search_seconds: float = 0.0
    watts_per_core: float = 10.0
    conventional_objects: int = 1000

    def examine(self, run: Run, claim: Claim, rng: np.random.Generator) -> Evidence:
        n = claim.n_objects or self.conventional_objects
        costs, n_test = run.costs, len(run.test)
        pace = costs.predict_cpu_seconds / n_test
        if not math.isfinite(pace):
            return self.undecided(claim, "the time of the predictions was not measured", n_test)
        trained = math.isfinite(costs.fit_cpu_seconds)
        stages = {
            "search": self.search_seconds,
            "training": costs.fit_cpu_seconds if trained else 0.0,
            f"prediction of {n:,} objects": pace * n,
            "this audit so far": pace * max(costs.objects_predicted - n_test, 0),
        }
        total = sum(stages.values())
        each = Estimate(total / n, total / n, total / n if trained else math.inf, n_test)
        parts = [Part(name="all stages", estimate=each, limit=self.limit_seconds, unit="s per object")]
        for name, seconds in stages.items():
            known = Estimate(seconds / n, seconds / n, seconds / n, n_test)
            parts.append(Part(name=name, estimate=known, limit=self.limit_seconds, unit="s per object", decides=False))
        joules = total * self.watts_per_core
        text = _sentence(stages, n, costs, joules, self.watts_per_core, trained)
        return self.conclude(
            claim,
            parts,
            reason=lambda _: text,
            figure=_figure(stages),
            limits_of_use=_limits(total / n, joules / n, self),
        )

    def fault(self, size: float) -> str:
        return f"{1000 * size:.0f} CPU seconds of training for each of the objects that it will predict"

    def plant(self, n: int, size: float, rng: np.random.Generator) -> tuple[Run, Claim]:
        """Training that costs far more than what is predicted is worth."""
        from checkstar.methods import as_method

        y = rng.standard_normal(n)
        test = Dataset(y[:, None], y)
        costs = Costs(
            fit_seconds=1.0 + 1000 * n * size,
            fit_cpu_seconds=1.0 + 1000 * n * size,
            predict_seconds=1e-3 * n,
            predict_cpu_seconds=1e-3 * n,
            peak_memory_mb=100.0,
            model_calls=1,
            objects_predicted=n,
        )
        run = Run(name="planted", test=test, prediction=Point(y), method=as_method(lambda x: x[:, 0]), costs=costs)
        return run, Claim("object_value", n_objects=n)


def _sentence(stages: dict[str, float], n: int, costs: Costs, joules: float, watts: float, trained: bool) -> str:
    total = sum(stages.values())
    spent = ", ".join(f"{name} {_duration(s)}" for name, s in stages.items() if s > 0)
    memory = f"; peak memory {costs.peak_memory_mb:.0f} MB" if math.isfinite(costs.peak_memory_mb) else ""
    unknown = "" if trained else "; the cost of training is not known, since the method came fitted"
    return (
        f"{_duration(total / n)} of CPU an object, {_duration(total)} in all ({spent or 'nothing measurable'}){memory}; "
        f"modelled energy {joules / 3.6e6:.2g} kWh at {watts:g} W a core, {_joules(joules / n)} an object{unknown}"
    )


def _duration(seconds: float) -> str:
    for size, unit in ((86400.0, "d"), (3600.0, "h"), (60.0, "min"), (1.0, "s"), (1e-3, "ms")):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e6:.3g} us"


def _joules(joules: float) -> str:
    return f"{joules:,.0f} J" if joules >= 100 else f"{joules:.2g} J"


def _limits(seconds: float, joules: float, check: Account) -> list[Limit]:
    texts = {
        "cpu_per_object": (seconds, "s", f"each object costs {_duration(seconds)} of CPU, everything included"),
        "energy_per_object": (
            joules,
            "J",
            f"each object costs about {_joules(joules)} (modelled at {check.watts_per_core:g} W a core)",
        ),
    }
    return [Limit(name=name, value=value, unit=unit, text=text) for name, (value, unit, text) in texts.items()]


def _figure(stages: dict[str, float]) -> dict[str, Any]:
    return {
        "title": "Where the CPU time goes",
        "xlabel": "stage",
        "ylabel": "CPU seconds",
        "xticks": list(stages),
        "layers": [{"kind": "bars", "x": list(range(len(stages))), "y": list(stages.values()), "tone": "main"}],
    }
