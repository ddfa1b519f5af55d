"""What the Predict tab does: clips come and go, a predictor is chosen or fetched, clips are scored and looked at."""

from __future__ import annotations

import contextlib
import functools
import logging
import time
from collections.abc import Callable, Generator, Iterator
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
from qamro.ui.middleware import client_of
from qamro.ui.progress import downloading, status
from qamro.ui.results import axes_of, has_systems, scored_axes, system_means, table, to_csv, to_json, write_run
from qamro.ui.session import SHELF, TURNS, Clip, Run, Session, apply_manifest, read_manifest, window_seconds
from qamro.ui.share import READY, shared
from qamro.ui.static import own_folder, url
from qamro.ui.texts import Bounds, Choices, Share
from qamro.ui.texts import Predict as T
from qamro.ui.widgets import chart_value, hint

if TYPE_CHECKING:
    from qamro.ui.predict.tab import Parts

NAMED = 3
TELL_EVERY = 0.12  # seconds between two updates of the page while clips are scored
FEW = 20  # so many clips wait for a press
EVERY, FORSAKEN = 0.25, 20.0  # seconds between two looks at what another page does, and until it is given up

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
    """Takes one clip off the table, and its scores."""
    take_over(session, typed)
    session.remove(str(event.id))
    return _listed(p, session) | _scores(p, session)


@_one_after_the_other
def clear(p: Parts, session: Session) -> Answer:
    """Takes all clips off the table; ends what goes on."""
    session.cancel()
    session.remove(*session.clips)
    return _listed(p, session) | _scores(p, session)


@_one_after_the_other
def edited(p: Parts, session: Session, typed: Typed) -> Answer:
    """Takes over what was typed as soon as a field is left: it survives a reload, and systems follow their names."""
    before = [clip.system for clip in session.clips.values()]
    take_over(session, typed)
    if session.busy:
        return {}
    renamed = session.run is not None and before != [clip.system for clip in session.clips.values()]
    return {p.score: score_button(session)} | (_scores(p, session) if renamed else {})


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
    """Takes over the prompts and systems that stand in the page, unless newer ones have come already."""
    given = typed or {}
    at = float(given.get("typed") or session.typed)
    if at >= session.typed:
        session.typed = at
        session.edit(given.get("rows", []))


def score_button(session: Session) -> gr.Button:
    """Returns the Score button as it looks when nothing is going on."""
    n = len(session.waiting())
    label = {0: T.SCORE_AGAIN if session.clips else T.SCORE, 1: T.SCORE_ONE}.get(n, T.SCORE_N.format(n=n))
    return gr.Button(label, interactive=bool(session.clips), variant="primary" if n else "secondary")


def _listed(p: Parts, session: Session, note: str = "") -> Answer:
    rows = [
        {"id": clip.id, "name": clip.name, "prompt": clip.prompt, "system": clip.system, "url": _sound(session, clip)}
        for clip in session.clips.values()
    ]
    session.listed, session.note = session.listed + 1, note
    listed: Answer = {p.clips: {"rows": rows, "listed": session.listed, "typed": session.typed}}
    return listed if session.busy else listed | {p.score: score_button(session), p.status: status(note)}


# A page comes up


def arrive(p: Parts, session: Session, event: gr.EventData, request: gr.Request | None = None) -> Answer:
    """Gives a page that has come up what its browser had before: clips, scores, the predictor."""
    kept = SHELF.take(str(event.key), session)
    kept.followed = kept.busy
    options = choices.predictor_options(request)
    known = kept.predictor in {name for _, name in options}
    answer = {
        p.session: kept,
        p.predictor: gr.Dropdown(options, value=kept.predictor) if known else gr.Dropdown(options),
    }
    with kept.editing:
        kept.remove(*[key for key, clip in kept.clips.items() if not clip.path.is_file()])
        if not kept.clips:
            return answer
        return answer | _listed(p, kept, _summary(kept)) | _scores(p, kept)


