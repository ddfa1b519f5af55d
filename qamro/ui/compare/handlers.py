"""What the Compare tab does: predictions come and go, clips are scored, views worked out, the report written."""

from __future__ import annotations

import contextlib
import logging
import math
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from qamro.predictors.loading import DAMAGED, MISSING
from qamro.report.views import APP_VIEWS, rated_axes
from qamro.ui import choices
from qamro.ui.bounds import TooMuchError
from qamro.ui.compare.plan import plan_value
from qamro.ui.compare.render import drawn, empty, file_name, lines, listing, missing, setup
from qamro.ui.compare.state import TEST, VOTES, CompareState
from qamro.ui.compare.texts import PLAN, REPORT, TITLES, Report, View
from qamro.ui.compare.texts import Bring as T
from qamro.ui.events import Answer
from qamro.ui.middleware import client_of
from qamro.ui.progress import status
from qamro.ui.session import Clip, Kept, Session, in_turns
from qamro.ui.share import shared
from qamro.ui.static import own_folder, url
from qamro.ui.study_picker.handlers import by_name
from qamro.ui.texts import Bounds, Share

if TYPE_CHECKING:
    from qamro.report import Comparison, Section
    from qamro.studies import Study
    from qamro.ui.compare.tab import Parts
    from qamro.ui.study_picker.state import PickerState

TELL_EVERY = 0.15
"""Seconds between two updates of the page."""

_log = logging.getLogger(__name__)


def score(p: Parts, state: CompareState, name: str, request: gr.Request | None = None) -> Iterator[Answer]:
    """Scores the clips of the study that have sound, and puts the predictor beside the others."""
    if state.busy:
        return
    end = {p.score: gr.Button(interactive=True), p.cancel: gr.Button(visible=False)}
    refusal = _refusal(state, name)
    if refusal:
        yield end | {p.status: status(refusal, calm=False)}
        return
    state.busy, state.stopping, state.address = True, False, client_of(request)
    try:
        going = {p.score: gr.Button(interactive=False), p.cancel: gr.Button(visible=True)}
        yield going | {p.status: status(T.LOADING)}
        for told in _score(state, name):
            yield {p.status: told}
        yield end | {p.predictions: listing(state)}
    except TooMuchError as problem:
        yield end | {p.status: status(str(problem), calm=False)}
    except Exception as problem:
        _log.exception("scoring a study with %s", name)
        text = status(T.BROKE.format(problem=problem), calm=False)
        yield end | {p.predictions: listing(state), p.status: text}
    finally:
        state.busy = False


def example(p: Parts, state: CompareState, request: gr.Request | None = None) -> Iterator[Answer]:
    """Scores the simulated study with the predictor that is always there, so that there is something to compare."""
    if state.study is not None and state.study.kind == "simulated" and not state.usable:
        yield from score(p, state, choices.DEFAULT, request)


def open_example(p: Parts, picker: Any) -> Iterator[Answer]:
    """Opens the bundled study; its scoring follows, as whenever it is chosen."""
    yield from by_name(p.chooser, picker, "simulated")


def cancel(p: Parts, state: CompareState) -> Answer:
    """Asks the scoring to end."""
    state.cancel()
    return {p.status: status(T.STOPPING)}


def _refusal(state: CompareState, name: str) -> str:
    if state.study is None:
        return T.NO_STUDY
    if len(state.study.missing_audio()) == len(state.study.clips):
        return T.NO_AUDIO.format(name=state.study.name)
    entry = choices.state(name)
    if entry.state in (DAMAGED, MISSING):
        return entry.note
    return "" if entry.state == "ready" else T.NOT_READY.format(title=entry.title)


