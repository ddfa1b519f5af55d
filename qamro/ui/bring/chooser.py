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


def study_chooser(prefix: str, *, audio: bool = False) -> Chooser:
    """Builds the choice of a study inside the current block.

    ``?tab=PREFIX&study=NAME`` in the address chooses a study by name when the page opens.

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
    root = gr.context.Context.root_block
    if root is not None:

        def opened(desk: Desk, request: gr.Request) -> Any:
            asked = request.query_params
            yield from handlers.opened(desk, asked.get("study", "") if asked.get("tab") == prefix else "")

        root.load(opened, [desk], [desk, page, study], **_QUIET)
    return Chooser(study, desk, page)
