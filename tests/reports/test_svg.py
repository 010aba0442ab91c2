"""SVG for a page: nothing of its own style, nothing that clashes."""

from __future__ import annotations

from checkstar.reports.svg import inlined

DOCUMENT = """<?xml version="1.0"?>
<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 10 10" width="10pt">
<metadata>secret</metadata><defs><style>*{fill:red}</style><path id="m1" d="M 0.123456 1 &#10; L 2 3"/></defs>
<g id="axes_1"><g id="a"><use xlink:href="#m1" x="1.26" y="2" style="fill: #010203; stroke: none"/>
<use xlink:href="#m1" x="3" y="2" style="fill: #010203"/></g></g>
<text style="font: 10px 'A', serif; text-anchor: middle" transform="rotate(-0 1 2)">a &lt; b</text></svg>"""


def test_a_document_becomes_a_small_element():
    assert inlined(DOCUMENT, prefix="k", title='t "q"', colours={"#010203": "var(--x)"}) == (
        '<svg viewBox="0 0 10 10" role="img" aria-label="t &quot;q&quot;" class="plot"><title>t "q"</title>'
        '<defs><path d="M 0.12 1 L 2 3" id="ka"/></defs>'
        '<g fill="var(--x)"><use href="#ka" x="1.3" y="2"/><use href="#ka" x="3" y="2"/></g>'
        '<text text-anchor="middle">a &lt; b</text></svg>'
    )