def _score(state: CompareState, name: str) -> Iterator[str]:
    """Adds the predictor at the end; yields what to say meanwhile."""
    import pandas as pd

    study, title = state.study, choices.state(name).title
    if study is None:
        return
    predictor = choices.get(name)
    silent = set(study.missing_audio())
    clips = study.clips[~study.clips["clip"].isin(silent)]
    paths = [study.audio_path(clip) for clip in clips["clip"]]
    items = list(zip(clips["clip"], paths, clips["prompt"], clips["system"], strict=True))

    def work(part: Sequence[tuple[Any, ...]]) -> Iterator[dict[str, Any]]:
        names, files, prompts, systems = zip(*part, strict=True)
        for clip, path, row in zip(names, files, predictor.stream(files, prompts, systems), strict=True):
            if state.stopping or state.study is not study:
                return
            yield row | {"clip": clip, "path": path.name, "error": row["error"].replace(str(path), path.name)}

    rows: list[dict[str, Any]] = []
    told = 0.0
    with contextlib.closing(in_turns(state, items, work)) as scored:
        for row in scored:
            if row is not None:
                rows.append(row)
            if row is None and state.place is not None:
                yield status(Bounds.in_line(*state.place), len(rows), len(paths))
            elif time.monotonic() - told > TELL_EVERY:
                told = time.monotonic()
                yield status(T.SCORING.format(title=title, done=len(rows), all=len(paths)), len(rows), len(paths))
    good = [row for row in rows if not row["error"]]
    counts = {"title": title, "good": len(good), "all": len(paths), "failed": len(rows) - len(good)}
    if state.study is not study or not good:
        yield status(T.STOPPED_EARLY if state.stopping else T.SCORED_SOME.format(**counts, error=_first(rows)))
        return
    table = pd.DataFrame(good, columns=predictor.columns)
    state.add(predictor.name, table, T.FROM_SCORING.format(n=len(good), all=len(study.clips)), name)
    text = T.STOPPED if len(rows) < len(paths) else T.SCORED_SOME if counts["failed"] else T.SCORED
    yield status(text.format(**counts, error=_first(rows)))


def _first(rows: list[dict[str, Any]]) -> str:
    return next((row["error"] for row in rows if row["error"]), "")


# Predictions


def choose(
    p: Parts,
    study: Study | None,
    state: CompareState,
    view: str,
    *,
    picker: PickerState | None = None,
    request: gr.Request | None = None,
) -> Answer:
    """Takes the study that was chosen; predictions are matched with it again. Votes alone open their own view."""
    state.cancel()
    if study is not None and (left := state.adopt(picker.kept if picker is not None else None, study)):
        return _as_left(p, state, left, request)
    state.choose(study)
    answer: Answer = {p.predictions: listing(state), p.status: ""}
    if study is not None and study.votes is not None and study.ratings.empty and view != REPORT[0]:
        own = state.comparison is not None and state.comparison.test is not None
        answer[p.view] = gr.Radio(value=TEST if own else VOTES)
    elif view == VOTES and study is not None and study.votes is None:
        answer[p.view] = gr.Radio(value=next(key for key, own in APP_VIEWS.items() if own.people_only))
    return answer


def _as_left(p: Parts, state: CompareState, left: Mapping[str, Any], request: gr.Request | None) -> Answer:
    """Shows what the page before has left; the address may ask for another view."""
    asked = request.query_params.get("view", "") if request is not None else ""
    answer: Answer = {p.predictions: listing(state), p.status: "", p.powered: gr.Checkbox(value=state.powered)}
    if left["axis"]:
        answer[p.axis] = gr.Radio([left["axis"]], value=left["axis"])
    return answer | {p.view: gr.Radio(value=asked if asked in TITLES else left["view"])}


def upload(p: Parts, state: CompareState, event: gr.EventData) -> Answer:
    """Takes CSVs of predictions in; a bad one is named and does not keep the others out."""
    folder, notes, calm = own_folder(), [], True
    for file in event.files:
        path, name = Path(str(file["path"])).resolve(), str(file["name"])
        if not path.is_relative_to(folder) or not path.is_file():
            continue  # nothing that did not come in through the page
        try:
            from qamro.studies.importers.predictions import read_predictions

            scores = read_predictions(path)
            entry = state.add(Path(name).stem, scores, T.FROM_FILE.format(file=name))
            notes.append(T.TAKEN.format(name=entry.name, n=len(scores)))
        except (ValueError, OSError) as problem:
            calm = False
            text = str(problem).replace(str(path), name).removeprefix(f"{name}: ")
            notes.append(T.READ_BAD.format(file=name, problem=text))
    return {p.predictions: listing(state), p.status: status(" ".join(notes), calm=calm)}


