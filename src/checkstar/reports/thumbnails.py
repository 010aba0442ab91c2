"""Thumbnails: single objects as small SVG dots, one path a passband."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup, escape

__all__ = ["thumbnail"]

_WIDTH, _HEIGHT, _MARGIN = 220.0, 110.0, 6.0
_N_BANDS = 6


def thumbnail(picture: Mapping[str, Any] | None, name: str) -> Markup | None:
    """An object drawn as `checkstar.studies.pictures.picture_of` describes it; None where there is nothing to draw."""
    if not picture or not picture["x"]:
        return None
    x = _scaled(picture["x"], _WIDTH, inverted=False)
    y = _scaled(picture["y"], _HEIGHT, inverted=not picture["inverted"])
    dots: dict[int, list[str]] = {}
    for across, down, band in zip(x, y, picture["band"], strict=True):
        # A line of no length with round ends is a dot of two numbers.
        dots.setdefault(int(band) % _N_BANDS, []).append(f"M{across:.1f} {down:.1f}h0")
    paths = "".join(f'<path class="b{band}" d="{"".join(parts)}"/>' for band, parts in sorted(dots.items()))
    return Markup(
        f'<svg class="thumb" viewBox="0 0 {_WIDTH:.0f} {_HEIGHT:.0f}" role="img" aria-label="{escape(name)}">{paths}</svg>'
    )


def _scaled(values: Sequence[float], size: float, *, inverted: bool) -> list[float]:
    low, high = min(values), max(values)
    span = (high - low) or 1.0
    share = [(value - low) / span for value in values]
    return [_MARGIN + (1 - s if inverted else s) * (size - 2 * _MARGIN) for s in share]
