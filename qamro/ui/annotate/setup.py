"""Setting a study up: from what was filled in to the link for raters."""

from __future__ import annotations

import itertools
import logging
import queue
import tempfile
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from qamro.audio import AudioError
from qamro.studies.listening import PREFERENCE, Design, ListeningError, RatingStore, Scale, known_scale
from qamro.studies.listening import store as identity
from qamro.studies.listening.hub_backup import open_store
from qamro.studies.listening.methods import METHODS
from qamro.studies.listening.sources import Sound, from_files, from_study
from qamro.ui import middleware
from qamro.ui.annotate.rating import TOKENS
from qamro.ui.annotate.texts import Setup as T
from qamro.ui.bounds import Daily, TooMuchError
from qamro.ui.events import Answer
from qamro.ui.session import Session
from qamro.ui.static import own_folder
from qamro.ui.texts import Bounds

if TYPE_CHECKING:
    from qamro.ui.annotate.tab import Parts

SYSTEMS, PROMPTS = 6, 4
"""Size of the simulated study that may be rated: 24 clips."""

STUDIES = Daily("QAMRO_STUDIES_ADDRESS", Bounds.STUDIES)
"""Studies that were set up, by address."""

_log = logging.getLogger(__name__)
_turns = itertools.count(1)


def create(
    p: Parts, session: Session, value: Mapping[str, Any], event: gr.EventData, request: gr.Request | None = None
) -> Iterator[Answer]:
    """Makes a study of what the form says; tells the page how far it is, and in the end the study's id."""
    form, value = event.form, dict(value)
    try:
        token, who = str(form.get("token") or ""), middleware.client_of(request)
        TOKENS.check(who)
        if not identity.may_set_up(token):
            TOKENS.count(who)
            _log.warning("a study was not set up: %s owner's token", "a wrong" if token else "no")
            raise ListeningError(T.NOT_ALLOWED)
        design = design_of(form)
        STUDIES.take(who)
        with tempfile.TemporaryDirectory(prefix="qamro-") as work:
            yield {p.form: value | {"made": {"busy": T.READING}}}
            sounds = sounds_of(form, session, Path(work))
            for told in _told(open_store(), design, sounds):
                yield {p.form: value | {"made": told}}
    except (ListeningError, AudioError, middleware.TooManyTriesError, TooMuchError) as problem:
        yield {p.form: value | {"made": _failure(str(problem))}}
    except Exception as problem:
        _log.exception("setting up a study")
        yield {p.form: value | {"made": _failure(T.BROKE.format(problem=problem))}}


def offer(p: Parts, session: Session, value: Mapping[str, Any]) -> Answer:
    """Tells the form of clips that another tab handed over, so that it chooses them."""
    if not session.handed:
        return {}
    axis, low, high = session.handed_axis
    handed = {"clips": len(session.handed), "axis": axis, "low": low, "high": high, "turn": next(_turns)}
    return {p.form: dict(value) | {"made": None, "handed": handed}}


def _failure(text: str) -> dict[str, Any]:
    """What went wrong; the same again must look new, or the page is not told and the form stays locked."""
    return {"error": text, "turn": next(_turns)}


def design_of(form: Mapping[str, Any]) -> Design:
    """Reads the form.

    Raises:
        ListeningError: A field cannot be used; says which and why.
    """
    mode = str(form.get("mode") or "scores")
    method = METHODS.get(mode, METHODS["scores"])
    scales: tuple[Scale, ...] = ()
    if mode == "scores":
        scales = (*map(known_scale, form.get("axes") or ()), *own_scales(str(form.get("own") or "")))
    informed = bool(form.get("choose")) and mode == PREFERENCE
    anchors = [name.strip() for name in str(form.get("anchors") or "").split(",")]
    return Design(
        str(form.get("name") or "").strip(),
        mode=mode,
        scales=scales,
        instructions=str(form.get("instructions") or "").strip(),
        prompts=bool(form.get("prompts")),
        each=_whole(form, "each"),
        repeats=_whole(form, "repeats") if method.extras and not informed else 0,
        checks=_whole(form, "checks") if method.extras else 0,
        seconds=_number(form, "seconds", 8.0),
        question=str(form.get("question") or "").strip() or Design.question,
        reference=str(form.get("reference") or "").strip() if method.reference else "",
        anchors=tuple(filter(None, anchors)) if mode == "mushra" else (),
        trials=max(1, _whole(form, "trials")) if method.trials else 1,
        level=bool(form.get("level", True)),
        choose="information" if informed else "even",
        language=str(form.get("language") or ""),
        headphones=bool(form.get("headphones")),
        code=str(form.get("code") or "").strip(),
        return_link=str(form.get("return_link") or "").strip(),
        goal=goal_of(form) if mode == "scores" else "",
        equal_within=_number(form, "equal_within", 0.0),
    )


