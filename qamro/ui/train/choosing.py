"""What changes on the page when a study, an encoder, an objective or an optimiser is chosen."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import TYPE_CHECKING, Any

import gradio as gr

from qamro.checkpoints import readable_size
from qamro.predictors.offers import ENCODER, PredictorState, encoders
from qamro.predictors.trainable import TRAINABLE
from qamro.training.presets import preset_of
from qamro.ui.predict.downloading import downloading
from qamro.ui.predict.views import option, status
from qamro.ui.train.offered import ENCODERS, OBJECTIVES, OPTIMIZERS, PARAMETERS
from qamro.ui.train.session import TrainSession
from qamro.ui.train.texts import TrainTab as T

if TYPE_CHECKING:
    from qamro.studies import Study


def encoder_options() -> list[tuple[str, str]]:
    """Returns the encoders with whether they are ready."""
    return [(option(entry), entry.name.removeprefix(ENCODER)) for entry in encoders()]


def encoder_state(name: str) -> PredictorState:
    """Returns what is known of an encoder without loading it."""
    return next(entry for entry in encoders() if entry.name == f"{ENCODER}{name}")


def trainable_axes(study: Study, encoder: str) -> tuple[list[str], str]:
    """Returns the axes of a study that heads can be trained for, and why TA is left out where it is."""
    if "TA" not in study.axes:
        return study.axes, ""
    why = "" if TRAINABLE[encoder].reads_prompts else T.NO_TA_ENCODER
    if not (study.clips["prompt"] != "").any():
        why = T.NO_TA_PROMPTS
    return [axis for axis in study.axes if axis != "TA" or not why], why


def study_chosen(study: Study | None, session: TrainSession, encoder: str) -> tuple[Any, ...]:
    """Offers the study's axes and says what to do next: axes, Train button, status."""
    ready = gr.Button(interactive=study is not None and not session.busy)
    said = gr.skip() if session.busy else status(T.READY if study is None else _greeting(study))
    return axis_choice(study, encoder), ready, said


def axis_choice(study: Study | None, encoder: str) -> gr.CheckboxGroup:
    """Returns the choice of axes, all of them chosen."""
    if study is None:
        return gr.CheckboxGroup([], value=[], info=T.AXES_INFO)
    axes, why = trainable_axes(study, encoder)
    return gr.CheckboxGroup(axes, value=axes, info=f"{T.AXES_INFO} {T.NO_TA.format(why=why)}" if why else T.AXES_INFO)


def encoder_chosen(encoder: str, study: Study | None) -> tuple[Any, ...]:
    """Says what an encoder is and needs: note, download button, axes."""
    entry = encoder_state(encoder)
    note, ready = ENCODERS[encoder], entry.state == "ready"
    if not ready:
        note += " " + T.NEEDS.format(size=readable_size(entry.bytes), licence=entry.licence)
    button = gr.Button(T.DOWNLOAD.format(size=readable_size(entry.bytes)), visible=not ready)
    return hint(note), button, axis_choice(study, encoder)


def refresh(encoder: str) -> tuple[Any, ...]:
    """Looks again at which encoders are ready: the list, the note, the download button."""
    return gr.Dropdown(encoder_options()), *encoder_chosen(encoder, None)[:2]


def objective_chosen(name: str) -> tuple[Any, ...]:
    """Says what an objective does, and offers the parameters that it uses with its own values."""
    from qamro.training import objective as objectives
    from qamro.training.objective.choice import used_by

    objective = objectives.OBJECTIVES[name]("TA")  # the axis on which every term acts
    used = used_by(objective)
    updates = []
    for parameter in PARAMETERS:
        update: dict[str, Any] = {"value": getattr(objective, parameter), "visible": parameter in used}
        updates.append(gr.Dropdown(T.NORMALIZE, **update) if parameter == "normalize" else gr.Number(**update))
    return hint(OBJECTIVES[name][1]), *updates


def optimizer_chosen(name: str) -> tuple[Any, ...]:
    """Says what an optimiser does, and sets rate, batch, epochs; weight decay is AdamW's."""
    _, note, values = OPTIMIZERS[name]
    numbers = [values[key] for key in ("lr", "batch_size", "epochs")]
    return hint(note), *numbers, gr.Number(visible=name == "adamw")


def preset_chosen(name: str) -> tuple[Any, ...]:
    """Sets objective, optimiser and their numbers: both choices with notes, the parameters, the fitting, patience."""
    preset = preset_of(name)
    note, *parameters = objective_chosen(preset.objective)
    optimizer_note, *_, decay = optimizer_chosen(preset.optimizer)
    numbers = (preset.lr, preset.batch_size, preset.epochs, decay, preset.patience)
    return hint(preset.note), preset.objective, note, *parameters, preset.optimizer, optimizer_note, *numbers


def fetch(session: TrainSession, encoder: str) -> Iterator[tuple[Any, ...]]:
    """Downloads an encoder's weights and tells how far it is; Cancel stops it."""
    if session.busy:
        return
    off, on, said = gr.Button(interactive=False), gr.Button(visible=True), ""
    for said in downloading(session, encoder_state(encoder)):
        yield said, off, on
    yield said, gr.Button(interactive=True), gr.Button(visible=False)


def hint(text: str) -> str:
    """Returns a line of small print; what comes from elsewhere is escaped."""
    return f'<p class="q-hint">{escape(text)}</p>'


def _greeting(study: Study) -> str:
    return T.CHOSEN.format(name=study.name, clips=len(study.clips))
