"""Figures: the figure records of evidence as inline SVG that follows the page's light or dark colours.

A record is ``{"title", "xlabel", "ylabel", "xscale", "yscale", "layers": [...], "xticks": [names]}``; a layer is
``{"kind", "x", "y", "low", "high", "label", "tone"}`` with the kinds and tones below. ``hline`` takes ``y: [value]``,
``vline`` takes ``x: [value]``. Evidence without a record is drawn as its parts, each an interval against its limit.
"""

from __future__ import annotations

import io
import math
import textwrap
import threading
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator, ScalarFormatter
from numpy.typing import NDArray

from checkstar.reports.records import by_size
from checkstar.reports.svg import inlined
from checkstar.reports.typesetting import clipped, number, typeset

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

__all__ = ["KINDS", "MOST_ELEMENTS", "TONES", "Drawing", "Legend", "draw", "draw_parts"]

KINDS = ("line", "points", "band", "interval", "bars", "hline", "vline")
TONES = ("main", "second", "reference", "limit", "muted")
#: Larger layers become a picture inside the SVG: 20 000 points are 2 MB as vectors and 16 kB as a PNG.
MOST_ELEMENTS = 400
MOST_ROWS = 24

# Colours that stand for the page's own, and replaced by them; no one else draws in these.
_PLACEHOLDERS = {"ink": "#0a0b01", "rule": "#0a0b02", **{tone: f"#0a0c0{i}" for i, tone in enumerate(TONES)}}
_COLOURS = {colour: f"var(--fig-{tone})" for tone, colour in _PLACEHOLDERS.items()}
# A picture cannot follow the page; these are legible on both grounds.
_FIXED = {"main": "#3d82c4", "second": "#cc7a2f", "reference": "#808791", "limit": "#d1493b", "muted": "#9aa0a8"}
_SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "checkstar",
    "text.parse_math": False,
    "axes.unicode_minus": True,
    "axes.linewidth": 0.8,
    "axes.edgecolor": _PLACEHOLDERS["rule"],
    "axes.labelcolor": _PLACEHOLDERS["ink"],
    "axes.labelsize": 10.0,
    "text.color": _PLACEHOLDERS["ink"],
    "xtick.color": _PLACEHOLDERS["rule"],
    "ytick.color": _PLACEHOLDERS["rule"],
    "xtick.labelcolor": _PLACEHOLDERS["ink"],
    "ytick.labelcolor": _PLACEHOLDERS["ink"],
    "xtick.labelsize": 9.5,
    "ytick.labelsize": 9.5,
    "lines.linewidth": 1.6,
    "lines.markersize": 4.5,
    "savefig.dpi": 110,
}
_METADATA = {"Date": None, "Creator": None, "Format": None, "Type": None}
_SIZE = (5.4, 3.1)
_settings_lock = threading.Lock()


class Legend(NamedTuple):
    """One entry of a legend: the kind and tone of its layer, and its label."""

    kind: str
    tone: str
    label: str


class Drawing(NamedTuple):
    """A figure for a page: its SVG element, its title and its legend."""

    svg: str
    title: str
    legend: tuple[Legend, ...]


def draw(record: Mapping[str, Any], prefix: str) -> Drawing | None:
    """Draw a figure record; None if it holds no finite number.

    Parameters
    ----------
    record : mapping
        See the module.
    prefix : str
        Start of the ids in the SVG; unique in its page.
    """
    layers = [layer for layer in (_clean(raw) for raw in record.get("layers") or []) if layer is not None]
    if not layers:
        return None
    title = str(record.get("title") or "Figure")
    names = [clipped(typeset(name), 24) for name in record.get("xticks") or []]

    def paint(axes: Axes) -> None:
        _name_ticks(axes, names)
        _scale(axes, record)
        for layer in layers:
            _PAINTERS[layer["kind"]](axes, layer)
        axes.set_xlabel(_folded(record.get("xlabel"), 54))
        axes.set_ylabel(_folded(record.get("ylabel"), 32))

    svg = _svg(paint, _SIZE, prefix, title)
    legend = (Legend(layer["kind"], layer["tone"], layer["label"]) for layer in layers if layer["label"])
    return Drawing(svg, title, tuple(dict.fromkeys(legend)))


