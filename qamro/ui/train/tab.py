"""What the Train tab consists of, and what happens when."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr

from qamro.training.objective.table import PARAMETERS, TABLE, Parameter
from qamro.training.presets import PRESETS, Settings
from qamro.ui.choices import encoder_options
from qamro.ui.events import AT_ONCE, LAST, QUIET, find, listen
from qamro.ui.progress import status
from qamro.ui.space import on_space
from qamro.ui.study_picker import StudyPicker, study_picker
from qamro.ui.train import handlers, runs, saved_heads
from qamro.ui.train.state import MOST_CLIPS, MOST_EPOCHS, MOST_SECONDS, MOST_SEEDS, TrainState
from qamro.ui.train.texts import FITTING, FOLDS, HOLD_OUT, OPTIMIZERS, RUN_WORDS, STOP_BY
from qamro.ui.train.texts import TrainTab as T
from qamro.ui.widgets import heading, hint, widget

_RANGES: dict[str, dict[str, Any]] = {
    "lr": {"minimum": 1e-6, "maximum": 1},
    "batch_size": {"minimum": 0, "precision": 0}, "epochs": {"minimum": 1, "maximum": 10_000, "precision": 0},
    "patience": {"minimum": 1, "maximum": 10_000, "precision": 0}, "dropout": {"minimum": 0, "maximum": 0.9},
    "weight_decay": {"minimum": 0, "maximum": 10},
}  # fmt: skip


@dataclass
class Parts:
    """The tab's components, by what they are for."""

    state: gr.State
    chooser: StudyPicker
    axes: gr.CheckboxGroup
    encoder: gr.Dropdown
    encoder_note: gr.HTML
    download: gr.Button
    preset: gr.Radio
    preset_note: gr.HTML
    objective: gr.Dropdown
    objective_note: gr.HTML
    parameters: dict[str, Any]
    optimizer: gr.Dropdown
    optimizer_note: gr.HTML
    fitting: dict[str, Any]
    seeds: gr.Number
    hold_out: gr.Dropdown
    folds: gr.Dropdown
    stop_by: gr.Radio
    train: gr.Button
    stop: gr.Button
    cancel: gr.Button
    cost: gr.HTML
    status: gr.HTML
    losses: gr.HTML
    correlations: gr.HTML
    runs: gr.HTML
    compared: gr.Column
    axis: gr.Radio
    csv: gr.DownloadButton
    overlay: gr.HTML
    verdict: gr.HTML
    keep: KeepParts


@dataclass
class KeepParts:
    """What stands on the card for keeping heads, and what follows from it on the Predict tab, where there is one."""

    run: gr.Dropdown
    name: gr.Textbox
    save: gr.Button
    overwrite: gr.Button
    zip: gr.DownloadButton
    upload: gr.UploadButton
    status: gr.HTML
    kept: gr.HTML
    card: gr.Markdown
    card_box: gr.Accordion
    tabs: gr.Tabs | None
    predictor: gr.Dropdown | None
    badges: gr.HTML | None
    download: gr.Button | None


def build() -> None:
    """Builds the tab inside the current ``gr.Tab``."""
    bind(build_components())


def build_components() -> Parts:
    """Lays the tab out: what to train, how, the live curves, the runs, and the heads that are kept."""
    state = gr.State(TrainState(), delete_callback=TrainState.close)
    with gr.Column(elem_classes="q-card"):
        heading(T.TITLE, T.NOTE)
        if on_space():
            limit = {"epochs": MOST_EPOCHS, "seeds": MOST_SEEDS, "seconds": MOST_SECONDS, "clips": MOST_CLIPS}
            gr.HTML(f'<p class="q-hint">{T.SPACE.format(**limit)}</p>', apply_default_css=False)
        chooser = study_picker("train", audio=True, as_list=True)
        with gr.Row(equal_height=False):
            choices = _choice()
        with gr.Accordion(T.MORE, open=False, elem_id="train-more"):
            more = _more()
        with gr.Row(elem_classes="q-action"):
            with gr.Column(scale=4):
                cost = gr.HTML("", elem_id="train-cost", apply_default_css=False)
                progress = gr.HTML(status(T.READY), elem_id="train-status", apply_default_css=False)
            buttons = _buttons()
    with gr.Column(elem_classes="q-card", elem_id="train-live"), gr.Row(elem_classes="q-figures"):
        with gr.Column(min_width=300):
            heading(T.LOSS, T.LOSS_NOTE, level=3)
            losses = widget("chart", None, words=T.CHART_WORDS, elem_id="train-losses")
        with gr.Column(min_width=300):
            heading(T.SRCC, T.SRCC_NOTE, level=3)
            correlations = widget("chart", None, words=T.CHART_WORDS, elem_id="train-srcc")
    done = _runs()
    return Parts(
        state=state, chooser=chooser, **choices, **more, **buttons, cost=cost, status=progress, losses=losses,
        correlations=correlations, **done, keep=_keep(),
    )  # fmt: skip


