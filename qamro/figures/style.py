"""What all figures share: font, ground, grid, colours, ticks, whiskers, and places on a scale.

The ground is transparent and text and grid are of a grey that reads well on light and dark pages.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

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


def whiskers(above: Iterable[float], below: Iterable[float] | None = None) -> dict[str, Any]:
    """Returns the lengths of error bars as Plotly takes them; where an interval is not known or has no width, none.

    A bar of length nothing would still draw its caps, as if something were known to the last digit.

    Args:
        above: From each point upward, or to both sides.
        below: From each point downward, where that differs.
    """
    lengths = {"array": above} | ({} if below is None else {"arrayminus": below})
    return {key: _positive(np.asarray(list(values), float)) for key, values in lengths.items()}


def _positive(lengths: np.ndarray) -> np.ndarray:
    return np.where(lengths > 0, lengths, np.nan)


def ticks(low: float, high: float, *, most: int = 6, whole: bool = False, log: bool = False) -> dict[str, Any]:
    """Returns round numbers for an axis, no two of them written alike and none over another.

    Args:
        low: Lowest value that is shown; above 0 where ``log``.
        high: Highest value that is shown.
        most: At most so many, three or more.
        whole: Whole numbers alone, for counts.
        log: For a logarithmic axis: 1, 2 and 5 times powers of ten, or powers alone where that is too many.

    Returns:
        ``tickvals`` and ``ticktext`` of a Plotly axis; empty where an end is not known.
    """
    if not (math.isfinite(low) and math.isfinite(high)) or high < low or (log and low <= 0):
        return {}
    at = _log_ticks(low, high, most) if log else []
    if len(at) < 2:
        at = _even_ticks(low, high, most, whole=whole)
    return {"tickvals": at, "ticktext": [f"{value:.12g}".replace("-", "−") for value in at]}


def ticks_at(values: Sequence[float], *, most: int = 12) -> dict[str, Any]:
    """Returns ticks at given values, ascending; of those that would be written over each other, the first.

    Args:
        values: Finite numbers, one or more.
        most: So many fit side by side.
    """
    kept: list[float] = []
    ordered = sorted(set(map(float, values)))
    for value in ordered:
        if not kept or value - kept[-1] >= (ordered[-1] - ordered[0]) / most:
            kept.append(value)
    return {"tickvals": kept, "ticktext": [f"{value:g}" for value in kept]}


def _even_ticks(low: float, high: float, most: int, *, whole: bool) -> list[float]:
    span = (high - low) or abs(high) or 1.0
    power = 10.0 ** math.floor(math.log10(span / most))
    steps = [digit * scale * power for scale in (1, 10) for digit in (1, 2, 5)] + [100 * power]
    if whole:
        steps = [step for step in steps if step >= 1 and step == round(step)] or [1.0]
    for step in steps:
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        if last - first < most:
            return [round(k * step, 12) for k in range(first, last + 1)] or [low]
    return [low, high]


def _log_ticks(low: float, high: float, most: int) -> list[float]:
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for digits in ((1, 2, 5), (1,)):
        at = [float(f"{digit}e{power}") for power in powers for digit in digits]
        at = [value for value in at if low * (1 - 1e-9) <= value <= high * (1 + 1e-9)]
        if len(at) <= most:
            return at
    return at[:: math.ceil(len(at) / most)]


def shorten(name: str, most: int = 28) -> str:
    """Cuts a long name and escapes it for a label."""
    return escape(name if len(name) <= most else name[: most - 1] + "…")


def escape(text: str) -> str:
    """Plotly reads a few tags in text; a system's name is shown as it is typed."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
