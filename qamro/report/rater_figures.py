"""Figures of the raters section: agreement, the histogram of ratings, and what more listening would buy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from qamro.axes import get_axis
from qamro.counts import count
from qamro.evaluation.agreement.reliability import MoreRaters
from qamro.evaluation.rater_bootstrap import RatingMatrix
from qamro.evaluation.raters.model import RaterModel
from qamro.figures.style import (
    ACCENT,
    INK,
    PREDICTORS,
    escape,
    layout,
    line_axis,
    predictor_marker,
    shorten,
    ticks,
    whiskers,
)
from qamro.report.words import number

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


# The histogram of ratings.

_STEPS = 20


def score_edges(axis: str, given: np.ndarray) -> np.ndarray:
    """Edges of the bins for ratings: one a score where scores are few whole numbers, otherwise ten of equal width.

    Args:
        axis: The rated axis; its whole scale is covered where it is known.
        given: Ratings, shape (n,), one at least.
    """
    scale = get_axis(axis)
    low, high = float(given.min()), float(given.max())
    if scale.has_range:
        low, high = min(low, scale.low), max(high, scale.high)
    if (given == np.round(given)).all() and high - low <= _STEPS:
        return np.arange(np.floor(low) - 0.5, np.ceil(high) + 1)
    return np.linspace(low, high, 11) if high > low else np.array([low - 0.5, low + 0.5])


def histogram(axis: str, given: np.ndarray, lines: Mapping[str, float]) -> go.Figure:
    """Draws how often each score was given, and a dashed line at each predicted score.

    Args:
        axis: The rated axis; its scale is shown whole where it is known.
        given: The ratings, shape (n,).
        lines: Predicted score by predictor, on the same scale.
    """
    import plotly.graph_objects as go

    edges = score_edges(axis, given)
    counts, _ = np.histogram(given, bins=edges)
    middle = (edges[1:] + edges[:-1]) / 2
    figure = go.Figure()
    figure.add_bar(
        x=middle,
        y=counts,
        width=np.diff(edges) * 0.9,
        marker={"color": ACCENT, "opacity": 0.7},
        name="ratings",
        hovertemplate="%{x:.3g}: %{y} ratings<extra></extra>",
    )
    figure.add_scatter(
        x=[given.mean()] * 2,
        y=[0, max(counts)],
        mode="lines",
        line={"color": ACCENT, "width": 2.5},
        name=f"mean {given.mean():.2f}",
        hoverinfo="skip",
    )
    for k, (name, score) in enumerate(lines.items()):
        figure.add_scatter(
            x=[score] * 2,
            y=[0, max(counts)],
            mode="lines",
            line={"color": predictor_marker(k)["color"], "width": 2, "dash": "dash"},
            name=f"{shorten(name, 22)} {number(score, 2)}",
            hoverinfo="skip",
        )
    return figure.update_layout(
        layout(height=240, margin={"l": 36, "r": 12, "t": 36, "b": 40}),
        showlegend=True,
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
        bargap=0,
        xaxis={**line_axis(), "title": {"text": escape(axis)}, "range": [edges[0], edges[-1]]},
        yaxis={
            **line_axis(),
            "title": {"text": "ratings"},
            **ticks(0, int(max(counts)), whole=True),
            "rangemode": "tozero",
            "automargin": True,
        },
    )


# What more listening would buy: the half-width of an interval over the number of ratings a clip.

_NORMAL = 1.959964


def more_raters_figure(now: MoreRaters) -> go.Figure:
    """Draws the 95 % half-width for a clip and for a system over ratings a clip, with today's number marked.

    Args:
        now: From ``more_raters`` without draws.
    """
    import plotly.graph_objects as go

    today = float(now.now)
    ratings = np.unique(np.round(np.geomspace(1, max(8 * today, 20), 60)))
    figure = go.Figure()
    curves = [("a clip's mean", float(now.clip_error) * np.sqrt(today / ratings), ACCENT, "solid")]
    if np.isfinite(now.system_error):
        limit = float(now.system_limit)
        noise = max(float(now.system_error) ** 2 - limit**2, 0.0) * today
        curves.append(("a system's mean", np.sqrt(limit**2 + noise / ratings), PREDICTORS[0], "dash"))
    for name, errors, colour, dash in curves:
        figure.add_scatter(
            x=ratings,
            y=_NORMAL * errors,
            mode="lines",
            line={"color": colour, "width": 2.5, "dash": dash},
            name=name,
            hovertemplate=f"{name}, %{{x}} ratings a clip: ± %{{y:.3f}}<extra></extra>",
        )
    figure.add_vline(x=today, line={"color": INK, "width": 1.2, "dash": "dot"})
    figure.add_annotation(
        x=np.log10(today), y=1, yref="paper", text=f"now {today:.3g}", showarrow=False, xanchor="left", xshift=6,
        font={"color": INK},
    )  # fmt: skip
    return figure.update_layout(
        layout(height=320, margin={"l": 56, "r": 16, "t": 40, "b": 48}),
        showlegend=True,
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
        xaxis={
            **line_axis(),
            "type": "log",
            "title": {"text": "ratings a clip"},
            **ticks(1, ratings[-1], most=9, log=True),
        },
        yaxis={**line_axis(), "title": {"text": "half-width of the 95 % interval, points"}, "rangemode": "tozero"},
    )
