"""What stands on the page, and which events change the study."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from qamro.ui.bring import bringing, handlers
from qamro.ui.bring.desk import Desk
from qamro.ui.bring.texts import WORDS
from qamro.ui.bring.view import view
from qamro.ui.widgets import widget

_QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}


@dataclass(frozen=True)
class Chooser:
    """A study's choice on one tab.

    Attributes:
        study: Holds the chosen ``Study``, or None while none is.
        desk: Holds what this visitor has brought and what goes on.
        view: The part of the page that shows it.
    """

    study: gr.State
    desk: gr.State
    view: gr.HTML

    def on_change(
        self,
        fn: Callable[..., Any],
        inputs: Sequence[Any] | None = None,
        outputs: Sequence[Any] | None = None,
        **options: Any,
    ) -> Any:
        """Calls ``fn(study, *inputs)`` after another study was chosen, and with None after it was removed.

        Args:
            fn: The handler.
            inputs: Further components that it gets.
            outputs: Components that it answers for.
            **options: Passed on to Gradio's event.

        Returns:
            The event, so that ``.then`` can follow.
        """
        return self.study.change(fn, [self.study, *(inputs or ())], list(outputs or ()), **(_QUIET | options))

    def on_open(
        self, fn: Callable[..., Any], inputs: Sequence[Any] | None = None, outputs: Sequence[Any] | None = None
    ) -> Any:
        """Calls ``fn(*inputs)`` when the visitor comes to the tab for the first time.

        Not at page load: what a tab looks up then would be looked up for visitors who never open it, and Gradio's page
        takes the first answer about a ``State`` on a hidden tab for a change of that state.

        Args:
            fn: The handler, a quick one: it does not wait in the queue, and cannot tell of progress.
            inputs: Components that it gets.
            outputs: Components that it answers for.

        Returns:
            The event, so that ``.then`` can follow.
        """
        listen: Any = self.view.expand
        return listen(fn, list(inputs or ()), list(outputs or ()), queue=False, **_QUIET)


def study_chooser(prefix: str, *, audio: bool = False) -> Chooser:
    """Builds the choice of a study inside the current block.

    ``?tab=PREFIX&study=NAME`` in the address chooses a study by name when the tab opens.

    Args:
        prefix: The tab's id; all element ids begin with it.
        audio: Whether the tab needs the clips' sound. A study without any is then refused, with the reason.
    """
    study = gr.State(None)
    desk = gr.State(Desk(audio=audio), delete_callback=Desk.close)
    page = widget("bring", view(Desk(audio=audio)), words=WORDS, elem_id=f"{prefix}-study", elem_classes="q-bring")
    both: dict[str, Any] = {"outputs": [page, study]} | _QUIET
    page.select(handlers.choose, [desk], **both)
    page.upload(bringing.bring, [desk], **both)
    page.input(bringing.correct, [desk], trigger_mode="multiple", **both)
    page.submit(bringing.take, [desk], **both)
    page.delete(bringing.put_away, [desk], **both)
    page.clear(handlers.forget, [desk], **both)
    page.download(bringing.take_home, [desk], [page], **_QUIET)
    page.stop(handlers.stop, [desk], None, queue=False, **_QUIET)

    def wanted(desk: Desk, request: gr.Request) -> Any:
        asked = request.query_params
        yield from handlers.wanted(desk, asked.get("study", "") if asked.get("tab") == prefix else "")

    page.focus(wanted, [desk], **both)
    chooser = Chooser(study, desk, page)
    chooser.on_open(view, [desk], [page])
    return chooser
