"""The Sensitivity tab's components, by what they are for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from qamro.ui.bring import Chooser


@dataclass
class Parts:
    """The tab's components, by what they are for."""

    session: gr.State
    opener: gr.Accordion
    chooser: Chooser
    encoder: gr.Dropdown
    family: gr.Dropdown
    over: gr.Dropdown
    values: gr.Textbox
    beside: gr.Textbox
    seeds: gr.Slider
    axes: gr.CheckboxGroup
    split: gr.Dropdown
    optimiser: gr.Dropdown
    cost: gr.HTML
    run: gr.Button
    cancel: gr.Button
    status: gr.HTML
    result: gr.Column
    headline: gr.HTML
    link: gr.HTML
    axis: gr.Radio
    level: gr.Radio
    published: gr.Checkbox
    legend: gr.HTML
    panels: dict[str, gr.HTML]
    words: gr.HTML
    published_table: gr.HTML
    map_card: gr.Column
    metric: gr.Radio
    map: gr.HTML
    table: gr.HTML
    one: gr.Column
    model: gr.Dropdown
    ranking: gr.HTML
    changed: gr.HTML
    places: gr.HTML

    @property
    def fields(self) -> list[gr.components.Component]:
        """The form's components, in the order of ``form.Fields``."""
        return [
            self.encoder, self.family, self.over, self.values, self.beside, self.seeds, self.axes, self.split,
            self.optimiser,
        ]  # fmt: skip

    @property
    def drawn(self) -> list[Any]:
        """Everything that ``board.draw`` may answer for."""
        return [
            self.session, self.result, self.headline, self.link, self.axis, self.level, self.published,
            self.legend, *self.panels.values(), self.words, self.published_table, self.map_card, self.metric, self.map,
            self.table, self.one, self.model, self.ranking, self.changed, self.places, self.status,
        ]  # fmt: skip
