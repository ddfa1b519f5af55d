"""Figures of the raters section."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from qamro.counts import count
from qamro.evaluation.raters.model import RaterModel
from qamro.evaluation.rating_matrix import RatingMatrix
from qamro.figures.style import ACCENT, INK, PREDICTORS, escape, layout, line_axis, predictor_marker, shorten, whiskers
from qamro.report.histogram import score_edges

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

_NAMED_ROWS = 60
_QUIET = "rgba(128,128,128,0.6)"


def distributions(matrix: RatingMatrix) -> go.Figure:
    """Draws each rater's scores as a row of shares, the most generous rater on top."""
    import plotly.graph_objects as go

    known = matrix.scores[np.isfinite(matrix.scores)]
    edges = score_edges(matrix.axis, known)
    middle = (edges[1:] + edges[:-1]) / 2
    order = np.argsort(-np.nanmean(matrix.scores, axis=0), kind="stable")
    shares, texts = [], []
    for column in order:
        own = matrix.scores[np.isfinite(matrix.scores[:, column]), column]
        counts, _ = np.histogram(own, bins=edges)
        shares.append(counts / max(own.size, 1))
        texts.append([f"{n} of {count(own.size, 'rating')}" for n in counts])
    names = [matrix.raters[column] for column in order]
    few = len(names) <= _NAMED_ROWS
    figure = go.Figure()
    figure.add_heatmap(
        x=middle,
        y=list(range(len(names))),
        z=shares,
        text=texts,
        customdata=[[escape(name)] * middle.size for name in names],
        hovertemplate="%{customdata}<br>score %{x:.3g}: %{text}<extra></extra>",
        colorscale=[[0, "rgba(26,127,142,0.03)"], [1, "rgba(26,127,142,1)"]],
        showscale=False,
        ygap=1 if few else 0,
        xgap=1,
    )
    height = 90 + (20 * len(names) if few else max(360, 2 * len(names)))
    rows: dict[str, Any] = {"showticklabels": False, "title": {"text": f"{count(len(names), 'rater')}"}}
    if few:
        rows = {"tickvals": list(range(len(names))), "ticktext": [f"{shorten(name, 20)} " for name in names]}
    return figure.update_layout(
        layout(height=height, margin={"l": 12 if few else 40, "r": 16, "t": 12, "b": 44}),
        xaxis={**line_axis(), "title": {"text": escape(matrix.axis)}, "showgrid": False},
        yaxis={**line_axis(), **rows, "autorange": "reversed", "automargin": True, "showgrid": False},
    )


def individuals(raters: pd.DataFrame) -> go.Figure:
    """Draws each rater's bias and inconsistency with both intervals; those who stray are coloured and named.

    Args:
        raters: ``Panel.raters``.
    """
    import plotly.graph_objects as go

    figure = go.Figure()
    strays = raters["reason"] != ""
    for part, colour, name in ((raters[~strays], ACCENT, "raters"), (raters[strays], PREDICTORS[0], "straying")):
        if part.empty:
            continue
        faint = 0.5 if len(raters) <= _NAMED_ROWS else 0.12
        red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
        bars = {"type": "data", "color": f"rgba({red},{green},{blue},{faint})", "thickness": 1.1, "width": 0}
        figure.add_scatter(
            x=part["bias"],
            y=part["inconsistency"],
            error_x=bars | _ends(part, "bias"),
            error_y=bars | _ends(part, "inconsistency"),
            mode="markers+text" if name == "straying" and len(part) <= 12 else "markers",
            text=_labels(part),
            textposition="top center",
            textfont={"size": 11, "color": INK},
            marker={"color": colour, "size": 8, "symbol": "diamond" if name == "straying" else "circle"},
            name=name,
            customdata=list(
                zip(
                    part["rater"].map(escape),
                    part["count"],
                    part["reason"].map(escape).replace("", "like the others"),
                    strict=True,
                )
            ),
            hovertemplate="<b>%{customdata[0]}</b>, %{customdata[1]} ratings<br>bias %{x:.2f}, "
            "inconsistency %{y:.2f}<br>%{customdata[2]}<extra></extra>",
        )
    figure.add_vline(x=0, line={"color": INK, "width": 1.2, "dash": "dash"})
    return figure.update_layout(
        layout(height=420, margin={"l": 56, "r": 16, "t": 40, "b": 52}),
        hovermode="closest",
        showlegend=bool(strays.any()),
        legend={"orientation": "h", "x": 0, "y": 1.01, "yanchor": "bottom"},
        xaxis={**line_axis(), "title": {"text": "bias: points above all raters"}},
        yaxis={**line_axis(), "title": {"text": "inconsistency: points"}, "rangemode": "tozero"},
    )


def qualities(models: Mapping[str, RaterModel], axis: str) -> go.Figure:
    """Draws each model's recovered quality against the plain mean, one point a clip, with the identity line."""
    import plotly.graph_objects as go

    figure = go.Figure()
    every = np.concatenate([model.clips["mos"].to_numpy() for model in models.values()])
    ends = [float(every.min()), float(every.max())]
    line = {"color": INK, "width": 1.2, "dash": "dash"}
    figure.add_scatter(x=ends, y=ends, mode="lines", line=line, name="plain mean", hoverinfo="skip")
    for k, (key, model) in enumerate(models.items()):
        clips = model.clips
        figure.add_scatter(
            x=clips["mos"],
            y=clips["quality"],
            mode="markers",
            marker=predictor_marker(k, 5) | {"opacity": 0.65},
            name=key,
            customdata=np.column_stack([clips["clip"], clips["quality_low"].round(3), clips["quality_high"].round(3)]),
            text=[shorten(clip, 48) for clip in clips["clip"]],
            hovertemplate=f"%{{text}}<br>mean %{{x:.2f}}, {key} %{{y:.2f}} (%{{customdata[1]}} to %{{customdata[2]}})"
            "<extra></extra>",
        )
    return figure.update_layout(
        layout(height=420, margin={"l": 56, "r": 16, "t": 40, "b": 52}),
        hovermode="closest",
        showlegend=True,
        legend={"orientation": "h", "x": 0, "y": 1.01, "yanchor": "bottom"},
        xaxis={**line_axis(), "title": {"text": f"{escape(axis)}, mean rating of a clip"}},
        yaxis={**line_axis(), "title": {"text": "recovered quality"}},
    )


def _labels(part: pd.DataFrame) -> list[str]:
    """Names of raters; of those at one place, the first says how many more there are."""
    places = list(zip(part["bias"].round(6), part["inconsistency"].round(6), strict=True))
    names = [shorten(rater, 16) for rater in part["rater"]]
    more = [f" and {n} more" if (n := places.count(place) - 1) else "" for place in places]
    return [name + more[i] if places.index(places[i]) == i else "" for i, name in enumerate(names)]


def _ends(part: pd.DataFrame, column: str) -> dict[str, Any]:
    value = part[column]
    return whiskers(part[f"{column}_high"] - value, value - part[f"{column}_low"])
