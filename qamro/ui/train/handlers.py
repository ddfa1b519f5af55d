"""What the Train tab does: choices follow each other, heads are trained, and the page is told how far that is."""

from __future__ import annotations

import contextlib
import json
import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from qamro.checkpoints import readable_size
from qamro.encoders.registry import encoder_entry
from qamro.predictors.loading import MISSING
from qamro.predictors.saved_card import votes_in_words
from qamro.training.objective.objective import OBJECTIVES, used_by
from qamro.training.objective.table import PARAMETERS, TABLE
from qamro.training.presets import Settings, command_of, preset_of
from qamro.ui import pace
from qamro.ui.bounds import PRESENCE, Held, TooMuchError
from qamro.ui.choices import encoder_options, encoder_state, trainable_axes
from qamro.ui.events import Answer
from qamro.ui.middleware import client_of
from qamro.ui.processes import get_ready
from qamro.ui.progress import downloading, status
from qamro.ui.space import on_space
from qamro.ui.static import own_folder
from qamro.ui.texts import Bounds
from qamro.ui.train import figures
from qamro.ui.train.runs import held_out
from qamro.ui.train.state import (
    MOST_CLIPS,
    Curves,
    Done,
    Embedding,
    Epochs,
    Failed,
    Judging,
    Loading,
    Message,
    TrainedRun,
    TrainState,
    Waiting,
    limited,
)
from qamro.ui.train.texts import FITTING, OPTIMIZERS
from qamro.ui.train.texts import TrainTab as T
from qamro.ui.train.worker import Job, Task
from qamro.ui.widgets import chart_value, hint

if TYPE_CHECKING:
    from qamro.studies import Study
    from qamro.ui.train.tab import Parts

CHOICES = ("axes", "encoder", "objective", "optimizer", "seeds", "hold_out", "folds", "stop_by")
"""The form's choices: attributes of the tab's ``Parts``."""

DRAW_EVERY = 0.4
"""Seconds between two drawings of the live curves."""

TRAININGS = Held("QAMRO_TRAININGS_ADDRESS", Bounds.TRAININGS)
"""Trainings that go on or wait, by address."""

EMBEDDED = 1.0
"""Seconds; what embeds all clips faster has found most of them embedded."""

_log = logging.getLogger(__name__)


# The form


def study_chosen(
    p: Parts, study: Study | None, state: TrainState, encoder: str, *, objective: str, preset: str
) -> Answer:
    """Offers the study's axes, takes an objective that can learn from it, and says what to do next."""
    ready = gr.Button(interactive=study is not None and not state.busy)
    offered: Answer = {p.axes: axis_choice(study, encoder), p.train: ready}
    if study is not None and (taken := _learns_from(study, objective, preset)) != objective:
        offered |= {p.objective: taken} | objective_chosen(p, taken)
    if state.busy:
        return offered
    greeting = T.READY if study is None else T.CHOSEN.format(name=study.name, clips=len(study.clips))
    return offered | {p.status: status(greeting)}


def _learns_from(study: Study, objective: str, preset: str) -> str:
    """The objective, or one that does for it: votes alone cannot teach one of ratings, nor ratings one of pairs."""
    if TABLE[objective].on_pairs and study.votes is None:
        return preset_of(preset).objective
    if not TABLE[objective].on_pairs and not study.axes:
        return next((name for name, row in TABLE.items() if row.on_pairs), objective)
    return objective


def axis_choice(study: Study | None, encoder: str) -> gr.CheckboxGroup:
    """Returns the choice of axes, all of them chosen."""
    if study is None:
        return gr.CheckboxGroup([], value=[], info=T.AXES_INFO)
    axes, why = _offered(study, encoder)
    rated = [axis for axis in axes if axis in study.axes]
    return gr.CheckboxGroup(axes, value=rated or axes, info=f"{T.AXES_INFO} {why}".strip())


def _offered(study: Study, encoder: str) -> tuple[list[str], str]:
    """The axes that were rated, then the questions that were voted on; and why others are left out."""
    axes, why = trainable_axes(study, encoder)
    voted = [] if study.votes is None else sorted(map(str, study.votes["axis"].unique()))
    return axes + [question for question in voted if question not in axes], why


def encoder_chosen(p: Parts, encoder: str, study: Study | None) -> Answer:
    """Says what an encoder is and needs, and offers the axes that it serves."""
    return _described(p, encoder) | {p.axes: axis_choice(study, encoder)}


def refresh_encoders(p: Parts, encoder: str) -> Answer:
    """Looks again at which encoders are ready."""
    return {p.encoder: gr.Dropdown(encoder_options())} | _described(p, encoder)


def opened(p: Parts, encoder: str) -> Answer:
    """Looks again at which encoders are ready; meanwhile what trains gets ready, too."""
    get_ready()
    return refresh_encoders(p, encoder)


