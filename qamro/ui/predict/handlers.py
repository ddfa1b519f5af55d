"""What the Predict tab does: clips come and go, a predictor is chosen or fetched, clips are scored and looked at."""

from __future__ import annotations

import contextlib
import functools
import logging
import time
from collections.abc import Callable, Iterator
from html import escape
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

import gradio as gr

from qamro.axes import get_axis
from qamro.predictors.loading import DAMAGED, MISSING
from qamro.studies.manifest import is_manifest
from qamro.ui import choices, figures
from qamro.ui.bounds import TooMuchError, bound
from qamro.ui.events import Answer
from qamro.ui.examples import examples
from qamro.ui.operate import client_of
from qamro.ui.progress import downloading, status
from qamro.ui.results import axes_of, has_systems, scored_axes, system_means, table, to_csv, to_json, write_run
from qamro.ui.session import TURNS, Clip, Run, Session, apply_manifest, read_manifest, window_seconds
from qamro.ui.share import READY, shared
from qamro.ui.static import own_folder, url
from qamro.ui.texts import Bounds, Choices, Share
from qamro.ui.texts import Predict as T
from qamro.ui.widgets import chart_value

if TYPE_CHECKING:
    from qamro.ui.predict.tab import Parts

NAMED = 3
TELL_EVERY = 0.12  # seconds between two updates of the page while clips are scored

Typed = dict[str, Any] | None
"""Value of the list of clips as it stands in the page, with what was typed since."""

_log = logging.getLogger(__name__)


# The list of clips


def _one_after_the_other(handler: Callable[..., Answer]) -> Callable[..., Answer]:
    """Lets no two changes of one visitor's list run at once."""

    @functools.wraps(handler)
    def alone(p: Parts, session: Session, *args: Any, **kwargs: Any) -> Answer:
        with session.editing:
            return handler(p, session, *args, **kwargs)

    return alone


@_one_after_the_other
def upload(p: Parts, session: Session, typed: Typed, event: gr.EventData) -> Answer:
    """Takes uploaded files in; a manifest among them names prompts and systems."""
    take_over(session, typed)
    folder = own_folder()
    notes, twice = [], 0
    manifests = []
    most, left = bound("QAMRO_CLIPS"), bound("QAMRO_UPLOAD_MB") * 1e6
    left -= sum(_size(clip.path) for clip in session.clips.values())
    for file in event.files:
        path = Path(str(file["path"])).resolve()
        if not path.is_relative_to(folder) or not path.is_file():
            continue  # nobody scores a file that did not come in through the page
        if is_manifest(path):
            manifests.append((path, str(file["name"])))
        elif len(session.clips) >= most:
            notes = [T.TOO_MANY.format(most=f"{most:,}")]
        elif (left := left - _size(path)) < 0:
            notes = [T.TOO_LARGE.format(most=f"{bound('QAMRO_UPLOAD_MB'):,}")]
        else:
            twice += not session.add(path, str(file["name"]))
    if twice:
        notes.append(T.ADDED_TWICE.format(n=twice))
    for path, name in manifests:
        try:
            found, strange = apply_manifest(session.clips.values(), read_manifest(path))
            notes.append(T.MANIFEST.format(n=found, all=len(session.clips), file=name))
            if strange:
                more = f" … ({len(strange)})" if len(strange) > NAMED else ""
                notes.append(T.MANIFEST_LEFT.format(names=", ".join(strange[:NAMED]) + more))
        except ValueError as problem:
            notes.append(T.MANIFEST_BAD.format(file=name, problem=problem))
    return _listed(p, session, ". ".join(notes))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


@_one_after_the_other
def delete(p: Parts, session: Session, typed: Typed, event: gr.EventData) -> Answer:
    """Takes one clip off the table."""
    take_over(session, typed)
    session.remove(str(event.id))
    return _listed(p, session)


@_one_after_the_other
def clear(p: Parts, session: Session) -> Answer:
    """Takes all clips off the table."""
    session.clips.clear()
    return _listed(p, session)


