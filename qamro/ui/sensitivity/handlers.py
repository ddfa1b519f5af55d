"""What the Sensitivity tab does: shows the sweep that ships or that a link asks for, runs another, looks at one."""

from __future__ import annotations

import contextlib
import logging
import time
import zipfile
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from qamro.training.sweeps.setup import Setup, first_over
from qamro.ui import pace
from qamro.ui.bounds import PRESENCE, Held, Line, TooMuchError
from qamro.ui.events import Answer
from qamro.ui.middleware import client_of
from qamro.ui.processes import apart, get_ready
from qamro.ui.progress import follow, status
from qamro.ui.sensitivity import form
from qamro.ui.sensitivity.render import ALL, draw, draw_map, draw_part, draw_points, draw_view, link_value
from qamro.ui.sensitivity.state import SensitivityState, Shown
from qamro.ui.sensitivity.texts import Sensitivity as T
from qamro.ui.sensitivity.worker import DRAW_EVERY, sweep_apart
from qamro.ui.static import own_folder, url
from qamro.ui.study_picker.state import PickerState
from qamro.ui.texts import Bounds

if TYPE_CHECKING:
    from qamro.studies import Study
    from qamro.training.sweeps.store import KeptSweep
    from qamro.training.sweeps.sweep import Sweep
    from qamro.ui.sensitivity.tab import Parts

LINE = Line("QAMRO_SWEEPS", Bounds.SWEEPS_FULL)
"""Of those who want to sweep."""

SWEEPS = Held("QAMRO_SWEEPS_ADDRESS", Bounds.SWEEPS)
"""Sweeps that go on or wait, by address."""

EMBEDDED = 1.0
"""Seconds; what embeds all clips faster has found most of them embedded."""

_log = logging.getLogger(__name__)


# The form


def family_chosen(p: Parts, family: str) -> Answer:
    """Offers what the objective can be swept over."""
    return {p.over: form.over_choice(family)} | over_chosen(p, family, first_over(family))


def over_chosen(p: Parts, family: str, over: str) -> Answer:
    """Offers values of what is varied."""
    values, beside = form.number_fields(family, over)
    return {p.values: values, p.beside: beside}


def encoder_chosen(p: Parts, study: Study | None, encoder: str, axes: list[str]) -> Answer:
    """Offers the axes that an encoder serves."""
    return {p.axes: form.axes_choice(study, encoder, axes)}


def cost(p: Parts, picker: PickerState, study: Study | None, **given: Any) -> Answer:
    """Says how many fits the form asks for, or what is wrong with it."""
    return {p.cost: form.cost(picker, study, given)}


# What is seen first


def opened(p: Parts, state: SensitivityState, request: gr.Request) -> Answer:
    """Sets the form as the address says and shows the sweep if it is at hand, else the one that ships."""
    query: Mapping[str, str] = dict(request.query_params)
    if query.get("tab") != form.TAB:
        return {p.over: form.over_choice(Setup.family)} | _first(p, state)
    setup, view, problem = form.from_query(query)
    offered = list(dict.fromkeys([*form.SIMULATED_AXES, *setup.axes]))
    answer = form.fill(p, setup) | {
        p.axes: gr.CheckboxGroup(offered, value=list(setup.axes)),
        p.opener: gr.Accordion(open=setup != Setup()),
    }
    if problem:
        return answer | _first(p, state) | {p.status: status(T.BAD_LINK.format(problem=problem), calm=False)}
    ready = form.found_before(setup, None)
    if ready is not None:
        state.view = view
        return answer | show(p, state, ready)
    state.wanted = setup, view
    answer |= _first(p, state)
    return answer | {p.status: status(_waiting_for(query.get("study", ""), state))}


def _waiting_for(study: str, state: SensitivityState) -> str:
    """What is said while a link's sweep is not on the page: the chooser opens a study that is here."""
    from qamro.studies.registry import SIMULATED, datasets

    if not study:
        return _not_kept(state)
    if study == SIMULATED or (study in datasets() and datasets()[study].is_here):
        return T.OPENING
    return T.STUDY_FIRST.format(name=study)


def _not_kept(state: SensitivityState) -> str:
    told = T.NOT_KEPT.format(run=T.RUN)
    return told if state.shown is None else f"{told} {T.BELOW}"


