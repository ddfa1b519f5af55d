"""Figures of a comparison: each objective's metric with both intervals, and metrics over a hyperparameter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from qamro.axes import get_axis
from qamro.evaluation.sample import LEVELS, rests_on
from qamro.figures.style import INK, escape, layout, line_axis, shorten, whiskers

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go


def standings_figure(table: pd.DataFrame, metric: str = "SRCC") -> go.Figure:
    """Draws a metric of every objective, utterance level and system level side by side.

    Args:
        table: From ``standings``, of one axis.
        metric: Key of ``METRICS``.
    """
    from plotly.subplots import make_subplots

    part = table[table["metric"] == metric]
    names = list(dict.fromkeys(part["variant"]))
    titles = [_title(part[part["level"] == level], level, metric) for level in LEVELS]
    figure = make_subplots(1, len(LEVELS), subplot_titles=titles, shared_yaxes=True, horizontal_spacing=0.06)
    colour = get_axis(part["axis"].iloc[0]).colour
    for column, level in enumerate(LEVELS, 1):
        cell = part[part["level"] == level].set_index("variant").reindex(names)
        shown = [shorten(name) for name in names]
        ends = [_ends(row) for row in cell.to_dict("records")]
        for low, high, width in (("clips_low", "clips_high", 1.5), ("seeds_low", "seeds_high", 5)):
            figure.add_scatter(
                x=cell["mean"],
                y=shown,
                error_x=_error(cell, low, high, colour, width),
                mode="markers",
                marker={"color": colour, "size": 9},
                customdata=ends,
                hovertemplate="<b>%{y}</b><br>%{x:.3f}<br>%{customdata}<extra></extra>",
                row=1,
                col=column,
            )
        figure.add_vline(x=cell["mean"].iloc[0], line={"color": INK, "width": 1, "dash": "dot"}, row=1, col=column)
    figure.update_xaxes(**line_axis()).update_yaxes(
        **line_axis(), autorange="reversed", automargin=True, ticksuffix=" "
    )
    figure.update_annotations(font={"size": 13, "color": INK})
    return figure.update_layout(layout(height=110 + 34 * len(names), margin={"l": 12, "r": 16, "t": 40, "b": 36}))


def sensitivity_figure(table: pd.DataFrame, label: str, metric: str = "SRCC") -> go.Figure:
    """Draws a metric over a hyperparameter: one panel a level, bars over clips, thick bars over seeds.

    Values are drawn at even distances, because what is tried rises by factors and may hold zero.

    Args:
        table: Rows of ``standings`` with a column ``value``, of one axis; a row whose ``default`` is true is ringed.
        label: What the hyperparameter is called.
        metric: Key of ``METRICS``.
    """
    from plotly.subplots import make_subplots

    part = table[table["metric"] == metric].sort_values("value")
    values = sorted(part["value"].unique())
    titles = [_title(part[part["level"] == level], level, metric) for level in LEVELS]
    figure = make_subplots(1, len(LEVELS), subplot_titles=titles, horizontal_spacing=0.1)
    colour = get_axis(part["axis"].iloc[0]).colour
    for column, level in enumerate(LEVELS, 1):
        cell = part[part["level"] == level]
        ends = [_ends(row) for row in cell.to_dict("records")]
        place = [values.index(value) for value in cell["value"]]
        marker = {"color": colour, "size": [13 if default else 8 for default in cell["default"]]}
        for low, high, width in (("clips_low", "clips_high", 1.5), ("seeds_low", "seeds_high", 5)):
            figure.add_scatter(
                x=place,
                y=cell["mean"],
                error_y=_error(cell, low, high, colour, width),
                mode="lines+markers",
                line={"color": colour, "width": 2},
                marker=marker,
                customdata=ends,
                text=[f"{value:g}" for value in cell["value"]],
                hovertemplate=f"{escape(label)} %{{text}}<br>%{{y:.3f}}<br>%{{customdata}}<extra></extra>",
                row=1,
                col=column,
            )
    ticks = {"tickvals": list(range(len(values))), "ticktext": [f"{value:g}" for value in values]}
    figure.update_xaxes(**line_axis(), **ticks, title={"text": escape(label), "standoff": 4})
    figure.update_yaxes(**line_axis(), automargin=True).update_annotations(font={"size": 13, "color": INK})
    return figure.update_layout(layout(height=330, margin={"l": 12, "r": 16, "t": 40, "b": 48}))


def _error(cell: pd.DataFrame, low: str, high: str, colour: str, width: float) -> dict[str, Any]:
    lengths = whiskers(cell[high] - cell["mean"], cell["mean"] - cell[low])
    return {"type": "data", **lengths, "color": colour, "thickness": width, "width": 0}


def _ends(row: dict[Any, Any]) -> str:
    return "<br>".join(f"over {over} {_span(row[f'{over}_low'], row[f'{over}_high'])}" for over in ("seeds", "clips"))


def _span(low: float, high: float) -> str:
    return f"{low:.3f} to {high:.3f}" if np.isfinite([low, high]).all() else "no interval"


def _title(part: pd.DataFrame, level: str, metric: str) -> str:
    n = int(part["systems" if level == "system" else "clips"].iloc[0])
    return f"{level} {metric}, {rests_on(level, n, metric)}"