@_one_after_the_other
def example(p: Parts, session: Session, typed: Typed, event: gr.EventData) -> Answer:
    """Puts one example on the table, or all."""
    take_over(session, typed)
    found = examples()
    chosen = found if event.index is None else found[int(event.index) : int(event.index) + 1]
    twice = sum(not session.add(entry.path, entry.path.name, entry.prompt, entry.system) for entry in chosen)
    return _listed(p, session, T.ADDED_TWICE.format(n=twice) if twice else "")


@_one_after_the_other
def recorded(p: Parts, session: Session, typed: Typed, path: str | None) -> Answer:
    """Puts a recording on the table and empties the recorder."""
    take_over(session, typed)
    if path:
        session.add(path, f"{T.RECORDING}{Path(path).suffix}")
    return _listed(p, session) | {p.microphone: None}


def take_over(session: Session, typed: Typed) -> None:
    """Takes over the prompts and systems that stand in the page."""
    session.edit((typed or {}).get("rows", []))


def score_button(session: Session) -> gr.Button:
    """Returns the Score button as it looks when nothing is going on."""
    n = len(session.clips)
    label = {0: T.SCORE, 1: T.SCORE_ONE}.get(n, T.SCORE_N.format(n=n))
    return gr.Button(label, interactive=n > 0)


def _listed(p: Parts, session: Session, note: str = "") -> Answer:
    rows = [{"id": c.id, "name": c.name, "prompt": c.prompt, "system": c.system} for c in session.clips.values()]
    session.listed += 1
    listed: Answer = {p.clips: {"rows": rows, "listed": session.listed}}
    return listed if session.busy else listed | {p.score: score_button(session), p.status: status(note)}


# The predictor


def refresh(p: Parts, request: gr.Request | None = None) -> Answer:
    """Looks again at what is ready; the choice stays what the visitor has made of it meanwhile."""
    return {p.predictor: gr.Dropdown(choices.predictor_options(request))}


def describe(p: Parts, name: str) -> Iterator[Answer]:
    """Says what kind of numbers a predictor gives, at once that it is being checked; offers the download it needs."""
    if told := choices.checking(name):
        yield {p.badges: told}
    about, button = choices.described(name)
    yield {p.badges: about, p.download: gr.Button(button, visible=True) if button else gr.Button(visible=False)}


def fetch(p: Parts, session: Session, name: str) -> Iterator[Answer]:
    """Downloads what a predictor needs and tells how far it is; Cancel stops it."""
    if session.busy:
        return
    off = gr.Button(interactive=False)
    for told in downloading(session, choices.state(name)):
        yield {p.status: told, p.score: off, p.download: off, p.cancel: gr.Button(visible=True)}
    yield {p.score: score_button(session), p.download: gr.Button(interactive=True), p.cancel: gr.Button(visible=False)}


def _badges(predictor: Any) -> str:
    return choices.badges(choices.kinds(predictor), predictor.note)


# Scoring


