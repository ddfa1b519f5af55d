"""The About tab: what the numbers are, what happens to files, the method."""

from __future__ import annotations

import gradio as gr

from qamro import __version__
from qamro.axes import AXES, SPEECH
from qamro.predictors.provenance import KINDS
from qamro.report.terms import explained
from qamro.ui.texts import About
from qamro.ui.widgets import heading


def build() -> None:
    """Builds the tab; it has no events."""
    rows = [f"| **{a.key}** | {a.name} | {a.low:g}–{a.high:g} | {a.definition} |" for a in (*AXES.values(), SPEECH)]
    axes = "\n".join(["| axis | name | scale | what is judged |", "|---|---|---|---|", *rows])
    kinds = "\n".join(f"- **{kind}**: {meaning}" for kind, meaning in KINDS.items())
    page = About.PAGE.format(axes=axes, kinds=kinds, version=__version__)
    with gr.Column(elem_classes="q-card q-page"):
        gr.Markdown(page, latex_delimiters=[{"left": "$$", "right": "$$", "display": True}])
        heading(About.TERMS, About.TERMS_NOTE)
        gr.HTML(explained(), elem_id="terms", apply_default_css=False)
