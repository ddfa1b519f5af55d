"""What the Sensitivity tab consists of, and what happens when."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr

from qamro.training.objective.table import HYPERPARAMETERS, families
from qamro.training.sweeps.figure import METRICS_SHOWN
from qamro.training.sweeps.setup import Setup
from qamro.ui.choices import encoder_options
from qamro.ui.events import AT_ONCE, LAST, QUIET, listen
from qamro.ui.sensitivity import form, handlers
from qamro.ui.sensitivity.state import SensitivityState, View
from qamro.ui.sensitivity.texts import OPTIMISERS, SPLITS
from qamro.ui.sensitivity.texts import Sensitivity as T
from qamro.ui.study_picker import StudyPicker, study_picker
from qamro.ui.widgets import heading, widget


@dataclass
class Parts:
    """The tab's components, by what they are for."""

    state: gr.State
    opener: gr.Accordion
    chooser: StudyPicker
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
    look: gr.Row
    curve: gr.Radio
    published: gr.Checkbox
    rest: gr.Column
    panels: dict[str, gr.HTML]
    words: gr.HTML
    published_table: gr.HTML
    map_card: gr.Accordion
    metric: gr.Radio
    map: gr.HTML
    table: gr.HTML
    one: gr.Column
    model: gr.Dropdown
    ranking: gr.HTML
    changed: gr.HTML
    places: gr.HTML


def build() -> None:
    """Builds the tab inside the current ``gr.Tab``."""
    bind(build_components())


def build_components() -> Parts:
    """Lays the components out: what the evidence says, the set-up, the curves, one model."""
    state = gr.State(SensitivityState(), delete_callback=SensitivityState.close)
    return Parts(state=state, **_setup(), **_curves(), **_model())


def _setup() -> dict[str, Any]:
    first = Setup  # its defaults; what checks them needs torch, which the page can wait for
    with gr.Column(elem_classes="q-card", elem_id="sensitivity-setup"):
        heading(T.TITLE, T.EVIDENCE)
        with gr.Accordion(T.SETUP, open=False, elem_id="sensitivity-opener") as opener:
            chooser = study_picker("sensitivity", audio=True, as_list=True)
            with gr.Row(elem_classes="q-fields"):
                offered = {name: row.short for name, row in families().items()}
                family = gr.Dropdown(_options(offered), value=first.family, label=T.FAMILY, filterable=False,
                                     elem_id="sensitivity-family", min_width=200)  # fmt: skip
                over = gr.Dropdown([first.over], value=first.over, label=T.OVER, filterable=False,
                                   elem_id="sensitivity-over", min_width=160)  # fmt: skip
            with gr.Accordion(T.MORE, open=False, elem_id="sensitivity-more"):
                more = _more()
            with gr.Row(elem_classes="q-action"):
                cost = gr.HTML("", elem_id="sensitivity-cost", apply_default_css=False, scale=3)
                cancel = gr.Button(T.CANCEL, visible=False, elem_id="sensitivity-cancel", min_width=110, scale=0)
                run = gr.Button(T.RUN, variant="primary", elem_id="sensitivity-run", min_width=170, scale=0)
        said = gr.HTML("", elem_id="sensitivity-status", apply_default_css=False)
    return more | {
        "opener": opener, "chooser": chooser, "family": family, "over": over, "cost": cost, "run": run,
        "cancel": cancel, "status": said,
    }  # fmt: skip


def _more() -> dict[str, Any]:
    """Builds what need not be chosen: it has values that were measured to do."""
    first = Setup
    with gr.Row(elem_classes="q-fields"):
        values = gr.Textbox(form.joined(first.values), label=T.VALUES.format(name=first.over),
                            elem_id="sensitivity-values", min_width=160)  # fmt: skip
        second = HYPERPARAMETERS[first.over].beside
        beside = gr.Textbox(form.joined(first.beside), label=T.BESIDE.format(name=second),
                            elem_id="sensitivity-beside", min_width=160)  # fmt: skip
    with gr.Row(elem_classes="q-fields"):
        axes = gr.CheckboxGroup(list(form.SIMULATED_AXES), value=list(first.axes), label=T.AXES,
                                elem_id="sensitivity-axes", min_width=220)  # fmt: skip
        seeds = gr.Slider(1, form.MOST_SEEDS, value=first.seeds, step=1, label=T.SEEDS,
                          elem_id="sensitivity-seeds", min_width=180)  # fmt: skip
    with gr.Row(elem_classes="q-fields"):
        encoder = gr.Dropdown(encoder_options(), value=first.encoder, label=T.ENCODER, filterable=False,
                              elem_id="sensitivity-encoder", min_width=200)  # fmt: skip
        split = gr.Dropdown(_options(SPLITS), value=f"{first.hold_out} {first.folds}", label=T.SPLIT,
                            filterable=False, elem_id="sensitivity-split", min_width=200, scale=2)  # fmt: skip
        optimiser = gr.Dropdown(_options(OPTIMISERS), value=first.optimiser, label=T.OPTIMISER,
                                filterable=False, elem_id="sensitivity-optimiser", min_width=200)  # fmt: skip
    return {
        "values": values, "beside": beside, "axes": axes, "seeds": seeds, "encoder": encoder, "split": split,
        "optimiser": optimiser,
    }  # fmt: skip


