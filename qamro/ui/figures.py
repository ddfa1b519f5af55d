"""Figures of the app: a clip's axes, its scores over time, and systems beside each other.

Every figure has a transparent ground and takes its colours of text and grid from the page, so that
it reads well in both themes; a saved image gets a white ground and dark text. Layouts are set, not updated, which
takes a seventh of the time; while a figure is drawn up nobody else's page is served.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from qamro.axes import get_axis
from qamro.figures.style import ACCENT, GRID, WHISKER, escape, layout, line_axis, share, shorten, ticks, whiskers
from qamro.ui.results import SystemMean

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

_SHARES = {"range": [-0.02, 1.02], "tickvals": [0, 0.5, 1], "ticktext": ["lowest", "middle", "highest"]}


def radar(row: dict[str, Any], axes: Sequence[str]) -> go.Figure:
    """Draws a clip's scores as a radar; with fewer than three axes, as bars.

    Each axis runs from the lowest score of its scale (centre) to the highest (rim); the band is the
    interval. Labels and hover text give scores on the axis's own scale.

    Args:
        row: A row of the score table.
        axes: Axes on which the clip has a score and whose range is known.
    """
    import plotly.graph_objects as go

    axes = [axis for axis in axes if get_axis(axis).has_range]
    if len(axes) < 3:
        return _bars_of_axes(row, axes)
    names = [f"<b>{axis}</b> {row[axis]:.1f}" for axis in axes]
    ends = [(share(axis, row[f"{axis}_low"]), share(axis, row[f"{axis}_high"])) for axis in axes]
    figure = go.Figure()
    if all(not math.isnan(end) for pair in ends for end in pair):
        rim, inner = _closed([high for _, high in ends]), _closed([low for low, _ in ends])
        around = _closed(names)
        band = {
            "fill": "toself",
            "fillcolor": "rgba(26,127,142,0.16)",
            "line": {"width": 0},
            "mode": "lines",
            "hoverinfo": "skip",
        }
        figure.add_scatterpolar(r=rim + inner[::-1], theta=around + around[::-1], **band)
    figure.add_scatterpolar(
        r=_closed([share(axis, row[axis]) for axis in axes]),
        theta=_closed(names),
        mode="lines+markers",
        line={"color": ACCENT, "width": 2},
        marker={"color": _closed([get_axis(axis).colour for axis in axes]), "size": 9},
        hovertext=_closed([_scale_text(row, axis) for axis in axes]),
        hoverinfo="text",
    )
    grid = {"gridcolor": GRID, "linecolor": GRID}
    figure.layout = layout(
        height=320,
        margin={"l": 56, "r": 56, "t": 28, "b": 28},
        polar={
            "bgcolor": "rgba(0,0,0,0)",
            "radialaxis": {
                "range": [0, 1.02],
                "tickvals": [0, 0.25, 0.5, 0.75, 1],
                "showticklabels": False,
                "showline": False,
                "ticks": "",
                **grid,
            },
            "angularaxis": {"rotation": 90, "direction": "clockwise", "tickfont": {"size": 13}, "ticks": "", **grid},
        },
    )
    return figure


def timeline(windows: pd.DataFrame, seconds: float = 0.0) -> go.Figure:
    """Draws the scores of consecutive windows of a clip over time.

    Axes have different scales, so the height is the share of the axis's scale; hover gives the score itself. Where no
    axis has a known scale, the height is the score.

    Args:
        windows: Columns ``start``, ``end`` (seconds) and one for each axis (see ``Predictor.windows``).
        seconds: Length of the clip; the time axis ends there, or with the last window if that is later.
    """
    import plotly.graph_objects as go

    figure = go.Figure()
    width = windows["end"].iloc[0] - windows["start"].iloc[0]
    times = [*windows["start"], *windows["end"][-1:]]
    infos = [get_axis(str(axis)) for axis in windows.columns if axis not in {"start", "end"}]
    ranged = [info for info in infos if info.has_range]
    for info in ranged or infos:
        axis = info.key
        scores = windows[axis].tolist()
        scores.append(scores[-1])
        figure.add_scatter(
            x=times,
            y=[share(axis, score) for score in scores] if ranged else scores,
            name=escape(axis),
            mode="lines",
            line={"color": info.colour, "width": 2.5, "shape": "hv"},
            customdata=[f"{score:.2f}" for score in scores],
            hovertemplate=f"<b>{escape(axis)}</b> %{{customdata}}"
            + (f" of {info.low:g}–{info.high:g}<extra></extra>" if ranged else "<extra></extra>"),
        )
    figure.layout = layout(
        height=300,
        margin={"l": 12, "r": 12, "t": 36, "b": 44},
        hovermode="x unified",
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
        showlegend=True,
        xaxis={
            "title": {"text": f"seconds, in windows of {width:.3g} s"},
            "range": [0, max(*times, seconds)],
            **line_axis(),
        },
        yaxis={"automargin": True, "ticksuffix": " ", **(_SHARES if ranged else {}), **line_axis()},
    )
    return figure


def systems(means: Sequence[SystemMean]) -> go.Figure:
    """Draws the mean score of systems on one axis as bars with their intervals, best on top.

    Bars begin at the lowest score of the scale.

    Args:
        means: Entries of ``system_means`` for one axis, best first; at least one.
    """
    import plotly.graph_objects as go

    axis = get_axis(means[0].axis)
    means = list(reversed(means))
    base = axis.low if axis.has_range else 0.0
    figure = go.Figure()
    figure.add_bar(
        y=list(range(len(means))),
        x=[entry.mean - base for entry in means],
        base=base,
        orientation="h",
        marker={"color": axis.colour, "opacity": 0.75},
        error_x=WHISKER | whiskers(entry.high - entry.mean for entry in means),
        text=[f"{entry.mean:.2f}" for entry in means],
        textposition="inside",
        insidetextanchor="start",
        constraintext="none",
        customdata=[_mean_text(entry) for entry in means],
        hovertemplate="%{customdata}<extra></extra>",
    )
    scale = {"range": [axis.low, axis.high], **ticks(axis.low, axis.high, most=9)} if axis.has_range else {}
    figure.layout = layout(
        height=90 + 34 * len(means),
        margin={"l": 12, "r": 16, "t": 12, "b": 44},
        bargap=0.35,
        xaxis={"title": {"text": f"{axis.name}, {axis.key}"}, **scale, **line_axis()},
        yaxis={
            "tickvals": list(range(len(means))),
            "ticktext": [f"{shorten(entry.system)}, {_clips(entry)}" for entry in means],
            "automargin": True,
            "ticksuffix": "  ",
            **line_axis(),
            "showgrid": False,
        },
    )
    return figure


def _bars_of_axes(row: dict[str, Any], axes: Sequence[str]) -> go.Figure:
    import plotly.graph_objects as go

    axes = list(reversed(axes))
    at = {axis: share(axis, row[axis]) for axis in axes}
    above = [share(axis, row[f"{axis}_high"]) - at[axis] for axis in axes]
    below = [at[axis] - share(axis, row[f"{axis}_low"]) for axis in axes]
    figure = go.Figure()
    figure.add_bar(
        y=[f"<b>{axis}</b> {row[axis]:.1f}" for axis in axes],
        x=[at[axis] for axis in axes],
        orientation="h",
        marker={"color": [get_axis(axis).colour for axis in axes], "opacity": 0.75},
        error_x=WHISKER | whiskers(above, below),
        customdata=[_scale_text(row, axis) for axis in axes],
        hovertemplate="%{customdata}<extra></extra>",
    )
    figure.layout = layout(
        height=120 + 44 * len(axes),
        margin={"l": 12, "r": 32, "t": 28, "b": 36},
        bargap=0.4,
        xaxis={"range": [0, 1], "tickvals": [0, 0.5, 1], "ticktext": ["lowest", "middle", "highest"], **line_axis()},
        yaxis={"automargin": True, "ticksuffix": "  ", **line_axis(), "showgrid": False},
    )
    return figure


def _closed(values: Sequence[Any]) -> list[Any]:
    return [*values, values[0]]


def _scale_text(row: dict[str, Any], axis: str) -> str:
    scale = get_axis(axis)
    low, high = row[f"{axis}_low"], row[f"{axis}_high"]
    interval = "" if math.isnan(low) else f"<br>interval {low:.2f} to {high:.2f}"
    return f"<b>{scale.name}</b><br>{row[axis]:.2f} on {scale.low:g} to {scale.high:g}{interval}"


def _mean_text(entry: SystemMean) -> str:
    interval = "no interval from one clip" if entry.clips == 1 else f"90 %: {entry.low:.2f} to {entry.high:.2f}"
    return f"<b>{escape(entry.system)}</b><br>{entry.mean:.2f}, {interval}<br>{_clips(entry)}"


def _clips(entry: SystemMean) -> str:
    return "1 clip" if entry.clips == 1 else f"{entry.clips} clips"