def methods() -> list[dict[str, Any]]:
    """Returns what the form says of each kind of test."""
    return [
        {"key": m.key, "title": m.title, "note": m.note, "pairs": len(m.names) > 1, "extras": m.extras}
        | {"reference": m.reference, "trials": m.trials, "sorted": m.page == "sorted", "scales": m.key == "scores"}
        for m in METHODS.values()
    ]


def goal_of(form: Mapping[str, Any]) -> str:
    """Reads what the study is to find out; empty where every clip is rated alike.

    Raises:
        ListeningError: How many are the best, or how exact a mean is to be, is missing.
    """
    kind = str(form.get("goal") or "")
    if kind == "top":
        return f"top:{_whole(form, 'top')}"
    if kind == "width":
        return f"width:{_number(form, 'width', 0.0):g}"
    return kind


def own_scales(text: str) -> list[Scale]:
    """Reads axes of one's own, one a line: ``name, low, high`` and if wanted a line that says what is judged.

    Raises:
        ListeningError: A line is not of this form.
    """
    scales = []
    for line in filter(None, map(str.strip, text.splitlines())):
        parts = [part.strip() for part in line.split(",", 3)]
        try:
            scales.append(Scale(parts[0], float(parts[1]), float(parts[2]), "", parts[3] if len(parts) > 3 else ""))
        except (IndexError, ValueError) as problem:
            if isinstance(problem, ListeningError):
                raise
            raise ListeningError(T.OWN_BAD.format(line=line)) from problem
    return scales


def sounds_of(form: Mapping[str, Any], session: Session, work: Path) -> list[Sound]:
    """Returns the clips that were chosen.

    Raises:
        ListeningError: There are none, or they cannot be used.
    """
    source = form.get("source")
    if source == "simulated":
        from qamro.studies.simulated import build

        return from_study(build(SYSTEMS, PROMPTS).study)
    if source == "handed":
        if not session.handed:
            raise ListeningError(T.NO_HANDED)
        return [Sound(clip.name, clip.path, clip.system, clip.prompt) for clip in session.handed]
    if source == "predict":
        sounds = [Sound(clip.name, clip.path, clip.system, clip.prompt) for clip in session.clips.values()]
        if not sounds:
            raise ListeningError(T.NO_PREDICT)
        return sounds
    files = []
    for file in form.get("files") or ():
        path = Path(str(file["path"])).resolve()
        if path.is_relative_to(own_folder()) and path.is_file():  # nothing that did not come in through the page
            files.append((path, str(file["name"])))
    if not files:
        raise ListeningError(T.NO_FILES)
    return from_files(files, work)


def _told(store: RatingStore, design: Design, sounds: list[Sound]) -> Iterator[dict[str, Any]]:
    """Creates the study in a thread and says how far it is."""
    news: queue.Queue[dict[str, Any]] = queue.Queue()

    def work() -> None:
        try:
            tell = lambda done, of: news.put({"busy": T.COPIED.format(done=done, all=of)})  # noqa: E731
            study = store.create(design, sounds, on_clip=tell)
            news.put({"study": study, "name": design.name, "clips": len(sounds), "owner": identity.has_owner()})
        except Exception as problem:
            news.put({"problem": problem})

    threading.Thread(target=work, name="listening-study", daemon=True).start()
    while True:
        told = news.get()
        while "busy" in told and not news.empty():
            told = news.get()
        if "problem" in told:
            raise told["problem"]
        yield told
        if "busy" not in told:
            return


def _whole(form: Mapping[str, Any], field: str) -> int:
    number = _number(form, field, 0.0)
    if number != int(number):
        raise ListeningError(T.NOT_WHOLE.format(field=field, number=number))
    return int(number)


def _number(form: Mapping[str, Any], field: str, otherwise: float) -> float:
    text = str(form.get(field) if form.get(field) is not None else "").strip()
    try:
        number = float(text) if text else otherwise
    except ValueError:
        number = float("nan")
    if not 0 <= number < 1e6:
        raise ListeningError(T.NO_NUMBER.format(field=field, text=text))
    return number
