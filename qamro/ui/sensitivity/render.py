"""What the page shows of a sweep: words, legend, curves, map, tables, one model's ranking, and what was published.

Whatever comes from a study or a visitor is escaped here.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from html import escape
from typing import TYPE_CHECKING, Any

import gradio as gr

from qamro.evaluation.levels import rests_on
from qamro.listeners import listeners
from qamro.training.sweeps.figure import METRICS_SHOWN, heat_map, panel, ranking_figure
from qamro.training.sweeps.plotting import PUBLISHED
from qamro.training.sweeps.seeds import best_in_words, ridge_in_words
from qamro.training.sweeps.system_places import swaps, swaps_in_words, system_places
from qamro.ui.events import Answer
from qamro.ui.sensitivity.form import to_query
from qamro.ui.sensitivity.state import SensitivityState, Shown, View
from qamro.ui.sensitivity.texts import OPTIMISERS
from qamro.ui.sensitivity.texts import Sensitivity as T
from qamro.ui.study_picker.render import UPLOAD
from qamro.ui.widgets import chart_value, hint

if TYPE_CHECKING:
    import pandas as pd

    from qamro.training.sweeps.reproduce import Published, PublishedExperiment
    from qamro.training.sweeps.setup import Setup
    from qamro.training.sweeps.sweep import Sweep
    from qamro.ui.sensitivity.tab import Parts

ALL = "all"
"""What the choice of a curve says for all of them."""

TALL = 420
"""Height of the figure that people show, in pixels."""


# What a handler answers with


def draw(p: Parts, state: SensitivityState) -> Answer:
    """Draws everything anew; where there is no sweep, nothing stands there."""
    shown, view = state.shown, state.view
    there = {part: gr.Column(visible=shown is not None) for part in (p.result, p.rest, p.one)}
    if shown is None:
        return there
    axes = list(shown.setup.axes)
    naming = shown.naming
    headline = T.HEADLINE.format(family=naming.family, over=naming.over, study=shown.kept.record["study"]["name"])
    return (
        there
        | {
            p.headline: headline_html(headline, shown),
            p.look: gr.Row(visible=True),
            p.axis: gr.Radio(axes, value=view.axis, visible=len(axes) > 1),
            p.level: gr.Radio(value=view.level),
            p.published: gr.Checkbox(value=view.published),
        }
        | draw_view(p, state)
    )


def draw_part(p: Parts, view: View, setup: Setup, sweep: Sweep) -> Answer:
    """Draws the curve of a sweep that is still coming, and hides what belongs to the one before."""
    from qamro.training.sweeps.store import KeptSweep

    shown = Shown(KeptSweep(sweep, {}), setup)
    axis = str(sweep.runs["axis"].iloc[-1])
    part = sweep.runs[sweep.runs["axis"] == axis]
    if part["baseline"].all():
        return {}  # no point of a curve yet
    few = {"seeds": part["seed"].nunique(), "all": setup.seeds, "clips": int(part["clips"].max())}
    view = replace(view, axis=axis, model=shown.first_model(axis), published=False)
    return {
        p.result: gr.Column(visible=True),
        p.headline: f"<h2>{escape(T.SO_FAR)}</h2>{hint(T.SO_FAR_NOTE.format(**few))}",
        p.look: gr.Row(visible=False),
        p.panels[METRICS_SHOWN[0]]: _chart(shown, view, METRICS_SHOWN[0]),
        p.rest: gr.Column(visible=False),
        p.one: gr.Column(visible=False),
    }


def draw_view(p: Parts, state: SensitivityState) -> Answer:
    """Draws what depends on how the sweep is looked at."""
    shown, view = state.shown, state.view
    if shown is None:
        return {}
    return {
        p.published_table: published_html(view.axis) if view.published else "",
        p.table: table_html(shown, view),
        **draw_points(p, state),
        **draw_map(p, state),
    }


def draw_points(p: Parts, state: SensitivityState) -> Answer:
    """Draws the curves with the chosen model ringed, and that model's ranking."""
    shown, view = state.shown, state.view
    if shown is None:
        return {}
    curves = shown.curves(view.axis)
    mine = ALL if view.others else next((c for c in curves if shown.beside(view.axis, view.model, c) == view.model), "")
    choices = [(f"{shown.naming.beside} {curve}", curve) for curve in curves]
    curve = gr.Radio([*choices, (T.ALL_CURVES, ALL)], value=mine or next(iter(curves), None), visible=len(curves) > 1)
    charts: Answer = {p.curve: curve} | {p.panels[metric]: _chart(shown, view, metric) for metric in METRICS_SHOWN}
    words = in_words(shown, view)
    charts[p.words] = words_html(words[0], words[1:])
    return charts | model_answer(p, shown, view) | {p.link: link_value(shown, view)}


def link_value(shown: Shown, view: View) -> dict[str, Any]:
    """Returns what the page puts into its address."""
    return {"query": to_query(shown.setup, view), "upload": shown.setup.study == UPLOAD}