def take(p: Parts, state: CompareState, session: Session) -> Answer:
    """Takes the scores that stand on the Predict tab."""
    import pandas as pd

    run = session.run
    if run is None or not run.good:
        return {p.status: status(T.NOTHING_TAKEN)}
    scores = pd.DataFrame([run.rows[key] for key in run.good], columns=run.columns)
    entry = state.add(run.predictor, scores, T.FROM_PREDICT.format(n=len(scores)), run.predictor)
    return {p.predictions: listing(state), p.status: status(T.TAKEN.format(name=entry.name, n=len(scores)))}


def remove(p: Parts, state: CompareState, event: gr.EventData) -> Answer:
    """Takes a predictor away."""
    state.remove(str(event.name))
    return {p.predictions: listing(state), p.status: ""}


def pair(p: Parts, state: CompareState, event: gr.EventData) -> Answer:
    """Pairs two axes of different names, of one predictor or of all, or takes a pair away."""
    state.pair(str(event.predicted), str(event.rated or ""), str(event.name or ""))
    return {p.predictions: listing(state), p.status: ""}


# Views


def axes(p: Parts, state: CompareState, view: str, axis: str | None) -> Answer:
    """Returns the choice of an axis where a view needs one: those compared, the chosen one if it is still there."""
    about = APP_VIEWS[view].axes if view in APP_VIEWS else rated_axes
    found = list(about(state.comparison)) if state.comparison is not None else []
    kept = axis if axis in found else next(iter(found), None)
    # A page that hides the choice may go on sending what was chosen, and Gradio refuses what is not among the choices.
    offered = found or ([axis] if axis else [])
    helped = view == "systems" and bool(state.comparison is not None and state.comparison.predictors)
    return {
        p.axis: gr.Radio(offered, value=kept, visible=len(found) > 1 and _by_axis(view)),
        p.setup: setup(state),
        p.powered: gr.Checkbox(visible=helped),
        p.next: gr.Button(visible=helped and state.powered),
    }


def power(p: Parts, state: CompareState, powered: bool) -> Answer:
    """Shows means of systems with the help of predictions, too, or not."""
    state.power(bool(powered))
    return {p.next: gr.Button(visible=state.powered)}


def hand_over(p: Parts, state: CompareState, session: Session, axis: str | None) -> Answer:
    """Hands the clips that are to be rated next over to the Annotate tab, and opens it."""
    from qamro.evaluation.next_to_rate import next_to_rate
    from qamro.report.powered import NEXT, helpers

    if state.study is None or state.comparison is None or not axis:
        return {p.handed: status(T.NO_STUDY)}
    found = helpers(state.comparison, state.comparison.numbers(axis))
    if not found:
        return {p.handed: status(T.NO_NEXT, calm=False)}
    name, column = next(iter(found.items()))
    rows = next_to_rate(state.study, state.predictions[name].scores, axis, predicted=column, n=NEXT)
    silent = set(state.study.missing_audio())
    known = set(state.study.clips["clip"]) - silent
    session.handed = [
        Clip(f"n{k}", row.clip, state.study.audio_path(row.clip), row.prompt, row.system)
        for k, row in enumerate(rows.itertuples())
        if row.clip in known
    ]
    scores = state.study.ratings.loc[state.study.ratings["axis"] == axis, "score"]
    session.handed_axis = axis, math.floor(scores.min()), math.ceil(scores.max())
    if not session.handed:
        return {p.handed: status(T.NEXT_SILENT.format(n=len(rows)) if len(rows) else T.NO_NEXT, calm=False)}
    told = {p.handed: status(T.HANDED.format(n=len(session.handed), name=state.study.name, axis=axis))}
    return told | ({p.tabs: gr.Tabs(selected="annotate")} if p.tabs is not None else {})


