"""What the study picker does: studies are opened by name; files are taken in, corrected, imported, exported."""

from __future__ import annotations

import contextlib
import logging
import re
import tempfile
import zipfile
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import gradio as gr

from qamro.audio import AUDIO_ENDINGS
from qamro.studies.importers.archive import gather, naming, walk
from qamro.studies.importers.found import examples, find, meant
from qamro.studies.importers.guessing import guess
from qamro.studies.importers.layout import Layout
from qamro.studies.importers.options import Options
from qamro.studies.importers.reading import read
from qamro.studies.importers.scales import ScaleMap
from qamro.studies.study import Study
from qamro.ui.events import Answer
from qamro.ui.progress import follow
from qamro.ui.session import Kept
from qamro.ui.static import own_folder, url
from qamro.ui.study_picker.render import UPLOAD, summary, view
from qamro.ui.study_picker.state import PickerState, Upload, registered, simulated
from qamro.ui.study_picker.texts import Picker as T

if TYPE_CHECKING:
    from qamro.ui.study_picker.picker import StudyPicker

_log = logging.getLogger(__name__)


# A study by its name


def choose(p: StudyPicker, state: PickerState, event: gr.EventData) -> Iterator[Answer]:
    """Opens a study by its name; makes or fetches it first where it is not here yet."""
    yield from by_name(p, state, str(event.source), fetch=bool(event.fetch))


def wanted(
    p: StudyPicker, state: PickerState, request: gr.Request, event: gr.EventData | None = None
) -> Iterator[Answer]:
    """Chooses the study that the tab's address asks for, unless it names none or the visitor has chosen one."""
    name = _asked(p, request)
    state.kept = state.kept or Kept.of(getattr(event, "key", ""))
    if state.adopt(name):
        yield {p.view: view(state), p.study: state.study}
    elif name and not state.turn and not state.busy:
        yield from by_name(p, state, name)


def _asked(p: StudyPicker, request: gr.Request) -> str:
    """Name of the study that the tab's address asks for; empty for none."""
    asked = request.query_params
    return str(asked.get("study", "")) if asked.get("tab") == p.tab else ""


def by_name(p: StudyPicker, state: PickerState, name: str, *, fetch: bool = False) -> Iterator[Answer]:
    """Opens a study of the registry, or the simulated one; one that is not here waits for ``fetch``."""
    from qamro.studies.registry import SIMULATED, datasets

    if state.busy:
        return
    state.card, state.error = name, ""
    if name == SIMULATED:
        yield from to_study(p, state, T.OPENING.format(name=T.SIMULATED), simulated)
    elif name in datasets() and (datasets()[name].is_here or fetch):
        yield from to_study(p, state, T.OPENING.format(name=name), lambda tell: registered(name, tell))
    else:
        if name not in datasets() and name != UPLOAD:
            state.card, state.error = "", T.UNKNOWN.format(name=name)
        yield {p.view: view(state)}


def show(p: StudyPicker, state: PickerState, request: gr.Request, event: gr.EventData) -> Answer:
    """Shows what there is: files may have come since the app was built, and a page before may have left a study."""
    state.kept = state.kept or Kept.of(getattr(event, "key", ""))
    return {p.study: state.study, p.view: view(state)} if state.adopt(_asked(p, request)) else {p.view: view(state)}


def forget(p: StudyPicker, state: PickerState) -> Answer:
    """Takes the study away."""
    state.study, state.summary, state.source, state.card, state.error = None, None, "", "", ""
    state.leave()
    return {p.view: view(state), p.study: None}


def stop(p: StudyPicker, state: PickerState) -> Answer:
    """Asks what goes on to end."""
    state.cancel()
    return {}


# Files of one's own


def bring(p: StudyPicker, state: PickerState, event: gr.EventData) -> Iterator[Answer]:
    """Takes uploaded files in, and guesses how the ratings among them are to be read."""
    if state.busy:
        return
    folder = own_folder()
    files = [(Path(str(file["path"])).resolve(), str(file["name"])) for file in event.files]
    files = [(path, name) for path, name in files if path.is_relative_to(folder) and path.is_file()]
    state.card, state.error = UPLOAD, "" if files else T.NOT_OURS
    if not files:
        yield {p.view: view(state)}
        return
    state.drop()
    home = state.fresh_folder(folder)
    state.upload = yield from watched(p, state, T.READING, lambda tell: take_in(files, home, tell))
    yield {p.view: view(state)}