def draw_map(p: Parts, state: SensitivityState) -> Answer:
    """Draws the map of all points, where there is more than one curve."""
    shown, view = state.shown, state.view
    if shown is None:
        return {}
    part = _cell(shown, view, view.metric)
    several = part.loc[~part["baseline"], "curve"].nunique() > 1
    if not several:
        return {p.map_card: gr.Accordion(visible=False), p.map: None}
    naming = shown.naming
    figure = heat_map(shown.summary, view.axis, view.level, view.metric, naming=naming)
    named = {"metric": view.metric, "level": view.level, "axis": view.axis}
    alt = T.MAP_ALT.format(**named, beside=naming.beside, over=naming.over, rests=_rests(part))
    name = f"map-{view.axis}-{view.level}-{view.metric}"
    return {
        p.map_card: gr.Accordion(visible=True),
        p.map: chart_value(figure, name=name, alt=alt),
        p.metric: gr.Radio(value=view.metric),
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


def _rests(cell: pd.DataFrame) -> str:
    """What the numbers of a level and metric rest on: ``"5 systems: a hint"``."""
    level, metric = str(cell["level"].iloc[0]), str(cell["metric"].iloc[0])
    return rests_on(level, int(cell["systems" if level == "system" else "clips"].iloc[0]), metric)


def _chart(shown: Shown, view: View, metric: str) -> dict[str, Any]:
    laid = published_curves(view.axis, shown.setup.over) if view.published and view.level == "system" else {}
    figure = panel(
        shown.summary,
        view.axis,
        view.level,
        metric,
        naming=shown.naming,
        chosen=view.model,
        others=view.others,
        title=True,
        height=TALL if metric == METRICS_SHOWN[0] else 300,
        **laid if metric == "SRCC" else {},
    )
    cell = _cell(shown, view, metric)
    points = "; ".join(f"{row.variant} {row.mean:.3f}" for row in cell[["variant", "mean"]].itertuples(index=False))
    alt = T.ALT.format(
        metric=metric, level=view.level, axis=view.axis, over=shown.naming.over, rests=_rests(cell), points=points
    )
    return chart_value(figure, name=f"{metric}-{view.axis}-{view.level}", alt=alt)


def model_answer(p: Parts, shown: Shown, view: View) -> dict[Any, Any]:
    """Draws the chosen model's ranking beside the ratings', and says which systems changed places."""
    axis, model = view.axis, view.model
    choice = gr.Dropdown(shown.models(axis), value=model)
    predictions = shown.kept.sweep.predictions
    here = predictions[predictions["axis"] == axis]
    if not (here["system"] != "").any():
        return {
            p.model: choice,
            p.ranking: None,
            p.places: "",
            p.changed: sentences_html([T.NO_SYSTEMS]),
        }
    reference = shown.reference(axis, model)
    alone = reference == model
    who = listeners(shown.kept.record["study"]["kind"])
    table = system_places(predictions, axis, model, None if alone else reference)
    changed = swaps(predictions, axis, model, reference)
    words = [T.REFERENCE_ALONE] if alone else swaps_in_words(changed, model, reference, who=who)
    order = ", ".join(table.sort_values("place")["system"])
    return {
        p.model: choice,
        p.ranking: chart_value(
            ranking_figure(table, axis, who),
            name=f"ranking-{axis}-{model}",
            alt=T.PLACES_ALT.format(model=model, who=who, axis=axis, order=order),
        ),
        p.changed: sentences_html(words),
        p.places: places_html(table, model, reference),
    }


# What was published: beside our numbers and never among them


def published_curves(axis: str, over: str) -> dict[str, Any]:
    """Returns what a panel of system-level SRCC takes: the rows, the study, and the reported best beta.

    Args:
        axis: Which axis.
        over: What is turned; the best beta is laid over betas only.
    """
    experiment = _table_with(axis)
    if experiment is None:
        return {}
    best = _best() if over == "beta" else None
    return {"published": _rows(experiment), "published_on": experiment.study, "published_best": best}


def published_html(axis: str) -> str:
    """Returns the published rows as HTML, in a frame of their own."""
    experiment = _table_with(axis)
    if experiment is None:
        return f'<p class="q-hint">{escape(T.PUBLISHED_NONE.format(axis=axis))}</p>'
    rows = "".join(
        f'<tr><th scope="row">{escape(row.name)}</th><td>{row.values[axis]:.3f}</td><td>{escape(row.source)}</td></tr>'
        for row in _rows(experiment)
    )
    title = T.PUBLISHED_TITLE.format(axis=axis, study=experiment.study)
    note = escape(T.PUBLISHED_NOTE.format(best=_best()))
    return (
        f'<div class="q-published" style="--published:{PUBLISHED}"><h3>{escape(title)}</h3>'
        f'<p class="q-hint">{note}</p><table><tbody>{rows}</tbody></table></div>'
    )


def _table_with(axis: str) -> PublishedExperiment | None:
    from qamro.training.sweeps.reproduce import EXPERIMENTS

    return next((each for each in EXPERIMENTS.values() if axis in each.axes and each.published), None)


def _best() -> float:
    """The beta that was reported as the best."""
    from qamro.training.sweeps.reproduce import EXPERIMENTS

    return EXPERIMENTS["figure1"].best_beta or 0.0


def _rows(experiment: PublishedExperiment) -> list[Published]:
    """The rows of the paper itself."""
    return [row for row in experiment.published if row.paper]


# Pieces of HTML


def headline_html(text: str, shown: Shown) -> str:
    """Says what is shown, what kind of ratings it rests on, and how it was made."""
    record = shown.kept.record
    study, kind = record["study"], record["study"]["kind"]
    source = T.SOURCE.format(
        who=listeners(kind),
        clips=study["clips"],
        systems=study["systems"],
        encoder=record["encoder"]["name"],
        revision=record["encoder"]["revision"],
        split=record["split"],
        seeds=record["setup"]["seeds"],
        optimiser=OPTIMISERS[record["setup"]["optimiser"]],
        made=record["made"][:10],
        version=record["qamro"],
        torch=record["torch"],
    )
    warning = f"<p>{escape(T.SIMULATED)}</p>" if kind == "simulated" else ""
    unread = record["unreadable clips"]
    lost = f"<p>{escape(T.UNREAD.format(n=len(unread), first=next(iter(unread))))}</p>" if unread else ""
    badge = f'<span class="q-badge q-{escape(kind)}">{escape(kind)}</span>'
    return f'<h2>{escape(text)} {badge}</h2><div class="q-hint">{warning}<p>{escape(source)}</p>{lost}</div>'


def words_html(first: str, others: Sequence[str]) -> str:
    """The line under the plot, and the other metrics' lines folded away."""
    rest = "".join(f"<li>{escape(line)}</li>" for line in others)
    folded = f"<details><summary>{escape(T.MORE_WORDS)}</summary><ul>{rest}</ul></details>"
    return f'<div class="q-verdict"><p role="status">{escape(first)}</p>{folded}</div>'


def table_html(shown: Shown, view: View) -> str:
    """Every model's means with their intervals, at one level of one axis."""
    part = shown.summary[(shown.summary["axis"] == view.axis) & (shown.summary["level"] == view.level)]
    head = "".join(f'<th scope="col">{name}</th>' for name in (escape(T.MODEL_COLUMN), *METRICS_SHOWN))
    body = "".join(_row(part, label, view.model) for label in shown.models(view.axis))
    few = f'<p class="q-hint">{escape(_rests(part[part["metric"] == METRICS_SHOWN[0]]))}.</p>'
    return (few if part["hint"].any() else "") + _numbers(T.TABLE_CAPTION, head, body)


def places_html(table: pd.DataFrame, model: str, reference: str) -> str:
    """The places of the systems as a table."""
    titles = ("", "", model, reference, "", "")
    head = "".join(
        f'<th scope="col" title="{escape(title)}">{escape(column)}</th>'
        for column, title in zip(T.PLACES, titles, strict=True)
    )
    body = ""
    for row in table.itertuples():
        moved = "" if math.isnan(row.place_reference) or row.place == row.place_reference else ' class="q-moved"'
        spread = "" if math.isnan(row.low) else f' <span class="q-interval">{row.low:.2f}–{row.high:.2f}</span>'
        before = "–" if math.isnan(row.place_reference) else f"{row.place_reference:g}"
        cells = (f"{row.place_human:g}", f"{row.place:g}", before, f"{row.human:.2f}", f"{row.predicted:.2f}{spread}")
        body += f'<tr{moved}><th scope="row">{escape(str(row.system))}</th>{_cells(cells)}</tr>'
    return _numbers(T.PLACES_CAPTION, head, body)


def sentences_html(said: Sequence[str]) -> str:
    """Sentences, the first one first."""
    rest = "".join(f"<li>{escape(line)}</li>" for line in said[1:])
    return f'<div class="q-verdict"><p>{escape(said[0])}</p>{f"<ul>{rest}</ul>" if rest else ""}</div>'


def _numbers(caption: str, head: str, body: str) -> str:
    said = f'<caption class="q-hidden">{escape(caption)}</caption>'
    return (
        f'<div class="q-scroll" tabindex="0"><table class="q-numbers">{said}'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _row(part: pd.DataFrame, label: str, chosen: str) -> str:
    mine = part[part["variant"] == label].set_index("metric")
    mark = ' class="q-chosen"' if label == chosen else ""
    means = _cells(_mean(mine.loc[metric]) for metric in METRICS_SHOWN)
    return f'<tr{mark}><th scope="row">{escape(label)}</th>{means}</tr>'


def _mean(row: pd.Series) -> str:
    if math.isnan(row["mean"]):
        return "–"
    spread = "" if math.isnan(row["low"]) else f"{row['low']:.3f}–{row['high']:.3f}"
    return f'{row["mean"]:.3f} <span class="q-interval">{spread}</span>'


def _cells(cells: Iterable[str]) -> str:
    return "".join(f"<td>{cell}</td>" for cell in cells)
