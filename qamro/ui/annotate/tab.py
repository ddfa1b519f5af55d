"""What stands on the Annotate tab: the rater's page, the set-up, the owner's results."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import gradio as gr

from qamro.axes import AXES
from qamro.studies.listening import hub_backup, store
from qamro.ui.annotate import rating, setup
from qamro.ui.annotate.languages import LANGUAGES, words
from qamro.ui.annotate.texts import RESULT_WORDS, SETUP_WORDS
from qamro.ui.events import find, listen
from qamro.ui.session import predict_session
from qamro.ui.widgets import widget


@dataclass
class Parts:
    """What the server answers for; the rest of the tab asks it directly."""

    form: gr.HTML


def build() -> None:
    """Builds the tab inside the current ``gr.Tab``.

    A link for raters hides everything but the rater's page; the page itself does that.
    """
    widget("annotate", words=words("en"), elem_id="annotate", server_functions=list(rating.FUNCTIONS))
    with gr.Column(elem_classes="q-card", elem_id="annotate-setup"):
        axes = [{"key": a.key, "name": a.name, "low": a.low, "high": a.high} for a in AXES.values()]
        locked = store.has_owner()
        closed = not locked and not store.may_set_up("")
        form = widget(
            "annotate_setup",
            {"axes": axes, "locked": locked, "closed": closed, "made": None}
            | {"methods": setup.methods(), "languages": {code: words(code)["language_name"] for code in LANGUAGES}},
            words=SETUP_WORDS,
            elem_id="annotate-form",
        )
        listen(Parts(form), form.submit, setup.create, session=predict_session(), value=form)
        if (told := find("compare-handed")) is not None:
            listen(Parts(form), told.change, setup.offer, session=predict_session(), value=form)
    with gr.Column(elem_classes="q-card", elem_id="annotate-results"):
        widget(
            "annotate_results",
            {"locked": locked},
            words=RESULT_WORDS,
            elem_id="annotate-owner",
            server_functions=list(rating.OWNER_FUNCTIONS),
        )
    if hub_backup.wanted() is not None:
        threading.Thread(target=rating.warm, name="ratings-restore", daemon=True).start()
