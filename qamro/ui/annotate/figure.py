"""The figure of the comparison: own ratings against the predictor's and the panel's, a panel of it for each axis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from qamro.studies.listening import Scale
from qamro.ui.annotate.texts import Compare as T

if TYPE_CHECKING:
    import plotly.graph_objects as go

_COLUMNS = 3
_HEIGHT = 270
_INK = "#7b828e"
_PREDICTED, _PANEL = "#1a7f8e", "#d55e00"


def against(rows: Sequence[Mapping[str, Any]], scales: Mapping[str, Scale]) -> go.Figure:
    """Draws own ratings (across) against others' (upward) with the line of equal scores.

    Args:
        rows: Dicts with ``number``, ``axis``, ``own``, ``predicted`` and ``panel`` (None where unknown).
        scales: The scale of each axis.
    """
    from plotly.subplots import make_subplots

    compared = {row["axis"] for row in rows if row["predicted"] is not None or row["panel"] is not None}
    axes = [axis for axis in scales if axis in compared]
    columns = min(_COLUMNS, len(axes))
    lines = -(-len(axes) // columns)
    names = [f"<b>{axis}</b>" for axis in axes]
    gap = {"horizontal_spacing": 0.09, "vertical_spacing": 0.3 / lines}
    figure: go.Figure = make_subplots(rows=lines, cols=columns, subplot_titles=names, **gap)
    kinds = (("predicted", T.PREDICTOR, _PREDICTED, "circle"), ("panel", T.PANEL_NAME, _PANEL, "diamond"))
    legend = set()
    for i, axis in enumerate(axes):
        scale, place = scales[axis], {"row": i // columns + 1, "col": i % columns + 1}
        pad = 0.06 * (scale.high - scale.low)
        ends = [scale.low - pad, scale.high + pad]
        figure.add_scatter(
            x=ends, y=ends, mode="lines", line={"color": _INK, "width": 1, "dash": "dot"},
            hoverinfo="skip", showlegend=False, **place,
        )  # fmt: skip
        for what, name, colour, symbol in kinds:
            known = [row for row in rows if row["axis"] == axis and row[what] is not None]
            if not known:
                continue
            figure.add_scatter(
                x=[row["own"] for row in known],
                y=[row[what] for row in known],
                mode="markers",
                name=name,
                legendgroup=what,
                showlegend=what not in legend,
                marker={"color": colour, "symbol": symbol, "size": 9, "opacity": 0.8},
                hovertext=[
                    T.HOVER.format(n=row["number"], own=row["own"], name=name, other=row[what]) for row in known
                ],
                hoverinfo="text",
                **place,
            )
            legend.add(what)
        figure.update_xaxes(range=ends, title={"text": T.OWN, "standoff": 4}, **place)
        figure.update_yaxes(range=ends, **place)
    figure.update_xaxes(zeroline=False, showgrid=True, nticks=6)
    figure.update_yaxes(zeroline=False, showgrid=True, nticks=6)
    figure.update_layout(
        height=_HEIGHT * lines + 80,
        margin={"l": 36, "r": 12, "t": 56, "b": 70},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"family": 'system-ui, -apple-system, "Segoe UI", Roboto, sans-serif', "size": 12},
        legend={"orientation": "h", "x": 0, "y": 1, "yref": "container", "yanchor": "top"},
    )
    return figure
