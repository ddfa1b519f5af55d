"""What stands on the Compare tab."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from qamro.predictors import catalogue
from qamro.ui import choices
from qamro.ui.bring import Chooser, study_chooser
from qamro.ui.compare import texts as words
from qamro.ui.compare.listing import listing
from qamro.ui.compare.payload import empty
from qamro.ui.compare.texts import Bring, View
from qamro.ui.compare.workbench import Workbench
from qamro.ui.predict.views import option
from qamro.ui.session import predict_session
from qamro.ui.widgets import heading, widget

FIRST = "raters"
"""The view that is open at first."""


@dataclass
class Parts:
    """The tab's components, by what they are for."""

    bench: gr.State
    session: gr.State
    chooser: Chooser
    predictions: gr.HTML
    predictor: gr.Dropdown
    score: gr.Button
    cancel: gr.Button
    take: gr.Button
    status: gr.HTML
    view: gr.Radio
    axis: gr.Radio
    working: gr.HTML
    section: gr.HTML
    report: gr.HTML
    ab: gr.HTML
    clip: gr.HTML


def build_components() -> Parts:
    """Lays the components out: ratings, predictions, the views, the clip that is looked at."""
    bench = gr.State(Workbench(), delete_callback=Workbench.close)
    session = predict_session()
    with gr.Column(elem_classes="q-card"):
        heading(Bring.RATINGS, Bring.RATINGS_NOTE)
        chooser = study_chooser("compare")
    with gr.Column(elem_classes="q-card"):
        heading(Bring.PREDICTIONS, Bring.PREDICTIONS_NOTE)
        predictions = widget(
            "compare_predictions", listing(Workbench()), words=words.PREDICTION_WORDS, elem_id="compare-predictions"
        )
        with gr.Row(elem_classes="q-action"):
            predictor = gr.Dropdown(
                [(option(entry), entry.name) for entry in catalogue()],
                value=choices.DEFAULT,
                label=Bring.SCORE_WITH,
                elem_id="compare-predictor",
                filterable=False,
                min_width=220,
                scale=1,
            )
            score = gr.Button(Bring.SCORE, elem_id="compare-score", min_width=170, scale=0)
            cancel = gr.Button(Bring.CANCEL, elem_id="compare-cancel", visible=False, min_width=110, scale=0)
            take = gr.Button(Bring.TAKE, elem_id="compare-take", min_width=290, scale=0)
        status = gr.HTML("", elem_id="compare-status", apply_default_css=False)
    with gr.Column(elem_classes="q-card", elem_id="compare-views"):
        options = [(label, key) for key, label in words.VIEWS.items()]
        pills: dict[str, Any] = {"show_label": False, "container": False}
        view = gr.Radio(options, value=FIRST, label=View.VIEW, elem_id="compare-view", **pills)
        axis = gr.Radio([], label=View.AXIS, elem_id="compare-axis", visible=False, **pills)
        working = gr.HTML("", elem_id="compare-working", apply_default_css=False)
        nothing = empty(Workbench(), FIRST, View.EMPTY, View.EMPTY_HINT, example=True)
        with gr.Column(elem_id="compare-stage"):
            section = widget("compare_section", nothing, words=words.SECTION_WORDS, elem_id="compare-section")
            with gr.Column(elem_id="compare-dock"):
                clip = widget("compare_clip", None, words=words.CLIP_WORDS, elem_id="compare-clip")
                ab = widget("compare_ab", {}, words=words.AB_WORDS, elem_id="compare-ab")
        report = widget("compare_report", {}, words=words.REPORT_WORDS, elem_id="compare-report")
    return Parts(
        bench=bench, session=session, chooser=chooser, predictions=predictions, predictor=predictor, score=score,
        cancel=cancel, take=take, status=status, view=view, axis=axis, working=working, section=section,
        report=report, ab=ab, clip=clip,
    )  # fmt: skip