def _buttons() -> dict[str, Any]:
    small: dict[str, Any] = {"min_width": 130, "scale": 0}
    return {
        "stop": gr.Button(T.STOP, visible=False, elem_id="train-stop", min_width=210, scale=0),
        "cancel": gr.Button(T.CANCEL, visible=False, elem_id="train-cancel", **small),
        "train": gr.Button(T.TRAIN, variant="primary", interactive=False, elem_id="train-go", **small),
    }


def _runs() -> dict[str, Any]:
    with gr.Column(elem_classes="q-card"):
        with gr.Row(elem_classes="q-heading-row"):
            heading(T.RUNS, T.RUNS_NOTE)
            csv = gr.DownloadButton(T.CSV, size="sm", visible=False, elem_id="train-csv", min_width=130, scale=0)
        axis = gr.Radio([], label=T.AXIS, container=False, show_label=False, visible=False, elem_id="train-axis")
        table = widget("train_runs", runs.view([], None), words=RUN_WORDS, elem_id="train-runs")
        with gr.Column(visible=False, elem_id="train-compared") as compared:
            heading(T.OVERLAY, T.OVERLAY_NOTE, level=3)
            overlay = widget("chart", None, words=T.CHART_WORDS, elem_id="train-overlay")
            heading(T.VERDICT, T.VERDICT_NOTE, level=3)
            verdict = gr.HTML("", elem_id="train-verdict", apply_default_css=False)
    return {"runs": table, "axis": axis, "csv": csv, "compared": compared, "overlay": overlay, "verdict": verdict}


def _keep() -> KeepParts:
    small: dict[str, Any] = {"min_width": 160, "scale": 0}
    with gr.Column(elem_classes="q-card", elem_id="train-keep"):
        heading(T.KEEP, T.KEEP_NOTE + (T.KEEP_SPACE if on_space() else ""))
        with gr.Row(equal_height=False):
            with gr.Column(min_width=260):
                run = gr.Dropdown([], label=T.RUN, info=T.RUN_INFO, elem_id="train-keep-run", filterable=False)
            with gr.Column(min_width=260):
                name = gr.Textbox("", label=T.NAME, info=T.NAME_INFO, elem_id="train-name", max_lines=1)
        with gr.Row():
            save = gr.Button(T.SAVE, variant="primary", interactive=False, elem_id="train-save", **small)
            overwrite = gr.Button(T.OVERWRITE, variant="stop", visible=False, elem_id="train-overwrite", **small)
            packed = gr.DownloadButton(T.ZIP, interactive=False, elem_id="train-zip", **small)
            upload = gr.UploadButton(
                T.UPLOAD, file_types=[".zip"], file_count="single", elem_id="train-upload", min_width=250, scale=0
            )
        said = gr.HTML("", elem_id="train-said", apply_default_css=False)
        with gr.Accordion(T.CARD, open=False, visible=False, elem_id="train-card") as box:
            card = gr.Markdown("", elem_classes="q-page")
        kept = widget("train_kept", {"heads": []}, words=T.KEPT_WORDS, elem_id="train-kept")
    return KeepParts(
        run=run, name=name, save=save, overwrite=overwrite, zip=packed, upload=upload, status=said, kept=kept,
        card=card, card_box=box, tabs=find("tabs"), predictor=find("predictor"),
        badges=find("badges"), download=find("download"),
    )  # fmt: skip


