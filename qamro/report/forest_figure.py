"""Values with their intervals, one row a metric and one marker a predictor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from qamro.evaluation.levels import LEVELS
from qamro.figures.style import ACCENT, GRID, INK, escape, layout, line_axis, predictor_marker, shorten, ticks, whiskers

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

    from qamro.report.numbers import Ceiling

_SHOWN = ("LCC", "SRCC", "KTAU", "ACC", "ACC_EQ")
_ONE_PLACE = 1e-3


def metric_forest(
    metrics: pd.DataFrame,
    ceilings: Mapping[str, Ceiling],
    predictors: Sequence[str],
    few: Mapping[str, str] | None = None,
) -> go.Figure:
    """Draws correlations and shares of pairs, the system level on top; the human ceiling stands at SRCC.

    Args:
        metrics: ``AxisNumbers.metrics``.
        ceilings: The split-half ceiling of each level.
        predictors: In the order of their colours.
        few: What stands beside a level that rests on too few systems or clips.
    """
    figure = _panels(len(_SHOWN) * max(len(predictors), 1), few)
    for row, level in enumerate(reversed(LEVELS), 1):
        place = {"row": row, "col": 1}
        for k, name in enumerate(predictors):
            part = metrics[(metrics["predictor"] == name) & (metrics["level"] == level)].set_index("metric")
            part = part.reindex(list(_SHOWN))
            _markers(figure, part, _dodge(k, len(predictors)), k, name, first=row == 1, place=place)
        _show_scale(figure, metrics.loc[_of(metrics, level), ["value", "low", "high"]], place)
        top = ceilings[level]
        if top.holds:
            spread = whiskers([top.ends.high - top.value], [top.value - top.ends.low])
            figure.add_scatter(
                x=[top.value],
                y=[_SHOWN.index("SRCC") - 0.42],
                error_x={"type": "data", "color": ACCENT, "thickness": 1.5, "width": 0} | spread,
                mode="markers",
                marker={"symbol": "line-ns-open", "size": 14, "color": ACCENT, "line": {"width": 3}},
                name="other half of the raters",
                showlegend=row == 1,
                hovertemplate=f"two halves of the raters<br>SRCC %{{x:.3f}}, {_span(top.ends)}<extra></extra>",
                **place,
            )
    keys = {"tickvals": list(range(len(_SHOWN))), "ticktext": [f"{key} " for key in _SHOWN]}
    return figure.update_yaxes(range=[len(_SHOWN) - 0.4, -0.7], showgrid=False, automargin=True, **keys)


def difference_forest(
    table: pd.DataFrame, pairs: Sequence[tuple[str, str]], few: Mapping[str, str] | None = None
) -> go.Figure:
    """Draws differences of metrics between predictors; right of zero the first one is higher.

    Args:
        table: ``Comparison.table`` of ``significance.compare`` for one axis.
        pairs: First and second predictor, in the order of their colours.
        few: What stands beside a level that rests on too few systems or clips.
    """
    figure = _panels(len(_SHOWN) * len(pairs), few)
    for row, level in enumerate(reversed(LEVELS), 1):
        place = {"row": row, "col": 1}
        for k, (first, second) in enumerate(pairs):
            mine = (table["first"] == first) & (table["second"] == second) & (table["level"] == level)
            part = table[mine].rename(columns={"difference": "value"}).set_index("metric").reindex(list(_SHOWN))
            name = f"{first} − {second}"
            _markers(figure, part, _dodge(k, len(pairs)), k, name, first=row == 1, place=place)
        _show_scale(figure, table.loc[_of(table, level), ["difference", "low", "high"]], place)
        figure.add_vline(x=0, line={"color": INK, "width": 1.2, "dash": "dash"}, **place)
    keys = {"tickvals": list(range(len(_SHOWN))), "ticktext": [f"{key} " for key in _SHOWN]}
    return figure.update_yaxes(range=[len(_SHOWN) - 0.4, -0.6], showgrid=False, automargin=True, **keys)


def row_forest(rows: Sequence[str], series: Mapping[str, pd.DataFrame]) -> go.Figure:
    """Draws values with their intervals, one row a name and one marker a series.

    Args:
        rows: Names of the rows, from the top.
        series: For each series ``value``, ``low`` and ``high``, indexed by the names of rows; the value may be NaN.
    """
    import plotly.graph_objects as go

    figure = go.Figure()
    for k, (name, given) in enumerate(series.items()):
        part = given.reindex(list(rows))
        _markers(figure, part, _dodge(k, len(series)), k, name, first=True, place={})
    keys = {"tickvals": list(range(len(rows))), "ticktext": [f"{shorten(name, 26)} " for name in rows]}
    height = 84 + len(rows) * max(26, 11 * len(series))
    many = len(series) > 1
    return figure.update_layout(
        layout(height=height, margin={"l": 12, "r": 16, "t": 40 if many else 12, "b": 32}),
        showlegend=many,
        legend={"orientation": "h", "x": 0, "y": 1.0, "yanchor": "bottom"},
        xaxis=line_axis(),
        yaxis={**line_axis(), **keys, "range": [len(rows) - 0.4, -0.6], "automargin": True, "showgrid": False},
    )


def _panels(rows: int, few: Mapping[str, str] | None) -> go.Figure:
    from plotly.subplots import make_subplots

    titles = [
        f"{level} level ({few[level]})" if few and level in few else f"{level} level" for level in reversed(LEVELS)
    ]
    figure = make_subplots(2, 1, subplot_titles=titles, vertical_spacing=0.16)
    figure.update_xaxes(**line_axis(), zerolinecolor=GRID).update_yaxes(**line_axis())
    figure.update_annotations(font={"size": 13, "color": INK})
    return figure.update_layout(
        layout(height=230 + 2 * max(5 * 24, rows * 15), margin={"l": 12, "r": 20, "t": 64, "b": 30}),
        showlegend=True,
        legend={"orientation": "h", "x": 0, "y": 1.06, "yanchor": "bottom"},
    )


def _show_scale(figure: go.Figure, shown: pd.DataFrame, place: dict[str, Any]) -> None:
    """Shows the scale of a correlation where there is nothing to draw, or all lies at one place but for rounding."""
    known = shown.to_numpy(float)[np.isfinite(shown.to_numpy(float))]
    if not known.size or np.ptp(known) < _ONE_PLACE:
        figure.update_xaxes(range=[-1.05, 1.05], **ticks(-1, 1), **place)


def _of(table: pd.DataFrame, level: str) -> pd.Series:
    return (table["level"] == level) & table["metric"].isin(_SHOWN)


def _dodge(place: int, of: int) -> float:
    return (place - (of - 1) / 2) * min(0.24, 0.6 / max(of, 1))


def _markers(
    figure: go.Figure, part: pd.DataFrame, shift: float, k: int, name: str, *, first: bool, place: dict[str, Any]
) -> None:
    lengths = whiskers(part["high"] - part["value"], part["value"] - part["low"])
    marker = predictor_marker(k)
    figure.add_scatter(
        x=part["value"],
        y=[i + shift for i in range(len(part))],
        error_x={"type": "data", **lengths, "color": marker["color"], "width": 0},
        mode="markers",
        marker=marker,
        name=shorten(name, 40),
        legendgroup=name,
        showlegend=first,
        customdata=[
            f"{low:.3f} to {high:.3f}" if np.isfinite(low) else "no interval"
            for low, high in zip(part["low"], part["high"], strict=True)
        ],
        text=[escape(str(name)) for name in part.index],
        hovertemplate=f"{escape(name)}<br>%{{text}} %{{x:.3f}}, %{{customdata}}<extra></extra>",
        **place,
    )


def _span(ends: Any) -> str:
    return f"{ends.low:.3f} to {ends.high:.3f}" if np.isfinite(ends.low) else "no interval"
