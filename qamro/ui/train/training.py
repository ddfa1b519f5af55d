"""What happens when Train is pressed, until the run stands in the table."""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from qamro.ui.predict.views import status
from qamro.ui.static import own_folder
from qamro.ui.train import limits, messages
from qamro.ui.train.choosing import encoder_state, trainable_axes
from qamro.ui.train.jobs import Job
from qamro.ui.train.offered import FITTING, PARAMETERS
from qamro.ui.train.session import TrainedRun, TrainSession
from qamro.ui.train.settings import Settings, command_of
from qamro.ui.train.telling import drawn_now, summary, told
from qamro.ui.train.texts import TrainTab as T
from qamro.ui.train.worker import Task

if TYPE_CHECKING:
    from qamro.studies import Study

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
    name = f"{study.name.partition('(')[0].strip()}-{settings.objective}"
    session.job = Job(Task(study, settings, folder, name, command_of(settings, study.name)))
    end: Any = status(T.CANCELLED)
    try:
        yield status(T.LOADING), off, hidden, shown, same, same  # the last curves stay until there are new ones
        with contextlib.closing(session.job.messages()) as news:
            for answer in told(session, settings, news):
                if isinstance(answer, messages.Done):
                    run = _run(number, study, settings, answer, session)
                    session.runs.append(run)
                    end = status(summary(run, notes))
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
    drawn = drawn_now(session.curves) if session.curves else (same, same)
    yield end, gr.Button(interactive=True), hidden, hidden, *drawn


def stop(session: TrainSession) -> None:
    """Asks the training to end and to keep its best; the training itself says so on the page."""
    session.stop()


def cancel(session: TrainSession) -> None:
    """Ends the training, or a download, at once; what goes on says so on the page."""
    session.cancel()


def _settings(study: Study | None, chosen: Sequence[Any]) -> tuple[Settings, list[str]]:
    """Reads the form; see ``events`` for the order of ``chosen``.

    Raises:
        NotPossible: Something is missing or does not go together.
    """
    axes, encoder, objective, optimizer, seeds, hold_out, stop_by, parameters, fitting = chosen_values(chosen)
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
            label, _ = ({"seeds": (T.SEEDS, "")} | PARAMETERS | FITTING)[key]
            raise NotPossible(T.BAD_NUMBER.format(what=label))
    whole = {key: int(fitting[key]) for key in ("batch_size", "epochs", "patience")}
    settings = Settings(
        tuple(wanted), encoder, objective, tuple(parameters.items()), optimizer, seeds=int(seeds), hold_out=hold_out,
        stop_by=stop_by, **fitting | whole,
    )  # fmt: skip
    settings, cut = limits.limited(settings)
    return settings, [T.CUT.format(what=", ".join(cut))] if cut else []


def chosen_values(chosen: Sequence[Any]) -> tuple[Any, ...]:
    """Splits the form's values: the seven choices, then the parameters that the objective uses, then the fitting."""
    from qamro.training.objective import OBJECTIVES
    from qamro.training.objective.choice import used_by

    choices, numbers = chosen[:7], dict(zip((*PARAMETERS, *FITTING), chosen[7:], strict=True))
    used = used_by(OBJECTIVES[choices[2]]("TA"))
    parameters = {name: numbers[name] for name in PARAMETERS if name in used}
    return *choices, parameters, {name: numbers[name] for name in FITTING}


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
