"""What a sweep's figures are drawn with: a curve in its band, thin lines beside it, names at the right edge."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qamro.axes import get_axis
from qamro.figures.style import INK, escape
from qamro.training.objective.table import HYPERPARAMETERS, TABLE
from qamro.training.sweeps.setup import Setup

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

    from qamro.training.sweeps.reproduce import Published

DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "x", "star")
PUBLISHED = "#cc5083"


@dataclass(frozen=True)
class Naming:
    """What a sweep's figures call things.

    Attributes:
        family: The objective.
        over: What is turned along a curve.
        beside: What differs between curves; empty where there is one curve only.
        reference: The value that others are held against.
    """

    family: str = "QAMRO"
    over: str = "beta"
    beside: str = "alpha"
    reference: float = 1.0

    def curve(self, value: float) -> str:
        """Returns what a curve is called."""
        return f"{self.family}, {self.beside} {value:g}" if self.beside and math.isfinite(value) else self.family


def naming_of(setup: Setup) -> Naming:
    """Returns what the figures of a sweep call things."""
    beside = HYPERPARAMETERS[setup.second].label if setup.second else ""
    return Naming(TABLE[setup.family].short, HYPERPARAMETERS[setup.over].label, beside, setup.reference)


def dash_of(curves: Sequence[float], value: float) -> int:
    """Returns which of ``DASHES`` and ``SYMBOLS`` a curve has."""
    return list(curves).index(value) % len(DASHES)


def add_baseline(figure: go.Figure, row: pd.Series, ends: Sequence[float], dash: str, place: dict[str, Any]) -> None:
    """Draws a baseline as a thin line at its mean; its interval is told where it is pointed at."""
    figure.add_scatter(
        x=list(ends),
        y=[row["mean"]] * 2,
        mode="lines",
        line={"color": INK, "width": 1.3, "dash": dash},
        name=row["variant"],
        legendgroup=row["variant"],
        customdata=[row["variant"]] * 2,
        hovertemplate=f"{row['variant']}<br>{row['mean']:.3f} {ends_of(row['low'], row['high'])}<extra></extra>",
        **place,
    )


def add_curve(
    figure: go.Figure, curve: pd.DataFrame, name: str, style: int, place: dict[str, Any], *, over: str, main: bool
) -> None:
    """Draws a curve, the main one with its interval as a band; a point carries its model's label.

    Args:
        figure: Gets the curve.
        curve: Rows of a summary, ascending ``at``.
        name: For the legend.
        style: Place in ``DASHES`` and ``SYMBOLS``.
        place: Row, column and legend of the figure.
        over: What is turned, for the hover text.
        main: Whether it is the one that the figure is about.
    """
    colour = get_axis(curve["axis"].iloc[0]).colour
    known = curve[curve["low"].notna() & curve["high"].notna()]
    if main and len(known):
        figure.add_scatter(
            x=[*known["at"], *known["at"][::-1]],
            y=[*known["high"], *known["low"][::-1]],
            mode="lines",
            fill="toself",
            fillcolor=f"rgba({','.join(str(int(colour[k : k + 2], 16)) for k in (1, 3, 5))},0.2)",
            line={"width": 0},
            hoverinfo="skip",
            legendgroup=name,
            **place | {"showlegend": False},
        )
    text = [
        f"{escape(name)}, {over} {at:g}<br>{mean:.3f} {ends_of(low, high)}"
        for at, mean, low, high in zip(curve["at"], curve["mean"], curve["low"], curve["high"], strict=True)
    ]
    figure.add_scatter(
        x=curve["at"],
        y=curve["mean"],
        mode="lines+markers",
        line={"color": colour, "width": 3 if main else 1.3, "dash": DASHES[style]},
        marker={"size": 9 if main else 6, "symbol": SYMBOLS[style]},
        opacity=1 if main else 0.75,
        name=name,
        legendgroup=name,
        customdata=curve["variant"],
        hovertext=text,
        hoverinfo="text",
        **place,
    )


NAME = 15
"""Pixels from one name at the edge to the next."""


def name_lines(figure: go.Figure, lines: Sequence[tuple[str, float, str]], at: float, pixels: float) -> None:
    """Writes the names of lines beside their right ends, none over another; a short stroke leads to each.

    Args:
        figure: Gets the names; its right margin must hold them.
        lines: For each, its name (HTML), its height there, and the colour of its stroke.
        at: Where the lines end.
        pixels: Height of the plot, for each unit of its scale.
    """
    ordered = sorted(lines, key=lambda line: line[1])
    heights = [value * pixels for _, value, _ in ordered]
    for (name, value, colour), wanted, height in zip(ordered, heights, apart(heights, NAME), strict=True):
        figure.add_annotation(
            x=at, y=value, ax=16, ay=wanted - height, text=name, xanchor="left", yanchor="middle", align="left",
            showarrow=True, arrowhead=0, arrowwidth=1, arrowcolor=colour, standoff=0, borderpad=1,
            font={"size": 12},  # in the colour of the page's text
        )  # fmt: skip


def apart(places: Sequence[float], least: float) -> list[float]:
    """Moves places as little as can be (least squares) until no two are closer than ``least``.

    Args:
        places: Ascending.
        least: The smallest distance.
    """
    blocks: list[tuple[float, int]] = []  # mean of what is left when the distances are taken off, and how many
    for k, place in enumerate(places):
        blocks.append((place - k * least, 1))
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            (one, n), (other, m) = blocks.pop(-2), blocks.pop()
            blocks.append(((n * one + m * other) / (n + m), n + m))
    return [mean + k * least for k, mean in enumerate(mean for mean, n in blocks for _ in range(n))]


def add_published(figure: go.Figure, rows: Sequence[Published], axis: str, ends: Sequence[float], of: str) -> None:
    """Lays published values over, each a line of its own kind that says where it is from."""
    for row in rows:
        value = row.values[axis]
        figure.add_scatter(
            x=list(ends),
            y=[value, value],
            mode="lines",
            line={"color": PUBLISHED, "width": 1.2, "dash": "dot"},
            hovertext=f"published on {of}: {escape(row.name)} {value:.3f}<br>{escape(row.source)}",
            hoverinfo="text",
            showlegend=False,
        )
        figure.add_annotation(
            x=ends[1], y=value, text=f"{escape(row.name)} {value:.3f}", xanchor="right", yanchor="bottom",
            showarrow=False, font={"size": 10, "color": PUBLISHED},
        )  # fmt: skip


def add_ring(figure: go.Figure, x: float, y: float) -> None:
    """Rings the chosen point."""
    figure.add_scatter(
        x=[x],
        y=[y],
        mode="markers",
        marker={"size": 17, "color": "rgba(0,0,0,0)", "line": {"color": INK, "width": 2.5}},
        hoverinfo="skip",
        showlegend=False,
    )


def ends_of(low: float, high: float) -> str:
    """Returns an interval in words."""
    return f"[{low:.3f}, {high:.3f}]" if math.isfinite(low) else "(one seed: no interval)"
