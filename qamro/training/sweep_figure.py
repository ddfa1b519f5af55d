"""Figures of sweeps: metric over beta with intervals over seeds and the baselines as bands, and alpha x beta maps.

The ground is transparent, and text and grid are of a grey that reads well on light and dark pages.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from qamro.axes import get_axis
from qamro.training.variants import BASELINES

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

METRICS_SHOWN = ("SRCC", "LCC", "KTAU", "MSE")
LEVELS_SHOWN = ("utterance", "system")

_FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif'
_INK, _GRID = "#6b7280", "rgba(128,128,128,0.25)"
_BANDS = dict(zip(BASELINES, ("86,180,233", "204,121,167", "128,128,128", "230,159,0"), strict=True))
_DASHES = ("solid", "dash", "dot", "dashdot", "longdash")


def beta_curves(
    summary: pd.DataFrame,
    axis: str,
    *,
    levels: Sequence[str] = LEVELS_SHOWN,
    metrics: Sequence[str] = METRICS_SHOWN,
) -> go.Figure:
    """Draws each metric over beta: one row a level, one column a metric, one line an alpha.

    Args:
        summary: From ``summarise``.
        axis: Which axis.
        levels: Rows of the figure.
        metrics: Columns of the figure.

    Raises:
        ValueError: The summary does not hold the axis.
    """
    from plotly.subplots import make_subplots

    part = _of_axis(summary, axis)
    titles = [_title(part, level, metric) for level in levels for metric in metrics]
    figure = make_subplots(len(levels), len(metrics), subplot_titles=titles, vertical_spacing=0.2)
    betas = sorted({float(beta) for beta in part.loc[~part["baseline"], "beta"]})
    for row, level in enumerate(levels, 1):
        for column, metric in enumerate(metrics, 1):
            cell = part[(part["level"] == level) & (part["metric"] == metric)]
            place = {"row": row, "col": column, "showlegend": (row, column) == (1, 1)}
            for _, baseline in cell[cell["baseline"]].iterrows():
                _band(figure, baseline, betas, place)
            for k, (alpha, curve) in enumerate(cell[~cell["baseline"]].groupby("alpha")):
                _curve(figure, curve.sort_values("beta"), f"QAMRO, alpha {alpha:g}", _DASHES[k % 5], place)
    line = {"gridcolor": _GRID, "linecolor": _GRID, "zeroline": False, "ticks": ""}
    figure.update_xaxes(tickvals=betas, **line).update_yaxes(**line)
    figure.update_xaxes(title={"text": "beta", "standoff": 4}, row=len(levels))
    figure.update_annotations(font={"size": 13, "color": _INK})
    height = 130 + 250 * len(levels)
    legend = {"orientation": "h", "x": 0, "y": -60 / height, "yanchor": "top"}
    return figure.update_layout(_layout(height), legend=legend, margin={"l": 48, "r": 16, "t": 40, "b": 110})


def heat_map(summary: pd.DataFrame, axis: str, level: str, metric: str) -> go.Figure:
    """Draws a metric over alpha and beta; hover shows the interval over seeds.

    Args:
        summary: From ``summarise``.
        axis: Which axis.
        level: ``"utterance"`` or ``"system"``.
        metric: Key of ``METRICS``.

    Raises:
        ValueError: The summary does not hold the axis.
    """
    import plotly.graph_objects as go

    from qamro.evaluation import METRICS

    part = _of_axis(summary, axis)
    cell = part[(part["level"] == level) & (part["metric"] == metric) & ~part["baseline"]]
    tables = {key: cell.pivot(index="alpha", columns="beta", values=key) for key in ("mean", "low", "high")}
    mean = tables["mean"]
    figure = go.Figure()
    figure.add_heatmap(
        x=[f"{beta:g}" for beta in mean.columns],
        y=[f"{alpha:g}" for alpha in mean.index],
        z=mean.to_numpy(),
        text=mean.round(3).astype(str).to_numpy(),
        texttemplate="%{text}",
        customdata=_ends(tables["low"], tables["high"]),
        hovertemplate="alpha %{y}, beta %{x}<br>%{text} %{customdata}<extra></extra>",
        colorscale="Cividis",
        reversescale=not METRICS[metric].higher_is_better,
        colorbar={"title": {"text": metric}, "outlinewidth": 0, "thickness": 12},
    )
    figure.update_xaxes(title="beta", type="category", ticks="")
    figure.update_yaxes(title="alpha", type="category", ticks="", automargin=True)
    return figure.update_layout(_layout(150 + 46 * len(mean)), margin={"l": 48, "r": 16, "t": 16, "b": 56})


def _of_axis(summary: pd.DataFrame, axis: str) -> pd.DataFrame:
    part = summary[summary["axis"] == axis]
    if part.empty:
        raise ValueError(f"the sweep holds no axis {axis!r}; it has {', '.join(summary['axis'].unique())}")
    return part


def _title(part: pd.DataFrame, level: str, metric: str) -> str:
    rests = f"{part['systems'].iloc[0]} systems" if level == "system" else f"{part['clips'].iloc[0]} clips"
    return f"{level} {metric}, {rests}"


def _band(figure: go.Figure, row: pd.Series, betas: Sequence[float], place: dict[str, Any]) -> None:
    """A baseline: a line for its mean, a band for its interval."""
    colour, ends = _BANDS[row["variant"]], [betas[0], betas[-1]]
    shared = {"legendgroup": row["variant"], "mode": "lines"} | place
    if math.isfinite(row["low"]):
        figure.add_scatter(
            x=[*ends, *ends[::-1]],
            y=[row["low"], row["low"], row["high"], row["high"]],
            fill="toself",
            fillcolor=f"rgba({colour},0.18)",
            line={"width": 0},
            hoverinfo="skip",
            **shared | {"showlegend": False},
        )
    figure.add_scatter(
        x=ends,
        y=[row["mean"]] * 2,
        line={"color": f"rgb({colour})", "width": 1.5, "dash": "dash"},
        name=row["variant"],
        hovertemplate=f"{row['variant']}<br>{row['mean']:.3f} {_end(row['low'], row['high'])}<extra></extra>",
        **shared,
    )


def _curve(figure: go.Figure, curve: pd.DataFrame, name: str, dash: str, place: dict[str, Any]) -> None:
    colour = get_axis(curve["axis"].iloc[0]).colour
    known = curve["low"].notna()
    figure.add_scatter(
        x=curve["beta"],
        y=curve["mean"],
        error_y={
            "type": "data",
            "array": (curve["high"] - curve["mean"]).where(known, 0),
            "color": colour,
            "thickness": 1.2,
            "width": 4,
        },
        mode="lines+markers",
        line={"color": colour, "width": 2.5, "dash": dash},
        marker={"size": 7},
        name=name,
        legendgroup=name,
        customdata=[_end(low, high) for low, high in zip(curve["low"], curve["high"], strict=True)],
        hovertemplate=f"{name}, beta %{{x}}<br>%{{y:.3f}} %{{customdata}}<extra></extra>",
        **place,
    )


def _ends(low: pd.DataFrame, high: pd.DataFrame) -> list[list[str]]:
    return [[_end(*pair) for pair in zip(*rows, strict=True)] for rows in zip(low.values, high.values, strict=True)]


def _end(low: float, high: float) -> str:
    return f"[{low:.3f}, {high:.3f}]" if math.isfinite(low) else "(one seed: no interval)"


def _layout(height: int) -> dict[str, Any]:
    return {
        "template": "none",
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": _FONT, "size": 13, "color": _INK},
        "dragmode": False,
        "autosize": True,
        "height": height,
    }