def cost(
    p: Parts,
    study: Study | None,
    encoder: str,
    *,
    axes: Sequence[str],
    seeds: float,
    optimizer: str,
    objective: str,
) -> Answer:
    """Says how long the training will take, by what ran before."""
    if study is None or not axes or not seeds:
        return {p.cost: ""}
    clips = len(study.clips)
    kind, rows = _pace_of(study, objective, optimizer)
    found = pace.estimate(kind, len(axes) * int(seeds), rows)
    if found is None:
        return {p.cost: hint(T.NO_ESTIMATE)}
    seconds, here = found
    said = (T.ESTIMATE if here else T.ESTIMATE_SHIPPED).format(time=pace.in_words(seconds))
    embedding = pace.estimate(f"embed {encoder}", 1, clips)
    return {p.cost: hint(f"{said} {T.EMBED_FIRST.format(time=pace.in_words(embedding[0]))}" if embedding else said)}


def _pace_of(study: Study, objective: str, optimizer: str) -> tuple[str, int]:
    """The kind of work that a training is (see ``pace.remember``), and its rows: votes, where it learns from those."""
    if study.votes is not None and TABLE[objective].on_pairs:
        return f"train {optimizer} on votes", len(study.votes)
    return f"train {optimizer}", len(study.clips)


def _described(p: Parts, encoder: str) -> Answer:
    entry = encoder_state(encoder)
    note, ready = entry.note, entry.state == "ready"
    if entry.state == MISSING:
        about = encoder_entry(encoder).note
        return {p.encoder_note: hint(f"{about} {note}"), p.download: gr.Button(visible=False)}
    if not ready:
        note += " " + T.NEEDS.format(size=readable_size(entry.bytes), licence=entry.licence)
    button = gr.Button(T.DOWNLOAD.format(size=readable_size(entry.bytes)), visible=not ready)
    return {p.encoder_note: hint(note), p.download: button}


def objective_chosen(p: Parts, name: str) -> Answer:
    """Says what an objective does, and offers the parameters that it uses with its own values."""
    objective, used = OBJECTIVES[name]("TA"), used_parameters(name)
    answer: Answer = {p.objective_note: hint(TABLE[name].note)}
    for parameter, component in p.parameters.items():
        update: dict[str, Any] = {"value": objective.value(parameter), "visible": parameter in used}
        choices = list(PARAMETERS[parameter].choices)
        answer[component] = gr.Dropdown(choices, **update) if choices else gr.Number(**update)
    return answer


def optimizer_chosen(p: Parts, name: str) -> Answer:
    """Says what an optimiser does, and sets rate, batch, epochs; weight decay is AdamW's."""
    _, note, values = OPTIMIZERS[name]
    decay = {p.fitting["weight_decay"]: gr.Number(visible=name == "adamw")}
    return {p.optimizer_note: hint(note)} | {p.fitting[key]: value for key, value in values.items()} | decay


def preset_chosen(p: Parts, name: str, study: Study | None = None) -> Answer:
    """Sets objective, optimiser and all numbers to those of a preset; votes keep an objective of pairs."""
    preset = preset_of(name)
    objective = preset.objective if study is None else _learns_from(study, preset.objective, name)
    numbers = {key: getattr(preset, key) for key in ("lr", "batch_size", "epochs", "patience")}
    return (
        {p.preset_note: hint(preset.note), p.objective: objective, p.optimizer: preset.optimizer}
        | objective_chosen(p, objective)
        | optimizer_chosen(p, preset.optimizer)
        | {p.fitting[key]: value for key, value in numbers.items()}
    )


def fetch(p: Parts, state: TrainState, encoder: str) -> Iterator[Answer]:
    """Downloads an encoder's weights and tells how far it is; Cancel stops it."""
    if state.busy:
        return
    for told in downloading(state, encoder_state(encoder)):
        yield {p.status: told, p.download: gr.Button(interactive=False), p.cancel: gr.Button(visible=True)}
    yield {p.download: gr.Button(interactive=True), p.cancel: gr.Button(visible=False)}


# Training


class NotPossible(ValueError):  # noqa: N818
    """What was chosen cannot be trained; the message says why."""