def draw_parts(parts: Sequence[Mapping[str, Any]], quantity: str, prefix: str) -> Drawing | None:
    """Draw each part as a row: its value with its interval, and its limit as a tick; the worst rows first."""
    rows = [part for part in by_size(parts) if part.get("value") is not None][:MOST_ROWS]
    if not rows:
        return None
    units = {part.get("unit") or "" for part in rows}
    # Parts in different units share an axis only as multiples of their limits.
    divisors = [1.0 if len(units) == 1 else part.get("limit") or math.nan for part in rows]
    unit = units.pop() if len(units) == 1 else "in units of the limit"
    columns = {name: _array([part.get(name) for part in rows]) / divisors for name in ("value", "low", "high", "limit")}
    if not np.isfinite(columns["value"]).any():
        return None
    names = [clipped(typeset(part.get("name") or quantity), 30) for part in rows]
    decides = np.array([part.get("decides", True) is not False for part in rows])

    def paint(axes: Axes) -> None:
        _paint_rows(axes, names, columns, decides)
        axes.set_xlabel(_folded(f"{quantity} ({unit})" if unit else quantity, 54))

    svg = _svg(paint, (_SIZE[0], 0.75 + 0.21 * max(len(rows), 3)), prefix, quantity)
    legend = [Legend("interval", "main", "fault with its 95 % interval")]
    if not decides.all():
        legend.append(Legend("interval", "reference", "shown, does not decide"))
    if np.isfinite(columns["limit"]).any():
        legend.append(Legend("vline", "limit", "its limit"))
    return Drawing(svg, "Each fault against its limit", tuple(legend))


def _svg(paint: Callable[[Axes], None], size: tuple[float, float], prefix: str, title: str) -> str:
    """Draw with settings of our own, whatever the user's are, and leave the user's as they were."""
    buffer = io.StringIO()
    with _settings_lock, warnings.catch_warnings(), matplotlib.rc_context():
        # Glyphs that a font lacks, limits that coincide: the browser has other fonts, the reader other figures.
        warnings.simplefilter("ignore")
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_SETTINGS)
        figure = Figure(figsize=size, layout="constrained")
        figure.patch.set_visible(False)
        axes = figure.add_subplot()
        axes.patch.set_visible(False)
        axes.spines[["top", "right"]].set_visible(False)
        paint(axes)
        figure.savefig(buffer, format="svg", metadata=_METADATA)
    return inlined(buffer.getvalue(), prefix=prefix, title=title, colours=_COLOURS)


def _folded(text: object, width: int) -> str:
    """An axis label on at most two lines."""
    lines = textwrap.wrap(typeset(text or ""), width, max_lines=2, placeholder="\u2026")
    return "\n".join(lines)


def _clean(raw: Mapping[str, Any]) -> dict[str, Any] | None:
    """A layer with arrays of one length; None for one that holds nothing to draw."""
    kind = raw.get("kind")
    needed = {"band": ("x", "low", "high"), "hline": ("y",), "vline": ("x",)}.get(str(kind), ("x", "y"))
    arrays = {name: _array(raw.get(name) or []) for name in ("x", "y", "low", "high")}
    size = min(arrays[name].size for name in needed)
    if kind not in KINDS or not size or not all(np.isfinite(arrays[name][:size]).any() for name in needed):
        return None
    tone = raw.get("tone")
    return {
        **{name: values[:size] for name, values in arrays.items()},
        "kind": kind,
        "tone": tone if tone in TONES else "main",
        "label": clipped(typeset(raw.get("label") or ""), 60),
    }


def _array(values: Sequence[Any]) -> NDArray[np.float64]:
    return np.array([math.nan if not isinstance(v, int | float) else v for v in values], dtype=float)


def _colour(layer: Mapping[str, Any]) -> dict[str, Any]:
    raster = layer["x"].size > MOST_ELEMENTS
    return {"color": (_FIXED if raster else _PLACEHOLDERS)[layer["tone"]], "rasterized": raster}


def _dashes(layer: Mapping[str, Any]) -> str:
    return "--" if layer["tone"] in ("reference", "limit") else "-"


def _line(axes: Axes, layer: Mapping[str, Any]) -> None:
    axes.plot(layer["x"], layer["y"], linestyle=_dashes(layer), **_colour(layer))


def _points(axes: Axes, layer: Mapping[str, Any]) -> None:
    n = layer["x"].size
    size = 4.5 if n <= 60 else 2.6 if n <= MOST_ELEMENTS else 1.4
    alpha = 0.6 if 60 < n <= MOST_ELEMENTS else 1.0
    axes.plot(layer["x"], layer["y"], "o", markersize=size, markeredgewidth=0, alpha=alpha, **_colour(layer))


def _band(axes: Axes, layer: Mapping[str, Any]) -> None:
    colour = _colour(layer)
    axes.fill_between(layer["x"], layer["low"], layer["high"], alpha=0.18, linewidth=0, **colour)


def _interval(axes: Axes, layer: Mapping[str, Any]) -> None:
    crowded = layer["y"].size > 60
    colour = _colour(layer)
    drawn = axes.errorbar(
        layer["x"], layer["y"], yerr=[_length(layer, "low", -1), _length(layer, "high", 1)], fmt="o",
        markersize=2.6 if crowded else 4.5, markeredgewidth=0, elinewidth=0.8 if crowded else 1.4,
        capsize=0 if crowded else 2.5, capthick=1.2, color=colour["color"],
    )  # fmt: skip
    for artist in drawn.get_children():
        artist.set_rasterized(colour["rasterized"])


