"""Getting a sweep: the one that ships, one that was kept, or a new one, told while it runs."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import gradio as gr

from qamro.training.sweeps.setup import Setup
from qamro.ui.bring.desk import Desk
from qamro.ui.bring.following import follow
from qamro.ui.predict.views import status
from qamro.ui.sensitivity import form
from qamro.ui.sensitivity.board import draw
from qamro.ui.sensitivity.session import SensitivitySession, Shown
from qamro.ui.sensitivity.texts import Sensitivity as T

if TYPE_CHECKING:
    from qamro.studies import Study
    from qamro.training.sweeps.store import KeptSweep
    from qamro.ui.sensitivity.parts import Parts

Answer = dict[Any, Any]

_log = logging.getLogger(__name__)


def run(parts: Parts, session: SensitivitySession, study: Study | None, desk: Desk, *given: Any) -> Iterator[Answer]:
    """Runs the sweep that the form asks for, or shows it at once where it was run before."""
    if session.busy:
        return
    try:
        setup = form.read(desk, study, given)
    except ValueError as problem:
        yield {parts.status: status(str(problem), calm=False)}
        return
    if session.wanted is not None and session.wanted[0] == setup:
        session.view = session.wanted[1]
    session.wanted = None
    ready = found_before(setup, study)
    if ready is not None:
        yield show(parts, session, ready)
        return
    session.busy, session.stopping = True, False
    going = {parts.run: gr.Button(interactive=False), parts.cancel: gr.Button(visible=True)}
    rest = {parts.run: gr.Button(interactive=True), parts.cancel: gr.Button(visible=False)}
    said = ""
    try:
        yield going | {parts.status: status(T.OPENING)}
        with contextlib.closing(follow(lambda tell: _sweep(setup, study, tell), lambda: session.stopping)) as news:
            for told in news:
                if "result" in told:
                    shown = told["result"]
                    continue
                yield {parts.status: status(told["text"], told["done"], told["of"])}
        yield rest | show(parts, session, shown)
        return
    except InterruptedError:
        said = status(T.STOPPED)
    except (ValueError, OSError, RuntimeError) as problem:
        said = status(T.FAILED.format(problem=problem), calm=False)
    except Exception as problem:
        _log.exception("a sweep")
        said = status(T.BROKE.format(problem=problem), calm=False)
    finally:
        session.busy = False
    yield rest | {parts.status: said}


def stop(session: SensitivitySession) -> str:
    """Asks the sweep to end."""
    session.cancel()
    return status(T.STOPPING)


def show(parts: Parts, session: SensitivitySession, shown: Shown) -> Answer:
    """Puts a sweep on the page; the look at it stays as far as the sweep has it."""
    session.shown = shown
    view = session.view
    if view.axis not in shown.setup.axes:
        view = replace(view, axis=shown.setup.axes[0])
    if view.model not in shown.models(view.axis):
        view = replace(view, model=shown.first_model(view.axis))
    session.view = view
    return draw(parts, session) | {parts.status: status(shown.note)}


def found_before(setup: Setup, study: Study | None) -> Shown | None:
    """Returns a sweep that ships or was kept; None where it has to be run."""
    from qamro.training.sweeps import store
    from qamro.training.sweeps.bundled import bundled

    kept = bundled(setup)
    if kept is not None:
        return Shown(kept, setup, T.SHIPPED)
    if study is None:
        return None
    kept = store.read(store.kept_folder() / store.key_of(setup, study))
    return None if kept is None else Shown(kept, setup, T.FROM_CACHE)


def _sweep(setup: Setup, study: Study | None, tell: Callable[..., None]) -> Shown:
    from qamro.predictors.saved_loading import remembering_encoder
    from qamro.studies.registry import open_study
    from qamro.training.sweeps import store
    from qamro.training.sweeps.study import sweep_study

    if study is None:
        study = open_study(setup.study)
        before = found_before(setup, study)
        if before is not None:
            return before
    tell(T.ENCODER_LOADING)
    kept: KeptSweep = sweep_study(
        study,
        setup,
        remembering_encoder(setup.encoder),
        on_clip=lambda done, of: tell(T.EMBEDDING.format(done=done, all=of), done, of),
        on_fit=lambda axis, done, of: tell(T.TRAINING.format(axis=axis, done=done, all=of), done, of),
    )
    with contextlib.suppress(OSError):  # a full disk costs the memory, never the answer
        store.keep(store.kept_folder() / store.key_of(setup, study), kept)
    seconds = kept.record["seconds"]["training"]
    return Shown(kept, setup, T.DONE.format(fits=kept.record["fits"], seconds=seconds))