def _choice() -> dict[str, Any]:
    """Builds the two choices beside the study's: encoder, and what to start from; the keys are fields of ``Parts``."""
    with gr.Column(min_width=260):
        encoder = gr.Dropdown(
            encoder_options(), value="logmel", label=T.ENCODER, elem_id="train-encoder", filterable=False
        )
        note = gr.HTML("", elem_id="train-encoder-note", apply_default_css=False)
        download = gr.Button("", visible=False, size="sm", elem_id="train-download")
    with gr.Column(min_width=260):
        options = [(preset.title, name) for name, preset in PRESETS.items()]
        preset = gr.Radio(options, value="default", label=T.PRESET, elem_id="train-preset")
        preset_note = gr.HTML(hint(PRESETS["default"].note), elem_id="train-preset-note", apply_default_css=False)
    return {
        "encoder": encoder, "encoder_note": note, "download": download, "preset": preset, "preset_note": preset_note,
    }  # fmt: skip


def _more() -> dict[str, Any]:
    """Builds what need not be chosen: axes, objective, optimiser, seeds, split, and their parameters."""
    first = Settings(())
    half: dict[str, Any] = {"min_width": 260}
    axes = gr.CheckboxGroup([], label=T.AXES, info=T.AXES_INFO, elem_id="train-axes", **half)
    with gr.Row(equal_height=False):
        with gr.Column(**half):
            options = [(row.title, name) for name, row in TABLE.items()]
            objective = gr.Dropdown(
                options, value=first.objective, label=T.OBJECTIVE, elem_id="train-objective", filterable=False
            )
            objective_note = gr.HTML(
                hint(TABLE[first.objective].note), elem_id="train-objective-note", apply_default_css=False
            )
        with gr.Column(**half):
            options = [(title, name) for name, (title, _, _) in OPTIMIZERS.items()]
            optimizer = gr.Dropdown(
                options, value=first.optimizer, label=T.OPTIMIZER, elem_id="train-optimizer", filterable=False
            )
            optimizer_note = gr.HTML(hint(OPTIMIZERS[first.optimizer][1]), apply_default_css=False)
    with gr.Row(equal_height=False):
        with gr.Column(min_width=200):
            seeds = gr.Number(
                first.seeds, label=T.SEEDS, info=T.SEEDS_INFO, elem_id="train-seeds", minimum=1, maximum=20, precision=0
            )
        with gr.Column(scale=2, **half):
            options = [(label, key) for key, label in HOLD_OUT.items()]
            hold_out = gr.Dropdown(
                options, value=first.hold_out, label=T.HOLD_OUT, info=T.HOLD_OUT_INFO, elem_id="train-hold-out",
                filterable=False,
            )  # fmt: skip
        with gr.Column(scale=2, **half):
            options = [(label, key) for key, label in FOLDS.items()]
            folds = gr.Dropdown(
                options, value="auto", label=T.FOLDS, info=T.FOLDS_INFO, elem_id="train-folds", filterable=False
            )
        with gr.Column(scale=2, **half):
            options = [(label, key) for key, label in STOP_BY.items()]
            stop_by = gr.Radio(
                options, value=first.stop_by, label=T.STOP_BY, info=T.STOP_BY_INFO, elem_id="train-stop-by"
            )
    with gr.Row(elem_classes="q-train-parameters"):
        used = handlers.used_parameters(first.objective)
        parameters = {name: _parameter(parameter, name in used) for name, parameter in PARAMETERS.items()}
        fitting = {name: _number(name, getattr(first, name)) for name in FITTING}
    return {
        "axes": axes, "objective": objective, "objective_note": objective_note, "optimizer": optimizer,
        "optimizer_note": optimizer_note, "seeds": seeds, "hold_out": hold_out, "folds": folds, "stop_by": stop_by,
        "parameters": parameters, "fitting": fitting,
    }  # fmt: skip


def _parameter(parameter: Parameter, visible: bool) -> Any:
    common: dict[str, Any] = {"label": parameter.label, "info": parameter.help, "visible": visible, "min_width": 200}
    common["elem_id"] = f"train-{parameter.name}"
    if parameter.choices:
        return gr.Dropdown(list(parameter.choices), value=parameter.default, filterable=False, **common)
    return gr.Number(parameter.default, minimum=parameter.least, maximum=parameter.high, **common)