def take_in(files: list[tuple[Path, str]], folder: Path, tell: Callable[..., None]) -> Upload:
    """Puts files into a folder and looks at what they are; tells how far it is.

    Raises:
        StudyError: A zip cannot be unpacked.
    """
    notes = gather(files, folder, on_bytes=lambda done, of: tell(T.UNPACKING.format(mb=done / 1e6), done, of))
    tell(T.READING)
    tables = [name for _, name in files if PurePosixPath(name.lower()).suffix not in AUDIO_ENDINGS]
    upload = Upload(folder, PurePosixPath((tables or [files[0][1]])[0].replace("\\", "/")).stem, notes=notes)
    upload.sounds = sum(path.suffix.lower() in AUDIO_ENDINGS for path in walk(folder))
    try:
        with naming(folder, ""):
            layout = guess(folder)
    except (ValueError, OSError) as problem:
        return _unread(upload, problem)
    return look(upload, layout)


def _unread(upload: Upload, problem: Exception, file: str = "") -> Upload:
    """Returns files that were refused with what is wrong, and with their columns, where there are any to correct."""
    failed = upload.failed(problem)
    try:
        with naming(upload.folder, ""):
            layout = guess(upload.folder, form="wide", file=file, options=Options(parsing=upload.parsing))
            return replace(failed, layout=layout, examples=examples(upload.folder, layout))
    except (ValueError, OSError):
        return failed


def look(upload: Upload, layout: Layout) -> Upload:
    """Returns the files with another layout, and with what that finds."""
    seen = replace(upload, layout=layout, found=None, problem="", refused="", words=(), sides=False)
    try:
        with naming(upload.folder, ""):
            seen.examples = examples(upload.folder, layout)
            seen.found = find(upload.folder, layout, by_rater=seen.by_rater)
    except (ValueError, OSError) as problem:
        return seen.failed(problem)
    return seen


def correct(p: StudyPicker, state: PickerState, event: gr.EventData) -> Answer:
    """Takes one correction over, and shows what comes of it."""
    upload = state.upload
    if upload is None or state.busy:
        return {p.view: view(state)}
    state.error = ""
    change = dict(event.correction)
    try:
        after = corrected(upload, change)
        if refused := _in_vain(upload, after, change):
            after = replace(upload, refused=refused)
    except (ValueError, TypeError, OSError) as problem:
        after = replace(upload, refused=str(problem))
    state.upload = replace(after, corrections=upload.corrections + 1)
    return {p.view: view(state)}


def _in_vain(before: Upload, after: Upload, change: Mapping[str, Any]) -> str:
    """Why a correction is not made: it has no effect, or finds nothing; empty where it is made."""
    old, new, was, now = before.layout, after.layout, before.found, after.found
    if old is None or new is None:
        return ""
    kind = change.get("change")
    if kind in (*_CUTS, "rows", "missing"):  # what was said is in the layout; it must do something, too
        if was is not None and now is None and kind not in _CUTS:
            return after.problem
        if was is not None and now is not None and change.get("scores"):
            now = replace(now, asks=was.asks)
        new = replace(new, parsing=old.parsing, rows=old.rows, missing=old.missing)
        same = old == new and was == now and before.examples == after.examples
        return T.NO_EFFECT if same and (was is not None or kind in _CUTS) else ""
    if old == new and before.by_rater == after.by_rater:
        return T.NO_EFFECT
    read_as = kind == "column" and change.get("role") in ("axis", "rater", "rating")
    return T.NO_EFFECT if (read_as or kind == "pseudonyms") and was is not None and was == now else ""


def take(p: StudyPicker, state: PickerState) -> Iterator[Answer]:
    """Imports the files as their layout says."""
    upload = state.upload
    if upload is None or upload.layout is None or state.busy:
        return
    if upload.found is not None and upload.found.asks:
        state.upload = replace(upload, refused=T.ASKS)
        yield {p.view: view(state)}
        return
    yield from to_study(p, state, T.IMPORTING.format(name=upload.name), lambda tell: study_of(upload), ours=True)