def resume(p: Parts, session: Session, name: str, auto: bool, request: gr.Request | None = None) -> Iterator[Answer]:
    """Describes the predictor, follows what still goes on from before or in another tab, scores what that leaves."""
    yield from describe(p, session, name)
    rows, seen = -1, time.monotonic()
    while session.followed and session.busy and time.monotonic() - seen < FORSAKEN:
        if session.run is not None and len(session.run.rows) != rows:
            rows, seen = len(session.run.rows), time.monotonic()
            yield {p.results: _table(session), p.status: _how_far(session), p.cancel: gr.Button(visible=True)}
        time.sleep(EVERY)
    if rows >= 0:
        yield {p.status: status(_summary(session))} | _ended(p, session) | _scores(p, session)
    yield from by_itself(p, session, name, auto, request=request)


# The predictor


def refresh(p: Parts, request: gr.Request | None = None) -> Answer:
    """Looks again at what is ready; the choice stays what the visitor has made of it meanwhile."""
    return {p.predictor: gr.Dropdown(choices.predictor_options(request))}


def describe(p: Parts, session: Session, name: str) -> Iterator[Answer]:
    """Says what kind of numbers a predictor gives, at once that it is being checked; offers the download it needs."""
    session.predictor = name
    if told := choices.checking(name):
        yield {p.badges: told}
    about, button = choices.described(name)
    described = {p.badges: about, p.download: gr.Button(button, visible=True) if button else gr.Button(visible=False)}
    yield described if session.busy else described | {p.score: score_button(session)}


def fetch(p: Parts, session: Session, name: str) -> Iterator[Answer]:
    """Downloads what a predictor needs and tells how far it is; Cancel stops it."""
    if session.busy:
        return
    off = gr.Button(interactive=False)
    for told in downloading(session, choices.state(name)):
        yield {p.status: told, p.score: off, p.download: off, p.cancel: gr.Button(visible=True)}
    yield {p.score: score_button(session), p.download: gr.Button(interactive=True), p.cancel: gr.Button(visible=False)}


# Scoring


def score(
    p: Parts, session: Session, typed: Typed, name: str, auto: bool, *, request: gr.Request | None = None
) -> Iterator[Answer]:
    """Scores the clips on the table that wait, or all of them again; tells the page after every few."""
    with session.editing:
        take_over(session, typed)
    session.predictor, session.held, session.address = name, False, client_of(request)
    if not session.begin():
        return
    if not session.clips:
        session.busy = False
        yield _ended(p, session) | {p.status: status(T.NOTHING)}
        return
    entry = choices.state(name)
    if entry.state != "ready":
        session.busy = False
        why = entry.note if entry.state in (DAMAGED, MISSING) else T.DOWNLOAD_FIRST.format(title=entry.title)
        yield _ended(p, session) | {p.status: status(why, calm=False)}
        return
    done = yield from _scored(p, session, name, again=not session.waiting())
    yield from by_itself(p, session, name, auto and done, request=request)


def by_itself(p: Parts, session: Session, name: str, auto: bool, request: gr.Request | None = None) -> Iterator[Answer]:
    """Scores what waits without a press, where that is soon done; then the selected clip's windows."""
    session.predictor, session.address = name, client_of(request)
    asked = time.monotonic()
    while session.busy and session.stopping and time.monotonic() - asked < FORSAKEN:
        time.sleep(EVERY)  # what was stopped is about to end
    if auto and not session.held and choices.state(name).state == "ready":
        while 0 < len(session.waiting()) < FEW and session.begin():
            if not (yield from _scored(p, session, name)):
                break
        if len(session.waiting()) >= FEW and not session.busy:
            yield {p.status: status(T.MANY.format(n=len(session.waiting())))}
    if session.run is not None and not session.busy and session.selected in session.run.good:
        yield windows(p, session, last=True)


