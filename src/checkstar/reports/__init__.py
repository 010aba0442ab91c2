"""Reports: the one record of an audit (`audit.json`), rendered. Nothing is computed here.

Every function takes the plain dictionary that `checkstar.audits.Audit.to_dict` gives, so an audit can be rendered
again years later without the model and without the data.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from checkstar.reports.files import write_report
    from checkstar.reports.html import render_fragment, render_html
    from checkstar.reports.junit import render_junit
    from checkstar.reports.markdown import render_markdown
    from checkstar.reports.model_card import render_model_card
    from checkstar.reports.records import schema
    from checkstar.reports.reforms import render_reforms
    from checkstar.reports.text import render_text

__all__ = [
    "render_fragment",
    "render_html",
    "render_junit",
    "render_markdown",
    "render_model_card",
    "render_reforms",
    "render_text",
    "schema",
    "write_report",
]

_HOMES = {
    "render_fragment": "html",
    "render_html": "html",
    "render_junit": "junit",
    "render_markdown": "markdown",
    "render_model_card": "model_card",
    "render_reforms": "reforms",
    "render_text": "text",
    "schema": "records",
    "write_report": "files",
}


def __getattr__(name: str) -> Any:
    # Lazy: printing an audit in a terminal must not load jinja2 and matplotlib.
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
