"""The choice of a predictor: what it gives, what it needs, and fetching that on request."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from typing import Any

import gradio as gr

from qamro.checkpoints import FetchCancelledError, WeightsError, readable_size
from qamro.predictors import catalogue
from qamro.predictors.offers import DAMAGED
from qamro.ui import choices
from qamro.ui.predict.clips import score_button
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
    session.busy, session.stopping = True, False
    entry = choices.state(name)
    off, on = gr.Button(interactive=False), gr.Button(visible=True)
    try:
        with contextlib.closing(choices.fetching(name, lambda: session.stopping)) as progress:
            for done, total in progress:
                sizes = {"done": readable_size(done), "all": readable_size(total or entry.bytes)}
                yield status(T.FETCHING.format(title=entry.title, **sizes), done, total or entry.bytes), off, off, on
        said = status(T.FETCHED.format(title=entry.title))
    except FetchCancelledError:
        said = status(T.FETCH_STOPPED)
    except (WeightsError, OSError) as problem:
        said = status(T.FETCH_FAILED.format(problem=problem), calm=False)
    finally:
        session.busy = False
    yield said, score_button(session), gr.Button(interactive=True), gr.Button(visible=False)