def score(p: Parts, session: Session, typed: Typed, name: str, request: gr.Request | None = None) -> Iterator[Answer]:
    """Scores the clips on the table; tells the page after every few, and of its place in line while it waits."""
    take_over(session, typed)
    if session.busy:
        return
    end = {p.score: score_button(session), p.cancel: gr.Button(visible=False)}
    if not session.clips:
        yield end | {p.status: status(T.NOTHING)}
        return
    entry = choices.state(name)
    if entry.state != "ready":
        why = entry.note if entry.state in (DAMAGED, MISSING) else T.DOWNLOAD_FIRST.format(title=entry.title)
        yield end | {p.status: status(why, calm=False)}
        return
    hidden = gr.Column(visible=False), gr.Button(visible=False)
    session.busy, session.stopping, text = True, False, Choices.NO_PREDICTOR
    session.address = client_of(request)
    try:
        yield {
            p.status: status(T.LOADING), p.score: gr.Button(interactive=False), p.cancel: gr.Button(visible=True),
            p.detail: hidden[0], p.systems: hidden[0], p.csv: hidden[1], p.json: hidden[1], p.verdict: "",
            p.share: None,
        }  # fmt: skip
        predictor = choices.get(name)
        if session.stopping:
            yield end | {p.status: status(T.STOPPED_EARLY)}
            return
        text, told, done, n = T.BROKE, 0.0, 0, len(session.clips)
        badge = {p.badges: _badges(predictor)}
        with contextlib.closing(session.score(predictor)) as rows:
            for row in rows:
                done += row is not None
                if row is None and session.place is not None:
                    yield {p.status: status(Bounds.in_line(*session.place), done, n)}
                elif time.monotonic() - told > TELL_EVERY:
                    told = time.monotonic()
                    said = status(T.SCORING.format(done=done, all=n), done, n)
                    yield badge | {p.results: table(session.run), p.status: said}
                    badge = {}
        shown = choices.kinds(predictor, axes_of(session.run)) if session.run is not None else []
        said = choices.badges(shown, predictor.note, _domains(session))
        yield end | {
            p.badges: said, p.results: table(session.run, _first(session)), p.status: status(_summary(session)),
        }  # fmt: skip
    except TooMuchError as problem:
        yield end | {p.status: status(str(problem), calm=False)}
    except Exception as problem:
        _log.exception("scoring with %s", name)
        yield end | {p.results: table(session.run), p.status: status(text.format(problem=problem), calm=False)}
    finally:
        session.busy = False


def cancel(p: Parts, session: Session) -> Answer:
    """Asks the run to end."""
    session.cancel()
    return {p.status: status(T.STOPPING)}


def finish(p: Parts, session: Session) -> Answer:
    """After a run: downloads, systems, and the first clip's details."""
    run = session.run
    if run is None or not run.rows:
        return {p.csv: gr.Button(visible=False), p.json: gr.Button(visible=False), p.share: None, p.verdict: ""}
    folder = session.folder(own_folder())
    stem = f"qamro-scores-{run.began:%Y%m%d-%H%M%S}"
    csv, json = (folder / f"{stem}.{ending}" for ending in ("csv", "json"))
    csv.write_text(to_csv(run), encoding="utf-8", errors="backslashreplace", newline="")
    json.write_text(to_json(run), encoding="utf-8", errors="backslashreplace")
    axes = [axis for axis in run.axes if system_means(run, axis)] if has_systems(run) else []
    session.selected = session.selected or _first(session)
    return {
        p.csv: gr.DownloadButton(value=str(csv), visible=True),
        p.json: gr.DownloadButton(value=str(json), visible=True),
        p.share: READY,
        p.verdict: verdict_html(run),
        p.systems: gr.Column(visible=bool(axes)),
        p.axis: gr.Radio(axes, value=axes[0] if axes else None),
        p.bars: _bars(run, axes[0]) if axes else None,
    } | _detail(p, session)


def share(p: Parts, session: Session) -> Iterator[Answer]:
    """Writes the scores as a page, and gives its link."""
    run = session.run

    def write(path: Path) -> None:
        if run is None or not run.rows:
            raise ValueError(Share.NOTHING)
        write_run(run, path)

    yield from shared(p.share, session, f"qamro-scores-{run.began:%Y%m%d-%H%M%S}" if run else "", write)


def verdict_html(run: Run) -> str:
    """Says which clips are predicted to be the best, a paragraph an axis."""
    from qamro.report.verdict import verdicts

    return "".join(f"<p>{escape(sentence)}</p>" for sentence in verdicts([run.rows[key] for key in run.good], run.axes))


def _first(session: Session) -> str | None:
    run = session.run
    if run is None or not run.rows:
        return None
    return next(iter(run.good or run.rows))


def _domains(session: Session) -> list[str]:
    run = session.run
    return [run.rows[key].get("domain", "") for key in run.good] if run is not None else []


def _summary(session: Session) -> str:
    run = session.run
    if run is None:
        return ""
    good, failed = len(run.good), len(run.failed)
    if run.cancelled:
        return T.STOPPED.format(good=good, all=len(run.clips))
    return (T.DONE_FAILED if failed else T.DONE).format(good=good, failed=failed, all=len(run.clips))