def _curves() -> dict[str, Any]:
    chart: dict[str, Any] = {"words": T.CHART_WORDS}
    first, *others = METRICS_SHOWN
    with gr.Column(elem_classes="q-card", elem_id="sensitivity-result", visible=False) as result:
        headline = gr.HTML("", elem_id="sensitivity-headline", apply_default_css=False, elem_classes="q-heading")
        with gr.Row(elem_classes="q-look") as look:
            pills: dict[str, Any] = {"elem_classes": "q-pills", "scale": 0}
            axis = gr.Radio([], label=T.AXIS, elem_id="sensitivity-axis", min_width=120, **pills)
            levels = [(label, key) for key, label in T.LEVELS.items()]
            level = gr.Radio(levels, value=View.level, label=T.LEVEL, elem_id="sensitivity-level", min_width=190,
                             **pills)  # fmt: skip
            curve = gr.Radio([], label=T.CURVE, elem_id="sensitivity-curve", min_width=190, **pills)
            published = gr.Checkbox(False, label=T.PUBLISHED, elem_id="sensitivity-published", min_width=230)
        panels = {first: widget("chart", None, elem_id=f"sensitivity-{first}", **chart)}
        with gr.Column(elem_id="sensitivity-rest", visible=False) as rest:
            words = gr.HTML("", elem_id="sensitivity-words", apply_default_css=False)
            published_table = gr.HTML("", elem_id="sensitivity-papers", apply_default_css=False)
            gr.HTML(f'<p class="q-hint">{T.INTERVALS}</p>', apply_default_css=False)
            with gr.Accordion(T.OTHER_METRICS, open=False, elem_id="sensitivity-others"), gr.Column():
                panels |= {key: widget("chart", None, elem_id=f"sensitivity-{key}", **chart) for key in others}
            with gr.Accordion(T.MAP, open=False, elem_id="sensitivity-map-part") as map_card:
                gr.HTML(f'<p class="q-hint">{T.MAP_NOTE}</p>', apply_default_css=False)
                metric = gr.Radio(list(METRICS_SHOWN), value=View.metric, label=T.METRIC,
                                  elem_id="sensitivity-metric", elem_classes="q-pills")  # fmt: skip
                heat = widget("chart", None, elem_id="sensitivity-map", **chart)
            with gr.Accordion(T.TABLE, open=False):
                table = gr.HTML("", elem_id="sensitivity-table", apply_default_css=False)
    link = widget("sensitivity_link", None, words=T.LINK_WORDS, elem_id="sensitivity-link")
    return {
        "result": result, "headline": headline, "look": look, "axis": axis, "level": level, "curve": curve,
        "published": published, "panels": panels, "rest": rest, "words": words, "published_table": published_table,
        "map_card": map_card, "metric": metric, "map": heat, "table": table, "link": link,
    }  # fmt: skip


def _model() -> dict[str, Any]:
    with gr.Column(elem_classes="q-card", elem_id="sensitivity-one", visible=False) as one:
        heading(T.MODEL, T.MODEL_NOTE)
        model = gr.Dropdown([], label=T.CHOOSE, elem_id="sensitivity-model", filterable=False)
        changed = gr.HTML("", elem_id="sensitivity-changed", apply_default_css=False)
        with gr.Row(elem_classes="q-figures"):
            with gr.Column(scale=1, min_width=320):
                ranking = widget("chart", None, words=T.CHART_WORDS, elem_id="sensitivity-ranking")
            with gr.Column(scale=1, min_width=320):
                places = gr.HTML("", elem_id="sensitivity-places", apply_default_css=False)
    return {"one": one, "model": model, "ranking": ranking, "changed": changed, "places": places}


def _options(titles: dict[str, str]) -> list[tuple[str, str]]:
    return [(title, name) for name, title in titles.items()]


def bind(p: Parts) -> None:
    """Binds every event of the tab."""
    state: dict[str, Any] = {"state": p.state}
    study: dict[str, Any] = {"study": p.chooser.study, "picker": p.chooser.state}
    fields: dict[str, Any] = {name: getattr(p, name) for name in form.FIELDS}
    sweeping: dict[str, Any] = {"concurrency_limit": None} | QUIET  # who sweeps waits in a line of ours
    listen(p, p.run.click, handlers.run, sweeping, **state, **study, **fields)
    listen(p, p.cancel.click, handlers.stop, AT_ONCE, **state)

    listen(p, p.family.input, handlers.family_chosen, family=p.family)
    listen(p, p.over.input, handlers.over_chosen, family=p.family, over=p.over)
    # An encoder offers other axes: what reads those waits until they stand there.
    offered = listen(p, p.encoder.input, handlers.encoder_chosen, study=p.chooser.study, encoder=p.encoder, axes=p.axes)
    listen(p, offered.then, handlers.cost, **study, **fields)
    changed: Any = partial(gr.on, [field.change for name, field in fields.items() if name != "encoder"])
    listen(p, changed, handlers.cost, LAST, **study, **fields)

    seen: dict[str, Any] = {"axis": p.axis, "level": p.level, "curve": p.curve, "published": p.published}
    for part in seen.values():
        listen(p, part.input, handlers.look, LAST, **seen, **state)
    for chart in (*p.panels.values(), p.map):
        listen(p, chart.select, handlers.click, LAST, **state)
    listen(p, p.model.input, handlers.choose, LAST, model=p.model, **state)
    listen(p, p.metric.input, handlers.another_map, LAST, metric=p.metric, **state)
    listen(p, p.link.download, handlers.pack, **state)

    change = p.chooser.study.change
    chosen = listen(p, change, handlers.study_chosen, encoder=p.encoder, axes=p.axes, **study, **state)
    listen(p, chosen.then, handlers.cost, **study, **fields)
    opened = listen(p, p.link.expand, handlers.opened, AT_ONCE, **state)
    listen(p, opened.then, handlers.cost, **study, **fields)
