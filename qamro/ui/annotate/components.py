"""What stands on the Annotate tab: the rater's page, the set-up, the owner's results."""

from __future__ import annotations

import threading

import gradio as gr

from qamro.axes import AXES
from qamro.studies.listening import hub_backup, identity
from qamro.ui.annotate import owner, rating, setup
from qamro.ui.annotate.texts import RATE_WORDS, RESULT_WORDS, SETUP_WORDS
from qamro.ui.session import predict_session
from qamro.ui.widgets import widget


def build_components() -> None:
    """Lays the tab out. A link for raters hides everything but the rater's page; the page itself does that."""
    widget("annotate", words=RATE_WORDS, elem_id="annotate", server_functions=list(rating.FUNCTIONS))
    with gr.Column(elem_classes="q-card", elem_id="annotate-setup"):
        axes = [{"key": a.key, "name": a.name, "low": a.low, "high": a.high} for a in AXES.values()]
        locked = identity.has_owner()
        closed = not locked and not identity.may_set_up("")
        form = widget(
            "annotate_setup",
            {"axes": axes, "locked": locked, "closed": closed, "made": None},
            words=SETUP_WORDS,
            elem_id="annotate-form",
        )
        form.submit(setup.create, [predict_session(), form], [form], show_progress="hidden", api_visibility="private")
    with gr.Column(elem_classes="q-card", elem_id="annotate-results"):
        widget(
            "annotate_results",
            {"locked": locked},
            words=RESULT_WORDS,
            elem_id="annotate-owner",
            server_functions=list(owner.FUNCTIONS),
        )
    if hub_backup.wanted() is not None:
        threading.Thread(target=rating.warm, name="ratings-restore", daemon=True).start()