def train(
    p: Parts, state: TrainState, study: Study | None, request: gr.Request | None = None, **form: Any
) -> Iterator[Answer]:
    """Trains in a process of its own and draws the curves while it does; ends where its visitor is gone.

    Args:
        p: The tab's components.
        state: Of the visitor.
        study: The study in force.
        request: Whose it is.
        **form: For each of ``CHOICES``, ``PARAMETERS`` and ``FITTING`` what stands in the form.
    """
    if state.busy:
        return
    try:
        settings, notes = _settings(study, form)
    except NotPossible as problem:
        yield {p.status: status(str(problem), calm=False)}
        return
    assert study is not None
    state.busy, state.stopping, state.curves, state.began = True, False, {}, 0.0
    hidden, shown = gr.Button(visible=False), gr.Button(visible=True)
    folder, number = state.fresh_folder(own_folder()), state.next_number()
    name = f"{study.name.partition('(')[0].strip()}-{settings.objective}"
    session = getattr(request, "session_hash", None)
    task = Task(study, settings, folder, name, command_of(settings, study.name))
    state.job = Job(task, lambda: PRESENCE.is_gone(session))
    end = status(T.CANCELLED)
    try:  # the last curves stay until there are new ones
        yield {p.status: status(T.LOADING), p.train: gr.Button(interactive=False), p.stop: hidden, p.cancel: shown}
        with TRAININGS.hold(client_of(request)), contextlib.closing(state.job.messages()) as news:
            for told in progress(p, state, settings, news):
                if isinstance(told, Done):
                    run = _run(number, study, settings, told, state)
                    state.runs.append(run)
                    end = status(summary(run, notes))
                elif isinstance(told, Failed):
                    text = T.FAILED if told.expected else T.BROKE
                    end = status(text.format(problem=told.problem), calm=False)
                else:
                    yield told | {p.stop: shown if state.curves else hidden}
    except TooMuchError as problem:
        end = status(str(problem), calm=False)
    except Exception as problem:
        _log.exception("training")
        end = status(T.BROKE.format(problem=problem), calm=False)
    finally:
        state.busy, state.job = False, None
    rest = {p.status: end, p.train: gr.Button(interactive=True), p.stop: hidden, p.cancel: hidden}
    yield rest | (_drawn(p, state.curves) if state.curves else {})


def stop(p: Parts, state: TrainState) -> Answer:
    """Asks the training to end and to keep its best; the training itself says so on the page."""
    state.stop()
    return {}


def cancel(p: Parts, state: TrainState) -> Answer:
    """Ends the training, or a download, at once; what goes on says so on the page."""
    state.cancel()
    return {}


def _settings(study: Study | None, form: Mapping[str, Any]) -> tuple[Settings, list[str]]:
    """Reads the form.

    Raises:
        NotPossible: Something is missing or does not go together.
    """
    if study is None:
        raise NotPossible(T.NO_STUDY)
    allowed, why = _offered(study, form["encoder"])
    wanted = [axis for axis in allowed if axis in form["axes"]]
    if not wanted:
        raise NotPossible(f"{T.NO_AXES} {why}".strip())
    if on_space() and len(study.clips) > MOST_CLIPS:
        raise NotPossible(T.TOO_MANY.format(n=len(study.clips), most=MOST_CLIPS))
    entry = encoder_state(form["encoder"])
    if entry.state != "ready":
        raise NotPossible(T.NOT_READY.format(title=entry.title))
    used = used_parameters(form["objective"])
    for key in ("seeds", *FITTING, *used):
        if form[key] is None:
            label = PARAMETERS[key].label if key in used else ({"seeds": (T.SEEDS, "")} | FITTING)[key][0]
            raise NotPossible(T.BAD_NUMBER.format(what=label))
    fitting = {key: form[key] for key in ("optimizer", "hold_out", "stop_by", *FITTING)}
    whole = {key: int(form[key]) for key in ("seeds", "batch_size", "epochs", "patience")}
    parameters = tuple((key, form[key]) for key in used)
    folds = None if form["folds"] == "auto" else int(form["folds"])
    settings = Settings(tuple(wanted), form["encoder"], form["objective"], parameters, **fitting | whole, folds=folds)
    settings, cut = limited(settings)
    return settings, [T.CUT.format(what=", ".join(cut))] if cut else []


def used_parameters(objective: str) -> list[str]:
    """Returns those of ``PARAMETERS`` that an objective uses."""
    used = used_by(OBJECTIVES[objective]("TA"))  # the axis on which every term acts
    return [name for name in PARAMETERS if name in used]


def _run(number: int, study: Study, settings: Settings, done: Done, state: TrainState) -> TrainedRun:
    card, record = (_json(done.folder / "heads" / name) for name in ("card.json", "run.json"))
    notes = []
    if done.embedding > EMBEDDED:
        pace.remember(f"embed {settings.encoder}", 1, len(study.clips), done.embedding)
    if state.stopping:
        notes.append(T.STOPPED)
    elif state.began and not done.out_of_time:
        fits = len(card["objective"]) * settings.seeds
        seconds = time.monotonic() - state.began - done.embedding  # with the tests on held-out clips
        kind, rows = _pace_of(study, settings.objective, settings.optimizer)
        pace.remember(kind, fits, rows, seconds)
    if done.out_of_time:
        notes.append(T.OUT_OF_TIME.format(seconds=settings.seconds))
    if done.failed:
        notes.append(T.LEFT_OUT.format(n=len(done.failed), why=next(iter(done.failed.values()))))
    curves = {axis: rows for axis, rows in state.curves.items() if axis in card["objective"]}
    run = TrainedRun(number, study, settings, done.folder, card, record, curves, "; ".join(notes))
    run.study = study.of_clips(run.predictions["clip"])
    return run


