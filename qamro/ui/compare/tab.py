"""What stands on the Compare tab, and what happens when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from qamro.ui import choices
from qamro.ui.compare import clip_panel, handlers
from qamro.ui.compare import texts as words
from qamro.ui.compare.render import empty, listing
from qamro.ui.compare.state import CompareState
from qamro.ui.compare.texts import Bring, View
from qamro.ui.events import AT_ONCE, LAST, QUIET, find, listen
from qamro.ui.session import predict_session
from qamro.ui.share import share_button
from qamro.ui.study_picker import StudyPicker, study_picker
from qamro.ui.widgets import heading, widget

FIRST = "raters"
"""The view that is open at first."""


@dataclass
class Parts:
    """The tab's components, by what they are for."""

    state: gr.State
    session: gr.State
    setup: gr.HTML
    chooser: StudyPicker
    example: gr.Button
    predictions: gr.HTML
    predictor: gr.Dropdown
    score: gr.Button
    cancel: gr.Button
    take: gr.Button
    status: gr.HTML
    lines: gr.HTML
    view: gr.Radio
    axis: gr.Radio
    powered: gr.Checkbox
    next: gr.Button
    handed: gr.HTML
    tabs: gr.Tabs | None
    working: gr.HTML
    share: gr.HTML
    section: gr.HTML
    report: gr.HTML
    ab: gr.HTML
    clip: gr.HTML
    plan: gr.HTML


def build() -> None:
    """Builds the tab inside the current ``gr.Tab``."""
    bind(build_components())


