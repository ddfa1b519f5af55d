"""The figure of one model's ranking: ratings and predictions side by side, a line a system."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qamro.axes import get_axis
from qamro.counts import count
from qamro.figures.style import INK, escape, layout, line_axis, shorten, whiskers

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

_MOVED = "#d55e00"


def ranking_figure(table: pd.DataFrame, axis: str, who: str) -> go.Figure:
    """Draws each system's mean rating as a ring and its mean prediction as a dot with its interval.

    Args:
        table: From ``system_places``, the best by ratings first.
        axis: Gives colour and scale.
        who: Who rated, from ``qamro.listeners``.
    """
    import plotly.graph_objects as go

    scale = get_axis(axis)
    rows = table.iloc[::-1].reset_index(drop=True)
    heights = list(range(len(rows)))
    moved = rows["place_reference"].notna() & (rows["place"] != rows["place_reference"])
    colours = [_MOVED if changed else scale.colour for changed in moved]
    figure = go.Figure()
    for height, row in rows.iterrows():
        figure.add_scatter(
            x=[row["human"], row["predicted"]],
            y=[height, height],
            mode="lines",
            line={"color": INK, "width": 1},
            opacity=0.5,
            hoverinfo="skip",
        )
    figure.add_scatter(
        x=rows["human"],
        y=heights,
        mode="markers",
        marker={"size": 13, "color": "rgba(0,0,0,0)", "line": {"color": INK, "width": 2}},
        hovertext=[
            f"{escape(str(row.system))}<br>{who}: place {row.place_human:g}, {row.human:.2f}, "
            f"{count(row.clips, 'clip')}"
            for row in rows.itertuples()
        ],
        hoverinfo="text",
    )
    figure.add_scatter(
        x=rows["predicted"],
        y=heights,
        mode="markers",
        marker={"size": 9, "color": colours},
        error_x={
            "type": "data",
            **whiskers(rows["high"] - rows["predicted"]),
            "color": INK,
            "thickness": 1.4,
            "width": 4,
        },
        hovertext=[
            f"{escape(str(row.system))}<br>predicted: place {row.place:g}, {row.predicted:.2f}"
            for row in rows.itertuples()
        ],
        hoverinfo="text",
    )
    labels = [f"{shorten(str(row.system), 22)}  {row.place_human:g} → {row.place:g}" for row in rows.itertuples()]
    figure.update_xaxes(title=f"{scale.name}, {scale.key}", **line_axis())
    figure.update_yaxes(tickvals=heights, ticktext=labels, automargin=True, ticksuffix="  ", **line_axis())
    return figure.update_layout(layout(height=90 + 26 * len(rows), margin={"l": 12, "r": 16, "t": 10, "b": 44}))