def _scored(p: Parts, session: Session, name: str, *, again: bool = False) -> Generator[Answer, None, bool]:
    """Scores what waits, in a session that has begun; tells whether all of it came to its end."""
    session.stopping, ours, text = False, True, Choices.NO_PREDICTOR
    later = hint(T.VERDICT_LATER) if session.run is not None and session.run.good else ""
    off, cancel = gr.Button(interactive=False), gr.Button(visible=True)
    try:
        yield {p.status: status(T.LOADING), p.score: off, p.cancel: cancel, p.verdict: later, p.share: None}
        predictor = choices.get(name)
        text, told = T.BROKE, 0.0
        badge = {p.badges: choices.badges(choices.kinds(predictor), predictor.note)}
        begun = not session.stopping
        if begun:
            with contextlib.closing(session.score(predictor, again=again)) as rows:
                for row in rows:
                    if row is None and session.place is not None:
                        yield {p.status: _how_far(session, Bounds.in_line(*session.place))}
                    elif time.monotonic() - told > TELL_EVERY and session.run is not None:
                        told = time.monotonic()
                        yield badge | {p.results: _table(session), p.status: _how_far(session)}
                        badge = {}
        ours = session.busy = False
        if begun and session.run is not None:
            kinds = choices.kinds(predictor, axes_of(session.run))
            badge = {p.badges: choices.badges(kinds, predictor.note, _domains(session))}
        said = status(_summary(session) if begun else T.STOPPED_EARLY)
        yield badge | {p.status: said} | _ended(p, session) | _scores(p, session)
    except Exception as problem:
        if isinstance(problem, TooMuchError):
            text = "{problem}"
        else:
            _log.exception("scoring with %s", name)
        ours = session.busy = False
        said = status(text.format(problem=problem), calm=False)
        yield {p.status: said} | _ended(p, session) | _scores(p, session)
        return False
    finally:
        if ours:
            session.busy = False
    return not session.stopping


def _how_far(session: Session, said: str = "") -> str:
    done, n = (len(session.run.rows), len(session.run.clips)) if session.run is not None else (0, 0)
    return status(said or T.SCORING.format(done=done, all=n), done, n)


def _ended(p: Parts, session: Session) -> Answer:
    return {p.score: score_button(session), p.cancel: gr.Button(visible=False)}


def cancel(p: Parts, session: Session) -> Answer:
    """Asks the run to end."""
    session.held = True
    session.cancel()
    return {p.status: status(T.STOPPING)}


def _scores(p: Parts, session: Session) -> Answer:
    """Shows the run as it is: scores, verdict, downloads, systems, and the details of the selected clip."""
    run = session.run
    session.selected = session.selected or _first(session)
    shown: Answer = {p.results: _table(session)} | _detail(p, session)
    if run is None or not any(key in run.rows for key in run.clips):
        hidden = gr.Button(visible=False)
        return shown | {
            p.csv: hidden,
            p.json: hidden,
            p.share: None,
            p.verdict: "",
            p.systems: gr.Column(visible=False),
        }
    folder = session.folder(own_folder())
    stem = f"qamro-scores-{run.began:%Y%m%d-%H%M%S}"
    csv, json = (folder / f"{stem}.{ending}" for ending in ("csv", "json"))
    csv.write_text(to_csv(run), encoding="utf-8", errors="backslashreplace", newline="")
    json.write_text(to_json(run), encoding="utf-8", errors="backslashreplace")
    axes = [axis for axis in run.axes if system_means(run, axis)] if has_systems(run) else []
    return shown | {
        p.csv: gr.DownloadButton(value=str(csv), visible=True),
        p.json: gr.DownloadButton(value=str(json), visible=True),
        p.share: READY,
        p.verdict: verdict_html(run),
        p.systems: gr.Column(visible=bool(axes)),
        p.axis: gr.Radio(axes, value=axes[0] if axes else None),
        p.bars: _bars(run, axes[0]) if axes else None,
    }


def _table(session: Session) -> dict[str, Any]:
    title = _title(session.run.predictor) if session.run is not None else ""
    session.told += 1
    return table(session.run, session.selected, going=session.busy, title=title) | {"turn": session.told}


@functools.lru_cache(maxsize=256)
def _title(name: str) -> str:
    try:
        return choices.state(name).title
    except ValueError:  # heads that were deleted since
        return name


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
    return None if run is None else next(iter(run.good or run.failed), None)


def _domains(session: Session) -> list[str]:
    run = session.run
    return [run.rows[key].get("domain", "") for key in run.good] if run is not None else []


def _summary(session: Session) -> str:
    run = session.run
    if run is None:
        return ""
    good, failed = len(run.good), len(run.failed)
    text = T.STOPPED if run.cancelled else T.DONE_FAILED if failed else T.DONE
    return f"{text.format(good=good, failed=failed, all=len(run.clips))} {session.note}".rstrip()