def build_components() -> Parts:
    """Lays the components out: ratings, predictions, the views, the clip that is looked at."""
    state = gr.State(CompareState(), delete_callback=CompareState.close)
    session = predict_session()
    with gr.Column(elem_id="compare-setup"):
        setup = widget("compare_setup", None, words=words.SETUP_WORDS, elem_id="compare-setup-line")
        with gr.Column(elem_classes="q-card"):
            with gr.Row(elem_classes="q-heading-row"):
                heading(Bring.RATINGS, Bring.RATINGS_NOTE)
                example = gr.Button(Bring.EXAMPLE, size="sm", elem_id="compare-example", min_width=150, scale=0)
            chooser = study_picker("compare", keeps=True, as_list=True)
        with gr.Column(elem_classes="q-card"):
            heading(Bring.PREDICTIONS, Bring.PREDICTIONS_NOTE)
            predictions = widget(
                "compare_predictions",
                listing(CompareState()),
                words=words.PREDICTION_WORDS,
                elem_id="compare-predictions",
            )
            with gr.Row(elem_classes="q-action"):
                predictor = gr.Dropdown(
                    choices.predictor_options(),
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
    lines = widget("compare_lines", None, words=words.LINE_WORDS, elem_id="compare-lines")
    with gr.Column(elem_classes="q-card", elem_id="compare-views"):
        options = [(label, key) for key, label in words.TITLES.items()]
        pills: dict[str, Any] = {"show_label": False, "container": False}
        view = gr.Radio(options, value=FIRST, label=View.VIEW, elem_id="compare-view", **pills)
        axis = gr.Radio([], label=View.AXIS, elem_id="compare-axis", visible=False, **pills)
        with gr.Row(elem_classes="q-action"):
            powered = gr.Checkbox(
                False, label=Bring.POWERED, elem_id="compare-powered", visible=False, container=False, scale=1
            )
            further = gr.Button(Bring.NEXT, elem_id="compare-next", visible=False, min_width=240, scale=0)
            share = share_button("compare-share", ready=True)
        handed = gr.HTML("", elem_id="compare-handed", apply_default_css=False)
        working = widget("compare_working", None, words=words.WORKING_WORDS, elem_id="compare-working")
        nothing = empty(CompareState(), FIRST, View.EMPTY, View.EMPTY_HINT)
        with gr.Column(elem_id="compare-stage"):
            section = widget("compare_section", nothing, words=words.SECTION_WORDS, elem_id="compare-section")
            with gr.Column(elem_id="compare-dock"):
                clip = widget("compare_clip", None, words=words.CLIP_WORDS, elem_id="compare-clip")
                ab = widget("compare_ab", {}, words=words.AB_WORDS, elem_id="compare-ab")
        plan = widget("compare_plan", None, words=words.PLAN_WORDS, elem_id="compare-plan")
        report = widget("compare_report", {}, words=words.REPORT_WORDS, elem_id="compare-report")
    return Parts(
        state=state, session=session, setup=setup, lines=lines, chooser=chooser, example=example,
        predictions=predictions, predictor=predictor, score=score,
        cancel=cancel, take=take, status=status, view=view, axis=axis, powered=powered, next=further,
        handed=handed, tabs=find("tabs"), working=working, share=share,
        section=section, report=report, ab=ab, clip=clip, plan=plan,
    )  # fmt: skip


def bind(p: Parts) -> None:
    """Binds every event of the tab."""
    state: dict[str, Any] = {"state": p.state}
    looked: dict[str, Any] = state | {"axis": p.axis}
    viewed: dict[str, Any] = looked | {"view": p.view}
    shown: dict[str, Any] = viewed | {"picker": p.chooser.state}
    scoring: dict[str, Any] = {"concurrency_limit": None} | QUIET  # who scores takes turns

    def after(event: Any) -> Any:
        """Whatever changed what is compared: the axes, the view and the clip follow."""
        chosen = listen(p, event.then, handlers.axes, **viewed)
        listen(p, chosen.then, handlers.begin, LAST, **looked)
        return again(listen(p, chosen.then, handlers.show, **shown))

    def again(event: Any) -> Any:
        """The clip that is looked at follows, and then its windows."""
        return windows(listen(p, event.then, clip_panel.again, **looked))

    def windows(event: Any, options: dict[str, Any] = QUIET) -> Any:
        return listen(p, event.then, clip_panel.windows, options, **looked)

    chosen = after(
        listen(
            p,
            p.chooser.study.change,
            handlers.choose,
            study=p.chooser.study,
            picker=p.chooser.state,
            view=p.view,
            **state,
        )
    )
    after(listen(p, chosen.then, handlers.example, scoring, **state))
    listen(p, p.example.click, handlers.open_example, also=[p.chooser.study], picker=p.chooser.state)

    after(listen(p, p.predictions.upload, handlers.upload, **state))
    after(listen(p, p.predictions.delete, handlers.remove, **state))
    after(listen(p, p.predictions.edit, handlers.pair, **state))
    after(listen(p, p.take.click, handlers.take, session=p.session, **state))
    after(listen(p, p.score.click, handlers.score, scoring, name=p.predictor, **state))
    listen(p, p.cancel.click, handlers.cancel, AT_ONCE, **state)

    listen(p, p.view.input, handlers.axes, LAST, **viewed)
    listen(p, p.view.input, handlers.show, LAST, **shown)
    again(listen(p, p.axis.input, handlers.show, LAST, **shown))
    listen(p, p.axis.input, handlers.begin, LAST, **looked)
    told = listen(p, p.powered.input, handlers.power, LAST, powered=p.powered, **state)
    listen(p, told.then, handlers.show, **shown)
    listen(p, p.next.click, handlers.hand_over, session=p.session, **looked)
    after(listen(p, p.section.apply, handlers.leave_out, LAST, **state))

    listen(p, p.plan.submit, handlers.plan, LAST, **looked)

    for part in (p.section, p.clip):
        windows(listen(p, part.select, clip_panel.select, LAST, **looked), LAST)
    windows(listen(p, p.clip.retry, clip_panel.retry, **looked))
    listen(p, p.clip.clear, clip_panel.close, **state)
    listen(p, p.clip.input, clip_panel.put_side, **looked)
    listen(p, p.ab.clear, clip_panel.clear_sides, **state)
    listen(p, p.ab.retry, clip_panel.retry_sides, **looked)

    listen(p, p.report.download, handlers.write, **state)
    listen(p, p.share.download, handlers.share, **viewed)
    listen(p, p.report.stop, handlers.stop, AT_ONCE, **state)
    p.chooser.on_open(p, handlers.opened, **state)
