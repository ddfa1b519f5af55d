"""The choice of a predictor: what it gives, what it needs, and fetching that on request."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import gradio as gr

from qamro.checkpoints import readable_size
from qamro.predictors import catalogue
from qamro.predictors.offers import DAMAGED
from qamro.ui import choices
from qamro.ui.predict.clips import score_button
from qamro.ui.predict.downloading import downloading
from qamro.ui.predict.views import badges, needs, option, status
from qamro.ui.session import Session
from qamro.ui.texts import Predict as T

_log = logging.getLogger(__name__)


def refresh(request: gr.Request | None = None) -> gr.Dropdown:
    """Looks again at what is ready; the choice stays what the visitor has made of it meanwhile."""
    return gr.Dropdown([(option(entry), entry.name) for entry in catalogue(choices.owner(request))])


def describe(name: str) -> tuple[Any, ...]:
    """Says what kind of numbers a predictor gives; offers the download where it is not ready."""
    try:
        entry = choices.state(name)
        if entry.state == DAMAGED:
            return status(entry.note, calm=False), gr.Button(visible=False)
        if entry.state != "ready":
            return needs(entry), gr.Button(T.DOWNLOAD.format(size=readable_size(entry.bytes)), visible=True)
        predictor = choices.get(name)
        return badges(choices.kinds(predictor), predictor.note), gr.Button(visible=False)
    except Exception as problem:
        _log.warning("predictor %s: %s", name, problem)
        return status(T.NO_PREDICTOR.format(problem=problem), calm=False), gr.Button(visible=False)


def fetch(session: Session, name: str) -> Iterator[tuple[Any, ...]]:
    """Downloads what a predictor needs and tells how far it is; Cancel stops it."""
    if session.busy:
        return
    off, on, said = gr.Button(interactive=False), gr.Button(visible=True), ""
    for said in downloading(session, choices.state(name)):
        yield said, off, off, on
    yield said, score_button(session), gr.Button(interactive=True), gr.Button(visible=False)
