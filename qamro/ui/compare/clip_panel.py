"""The clip or system that is looked at: player, ratings, windows over time; and A against B, two clips to hear."""

from __future__ import annotations

import hashlib
import logging
import math
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from qamro.axes import get_axis
from qamro.figures.style import PREDICTORS, escape, layout, line_axis
from qamro.report.numbers import slug
from qamro.ui import choices
from qamro.ui.compare.render import chart_of, plain
from qamro.ui.compare.state import CompareState, Predictions, duel
from qamro.ui.compare.texts import Clip as T
from qamro.ui.events import Answer
from qamro.ui.session import TURNS, window_seconds
from qamro.ui.static import own_folder, url
from qamro.ui.widgets import chart_value

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

    from qamro.ui.compare.tab import Parts

SIDES = ("a", "b")

_log = logging.getLogger(__name__)


def select(p: Parts, state: CompareState, axis: str | None, event: gr.EventData) -> Answer:
    """Looks at what was clicked.

    The event's ``kind`` is ``"clip"``, ``"system"``, ``"point"`` (a clip or a system, whatever has that name) or
    ``"pair"``: two systems, ``name`` and ``other``, to hear.
    """
    kind, name = str(event.kind), str(event.name)
    if state.study is None:
        return {}
    if kind == "point":
        kind = "clip" if about(state, name) else "system"
    if kind == "system" and name not in state.study.systems:
        return {}  # a point of a figure that is of something else
    if kind == "pair":
        return _oppose(p, state, axis, name, str(event.other)) if axis else {}
    state.shown = (kind, name)
    return {p.clip: panel(state, axis or "")}


def again(p: Parts, state: CompareState, axis: str | None) -> Answer:
    """Shows what was looked at once more, after the study, the predictors or the axis changed."""
    return {p.clip: panel(state, axis or ""), p.ab: sides(state, axis)}


def close(p: Parts, state: CompareState) -> Answer:
    """Puts away what is looked at."""
    state.shown = None
    return {p.clip: None}


def retry(p: Parts, state: CompareState, axis: str | None) -> Answer:
    """Gives the player a WAV copy of a file that the browser does not play."""
    if state.shown is not None:
        state.decoded.add(state.shown[1])
    return {p.clip: panel(state, axis or "")}


def windows(p: Parts, state: CompareState, axis: str | None) -> Answer:
    """Scores the windows of the clip that is looked at, by every predictor that can, and adds their figure."""
    shown, value = state.shown, panel(state, axis or "")
    if value is None or not value.get("waiting") or shown is None:
        return {}
    try:
        value["windows"] = _windows(state, value["name"], value["prompt"], axis or "")
    except Exception as problem:
        _log.warning("windows of %s: %s", shown[1], problem)
    if state.shown != shown:
        return {}  # somebody was quicker than the scoring
    return {p.clip: value | {"waiting": False}}


def panel(state: CompareState, axis: str) -> dict[str, Any] | None:
    """Returns what the page shows of the clip or the system that is looked at; None when nothing is."""
    if state.shown is None or state.study is None:
        return None
    kind, name = state.shown
    if kind == "system":
        return _system(state, axis, name) if axis else None
    known = about(state, name)
    return _clip(state, name, axis) | known if known else None


def _clip(state: CompareState, clip: str, axis: str) -> dict[str, Any]:
    known = state.comparison.clip(clip) if state.comparison is not None else None
    scores, figure = [], None
    if known is not None:
        scores = known.scores[known.scores["axis"] == axis].drop(columns="axis").to_dict("records")
        figure = next((each for each in known.figures if each.id == slug("clip", clip, axis)), None)
    sound = address(state, clip)
    return {
        "kind": "clip",
        "url": sound,
        "wav": clip in state.decoded,
        "axis": axis,
        "scores": [
            {str(key): plain(value) for key, value in entry.items()}
            | {"of": of_scale(state, axis, str(entry["judge"]), entry["score"])}
            for entry in scores
        ],
        "histogram": chart_of(figure, state) if figure is not None else None,
        "note": figure.note if figure is not None else "",
        "windows": None,
        "waiting": bool(sound and axis and _listeners(state)),
    }