def opened(p: Parts, request: gr.Request, state: CompareState, event: gr.EventData | None = None) -> Answer:
    """Looks anew at what predictors there are, and opens the view that the address asks for: ``&view=systems``.

    Predictions that wait for a study stay; what belongs to one comes with it (see ``choose``).
    """
    wanted = request.query_params.get("view", "")
    offered: Answer = {p.predictor: gr.Dropdown(choices.predictor_options(request))}
    if left := state.adopt(Kept.of(getattr(event, "key", "")), None):
        offered |= _as_left(p, state, left, request)
    if wanted == PLAN[0]:  # needs no study; one that the address names too replaces this
        offered |= {p.section: missing(CompareState(), wanted, ""), p.plan: plan_value(None, None, {})}
    return offered | ({p.view: gr.Radio(value=wanted)} if wanted in TITLES else {})


def show(
    p: Parts, state: CompareState, view: str, axis: str | None, picker: PickerState | None = None
) -> Iterator[Answer]:
    """Works a view out and shows it; says what is missing where it cannot be."""
    yield from _show(p, state, view, axis)
    state.leave(picker.kept if picker is not None else None, view, axis)


def _show(p: Parts, state: CompareState, view: str, axis: str | None) -> Iterator[Answer]:
    state.wanted = (state.version, view, axis or "")
    wanted = state.wanted
    key = (view, axis or "" if _by_axis(view) else "")
    if key in state.drawn:
        yield {p.section: state.drawn[key], p.working: None}
        return
    nothing = missing(state, view, axis)
    if view == PLAN[0]:
        yield {p.section: nothing, p.working: _working(state, view)}
        yield {p.plan: plan_value(state.study, axis, {}), p.working: None}
        return
    if nothing is not None:
        yield {p.section: nothing, p.working: None}
        return
    yield {p.working: _working(state, view)}
    began = time.monotonic()
    try:
        answer = drawn(state, view, _section(state, view, axis or ""), axis or "", _made_by(state, view))
        state.took[view] = time.monotonic() - began
        if state.version == wanted[0]:
            state.drawn[key] = answer
    except ValueError as problem:
        answer = empty(state, view, View.BROKE, str(problem))
    except Exception as problem:
        _log.exception("view %s", view)
        answer = empty(state, view, View.BROKE, f"{type(problem).__name__}: {problem}")
    if state.wanted == wanted:  # else somebody was quicker than the figures
        yield {p.section: answer, p.working: None}


def _working(state: CompareState, view: str) -> dict[str, Any]:
    usual = round(state.took.get(view, 0.0))
    return {"text": View.WORKING.format(view=TITLES[view]), "usual": usual or None}


def _made_by(state: CompareState, view: str) -> list[str]:
    from qamro.report.overview import made_by

    comparison = state.people if APP_VIEWS[view].people_only else state.comparison
    return made_by(comparison) if comparison is not None else []


def begin(p: Parts, state: CompareState, axis: str | None) -> Iterator[Answer]:
    """Works the first three lines out, dimming the old ones meanwhile."""
    comparison, version = state.comparison, state.version
    if comparison is None:
        state.said = []
        yield {p.lines: None}
        return
    yield {p.lines: {"lines": state.said, "waiting": True}}
    about = axis if axis and axis in (*comparison.axes, *comparison.voted) else ""
    try:
        said = lines(comparison.findings(about))
    except Exception as problem:  # the views say what is wrong
        _log.exception("first lines of %s on %s", comparison.study.name, axis)
        said = [{"about": "systems", "text": View.BROKE_LINES.format(problem=problem), "view": "", "figure": ""}]
    if state.version == version:
        state.said = said
        yield {p.lines: {"lines": said, "waiting": False}}
        _ahead(state, axis or "")


def _ahead(state: CompareState, axis: str) -> None:
    """Works the rankings out while the visitor reads what is shown: most look at them next, and they take longest."""
    comparison = state.comparison if state.usable else None
    if comparison is None or axis not in comparison.axes or not comparison.predictors:
        return

    def work() -> None:
        with contextlib.suppress(Exception):  # a problem is told when the view is asked for
            comparison.systems(axis)

    threading.Thread(target=work, name="rankings ahead", daemon=True).start()


