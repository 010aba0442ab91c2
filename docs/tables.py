"""Tables of the documentation, generated from the code: ``{generated} NAME`` in a page; `README_CLAIMS` in README.md."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from checkstar.checks import Check, default_checks
from checkstar.checks.base import NEEDS
from checkstar.claims import USES, Claim
from checkstar.power import power_rows, shipped


def rows(columns: Sequence[str], body: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [columns, ["---"] * len(columns), *body]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def deciding(use: Any) -> list[Check]:
    """The checks that decide a use."""
    return [check for check in default_checks() if check.decides(Claim(use))]


def decides(check: Check) -> list[str]:
    """The uses that a check decides."""
    return [use for use in USES if check.decides(Claim(use))]


def readme_claims() -> str:
    """Claims for README.md: no links, nothing to build."""
    return rows(
        ["claim", "the question", "an example", "checks that decide"],
        [
            [f"`{use}`", about.question, about.example, ", ".join(check.name for check in deciding(use))]
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
            for check in default_checks()
        ],
    )


def needs() -> str:
    """What a check may need, and how to give it."""
    return rows(["need", "how to give it"], [[f"`{name}`", text] for name, text in NEEDS.items()])


def catalogue() -> str:
    """All checks, one section each, ordered by code."""
    return "\n\n".join(_section(check) for check in sorted(default_checks(), key=lambda check: check.code))


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
        ["planted fault", _first_paragraph(check.plant)],
        ["references", "; ".join(check.references) or "none"],
        ["see", f"{{py:class}}`checkstar.checks.{kind}`, {{doc}}`example </gallery/checks/plot_{check.name}>`"],
    ]
    return f"(check-{check.name})=\n## {check.code} {check.name}\n\n" + rows(["question", check.question], facts)


def _needs(check: Check) -> str:
    return ", ".join(f"`{need}`" for need in sorted(check.needs)) or "predictions and truth"


def _first_paragraph(item: Any) -> str:
    return " ".join((inspect.getdoc(item) or "").split("\n\n")[0].split())


TABLES: dict[str, Callable[[], str]] = {
    "claims": claims,
    "choose": choose,
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
