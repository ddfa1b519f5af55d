"""The live curves, and those of several runs over each other."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from qamro.axes import get_axis
from qamro.figures.style import PREDICTORS, escape, layout, line_axis, ticks
from qamro.ui.train.state import Epoch
from qamro.ui.train.texts import TrainTab as T

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from qamro.ui.train.state import Curves, TrainedRun

MOST_POINTS = 250
"""Points that a curve is drawn with; more would only make the page slow."""

_DASHES = ("solid", "dash", "dot", "dashdot", "longdash")


def losses(curves: Curves) -> go.Figure:
    """Draws training and validation loss of every axis over epochs, on a logarithmic scale."""
    traces = []
    for axis, epochs in curves.items():
        rows, colour = thinned(epochs), get_axis(axis).colour
        low, high = ([row.val_loss_ends[end] for row in rows] for end in (0, 1))
        traces += _band(rows, low, high, colour)
        for key, name, dash in (("train_loss", T.TRAINING, "dot"), ("val_loss", T.VALIDATION, "solid")):
            line = {"color": colour, "width": 1.5 if dash == "dot" else 2, "dash": dash}
            traces.append(_line(rows, [getattr(row, key) for row in rows], f"{axis} {name}", line, ".4f"))
    return _figure(traces, {"type": "log", **ticks(*_ends(traces), log=True)})


def correlations(curves: Curves) -> go.Figure:
    """Draws the validation SRCC of every axis over epochs."""
    traces = []
    for axis, epochs in curves.items():
        rows, colour = thinned(epochs), get_axis(axis).colour
        low, high = ([row.val_srcc_ends[end] for row in rows] for end in (0, 1))
        traces += _band(rows, low, high, colour)
        traces.append(_line(rows, [row.val_srcc for row in rows], axis, {"color": colour, "width": 2}, ".3f"))
    return _figure(traces, {})


def overlay(runs: Sequence[TrainedRun], axis: str) -> go.Figure:
    """Draws the validation SRCC of several runs on one axis; a dot marks the epoch whose weights were kept."""
    traces = []
    for run in runs:
        colour, dash = PREDICTORS[(run.number - 1) % len(PREDICTORS)], _DASHES[(run.number - 1) % len(_DASHES)]
        rows = thinned(run.curves[axis])
        line = {"color": colour, "width": 2, "dash": dash}
        traces.append(_line(rows, [row.val_srcc for row in rows], escape(run.title), line, ".3f"))
        best = run.card["training"]["best epoch"].get(axis)
        kept = [row for row in run.curves[axis] if row.epoch == best]
        dot = {"color": colour, "size": 9, "line": {"color": "white", "width": 1.5}}
        traces += [
            _line([row], [row.val_srcc], escape(run.short), None, ".3f")
            | {"mode": "markers", "marker": dot, "showlegend": False}
            for row in kept
        ]
    return _figure(traces, {}, legend=True)


def thinned(epochs: Sequence[Epoch], most: int = MOST_POINTS) -> list[Epoch]:
    """Returns at most so many epochs, evenly spread, the first and the last among them."""
    if len(epochs) <= most:
        return list(epochs)
    step = (len(epochs) - 1) / (most - 1)
    return [epochs[round(k * step)] for k in range(most)]


def _line(
    rows: Sequence[Epoch], values: Sequence[float], name: str, line: Mapping[str, Any] | None, digits: str
) -> dict[str, Any]:
    return {
        "type": "scatter",
        "x": [row.epoch for row in rows],
        "y": [_number(value) for value in values],
        "mode": "lines" if len(rows) > 1 else "markers",
        "name": name,
        "hovertemplate": f"{name}<br>{T.EPOCHS} %{{x}}: %{{y:{digits}}}<extra></extra>",
        **({"line": dict(line), "marker": {"color": line["color"], "size": 6}} if line else {}),
    }  # fmt: skip


def _band(rows: Sequence[Epoch], low: Sequence[float], high: Sequence[float], colour: str) -> list[dict[str, Any]]:
    """The range over seeds, where there are several."""
    known = [(row.epoch, a, b) for row, a, b in zip(rows, low, high, strict=True) if math.isfinite(a) and b > a]
    if len(known) < 2:
        return []
    epochs, lows, highs = (list(part) for part in zip(*known, strict=True))
    red, green, blue = (int(colour[k : k + 2], 16) for k in (1, 3, 5))
    return [
        {
            "type": "scatter",
            "x": epochs + epochs[::-1],
            "y": highs + lows[::-1],
            "fill": "toself",
            "fillcolor": f"rgba({red},{green},{blue},0.15)",
            "line": {"width": 0},
            "hoverinfo": "skip",
            "showlegend": False,
        }
    ]


def _figure(traces: list[dict[str, Any]], yaxis: dict[str, Any], *, legend: bool = True) -> go.Figure:
    import plotly.graph_objects as go

    below = {"orientation": "h", "x": 0, "y": -0.2, "yanchor": "top", "font": {"size": 12}}
    return go.Figure(
        traces,
        layout(
            height=320,
            margin={"l": 52, "r": 12, "t": 12, "b": 44},
            showlegend=legend and sum(trace.get("showlegend", True) for trace in traces) > 1,
            legend=below,
            hovermode="closest",
            xaxis=line_axis() | {"title": {"text": T.EPOCHS, "standoff": 6}, "rangemode": "tozero"},
            yaxis=line_axis() | {"automargin": True} | yaxis,
        ),
    )


def _ends(traces: Sequence[Mapping[str, Any]]) -> tuple[float, float]:
    """The lowest and the highest value above 0; NaN where there is none."""
    shown = [value for trace in traces for value in trace["y"] if value is not None and value > 0]
    return (min(shown), max(shown)) if shown else (math.nan, math.nan)


def _number(value: float) -> float | None:
    return round(value, 6) if math.isfinite(value) else None