def _length(layer: Mapping[str, Any], end: str, sign: int) -> NDArray[np.float64]:
    """Lengths of the error bars on one side; zero where that end is not known."""
    y, ends = layer["y"], layer[end]
    return np.nan_to_num(np.maximum(0.0, sign * (ends - y))) if ends.size == y.size else np.zeros(y.size)


def _bars(axes: Axes, layer: Mapping[str, Any]) -> None:
    x = layer["x"]
    gaps = np.diff(np.unique(x[np.isfinite(x)]))
    colour = _colour(layer)
    axes.bar(x, layer["y"], width=0.8 * gaps.min() if gaps.size else 0.8, alpha=0.75, linewidth=0, **colour)


def _hline(axes: Axes, layer: Mapping[str, Any]) -> None:
    for y in layer["y"][np.isfinite(layer["y"])][:20]:
        axes.axhline(y, linestyle=_dashes(layer), linewidth=1.2, color=_PLACEHOLDERS[layer["tone"]])


def _vline(axes: Axes, layer: Mapping[str, Any]) -> None:
    for x in layer["x"][np.isfinite(layer["x"])][:20]:
        axes.axvline(x, linestyle=_dashes(layer), linewidth=1.2, color=_PLACEHOLDERS[layer["tone"]])


_PAINTERS: dict[str, Callable[[Any, Mapping[str, Any]], None]] = {
    "line": _line,
    "points": _points,
    "band": _band,
    "interval": _interval,
    "bars": _bars,
    "hline": _hline,
    "vline": _vline,
}


def _scale(axes: Axes, record: Mapping[str, Any]) -> None:
    for name, axis in (("x", axes.xaxis), ("y", axes.yaxis)):
        if record.get(f"{name}scale") == "log":
            getattr(axes, f"set_{name}scale")("log", nonpositive="mask")
            axis.set_major_locator(LogLocator(subs=(1.0,), numticks=7))
            axis.set_major_formatter(FuncFormatter(lambda value, _: typeset(number(value))))
            axis.set_minor_locator(LogLocator(subs=(2.0, 5.0), numticks=20))
            axis.set_minor_formatter(FuncFormatter(_minor_of(axis)))
        elif not (name == "x" and record.get("xticks")):
            axis.set_major_locator(MaxNLocator(6))
            plain = ScalarFormatter(useOffset=False, useMathText=False)
            plain.set_powerlimits((-4, 7))
            axis.set_major_formatter(plain)


def _minor_of(axis: Axis) -> Callable[[float, Any], str]:
    """Labels of 2 and 5 between the decades, where fewer than two decades would leave the axis with one number."""

    def label(value: float, _: Any) -> str:
        low, high = sorted(axis.get_view_interval())
        return typeset(number(value)) if low > 0 and high / low < 100 else ""

    return label


def _name_ticks(axes: Axes, names: Sequence[str]) -> None:
    if not names:
        return
    slanted = len(names) * max(len(name) for name in names) > 46
    axes.set_xticks(range(len(names)), names, rotation=28 if slanted else 0, ha="right" if slanted else "center")
    axes.set_xlim(-0.6, len(names) - 0.4)


def _paint_rows(
    axes: Axes, names: Sequence[str], columns: Mapping[str, NDArray[np.float64]], decides: NDArray[np.bool_]
) -> None:
    rows = np.arange(len(names))
    value, limit = columns["value"], columns["limit"]
    finite = np.concatenate([column[np.isfinite(column)] for column in columns.values()])
    left, right = min(0.0, float(finite.min())), max(0.0, float(finite.max()))
    margin = 0.04 * ((right - left) or 1.0)
    axes.set_xlim(left - (margin if left < 0 else 0.0), right + margin)
    # An end that is not known reaches the edge of the axes.
    low = np.where(np.isfinite(columns["low"]), columns["low"], left - margin)
    high = np.where(np.isfinite(columns["high"]), columns["high"], right + margin)
    for tone, chosen in (("main", decides), ("reference", ~decides)):
        axes.hlines(rows[chosen], low[chosen], high[chosen], color=_PLACEHOLDERS[tone], linewidth=1.6)
        axes.plot(value[chosen], rows[chosen], "o", color=_PLACEHOLDERS[tone], markersize=4.5, markeredgewidth=0)
    axes.vlines(limit, rows - 0.38, rows + 0.38, color=_PLACEHOLDERS["limit"], linewidth=1.8)
    axes.set_yticks(rows, names)
    axes.yaxis.set_minor_locator(NullLocator())
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.spines["left"].set_visible(left >= 0)
    if left < 0:
        axes.axvline(0.0, linewidth=0.8, color=_PLACEHOLDERS["rule"])
