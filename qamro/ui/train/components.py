"""What the Train tab consists of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from qamro.ui.bring import Chooser, study_chooser
from qamro.ui.predict.views import status
from qamro.ui.train import controls, limits, runs
from qamro.ui.train.session import TrainSession
from qamro.ui.train.texts import RUN_WORDS
from qamro.ui.train.texts import TrainTab as T
from qamro.ui.widgets import heading, widget


@dataclass
class Parts:
    """The tab's components, by what they are for."""

    session: gr.State
    chooser: Chooser
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
    stop_by: gr.Radio
    train: gr.Button
    stop: gr.Button
    cancel: gr.Button
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
    """What stands on the card for keeping heads."""

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


def build_components() -> Parts:
    """Lays the tab out: what to train, how, the live curves, the runs, and the heads that are kept."""
    session = gr.State(TrainSession(), delete_callback=TrainSession.close)
    with gr.Column(elem_classes="q-card"):
        heading(T.TITLE, T.NOTE)
        if limits.on_space():
            limit = {"epochs": limits.EPOCHS, "seeds": limits.SEEDS, "seconds": limits.SECONDS, "clips": limits.CLIPS}
            gr.HTML(f'<p class="q-hint">{T.SPACE.format(**limit)}</p>', apply_default_css=False)
        chooser = study_chooser("train", audio=True)
        what = controls.what()
        how = controls.how()
        with gr.Row(elem_classes="q-action"):
            progress = gr.HTML(status(T.READY), elem_id="train-status", apply_default_css=False, scale=4)
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
        session=session, chooser=chooser, **what, **how, **buttons, status=progress, losses=losses,
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
        heading(T.KEEP, T.KEEP_NOTE + (T.KEEP_SPACE if limits.on_space() else ""))
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
    return KeepParts(run, name, save, overwrite, packed, upload, said, kept, card, box)