# The clip that is looked at, and the systems


def select(p: Parts, session: Session, event: gr.EventData) -> Answer:
    """Shows the player and the axes of a clip; its windows follow."""
    run = session.run
    if run is not None and event.id in run.rows:
        session.selected = str(event.id)
    return _detail(p, session)


def playable(p: Parts, session: Session) -> Answer:
    """Gives the player a WAV copy of a file that the browser does not play, or says that there is none."""
    from qamro.audio import AudioError
    from qamro.audio.guarded import load

    run, key = session.run, session.selected
    if run is None or key is None or key not in run.rows:
        return {p.player: None}
    try:
        import soundfile

        wave = load(run.clips[key].path)
        copy = session.folder(own_folder()) / f"{key}.wav"
        soundfile.write(copy, wave.samples, wave.sample_rate, subtype="PCM_16")
    except AudioError:
        return {p.player: _player(run, key) | {"url": ""}}
    return {p.player: _player(run, key) | {"url": url(copy)}}


def windows(p: Parts, session: Session) -> Answer:
    """Scores the selected clip's windows and draws them."""
    run, key = session.run, session.selected
    if run is None or key is None or key not in run.good:
        return {p.timeline: None}
    clip = run.clips[key]
    try:
        if key not in run.windows:
            width = window_seconds(run.rows[key]["seconds"])
            predictor = choices.get(run.predictor)
            with TURNS.turn(session, session.address) as turn:
                turn.wait()
                run.windows[key] = predictor.windows(clip.path, clip.prompt, seconds=width)
        if session.selected != key:
            return {}  # somebody was quicker than the scoring
        figure = figures.timeline(run.windows[key], run.rows[key]["seconds"])
    except Exception as problem:
        _log.warning("windows of %s: %s", clip.name, problem)
        return {p.timeline: None}
    alt = f"{T.DETAIL_WINDOWS}: {', '.join(scored_axes(run, key))}, {clip.name}"
    return {p.timeline: chart_value(figure, name=_file_name(clip, "over-time"), alt=alt, audio="#player audio")}


def bars(p: Parts, session: Session, axis: str) -> Answer:
    """Draws the systems' means on one axis."""
    run = session.run
    return {p.bars: _bars(run, axis) if run is not None and axis in run.axes else None}


def _bars(run: Run, axis: str) -> dict[str, Any] | None:
    means = system_means(run, axis)
    if not means:
        return None
    alt = f"{T.SYSTEMS}, {axis}: " + ", ".join(f"{entry.system} {entry.mean:.2f}" for entry in means)
    return chart_value(figures.systems(means), name=f"systems-{axis}", alt=alt)


def _detail(p: Parts, session: Session) -> Answer:
    """Returns the panel, the player, the radar and an empty timeline of the selected clip."""
    run, key = session.run, session.selected
    if run is None or key is None or key not in run.rows:
        return {p.detail: gr.Column(visible=False), p.player: None, p.radar: None, p.timeline: None}
    clip, row = run.clips[key], run.rows[key]
    shown: Answer = {p.detail: gr.Column(visible=True), p.player: _player(run, key), p.radar: None}
    axes = scored_axes(run, key)
    if not axes:
        return shown | {p.timeline: None}
    if any(get_axis(axis).has_range for axis in axes):
        alt = f"{T.DETAIL_AXES}, {clip.name}: " + ", ".join(f"{axis} {row[axis]:.2f}" for axis in axes)
        shown[p.radar] = chart_value(figures.radar(row, axes), name=_file_name(clip, "axes"), alt=alt)
    return shown if key in run.windows else shown | {p.timeline: {"waiting": T.DETAIL_WINDOWS_WAITING}}


def _player(run: Run, key: str) -> dict[str, str]:
    clip = run.clips[key]
    error = run.rows[key]["error"].removeprefix(f"{clip.name}: ")
    return {"name": clip.name, "prompt": clip.prompt, "system": clip.system, "url": url(clip.path), "error": error}


def _file_name(clip: Clip, what: str) -> str:
    return f"{PurePath(clip.name).stem}-{what}"
