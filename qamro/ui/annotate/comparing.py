"""After finishing: own ratings beside the predictor's and the panel's, as a figure, a table and a few sentences."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from qamro.axes import axis_order
from qamro.figures.style import ticks
from qamro.studies.listening import PREFERENCE, RatingStore, Scale, comparison, export
from qamro.studies.listening.session import rater_of
from qamro.ui import choices
from qamro.ui.widgets import chart_value

if TYPE_CHECKING:
    import plotly.graph_objects as go

PREDICTOR = "offline"
"""The predictor that is there on every machine."""

STANDS_FOR = "MI"
"""The axis by which a predictor prefers one clip of a pair."""

_COLUMNS = 3
_HEIGHT = 270
_INK = "#7b828e"
_PREDICTED, _PANEL = "#1a7f8e", "#d55e00"

_log = logging.getLogger(__name__)


def page(store: RatingStore, token: str, words: Mapping[str, str]) -> dict[str, Any]:
    """Returns what the page shows: ``notes``, ``rows``, ``chart`` (None where there is nothing to draw).

    Args:
        store: The store.
        token: The rater's token.
        words: Texts of the rater's language.

    Raises:
        ListeningError: The rater has not finished, or nobody has this link.
    """
    if store.design(rater_of(store, token)["study"]).method.analysis is not None:
        return {"notes": [], "rows": [], "chart": None}  # what a test's answers mean is for its owner
    mine = comparison.own(store, token)
    panel = comparison.panel(store, token)
    clips = sorted({clip for row in mine for clip in (row["a"], row["b"]) if clip is not None})
    try:
        predicted, sources = predict(store, clips)
    except Exception as problem:
        _log.warning("no predictions for a listening study: %s", problem)
        predicted, sources = {}, {}
    rows = [_row(row, predicted, panel) for row in mine]
    notes = [*_consistency(store, token, words), *_agreement(rows, words), _panel_note(rows, words)]
    if any(row["predicted"] is not None for row in rows):
        axes = {STANDS_FOR} if rows[0]["axis"] == PREFERENCE else {row["axis"] for row in rows}
        kinds: dict[str, list[str]] = {}
        for axis in axis_order(list(axes & sources.keys())):
            kinds.setdefault(sources[axis], []).append(axis)
        notes += [words["after_source"].format(axes=" ".join(keys), source=source) for source, keys in kinds.items()]
    else:
        notes.append(words["after_no_predictions"])
    drawn = rows if rows and rows[0]["axis"] != PREFERENCE else []
    scales = {scale.key: scale for scale in store.design(rater_of(store, token)["study"]).scales}
    figure = (
        own_against_others(drawn, scales, words)
        if any(r["predicted"] is not None or r["panel"] is not None for r in drawn)
        else None
    )
    chart = chart_value(figure, name="my-ratings", alt=words["after_alt"]) if figure is not None else None
    return {"notes": notes, "rows": rows, "chart": chart}


def predict(store: RatingStore, clips: list[int]) -> tuple[dict[int, dict[str, float]], dict[str, str]]:
    """Returns predictions of clips by the offline predictor; each clip is scored once and then remembered."""
    predictor = choices.get(PREDICTOR)
    known, _ = comparison.predictions(store, predictor.name, clips)
    missing = [clip for clip in clips if clip not in known]
    if missing:
        marks = ",".join("?" * len(missing))
        files = {
            row["id"]: row for row in store.all(f"SELECT id, file, prompt FROM clips WHERE id IN ({marks})", *missing)
        }
        paths = [store.folder / "audio" / files[clip]["file"] for clip in missing]
        table = predictor.predict(paths, [files[clip]["prompt"] for clip in missing])
        records = table.to_dict("records")
        scored = {
            clip: {axis: float(row[axis]) for axis in predictor.axes if row[axis] == row[axis]}
            for clip, row in zip(missing, records, strict=True)
        }
        sources = {axis: str(predictor.provenance[axis]) for axis in predictor.axes}
        comparison.keep_predictions(store, predictor.name, scored, sources)
    return comparison.predictions(store, predictor.name, clips)


def _row(row: dict[str, Any], predicted: dict[int, dict[str, float]], panel: dict[Any, Any]) -> dict[str, Any]:
    mean, raters = panel.get(comparison.key_of(row), (None, 0))
    guess: float | None = predicted.get(row["a"], {}).get(row["axis"])
    if row["axis"] == PREFERENCE:
        a, b = (predicted.get(row[side], {}).get(STANDS_FOR) for side in ("a", "b"))
        guess = None if a is None or b is None else 0.5 if a == b else float(a > b)
        mean = mean if mean is None or row["a"] < row["b"] else 1 - mean
    return {
        "number": row["position"] + 1,
        "axis": row["axis"],
        "own": row["score"],
        "predicted": guess,
        "panel": mean,
        "raters": raters,
        "audio": [name for name in (row["audio"], row["audio_b"]) if name],
    }


def _consistency(store: RatingStore, token: str, words: Mapping[str, str]) -> list[str]:
    rater = rater_of(store, token)
    people = export.raters(store, rater["study"])
    line = people[people["rater"] == export.label(rater["id"])].iloc[0]
    notes = []
    if line["repeats"]:
        share = f"{100 * line['repeat_difference']:.0f}"
        notes.append(words["after_repeats"].format(n=line["repeats"], share=share))
    if line["checks"]:
        notes.append(words["after_checks"].format(passed=line["checks_passed"], n=line["checks"]))
    return notes


def _agreement(rows: list[dict[str, Any]], words: Mapping[str, str]) -> list[str]:
    """For pairs: how often one agrees with the predictor and with the panel's majority; ties are left out."""
    notes = []
    for what, text in (("predicted", words["after_agree_predictor"]), ("panel", words["after_agree_panel"])):
        sides = [
            (row["own"] > 0.5) == (row[what] > 0.5)
            for row in rows
            if row["axis"] == PREFERENCE and row[what] not in (None, 0.5) and row["own"] != 0.5
        ]
        if sides:
            notes.append(text.format(n=sum(sides), all=len(sides), axis=STANDS_FOR))
    return notes


