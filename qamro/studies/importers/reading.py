"""Ratings from a file, a folder or a zip, in one pass: open (each file once), recognise, read, check.

``guess`` says how they are to be read, for a person to look at and correct; ``find`` what that finds; ``read`` makes a
``Study`` of it. ``read_ratings`` does all three without a question, ``guess_and_read`` never raises.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from qamro.studies.importers.archive import naming
from qamro.studies.importers.axis_names import axis_in
from qamro.studies.importers.beside import with_sound, with_tables
from qamro.studies.importers.cells import nobody
from qamro.studies.importers.forms import FORMS
from qamro.studies.importers.guessing import guess
from qamro.studies.importers.layout import ROLES, Column, Layout
from qamro.studies.importers.melt import clips_of, melt, wanted_rows
from qamro.studies.importers.options import Options
from qamro.studies.importers.scales import COLUMN, FILE, ROW, Code, codes_in, own_scales, scaled, without_missing
from qamro.studies.importers.source import Group, Source, open_source
from qamro.studies.study import Study, is_study
from qamro.studies.tables import StudyError

if TYPE_CHECKING:
    import pandas as pd


def read(
    path: Path | str,
    layout: Layout | None = None,
    *,
    strangers: bool = False,
    options: Options | None = None,
    ask: bool = False,
) -> Study:
    """Reads ratings as a layout says.

    Args:
        path: A file, a folder, or a zip (unpacked until this process ends).
        layout: How; None guesses.
        strangers: Whether the files come from somebody else, so that paths in them may only lead to files beside them.
            A zip's never lead anywhere else.
        options: What is known about the file; its scales are applied here.
        ask: Whether scores that look like codes for "no answer" are refused until somebody says what they are.

    Returns:
        The study. ``about`` holds ``read_as`` (the layout in words), ``columns`` (what each became), ``notes``,
        ``axis_names`` where axes were called otherwise, and ``scale_maps`` where scores were mapped; then the ratings
        keep what was found in ``score_found``.

    Raises:
        FileNotFoundError: There is nothing at ``path``.
        StudyError: The layout does not fit or leaves a question open, a cell is not valid, or a score lies off the
            scale that was declared; names file, row and column.
    """
    path, options = Path(path), options or Options()
    layout = guess(path, options=options) if layout is None else layout
    source = open_source(path, layout.parsing)
    with naming(source.folder if source.folder != source.path else None, str(path)):
        if layout.question:
            raise StudyError(f"{called(source, layout)}: {layout.asked}")
        return _read(source, layout, strangers or source.folder not in (None, path), options, ask)


def called(source: Source, layout: Layout) -> str:
    """What a complaint calls the file that holds the ratings."""
    return str(source.path if source.folder is None else source.folder / next(iter(layout.files), ""))


def _read(source: Source, layout: Layout, strangers: bool, options: Options, ask: bool) -> Study:
    path, folder = source.path, source.folder
    notes = list(layout.notes)
    if layout.others:
        few = ", ".join(layout.others[:5]) + (f" and {len(layout.others) - 5} more" if len(layout.others) > 5 else "")
        notes.append(f"also there, and not read as ratings: {few}")
    votes = None
    if layout.is_fixed:
        study = read_fixed(source, layout)
        clips, votes = study.clips, study.votes
        ratings = study.ratings.assign(**{FILE: called(source, layout), COLUMN: "score"})
        ratings[ROW] = np.arange(1, len(ratings) + 1)
        unnamed = folder is not None and study.name == folder.name  # called after where it happens to lie
        name = (path.stem if path.is_file() else path.name) if unnamed else study.name
        kind, root, about = study.kind, study.root, study.about
    else:
        melted, told = melted_of(source, layout)
        clips, ratings, named = clips_of(melted, layout)
        name, kind, root, about = path.stem, "human", folder or path.parent, dict[str, Any]()
        notes += [*told, *named, *_repeated(ratings)]
        if len(layout.files) == 1 and folder is not None:
            root = (folder / layout.files[0]).parent
    if layout.missing is not None:
        ratings, left = without_missing(ratings, layout.missing)
        notes += left
        if layout.is_fixed and left:
            clips = clips[
                clips["clip"].isin(ratings["clip"].unique()) | ~clips["clip"].isin(study.ratings["clip"].unique())
            ]
    elif len(ratings):
        notes += _codes(ratings, layout, ask and not layout.is_fixed, options)
    layout = options.with_scales(layout, [str(axis) for axis in ratings["axis"].unique()])
    if layout.pseudonyms:
        ratings = ratings.assign(rater=pseudonyms(ratings["rater"]))
    notes += _own_scales(ratings, layout)
    ratings, maps = scaled(ratings, layout)
    about |= {"read_as": layout.in_words()} if not layout.is_plain else {}
    about |= {"columns": {nobody(c.name): _meaning(c) for c in layout.columns}} if layout.columns else {}
    about |= {"scale_maps": maps} if maps else {}
    about |= {"axis_names": dict(layout.names)} if layout.names else {}
    ratings = ratings.drop(columns=[FILE, ROW, COLUMN])
    if folder is not None and (folder / next(iter(layout.files), ".")).is_file():  # a release knows its own tables
        clips = with_tables(
            clips,
            [(n, s) for g in source.groups for n, s in zip(g.names, g.sheets, strict=True) if n not in layout.files],
        )
    try:
        study = Study(clips, ratings, name=name, kind=kind, root=root, about=about, votes=votes)
    except StudyError as problem:
        raise problem if str(path) in str(problem) else StudyError(f"{path}: {problem}") from problem
    if folder is not None:
        study, told = with_sound(study, folder, confined=strangers)
        notes += told
    notes += source.notes
    if notes:
        study.about["notes"] = [*study.about.get("notes", ()), *dict.fromkeys(notes)]
    return study


def _meaning(column: Column) -> str:
    """What became of a column, in words."""
    told = [f"{key} {nobody(value)}" for key in ("axis", "rater", "clip", "system") if (value := getattr(column, key))]
    return ", ".join([ROLES[column.role], *told])


def _codes(ratings: pd.DataFrame, layout: Layout, ask: bool, options: Options) -> list[str]:
    """Tells scores that look like codes, or asks what they are.

    Raises:
        StudyError: ``ask``, and there are some that no usual scale holds.
    """
    codes = codes_in(ratings)
    open_ones = undecided(codes, layout, options)
    if ask and open_ones:
        raise StudyError(f"{'; '.join(map(str, open_ones))}. Say what it is: {_ways(open_ones)}")
    return [f"{code}; it is kept ({_ways(codes)})" for code in codes]


def _own_scales(ratings: pd.DataFrame, layout: Layout) -> list[str]:
    """Says where raters seem to use scales of their own, and the option that moves one to another."""
    told = []
    for axis, top in ({} if layout.scales else own_scales(ratings)).items():
        low, high = str(top.idxmin()), str(top.idxmax())
        option = shlex.quote(f"{axis},{high}=0..{top.max():g}->0..{top.min():g}")
        told.append(
            f"raters seem to use scales of their own on {axis}: {low} up to {top.min():g}, {high} up to {top.max():g}; "
            f"all scores are kept as they are; if so, move each rater's to one scale, for example --scale {option}"
        )
    return told


def _ways(codes: Sequence[Code]) -> str:
    values = ",".join(f"{value:g}" for value in sorted({code.value for code in codes}))
    return f"leave it out with --missing={values}, or keep it with --missing keep"


def undecided(codes: Sequence[Code], layout: Layout, options: Options | None = None) -> list[Code]:
    """Those codes of which somebody has to say what they are: a declared scale says it, too."""
    declared = {axis for axis, _ in layout.scales} | {axis for axis, _ in (options.scales if options else ())}
    return [code for code in codes if code.is_plain and code.axis not in declared and not (declared & {""})]


def read_fixed(source: Source, layout: Layout) -> Study:
    """Reads a form that leaves nothing to choose.

    Raises:
        StudyError: The file is not of it.
    """
    form = FORMS[layout.form]
    file = next(iter(layout.files), "") or next(iter(group.names[0] for group in source.groups), "")
    path = source.path if source.folder is None else source.folder / (file or ".")
    try:
        if form.folder is not None and path.is_dir():
            return form.folder(path)
        group = source.group(file)
        if group is None or form.study is None:
            raise StudyError(f"{path} cannot be read as {form.words}")
        table = group.raw[0]
        if layout.rows:
            keep = wanted_rows(table.frame, layout, path)
            kept = {
                name: [cell for cell, wanted in zip(cells, keep, strict=True) if wanted]
                for name, cells in table.columns.items()
            }
            table = table.with_columns(kept)
        return form.study(table)
    except StudyError as problem:
        if str(path) in str(problem):
            raise
        raise problem.restated(f"{path}: {problem}") from problem


def group_of(source: Source, layout: Layout) -> Group:
    """The tables that a layout is about.

    Raises:
        StudyError: They are not there.
    """
    group = source.group(layout.files[0]) if layout.files else next(iter(source.groups), None)
    if group is None:
        problem = next(iter(source.problems.values()), "")
        raise StudyError(problem or f"{source.path} holds no table {', '.join(layout.files)}")
    return group


def melted_of(source: Source, layout: Layout) -> tuple[pd.DataFrame, list[str]]:
    """One row a rating, with where each stands; and notes about what was left out."""
    group = group_of(source, layout)
    table, file_of, row_of = group.table(layout)
    files = [sheet.path for sheet in group.sheets]
    melted, notes = melt(table.frame, layout, files, file_of, row_of)
    if len(files) > 1:
        melted, more = _by_file(melted, files, layout)
        notes += more
    return melted, notes


def _by_file(melted: pd.DataFrame, files: Sequence[Path], layout: Layout) -> tuple[pd.DataFrame, list[str]]:
    """What the names of several files say where no column does: an axis each, or a rater each."""
    stems = melted[FILE].cat.rename_categories(_stems(files))
    axes = [axis_in(file.stem) for file in files]
    assumed = {column.axis for column in layout.columns if column.role == "rating"} == {axes[0][0]}
    if assumed and all(given for _, given in axes) and len({axis for axis, _ in axes}) > 1:
        by_file = dict(zip(_stems(files), (axis for axis, _ in axes), strict=True))
        return melted.assign(axis=stems.astype(object).map(by_file)), ["each file's name says its axis"]
    if layout.having("rater") or any(column.rater for column in layout.columns) or "rater" in melted.columns:
        return melted, []
    if melted.groupby("clip", sort=False)[FILE].nunique().max() < 2:
        return melted, [f"{len(files)} files of different clips were read as one; nothing says who gave the ratings"]
    return melted.assign(rater=stems.astype(object)), [f"each of {len(files)} files was read as one rater"]


def _stems(files: Sequence[Path]) -> list[str]:
    """Names for files: their stems, with the folder where stems repeat."""
    stems = [file.stem for file in files]
    return [
        stem if stems.count(stem) == 1 else f"{file.parent.name}/{stem}"
        for stem, file in zip(stems, files, strict=True)
    ]


def pseudonyms(raters: pd.Series) -> list[str]:
    """Raters as R1, R2, … in the order in which they come."""
    names = {name: f"R{place}" for place, name in enumerate(dict.fromkeys(raters), 1) if name}
    return [names.get(name, "") for name in raters]


def _repeated(ratings: pd.DataFrame) -> list[str]:
    """Says how many ratings repeat another of the same rater, clip and axis."""
    import pandas as pd

    if "rater" not in ratings.columns or not (ratings["rater"] != "").all():
        return []
    keys = [pd.factorize(ratings[key])[0] for key in ("clip", "rater", "axis")]
    again = int(pd.DataFrame(dict(enumerate(keys))).duplicated().sum())
    told = f"{again} ratings repeat another by the same rater of the same clip and axis; all are kept"
    return [told] if again else []


def read_ratings(path: Path | str, options: Options | None = None) -> Study:
    """Reads human ratings and recognises their form; where columns had to be guessed, the study's notes say how.

    A file called ``ratings.csv`` with a ``clips.csv`` beside it is read as the study of that folder, so that its
    systems are known.

    Args:
        path: A file, a folder, or a zip. ``qamro.studies.importers.forms.FORMS`` has the forms in words.
        options: What is known about the file.

    Raises:
        FileNotFoundError: There is nothing at ``path``.
        StudyError: The form is unknown, a decision is needed, or a row is not valid; names file, row, column and the
            option that helps.
    """
    path = Path(path)
    if path.name == "ratings.csv" and is_study(path.parent):
        path = path.parent
    return read(path, options=options, ask=True)


def guess_and_read(path: Path | str, options: Options | None = None) -> tuple[Study | None, Layout | None, str]:
    """Guesses how ratings are to be read, and reads them; never raises.

    Returns:
        The study and its layout, or what is known of them and why not: ``(None, layout or None, message)``.
    """
    layout = None
    try:
        layout = guess(path, options=options)
        return read(path, layout, options=options, ask=True), layout, ""
    except (ValueError, OSError) as problem:
        return None, layout, str(problem)
    except Exception as problem:  # whatever a file does to us, the caller gets an answer
        return None, layout, f"{path} cannot be read: {type(problem).__name__}: {problem}"
