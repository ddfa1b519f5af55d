"""A study's clips scored by a predictor of the catalogue, with progress; Cancel keeps what is done."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Iterator
from typing import Any

import gradio as gr

from qamro.predictors.offers import DAMAGED
from qamro.ui import choices
from qamro.ui.compare.listing import listing
from qamro.ui.compare.texts import Bring as T
from qamro.ui.compare.workbench import Workbench
from qamro.ui.predict.views import status

TELL_EVERY = 0.15
"""Seconds between two updates of the page."""

Answer = tuple[Any, Any, Any, Any]
"""Of every handler: the list of predictors, the line about what goes on, the Score button, the Cancel button."""

_log = logging.getLogger(__name__)


def score(bench: Workbench, name: str) -> Iterator[Answer]:
    """Scores the clips of the study that have sound, and puts the predictor beside the others."""
    end = gr.Button(interactive=True), gr.Button(visible=False)
    if bench.busy:
        yield gr.skip(), gr.skip(), gr.skip(), gr.skip()
        return
    refusal = _refusal(bench, name)
    if refusal:
        yield gr.skip(), status(refusal, calm=False), *end
        return
    bench.busy, bench.stopping = True, False
    try:
        yield gr.skip(), status(T.LOADING), gr.Button(interactive=False), gr.Button(visible=True)
        for said in _score(bench, name):
            yield gr.skip(), said, gr.skip(), gr.skip()
        yield listing(bench), gr.skip(), *end
    except Exception as problem:
        _log.exception("scoring a study with %s", name)
        yield listing(bench), status(T.BROKE.format(problem=problem), calm=False), *end
    finally:
        bench.busy = False


def example(bench: Workbench) -> Iterator[Answer]:
    """Scores the simulated study with the predictor that is always there, so that there is something to compare."""
    if bench.study is not None and bench.study.kind == "simulated" and not bench.usable:
        yield from score(bench, choices.DEFAULT)
    else:
        yield gr.skip(), gr.skip(), gr.skip(), gr.skip()  # Gradio wants an answer of every handler


def cancel(bench: Workbench) -> str:
    """Asks the scoring to end."""
    bench.cancel()
    return status(T.STOPPING)


def _refusal(bench: Workbench, name: str) -> str:
    if bench.study is None:
        return T.NO_STUDY
    if len(bench.study.missing_audio()) == len(bench.study.clips):
        return T.NO_AUDIO.format(name=bench.study.name)
    entry = choices.state(name)
    if entry.state == DAMAGED:
        return entry.note
    return "" if entry.state == "ready" else T.NOT_READY.format(title=entry.title)


def _score(bench: Workbench, name: str) -> Iterator[str]:
    """Adds the predictor at the end; yields what to say meanwhile."""
    import pandas as pd

    study, title = bench.study, choices.state(name).title
    if study is None:
        return
    predictor = choices.get(name)
    silent = set(study.missing_audio())
    clips = study.clips[~study.clips["clip"].isin(silent)]
    paths = [study.audio_path(clip) for clip in clips["clip"]]
    stream = predictor.stream(paths, clips["prompt"].tolist(), clips["system"].tolist())
    rows: list[dict[str, Any]] = []
    told = 0.0
    with contextlib.closing(stream) as scored:  # type: ignore[type-var]
        for clip, path, row in zip(clips["clip"], paths, scored, strict=False):
            if bench.stopping or bench.study is not study:
                break
            rows.append(row | {"clip": clip, "path": path.name, "error": row["error"].replace(str(path), path.name)})
            if time.monotonic() - told > TELL_EVERY:
                told = time.monotonic()
                yield status(T.SCORING.format(title=title, done=len(rows), all=len(paths)), len(rows), len(paths))
    good = [row for row in rows if not row["error"]]
    counts = {"title": title, "good": len(good), "all": len(paths), "failed": len(rows) - len(good)}
    if bench.study is not study or not good:
        yield status(T.STOPPED_EARLY if bench.stopping else T.SCORED_SOME.format(**counts, error=_first(rows)))
        return
    table = pd.DataFrame(good, columns=predictor.columns)
    bench.add(predictor.name, table, T.FROM_SCORING.format(n=len(good), all=len(study.clips)), name)
    text = T.STOPPED if len(rows) < len(paths) else T.SCORED_SOME if counts["failed"] else T.SCORED
    yield status(text.format(**counts, error=_first(rows)))


def _first(rows: list[dict[str, Any]]) -> str:
    return next((row["error"] for row in rows if row["error"]), "")
