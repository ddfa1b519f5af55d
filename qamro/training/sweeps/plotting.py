"""What the figures of a sweep are drawn with: curves with their intervals, baselines as bands, published lines."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qamro.axes import get_axis
from qamro.figures.style import INK, escape, whiskers
from qamro.training.objective.table import HYPERPARAMETERS, TABLE
from qamro.training.sweeps.setup import BASELINES, Setup

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

    from qamro.training.sweeps.reproduce import Published

BANDS = dict(zip(BASELINES, ("0,158,115", "86,180,233", "128,128,128", "204,121,167", "230,159,0"), strict=True))
"""Red, green and blue of each baseline; what is laid beside them is grey."""

DASHES = ("solid", "dash", "dot", "dashdot", "longdash")
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "x")
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


def add_band(figure: go.Figure, row: pd.Series, ends: Sequence[float], place: dict[str, Any]) -> None:
    """Draws a baseline: a line for its mean, a band for its interval."""
    colour, (left, right) = BANDS.get(row["variant"], "128,128,128"), ends
    shared = {"legendgroup": row["variant"], "mode": "lines"} | place
    if math.isfinite(row["low"]):
        figure.add_scatter(
            x=[left, right, right, left],
            y=[row["low"], row["low"], row["high"], row["high"]],
            fill="toself",
            fillcolor=f"rgba({colour},0.13)",
            line={"width": 0},
            hoverinfo="skip",
            **shared | {"showlegend": False},
        )
    figure.add_scatter(
        x=[left, right],
        y=[row["mean"]] * 2,
        line={"color": f"rgb({colour})", "width": 1.5, "dash": "dash"},
        name=row["variant"],
        customdata=[row["variant"]] * 2,
        hovertemplate=f"{row['variant']}<br>{row['mean']:.3f} {ends_of(row['low'], row['high'])}<extra></extra>",
        **shared,
    )


def add_curve(
    figure: go.Figure,
    curve: pd.DataFrame,
    name: str,
    style: int,
    place: dict[str, Any],
    *,
    over: str,
    nudge: float = 0.0,
) -> None:
    """Draws a curve with bars for its intervals; a point carries its model's label.

    Args:
        figure: Gets the curve.
        curve: Rows of a summary, ascending ``at``.
        name: For the legend.
        style: Place in ``DASHES`` and ``SYMBOLS``.
        place: Row, column and legend of the figure.
        over: What is turned, for the hover text.
        nudge: Moves the curve sideways, so that the bars of several do not hide each other.
    """
    colour = get_axis(curve["axis"].iloc[0]).colour
    text = [
        f"{escape(name)}, {over} {at:g}<br>{mean:.3f} {ends_of(low, high)}"
        for at, mean, low, high in zip(curve["at"], curve["mean"], curve["low"], curve["high"], strict=True)
    ]
    figure.add_scatter(
        x=curve["at"] + nudge,
        y=curve["mean"],
        error_y={
            "type": "data",
            **whiskers(curve["high"] - curve["mean"]),
            "color": colour,
            "thickness": 1.2,
            "width": 4,
        },
        mode="lines+markers",
        line={"color": colour, "width": 2.2, "dash": DASHES[style]},
        marker={"size": 8, "symbol": SYMBOLS[style]},
        name=name,
        legendgroup=name,
        customdata=curve["variant"],
        hovertext=text,
        hoverinfo="text",
        **place,
    )


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
