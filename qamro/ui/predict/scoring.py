"""What happens when Score is pressed, until the last figure stands."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Iterator
from typing import Any

import gradio as gr

from qamro.predictors.offers import DAMAGED
from qamro.ui import choices
from qamro.ui.predict.clips import Typed, score_button, take_over
from qamro.ui.predict.details import bars, detail
from qamro.ui.predict.views import badges, status
from qamro.ui.results import has_systems, system_means, table, to_csv, to_json
from qamro.ui.session import Session
from qamro.ui.static import own_folder
from qamro.ui.texts import Predict as T

TELL_EVERY = 0.12  # seconds between two updates of the page while clips are scored

_log = logging.getLogger(__name__)


def score(session: Session, typed: Typed, name: str) -> Iterator[tuple[Any, ...]]:
    """Scores the clips on the table; tells the page after every few."""
    take_over(session, typed)
    same, end = gr.skip(), (score_button(session), gr.Button(visible=False), *[gr.skip()] * 5)
    if session.busy:
        return
    if not session.clips:
        yield same, status(T.NOTHING), *end
        return
    entry = choices.state(name)
    if entry.state != "ready":
        why = entry.note if entry.state == DAMAGED else T.DOWNLOAD_FIRST.format(title=entry.title)
        yield same, status(why, calm=False), *end
        return
    go = gr.Button(interactive=False), gr.Button(visible=True)
    hide = gr.Column(visible=False), gr.Column(visible=False), gr.Button(visible=False), gr.Button(visible=False)
    session.busy, session.stopping, text = True, False, T.NO_PREDICTOR
    try:
        yield same, status(T.LOADING), *go, same, *hide
        predictor = choices.get(name)
        if session.stopping:
            yield same, status(T.STOPPED_EARLY), *end
            return
        text, told, n = T.BROKE, 0.0, len(session.clips)
        badge: Any = badges(choices.kinds(predictor), predictor.note)
        with contextlib.closing(session.score(predictor)) as rows:
            for done, _ in enumerate(rows, 1):
                if time.monotonic() - told > TELL_EVERY:
                    told = time.monotonic()
                    yield (
                        table(session.run),
                        status(T.SCORING.format(done=done, all=n), done, n),
                        *go,
                        badge,
                        *[same] * 4,
                    )
                    badge = same
        said = badges(choices.kinds(predictor), predictor.note, _domains(session))
        yield table(session.run, _first(session)), status(_summary(session)), *end[:2], said, *end[3:]
    except Exception as problem:
        _log.exception("scoring with %s", name)
        yield table(session.run), status(text.format(problem=problem), calm=False), *end
    finally:
        session.busy = False


def cancel(session: Session) -> str:
    """Asks the run to end."""
    session.cancel()
    return status(T.STOPPING)


def finish(session: Session) -> tuple[Any, ...]:
    """After a run: downloads, systems, and the first clip's details."""
    run = session.run
    if run is None or not run.rows:
        return (gr.Button(visible=False), gr.Button(visible=False), *[gr.skip()] * 6)
    folder = session.folder(own_folder())
    stem = f"qamro-scores-{run.began:%Y%m%d-%H%M%S}"
    files = {ending: folder / f"{stem}.{ending}" for ending in ("csv", "json")}
    files["csv"].write_text(to_csv(run), encoding="utf-8", errors="backslashreplace", newline="")
    files["json"].write_text(to_json(run), encoding="utf-8", errors="backslashreplace")
    downloads = [gr.DownloadButton(value=str(files[ending]), visible=True) for ending in ("csv", "json")]
    axes = [axis for axis in run.axes if system_means(run, axis)] if has_systems(run) else []
    systems = gr.Column(visible=bool(axes)), gr.Radio(axes, value=axes[0] if axes else None)
    picture = bars(session, axes[0]) if axes else None
    session.selected = session.selected or _first(session)
    return (*downloads, *systems, picture, *detail(session))


def _first(session: Session) -> str | None:
    run = session.run
    if run is None or not run.rows:
        return None
    return next(iter(run.good or run.rows))


def _domains(session: Session) -> list[str]:
    run = session.run
    return [run.rows[key].get("domain", "") for key in run.good] if run is not None else []


def _summary(session: Session) -> str:
    run = session.run
    if run is None:
        return ""
    good, failed = len(run.good), len(run.failed)
    if run.cancelled:
        return T.STOPPED.format(good=good, all=len(run.clips))
    return (T.DONE_FAILED if failed else T.DONE).format(good=good, failed=failed, all=len(run.clips))