def _windows(state: CompareState, clip: str, prompt: str, axis: str) -> dict[str, Any] | None:
    from qamro.audio.guarded import guarded_probe

    columns = state.columns_of(axis)
    path = state.study.audio_path(clip)  # type: ignore[union-attr]
    width = window_seconds(guarded_probe(path).seconds)
    found = {}
    for entry in _listeners(state):
        if entry.name not in columns:
            continue
        predictor = choices.get(entry.predictor)
        with TURNS.turn(state, state.address) as turn:
            turn.wait()
            table = predictor.windows(path, prompt, seconds=width)
        if columns[entry.name] in table.columns:
            found[entry.name] = table[["start", "end"]].assign(**{axis: table[columns[entry.name]]})
    if not found:
        return None
    alt = T.WINDOWS_ALT.format(axis=axis, clip=clip, names=", ".join(found))
    figure = over_time(found, axis)
    return chart_value(figure, name=f"{clip}-{axis}-over-time", alt=alt, audio="#compare-clip audio")


def _listeners(state: CompareState) -> list[Predictions]:
    """The predictors that can hear: those of the catalogue."""
    return [entry for entry in state.usable.values() if entry.predictor]


def _system(state: CompareState, axis: str, system: str) -> dict[str, Any]:
    table = state.table(axis)
    mine = table[table["system"] == system].sort_values("mean", ascending=False, kind="stable")
    names = [name for name in state.usable if name in table.columns]
    domains = {name: state.domains(name) for name in names}
    rows = [
        {
            "name": str(clip),
            "prompt": row["prompt"],
            "mean": float(row["mean"]),
            "predicted": [None if row[name] != row[name] else float(row[name]) for name in names],
            "domains": [domains[name].get(str(clip), "") for name in names],
        }
        for clip, row in mine.iterrows()
    ]
    return {"kind": "system", "name": system, "axis": axis, "predictors": names, "rows": rows}


# A against B


def put_side(p: Parts, state: CompareState, axis: str | None, event: gr.EventData) -> Answer:
    """Puts a clip into one side."""
    if state.study is None or str(event.side) not in SIDES or not about(state, str(event.name)):
        return {}
    state.sides[str(event.side)] = str(event.name)
    return {p.ab: sides(state, axis)}


def clear_sides(p: Parts, state: CompareState) -> Answer:
    """Takes both clips away."""
    state.sides = {}
    return {p.ab: {}}


def retry_sides(p: Parts, state: CompareState, axis: str | None, event: gr.EventData) -> Answer:
    """Gives the page WAV copies of the sides that its browser does not decode."""
    state.decoded.update(name for side, name in state.sides.items() if side in str(event.sides))
    return {p.ab: sides(state, axis)}


def sides(state: CompareState, axis: str | None) -> dict[str, Any]:
    """Returns what the page shows of both sides; a side is missing until a clip is put there."""
    return {
        side: about(state, name)
        | {
            "url": address(state, name),
            "wav": name in state.decoded,
            "mean": mean_of(state, name, axis or ""),
            "of": of_scale(state, axis or "", "", mean_of(state, name, axis or "")),
            "predicted": predicted_of(state, name, axis or ""),
        }
        for side, name in state.sides.items()
    }


def _oppose(p: Parts, state: CompareState, axis: str, better: str, worse: str) -> Answer:
    """Puts a clip of each of two systems against each other, of the same content if there is any."""
    pair = duel(state.table(axis), better, worse)
    if pair is None:
        return {}
    state.sides = dict(zip(SIDES, pair, strict=True))
    return {p.ab: sides(state, axis)}


# Facts and sounds


def about(state: CompareState, clip: str) -> dict[str, str]:
    """Returns name, system and prompt of a clip; empty for a clip that the study does not have."""
    if state.study is None:
        return {}
    rows = state.study.clips[state.study.clips["clip"] == clip]
    if rows.empty:
        return {}
    return {"name": clip, "system": str(rows["system"].iloc[0]), "prompt": str(rows["prompt"].iloc[0])}


