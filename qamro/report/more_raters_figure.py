"""What more listening would buy: the half-width of an interval over the number of ratings a clip."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qamro.evaluation.agreement.more_raters import MoreRaters
from qamro.figures.style import ACCENT, INK, PREDICTORS, layout, line_axis, ticks

if TYPE_CHECKING:
    import plotly.graph_objects as go

_NORMAL = 1.959964


def more_raters_figure(now: MoreRaters) -> go.Figure:
    """Draws the 95 % half-width for a clip and for a system over ratings a clip, with today's number marked.

    Args:
        now: From ``more_raters`` without draws.
    """
    import plotly.graph_objects as go

    today = float(now.now)
    ratings = np.unique(np.round(np.geomspace(1, max(8 * today, 20), 60)))
    figure = go.Figure()
    curves = [("a clip's mean", float(now.clip_error) * np.sqrt(today / ratings), ACCENT, "solid")]
    if np.isfinite(now.system_error):
        limit = float(now.system_limit)
        noise = max(float(now.system_error) ** 2 - limit**2, 0.0) * today
        curves.append(("a system's mean", np.sqrt(limit**2 + noise / ratings), PREDICTORS[0], "dash"))
    for name, errors, colour, dash in curves:
        figure.add_scatter(
            x=ratings,
            y=_NORMAL * errors,
            mode="lines",
            line={"color": colour, "width": 2.5, "dash": dash},
            name=name,
            hovertemplate=f"{name}, %{{x}} ratings a clip: ± %{{y:.3f}}<extra></extra>",
        )
    figure.add_vline(x=today, line={"color": INK, "width": 1.2, "dash": "dot"})
    figure.add_annotation(
        x=np.log10(today), y=1, yref="paper", text=f"now {today:.3g}", showarrow=False, xanchor="left", xshift=6,
        font={"color": INK},
    )  # fmt: skip
    return figure.update_layout(
        layout(height=320, margin={"l": 56, "r": 16, "t": 40, "b": 48}),
        showlegend=True,
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
        xaxis={
            **line_axis(),
            "type": "log",
            "title": {"text": "ratings a clip"},
            **ticks(1, ratings[-1], most=9, log=True),
        },
        yaxis={**line_axis(), "title": {"text": "half-width of the 95 % interval, points"}, "rangemode": "tozero"},
    )