def study_chosen(
    p: Parts, study: Study | None, state: SensitivityState, *, picker: PickerState, encoder: str, axes: list[str]
) -> Answer:
    """Offers the study's axes; shows what a link asked for, if it was kept."""
    get_ready()
    if state.wanted is None or study is None or picker.source != state.wanted[0].study:
        return {p.axes: form.axes_choice(study, encoder, axes)}
    wanted, view = state.wanted
    answer: Answer = {p.axes: form.axes_choice(study, encoder, wanted.axes)}
    found = form.found_before(wanted, study)
    if found is None:
        return answer | {p.status: status(_not_kept(state))}
    state.view, state.wanted = view, None
    return answer | show(p, state, found)


def _first(p: Parts, state: SensitivityState) -> Answer:
    ready = form.found_before(Setup(), None)
    return {p.status: status(T.NO_STUDY)} if ready is None else show(p, state, ready)


# A sweep


def run(
    p: Parts,
    state: SensitivityState,
    study: Study | None,
    picker: PickerState,
    request: gr.Request | None = None,
    **given: Any,
) -> Iterator[Answer]:
    """Runs the sweep that the form asks for, or shows it at once where it was run before."""
    if state.busy:
        return
    try:
        setup = form.read(picker, study, given)
    except ValueError as problem:
        yield {p.status: status(str(problem), calm=False)}
        return
    if state.wanted is not None and state.wanted[0] == setup:
        state.view = state.wanted[1]
    state.wanted = None
    ready = form.found_before(setup, study)
    if ready is not None:
        yield show(p, state, ready)
        return
    state.busy, state.stopping = True, False
    going = {p.run: gr.Button(interactive=False), p.cancel: gr.Button(visible=True)}
    rest = {p.run: gr.Button(interactive=True), p.cancel: gr.Button(visible=False)}
    said = ""
    try:
        yield going | {p.status: status(T.OPENING)}
        parts: list[Sweep] = []
        drawn = 0.0
        going_on = _followed(setup, study, state, parts, request)
        with SWEEPS.hold(client_of(request)), contextlib.closing(going_on) as news:
            for told in news:
                if "result" in told:
                    shown = told["result"]
                    continue
                so_far = {}
                if parts and time.monotonic() - drawn > DRAW_EVERY:
                    so_far = draw_part(p, state.view, setup, parts.pop())
                    drawn = time.monotonic()
                yield {p.status: status(told["text"], told["done"], told["of"])} | so_far
        yield rest | show(p, state, shown)
        return
    except InterruptedError:
        said = status(T.STOPPED)
    except TooMuchError as problem:
        said = status(str(problem), calm=False)
    except (ValueError, OSError, RuntimeError) as problem:
        said = status(T.FAILED.format(problem=problem), calm=False)
    except Exception as problem:
        _log.exception("a sweep")
        said = status(T.BROKE.format(problem=problem), calm=False)
    finally:
        state.busy = False
    before = draw(p, state) if state.shown is None else show(p, state, state.shown)
    yield rest | before | {p.status: said}


def _followed(
    setup: Setup,
    study: Study | None,
    state: SensitivityState,
    parts: list[Sweep],
    request: gr.Request | None,
) -> Generator[dict[str, Any]]:
    """Waits in line and sweeps; yields how far it is as ``follow`` does, and the place while it waits."""
    session, who = getattr(request, "session_hash", None), object()

    def ended() -> bool:
        return state.stopping or PRESENCE.is_gone(session)

    LINE.join(who)
    try:
        told = 0.0
        while (place := LINE.wait(who, 0.25)) is not None:
            if ended():
                raise InterruptedError
            if time.monotonic() - told > 2:
                told = time.monotonic()
                yield {"text": Bounds.in_line(*place), "done": None, "of": None}
        yield from follow(lambda tell: _sweep(setup, study, tell, parts), ended)
    finally:
        LINE.leave(who)


def stop(p: Parts, state: SensitivityState) -> Answer:
    """Asks the sweep to end."""
    state.cancel()
    return {p.status: status(T.STOPPING)}


def show(p: Parts, state: SensitivityState, shown: Shown) -> Answer:
    """Puts a sweep on the page; the look at it stays as far as the sweep has it."""
    state.shown = shown
    view = state.view
    if view.axis not in shown.setup.axes:
        view = replace(view, axis=shown.setup.axes[0])
    if view.model not in shown.models(view.axis):
        view = replace(view, model=shown.first_model(view.axis))
    state.view = view
    return draw(p, state) | {p.status: status(shown.note)}


