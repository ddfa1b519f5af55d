"""What all figures share: font, ground, grid, colours, and places on a scale.

The ground is transparent and text and grid are of a grey that reads well on light and dark pages.
"""

from __future__ import annotations

import math
from typing import Any

from qamro.axes import get_axis

FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif'
INK, GRID, ACCENT = "#6b7280", "rgba(128,128,128,0.25)", "#1a7f8e"
PREDICTORS = ("#D55E00", "#0072B2", "#CC79A7", "#E69F00", "#009E73", "#56B4E9", "#8C564B", "#7F7F00")
"""Colours of predictors, in their order (Okabe-Ito first); people are ``ACCENT``."""
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "x", "star", "hexagon")
"""Markers of predictors, so that colour is not all that tells them apart."""
WHISKER = {"type": "data", "color": INK, "thickness": 1.5, "width": 5}


def layout(**more: Any) -> dict[str, Any]:
    """Returns the layout of a figure with a transparent ground; ``more`` goes on top."""
    return {
        "template": "none",
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": FONT, "size": 13, "color": INK},
        "showlegend": False,
        "dragmode": False,
        "autosize": True,
        **more,
    }


def line_axis() -> dict[str, Any]:
    """Returns the look of a straight axis."""
    return {
        "gridcolor": GRID,
        "linecolor": GRID,
        "zeroline": False,
        "fixedrange": True,
        "ticks": "",
        "title_font_size": 13,
    }


def predictor_marker(place: int, size: float = 8) -> dict[str, Any]:
    """Returns colour and symbol of the predictor at a place in the list."""
    return {
        "color": PREDICTORS[place % len(PREDICTORS)],
        "symbol": SYMBOLS[place % len(SYMBOLS)],
        "size": size,
    }


def share(axis: str, score: float) -> float:
    """Returns where a score lies on its scale: 0 at the lowest, 1 at the highest."""
    scale = get_axis(axis)
    return (score - scale.low) / (scale.high - scale.low)


def whisker(value: float) -> float:
    """Length of a whisker; 0 where the interval is not known."""
    return 0.0 if math.isnan(value) else value


def shorten(name: str, most: int = 28) -> str:
    """Cuts a long name and escapes it for a label."""
    return escape(name if len(name) <= most else name[: most - 1] + "…")


def escape(text: str) -> str:
    """Plotly reads a few tags in text; a system's name is shown as it is typed."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
