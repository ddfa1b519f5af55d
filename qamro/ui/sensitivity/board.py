"""What the page shows of a sweep: words, legend, curves, map, table and one model's ranking."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import gradio as gr

from qamro.training.sweeps.figure import METRICS_SHOWN, heat_map, panel
from qamro.training.sweeps.seeds import best_in_words, ridge_in_words
from qamro.ui.bring.view import UPLOAD
from qamro.ui.sensitivity import papers, pieces
from qamro.ui.sensitivity.link import to_query
from qamro.ui.sensitivity.model import model_answer
from qamro.ui.sensitivity.session import SensitivitySession, Shown, View
from qamro.ui.sensitivity.texts import Sensitivity as T
from qamro.ui.widgets import chart_value

if TYPE_CHECKING:
    import pandas as pd

    from qamro.ui.sensitivity.parts import Parts

Answer = dict[Any, Any]


def draw(parts: Parts, session: SensitivitySession) -> Answer:
    """Draws everything anew."""
    shown, view = session.shown, session.view
    if shown is None:
        return {}
    axes = list(shown.setup.axes)
    naming = shown.naming
    headline = T.HEADLINE.format(family=naming.family, over=naming.over, study=shown.kept.record["study"]["name"])
    return {
        parts.session: session,
        parts.result: gr.Column(visible=True),
        parts.headline: pieces.headline(headline, shown),
        parts.axis: gr.Radio(axes, value=view.axis, visible=len(axes) > 1),
        parts.level: gr.Radio(value=view.level),
        parts.published: gr.Checkbox(value=view.published),
        parts.one: gr.Column(visible=True),
    } | draw_view(parts, session)


def draw_view(parts: Parts, session: SensitivitySession) -> Answer:
    """Draws what depends on how the sweep is looked at."""
    shown, view = session.shown, session.view
    if shown is None:
        return {}
    return {
        parts.legend: pieces.legend(shown, view.axis),
        parts.published_table: papers.framed(view.axis) if view.published else "",
        parts.table: pieces.table(shown, view),
        **draw_points(parts, session),
        **draw_map(parts, session),
    }


def draw_points(parts: Parts, session: SensitivitySession) -> Answer:
    """Draws the curves with the chosen model ringed, and that model's ranking."""
    shown, view = session.shown, session.view
    if shown is None:
        return {}
    charts: Answer = {parts.panels[metric]: _chart(shown, view, metric) for metric in METRICS_SHOWN}
    words = in_words(shown, view)
    charts[parts.words] = pieces.words(words[0], words[1:])
    return charts | model_answer(parts, shown, view) | {parts.link: link_value(shown, view)}


def link_value(shown: Shown, view: View) -> dict[str, Any]:
    """Returns what the page puts into its address."""
    return {"query": to_query(shown.setup, view), "upload": shown.setup.study == UPLOAD}


def draw_map(parts: Parts, session: SensitivitySession) -> Answer:
    """Draws the map of all points, where there is more than one curve."""
    shown, view = session.shown, session.view
    if shown is None:
        return {}
    part = _cell(shown, view, view.metric)
    several = part.loc[~part["baseline"], "curve"].nunique() > 1
    if not several:
        return {parts.map_card: gr.Column(visible=False), parts.map: None}
    naming = shown.naming
    figure = heat_map(shown.summary, view.axis, view.level, view.metric, naming=naming)
    alt = T.MAP_ALT.format(metric=view.metric, level=view.level, axis=view.axis, beside=naming.beside, over=naming.over)
    name = f"map-{view.axis}-{view.level}-{view.metric}"
    return {
        parts.map_card: gr.Column(visible=True),
        parts.map: chart_value(figure, name=name, alt=alt),
        parts.metric: gr.Radio(value=view.metric),
    }


def in_words(shown: Shown, view: View) -> list[str]:
    """Says for each metric how much of the difference along the chosen model's curve is more than noise."""
    naming, curve = shown.naming, _curve(shown, view)
    several = len(shown.setup.beside) > 1 and curve is not None
    where = f"{naming.beside} {curve:g}" if several else ""
    named: dict[str, Any] = {"name": naming.over, "reference": naming.reference, "curve": curve, "where": where}
    runs = shown.kept.sweep.runs
    said = [best_in_words(runs, view.axis, view.level, metric, **named) for metric in METRICS_SHOWN]
    return said + [line for line in (ridge_in_words(runs, view.axis, view.level, m) for m in METRICS_SHOWN) if line]


def _curve(shown: Shown, view: View) -> float | None:
    """The curve that the chosen model is on, else the first; None where there is only one without a value."""
    cell = _cell(shown, view, "SRCC")
    mine = cell.loc[(cell["variant"] == view.model) & ~cell["baseline"], "curve"]
    if len(mine) and mine.notna().all():
        return float(mine.iloc[0])
    first = cell.loc[~cell["baseline"], "curve"].iloc[0]
    return None if math.isnan(first) else float(first)


def _cell(shown: Shown, view: View, metric: str) -> pd.DataFrame:
    table = shown.summary
    return table[(table["axis"] == view.axis) & (table["level"] == view.level) & (table["metric"] == metric)]


def _chart(shown: Shown, view: View, metric: str) -> dict[str, Any]:
    laid = papers.laid_over(view.axis, shown.setup.over) if view.published and view.level == "system" else {}
    figure = panel(
        shown.summary,
        view.axis,
        view.level,
        metric,
        naming=shown.naming,
        chosen=view.model,
        title=True,
        **laid if metric == "SRCC" else {},
    )
    cell = _cell(shown, view, metric)
    points = "; ".join(f"{row.variant} {row.mean:.3f}" for row in cell[["variant", "mean"]].itertuples(index=False))
    alt = T.ALT.format(metric=metric, level=view.level, axis=view.axis, over=shown.naming.over, points=points)
    return chart_value(figure, name=f"{metric}-{view.axis}-{view.level}", alt=alt)
