"""SVG as it goes into a page: small, with ids of its own, colours from the page's style sheet, no style of its own."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterator, Mapping
from functools import partial
from xml.etree import ElementTree

from PIL import Image

__all__ = ["inlined"]

_NUMBER = re.compile(r"-?\d+\.\d+")
_REFERENCE = re.compile(r"^(?:url\(#(.+)\)|#(.+))$")
_REFERRING = ("href", "clip-path")
_SHADES = 8
_COORDINATES = {"d", "x", "y", "transform", "points", "width", "height", "stroke-dasharray"}
#: What matplotlib writes and every browser assumes anyway.
_DEFAULTS = {("stroke-opacity", "1"), ("fill-opacity", "1"), ("stroke-dashoffset", "0"), ("stroke", "none")}


def inlined(svg: str, *, prefix: str, title: str, colours: Mapping[str, str]) -> str:
    """An SVG document of matplotlib as an element of an HTML page.

    Style attributes become presentation attributes, so that the page needs no ``unsafe-inline`` styles; colours
    become what `colours` maps them to; ids that nothing refers to are dropped and the others start with `prefix`.
    """
    root = ElementTree.fromstring(svg)
    _drop(root)
    names: dict[str, str] = {}
    for found in (found for element in root.iter() for found in _referred(element)):
        names.setdefault(found, f"{prefix}{_letters(len(names))}")
    for element in root.iter():
        _simplify(element, colours)
        _rename(element, names)
    for element in root.iter("g"):
        _hoist(element)
    box = root.attrib["viewBox"]
    heading = ElementTree.Element("title")
    heading.text = title
    root[:] = [heading, *_unwrapped(root)]
    root.attrib.clear()
    root.attrib.update({"viewBox": box, "role": "img", "aria-label": title, "class": "plot"})
    return ElementTree.tostring(root, encoding="unicode").replace(" />", "/>")


def _letters(number: int) -> str:
    return chr(ord("a") + number % 26) + (str(number // 26) if number >= 26 else "")


def _drop(root: ElementTree.Element) -> None:
    """Metadata, and the style sheet that would hold for the whole page."""
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag.split("}")[-1] in ("metadata", "style"):
                parent.remove(child)


def _referred(element: ElementTree.Element) -> Iterator[str]:
    for name, value in element.attrib.items():
        match = _REFERENCE.match(value) if name.split("}")[-1] in _REFERRING else None
        if match:
            yield match[1] or match[2]


def _simplify(element: ElementTree.Element, colours: Mapping[str, str]) -> None:
    element.tag = element.tag.split("}")[-1]
    attributes = {name.split("}")[-1]: value for name, value in element.attrib.items()}
    for rule in attributes.pop("style", "").split(";"):
        name, _, value = (part.strip() for part in rule.partition(":"))
        if name and name not in ("font", "font-family") and (name, value) not in _DEFAULTS:
            attributes[name] = colours.get(value, value.removesuffix("px"))
    if re.match(r"rotate\(-?0(\.0+)? ", attributes.get("transform", "")):
        del attributes["transform"]
    for name in _COORDINATES & attributes.keys():
        # Hundredths of a point; tenths for where a marker stands, of which there are hundreds.
        places = 1 if element.tag == "use" else 2
        attributes[name] = _NUMBER.sub(partial(_rounded, places=places), " ".join(attributes[name].split()))
    if element.tag == "image":
        attributes["href"] = _with_few_colours(attributes["href"])
    element.attrib.clear()
    element.attrib.update(attributes)
    if element.tag != "text":
        element.text = None
    element.tail = None


def _with_few_colours(address: str) -> str:
    """A picture of points in one colour needs a few shades of it, and a third of the bytes."""
    head, _, content = address.partition("base64,")
    picture = Image.open(io.BytesIO(base64.b64decode(content)))
    buffer = io.BytesIO()
    picture.quantize(_SHADES, method=Image.Quantize.FASTOCTREE).save(buffer, "png", optimize=True)
    return f"{head}base64,{base64.b64encode(buffer.getvalue()).decode()}"


def _rounded(match: re.Match[str], places: int) -> str:
    return f"{float(match[0]):.{places}f}".rstrip("0").rstrip(".") or "0"


def _rename(element: ElementTree.Element, names: Mapping[str, str]) -> None:
    name = element.attrib.pop("id", None)
    if name is not None and name in names:
        element.attrib["id"] = names[name]
    for key in _REFERRING:
        value = element.attrib.get(key, "")
        match = _REFERENCE.match(value)
        if match:
            found = names[match[1] or match[2]]
            element.attrib[key] = f"url(#{found})" if value.startswith("url") else f"#{found}"


def _hoist(group: ElementTree.Element) -> None:
    """Give a group of markers the colours that all of them share."""
    if len(group) < 2 or any(child.tag != "use" for child in group):
        return
    shared = set.intersection(*(set(child.attrib.items()) for child in group))
    for name, value in sorted(shared):
        if name not in ("href", "x", "y"):
            group.attrib[name] = value
            for child in group:
                del child.attrib[name]


def _unwrapped(parent: ElementTree.Element) -> list[ElementTree.Element]:
    """Children, without groups that say nothing and without empty ones."""
    kept: list[ElementTree.Element] = []
    for child in parent:
        if child.tag in ("g", "defs"):
            child[:] = _unwrapped(child)
            if not len(child):
                continue
            if child.tag == "g" and not child.attrib:
                kept.extend(child)
                continue
        kept.append(child)
    return kept
