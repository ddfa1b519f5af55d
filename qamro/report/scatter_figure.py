"""Predicted against human scores, one point a system or a clip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from qamro.domains import OUTSIDE
from qamro.evaluation.axes import AxisPair
from qamro.figures.style import INK, escape, layout, line_axis, predictor_marker, shorten, whiskers
from qamro.report.words import number

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

    from qamro.report.standings import Ranking

_FAINT = 0.35


def system_scatter(
    axis: str, pairs: Mapping[str, AxisPair], people: Ranking, predicted: Mapping[str, Ranking], who: str
) -> go.Figure:
    """Draws the systems' means with the intervals of both sides; the identity line where both are on one scale.

    Args:
        axis: The rated axis.
        pairs: What each predictor holds against it.
        people: The systems as people score them.
        predicted: The same systems as each predictor scores them.
        who: What the human side is called.
    """
    import plotly.graph_objects as go

    figure = go.Figure()
    _identity(figure, pairs, [people.means])
    for k, (name, each) in enumerate(predicted.items()):
        figure.add_scatter(
            x=people.means,
            y=each.means,
            error_x=_bars(people, k),
            error_y=_bars(each, k),
            mode="markers",
            marker=predictor_marker(k, 9),
            name=shorten(name),
            customdata=[
                [system, _ends(people, i), _ends(each, i), int(people.clips[i])]
                for i, system in enumerate(people.systems)
            ],
            text=[escape(system) for system in people.systems],
            hovertemplate=(
                f"<b>%{{text}}</b>, {escape(name)}<br>{who} %{{customdata[1]}}<br>predicted %{{customdata[2]}}"
                "<br>%{customdata[3]} clips<extra></extra>"
            ),
        )
    return _finish(figure, axis, pairs, who, many=len(predicted) > 1)


def clip_scatter(axis: str, pairs: Mapping[str, AxisPair], tables: Mapping[str, pd.DataFrame], who: str) -> go.Figure:
    """Draws every clip; each point's ``customdata`` is its clip and system, so that it can be opened.

    Args:
        axis: The rated axis.
        pairs: What each predictor holds against it.
        tables: The predictors' scored clips, indexed by clip: ``human``, ``predicted``, ``system``, ``count``,
            ``domain`` where known.
        who: What the human side is called.
    """
    import plotly.graph_objects as go

    figure = go.Figure()
    _identity(figure, pairs, [table["human"].to_numpy() for table in tables.values()])
    for k, (name, table) in enumerate(tables.items()):
        figure.add_scatter(
            x=table["human"],
            y=table["predicted"],
            mode="markers",
            marker=predictor_marker(k, 5 if len(table) > 400 else 7) | {"opacity": 0.45 if len(table) > 400 else 0.75},
            name=shorten(name),
            customdata=np.column_stack([table.index.astype(str), table["system"].astype(str)]).tolist(),
            text=[
                f"<b>{shorten(clip, 48)}</b><br>{shorten(system)}{'<br>outside' if domain == OUTSIDE else ''}"
                for clip, system, domain in zip(table.index, table["system"], _domains(table), strict=True)
            ],
            hovertemplate=(f"%{{text}}<br>{escape(name)}: {who} %{{x:.2f}}, predicted %{{y:.2f}}<extra></extra>"),
        )
    return _finish(figure, axis, pairs, who, many=len(tables) > 1)


def _domains(table: pd.DataFrame) -> list[str]:
    return table["domain"].tolist() if "domain" in table else [""] * len(table)


def _identity(figure: go.Figure, pairs: Mapping[str, AxisPair], human: Sequence[np.ndarray]) -> None:
    # Between two scales there is no identity to draw. Only the people's range is crossed: predictions beyond it
    # would stretch the axis of the people to where nothing lies.
    if any(pair.why_no_distance for pair in pairs.values()) or not human:
        return
    ends = [float(min(part.min() for part in human)), float(max(part.max() for part in human))]
    figure.add_scatter(
        x=ends,
        y=ends,
        mode="lines",
        line={"color": INK, "width": 1.2, "dash": "dash"},
        name="identity",
        hoverinfo="skip",
    )


def _bars(ranking: Ranking, place: int) -> dict[str, Any]:
    lengths = whiskers(ranking.high - ranking.means, ranking.means - ranking.low)
    colour = predictor_marker(place)["color"]
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    faint = f"rgba({red},{green},{blue},{_FAINT})"
    return {"type": "data", **lengths, "color": faint, "thickness": 1.2, "width": 0}


def _ends(ranking: Ranking, i: int) -> str:
    ends = f", {number(ranking.low[i], 2)} to {number(ranking.high[i], 2)}" if np.isfinite(ranking.low[i]) else ""
    return f"{ranking.means[i]:.2f}{ends}"


def _finish(figure: go.Figure, axis: str, pairs: Mapping[str, AxisPair], who: str, *, many: bool) -> go.Figure:
    predicted = ", ".join(dict.fromkeys(pair.predicted for pair in pairs.values()))
    scale = {**line_axis(), "automargin": True}
    return figure.update_layout(
        layout(height=460, margin={"l": 56, "r": 16, "t": 40 if many else 16, "b": 52}),
        hovermode="closest",
        showlegend=many,
        legend={"orientation": "h", "x": 0, "y": 1.01, "yanchor": "bottom"},
        xaxis={"title": {"text": f"{escape(axis)}, {who}"}, **scale},
        yaxis={"title": {"text": f"{escape(predicted)}, predicted"}, **scale},
    )