# The clip that is looked at, and the systems


def select(p: Parts, session: Session, event: gr.EventData) -> Answer:
    """Shows the player and the axes of a clip; its windows follow."""
    if event.id in session.clips:
        session.selected = str(event.id)
    return _detail(p, session)


def playable(p: Parts, session: Session, event: gr.EventData) -> Answer:
    """Gives the player a WAV copy of a file that the browser does not play, or says that there is none."""
    from qamro.audio import AudioError
    from qamro.audio.guarded import load

    clip = session.clips.get(str(event.id))
    if clip is None:
        return {}
    copy = session.folder(own_folder()) / f"{clip.id}.wav"
    try:
        import soundfile

        wave = load(clip.path)
        soundfile.write(copy, wave.samples, wave.sample_rate, subtype="PCM_16")
    except AudioError:
        copy = Path()
    session.playable[clip.id] = copy
    return {p.player: _player(session, clip)} if session.selected == clip.id else {}


def windows(p: Parts, session: Session, *, last: bool = False) -> Answer:
    """Scores the selected clip's windows and draws them; ``last``: nobody asked, so others' scores come first."""
    run, key = session.run, session.selected
    if run is None or key is None or key not in run.good:
        return {p.timeline: None}
    clip = run.clips[key]
    try:
        with session.looking:  # whoever comes second finds what the first has made
            if key not in run.windows:
                width = window_seconds(run.rows[key]["seconds"])
                predictor = choices.get(run.predictor)
                with TURNS.turn(session, session.address, last=last) as turn:
                    while not turn.wait(EVERY):
                        if last and session.selected != key:
                            return {}
                    run.windows[key] = predictor.windows(clip.path, clip.prompt, seconds=width)
        if session.selected != key:
            return {}  # somebody was quicker than the scoring
        return {p.timeline: _timeline(run, clip)}
    except Exception as problem:
        _log.warning("windows of %s: %s", clip.name, problem)
        return {p.timeline: None}


def _timeline(run: Run, clip: Clip) -> dict[str, Any]:
    if clip.id not in run.windows:
        return {"waiting": T.DETAIL_WINDOWS_WAITING}
    figure = figures.timeline(run.windows[clip.id], run.rows[clip.id]["seconds"])
    alt = f"{T.DETAIL_WINDOWS}: {', '.join(scored_axes(run, clip.id))}, {clip.name}"
    return chart_value(figure, name=_file_name(clip, "over-time"), alt=alt, audio="#player audio")


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
    """Returns the player, the radar and an empty timeline of the selected clip."""
    run, clip = session.run, session.clips.get(session.selected or "")
    if clip is None:
        return {p.player: None, p.radar: None, p.timeline: None}
    shown: Answer = {p.player: _player(session, clip), p.radar: None, p.timeline: None}
    axes = scored_axes(run, clip.id) if run is not None else []
    if run is None or not axes:
        return shown
    if any(get_axis(axis).has_range for axis in axes):
        row = run.rows[clip.id]
        alt = f"{T.DETAIL_AXES}, {clip.name}: " + ", ".join(f"{axis} {row[axis]:.2f}" for axis in axes)
        shown[p.radar] = chart_value(figures.radar(row, axes), name=_file_name(clip, "axes"), alt=alt)
    shown[p.timeline] = _timeline(run, clip)
    return shown


def _player(session: Session, clip: Clip) -> dict[str, Any]:
    shown = {"id": clip.id, "name": clip.name, "prompt": clip.prompt, "system": clip.system}
    run = session.run
    row = run.rows.get(clip.id, {}) if run is not None else {}
    error = row.get("error", "").removeprefix(f"{clip.name}: ")
    return shown | {"url": _sound(session, clip), "error": error}


def _sound(session: Session, clip: Clip) -> str:
    """Address of a clip's sound; empty where no browser plays it."""
    path = session.playable.get(clip.id, clip.path)
    return url(path) if path.name else ""


def _file_name(clip: Clip, what: str) -> str:
    return f"{PurePath(clip.name).stem}-{what}"
