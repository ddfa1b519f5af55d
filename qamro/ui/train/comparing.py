"""The table of runs, their curves over each other, and what can be claimed."""

from __future__ import annotations

import logging
from html import escape
from typing import Any

import gradio as gr

from qamro.ui.predict.views import status
from qamro.ui.static import own_folder
from qamro.ui.train import figures, runs
from qamro.ui.train.session import TrainSession
from qamro.ui.train.texts import TrainTab as T
from qamro.ui.train.verdict import Verdict, verdict
from qamro.ui.widgets import chart_value

_log = logging.getLogger(__name__)

Answer = tuple[Any, ...]
"""The choice of an axis, the table, the download, the card below, the overlay, the verdict."""


def refresh(session: TrainSession, axis: str | None) -> Answer:
    """Shows the runs as they are now."""
    axes = runs.axes_of(session.runs)
    axis = axis if axis in axes else next(iter(axes), None)
    choice = gr.Radio(axes, value=axis, visible=len(axes) > 1)
    table = runs.view(session.runs, axis)
    if axis is None:
        return choice, table, gr.DownloadButton(visible=False), gr.Column(visible=False), None, ""
    return choice, table, _csv(session), *_compared(session, axis)


def tick(session: TrainSession, axis: str | None, event: gr.EventData) -> Answer:
    """Draws a run, or leaves it out."""
    run = session.find(event.id)
    if run is not None:
        run.shown = bool(event.shown)
    return refresh(session, axis)


def remove(session: TrainSession, axis: str | None, event: gr.EventData) -> Answer:
    """Forgets a run."""
    session.remove(event.id)
    return refresh(session, axis)


def _csv(session: TrainSession) -> gr.DownloadButton:
    file = session.folder(own_folder()) / "qamro-runs.csv"
    file.write_text(runs.to_csv(session.runs), encoding="utf-8", newline="")
    return gr.DownloadButton(value=str(file), visible=True)


def _compared(session: TrainSession, axis: str) -> Answer:
    shown = [run for run in session.runs if run.shown and axis in run.axes]
    drawn = [run for run in shown if run.curves.get(axis)]
    picture = None
    if drawn:
        what = ", ".join(run.title for run in drawn)
        picture = chart_value(
            figures.overlay(drawn, axis), name=f"runs-{axis}", alt=T.OVERLAY_ALT.format(axis=axis, what=what)
        )
    try:
        said = _said(verdict(shown, axis))
    except Exception as problem:
        _log.exception("comparing runs")
        said = status(T.BROKE_COMPARING.format(problem=problem), calm=False)
    return gr.Column(visible=True), picture, said


def _said(found: Verdict) -> str:
    said = "".join(f"<p>{escape(sentence)}</p>" for sentence in found.said)
    if found.details:
        all_of_them = "".join(f"<p>{escape(sentence)}</p>" for sentence in found.details)
        said += f"<details><summary>{T.VERDICT_ALL.format(n=len(found.details))}</summary>{all_of_them}</details>"
    return said
