"""Parts of the page that Gradio does not have, each an ES module in ``assets/js``."""

from __future__ import annotations

import json
from html import escape
from typing import TYPE_CHECKING, Any

import gradio as gr

from qamro.ui.static import PREFIX

if TYPE_CHECKING:
    import plotly.graph_objects as go

_LOADER = """
const words = {words};
const own = new Proxy(props, {{ get: (all, name) => (name === "words" ? words : all[name]) }});
import(new URL("{prefix}/js/{module}.js", document.baseURI))
  .then((module) => module.default({{ element, props: own, trigger, server, upload, watch }}));
"""
"""Starts a widget. Its words come along: what Gradio hands over of a part that was hidden has only its value."""


def widget(module: str, value: Any = None, *, words: dict[str, str] | None = None, **options: Any) -> gr.HTML:
    """Makes a component whose page side is ``assets/js/<module>.js``.

    The module's default export gets ``element``, ``props`` (``value`` and ``words``), ``trigger(event, data)``,
    ``upload(file)`` and ``watch(prop, callback)`` (see ``gr.HTML``). It builds its elements itself and puts text in
    as text, never as HTML, so that a hostile file name stays a name.

    Args:
        module: Name of the module.
        value: JSON-ready value that the module draws.
        words: Texts that the module shows.
        **options: Passed on to ``gr.HTML``.
    """
    return gr.HTML(
        value,
        html_template="",
        js_on_load=_LOADER.format(prefix=PREFIX, module=module, words=json.dumps(words or {})),
        apply_default_css=False,
        **options,
    )


def heading(text: str, note: str = "", level: int = 2) -> gr.HTML:
    """Makes the heading of a card, with a line under it; both are texts of ours and go in as HTML."""
    hint = f'<p class="q-hint">{note}</p>' if note else ""
    return gr.HTML(f"<h{level}>{text}</h{level}>{hint}", apply_default_css=False, elem_classes="q-heading")


def chart_value(figure: go.Figure, *, name: str, alt: str, audio: str = "") -> dict[str, Any]:
    """Returns what a chart widget (``widget("chart")``) draws.

    Args:
        figure: A plotly figure with a transparent ground.
        name: File name, without its ending, of a saved image.
        alt: What a reader who does not see the figure is told.
        audio: CSS selector of a player whose position is shown on the time axis; empty for none.

    The figure stays text until a page draws it: Gradio would look for files in every point of it, three times over.
    """
    return {"figure": figure.to_json(), "name": name, "alt": alt, "audio": audio}


def hint(text: str) -> str:
    """Returns a line of small print; what comes from elsewhere is escaped."""
    return f'<p class="q-hint">{escape(text)}</p>'