def mean_of(state: CompareState, clip: str, axis: str) -> float | None:
    """Returns the MOS of a clip on an axis; None where nobody rated it."""
    return _number(state, clip, axis, "mean")


def predicted_of(state: CompareState, clip: str, axis: str) -> list[dict[str, Any]]:
    """Returns ``name``, ``score`` (or None), ``of`` (its scale) and ``domain`` of each predictor of the axis."""
    if not axis:
        return []
    names = [name for name in state.usable if name in state.table(axis).columns]
    found = {name: _number(state, clip, axis, name) for name in names}
    return [
        {"name": name, "score": score, "of": of_scale(state, axis, name, score)}
        | {"domain": state.domains(name).get(clip, "")}
        for name, score in found.items()
    ]


def of_scale(state: CompareState, axis: str, judge: str, score: float | None) -> str:
    """Returns what follows a score: the end of its scale where that is known, and whether it lies there.

    Args:
        state: Whose study it is.
        axis: The rated axis.
        judge: Who gave the score: a predictor, or anybody else for people.
        score: The score.
    """
    column = state.columns_of(axis).get(judge, axis) if axis else ""
    if not column or score is None or not get_axis(column).has_range:
        return ""
    scale = get_axis(column)
    return T.OF.format(high=scale.high) + ("" if scale.low < score < scale.high else T.END)


def _number(state: CompareState, clip: str, axis: str, column: str) -> float | None:
    if not axis or clip not in state.table(axis).index:
        return None
    value = float(state.table(axis).at[clip, column])
    return None if math.isnan(value) else value


def address(state: CompareState, clip: str) -> str:
    """Returns where the browser gets a clip's sound; empty where there is none.

    The file is copied into the visitor's own folder, whose name nobody can guess: what is not asked for through the
    study is never served. A clip whose format the browser does not know becomes a WAV file.

    Args:
        state: Whose study it is.
        clip: A clip of the study.
    """
    if state.study is None:
        return ""
    try:
        path = state.study.audio_path(clip)
    except (KeyError, FileNotFoundError):
        return ""
    if not path.is_file():
        return ""
    name = hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:20]
    copy = state.folder(own_folder()) / f"{name}{'-decoded.wav' if clip in state.decoded else path.suffix.lower()}"
    if not copy.is_file():
        if clip in state.decoded:
            return _decoded(path, copy)
        shutil.copyfile(path, copy)
    return url(copy)


def _decoded(path: Path, copy: Path) -> str:
    import soundfile

    from qamro.audio import AudioError
    from qamro.audio.guarded import load

    try:
        wave = load(path)
    except AudioError:
        return ""
    soundfile.write(copy, wave.samples, wave.sample_rate, subtype="PCM_16")
    return url(copy)


def over_time(windows: Mapping[str, pd.DataFrame], column: str) -> go.Figure:
    """Draws what predictors say of consecutive windows of a clip on one axis.

    Args:
        windows: For each predictor ``start``, ``end`` (seconds) and a column of scores; at least one.
        column: The predicted axis.
    """
    import plotly.graph_objects as go

    scale = get_axis(column)
    end = max(float(table["end"].iloc[-1]) for table in windows.values())
    figure = go.Figure()
    for i, (name, table) in enumerate(windows.items()):
        times, scores = [*table["start"], *table["end"][-1:]], table[column].tolist()
        figure.add_scatter(
            x=times,
            y=[*scores, scores[-1]],
            mode="lines",
            name=escape(name),
            line={"color": PREDICTORS[i % len(PREDICTORS)], "width": 2.5, "shape": "hv"},
            hovertemplate=f"{escape(name)} %{{y:.2f}}<extra></extra>",
        )
    figure.layout = layout(
        height=250,
        margin={"l": 34, "r": 12, "t": 12, "b": 44},
        hovermode="x unified",
        showlegend=True,
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
        xaxis={"title": {"text": T.SECONDS}, "range": [0, end], **line_axis()},
        yaxis=({"range": [scale.low, scale.high]} if scale.has_range else {})
        | {"title": {"text": column}, **line_axis()},
    )
    return figure
