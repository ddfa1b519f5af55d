"""The clip or the system that is looked at: player, prompt, ratings, and the predictors' windows over time."""

from __future__ import annotations

import logging
from typing import Any

import gradio as gr

from qamro.report.section import slug
from qamro.ui import choices
from qamro.ui.compare import against
from qamro.ui.compare.facts import about
from qamro.ui.compare.payload import chart_of, plain
from qamro.ui.compare.sounds import address
from qamro.ui.compare.texts import Clip as T
from qamro.ui.compare.windows_figure import over_time
from qamro.ui.compare.workbench import Predictions, Workbench
from qamro.ui.widgets import chart_value

SHORTEST_WINDOW, MOST_WINDOWS = 3.0, 60

_log = logging.getLogger(__name__)


def select(bench: Workbench, axis: str | None, event: gr.EventData) -> tuple[Any, Any]:
    """Looks at what was clicked; answers for the panel and for the A/B view.

    The event's ``kind`` is ``"clip"``, ``"system"``, ``"point"`` (a clip or a system, whatever has that name) or
    ``"pair"``: two systems, ``name`` and ``other``, to hear.
    """
    kind, name = str(event.kind), str(event.name)
    if bench.study is None:
        return gr.skip(), gr.skip()
    if kind == "point":
        kind = "clip" if about(bench, name) else "system"
    if kind == "system" and name not in bench.study.systems:
        return gr.skip(), gr.skip()  # a point of a figure that is of something else
    if kind == "pair":
        return gr.skip(), against.oppose(bench, axis or "", name, str(event.other)) if axis else gr.skip()
    bench.shown = (kind, name)
    return panel(bench, axis or ""), gr.skip()


def again(bench: Workbench, axis: str | None) -> tuple[Any, Any]:
    """Shows what was looked at once more, after the study, the predictors or the axis changed."""
    return panel(bench, axis or ""), against.sides(bench, axis or "")


def close(bench: Workbench) -> None:
    """Puts away what is looked at."""
    bench.shown = None


def retry(bench: Workbench, axis: str | None) -> Any:
    """Gives the player a WAV copy of a file that the browser does not play."""
    if bench.shown is not None:
        bench.decoded.add(bench.shown[1])
    return panel(bench, axis or "")


def windows(bench: Workbench, axis: str | None) -> Any:
    """Scores the windows of the clip that is looked at, by every predictor that can, and adds their figure."""
    shown, value = bench.shown, panel(bench, axis or "")
    if value is None or not value.get("waiting") or shown is None:
        return gr.skip()
    try:
        value["windows"] = _windows(bench, value["name"], value["prompt"], axis or "")
    except Exception as problem:
        _log.warning("windows of %s: %s", shown[1], problem)
    if bench.shown != shown:
        return gr.skip()  # somebody was quicker than the scoring
    return value | {"waiting": False}


def panel(bench: Workbench, axis: str) -> dict[str, Any] | None:
    """Returns what the page shows of the clip or the system that is looked at; None when nothing is."""
    if bench.shown is None or bench.study is None:
        return None
    kind, name = bench.shown
    if kind == "system":
        return _system(bench, axis, name) if axis else None
    known = about(bench, name)
    return _clip(bench, name, axis) | known if known else None


def _clip(bench: Workbench, clip: str, axis: str) -> dict[str, Any]:
    known = bench.comparison.clip(clip) if bench.comparison is not None else None
    scores, figure = [], None
    if known is not None:
        scores = known.scores[known.scores["axis"] == axis].drop(columns="axis").to_dict("records")
        figure = next((each for each in known.figures if each.id == slug("clip", clip, axis)), None)
    sound = address(bench, clip)
    return {
        "kind": "clip",
        "url": sound,
        "wav": clip in bench.decoded,
        "axis": axis,
        "scores": [{str(key): plain(value) for key, value in entry.items()} for entry in scores],
        "histogram": chart_of(figure, bench) if figure is not None else None,
        "note": figure.note if figure is not None else "",
        "windows": None,
        "waiting": bool(sound and axis and _listeners(bench)),
    }


def _windows(bench: Workbench, clip: str, prompt: str, axis: str) -> dict[str, Any] | None:
    from qamro.audio import probe

    columns = bench.columns_of(axis)
    path = bench.study.audio_path(clip)  # type: ignore[union-attr]
    width = max(SHORTEST_WINDOW, probe(path).seconds / MOST_WINDOWS)  # a length that is not known is NaN
    found = {}
    for entry in _listeners(bench):
        if entry.name not in columns:
            continue
        table = choices.get(entry.predictor).windows(path, prompt, seconds=width)
        if columns[entry.name] in table.columns:
            found[entry.name] = table[["start", "end"]].assign(**{axis: table[columns[entry.name]]})
    if not found:
        return None
    alt = T.WINDOWS_ALT.format(axis=axis, clip=clip, names=", ".join(found))
    figure = over_time(found, axis)
    return chart_value(figure, name=f"{clip}-{axis}-over-time", alt=alt, audio="#compare-clip audio")


def _listeners(bench: Workbench) -> list[Predictions]:
    """The predictors that can hear: those of the catalogue."""
    return [entry for entry in bench.usable.values() if entry.predictor]


def _system(bench: Workbench, axis: str, system: str) -> dict[str, Any]:
    table = bench.table(axis)
    mine = table[table["system"] == system].sort_values("mean", ascending=False, kind="stable")
    names = [name for name in bench.usable if name in table.columns]
    rows = [
        {
            "name": str(clip),
            "prompt": row["prompt"],
            "mean": float(row["mean"]),
            "predicted": [None if row[name] != row[name] else float(row[name]) for name in names],
        }
        for clip, row in mine.iterrows()
    ]
    return {"kind": "system", "name": system, "axis": axis, "predictors": names, "rows": rows}
