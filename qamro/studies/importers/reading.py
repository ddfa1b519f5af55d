"""Makes a ``Study`` of ratings as a layout says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from qamro.studies.importers import aes_natural, aesthetics, codec_mushra, lstm_music, musiceval
from qamro.studies.importers.beside import with_sound, with_tables
from qamro.studies.importers.guess import guess, is_zip, read_sheet
from qamro.studies.importers.layout import Layout
from qamro.studies.importers.melt import COLUMN, FILE, ROW, clips_of, melt
from qamro.studies.importers.scaling import scaled
from qamro.studies.importers.unpacked import naming, unpacked
from qamro.studies.study import Study
from qamro.studies.validation import StudyError

if TYPE_CHECKING:
    import pandas as pd

_FIXED = {
    "study": Study.load,
    "audiobox": aesthetics.read,
    "codec_mushra": codec_mushra.read,
    "lstm_music": lstm_music.read,
    "aes_natural": aes_natural.read_list,
}


def read(path: Path | str, layout: Layout | None = None, *, strangers: bool = False) -> Study:
    """Reads ratings as a layout says.

    Args:
        path: A file, a folder, or a zip (unpacked until this process ends).
        layout: How; None guesses.
        strangers: Whether the files come from somebody else, so that paths in them may only lead to files beside them.
            A zip's never lead anywhere else.

    Returns:
        The study. ``about`` holds ``read_as`` (the layout in words), ``notes``, ``axis_names`` where axes were called
        otherwise, and ``scale_maps`` where scores were mapped; then the ratings keep what was found in ``score_found``.

    Raises:
        FileNotFoundError: There is nothing at ``path``.
        StudyError: The layout does not fit, a cell is not valid, or a score lies off the scale that was declared; names
            file, row and column.
    """
    path = Path(path)
    layout = guess(path) if layout is None else layout
    folder, strangers = _folder_of(path), strangers or is_zip(path)
    with naming(folder if is_zip(path) else None, str(path)):
        return _read(path, layout, folder, strangers)


def _read(path: Path, layout: Layout, folder: Path | None, strangers: bool) -> Study:
    notes = list(layout.notes)
    if layout.others:
        notes.append(f"also there, and not read as ratings: {', '.join(layout.others)}")
    if layout.is_fixed:
        study = _read_fixed(_files(path, folder, layout)[0], layout.form)
        clips, ratings = study.clips, study.ratings.assign(**{FILE: str(path), COLUMN: "score"})
        ratings[ROW] = np.arange(1, len(ratings) + 1)
        unnamed = folder is not None and study.name == folder.name  # called after where it happens to lie
        name = (path.stem if is_zip(path) else path.name) if unnamed else study.name
        kind, root, about = study.kind, study.root, study.about
    else:
        clips, ratings = clips_of(_melted(path, folder, layout), layout)
        name, kind, root, about = path.stem, "human", folder or path.parent, dict[str, Any]()
        notes += _repeated(ratings)
        if len(layout.files) == 1 and folder is not None:
            root = (folder / layout.files[0]).parent
    if layout.pseudonyms:
        ratings = ratings.assign(rater=_pseudonyms(ratings["rater"]))
    ratings, maps = scaled(ratings, layout)
    about |= {"read_as": layout.in_words()} if not layout.is_plain else {}
    about |= {"scale_maps": maps} if maps else {}
    about |= {"axis_names": dict(layout.names)} if layout.names else {}
    ratings = ratings.drop(columns=[FILE, ROW, COLUMN])
    if folder is not None and _files(path, folder, layout)[0].is_file():  # a study or a release knows its own tables
        clips = with_tables(clips, folder, layout.files)
    try:
        study = Study(clips, ratings, name=name, kind=kind, root=root, about=about)
    except StudyError as problem:
        raise problem if str(path) in str(problem) else StudyError(f"{path}: {problem}") from problem
    if folder is not None:
        study, told = with_sound(study, folder, confined=strangers)
        notes += told
    notes += unpacked(path).notes if is_zip(path) else ()
    if notes:
        study.about["notes"] = [*study.about.get("notes", ()), *notes]
    return study


def ratings_as_found(path: Path | str, layout: Layout) -> pd.DataFrame:
    """Returns the ratings that a layout finds, before any map: ``clip``, ``rater``, ``axis``, ``score``, and more.

    Raises:
        StudyError: As ``read`` does.
    """
    path = Path(path)
    folder = _folder_of(path)
    with naming(folder if is_zip(path) else None, str(path)):
        if layout.is_fixed:
            return _read_fixed(_files(path, folder, layout)[0], layout.form).ratings
        ratings = _melted(path, folder, layout).drop(columns=[FILE, ROW, COLUMN])
    if "rater" not in ratings.columns:
        ratings["rater"] = ""
    return ratings.assign(rater=_pseudonyms(ratings["rater"])) if layout.pseudonyms else ratings


def _folder_of(path: Path) -> Path | None:
    return path if path.is_dir() else unpacked(path).folder if is_zip(path) else None


def _files(path: Path, folder: Path | None, layout: Layout) -> list[Path]:
    return [path] if folder is None else [folder / file for file in layout.files or (".",)]


def _read_fixed(path: Path, form: str) -> Study:
    try:
        if form == "musiceval":
            return musiceval.read_release(path) if path.is_dir() else musiceval.read(path)
        return _FIXED[form](path)
    except StudyError as problem:
        if str(path) in str(problem):
            raise
        raise StudyError(f"{path}: {problem}") from problem


def raw_tables(path: Path | str, layout: Layout) -> list[pd.DataFrame]:
    """Returns the tables of text that a layout reads, one a file; none for a form of fixed meaning.

    Raises:
        StudyError: A file is no table.
    """
    path = Path(path)
    if layout.is_fixed:
        return []
    return [
        read_sheet(file, layout.delimiter, headless=layout.headless) for file in _files(path, _folder_of(path), layout)
    ]


def _melted(path: Path, folder: Path | None, layout: Layout) -> pd.DataFrame:
    import pandas as pd

    files = _files(path, folder, layout)
    parts = [melt(table, layout, file) for table, file in zip(raw_tables(path, layout), files, strict=True)]
    if len(files) > 1 and not layout.having("rater") and not any(column.rater for column in layout.columns):
        parts = [part.assign(rater=file.stem) for part, file in zip(parts, files, strict=True)]
    return pd.concat(parts, ignore_index=True)


def _pseudonyms(raters: pd.Series) -> list[str]:
    names = {name: f"R{place}" for place, name in enumerate(dict.fromkeys(raters), 1) if name}
    return [names.get(name, "") for name in raters]


def _repeated(ratings: pd.DataFrame) -> list[str]:
    """Says how many ratings repeat another of the same rater, clip and axis."""
    if "rater" not in ratings.columns or not (ratings["rater"] != "").all():
        return []
    again = int(ratings.duplicated(["clip", "rater", "axis"]).sum())
    return (
        [f"{again} ratings repeat another by the same rater of the same clip and axis; all are kept"] if again else []
    )