def _number(name: str, value: Any) -> Any:
    label, info = FITTING[name]
    return gr.Number(value, label=label, info=info, elem_id=f"train-{name}", min_width=200, **_RANGES[name])


def bind(p: Parts) -> None:
    """Binds every event of the tab."""
    _choices(p)
    _training(p)
    _keeping(p)


def _choices(p: Parts) -> None:
    encoder: dict[str, Any] = {"encoder": p.encoder}
    study: dict[str, Any] = {"study": p.chooser.study}
    asked: dict[str, Any] = (
        study | encoder | {name: getattr(p, name) for name in ("axes", "seeds", "optimizer", "objective")}
    )
    fit: dict[str, Any] = {"objective": p.objective, "preset": p.preset}
    # Study and encoder offer other axes: what reads those waits until they stand there.
    for offered in (
        listen(p, p.chooser.study.change, handlers.study_chosen, state=p.state, **study, **encoder, **fit),
        listen(p, p.encoder.input, handlers.encoder_chosen, **study, **encoder),
    ):
        listen(p, offered.then, handlers.cost, **asked)
    changed: Any = partial(gr.on, [p.axes.input, p.seeds.change, p.optimizer.change, p.objective.input])
    listen(p, changed, handlers.cost, LAST, **asked)
    listen(p, p.preset.input, handlers.preset_chosen, name=p.preset, **study)
    listen(p, p.objective.input, handlers.objective_chosen, name=p.objective)
    listen(p, p.optimizer.input, handlers.optimizer_chosen, name=p.optimizer)
    fetched = listen(p, p.download.click, handlers.fetch, state=p.state, **encoder)
    listen(p, fetched.then, handlers.refresh_encoders, **encoder)
    p.chooser.on_open(p, handlers.opened, **encoder)


def _training(p: Parts) -> None:
    form = {name: getattr(p, name) for name in handlers.CHOICES} | p.parameters | p.fitting
    state: dict[str, Any] = {"state": p.state}
    here: dict[str, Any] = state | {"axis": p.axis}
    kept: dict[str, Any] = state | {"number": p.keep.run}
    no_limit: dict[str, Any] = {"concurrency_limit": None} | QUIET
    running = listen(p, p.train.click, handlers.train, no_limit, study=p.chooser.study, **state, **form)
    done = listen(p, running.then, runs.refresh, **here)
    listen(p.keep, done.then, saved_heads.offer_newest, **kept)
    listen(p, p.stop.click, handlers.stop, AT_ONCE, **state)
    listen(p, p.cancel.click, handlers.cancel, AT_ONCE, **state)

    listen(p, p.axis.input, runs.refresh, **here)
    in_order: dict[str, Any] = {"trigger_mode": "multiple", "concurrency_id": "runs", "concurrency_limit": 1} | QUIET
    listen(p, p.runs.select, runs.tick, in_order, **here)
    removed = listen(p, p.runs.delete, runs.remove, in_order, **here)
    listen(p.keep, removed.then, saved_heads.offer, **kept)
    listen(p.keep, p.keep.run.input, saved_heads.describe, **kept)


def _keeping(p: Parts) -> None:
    keep = p.keep
    what: dict[str, Any] = {"state": p.state, "number": keep.run, "name": keep.name}
    chosen: dict[str, Any] = {} if keep.predictor is None else {"predictor": keep.predictor}
    changes = [
        listen(keep, keep.save.click, saved_heads.save, **what),
        listen(keep, keep.name.submit, saved_heads.save, **what),
        listen(keep, keep.overwrite.click, saved_heads.overwrite, **what),
        listen(keep, keep.upload.upload, saved_heads.bring, state=p.state, file=keep.upload),
        listen(keep, keep.kept.delete, saved_heads.delete, **chosen),
        listen(keep, keep.kept.select, saved_heads.use),
    ]
    if keep.predictor is not None:
        for change in changes:
            listen(keep, change.then, saved_heads.describe_predictor, name=keep.predictor)
    p.chooser.on_open(keep, saved_heads.show)
