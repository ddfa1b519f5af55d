"""What the Predict tab consists of, and what happens when."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr

from qamro.axes import AXES
from qamro.ui import choices
from qamro.ui.events import AT_ONCE, LAST, QUIET, listen
from qamro.ui.examples import examples
from qamro.ui.predict import handlers
from qamro.ui.progress import status
from qamro.ui.results import table
from qamro.ui.session import SHELF, Session
from qamro.ui.share import share_button
from qamro.ui.texts import Predict as T
from qamro.ui.widgets import heading, widget

# Every click on the list counts, and those who score take turns (see ``Turns``). What is done at once goes through the
# queue, too: two ways to the server would mix answers more. Even so, events that come together are handled in any
# order: each answer holds the whole list and its number, what is typed its time, and older ones are passed over.
_EACH: dict[str, Any] = {"trigger_mode": "multiple", "concurrency_limit": None} | QUIET


@dataclass
class Parts:
    """The tab's components, by what they are for."""

    session: gr.State
    predictor: gr.Dropdown
    badges: gr.HTML
    auto: gr.Checkbox
    download: gr.Button
    cancel: gr.Button
    score: gr.Button
    status: gr.HTML
    verdict: gr.HTML
    csv: gr.DownloadButton
    json: gr.DownloadButton
    share: gr.HTML
    clips: gr.HTML
    results: gr.HTML
    examples: gr.HTML
    microphone: gr.Audio
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
    """Lays the components out: what scores, the verdict, clips with their scores, the selected clip, systems.

    The style sheet hides what has no use before the first clip, and puts the selected clip beside the table where
    there is place.
    """
    session = gr.State(Session(), delete_callback=SHELF.leave)
    with gr.Column(elem_classes="q-card", elem_id="predict"):
        heading(T.CLIPS, T.CLIPS_NOTE)
        with gr.Row(elem_classes="q-action"):
            predictor = gr.Dropdown(
                choices.predictor_options(),
                value=choices.best_ready(),
                label=T.PREDICTOR,
                elem_id="predictor",
                filterable=False,
                min_width=200,
                scale=1,
            )
            badge = gr.HTML(choices.badges([]), elem_id="badges", apply_default_css=False, scale=3)
            with gr.Column(elem_classes="q-press", scale=0, min_width=210):
                download = gr.Button("", variant="secondary", elem_id="download", visible=False, min_width=170)
                cancel = gr.Button(T.CANCEL, variant="secondary", elem_id="cancel", visible=False, min_width=110)
                score = gr.Button(T.SCORE, variant="primary", elem_id="score", interactive=False, min_width=170)
                auto = gr.Checkbox(True, label=T.AUTO.format(most=handlers.FEW - 1), elem_id="auto", container=False)
        with gr.Row(elem_classes="q-heading-row"):
            progress = gr.HTML(status(T.WELCOME), elem_id="status", apply_default_css=False)
            csv = gr.DownloadButton(T.CSV, size="sm", visible=False, elem_id="csv", min_width=70, scale=0)
            json = gr.DownloadButton(T.JSON, size="sm", visible=False, elem_id="json", min_width=70, scale=0)
            share = share_button("predict-share")
        verdict = gr.HTML("", elem_id="verdict", elem_classes="q-verdict", apply_default_css=False)
        with gr.Row(elem_classes="q-work"):
            with gr.Column(min_width=0):
                clips = widget("clips", {"rows": []}, words=T.CLIP_WORDS, elem_id="clips")
                results = widget("scores", table(None), elem_id="results")
            with gr.Column(elem_id="detail", min_width=0):
                player = widget("player", None, words=T.PLAYER_WORDS, elem_id="player")
                with gr.Row(elem_classes="q-figures"):
                    with gr.Column(min_width=280):
                        heading(T.DETAIL_AXES, T.DETAIL_AXES_NOTE, level=3)
                        radar = widget("chart", None, words=T.CHART_WORDS, elem_id="radar")
                    with gr.Column(min_width=280):
                        heading(T.DETAIL_WINDOWS, T.DETAIL_WINDOWS_NOTE, level=3)
                        timeline = widget("chart", None, words=T.CHART_WORDS, elem_id="timeline")
            with gr.Column(elem_classes="q-more", min_width=0):
                found = [{"title": example.title, "prompt": example.prompt} for example in examples()]
                example_list = widget(
                    "examples",
                    found,
                    words={"title": T.EXAMPLES, "all": T.ALL_EXAMPLES},
                    elem_id="examples",
                    visible=bool(found),
                )
                with gr.Accordion(T.RECORD, open=False, elem_id="record") as record:
                    # Its half a megabyte of scripts comes when somebody opens it.
                    microphone = gr.Audio(
                        sources=["microphone"], type="filepath", format="wav", show_label=False, visible=False
                    )
                shown = "() => ({ __type__: 'update', visible: true })"
                record.expand(None, None, microphone, js=shown, api_visibility="private")
                gr.HTML(_axes(), elem_id="axes-meaning", apply_default_css=False)
    with gr.Column(elem_classes="q-card", visible=False, elem_id="systems") as systems:
        heading(T.SYSTEMS, T.SYSTEMS_NOTE)
        axis = gr.Radio([], label=T.AXIS, show_label=False, container=False, elem_id="axis")
        bars = widget("chart", None, words=T.CHART_WORDS, elem_id="bars")
    return Parts(
        session=session, predictor=predictor, badges=badge, auto=auto, download=download, cancel=cancel, score=score,
        status=progress, verdict=verdict, csv=csv, json=json, share=share, clips=clips, results=results,
        examples=example_list, microphone=microphone, player=player, timeline=timeline, radar=radar, systems=systems,
        axis=axis, bars=bars,
    )  # fmt: skip


