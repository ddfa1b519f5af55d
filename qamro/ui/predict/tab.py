"""What the Predict tab consists of, and what happens when."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr

from qamro.ui import choices
from qamro.ui.events import AT_ONCE, LAST, QUIET, listen
from qamro.ui.examples import examples
from qamro.ui.predict import handlers
from qamro.ui.progress import status
from qamro.ui.results import table
from qamro.ui.session import Session
from qamro.ui.share import share_button
from qamro.ui.texts import Predict as T
from qamro.ui.widgets import heading, widget

# Every click on the list counts. Each answer holds the whole list and its number: the page keeps the newest.
_IN_ORDER: dict[str, Any] = {"trigger_mode": "multiple", "concurrency_limit": None} | QUIET


@dataclass
class Parts:
    """The tab's components, by what they are for."""

    session: gr.State
    clips: gr.HTML
    microphone: gr.Audio
    examples: gr.HTML
    predictor: gr.Dropdown
    badges: gr.HTML
    score: gr.Button
    download: gr.Button
    cancel: gr.Button
    status: gr.HTML
    results: gr.HTML
    verdict: gr.HTML
    csv: gr.DownloadButton
    json: gr.DownloadButton
    share: gr.HTML
    detail: gr.Column
    player: gr.HTML
    timeline: gr.HTML
    radar: gr.HTML
    systems: gr.Column
    axis: gr.Radio
    bars: gr.HTML


def build() -> None:
    """Builds the tab inside the current ``gr.Tab``."""
    bind(build_components())


def build_components() -> Parts:
    """Lays the components out: clips, the Score button, scores, the selected clip, systems."""
    session = gr.State(Session(), delete_callback=Session.close)
    with gr.Column(elem_classes="q-card"):
        heading(T.CLIPS, T.CLIPS_NOTE)
        clips = widget("clips", {"rows": []}, words=T.CLIP_WORDS, elem_id="clips")
        with gr.Row(elem_classes="q-sources"):
            found = [{"title": example.title, "prompt": example.prompt} for example in examples()]
            example_list = widget(
                "examples",
                found,
                words={"title": T.EXAMPLES, "all": T.ALL_EXAMPLES},
                elem_id="examples",
                visible=bool(found),
            )
            with gr.Accordion(T.RECORD, open=False, elem_id="record"):
                microphone = gr.Audio(sources=["microphone"], type="filepath", format="wav", show_label=False)
        with gr.Row(elem_classes="q-action"):
            predictor = gr.Dropdown(
                choices.predictor_options(),
                value=choices.best_ready(),
                label=T.PREDICTOR,
                elem_id="predictor",
                filterable=False,
                min_width=220,
                scale=1,
            )
            badge = gr.HTML(choices.badges([]), elem_id="badges", apply_default_css=False, scale=3)
            download = gr.Button("", variant="secondary", elem_id="download", visible=False, min_width=170, scale=0)
            cancel = gr.Button(T.CANCEL, variant="secondary", elem_id="cancel", visible=False, min_width=110, scale=0)
            score = gr.Button(T.SCORE, variant="primary", elem_id="score", interactive=False, min_width=170, scale=0)
        progress = gr.HTML(status(T.WELCOME), elem_id="status", apply_default_css=False)
    with gr.Column(elem_classes="q-card"):
        with gr.Row(elem_classes="q-heading-row"):
            heading(T.SCORES)
            csv = gr.DownloadButton(T.CSV, size="sm", visible=False, elem_id="csv", min_width=130, scale=0)
            json = gr.DownloadButton(T.JSON, size="sm", visible=False, elem_id="json", min_width=130, scale=0)
            share = share_button("predict-share")
        verdict = gr.HTML("", elem_id="verdict", elem_classes="q-verdict", apply_default_css=False)
        results = widget("results", table(None), words=T.RESULT_WORDS, elem_id="results")
    with gr.Column(elem_classes="q-card", visible=False, elem_id="detail") as detail:
        player = widget("player", None, words=T.PLAYER_WORDS, elem_id="player")
        with gr.Row(elem_classes="q-figures"):
            with gr.Column(scale=3, min_width=320):
                heading(T.DETAIL_WINDOWS, T.DETAIL_WINDOWS_NOTE, level=3)
                timeline = widget("chart", None, words=T.CHART_WORDS, elem_id="timeline")
            with gr.Column(scale=2, min_width=300):
                heading(T.DETAIL_AXES, T.DETAIL_AXES_NOTE, level=3)
                radar = widget("chart", None, words=T.CHART_WORDS, elem_id="radar")
    with gr.Column(elem_classes="q-card", visible=False, elem_id="systems") as systems:
        heading(T.SYSTEMS, T.SYSTEMS_NOTE)
        axis = gr.Radio([], label=T.AXIS, show_label=False, container=False, elem_id="axis")
        bars = widget("chart", None, words=T.CHART_WORDS, elem_id="bars")
    return Parts(
        session=session, clips=clips, microphone=microphone, examples=example_list, predictor=predictor, badges=badge,
        score=score, download=download,
        cancel=cancel, status=progress, results=results, verdict=verdict, csv=csv, json=json, share=share,
        detail=detail,
        player=player, timeline=timeline, radar=radar, systems=systems, axis=axis, bars=bars,
    )  # fmt: skip


def bind(p: Parts) -> None:
    """Binds every event of the tab."""
    clips: dict[str, Any] = {"session": p.session, "typed": p.clips}
    listen(p, p.clips.upload, handlers.upload, _IN_ORDER, **clips)
    listen(p, p.clips.delete, handlers.delete, _IN_ORDER, **clips)
    listen(p, p.clips.clear, handlers.clear, _IN_ORDER, session=p.session)
    listen(p, p.examples.select, handlers.example, _IN_ORDER, **clips)
    listen(p, p.microphone.stop_recording, handlers.recorded, _IN_ORDER, path=p.microphone, **clips)

    listen(p, p.predictor.input, handlers.describe, LAST, name=p.predictor)
    fetched = listen(p, p.download.click, handlers.fetch, session=p.session, name=p.predictor)
    listen(p, listen(p, fetched.then, handlers.refresh).then, handlers.describe, name=p.predictor)
    page = gr.context.Context.root_block
    if page is not None:
        listen(p, page.load, handlers.refresh, AT_ONCE)
        listen(p, page.load, handlers.describe, {"concurrency_limit": None} | QUIET, name=p.predictor)

    pressed: Any = partial(gr.on, [p.score.click, p.clips.submit])
    scoring: dict[str, Any] = {"concurrency_limit": None} | QUIET  # who scores takes turns
    scored = listen(p, pressed, handlers.score, scoring, name=p.predictor, **clips)
    finished = listen(p, scored.then, handlers.finish, session=p.session)
    listen(p, finished.then, handlers.windows, session=p.session)
    listen(p, p.share.download, handlers.share, session=p.session)
    listen(p, p.cancel.click, handlers.cancel, AT_ONCE, session=p.session)

    selected = listen(p, p.results.select, handlers.select, LAST, session=p.session)
    listen(p, selected.then, handlers.windows, LAST, session=p.session)
    listen(p, p.player.retry, handlers.playable, session=p.session)
    listen(p, p.axis.input, handlers.bars, session=p.session, axis=p.axis)
