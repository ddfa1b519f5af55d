"""What happens when: ties the Train tab's components to the handlers."""

from __future__ import annotations

from typing import Any

import gradio as gr

from qamro.ui.predict import predictors
from qamro.ui.train import choosing, comparing, keeping, training
from qamro.ui.train.components import Parts

_QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}


def bind(p: Parts) -> None:
    """Binds every event of the tab."""
    page = gr.context.Context.root_block
    if page is None:
        raise RuntimeError("the Train tab is built inside the app's blocks")
    _choices(p)
    _training(p)
    _keeping(p, page)


def _choices(p: Parts) -> None:
    p.chooser.on_change(choosing.study_chosen, [p.session, p.encoder], [p.axes, p.train, p.status])
    described = [p.encoder_note, p.download]
    p.encoder.input(choosing.encoder_chosen, [p.encoder, p.chooser.study], [*described, p.axes], **_QUIET)
    p.objective.input(choosing.objective_chosen, [p.objective], [p.objective_note, *p.parameters.values()], **_QUIET)
    fitting = [p.fitting[name] for name in ("lr", "batch_size", "epochs", "weight_decay")]
    p.optimizer.input(choosing.optimizer_chosen, [p.optimizer], [p.optimizer_note, *fitting], **_QUIET)
    how = [p.preset_note, p.objective, p.objective_note, *p.parameters.values(), p.optimizer, p.optimizer_note]
    p.preset.input(choosing.preset_chosen, [p.preset], [*how, *fitting, p.fitting["patience"]], **_QUIET)
    p.download.click(choosing.fetch, [p.session, p.encoder], [p.status, p.download, p.cancel], **_QUIET).then(
        choosing.refresh, [p.encoder], [p.encoder, *described], **_QUIET
    )
    p.chooser.on_open(choosing.refresh, [p.encoder], [p.encoder, *described])


def _training(p: Parts) -> None:
    chosen = [p.axes, p.encoder, p.objective, p.optimizer, p.seeds, p.hold_out, p.stop_by]
    chosen += [*p.parameters.values(), *p.fitting.values()]
    compared = [p.axis, p.runs, p.csv, p.compared, p.overlay, p.verdict]
    live = [p.status, p.train, p.stop, p.cancel, p.losses, p.correlations]
    offered = [p.keep.run, p.keep.name, p.keep.save, p.keep.overwrite, p.keep.zip, p.keep.card, p.keep.card_box]
    running = p.train.click(
        training.train, [p.session, p.chooser.study, *chosen], live, concurrency_limit=None, **_QUIET
    )
    running.then(comparing.refresh, [p.session, p.axis], compared, **_QUIET).then(
        keeping.offer_newest, [p.session, p.keep.run], offered, **_QUIET
    )
    p.stop.click(training.stop, [p.session], None, queue=False, **_QUIET)
    p.cancel.click(training.cancel, [p.session], None, queue=False, **_QUIET)

    here = [p.session, p.axis]
    p.axis.input(comparing.refresh, here, compared, **_QUIET)
    in_order: dict[str, Any] = {"trigger_mode": "multiple", "concurrency_id": "runs", "concurrency_limit": 1} | _QUIET
    p.runs.select(comparing.tick, here, compared, **in_order)
    p.runs.delete(comparing.remove, here, compared, **in_order).then(
        keeping.offer, [p.session, p.keep.run], offered, **_QUIET
    )
    p.keep.run.input(keeping.describe, [p.session, p.keep.run], offered[1:], **_QUIET)


def _keeping(p: Parts, page: gr.Blocks) -> None:
    predictor, badges, download, tabs = (_find(page, name) for name in ("predictor", "badges", "download", "tabs"))
    said = [p.keep.status, p.keep.overwrite, p.keep.kept, predictor]
    what = [p.session, p.keep.run, p.keep.name]
    changes = [
        p.keep.save.click(keeping.save, what, said, **_QUIET),
        p.keep.name.submit(keeping.save, what, said, **_QUIET),
        p.keep.overwrite.click(keeping.overwrite, what, said, **_QUIET),
        p.keep.upload.upload(keeping.bring, [p.session, p.keep.upload], said, **_QUIET),
        p.keep.kept.delete(keeping.delete, [predictor], said, **_QUIET),
        p.keep.kept.select(keeping.use, None, [tabs, predictor], **_QUIET),
    ]
    for change in changes:
        change.then(predictors.describe, [predictor], [badges, download], **_QUIET)
    p.chooser.on_open(keeping.listing, None, [p.keep.kept])


def _find(page: gr.Blocks, name: str) -> Any:
    """Finds a component of the app by its element id."""
    return next(block for block in page.blocks.values() if getattr(block, "elem_id", None) == name)