def study_of(upload: Upload) -> Study:
    """Makes the study of files that were brought along.

    Raises:
        StudyError: A row is not valid, or a score lies off its declared scale; names file, row and column.
    """
    with naming(upload.folder, ""):
        study = read(upload.folder, upload.layout, strangers=True)
    if upload.layout is None or upload.layout.form != "study" or study.name == upload.folder.name:
        study.name = upload.name
    if upload.notes:
        study.about["notes"] = [*study.about.get("notes", ()), *upload.notes]
    return study


def put_away(p: StudyPicker, state: PickerState) -> Answer:
    """Puts away files that wait for their import."""
    if not state.busy:
        state.drop()
        state.error = ""
    return {p.view: view(state)}


def export(p: StudyPicker, state: PickerState) -> Answer:
    """Packs the study in force, so that it need not be brought in and corrected again."""
    if state.study is None or state.busy:
        return {p.view: view(state)}
    target = pack(state.study, state.folder(own_folder()))
    state.packed += 1
    packed = {"url": url(target), "name": target.name, "number": state.packed}
    return {p.view: view(state) | {"zip": packed}}


_CUTS = {"header": "lines", "delimiter": "to", "encoding": "to", "ragged": "to", "answers": "answers"}
"""Corrections of how files are cut into cells, and under what each says to what."""


def corrected(upload: Upload, change: Mapping[str, Any]) -> Upload:
    """Returns the files after one correction, and what that finds.

    Args:
        upload: The files with their layout.
        change: What was changed (``change``) and to what; anything else in it is not looked at.

    Raises:
        ValueError: The correction cannot be made; says why.
    """
    if change.get("change") in _CUTS:
        return _cut(upload, str(change["change"]), change.get(_CUTS[str(change["change"])]))
    layout = upload.layout
    if layout is None:
        raise ValueError(T.NOTHING)
    options = Options(parsing=upload.parsing)
    match change.get("change"):
        case "column":
            given = {key: str(change[key]).strip() for key in ("axis", "rater", "clip") if change.get(key) is not None}
            layout = layout.with_column(str(change.get("column")), str(change.get("role")), **given)
        case "headers":
            layout = layout.with_headers_as(str(change.get("headers")))
        case "reading":
            layout = _answered(upload, layout, int(change.get("reading", -1)))
        case "form":
            with naming(upload.folder, ""):
                file = next(iter(layout.files), "")
                layout = guess(upload.folder, form=str(change.get("form")), file=file, options=options)
        case "file":
            with naming(upload.folder, ""):
                layout = guess(upload.folder, file=str(change.get("file")), options=options)
        case "missing":
            layout = replace(layout, missing=tuple(map(float, change.get("scores") or ())))
        case "rows":
            rows = tuple((str(name), str(value).strip(), bool(keep)) for name, value, keep in change.get("rows") or ())
            layout = replace(layout, rows=rows)
        case "scale":
            layout = layout.with_scale(str(change.get("axis")), _scale(change), str(change.get("rater") or ""))
        case "name":
            layout = layout.with_name(str(change.get("axis")), str(change.get("name") or ""))
        case "pseudonyms":
            layout = replace(layout, pseudonyms=bool(change.get("on")))
        case "by_rater":
            upload = replace(upload, by_rater=bool(change.get("on")))
            layout = replace(layout, scales={})
    return look(upload, layout)


def _cut(upload: Upload, what: str, value: Any) -> Upload:
    """Cuts the files into cells in another way, and guesses anew what the columns mean.

    Raises:
        ValueError: That cannot be, or what could be read can no longer be.
    """
    said: Any = str(value or "")
    if what == "header":
        said = None if value in (None, "") else int(value)
    if what == "answers":  # what was said before holds unless it is said anew, or taken back by saying nothing
        told = dict(upload.parsing.answers) | {str(word): str(number).strip() for word, number in value or ()}
        said = Options.parse(answer=[f"{word}={number}" for word, number in told.items() if number]).parsing.answers
    upload = replace(upload, parsing=replace(upload.parsing, **{what: said}))
    file = next(iter(upload.layout.files), "") if upload.layout else ""
    try:
        with naming(upload.folder, ""):
            return look(upload, guess(upload.folder, file=file, options=Options(parsing=upload.parsing)))
    except (ValueError, OSError) as problem:
        if upload.layout is not None:
            raise
        return replace(
            _unread(upload, problem, file), refused=""
        )  # two things may have to be said before it can be read


