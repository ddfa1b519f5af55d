"""The slope chart: systems in the order of people and of every predictor, with rank intervals and ties."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from qamro.figures.style import ACCENT, INK, PREDICTORS, escape, layout, line_axis, shorten
from qamro.report.lanes import lanes
from qamro.report.words import number

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from qamro.report.standings import Ranking

_LANE = 0.028
_QUIET = "rgba(128,128,128,0.45)"
_TIE = "rgba(128,128,128,0.32)"


def slope_chart(people: Ranking, predicted: Mapping[str, Ranking], who: str = "people") -> go.Figure:
    """Draws one column a judge, best system on top, and a line a system.

    Beside each column stand, nearest first, thick bars over runs of systems that cannot be told apart, and thin
    bars over the ranks that each system could have. A line is coloured where a predictor's rank lies outside the
    interval of the rank that people give.

    Args:
        people: The systems as people rank them.
        predicted: The same systems as each predictor ranks them.
        who: What the first column is called.
    """
    import plotly.graph_objects as go

    judges = {who: people} | dict(predicted)
    places = {name: _places(each) for name, each in judges.items()}
    figure = go.Figure()
    starts, x = [], 0.0
    for k, (name, each) in enumerate(judges.items()):
        side = -1 if k == 0 else 1
        width = _beside(figure, each, places[name], x, side)
        starts.append((x, width))
        x += 1.0 + (width if k else 0.0)
    allowed = _allowed(people, places[who])
    for k, name in enumerate(list(judges)[1:], 1):
        before, ends = list(judges)[k - 1], (starts[k - 1][0], starts[k][0])
        colour = PREDICTORS[(k - 1) % len(PREDICTORS)]
        _lines(figure, ends, (places[before], places[name]), allowed, colour)
    for k, (name, each) in enumerate(judges.items()):
        colour = ACCENT if k == 0 else PREDICTORS[(k - 1) % len(PREDICTORS)]
        _points(figure, name, each, places[name], x=starts[k][0], colour=colour)
    total = len(people.systems)
    names, last = people.order, judges[list(judges)[-1]].order
    end = starts[-1][0] + (starts[-1][1] if len(judges) > 1 else 0.0)
    if len(judges) > 1:
        figure.add_scatter(
            x=[end + _LANE] * total,
            y=list(range(1, total + 1)),
            text=[shorten(name, 22) for name in last],
            mode="text",
            textposition="middle right",
            textfont={"size": 12, "color": INK},
            hoverinfo="skip",
            cliponaxis=False,
        )
    figure.update_layout(
        layout(height=90 + 21 * total, margin={"l": 12, "r": 150 if len(judges) > 1 else 16, "t": 40, "b": 16}),
        xaxis={
            **line_axis(),
            "side": "top",
            "showgrid": False,
            "showline": False,
            "tickvals": [x for x, _ in starts],
            "ticktext": [f"<b>{shorten(name, 20)}</b>" for name in judges],
            "range": [-starts[0][1] - _LANE, end + 2 * _LANE],
        },
        yaxis={
            **line_axis(),
            "range": [total + 0.7, 0.3],
            "tickvals": list(range(1, total + 1)),
            "ticktext": [shorten(name, 22) for name in names],
            "automargin": True,
            "showgrid": False,
            "showline": False,
            "ticksuffix": " ",
        },
    )
    return figure


def _places(ranking: Ranking) -> dict[str, int]:
    return {name: place for place, name in enumerate(ranking.order, 1)}


def _allowed(people: Ranking, places: Mapping[str, int]) -> dict[str, tuple[float, float]]:
    ends = zip(people.systems, people.rank_low, people.rank_high, strict=True)
    # A system of one clip has no interval: every rank is possible.
    known = {name: (low, high) if np.isfinite(low) else (1.0, float(len(places))) for name, low, high in ends}
    return {name: (min(low, places[name]), max(high, places[name])) for name, (low, high) in known.items()}


def _beside(figure: go.Figure, ranking: Ranking, places: Mapping[str, int], x: float, side: int) -> float:
    """Draws ties and rank intervals outside a column; returns how much room they took."""
    groups = [(first + 1.0, last + 1.0) for first, last in ranking.runs]
    own = lanes(groups)
    for (low, high), lane in zip(groups, own, strict=True):
        at = x + side * _LANE * (1.2 + lane)
        tied = ranking.order[int(low) - 1 : int(high)]
        text = f"cannot be told apart:<br>{'<br>'.join(escape(name) for name in tied[:12])}"
        text += f"<br>and {len(tied) - 12} more" * (len(tied) > 12)
        _bar(figure, at, (low - 0.25, high + 0.25), width=6, colour=_TIE, text=text)
    used = 1.2 + max(own, default=-1) + 1
    spans = []
    for name, low, high in zip(ranking.systems, ranking.rank_low, ranking.rank_high, strict=True):
        spans.append((name, float(low), float(high)))
    spans = [span for span in spans if np.isfinite(span[1])]
    thin = lanes([(low, high) for _, low, high in spans])
    for (name, low, high), lane in zip(spans, thin, strict=True):
        text = f"{escape(name)}: rank {places[name]}, could be {low:g} to {high:g}"
        at = x + side * _LANE * (used + 0.6 * lane)
        _bar(figure, at, (low - 0.15, high + 0.15), width=1.6, colour=_QUIET, text=text)
    return _LANE * (used + 0.6 * (max(thin, default=0) + 1))


def _bar(figure: go.Figure, x: float, ends: tuple[float, float], *, width: float, colour: str, text: str) -> None:
    low, high = ends
    figure.add_scatter(
        x=[x, x, x],
        y=[low, (low + high) / 2, high],
        mode="lines",
        line={"width": width, "color": colour},
        hovertext=text,
        hoverinfo="text",
    )


def _lines(
    figure: go.Figure,
    ends: tuple[float, float],
    places: tuple[Mapping[str, int], Mapping[str, int]],
    allowed: Mapping[str, tuple[float, float]],
    colour: str,
) -> None:
    before, after = places
    for name, (low, high) in allowed.items():
        strays = not low <= after[name] <= high
        figure.add_scatter(
            x=list(ends),
            y=[before[name], after[name]],
            mode="lines",
            line={"color": colour if strays else _QUIET, "width": 2 if strays else 1.2},
            customdata=[[name]] * 2,
            hovertemplate=f"{escape(name)}: {before[name]} → {after[name]}<extra></extra>",
        )


def _points(
    figure: go.Figure, name: str, ranking: Ranking, places: Mapping[str, int], *, x: float, colour: str
) -> None:
    rows: list[list[Any]] = []
    for k, system in enumerate(ranking.systems):
        ends = f"{number(ranking.low[k], 2)} to {number(ranking.high[k], 2)}"
        rank = f"rank {ranking.rank[k]:g}, could be any, of one clip"
        if np.isfinite(ranking.rank_low[k]):
            rank = f"rank {ranking.rank[k]:g}, could be {ranking.rank_low[k]:g} to {ranking.rank_high[k]:g}"
        rows.append(
            [system, f"<b>{escape(system)}</b>, {escape(name)}<br>mean {ranking.means[k]:.2f}, {ends}<br>{rank}"]
        )
    figure.add_scatter(
        x=[x] * len(rows),
        y=[places[system] for system, _ in rows],
        mode="markers",
        name=escape(name),
        marker={"color": colour, "size": 9},
        customdata=rows,
        hovertemplate="%{customdata[1]}<extra></extra>",
    )