def _sweep(setup: Setup, study: Study | None, tell: Callable[..., None], parts: list[Sweep]) -> Shown:
    """Runs a sweep in a process of its own; the newest of ``parts`` is the sweep as far as it has come."""
    from qamro.studies.registry import open_study
    from qamro.training.sweeps import store

    if study is None:
        study = open_study(setup.study)
        before = form.found_before(setup, study)
        if before is not None:
            return before
    tell(T.ENCODER_LOADING)
    told: list[Any] = [T.ENCODER_LOADING]

    def hear(part: Sweep | None = None, *news: Any) -> None:
        if part is not None:
            parts[:] = [part]
        told[:] = news or told
        tell(*told)  # raises where the visitor has gone or stopped it

    kept: KeptSweep = apart(sweep_apart, setup, study, hear=hear)
    with contextlib.suppress(OSError):  # a full disk costs the memory, never the answer
        store.keep(store.kept_folder() / store.key_of(setup, study), kept)
    seconds, clips = kept.record["seconds"]["training"], len(study.clips)
    pace.remember(form.pace_of(setup), kept.record["fits"], clips, seconds)
    if kept.record["seconds"]["embedding"] > EMBEDDED:
        pace.remember(f"embed {setup.encoder}", 1, clips, kept.record["seconds"]["embedding"])
    return Shown(kept, setup, T.DONE.format(fits=kept.record["fits"], seconds=seconds))


# The look at it


def look(p: Parts, state: SensitivityState, *, axis: str, level: str, curve: str, published: bool) -> Answer:
    """Shows another axis, level or curve, all curves, or the paper's numbers."""
    shown = state.shown
    if shown is None:
        return {}
    axis = axis if axis in shown.setup.axes else shown.setup.axes[0]
    model = state.view.model if state.view.model in shown.models(axis) else shown.first_model(axis)
    others = curve == ALL
    if curve in shown.curves(axis):
        model = shown.beside(axis, model, curve)
    state.view = replace(state.view, axis=axis, level=level, published=published, model=model, others=others)
    return draw_view(p, state)


def click(p: Parts, state: SensitivityState, event: gr.EventData) -> Answer:
    """Shows the model whose point, band or cell was clicked."""
    return choose(p, state, str(event.data or ""))


def choose(p: Parts, state: SensitivityState, model: str) -> Answer:
    """Shows the model whose point, band, cell or name was chosen."""
    shown = state.shown
    if shown is None or state.busy or model not in shown.models(state.view.axis):  # busy: another one is on its way
        return {}
    state.view = replace(state.view, model=model)
    return draw_points(p, state)


def another_map(p: Parts, state: SensitivityState, metric: str) -> Answer:
    """Shows the map of another metric."""
    state.view = replace(state.view, metric=metric)
    return draw_map(p, state)


def pack(p: Parts, state: SensitivityState) -> Answer:
    """Packs the sweep and tells the page where to fetch it."""
    shown = state.shown
    if shown is None:
        return {}
    target = write_zip(shown, state.folder(own_folder()))
    return {p.link: link_value(shown, state.view) | {"zip": {"url": url(target), "name": target.name}}}


def write_zip(shown: Shown, folder: Path) -> Path:
    """Writes ``runs.csv``, ``summary.csv``, ``predictions.csv``, ``sweep.html`` and ``record.json`` as a zip.

    Args:
        shown: The sweep.
        folder: Where to write.
    """
    from qamro.training.sweeps.figure import INTERVALS, write_page
    from qamro.training.sweeps.store import write_csvs, write_record

    record, inside = shown.kept.record, folder / "sweep"
    write_csvs(inside, shown.kept.sweep)
    write_record(inside, record, shown.kept.sweep)
    name = record["study"]["name"]
    title = T.HEADLINE.format(family=shown.naming.family, over=shown.naming.over, study=name)
    warning = [T.SIMULATED] if record["study"]["kind"] == "simulated" else []
    notes = [*warning, f"{record['split']}; {record['fits']} fits; made {record['made']}.", INTERVALS]
    write_page(inside / "sweep.html", shown.kept.sweep.runs, title, notes, naming=shown.naming)
    target = folder / f"qamro-sweep-{shown.setup.study}-{record['made'][:10]}.zip"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in sorted(inside.iterdir()):
            packed.write(path, path.name)
    return target