def plan(p: Parts, state: CompareState, axis: str | None, event: gr.EventData) -> Answer:
    """Plans with the numbers that were typed; those that were not are the study's."""
    return {p.plan: plan_value(state.study, axis, dict(event.typed or {}))}


def leave_out(p: Parts, state: CompareState, event: gr.EventData) -> Answer:
    """Leaves raters out of everything that is worked out from now on."""
    state.leave_out([str(name) for name in event.raters])
    return {}


def _section(state: CompareState, view: str, axis: str) -> Any:
    comparison = state.people if APP_VIEWS[view].people_only else state.comparison
    if comparison is None:
        raise ValueError(View.EMPTY)
    if view == "systems":
        return _systems(comparison, axis, powered=state.powered)
    return comparison.section(view, axis if _by_axis(view) else "")


def _by_axis(view: str) -> bool:
    return view == PLAN[0] or (view in APP_VIEWS and APP_VIEWS[view].by_axis)


def _systems(comparison: Comparison, axis: str, *, powered: bool) -> Section:
    """The systems' section, after what predictions or a race add to it."""
    from dataclasses import replace

    from qamro.report.raced import is_raced

    section = comparison.systems(axis)
    first = [comparison.powered(axis)] if powered and comparison.predictors else []
    first += [comparison.raced(axis)] if is_raced(comparison, axis) else []
    parts = [*first, section]
    return replace(
        section,
        answer=" ".join(part.answer for part in parts if part.answer),
        about=[text for part in parts for text in part.about],
        sentences=[text for part in parts for text in part.sentences],
        figures=[figure for part in parts for figure in part.figures],
        tables=[table for part in parts for table in part.tables],
    )


def share(p: Parts, state: CompareState, view: str, axis: str | None) -> Iterator[Answer]:
    """Writes the view as a page, and gives its link."""
    from qamro.report.html import write_html, write_view

    def write(path: Path) -> None:
        comparison = state.comparison
        if view == PLAN[0]:
            raise ValueError(Share.NO_PLAN)
        if comparison is None or "empty" in (missing(state, view, axis) or {}):
            raise ValueError(Share.NOTHING)
        if view == REPORT[0]:
            write_html(comparison, path)
        else:
            write_view(comparison, _section(state, view, axis or ""), path)

    stem = state.study.name if state.study is not None else ""
    yield from shared(p.share, state, f"{file_name(stem, view)}-{datetime.now(UTC):%Y%m%d-%H%M%S}", write)


# Report


def write(p: Parts, state: CompareState, event: gr.EventData) -> Iterator[Answer]:
    """Writes the report or the zip, and tells the page where it is."""
    from qamro.report import write_html, write_zip

    kind = "zip" if str(event.what) == "zip" else "html"
    if state.study is None:
        yield {p.report: {"said": Report.NO_STUDY, "failed": True}}
        return
    yield {p.report: {"busy": Report.WRITING}}
    state.stopping = False
    try:
        comparison = state.comparison
        if comparison is None:
            return
        for told in _work_out(state, comparison):
            yield {p.report: told}
        if state.stopping:
            yield {p.report: {"said": Report.STOPPED}}
            return
        name = f"{file_name(state.study.name, 'report')}-{datetime.now(UTC):%Y%m%d-%H%M%S}.{kind}"
        path = state.folder(own_folder()) / name
        (write_zip if kind == "zip" else write_html)(comparison, path)
        yield {p.report: {"file": {"url": url(path), "name": name}, "said": Report.DONE.format(file=name)}}
    except Exception as problem:
        _log.exception("report of %s", state.study.name)
        yield {p.report: {"said": Report.FAILED.format(problem=problem), "failed": True}}


def stop(p: Parts, state: CompareState) -> Answer:
    """Asks the writing to end after the section at hand."""
    state.cancel()
    return {}


def _work_out(state: CompareState, comparison: Comparison) -> Iterator[dict[str, Any]]:
    """Makes every section, so that writing has nothing left to compute; tells how far it is."""
    total = len(comparison.plan)
    for done, section in enumerate(comparison.sections(), 1):
        if state.stopping:
            return
        yield {"busy": Report.SECTION.format(title=section.title), "done": done, "of": total}
