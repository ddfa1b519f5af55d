"""The picker's components and events: what stands on the page, and what happens when."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr

from qamro.ui.events import AT_ONCE, QUIET, Answer, listen
from qamro.ui.study_picker import handlers
from qamro.ui.study_picker.render import view
from qamro.ui.study_picker.state import PickerState
from qamro.ui.study_picker.texts import LIST, WORDS
from qamro.ui.widgets import widget


@dataclass(frozen=True)
class StudyPicker:
    """A study's choice on one tab.

    Attributes:
        tab: The tab's id; all element ids begin with it.
        study: Holds the chosen ``Study``, or None while none is. Its ``change`` tells of another one.
        state: Holds what this visitor has uploaded and what goes on.
        view: The part of the page that shows it.
    """

    tab: str
    study: gr.State
    state: gr.State
    view: gr.HTML

    def on_open(self, parts: Any, handler: Callable[..., Answer], **inputs: Any) -> Any:
        """Calls a handler when the visitor comes to the tab for the first time (see ``listen``).

        Not at page load: what a tab looks up then would be looked up for visitors who never open it, and Gradio's page
        takes the first answer about a ``State`` on a hidden tab for a change of that state.

        Args:
            parts: The tab's components.
            handler: A quick one: it does not wait in the queue, and cannot tell of progress.
            **inputs: For each argument of the handler, the component whose value it gets.

        Returns:
            The event, so that ``.then`` can follow.
        """
        return listen(parts, self.view.expand, handler, AT_ONCE, **inputs)


def study_picker(tab: str, *, audio: bool = False, keeps: bool = False, as_list: bool = False) -> StudyPicker:
    """Builds the choice of a study inside the current block.

    ``?tab=TAB&study=NAME`` in the address chooses a study by name when the tab opens.

    Args:
        tab: The tab's id; all element ids begin with it.
        audio: Whether the tab needs the clips' sound. A study without any is then refused, with the reason.
        keeps: Whether the study outlives the page: a reload, Back or a second tab finds it for a day.
        as_list: Whether the studies stand in a short list with a filter, as one field of a form; else as cards.
    """
    study = gr.State(None)
    state = gr.State(PickerState(audio, keeps), delete_callback=PickerState.close)
    words = WORDS | LIST if as_list else WORDS
    page = widget(
        "study_picker", view(PickerState(audio=audio)), words=words, elem_id=f"{tab}-study", elem_classes="q-bring"
    )
    p = StudyPicker(tab, study, state, page)
    with_study: dict[str, Any] = {"also": [study], "state": state}
    # One correction after the other: each begins with what the one before has left.
    in_order = {"trigger_mode": "multiple", "concurrency_id": f"{tab}-corrections", "concurrency_limit": 1} | QUIET
    listen(p, page.select, handlers.choose, **with_study)
    listen(p, page.upload, handlers.bring, **with_study)
    listen(p, page.input, handlers.correct, in_order, **with_study)
    listen(p, page.submit, handlers.take, **with_study)
    listen(p, page.delete, handlers.put_away, **with_study)
    listen(p, page.clear, handlers.forget, **with_study)
    listen(p, page.focus, handlers.wanted, **with_study)
    listen(p, page.download, handlers.export, state=state)
    listen(p, page.stop, handlers.stop, AT_ONCE, state=state)
    # Only what went through the queue tells Gradio's page that a State has changed.
    listen(p, page.expand, handlers.show, QUIET if keeps else AT_ONCE, **with_study)
    return p
