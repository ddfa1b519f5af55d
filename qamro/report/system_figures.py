"""Figures of systems: the slope chart of ranks, predicted against human scores, pairs, critical differences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from qamro.domains import OUTSIDE
from qamro.evaluation.align import AxisPair
from qamro.figures.style import ACCENT, INK, PREDICTORS, escape, layout, line_axis, predictor_marker, shorten, whiskers
from qamro.report.words import number

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

    from qamro.evaluation.significance import CriticalDifference
    from qamro.report.numbers import Ranking

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
            textfont={"size": 12},
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
    """Draws ties and rank intervals outside a column; returns how much space they took."""
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


# Every pair of systems: can it be told apart, and does the predictor put it in the same order?

SAME, OPEN, OTHER = 0, 1, 2
"""Codes of the cells: told apart and in the same order, not told apart, told apart and in the other order."""

_WORDS = ("told apart, same order", "not told apart", "told apart, other order")
_COLOURS = (ACCENT, "rgba(128,128,128,0.16)", PREDICTORS[0])


def pair_codes(people: Ranking, predicted: Ranking | None) -> np.ndarray:
    """Codes each pair of systems, best first in both directions.

    Args:
        people: The systems as people rank them.
        predicted: The same systems as a predictor ranks them; None codes people alone.

    Returns:
        ``SAME``, ``OPEN`` or ``OTHER``, shape (K, K); NaN on the diagonal. A predictor's tie is another order.
    """
    order = people.best_first
    judge = people if predicted is None else predicted
    gaps = [np.sign(each.means[:, None] - each.means) for each in (people, judge)]
    codes = np.where(people.differ, np.where(gaps[0] == gaps[1], SAME, OTHER), OPEN).astype(float)
    np.fill_diagonal(codes, np.nan)
    return codes[np.ix_(order, order)]


def pairs_figure(people: Ranking, predicted: Mapping[str, Ranking]) -> go.Figure:
    """Draws one square a predictor, or one for people alone.

    Args:
        people: The systems as people rank them.
        predicted: The same systems as each predictor ranks them.
    """
    from plotly.subplots import make_subplots

    judges: dict[str, Ranking | None] = dict(predicted) or {"": None}
    total, names = len(people.systems), [shorten(name, 20) for name in people.order]
    size = min(22, max(11, 420 // total))
    gap = 30 / ((size * total + 30) * len(judges))  # a line of text, however few systems there are
    figure = make_subplots(len(judges), 1, subplot_titles=[shorten(name) for name in judges], vertical_spacing=gap)
    steps = [(end, colour) for k, colour in enumerate(_COLOURS) for end in (k / 3, (k + 1) / 3)]
    for k, each in enumerate(judges.values(), 1):
        codes = pair_codes(people, each)
        words = _WORDS if each is not None else ("told apart", "not told apart", "")
        told = [["" if np.isnan(code) else words[int(code)] for code in row] for row in codes]
        figure.add_heatmap(
            z=codes, x=list(range(total)), y=list(range(total)), zmin=-0.5, zmax=2.5, colorscale=steps, showscale=False,
            xgap=1, ygap=1, text=told, customdata=[[[row, column] for column in names] for row in names],
            hovertemplate="%{customdata[0]} and %{customdata[1]}<br>%{text}<extra></extra>", hoverongaps=False,
            row=k, col=1,
        )  # fmt: skip
    ticks = {"tickvals": list(range(total)), "showgrid": False, "showline": False, "automargin": True}
    figure.update_xaxes(**line_axis() | ticks | {"showticklabels": False})
    figure.update_yaxes(
        **line_axis() | ticks | {"ticktext": names, "autorange": "reversed", "tickfont": {"size": min(11, size - 1)}}
    )
    for code, colour in enumerate(_COLOURS[: 3 if predicted else 2]):
        figure.add_scatter(
            x=[None], y=[None], mode="markers", marker={"symbol": "square", "size": 12, "color": colour},
            name=_WORDS[code] if predicted else _WORDS[code].removesuffix(", same order"),
        )  # fmt: skip
    figure.update_annotations(font={"size": 13, "color": INK})
    return figure.update_layout(
        layout(height=110 + (size * total + 30) * len(judges), margin={"l": 12, "r": 16, "t": 70, "b": 16}),
        showlegend=True,
        legend={"orientation": "h", "x": 0, "y": 1 + 30 / (size * total * len(judges)), "yanchor": "bottom"},
    )


# The critical-difference view: average ranks over common content, and how far apart they must be to differ.


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


def lanes(intervals: Sequence[tuple[float, float]], gap: float = 0.5) -> list[int]:
    """Gives each interval the first lane that is free where it lies.

    Args:
        intervals: First and last place of each.
        gap: Least distance between two intervals of one lane.

    Returns:
        The lane of each, from 0.

    Example:
        >>> lanes([(1, 3), (2, 5), (4, 6)])
        [0, 1, 0]
    """
    ends: list[float] = []
    found = [0] * len(intervals)
    for i in sorted(range(len(intervals)), key=lambda i: intervals[i]):
        low, high = intervals[i]
        lane = next((k for k, end in enumerate(ends) if end + gap <= low), len(ends))
        ends[lane : lane + 1] = [high]
        found[i] = lane
    return found


# Predicted against human scores, one point a system or a clip.

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
