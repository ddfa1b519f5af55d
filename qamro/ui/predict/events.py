"""What happens when: ties the Predict tab's components to the handlers."""

from __future__ import annotations

from typing import Any

import gradio as gr

from qamro.ui.predict import clips, details, predictors, scoring
from qamro.ui.predict.components import Parts

_QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}

# Every click on the list counts, and answers come in the order of the clicks: each holds the whole list.
_IN_ORDER: dict[str, Any] = {"trigger_mode": "multiple", "concurrency_id": "clips", "concurrency_limit": 1} | _QUIET


def bind(p: Parts) -> None:
    """Binds every event of the tab."""
    listed = [p.clips, p.score, p.status]
    p.clips.upload(clips.upload, [p.session, p.clips], listed, **_IN_ORDER)
    p.clips.delete(clips.delete, [p.session, p.clips], listed, **_IN_ORDER)
    p.clips.clear(clips.clear, [p.session], listed, **_IN_ORDER)
    p.examples.select(clips.example, [p.session, p.clips], listed, **_IN_ORDER)
    recorder = [p.session, p.clips, p.microphone]
    p.microphone.stop_recording(clips.recorded, recorder, [*listed, p.microphone], **_IN_ORDER)

    described = [p.badges, p.download]
    p.predictor.input(predictors.describe, [p.predictor], described, trigger_mode="always_last", **_QUIET)
    p.download.click(
        predictors.fetch, [p.session, p.predictor], [p.status, p.score, p.download, p.cancel], **_QUIET
    ).then(predictors.refresh, None, [p.predictor], **_QUIET).then(
        predictors.describe, [p.predictor], described, **_QUIET
    )
    page = gr.context.Context.root_block
    if page is not None:
        page.load(predictors.refresh, None, [p.predictor], queue=False, **_QUIET)
        page.load(predictors.describe, [p.predictor], described, queue=False, **_QUIET)

    shown = [p.detail, p.player, p.radar, p.timeline]
    running = gr.on(
        [p.score.click, p.clips.submit],
        scoring.score,
        [p.session, p.clips, p.predictor],
        [p.results, p.status, p.score, p.cancel, p.badges, p.detail, p.systems, p.csv, p.json],
        concurrency_limit=4,
        concurrency_id="predictor",
        **_QUIET,
    )
    running.then(scoring.finish, [p.session], [p.csv, p.json, p.systems, p.axis, p.bars, *shown], **_QUIET).then(
        details.windows, [p.session], [p.timeline], **_QUIET
    )
    p.cancel.click(scoring.cancel, [p.session], [p.status], queue=False, **_QUIET)

    p.results.select(details.select, [p.session], shown, trigger_mode="always_last", **_QUIET).then(
        details.windows, [p.session], [p.timeline], trigger_mode="always_last", **_QUIET
    )
    p.player.retry(details.playable, [p.session], [p.player], **_QUIET)
    p.axis.input(details.bars, [p.session, p.axis], [p.bars], **_QUIET)
