"""Figures and the HTML page of a sweep: a metric over what is swept, a map, and one model's ranking.

The ground is transparent, and text and grid are of a grey that reads well on light and dark pages.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape as escape_html
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qamro.axes import get_axis
from qamro.counts import count
from qamro.evaluation.levels import rests_on
from qamro.figures import page
from qamro.figures.page import figure_place, slug
from qamro.figures.style import GRID, INK, escape, layout, line_axis, shorten, ticks_at, whiskers
from qamro.training.sweeps.plotting import (
    PUBLISHED,
    Naming,
    add_band,
    add_curve,
    add_published,
    add_ring,
    dash_of,
    ends_of,
)
from qamro.training.sweeps.seeds import best_in_words, ridge_in_words, summarise

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

    from qamro.training.sweeps.reproduce import Published

METRICS_SHOWN = ("SRCC", "LCC", "KTAU", "MSE")
LEVELS_SHOWN = ("utterance", "system")

QAMRO_OVER_BETA = Naming()


def beta_curves(
    summary: pd.DataFrame,
    axis: str,
    *,
    levels: Sequence[str] = LEVELS_SHOWN,
    metrics: Sequence[str] = METRICS_SHOWN,
    naming: Naming = QAMRO_OVER_BETA,
) -> go.Figure:
    """Draws each metric over beta: one row a level, one column a metric, one line an alpha.

    Args:
        summary: From ``summarise``.
        axis: Which axis.
        levels: Rows of the figure.
        metrics: Columns of the figure.
        naming: What things are called, where it is not beta and alpha.

    Raises:
        ValueError: The summary does not hold the axis.
    """
    from plotly.subplots import make_subplots

    part = _of_axis(summary, axis)
    titles = [title_of(part, level, metric) for level in levels for metric in metrics]
    figure = make_subplots(len(levels), len(metrics), subplot_titles=titles, vertical_spacing=0.2)
    for row, level in enumerate(levels, 1):
        for column, metric in enumerate(metrics, 1):
            place = {"row": row, "col": column, "showlegend": (row, column) == (1, 1)}
            _fill(figure, _cell(part, level, metric), naming, place)
    figure.update_xaxes(**ticks_at(_points(part)), **_LINE).update_yaxes(**_LINE)
    figure.update_xaxes(title={"text": naming.over, "standoff": 4}, row=len(levels))
    figure.update_annotations(font={"size": 13, "color": INK})
    height = 130 + 250 * len(levels)
    legend = {"orientation": "h", "x": 0, "y": -60 / height, "yanchor": "top"}
    margin = {"l": 48, "r": 16, "t": 40, "b": 110}
    return figure.update_layout(layout(height=height, showlegend=True, legend=legend, margin=margin))


def panel(
    summary: pd.DataFrame,
    axis: str,
    level: str,
    metric: str,
    *,
    naming: Naming = QAMRO_OVER_BETA,
    chosen: str = "",
    title: bool = False,
    published: Sequence[Published] = (),
    published_on: str = "",
    published_best: float | None = None,
) -> go.Figure:
    """Draws one metric over what is turned, without a legend; a point carries its model's label as custom data.

    Args:
        summary: From ``summarise``.
        axis: Which axis.
        level: ``"utterance"`` or ``"system"``.
        metric: Key of ``METRICS``.
        naming: What things are called.
        chosen: Label of the model to ring.
        title: Whether the metric and what it rests on stand above.
        published: Published rows that have a value for the axis.
        published_on: The study that they are of.
        published_best: The value that was reported as the best.

    Raises:
        ValueError: The summary does not hold the axis.
    """
    import plotly.graph_objects as go

    figure = go.Figure()
    part = _of_axis(summary, axis)
    cell = _cell(part, level, metric)
    _fill(figure, cell, naming, {})
    points = _points(part)
    add_published(figure, published, axis, _ends(points), published_on)
    if published_best is not None:
        line = {"color": PUBLISHED, "width": 1.2, "dash": "dot"}
        said = {"text": f"published best: {published_best:g}", "font": {"size": 10, "color": PUBLISHED}}
        figure.add_vline(published_best, line=line, annotation=said, annotation_position="bottom right")
    ringed = cell[cell["variant"] == chosen]
    if len(ringed):
        row = ringed.iloc[0]
        at = points[len(points) // 2] if row["baseline"] else row["at"] + _nudge(cell, points)[row["curve"]]
        add_ring(figure, at, row["mean"])
    figure.update_xaxes(**ticks_at(points), title={"text": naming.over, "standoff": 4}, fixedrange=True, **_LINE)
    figure.update_yaxes(automargin=True, fixedrange=True, nticks=6, **_LINE)
    heading = (
        {"text": title_of(part, level, metric), "font": {"size": 14}, "x": 0.01, "xref": "container"} if title else None
    )
    return figure.update_layout(layout(height=280, title=heading, margin={"l": 44, "r": 12, "t": 38, "b": 40}))


def heat_map(
    summary: pd.DataFrame, axis: str, level: str, metric: str, *, naming: Naming = QAMRO_OVER_BETA
) -> go.Figure:
    """Draws a metric over alpha and beta; hover shows the interval over seeds.

    Args:
        summary: From ``summarise``.
        axis: Which axis.
        level: ``"utterance"`` or ``"system"``.
        metric: Key of ``METRICS``.
        naming: What things are called, where it is not beta and alpha.

    Raises:
        ValueError: The summary does not hold the axis.
    """
    import plotly.graph_objects as go

    from qamro.evaluation import METRICS

    cell = _cell(_of_axis(summary, axis), level, metric)
    cell = cell[~cell["baseline"]]
    tables = {key: cell.pivot(index="curve", columns="at", values=key) for key in ("mean", "low", "high", "variant")}
    mean = tables["mean"]
    ends = zip(tables["low"].values, tables["high"].values, strict=True)
    figure = go.Figure()
    figure.add_heatmap(
        x=[f"{at:g}" for at in mean.columns],
        y=[f"{curve:g}" for curve in mean.index],
        z=mean.to_numpy(),
        text=[[f"{value:.3f}" for value in row] for row in mean.to_numpy()],
        texttemplate="%{text}",
        hovertext=[[ends_of(*pair) for pair in zip(*rows, strict=True)] for rows in ends],
        customdata=tables["variant"].to_numpy(),
        hovertemplate=f"{naming.beside} %{{y}}, {naming.over} %{{x}}<br>%{{text}} %{{hovertext}}<extra></extra>",
        colorscale="Cividis",
        reversescale=not METRICS[metric].higher_is_better,
        colorbar={"title": {"text": metric}, "outlinewidth": 0, "thickness": 12},
    )
    figure.update_xaxes(title=naming.over, type="category", ticks="")
    figure.update_yaxes(title=naming.beside, type="category", ticks="", automargin=True)
    return figure.update_layout(layout(height=150 + 46 * len(mean), margin={"l": 48, "r": 16, "t": 16, "b": 56}))


def title_of(part: pd.DataFrame, level: str, metric: str) -> str:
    """Returns what a panel is called, with what it rests on."""
    n = int(part["systems" if level == "system" else "clips"].iloc[0])
    return f"{level} {metric}, {rests_on(level, n, metric)}"


_LINE: dict[str, Any] = {"gridcolor": GRID, "linecolor": GRID, "zeroline": False, "ticks": ""}


def _of_axis(summary: pd.DataFrame, axis: str) -> pd.DataFrame:
    part = summary[summary["axis"] == axis]
    if part.empty:
        raise ValueError(f"the sweep holds no axis {axis!r}; it has {', '.join(summary['axis'].unique())}")
    return part


def _cell(part: pd.DataFrame, level: str, metric: str) -> pd.DataFrame:
    return part[(part["level"] == level) & (part["metric"] == metric)]


def _points(part: pd.DataFrame) -> list[float]:
    return sorted({float(at) for at in part.loc[~part["baseline"], "at"]})


def _ends(points: Sequence[float]) -> tuple[float, float]:
    room = 0.04 * (points[-1] - points[0]) or 0.5
    return points[0] - room, points[-1] + room


def _nudge(cell: pd.DataFrame, points: Sequence[float]) -> dict[float, float]:
    """How far each curve is moved sideways."""
    curves = list(cell.loc[~cell["baseline"], "curve"].unique())
    step = 0.012 * (points[-1] - points[0]) if len(curves) > 1 else 0.0
    return {curve: step * (k - (len(curves) - 1) / 2) for k, curve in enumerate(curves)}


def _fill(figure: go.Figure, cell: pd.DataFrame, naming: Naming, place: dict[str, Any]) -> None:
    points = _points(cell)
    for _, baseline in cell[cell["baseline"]].iterrows():
        add_band(figure, baseline, _ends(points), place)
    nudge = {} if place else _nudge(cell, points)
    curves = cell[~cell["baseline"]]
    listed = list(curves["curve"].unique())
    for value, curve in curves.groupby("curve", dropna=False):
        drawn, style = curve.sort_values("at"), 0 if len(listed) == 1 else dash_of(listed, value)
        add_curve(figure, drawn, naming.curve(value), style, place, over=naming.over, nudge=nudge.get(value, 0.0))


# One HTML page for a sweep: what was done, the lines in words, and the figures; it opens without a network.


def write_page(
    path: Path, runs: pd.DataFrame, title: str, notes: Sequence[str], *, naming: Naming = QAMRO_OVER_BETA
) -> None:
    """Writes the page; plotly's script is in it, so that nothing is fetched.

    Args:
        path: The HTML file.
        runs: ``Sweep.runs``.
        title: Headline.
        notes: Paragraphs under it: the study, the split, the encoder, who rated.
        naming: What things are called, where it is not beta and alpha.
    """
    summary = summarise(runs)
    body = [f"<h1>{escape_html(title)}</h1>", *(f"<p>{escape_html(note)}</p>" for note in notes)]
    for axis in summary["axis"].unique():
        body.append(f"<h2>{escape_html(axis)}</h2>")
        words = [
            best_in_words(runs, axis, level, "SRCC", name=naming.over, reference=naming.reference)
            for level in LEVELS_SHOWN
        ]
        words += filter(None, (ridge_in_words(runs, axis, level, "SRCC") for level in LEVELS_SHOWN))
        body.append("<ul>" + "".join(f"<li>{escape_html(line)}</li>" for line in words) + "</ul>")
        figures = [beta_curves(summary, axis, naming=naming)]
        if summary.loc[~summary["baseline"], "curve"].nunique() > 1:
            for level in LEVELS_SHOWN:
                figure = heat_map(summary, axis, level, "SRCC", naming=naming)
                figures.append(
                    figure.update_layout(
                        title={"text": title_of(summary[summary["axis"] == axis], level, "SRCC")}, margin={"t": 56}
                    )
                )
        for figure, kind in zip(figures, ("curves", *LEVELS_SHOWN), strict=False):
            alt = f"{axis}: {'metrics over ' + naming.over if kind == 'curves' else kind + ' SRCC as a map'}."
            place = figure_place(f"{slug(axis)}-{kind}", figure, alt, wide=True)
            body.append(f"<figure>{place}</figure>")
    page.write_page(path, title, "".join(body))


INTERVALS = (
    "Bars and bands are 95 % intervals of the mean over seeds (initial weights and dropout): what chance in training "
    "does on these clips. Other clips and other listeners would move the numbers further."
)
"""What the intervals of a sweep are; stands on its page and in the terminal."""


# The figure of one model's ranking: ratings and predictions side by side, a line a system.

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
