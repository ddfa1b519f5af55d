"""One model of a sweep: how it ranks the systems, and which changed places."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gradio as gr

from qamro.listeners import listeners
from qamro.training.sweeps.system_figure import ranking_figure
from qamro.training.sweeps.system_places import swaps, swaps_in_words, system_places
from qamro.ui.sensitivity import pieces
from qamro.ui.sensitivity.texts import Sensitivity as T
from qamro.ui.widgets import chart_value

if TYPE_CHECKING:
    from qamro.ui.sensitivity.parts import Parts
    from qamro.ui.sensitivity.session import Shown, View


def model_answer(parts: Parts, shown: Shown, view: View) -> dict[Any, Any]:
    """Draws the chosen model's ranking beside the ratings', and says which systems changed places."""
    axis, model = view.axis, view.model
    choice = gr.Dropdown(shown.models(axis), value=model)
    predictions = shown.kept.sweep.predictions
    here = predictions[predictions["axis"] == axis]
    if not (here["system"] != "").any():
        return {
            parts.model: choice,
            parts.ranking: None,
            parts.places: "",
            parts.changed: pieces.sentences([T.NO_SYSTEMS]),
        }
    reference = shown.reference(axis, model)
    alone = reference == model
    who = listeners(shown.kept.record["study"]["kind"])
    table = system_places(predictions, axis, model, None if alone else reference)
    changed = swaps(predictions, axis, model, reference)
    words = [T.REFERENCE_ALONE] if alone else swaps_in_words(changed, model, reference, who=who)
    order = ", ".join(table.sort_values("place")["system"])
    return {
        parts.model: choice,
        parts.ranking: chart_value(
            ranking_figure(table, axis, who),
            name=f"ranking-{axis}-{model}",
            alt=T.PLACES_ALT.format(model=model, who=who, axis=axis, order=order),
        ),
        parts.changed: pieces.sentences(words),
        parts.places: pieces.places(table, model, reference),
    }
