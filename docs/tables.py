"""Tables of the documentation, generated from the code: ``{generated} NAME`` in a page; `README_CLAIMS` in README.md."""

from __future__ import annotations

import dataclasses
import inspect
import operator
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from checkstar import methods
from checkstar.checks import Check, default_checks
from checkstar.checks.base import DECLARATIONS, NEEDS
from checkstar.claims import USES, Claim
from checkstar.power import power_rows, shipped

#: All checks, those that fit the method again included.
CHECKS = default_checks(refit=True)

#: Check, cure (a method or a function of this package), and the example that shows the cure at work.
CURES = (
    ("pulls", "Calibrated", "checks/plot_pulls"),
    ("pulls", "DistanceError", "methods/plot_distance_error"),
    ("coverage", "Conformal", "checks/plot_coverage"),
    ("coverage", "ConformalQuantiles", "methods/plot_conformal_weighted"),
    ("coverage", "WeightedConformal", "methods/plot_conformal_weighted"),
    ("class_calibration", "TemperatureScaled", "checks/plot_class_calibration"),
    ("class_calibration", "Isotonic", "checks/plot_class_calibration"),
    ("population", "PriorDivided", "checks/plot_population"),
    ("contrast", "PriorDivided", "checks/plot_contrast"),
    ("gold_sample", "PriorDivided", "checks/plot_gold_sample"),
    ("baselines", "Ensemble", "methods/plot_ensemble"),
    ("symmetry", "Symmetrized", "checks/plot_symmetry"),
    ("domain", "DomainGuard", "checks/plot_domain"),
    ("domain", "DeepKNN", "methods/plot_deep_knn"),
)


def rows(columns: Sequence[str], body: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [columns, ["---"] * len(columns), *body]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def deciding(use: Any) -> list[Check]:
    """The checks that decide a use."""
    return [check for check in CHECKS if check.decides(Claim(use))]


def decides(check: Check) -> list[str]:
    """The uses that a check decides."""
    return [use for use in USES if check.decides(Claim(use))]


def readme_claims() -> str:
    """Claims for README.md: no links, nothing to build."""
    return rows(
        ["claim", "the question", "an example", "checks that decide", "of the families"],
        [
            [f"`{use}`", about.question, about.example, str(len(deciding(use))), ", ".join(about.families)]
            for use, about in USES.items()
        ],
    )


def claims() -> str:
    """Claims with their families, tolerances and conventions."""
    return rows(
        [
            "claim",
            "question",
            "deciding families",
            "deciding checks",
            "what the tolerance means",
            "without a tolerance",
        ],
        [
            [
                f"`{use}`",
                about.question,
                ", ".join(about.families),
                ", ".join(f"[{check.name}](#check-{check.name})" for check in deciding(use)),
                about.tolerance,
                about.convention,
            ]
            for use, about in USES.items()
        ],
    )


def choose() -> str:
    """Which check answers which question."""
    return rows(
        ["question", "check", "decides", "needs", "seen and cured"],
        [
            [
                check.question,
                f"[{check.name}](#check-{check.name})",
                ", ".join(f"`{use}`" for use in decides(check)) or "nothing; shown beside the evidence",
                _needs(check),
                f"{{doc}}`example </gallery/checks/plot_{check.name}>`",
            ]
            for check in CHECKS
        ],
    )


def cures() -> str:
    """Which cure helps against which failed check, and where it is seen."""
    return rows(
        ["failed", "cure", "what it does", "seen"],
        [
            [
                f"[{check}](#check-{check})",
                f"{{py:class}}`~checkstar.methods.{cure}`",
                _first_paragraph(operator.attrgetter(cure)(methods)),
                f"{{doc}}`example </gallery/{example}>`",
            ]
            for check, cure, example in CURES
        ],
    )


def declarations() -> str:
    """What a scope may declare, and which checks then have a question."""
    return rows(
        ["declared", "what it is", "checks that then ask"],
        [
            [
                f"`{name}`",
                words.split(":", maxsplit=1)[0],
                ", ".join(f"[{c.name}](#check-{c.name})" for c in CHECKS if c.declared == name),
            ]
            for name, words in DECLARATIONS.items()
        ],
    )


def needs() -> str:
    """What a check may need, and how to give it."""
    return rows(["need", "how to give it"], [[f"`{name}`", text] for name, text in NEEDS.items()])


def catalogue() -> str:
    """All checks, one section each, ordered by code."""
    return "\n\n".join(_section(check) for check in sorted(CHECKS, key=lambda check: check.code))


def power() -> str:
    """How often each check finds its fault, as shipped."""
    columns, body = power_rows(shipped())
    return rows([column.removeprefix(">") for column in columns], body)


def _section(check: Check) -> str:
    kind = type(check).__name__
    settings = ", ".join(f"`{f.name} = {getattr(check, f.name)!r}`" for f in dataclasses.fields(check))  # type: ignore[arg-type]
    facts = [
        ["statistic", check.statistic],
        ["family", check.family],
        ["decides", ", ".join(f"`{use}`" for use in decides(check)) or "nothing"],
        ["asked of", " and ".join(check.tasks)],
        ["needs", _needs(check)],
        ["settings", settings or "none"],
        ["planted fault", f"{check.fault(1)}; found, and its absence passed, at {check.enough:,} objects"],
        ["references", "; ".join(check.references) or "none"],
        ["see", f"{{py:class}}`checkstar.checks.{kind}`, {{doc}}`example </gallery/checks/plot_{check.name}>`"],
    ]
    return f"(check-{check.name})=\n## {check.code} {check.name}\n\n" + rows(["question", check.question], facts)


def _needs(check: Check) -> str:
    needed = [f"`{need}`" for need in sorted(check.needs)] or ["predictions and truth"]
    declared = [f"`Scope({check.declared}=...)`"] if check.declared else []
    return ", ".join([*needed, *declared, *(["asked for with `refit`"] if check.refits else [])])


def _first_paragraph(item: Any) -> str:
    return " ".join((inspect.getdoc(item) or "").split("\n\n")[0].split())


TABLES: dict[str, Callable[[], str]] = {
    "claims": claims,
    "choose": choose,
    "cures": cures,
    "declarations": declarations,
    "needs": needs,
    "catalogue": catalogue,
    "power": power,
}


def setup(app: Any) -> dict[str, bool]:
    """Give Sphinx the directive ``{generated} NAME``."""
    from sphinx.util.docutils import SphinxDirective

    class Generated(SphinxDirective):
        """The table of this name, parsed as if it stood in the page."""

        required_arguments = 1

        def run(self) -> list[Any]:
            return self.parse_text_to_nodes(TABLES[self.arguments[0]](), allow_section_headings=True)

    app.add_directive("generated", Generated)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
