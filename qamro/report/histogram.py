"""The histogram of ratings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from qamro.axes import get_axis
from qamro.figures.style import ACCENT, escape, layout, line_axis, predictor_marker, shorten, ticks
from qamro.report.words import number

if TYPE_CHECKING:
    import plotly.graph_objects as go

_STEPS = 20


def score_edges(axis: str, given: np.ndarray) -> np.ndarray:
    """Edges of the bins for ratings: one a score where scores are few whole numbers, otherwise ten of equal width.

    Args:
        axis: The rated axis; its whole scale is covered where it is known.
        given: Ratings, shape (n,), one at least.
    """
    scale = get_axis(axis)
    low, high = float(given.min()), float(given.max())
    if scale.has_range:
        low, high = min(low, scale.low), max(high, scale.high)
    if (given == np.round(given)).all() and high - low <= _STEPS:
        return np.arange(np.floor(low) - 0.5, np.ceil(high) + 1)
    return np.linspace(low, high, 11) if high > low else np.array([low - 0.5, low + 0.5])


def histogram(axis: str, given: np.ndarray, lines: Mapping[str, float]) -> go.Figure:
    """Draws how often each score was given, and a dashed line at each predicted score.

    Args:
        axis: The rated axis; its scale is shown whole where it is known.
        given: The ratings, shape (n,).
        lines: Predicted score by predictor, on the same scale.
    """
    import plotly.graph_objects as go

    edges = score_edges(axis, given)
    counts, _ = np.histogram(given, bins=edges)
    middle = (edges[1:] + edges[:-1]) / 2
    figure = go.Figure()
    figure.add_bar(
        x=middle,
        y=counts,
        width=np.diff(edges) * 0.9,
        marker={"color": ACCENT, "opacity": 0.7},
        name="ratings",
        hovertemplate="%{x:.3g}: %{y} ratings<extra></extra>",
    )
    figure.add_scatter(
        x=[given.mean()] * 2,
        y=[0, max(counts)],
        mode="lines",
        line={"color": ACCENT, "width": 2.5},
        name=f"mean {given.mean():.2f}",
        hoverinfo="skip",
    )
    for k, (name, score) in enumerate(lines.items()):
        figure.add_scatter(
            x=[score] * 2,
            y=[0, max(counts)],
            mode="lines",
            line={"color": predictor_marker(k)["color"], "width": 2, "dash": "dash"},
            name=f"{shorten(name, 22)} {number(score, 2)}",
            hoverinfo="skip",
        )
    return figure.update_layout(
        layout(height=240, margin={"l": 36, "r": 12, "t": 36, "b": 40}),
        showlegend=True,
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
        bargap=0,
        xaxis={**line_axis(), "title": {"text": escape(axis)}, "range": [edges[0], edges[-1]]},
        yaxis={
            **line_axis(),
            "title": {"text": "ratings"},
            **ticks(0, int(max(counts)), whole=True),
            "rangemode": "tozero",
            "automargin": True,
        },
    )