def _answered(upload: Upload, layout: Layout, reading: int) -> Layout:
    """Takes one of the readings that a question offers.

    Raises:
        ValueError: There is no such reading, or nothing that holds ratings is left.
    """
    if not layout.question or not 0 <= reading < len(layout.readings):
        raise ValueError(T.NO_READING)
    with naming(upload.folder, ""):
        return meant(upload.folder, layout, Options(columns=layout.readings[reading][1]))


def _scale(change: Mapping[str, Any]) -> ScaleMap | None:
    """Reads a scale; None where none is declared."""
    used, wanted = change.get("from"), change.get("to")
    if not used:
        return None
    try:
        low, high = map(float, used)
        to_low, to_high = map(float, wanted or used)
    except (TypeError, ValueError) as problem:
        raise ValueError(T.NO_SCALE) from problem
    return ScaleMap(low, high, to_low, to_high)


def pack(study: Study, folder: Path) -> Path:
    """Writes a study, and the sound that is there, as a zip.

    Clips without sound get an empty path; sound files are called by a number and the clip's own file name.

    Args:
        study: The study.
        folder: Where to put the zip; one of the same name is replaced.

    Returns:
        The zip.
    """
    target = folder / f"{re.sub(r'[^A-Za-z0-9_-]+', '-', study.name).strip('-')[:60] or 'study'}.zip"
    paths, sounds = [], []
    missing = set(study.missing_audio())
    for number, clip in enumerate(study.clips["clip"]):
        source = None if clip in missing else study.audio_path(clip)
        paths.append("" if source is None else f"audio/{number}-{source.name}")
        sounds.append((source, paths[-1]))
    with tempfile.TemporaryDirectory(dir=folder) as work:
        home = Path(work)
        study.replace(clips=study.clips.assign(path=paths), root=home).save(home)
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            for table in sorted(home.iterdir()):
                archive.write(table, table.name)
            for source, name in sounds:
                if source is not None:
                    archive.write(source, name, zipfile.ZIP_STORED)
    return target


# Work that ends in a study


def to_study(
    p: StudyPicker, state: PickerState, text: str, work: Callable[[Callable[..., None]], Study], *, ours: bool = False
) -> Iterator[Answer]:
    """Does work in a thread; its study is in force in the end, unless the tab cannot use it.

    Args:
        p: The picker.
        state: What the visitor has chosen.
        text: What the page says until the work tells more.
        work: Gets ``tell(text, done, of)`` and returns the study.
        ours: Whether the visitor brought it along.
    """
    study = yield from watched(p, state, text, work)
    if study is not None and state.audio and len(study.missing_audio()) == len(study.clips):
        state.error = (T.NO_SOUND if ours else T.NO_AUDIO).format(name=study.name, n=len(study.clips))
        study = None
    if study is not None:
        state.study, state.source, state.summary = study, state.card, summary(study)
        state.ours, state.upload, state.turn = ours, None, state.turn + 1
        state.leave()
    yield {p.view: view(state)} | ({} if study is None else {p.study: study})


def watched(
    p: StudyPicker, state: PickerState, text: str, work: Callable[[Callable[..., None]], Any]
) -> Generator[Answer, None, Any]:
    """Does work in a thread and tells how far it is; returns what came of it, None where it failed or was stopped."""
    state.busy, state.stopping, state.error, state.going = True, False, "", {"text": text}
    yield {p.view: view(state)}
    try:
        with contextlib.closing(follow(work, lambda: state.stopping)) as progress:
            for told in progress:
                if "result" in told:
                    return told["result"]
                state.going = told
                yield {p.view: view(state)}
    except InterruptedError:
        state.error = T.STOPPED
    except (ValueError, OSError, RuntimeError) as problem:
        state.error = str(problem)
    except Exception as problem:
        _log.exception("opening a study")
        state.error = T.BROKE.format(problem=problem)
    finally:
        state.busy, state.going = False, None
    return None
