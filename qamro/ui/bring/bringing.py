"""Files that a visitor brings along: taken in, looked at, corrected, imported, and handed back as a zip."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

import gradio as gr

from qamro.audio import AUDIO_ENDINGS
from qamro.studies.importers.archive import gather, naming, walk
from qamro.studies.importers.layout import Layout
from qamro.studies.importers.reading import examples, find, guess, read
from qamro.studies.study import Study
from qamro.ui.bring.corrections import corrected
from qamro.ui.bring.desk import Brought, Desk
from qamro.ui.bring.packing import pack
from qamro.ui.bring.texts import Bring as T
from qamro.ui.bring.view import UPLOAD, view
from qamro.ui.bring.working import Answer, to_study, watched
from qamro.ui.static import own_folder, url


def bring(desk: Desk, event: gr.EventData) -> Iterator[Answer]:
    """Takes uploaded files in, and guesses how the ratings among them are to be read."""
    if desk.busy:
        return
    folder = own_folder()
    files = [(Path(str(file["path"])).resolve(), str(file["name"])) for file in event.files]
    files = [(path, name) for path, name in files if path.is_relative_to(folder) and path.is_file()]
    desk.card, desk.error = UPLOAD, "" if files else T.NOT_OURS
    if not files:
        yield view(desk), gr.skip()
        return
    desk.drop()
    home = desk.fresh_folder(folder)
    desk.brought = yield from watched(desk, T.READING, lambda tell: take_in(files, home, tell))
    yield view(desk), gr.skip()


def take_in(files: list[tuple[Path, str]], folder: Path, tell: Callable[..., None]) -> Brought:
    """Puts files into a folder and looks at what they are; tells how far it is.

    Raises:
        StudyError: A zip cannot be unpacked.
    """
    notes = gather(files, folder, on_bytes=lambda done, of: tell(T.UNPACKING.format(mb=done / 1e6), done, of))
    tell(T.READING)
    tables = [name for _, name in files if PurePosixPath(name.lower()).suffix not in AUDIO_ENDINGS]
    brought = Brought(folder, PurePosixPath((tables or [files[0][1]])[0].replace("\\", "/")).stem, notes=notes)
    brought.sounds = sum(path.suffix.lower() in AUDIO_ENDINGS for path in walk(folder))
    try:
        with naming(folder, ""):
            layout = guess(folder)
    except (ValueError, OSError) as problem:
        brought.problem = str(problem)
        return brought
    return look(brought, layout)


def look(brought: Brought, layout: Layout) -> Brought:
    """Returns the files with another layout, and with what that finds."""
    seen = replace(brought, layout=layout, found=None, problem="")
    try:
        with naming(brought.folder, ""):
            seen.examples = examples(brought.folder, layout)
            seen.found = find(brought.folder, layout, by_rater=seen.by_rater)
    except (ValueError, OSError) as problem:
        seen.problem = str(problem)
    return seen


def correct(desk: Desk, event: gr.EventData) -> Answer:
    """Takes one correction over, and shows what comes of it."""
    brought = desk.brought
    if brought is None or brought.layout is None or desk.busy:
        return view(desk), gr.skip()
    desk.error = ""
    try:
        brought, layout = corrected(brought, dict(event.correction))
        desk.brought = look(brought, layout)
    except ValueError as problem:
        desk.brought = replace(brought, problem=str(problem))
    return view(desk), gr.skip()


def take(desk: Desk) -> Iterator[Answer]:
    """Imports the files as their layout says."""
    brought = desk.brought
    if brought is None or brought.layout is None or desk.busy:
        return
    yield from to_study(desk, T.IMPORTING.format(name=brought.name), lambda tell: study_of(brought), ours=True)


def study_of(brought: Brought) -> Study:
    """Makes the study of files that were brought along.

    Raises:
        StudyError: A row is not valid, or a score lies off its declared scale; names file, row and column.
    """
    with naming(brought.folder, ""):
        study = read(brought.folder, brought.layout, strangers=True)
    if brought.layout is None or brought.layout.form != "study" or study.name == brought.folder.name:
        study.name = brought.name
    if brought.notes:
        study.about["notes"] = [*study.about.get("notes", ()), *brought.notes]
    return study


def put_away(desk: Desk) -> Answer:
    """Puts away files that wait for their import."""
    if not desk.busy:
        desk.drop()
        desk.error = ""
    return view(desk), gr.skip()


def take_home(desk: Desk) -> dict[str, Any]:
    """Packs the study in force, so that it need not be brought in and corrected again."""
    if desk.study is None or desk.busy:
        return view(desk)
    target = pack(desk.study, desk.folder(own_folder()))
    desk.packed += 1
    return view(desk) | {"zip": {"url": url(target), "name": target.name, "number": desk.packed}}
