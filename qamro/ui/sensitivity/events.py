"""What happens when: ties the Sensitivity tab's components to the handlers."""

from __future__ import annotations

from functools import partial
from typing import Any

import gradio as gr

from qamro.ui.sensitivity import form, looking, opening, running
from qamro.ui.sensitivity.parts import Parts
from qamro.ui.sensitivity.session import SensitivitySession

_QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
_LAST: dict[str, Any] = {"trigger_mode": "always_last"} | _QUIET


def bind(p: Parts) -> None:
    """Binds every event of the tab."""
    chosen = [p.chooser.desk, p.chooser.study]
    p.run.click(
        partial(running.run, p),
        [p.session, p.chooser.study, p.chooser.desk, *p.fields],
        [*p.drawn, p.run, p.cancel],
        concurrency_limit=2,
        concurrency_id="sweep",
        **_QUIET,
    )
    p.cancel.click(running.stop, [p.session], [p.status], queue=False, **_QUIET)

    p.family.input(form.over_choice, [p.family], [p.over], **_QUIET).then(
        form.number_fields, [p.family, p.over], [p.values, p.beside], **_QUIET
    )
    p.over.input(form.number_fields, [p.family, p.over], [p.values, p.beside], **_QUIET)
    p.encoder.input(form.axes_choice, [p.chooser.study, p.encoder, p.axes], [p.axes], **_QUIET)
    gr.on([field.change for field in p.fields], form.cost, [*chosen, *p.fields], [p.cost], **_LAST)  # type: ignore[attr-defined]

    def click(session: SensitivitySession, event: gr.EventData) -> dict[Any, Any]:
        return looking.choose(p, session, str(event.data or ""))

    look = [p.session, p.axis, p.level, p.published]
    for part in (p.axis, p.level, p.published):
        part.input(partial(looking.look, p), look, p.drawn, **_LAST)
    for chart in (*p.panels.values(), p.map):
        chart.select(click, [p.session], p.drawn, **_LAST)
    p.model.input(partial(looking.choose, p), [p.session, p.model], p.drawn, **_LAST)
    p.metric.input(partial(looking.another_map, p), [p.session, p.metric], p.drawn, **_LAST)
    p.link.download(looking.pack, [p.session], [p.link], **_QUIET)

    filled = [p.encoder, p.family, p.over, p.values, p.beside, p.seeds, p.split, p.optimiser, p.axes, p.opener]
    p.chooser.on_change(
        partial(opening.study_chosen, p),
        [p.session, p.chooser.desk, p.encoder, p.axes],
        [*p.drawn, p.axes],
    ).then(form.cost, [*chosen, *p.fields], [p.cost], **_QUIET)

    def opened(session: SensitivitySession, request: gr.Request) -> dict[Any, Any]:
        return opening.opened(p, session, dict(request.query_params))

    p.link.expand(opened, [p.session], [*p.drawn, *filled], queue=False, **_QUIET)
