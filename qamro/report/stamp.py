"""Says at every title, and in every picture that may be saved, whose ratings are missing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from qamro.figures.style import escape
from qamro.report.section import Figure, Section

if TYPE_CHECKING:
    import plotly.graph_objects as go


def stamped(section: Section, note: str) -> Section:
    """Puts a note at the section's title, at every figure's and table's title, and into every figure."""
    if not note:
        return section
    figures = [stamp(each, note) for each in section.figures]
    tables = [replace(each, title=f"{each.title}, {note}") for each in section.tables]
    return replace(section, title=f"{section.title}, {note}", figures=figures, tables=tables)


def stamp(given: Figure, note: str) -> Figure:
    """Puts a note at a figure's title and into the figure, so that a saved picture keeps it; empty for none."""
    if not note:
        return given
    figure = _on(given.figure, note)
    return replace(given, title=f"{given.title}, {note}", alt=f"{given.alt} {note.capitalize()}.", figure=figure)


def _on(figure: go.Figure, note: str) -> go.Figure:
    margin, height = figure.layout.margin.t or 0, figure.layout.height
    room = 26
    text = {"text": escape(note), "font": {"size": 12}, "x": 0.01, "xanchor": "left", "yref": "container", "y": 0.99}
    figure.update_layout(title=text | {"yanchor": "top"}, margin_t=margin + room)
    if height:
        figure.update_layout(height=height + room)
    return figure
