"""What a visitor sets before training: axes, encoder, objective, optimiser, and the parameters of both."""

from __future__ import annotations

from typing import Any

import gradio as gr

from qamro.training.presets import PRESETS
from qamro.ui.train.choosing import encoder_options, hint
from qamro.ui.train.offered import FITTING, HOLD_OUT, OBJECTIVES, OPTIMIZERS, PARAMETERS, STOP_BY
from qamro.ui.train.settings import Settings
from qamro.ui.train.texts import TrainTab as T

_RANGES: dict[str, dict[str, Any]] = {
    "alpha": {"minimum": 0}, "beta": {"minimum": 1}, "margin": {"minimum": 0}, "temperature": {"minimum": 0.01},
    "sigma": {"minimum": 0.005, "maximum": 1}, "regression_weight": {"minimum": 0}, "ranking_weight": {"minimum": 0},
    "alignment_weight": {"minimum": 0}, "lr": {"minimum": 1e-6, "maximum": 1},
    "batch_size": {"minimum": 0, "precision": 0}, "epochs": {"minimum": 1, "maximum": 10_000, "precision": 0},
    "patience": {"minimum": 1, "maximum": 10_000, "precision": 0}, "dropout": {"minimum": 0, "maximum": 0.9},
    "weight_decay": {"minimum": 0, "maximum": 10},
}  # fmt: skip

FIRST = {
    "alpha": 0.2, "beta": 7.0, "margin": 0.1, "temperature": 1.0, "sigma": 0.0625, "regression_weight": 1.0,
    "ranking_weight": 1.0, "alignment_weight": 0.3, "normalize": "batch",
}  # fmt: skip
"""What the parameters say before another objective is chosen."""


def what() -> dict[str, Any]:
    """Builds the choice of axes and encoder; the keys are fields of ``Parts``."""
    with gr.Row(equal_height=False):
        axes = gr.CheckboxGroup([], label=T.AXES, info=T.AXES_INFO, elem_id="train-axes", min_width=260)
        with gr.Column(min_width=260):
            encoder = gr.Dropdown(
                encoder_options(), value="logmel", label=T.ENCODER, elem_id="train-encoder", filterable=False
            )
            note = gr.HTML("", elem_id="train-encoder-note", apply_default_css=False)
            download = gr.Button("", visible=False, size="sm", elem_id="train-download")
    return {"axes": axes, "encoder": encoder, "encoder_note": note, "download": download}


def how() -> dict[str, Any]:
    """Builds the choice of objective, optimiser, seeds and split, and the parameters folded away."""
    from qamro.training.objective import OBJECTIVES as KNOWN
    from qamro.training.objective.choice import used_by

    first = Settings(())
    used = used_by(KNOWN[first.objective]("TA"))
    with gr.Row(equal_height=False), gr.Column(min_width=260):
        options = [(preset.title, name) for name, preset in PRESETS.items()]
        preset = gr.Radio(options, value="default", label=T.PRESET, elem_id="train-preset")
        preset_note = gr.HTML(hint(PRESETS["default"].note), elem_id="train-preset-note", apply_default_css=False)
    with gr.Row(equal_height=False):
        with gr.Column(min_width=260):
            options = [(title, name) for name, (title, _) in OBJECTIVES.items()]
            objective = gr.Dropdown(
                options, value=first.objective, label=T.OBJECTIVE, elem_id="train-objective", filterable=False
            )
            objective_note = gr.HTML(
                hint(OBJECTIVES[first.objective][1]), elem_id="train-objective-note", apply_default_css=False
            )
        with gr.Column(min_width=260):
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
        with gr.Column(scale=2, min_width=260):
            options = [(label, key) for key, label in HOLD_OUT.items()]
            hold_out = gr.Dropdown(
                options,
                value=first.hold_out,
                label=T.HOLD_OUT,
                info=T.HOLD_OUT_INFO,
                elem_id="train-hold-out",
                filterable=False,
            )
        with gr.Column(scale=2, min_width=260):
            options = [(label, key) for key, label in STOP_BY.items()]
            stop_by = gr.Radio(
                options, value=first.stop_by, label=T.STOP_BY, info=T.STOP_BY_INFO, elem_id="train-stop-by"
            )
    with gr.Accordion(T.ADVANCED, open=False, elem_id="train-parameters", elem_classes="q-train-parameters"), gr.Row():
        parameters = {name: _parameter(name, FIRST[name], name in used) for name in PARAMETERS}
        fitting = {name: _parameter(name, getattr(first, name), True) for name in FITTING}
    return {
        "preset": preset, "preset_note": preset_note, "objective": objective, "objective_note": objective_note,
        "optimizer": optimizer, "optimizer_note": optimizer_note, "seeds": seeds, "hold_out": hold_out,
        "stop_by": stop_by, "parameters": parameters, "fitting": fitting,
    }  # fmt: skip


def _parameter(name: str, value: Any, visible: bool) -> Any:
    label, info = (PARAMETERS | FITTING)[name]
    common: dict[str, Any] = {"label": label, "info": info, "elem_id": f"train-{name}", "min_width": 200}
    if name == "normalize":
        return gr.Dropdown(T.NORMALIZE, value=value, visible=visible, filterable=False, **common)
    return gr.Number(value, visible=visible, **_RANGES[name], **common)
