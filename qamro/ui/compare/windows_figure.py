"""The figure of one clip over time: what predictors say of its windows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from qamro.axes import get_axis
from qamro.figures.style import PREDICTORS, escape, layout, line_axis
from qamro.ui.compare.texts import Clip as T

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go


def over_time(windows: Mapping[str, pd.DataFrame], column: str) -> go.Figure:
    """Draws what predictors say of consecutive windows of a clip on one axis.

    Args:
        windows: For each predictor ``start``, ``end`` (seconds) and a column of scores; at least one.
        column: The predicted axis.
    """
    import plotly.graph_objects as go

    scale = get_axis(column)
    end = max(float(table["end"].iloc[-1]) for table in windows.values())
    figure = go.Figure()
    for i, (name, table) in enumerate(windows.items()):
        times, scores = [*table["start"], *table["end"][-1:]], table[column].tolist()
        figure.add_scatter(
            x=times,
            y=[*scores, scores[-1]],
            mode="lines",
            name=escape(name),
            line={"color": PREDICTORS[i % len(PREDICTORS)], "width": 2.5, "shape": "hv"},
            hovertemplate=f"{escape(name)} %{{y:.2f}}<extra></extra>",
        )
    figure.update_layout(
        layout(height=250, margin={"l": 34, "r": 12, "t": 12, "b": 44}),
        hovermode="x unified",
        showlegend=True,
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
        xaxis={"title": {"text": T.SECONDS}, "range": [0, end], **line_axis()},
        yaxis=({"range": [scale.low, scale.high]} if scale.has_range else {})
        | {"title": {"text": column}, **line_axis()},
    )
    return figure
