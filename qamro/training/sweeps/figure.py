"""Figures and the HTML page of a sweep: a metric over what is swept, a map, and one model's ranking.

The ground is transparent, and text and grid are of a grey that reads well on light and dark pages.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape as escape_html
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qamro.axes import get_axis
from qamro.counts import count
from qamro.evaluation.levels import rests_on
from qamro.figures import page
from qamro.figures.page import figure_place, slug
from qamro.figures.style import GRID, INK, escape, layout, line_axis, shorten, ticks_at, whiskers
from qamro.training.objective.table import ALPHA
from qamro.training.sweeps.plotting import (
    DASHES,
    PUBLISHED,
    Naming,
    add_baseline,
    add_curve,
    add_published,
    add_ring,
    dash_of,
    ends_of,
    name_lines,
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
    """Draws each metric over beta: one row a level, one column a metric, one line an alpha; the paper's has its band.

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
            _fill(figure, _cell(part, level, metric), naming, place, main=_main(part, None), others=True)
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
    others: bool = False,
    title: bool = False,
    height: int = 320,
    published: Sequence[Published] = (),
    published_on: str = "",
    published_best: float | None = None,
) -> go.Figure:
    """Draws one metric over what is turned: a curve in its band, the baselines as thin lines named at the right edge.

    It needs no legend and no colour. A point carries its model's label as custom data.

    Args:
        summary: From ``summarise``.
        axis: Which axis.
        level: ``"utterance"`` or ``"system"``.
        metric: Key of ``METRICS``.
        naming: What things are called.
        chosen: Label of the model to ring; its curve is the one that is drawn, else the one of the paper's alpha.
        others: Whether the other curves are drawn, too, thin and without intervals.
        title: Whether the metric and what it rests on stand above.
        height: Of the figure, in pixels.
        published: Published rows that have a value for the axis.
        published_on: The study that they are of.
        published_best: The value that was reported as the best.

    Raises:
        ValueError: The summary does not hold the axis.
    """
    import plotly.graph_objects as go

    figure = go.Figure()
    part = _of_axis(summary, axis)
    cell, points = _cell(part, level, metric), _points(part)
    main = _main(part, chosen)
    lines = _fill(figure, cell, naming, {}, main=main, others=others)
    add_published(figure, published, axis, _ends(points), published_on)
    if published_best is not None:
        line = {"color": PUBLISHED, "width": 1.2, "dash": "dot"}
        said = {"text": f"published best: {published_best:g}", "font": {"size": 10, "color": PUBLISHED}}
        figure.add_vline(published_best, line=line, annotation=said, annotation_position="bottom right")
    ringed = cell[cell["variant"] == chosen]
    if len(ringed):
        row = ringed.iloc[0]
        add_ring(figure, points[len(points) // 2] if row["baseline"] else row["at"], row["mean"])
    margin = {"l": 48, "r": 24 + round(6.4 * max((len(name) for name, _, _ in lines), default=0)), "t": 38, "b": 44}
    low, high = _range(figure)
    name_lines(figure, lines, _ends(points)[1], (height - margin["t"] - margin["b"]) / (high - low))
    figure.update_xaxes(
        **ticks_at(points),
        title={"text": naming.over, "standoff": 4},
        fixedrange=True,
        range=_ends(points),
        **_LINE,
    )
    figure.update_yaxes(automargin=True, fixedrange=True, nticks=6, range=[low, high], **_LINE)
    heading = (
        {"text": title_of(part, level, metric), "font": {"size": 14}, "x": 0.01, "xref": "container"} if title else None
    )
    return figure.update_layout(layout(height=height, title=heading, margin=margin))


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
    pad = 0.04 * (points[-1] - points[0]) or 0.5
    return points[0] - pad, points[-1] + pad


def _range(figure: go.Figure) -> tuple[float, float]:
    """The lowest and the highest value that is drawn, with some air."""
    drawn = [float(value) for trace in figure.data for value in trace.y if value is not None and math.isfinite(value)]
    low, high = (min(drawn), max(drawn)) if drawn else (0.0, 1.0)
    air = 0.06 * (high - low) or 0.05
    return low - air, high + air


def _main(part: pd.DataFrame, chosen: str | None) -> float:
    """The curve that a figure is about: the chosen model's, else the one of the paper's alpha, else the first."""
    points = part[~part["baseline"]]
    mine = points.loc[points["variant"] == chosen, "curve"]
    curves = list(points["curve"].unique())
    return float(mine.iloc[0] if len(mine) else ALPHA.default if ALPHA.default in curves else curves[0])


def _fill(
    figure: go.Figure, cell: pd.DataFrame, naming: Naming, place: dict[str, Any], *, main: float, others: bool
) -> list[tuple[str, float, str]]:
    """Draws baselines and curves, the main one last; returns their names, heights at the right edge, and colours."""
    ends, lines = _ends(_points(cell)), []
    baselines = cell[cell["baseline"] & cell["mean"].notna()]
    for dash, (_, row) in zip(cycle(DASHES[1:]), baselines.iterrows(), strict=False):
        add_baseline(figure, row, ends, dash, place)
        lines.append((escape(str(row["variant"])), float(row["mean"]), INK))
    curves = dict(list(cell[~cell["baseline"]].groupby("curve", dropna=False)))
    listed = list(curves)
    is_main = {value: value == main or len(curves) == 1 for value in listed}
    for value in sorted(listed, key=is_main.__getitem__):
        if not (others or is_main[value]):
            continue
        drawn = curves[value].sort_values("at")
        style = 0 if is_main[value] else 1 + dash_of(listed, value) % (len(DASHES) - 1)
        name = naming.curve(value)
        add_curve(figure, drawn, name, style, place, over=naming.over, main=is_main[value])
        colour = get_axis(drawn["axis"].iloc[0]).colour
        if math.isfinite(drawn["mean"].iloc[-1]):
            named = f"<b>{escape(name)}</b>" if is_main[value] else escape(name)
            lines.append((named, float(drawn["mean"].iloc[-1]), colour))
    return lines


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
        figures = [
            panel(summary, axis, level, "SRCC", naming=naming, others=True, title=True, height=420)
            for level in LEVELS_SHOWN
        ]
        figures.append(beta_curves(summary, axis, naming=naming))
        if summary.loc[~summary["baseline"], "curve"].nunique() > 1:
            for level in LEVELS_SHOWN:
                figure = heat_map(summary, axis, level, "SRCC", naming=naming)
                figures.append(
                    figure.update_layout(
                        title={"text": title_of(summary[summary["axis"] == axis], level, "SRCC")}, margin={"t": 56}
                    )
                )
        kinds = [f"{level} SRCC over {naming.over}" for level in LEVELS_SHOWN]
        kinds += [f"metrics over {naming.over}", *(f"{level} SRCC as a map" for level in LEVELS_SHOWN)]
        for figure, kind in zip(figures, kinds, strict=False):
            place = figure_place(f"{slug(axis)}-{slug(kind)}", figure, f"{axis}: {kind}.", wide=True)
            body.append(f"<figure>{place}</figure>")
    page.write_page(path, title, "".join(body))


INTERVALS = (
    "The band is the 95 % interval of the mean over seeds (initial weights and dropout): what chance in training does "
    "on these clips. The other lines have such intervals, too (in the tables, and where a line is pointed at). Other "
    "clips and other listeners would move the numbers further."
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
