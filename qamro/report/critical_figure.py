"""The critical-difference view: average ranks over common content, and how far apart they must be to differ."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from qamro.figures.style import ACCENT, escape, layout, line_axis, predictor_marker, shorten
from qamro.report.lanes import lanes

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from qamro.evaluation.significance import CriticalDifference


def critical_figure(people: CriticalDifference, predicted: Mapping[str, CriticalDifference], who: str) -> go.Figure:
    """Draws average ranks, best on top, each with a bar of one critical difference; bars that part differ.

    The thick bars at the right join systems of which none differs from another by people's ranks.

    Args:
        people: Ranks by people's scores.
        predicted: Ranks of the same systems on the same content by each predictor's scores.
        who: What the first judge is called.
    """
    import plotly.graph_objects as go

    figure = go.Figure()
    place = {name: i for i, name in enumerate(people.systems)}
    judges = {who: people} | dict(predicted)
    for k, (name, each) in enumerate(judges.items()):
        marker = {"color": ACCENT, "size": 9} if k == 0 else predictor_marker(k - 1)
        shift = (k - (len(judges) - 1) / 2) * min(0.26, 0.7 / len(judges))
        figure.add_scatter(
            x=each.ranks,
            y=[place[system] + shift for system in each.systems],
            error_x={
                "type": "constant",
                "value": each.difference / 2,
                "color": marker["color"],
                "thickness": 1.5,
                "width": 0,
            },
            mode="markers",
            marker=marker,
            name=shorten(name),
            customdata=[[system] for system in each.systems],
            text=[escape(system) for system in each.systems],
            hovertemplate=f"<b>%{{text}}</b>, {escape(name)}<br>average rank %{{x:.2f}}<extra></extra>",
        )
    k = len(people.systems)
    groups = [(float(first), float(last)) for first, last in people.groups]
    own = lanes(groups)
    edge, step = k + people.difference / 2 + 0.3, 0.02 * (k + people.difference)
    for (first, last), lane in zip(groups, own, strict=True):
        at = edge + step * (1 + lane)
        figure.add_scatter(
            x=[at, at],
            y=[first - 0.25, last + 0.25],
            mode="lines",
            line={"width": 6, "color": "rgba(26,127,142,0.45)"},
            hoverinfo="skip",
            showlegend=False,
        )
    height = 110 + max(24, 9 * len(judges)) * k
    return figure.update_layout(
        layout(height=height, margin={"l": 12, "r": 16, "t": 48, "b": 48}),
        showlegend=True,
        legend={"orientation": "h", "x": 0, "y": 1.0, "yanchor": "bottom"},
        xaxis={
            **line_axis(),
            "title": {"text": "average rank (1 is best)"},
            "range": [0.8 - people.difference / 2, edge + step * (2 + max(own, default=0))],
        },
        yaxis={
            **line_axis(),
            "range": [k - 0.4, -0.6],
            "tickvals": list(range(k)),
            "ticktext": [shorten(name, 24) for name in people.systems],
            "automargin": True,
            "ticksuffix": " ",
            "showgrid": False,
        },
    )