def _json(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(file.read_text("utf-8")) if file.is_file() else {}
    return found


# What the page is told


def progress(p: Parts, state: TrainState, settings: Settings, news: Iterator[Message | None]) -> Iterator[Any]:
    """Turns messages into a status and figures, now and then; ``Done`` or ``Failed`` is passed on as it is.

    Args:
        p: The tab's components.
        state: Its curves grow.
        settings: What is being trained.
        news: A job's messages.

    Yields:
        What to show on the page; in the end the last message.
    """
    last, drawn = "", 0.0
    for message in news:
        if message is None:
            continue
        if isinstance(message, Loading):
            state.began = time.monotonic()
        if isinstance(message, Done | Failed):
            yield message
            return
        said = _said(message, settings, state)
        if isinstance(message, Epochs):
            state.curves.setdefault(message.axis, []).extend(message.rows)
            if time.monotonic() - drawn > DRAW_EVERY:
                drawn = time.monotonic()
                yield {p.status: said} | _drawn(p, state.curves)
        elif said != last:
            yield {p.status: said}
        last = said


def _said(message: Message, settings: Settings, state: TrainState) -> str:
    if isinstance(message, Waiting):
        return status(T.WAITING.format(place=Bounds.in_line(*message.place)))
    if isinstance(message, Embedding):
        if not message.done:
            return status(T.EMBEDDING_FIRST.format(total=message.total))
        rate = message.done / max(message.seconds, 1e-3)
        text = T.EMBEDDING.format(done=message.done, total=message.total, rate=rate)
        return status(text, message.done, message.total)
    if isinstance(message, Epochs):
        if state.stopping:
            return status(T.STOPPING)
        row = message.rows[-1]
        place = settings.axes.index(message.axis) + 1 if message.axis in settings.axes else 1  # a question is one
        srcc = T.EPOCH_SRCC.format(srcc=row.val_srcc) if row.val_srcc == row.val_srcc else ""
        at = {"axis": message.axis, "place": place, "axes": len(settings.axes), "epoch": row.epoch}
        return status(T.EPOCH.format(**at, loss=row.val_loss, srcc=srcc), place - 1, len(settings.axes))
    return status(T.TESTING if isinstance(message, Judging) else T.LOADING)


def _drawn(p: Parts, curves: Curves) -> Answer:
    """Draws losses and correlations as they are now."""
    what = ", ".join(f"{axis} {rows[-1].val_loss:.3f}" for axis, rows in curves.items())
    losses = chart_value(figures.losses(curves), name="losses", alt=T.LOSS_ALT.format(what=what))
    what = ", ".join(f"{axis} {rows[-1].val_srcc:.3f}" for axis, rows in curves.items())
    srcc = chart_value(figures.correlations(curves), name="validation-srcc", alt=T.SRCC_ALT.format(what=what))
    return {p.losses: losses, p.correlations: srcc}


def summary(run: TrainedRun, notes: Sequence[str]) -> str:
    """Says in a line what came of a run."""
    said = [T.DONE.format(number=run.number, worth=" ".join(_worth(run)))]
    return " ".join([*said, *([f"({run.note}.)"] if run.note else []), *notes])


def _worth(run: TrainedRun) -> list[str]:
    """Held-out SRCC of all axes, over systems where there is a value, else over clips."""
    groups: dict[str, list[str]] = {}
    for axis in run.axes:
        if (voted := held_out(run, axis, "vote", "ACC")) is not None:
            groups.setdefault(T.WORTH_VOTES, []).append(f"{axis} {votes_in_words(voted)}")
            continue
        found = ((what, held_out(run, axis, level)) for what, level in (("systems", "system"), ("clips", "utterance")))
        what, row = next(((what, row) for what, row in found if row is not None), ("", None))
        if row is None:
            groups.setdefault(T.WORTH_UNKNOWN, []).append(axis)
        else:
            ends = "" if row["low"] is None else f" [{row['low']:.2f}, {row['high']:.2f}]"
            over = T.WORTH.format(n=row[what], what=what) + (T.WORTH_HINT if row.get("hint") else "")
            groups.setdefault(over, []).append(f"{axis} {row['value']:.2f}{ends}")
    return [f"{over}: {', '.join(values)}." for over, values in groups.items()]
