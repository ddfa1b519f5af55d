"""What happens when Train is pressed, until the run stands in the table."""

from __future__ import annotations

import contextlib
import json
import logging
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from qamro.ui.predict.views import status
from qamro.ui.static import own_folder
from qamro.ui.train import figures, limits, messages
from qamro.ui.train.choosing import encoder_state, trainable_axes
from qamro.ui.train.jobs import AT_ONCE, Job
from qamro.ui.train.runs import held_out
from qamro.ui.train.session import Curves, TrainedRun, TrainSession
from qamro.ui.train.settings import FITTING, PARAMETERS, Settings, command_of, used_by
from qamro.ui.train.texts import TrainTab as T
from qamro.ui.train.worker import Task
from qamro.ui.widgets import chart_value

if TYPE_CHECKING:
    from qamro.studies import Study

DRAW_EVERY = 0.4
"""Seconds between two drawings of the live curves."""

_log = logging.getLogger(__name__)

Answer = tuple[Any, ...]
"""Of ``train``: status, Train, Stop and Cancel buttons, losses, correlations."""


class NotPossible(ValueError):  # noqa: N818
    """What was chosen cannot be trained; the message says why."""


def train(session: TrainSession, study: Study | None, *chosen: Any) -> Iterator[Answer]:
    """Trains in a process of its own and draws the curves while it does."""
    if session.busy:
        return
    same = gr.skip()
    try:
        settings, notes = _settings(study, chosen)
    except NotPossible as problem:
        yield status(str(problem), calm=False), *[same] * 5
        return
    assert study is not None
    session.busy, session.stopping, session.curves = True, False, {}
    off, hidden, shown = gr.Button(interactive=False), gr.Button(visible=False), gr.Button(visible=True)
    folder, number = session.fresh_folder(own_folder()), session.next_number()
    name = f"{study.name}-{settings.objective}"
    session.job = Job(Task(study, settings, folder, name, command_of(settings, study.name)))
    end: Any = status(T.CANCELLED)
    try:
        yield status(T.LOADING), off, hidden, shown, same, same  # the last curves stay until there are new ones
        with contextlib.closing(session.job.messages()) as news:
            for answer in _told(session, settings, news):
                if isinstance(answer, messages.Done):
                    run = _run(number, study, settings, answer, session)
                    session.runs.append(run)
                    end = status(_summary(run, notes))
                elif isinstance(answer, messages.Failed):
                    text = T.FAILED if answer.expected else T.BROKE
                    end = status(text.format(problem=answer.problem), calm=False)
                else:
                    yield answer[0], off, shown if session.curves else hidden, shown, *answer[1:]
    except Exception as problem:
        _log.exception("training")
        end = status(T.BROKE.format(problem=problem), calm=False)
    finally:
        session.busy, session.job = False, None
    drawn = _drawn(session.curves) if session.curves else (same, same)
    yield end, gr.Button(interactive=True), hidden, hidden, *drawn


def stop(session: TrainSession) -> str:
    """Asks the training to end and to keep its best."""
    session.stop()
    return status(T.STOPPING)


def cancel(session: TrainSession) -> str:
    """Ends the training, or a download, at once."""
    session.cancel()
    return status(T.CANCELLING)


def _settings(study: Study | None, chosen: Sequence[Any]) -> tuple[Settings, list[str]]:
    """Reads the form; see ``events`` for the order of ``chosen``.

    Raises:
        NotPossible: Something is missing or does not go together.
    """
    axes, encoder, objective, optimizer, seeds, hold_out, parameters, fitting = chosen_values(chosen)
    if study is None:
        raise NotPossible(T.NO_STUDY)
    allowed, why = trainable_axes(study, encoder)
    wanted = [axis for axis in study.axes if axis in axes and axis in allowed]
    if not wanted:
        raise NotPossible(f"{T.NO_AXES} {T.NO_TA.format(why=why) if why else ''}".strip())
    if limits.on_space() and len(study.clips) > limits.CLIPS:
        raise NotPossible(T.TOO_MANY.format(n=len(study.clips), most=limits.CLIPS))
    entry = encoder_state(encoder)
    if entry.state != "ready":
        raise NotPossible(T.NOT_READY.format(title=entry.title))
    for key, value in {"seeds": seeds, **fitting, **parameters}.items():
        if value is None:
            raise NotPossible(T.BAD_NUMBER.format(what=T.INFO[key][0] if key in T.INFO else T.SEEDS))
    whole = {key: int(fitting[key]) for key in ("batch_size", "epochs", "patience")}
    settings = Settings(
        tuple(wanted), encoder, objective, tuple(parameters.items()), optimizer, seeds=int(seeds), hold_out=hold_out,
        **fitting | whole,
    )  # fmt: skip
    settings, cut = limits.limited(settings)
    return settings, [T.CUT.format(what=", ".join(cut))] if cut else []


