"""What happens when: ties the Compare tab's components to the handlers."""

from __future__ import annotations

from typing import Any

import gradio as gr

from qamro.ui.bring import handlers as studies
from qamro.ui.compare import against, bringing, keeping, looking, scoring, views
from qamro.ui.compare.components import Parts
from qamro.ui.predict import predictors

_QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
_LAST: dict[str, Any] = {"trigger_mode": "always_last"} | _QUIET


def bind(p: Parts) -> None:
    """Binds every event of the tab."""
    listed = [p.predictions, p.status]
    scored = [p.predictions, p.status, p.score, p.cancel]

    def after(event: Any) -> Any:
        """Whatever changed what is compared: the axes, the view and the clip follow."""
        return again(
            event.then(views.axes, [p.bench, p.view, p.axis], [p.axis], **_QUIET).then(
                views.show, [p.bench, p.view, p.axis], [p.section, p.working], **_QUIET
            )
        )

    def again(event: Any) -> Any:
        """The clip that is looked at follows, and then its windows."""
        return event.then(looking.again, [p.bench, p.axis], [p.clip, p.ab], **_QUIET).then(
            looking.windows, [p.bench, p.axis], [p.clip], **_QUIET
        )

    chosen = after(p.chooser.on_change(bringing.choose, [p.bench], listed))
    after(chosen.then(scoring.example, [p.bench], scored, concurrency_id="predictor", **_QUIET))
    p.section.submit(_example, [p.chooser.desk], [p.chooser.view, p.chooser.study], **_QUIET)

    after(p.predictions.upload(bringing.upload, [p.bench], listed, **_QUIET))
    after(p.predictions.delete(bringing.remove, [p.bench], listed, **_QUIET))
    after(p.predictions.edit(bringing.pair, [p.bench], listed, **_QUIET))
    after(p.take.click(bringing.take, [p.bench, p.session], listed, **_QUIET))
    after(p.score.click(scoring.score, [p.bench, p.predictor], scored, concurrency_id="predictor", **_QUIET))
    p.cancel.click(scoring.cancel, [p.bench], [p.status], queue=False, **_QUIET)

    viewed = [p.bench, p.view, p.axis]
    p.view.input(views.axes, viewed, [p.axis], **_LAST)
    p.view.input(views.show, viewed, [p.section, p.working], **_LAST)
    again(p.axis.input(views.show, viewed, [p.section, p.working], **_LAST))
    after(p.section.apply(views.leave_out, [p.bench], None, **_LAST))

    for part in (p.section, p.clip):
        part.select(looking.select, [p.bench, p.axis], [p.clip, p.ab], **_LAST).then(
            looking.windows, [p.bench, p.axis], [p.clip], **_LAST
        )
    p.clip.retry(looking.retry, [p.bench, p.axis], [p.clip], **_QUIET).then(
        looking.windows, [p.bench, p.axis], [p.clip], **_QUIET
    )
    p.clip.clear(looking.close, [p.bench], [p.clip], **_QUIET)
    p.clip.input(against.put, [p.bench, p.axis], [p.ab], **_QUIET)
    p.ab.clear(against.clear, [p.bench], [p.ab], **_QUIET)
    p.ab.retry(against.retry, [p.bench, p.axis], [p.ab], **_QUIET)

    p.report.download(keeping.write, [p.bench], [p.report], **_QUIET)
    p.report.stop(keeping.stop, [p.bench], None, queue=False, **_QUIET)
    p.chooser.on_open(opened, None, [p.predictor, p.view])


def _example(desk: Any) -> Any:
    """Opens the bundled study; its scoring follows, as whenever it is chosen."""
    yield from studies.by_name(desk, "simulated")


def opened(request: gr.Request) -> tuple[Any, Any]:
    """What the tab looks at anew when it is opened: the predictors that there are, and the view that is asked for."""
    return predictors.refresh(request), views.opened(request)