def _panel_note(rows: list[dict[str, Any]], words: Mapping[str, str]) -> str:
    shown = sum(row["panel"] is not None for row in rows)
    most = max((row["raters"] for row in rows), default=0)
    if not shown:
        return words["after_no_panel"].format(n=comparison.PANEL)
    return words["after_panel_of"].format(n=comparison.PANEL, most=most)


def own_against_others(
    rows: Sequence[Mapping[str, Any]], scales: Mapping[str, Scale], words: Mapping[str, str]
) -> go.Figure:
    """Draws own ratings (across) against others' (upward) with the line of equal scores.

    Args:
        rows: Dicts with ``number``, ``axis``, ``own``, ``predicted`` and ``panel`` (None where unknown).
        scales: The scale of each axis.
        words: Texts of the rater's language.
    """
    from plotly.subplots import make_subplots

    compared = {row["axis"] for row in rows if row["predicted"] is not None or row["panel"] is not None}
    axes = [axis for axis in scales if axis in compared]
    columns = min(_COLUMNS, len(axes))
    lines = -(-len(axes) // columns)
    names = [f"<b>{axis}</b>" for axis in axes]
    gap = {"horizontal_spacing": 0.09, "vertical_spacing": 0.3 / lines}
    figure: go.Figure = make_subplots(rows=lines, cols=columns, subplot_titles=names, **gap)
    kinds = (
        ("predicted", words["after_predictor"], _PREDICTED, "circle"),
        ("panel", words["after_panel"], _PANEL, "diamond"),
    )
    hover, legend = words["after_hover"], set()
    for i, axis in enumerate(axes):
        scale, place = scales[axis], {"row": i // columns + 1, "col": i % columns + 1}
        pad = 0.06 * (scale.high - scale.low)
        ends = [scale.low - pad, scale.high + pad]
        figure.add_scatter(
            x=ends, y=ends, mode="lines", line={"color": _INK, "width": 1, "dash": "dot"},
            hoverinfo="skip", showlegend=False, **place,
        )  # fmt: skip
        for what, name, colour, symbol in kinds:
            known = [row for row in rows if row["axis"] == axis and row[what] is not None]
            if not known:
                continue
            figure.add_scatter(
                x=[row["own"] for row in known],
                y=[row[what] for row in known],
                mode="markers",
                name=name,
                legendgroup=what,
                showlegend=what not in legend,
                marker={"color": colour, "symbol": symbol, "size": 9, "opacity": 0.8},
                hovertext=[hover.format(n=row["number"], own=row["own"], name=name, other=row[what]) for row in known],
                hoverinfo="text",
                **place,
            )
            legend.add(what)
        marks = ticks(scale.low, scale.high, most=5)
        figure.update_xaxes(range=ends, title={"text": words["after_own"], "standoff": 4}, **marks, **place)
        figure.update_yaxes(range=ends, **marks, **place)
    figure.update_xaxes(zeroline=False, showgrid=True)
    figure.update_yaxes(zeroline=False, showgrid=True)
    figure.update_layout(
        height=_HEIGHT * lines + 80,
        margin={"l": 36, "r": 12, "t": 56, "b": 70},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"family": 'system-ui, -apple-system, "Segoe UI", Roboto, sans-serif', "size": 12},
        legend={"orientation": "h", "x": 0, "y": 1, "yref": "container", "yanchor": "top"},
    )
    return figure