def _axes() -> str:
    """What the axes mean, folded."""
    rows = "".join(
        f"<dt><b>{axis.key}</b> {axis.name}, {axis.low:g} to {axis.high:g}</dt>"
        f"<dd>{axis.definition}{'' if axis.is_quality else f' {T.NO_QUALITY}'}</dd>"
        for axis in AXES.values()
    )
    return f'<details class="q-fold"><summary>{T.AXES}</summary><dl>{rows}</dl></details>'


def bind(p: Parts) -> None:
    """Binds every event of the tab."""
    clips: dict[str, Any] = {"session": p.session, "typed": p.clips}
    chosen: dict[str, Any] = {"session": p.session, "name": p.predictor, "auto": p.auto}
    changed = [
        listen(p, p.clips.upload, handlers.upload, _EACH, **clips),
        listen(p, p.clips.input, handlers.edited, _EACH, **clips),
        listen(p, p.clips.delete, handlers.delete, _EACH, **clips),
        listen(p, p.examples.select, handlers.example, _EACH, **clips),
        listen(p, p.microphone.stop_recording, handlers.recorded, _EACH, path=p.microphone, **clips),
    ]

    listen(p, p.clips.blur, handlers.edited, _EACH, **clips)
    listen(p, p.clips.clear, handlers.clear, _EACH, session=p.session)

    described = listen(p, p.predictor.input, handlers.describe, LAST, session=p.session, name=p.predictor)
    fetched = listen(p, p.download.click, handlers.fetch, session=p.session, name=p.predictor)
    fetched = listen(p, fetched.then, handlers.refresh)
    fetched = listen(p, fetched.then, handlers.describe, session=p.session, name=p.predictor)
    for done in (*changed, described, fetched):
        listen(p, done.then, handlers.by_itself, _EACH, **chosen)

    arrived = listen(p, p.clips.focus, handlers.arrive, AT_ONCE, also=[p.session], session=p.session)
    listen(p, arrived.then, handlers.resume, _EACH, **chosen)

    pressed: Any = partial(gr.on, [p.score.click, p.clips.submit])
    listen(p, pressed, handlers.score, _EACH, typed=p.clips, **chosen)
    listen(p, p.auto.input, handlers.by_itself, _EACH, **chosen)
    listen(p, p.share.download, handlers.share, session=p.session)
    listen(p, p.cancel.click, handlers.cancel, AT_ONCE, session=p.session)

    selected = listen(p, p.clips.select, handlers.select, LAST, session=p.session)
    listen(p, selected.then, handlers.windows, LAST, session=p.session)
    listen(p, p.player.retry, handlers.playable, session=p.session)
    listen(p, p.axis.input, handlers.bars, session=p.session, axis=p.axis)