def chosen_values(chosen: Sequence[Any]) -> tuple[Any, ...]:
    """Splits the form's values: the six choices, then the parameters that the objective uses, then the fitting."""
    from qamro.training.objective import OBJECTIVES

    choices, numbers = chosen[:6], dict(zip((*PARAMETERS, *FITTING), chosen[6:], strict=True))
    used = used_by(OBJECTIVES[choices[2]]("TA"))
    parameters = {name: numbers[name] for name in PARAMETERS if name in used}
    return *choices, parameters, {name: numbers[name] for name in FITTING}


def _told(session: TrainSession, settings: Settings, news: Iterator[messages.Message | None]) -> Iterator[Any]:
    """Turns messages into status, live card and figures, now and then; the last one is passed on as it is."""
    said: Any = status(T.LOADING)
    drawn, told = 0.0, None
    for message in news:
        if isinstance(message, messages.Done | messages.Failed):
            yield message
            return
        fresh = isinstance(message, messages.Epochs)
        if isinstance(message, messages.Epochs):
            session.curves.setdefault(message.axis, []).extend(message.rows)
        if message is not None:
            said = _said(message, settings, session)
        if fresh and time.monotonic() - drawn > DRAW_EVERY:
            drawn = time.monotonic()
            yield said, *_drawn(session.curves)
        elif message is not None and not fresh and said != told:
            yield said, gr.skip(), gr.skip()
        told = said


def _said(message: messages.Message, settings: Settings, session: TrainSession) -> str:
    if isinstance(message, messages.Waiting):
        return status(T.WAITING.format(n=AT_ONCE))
    if isinstance(message, messages.Embedding):
        if not message.done:
            return status(T.EMBEDDING_FIRST.format(total=message.total))
        rate = message.done / max(message.seconds, 1e-3)
        text = T.EMBEDDING.format(done=message.done, total=message.total, rate=rate)
        return status(text, message.done, message.total)
    if isinstance(message, messages.Epochs):
        if session.stopping:
            return status(T.STOPPING)
        row, place = message.rows[-1], settings.axes.index(message.axis) + 1
        srcc = T.EPOCH_SRCC.format(srcc=row.val_srcc) if row.val_srcc == row.val_srcc else ""
        at = {"axis": message.axis, "place": place, "axes": len(settings.axes), "epoch": row.epoch}
        return status(T.EPOCH.format(**at, loss=row.val_loss, srcc=srcc), place - 1, len(settings.axes))
    return status(T.TESTING if isinstance(message, messages.Judging) else T.LOADING)


def _drawn(curves: Curves) -> Answer:
    what = ", ".join(f"{axis} {rows[-1].val_loss:.3f}" for axis, rows in curves.items())
    losses = chart_value(figures.losses(curves), name="losses", alt=T.LOSS_ALT.format(what=what))
    what = ", ".join(f"{axis} {rows[-1].val_srcc:.3f}" for axis, rows in curves.items())
    srcc = chart_value(figures.correlations(curves), name="validation-srcc", alt=T.SRCC_ALT.format(what=what))
    return losses, srcc


def _run(number: int, study: Study, settings: Settings, done: messages.Done, session: TrainSession) -> TrainedRun:
    from qamro.training.splits import subset

    card, record = (_json(done.folder / "heads" / name) for name in ("card.json", "run.json"))
    notes = []
    if session.stopping:
        notes.append(T.STOPPED)
    if done.out_of_time:
        notes.append(T.OUT_OF_TIME.format(seconds=settings.seconds))
    if done.failed:
        notes.append(T.LEFT_OUT.format(n=len(done.failed), why=next(iter(done.failed.values()))))
    curves = {axis: rows for axis, rows in session.curves.items() if axis in card["objective"]}
    run = TrainedRun(number, study, settings, done.folder, card, record, curves, "; ".join(notes))
    run.study = subset(study, list(run.predictions["clip"]))
    return run


def _json(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(file.read_text("utf-8")) if file.is_file() else {}
    return found


def _summary(run: TrainedRun, notes: Sequence[str]) -> str:
    said = [T.DONE.format(number=run.number, worth=" ".join(_worth(run)))]
    return " ".join([*said, *([f"({run.note}.)"] if run.note else []), *notes])


def _worth(run: TrainedRun) -> list[str]:
    """Held-out SRCC of all axes, over systems where there is a value, else over clips."""
    groups: dict[str, list[str]] = {}
    for axis in run.axes:
        found = ((what, held_out(run, axis, level)) for what, level in (("systems", "system"), ("clips", "utterance")))
        what, row = next(((what, row) for what, row in found if row is not None), ("", None))
        if row is None:
            groups.setdefault(T.WORTH_UNKNOWN, []).append(axis)
        else:
            ends = "" if row["low"] is None else f" [{row['low']:.2f}, {row['high']:.2f}]"
            over = T.WORTH.format(n=row[what], what=what)
            groups.setdefault(over, []).append(f"{axis} {row['value']:.2f}{ends}")
    return [f"{over}: {', '.join(values)}." for over, values in groups.items()]
