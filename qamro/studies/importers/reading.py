"""Ratings from a file, a folder or a zip, in one pass: open (each file once), recognise, read, check.

``guess`` says how they are to be read, for a person to look at and correct; ``find`` what that finds; ``read`` makes a
``Study`` of it. ``read_ratings`` does all three without a question, ``guess_and_read`` never raises.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np

from qamro.axes import axis_order
from qamro.studies.folder import is_study
from qamro.studies.importers.archive import TABLES, is_zip, naming, unpacked, walk
from qamro.studies.importers.beside import with_sound, with_tables
from qamro.studies.importers.forms import FORMS, Form, form_of, known_forms, musiceval
from qamro.studies.importers.layout import ROLES, TABULAR, Layout
from qamro.studies.importers.melt import clips_of, melt
from qamro.studies.importers.names import known_axis, role_of
from qamro.studies.importers.options import Options
from qamro.studies.importers.roles import axis_in, layout_of
from qamro.studies.importers.scales import COLUMN, FILE, ROW, Code, codes_in, likely_scale, scaled, without_missing
from qamro.studies.importers.table import Parsing, Sheet, joined, open_sheet
from qamro.studies.study import Study
from qamro.studies.validation import StudyError

if TYPE_CHECKING:
    import pandas as pd

_STUDY = (("clips.csv", {"clip"}), ("ratings.csv", {"clip", "axis", "score"}))
_MOST_KINDS = 300
"""Most different headers in a folder that are looked at closely."""

_MANY, _FAR = 5, 4
"""Raters with as many ratings whose highest scores differ by that factor are taken to use scales of their own."""


# Opening


@dataclass(frozen=True, eq=False)
class Group:
    """Tables that are read as one.

    Attributes:
        names: Their names, relative to the folder; one for a file by itself.
        sheets: The tables as they stand in their files.
        form: The form that they are of; None where columns are to be guessed.
        why: Why they are of it.
    """

    names: tuple[str, ...]
    sheets: tuple[Sheet, ...]
    form: Form | None
    why: str

    @cached_property
    def tidied(self) -> tuple[Sheet, np.ndarray, np.ndarray]:
        """The table after its form's tidying; for each row the sheet and the row in it, from 0."""
        tidy = self.form.tidy if self.form is not None else None
        if tidy is None:
            return self.raw
        parts = [tidy(sheet) for sheet in self.sheets]
        header = list(dict.fromkeys(name for part in parts for name in part.header))
        full = [part if list(part.header) == header else part.with_columns(_filled(part, header)) for part in parts]
        table, of, row = joined(full)
        if "@row" in header:
            row = np.array([int(cell) for cell in table.columns["@row"]], dtype=int)
        return table, of, row

    @cached_property
    def raw(self) -> tuple[Sheet, np.ndarray, np.ndarray]:
        """The table as it stands in the files; for each row the sheet and the row in it, from 0."""
        header = list(dict.fromkeys(name for sheet in self.sheets for name in sheet.header))
        full = [s if list(s.header) == header else replace(s.with_columns(_filled(s, header))) for s in self.sheets]
        return joined(full)

    def table(self, layout: Layout) -> tuple[Sheet, np.ndarray, np.ndarray]:
        """The table that a layout is about."""
        return self.raw if layout.form in TABULAR else self.tidied


def _filled(sheet: Sheet, header: Sequence[str]) -> dict[str, Sequence[str]]:
    rows = len(next(iter(sheet.columns.values()), ()))
    return {name: sheet.columns.get(name, [""] * rows) for name in header}


@dataclass(frozen=True, eq=False)
class Source:
    """What was opened.

    Attributes:
        path: The file, folder or zip.
        folder: Where the files lie; None for a file by itself.
        inner: A saved study, or a release of MusicEval, in the folder; None without one.
        groups: The tables that could be read, those of one header together.
        problems: Why others could not, by name.
        notes: What was left behind in a zip.
    """

    path: Path
    folder: Path | None
    inner: Path | None
    groups: tuple[Group, ...]
    problems: dict[str, str]
    notes: tuple[str, ...] = ()

    def group(self, file: str) -> Group | None:
        """The group that a file belongs to."""
        return next((group for group in self.groups if file in group.names), None)


def open_source(path: Path | str, parsing: Parsing | None = None) -> Source:
    """Opens a file, a folder or a zip; what was opened last is kept as long as nothing changes.

    Raises:
        FileNotFoundError: There is nothing there.
        StudyError: A zip cannot be unpacked.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"there is no file or folder {path}")
    folder = path if path.is_dir() else unpacked(path).folder if is_zip(path) else None
    files = [path] if folder is None else sorted(walk(folder), key=lambda file: (len(file.parts), file))
    tables = [file for file in files if folder is None or file.suffix.lower() in TABLES]
    stamps = tuple((file, (about := file.stat()).st_mtime_ns, about.st_size) for file in tables)
    notes = unpacked(path).notes if folder is not None and folder != path else ()
    return _opened(path, folder, stamps, parsing or Parsing(), notes)


@lru_cache(maxsize=2)
def _opened(
    path: Path, folder: Path | None, stamps: tuple[tuple[Path, int, int], ...], parsing: Parsing, notes: tuple[str, ...]
) -> Source:
    tables = [file for file, *_ in stamps]
    inner = _study_in(folder, tables) if folder is not None else None
    by_shape: dict[object, list[Sheet]] = {}
    problems = {}
    for file in tables:
        sheet = open_sheet(file, parsing)
        name = file.name if folder is None else file.relative_to(folder).as_posix()
        if sheet.problem:
            problems[name] = sheet.problem
            continue
        by_shape.setdefault(_shape(sheet), []).append(sheet)
    groups = []
    for sheets in by_shape.values():
        form, why = form_of(sheets[0])
        names = tuple(s.path.name if folder is None else s.path.relative_to(folder).as_posix() for s in sheets)
        if form is not None and form.read is not None:  # of fixed meaning: a file each
            groups += [Group((name,), (sheet,), form, why) for name, sheet in zip(names, sheets, strict=True)]
        else:
            groups.append(Group(names, tuple(sheets), form, why))
    return Source(path, folder, inner, tuple(groups), problems, notes)


def _shape(sheet: Sheet) -> object:
    """What tables have in common that are read as one: the header, or the tool that wrote them."""
    if sheet.source == "json" or len(sheet.header) > 8:
        form, _ = form_of(sheet)
        if form is not None and (form.tidy is not None or form.study is not None):
            return form.key
    return sheet.shape


def _study_in(folder: Path, tables: Sequence[Path]) -> Path | None:
    """Returns the folder of a saved study, or of a release of MusicEval, at or below a folder; None without one.

    A folder whose tables bear the right names but not the right columns is none: its columns can be guessed.
    """
    homes = {folder} | {file.parent for file in tables} | {file.parent.parent for file in tables}
    for home in sorted(homes, key=lambda path: (len(path.parts), path)):
        if not home.is_relative_to(folder):
            continue
        if is_study(home) and all(_is_ours(open_sheet(home / name).header, columns) for name, columns in _STUDY):
            return home
        if musiceval.is_release(home):
            return home
    return None


def _is_ours(header: Sequence[str], columns: set[str]) -> bool:
    """Whether a header is that of a saved study: its columns are there, and raters are not under another name."""
    return columns <= set(header) and ("rater" in header or all(role_of(name) != "rater" for name in header))


# Recognising


def guess(path: Path | str, *, form: str = "", file: str = "", options: Options | None = None) -> Layout:
    """Guesses how ratings are to be read.

    Args:
        path: A file, a folder, or a zip. In a folder or zip, the file with ratings is found; several with the same
            header are taken together.
        form: ``"long"``, ``"wide"`` or ``"survey"`` to have the columns guessed for that form; empty to guess it, too.
        file: Of a folder or zip: the file that holds the ratings; empty to find it.
        options: What is known about the file.

    Raises:
        FileNotFoundError: There is nothing at ``path``.
        StudyError: Nothing there looks like ratings; says what does.
        ValueError: There is no such form to guess columns for, or an option does not fit.
    """
    options = options or Options()
    if form not in ("", *TABULAR):
        raise ValueError(f"columns can be guessed for {', '.join(TABULAR)}; not for {form!r}")
    source = open_source(path, options.parsing)
    with naming(source.folder if source.folder != source.path else None, str(path)):
        if source.inner is not None and not file:
            where = source.inner.relative_to(source.folder or source.inner).as_posix()
            release = musiceval.is_release(source.inner)
            why = "a folder 'sets' with its lists" if release else "clips.csv and ratings.csv with their columns"
            return options.apply(Layout("musiceval" if release else "study", why, files=(where,)), None)
        return _best(source, form, file, options)


def _best(source: Source, form: str, file: str, options: Options) -> Layout:
    found: list[tuple[Group, Layout]] = []
    problems = dict(source.problems)
    groups = sorted(source.groups, key=lambda group: -len(group.names))[:_MOST_KINDS]
    for group in groups:
        if file and file not in group.names:
            continue
        try:
            if (layout := _layout(group, form, options)) is not None:
                found.append((group, layout))
        except StudyError as problem:  # a letter among the tables must not keep the others out
            problems[group.names[0]] = str(problem)
    if not found:
        _refuse(source, problems, file)
    # those with an open question stand behind those without
    group, layout = max(found, key=lambda pair: _weight(source, *pair))
    if source.folder is None:
        return layout
    names = sorted(group.names, key=lambda name: name != (file or group.names[0]))
    others = tuple(name for other, _ in found if other is not group for name in other.names)
    unread = tuple(f"not read: {text}".replace(f"{source.folder}/", "") for text in problems.values())
    return replace(layout, files=tuple(names), others=others, notes=(*layout.notes, *unread))


def _layout(group: Group, form: str, options: Options) -> Layout | None:
    """Guesses the layout of one group; None where it holds no ratings."""
    own = group.form if not form else None
    if own is not None and (own.read is not None or own.study is not None):
        return options.apply(Layout(own.key, group.why, notes=group.sheets[0].notes), None)
    header = group.sheets[0].header
    if not form and _is_score_table(header):
        return None
    table, *_ = group.tidied if own is not None else group.raw
    said = [name for name, _ in options.columns]
    if own is not None and own.tidy is not None and said and not set(said) <= set(table.header):
        own, (table, *_) = None, group.raw
    layout = own.layout(table) if own is not None and own.layout is not None else layout_of(table, form)
    if layout is None and options.columns:
        layout = layout_of(table, "wide") or _blank(table)
    if layout is None and not form and musiceval.is_list([cells[0] for cells in table.columns.values() if len(cells)]):
        layout = layout_of(table, "wide")
    return options.apply(layout, table) if layout is not None else None


def _blank(table: Sheet) -> Layout:
    """A layout in which nothing is known, for somebody who says what every column is."""
    from qamro.studies.importers.layout import Column

    columns = tuple(Column(name, "about_rating", "kept") for name in table.header)
    return Layout("long", "asked for", columns, delimiter=table.delimiter, headless=table.headless, notes=table.notes)


def _weight(source: Source, group: Group, layout: Layout) -> tuple[object, ...]:
    """How much speaks for tables being the ratings."""
    name = group.names[0]
    path = PurePosixPath(name.lower())
    told = any(word in path.stem for word in ("rating", "score", "answer", "result", "mushra", "annotation"))
    clips_only = path.stem in ("clips", "manifest", "predictions", "truth", "systems", "facts", "raters")
    sure = bool(layout.is_fixed or layout.having("rater"))
    return not layout.question, layout.names_clips, not clips_only, told, sure, len(group.names), -len(path.parts)


def _is_score_table(cells: Sequence[str]) -> bool:
    """Whether a header is that of predictions: scores with their intervals, or with where they come from."""
    intervals = any(f"source_{name}" in cells or {f"{name}_low", f"{name}_high"} <= set(cells) for name in cells)
    predicted = [name for name in cells if role_of(name) == "prediction"]
    return intervals or (bool(predicted) and not any(role_of(n) == "rating" or known_axis(n) for n in cells))


def _refuse(source: Source, problems: dict[str, str], file: str) -> None:
    """Says why nothing can be read.

    Raises:
        StudyError: Always.
    """
    path = source.path
    if file in problems or (problems and (source.folder is None or not source.groups)):
        text = problems.get(file) or next(iter(problems.values()))
        whole = any(word in text for word in ("Known forms", "row ", "columns", " --", "openpyxl"))
        raise StudyError(text if whole else f"{text}. {known_forms()}")
    if problems and all(group.names[0] in problems for group in source.groups):
        raise StudyError(next(iter(problems.values())))
    names = [name for group in source.groups for name in group.names]
    only = source.groups[0] if len(source.groups) == 1 and len(names) == 1 else None
    if source.folder is None and only is not None:
        raise StudyError(f"{path}{_why_not(only.sheets[0])}. {known_forms()}")
    about = (
        f"; {names[0]}{_why_not(only.sheets[0])}" if only else f" (looked at {', '.join(names[:5])})" if names else ""
    )
    raise StudyError(f"{path} holds no ratings in a known form{about}. {known_forms()}")


def _why_not(sheet: Sheet) -> str:
    if _is_score_table(sheet.header):
        return " holds predictions, not ratings; give it as predictions"
    if sheet.source == "json":
        told = ", ".join(sheet.header[:8])
        return f" is JSON that holds no ratings in a known form{f'; its keys are {told}' if told else ''}"
    if {"clip", "rater"} & {role_of(name) for name in sheet.header}:
        return f" has no column of ratings, such as 'score'; it has {', '.join(sheet.header)}"
    first = sheet.delimiter.join([c[0] for c in sheet.columns.values() if len(c)] if sheet.headless else sheet.header)
    return f" holds no ratings in a known form; its first line is {first[:80]!r}"


# Reading


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
            raise StudyError(f"{_called(source, layout)}: {layout.asked}")
        return _read(source, layout, strangers or source.folder not in (None, path), options, ask)


def _called(source: Source, layout: Layout) -> str:
    return str(source.path if source.folder is None else source.folder / next(iter(layout.files), ""))


def _read(source: Source, layout: Layout, strangers: bool, options: Options, ask: bool) -> Study:
    path, folder = source.path, source.folder
    notes = list(layout.notes)
    if layout.others:
        few = ", ".join(layout.others[:5]) + (f" and {len(layout.others) - 5} more" if len(layout.others) > 5 else "")
        notes.append(f"also there, and not read as ratings: {few}")
    votes = None
    if layout.is_fixed:
        study = _read_fixed(source, layout)
        clips, votes = study.clips, study.votes
        ratings = study.ratings.assign(**{FILE: _called(source, layout), COLUMN: "score"})
        ratings[ROW] = np.arange(1, len(ratings) + 1)
        unnamed = folder is not None and study.name == folder.name  # called after where it happens to lie
        name = (path.stem if path.is_file() else path.name) if unnamed else study.name
        kind, root, about = study.kind, study.root, study.about
    else:
        melted, told = _melted(source, layout)
        clips, ratings, named = clips_of(melted, layout)
        name, kind, root, about = path.stem, "human", folder or path.parent, dict[str, Any]()
        notes += [*told, *named, *_repeated(ratings)]
        if len(layout.files) == 1 and folder is not None:
            root = (folder / layout.files[0]).parent
    if layout.missing is not None:
        ratings, left = without_missing(ratings, layout.missing)
        notes += left
        if layout.is_fixed and left:
            clips = clips[clips["clip"].isin(ratings["clip"]) | ~clips["clip"].isin(study.ratings["clip"])]
    elif len(ratings):
        notes += _codes(ratings, layout, ask and not layout.is_fixed, options)
    layout = options.with_scales(layout, [str(axis) for axis in ratings["axis"].unique()])
    if layout.pseudonyms:
        ratings = ratings.assign(rater=_pseudonyms(ratings["rater"]))
    ratings, maps = scaled(ratings, layout)
    about |= {"read_as": layout.in_words()} if not layout.is_plain else {}
    about |= (
        {"columns": {c.name: _meaning(c.role, c.axis, c.rater, c.clip) for c in layout.columns}}
        if layout.columns
        else {}
    )
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


def _meaning(role: str, axis: str, rater: str, clip: str) -> str:
    """What became of a column, in words."""
    told = [f"axis {axis}" if axis else "", f"rater {rater}" if rater else "", f"clip {clip}" if clip else ""]
    return ", ".join(filter(None, [ROLES[role], *told]))


def _codes(ratings: pd.DataFrame, layout: Layout, ask: bool, options: Options) -> list[str]:
    """Tells scores that look like codes, or asks what they are.

    Raises:
        StudyError: ``ask``, and there are some that no usual scale holds.
    """
    codes = codes_in(ratings)
    open_ones = _undecided(codes, layout, options)
    values = ",".join(f"{value:g}" for value in sorted({code.value for code in codes}))
    ways = f"leave it out with --missing={values}, or keep it with --missing keep"
    if ask and open_ones:
        raise StudyError(f"{'; '.join(map(str, open_ones))}. Say what it is: {ways}")
    return [f"{code}; it is kept ({ways})" for code in codes]


def _undecided(codes: Sequence[Code], layout: Layout, options: Options | None = None) -> list[Code]:
    """Those codes of which somebody has to say what they are: a declared scale says it, too."""
    declared = {axis for axis, _ in layout.scales} | {axis for axis, _ in (options.scales if options else ())}
    return [code for code in codes if code.is_plain and code.axis not in declared and not (declared & {""})]


def _read_fixed(source: Source, layout: Layout) -> Study:
    form = FORMS[layout.form]
    file = next(iter(layout.files), "") or next(iter(group.names[0] for group in source.groups), "")
    path = source.path if source.folder is None else source.folder / (file or ".")
    try:
        if form.study is not None:
            group = source.group(file)
            if group is None:
                raise StudyError(f"{path} is no longer there")
            return form.study(group.raw[0])
        if form.read is None:
            raise StudyError(f"{path} cannot be read as {form.words}")
        return form.read(path)
    except StudyError as problem:
        if str(path) in str(problem):
            raise
        raise StudyError(f"{path}: {problem}") from problem


def _group_of(source: Source, layout: Layout) -> Group:
    group = source.group(layout.files[0]) if layout.files else next(iter(source.groups), None)
    if group is None:
        problem = next(iter(source.problems.values()), "")
        raise StudyError(problem or f"{source.path} holds no table {', '.join(layout.files)}")
    return group


def _melted(source: Source, layout: Layout) -> tuple[pd.DataFrame, list[str]]:
    group = _group_of(source, layout)
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


def _pseudonyms(raters: pd.Series) -> list[str]:
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


# Looking


@dataclass(frozen=True)
class FoundAxis:
    """What was found on one axis, before any map.

    Attributes:
        axis: The axis as the file calls it.
        rater: One rater, where raters seem to use scales of their own; else empty.
        ratings: Number of ratings.
        low: Lowest score.
        high: Highest score.
        likely: The scale that these scores may be on; None where no usual one holds them.
        why: What speaks for it.
    """

    axis: str
    rater: str
    ratings: int
    low: float
    high: float
    likely: tuple[float, float] | None
    why: str


@dataclass(frozen=True)
class Found:
    """What a layout finds.

    Attributes:
        clips: Number of clips.
        raters: Number of raters that are named.
        ratings: Number of ratings.
        axes: What was found on each axis.
        head: The first ratings: ``clip``, ``rater``, ``axis``, ``score``.
        codes: Scores that look like codes for "no answer", left out or not.
        asks: Whether somebody has to say what they are before the ratings are used.
        votes: Number of votes between two clips.
        systems: Number of systems that were voted on.
        notes: What was left out or changed, in words.
    """

    clips: int
    raters: int
    ratings: int
    axes: tuple[FoundAxis, ...]
    head: tuple[dict[str, Any], ...]
    codes: tuple[Code, ...] = ()
    asks: bool = False
    votes: int = 0
    systems: int = 0
    notes: tuple[str, ...] = ()


def find(path: Path | str, layout: Layout, *, by_rater: bool = False, rows: int = 6) -> Found:
    """Reads ratings as a layout says and tells what is there.

    Args:
        path: A file, a folder, or a zip.
        layout: How it is read.
        by_rater: Whether to tell raters apart on each axis; without, that is done where they plainly use scales of
            their own.
        rows: How many ratings to show.

    Raises:
        StudyError: As ``read`` does.
    """
    ratings, votes, notes = _as_found(open_source(path, layout.parsing), layout)
    codes = codes_in(ratings) if len(ratings) else []
    if layout.missing is not None:
        ratings, left = without_missing(ratings, layout.missing)
        notes += left
    if layout.pseudonyms:
        ratings = ratings.assign(rater=_pseudonyms(ratings["rater"]))
    named = ratings.loc[ratings["rater"] != "", "rater"]
    axes = axis_order([str(axis) for axis in ratings["axis"].unique()])
    voted = set() if votes is None else {*votes["clip_a"], *votes["clip_b"]} - {""}
    return Found(
        clips=len(voted.union(ratings["clip"])),
        raters=named.nunique(),
        ratings=len(ratings),
        axes=tuple(found for axis in axes for found in _axis(axis, ratings[ratings["axis"] == axis], by_rater)),
        head=tuple(ratings[["clip", "rater", "axis", "score"]].head(rows).to_dict("records")),
        codes=tuple(codes),
        asks=layout.missing is None and not layout.is_fixed and bool(_undecided(codes, layout)),
        votes=0 if votes is None else len(votes),
        systems=0 if votes is None else len({*votes["system_a"], *votes["system_b"]} - {""}),
        notes=tuple(notes),
    )


def meant(path: Path | str, layout: Layout, options: Options) -> Layout:
    """Puts what was said about columns, axis or rows into a layout; how the file is cut stays.

    Args:
        path: A file, a folder, or a zip.
        layout: How it was read so far.
        options: What was said.

    Raises:
        ValueError: There is no such column, or it cannot be that.
    """
    table, *_ = _group_of(open_source(path, layout.parsing), layout).table(layout)
    return replace(options, parsing=layout.parsing).apply(layout, table)


def _as_found(source: Source, layout: Layout) -> tuple[pd.DataFrame, pd.DataFrame | None, list[str]]:
    """The ratings and the votes that a layout finds, before anything is left out or mapped."""
    with naming(source.folder if source.folder != source.path else None, str(source.path)):
        if layout.question:
            raise StudyError(f"{_called(source, layout)}: {layout.asked}")
        if layout.is_fixed:
            study = _read_fixed(source, layout)
            return study.ratings, study.votes, []
        melted, notes = _melted(source, layout)
        _, ratings, more = clips_of(melted, layout)
    if "rater" not in ratings.columns:
        ratings = ratings.assign(rater="")
    return ratings, None, [*notes, *more]


def examples(path: Path | str, layout: Layout, *, most: int = 3) -> dict[str, list[str]]:
    """Returns the first different cells of each column that hold something.

    Args:
        path: A file, folder or zip of ratings.
        layout: How it is read.
        most: How many cells a column.

    Returns:
        For each column its cells, 60 characters of each at most.
    """
    if layout.is_fixed:
        return {}
    source = open_source(path, layout.parsing)
    table, *_ = _group_of(source, layout).table(layout)
    first = {name: list(dict.fromkeys(filter(None, cells[:5000]))) for name, cells in table.columns.items()}
    return {name: [text[:60] for text in cells[:most]] for name, cells in first.items()}


def _axis(axis: str, ratings: pd.DataFrame, by_rater: bool) -> list[FoundAxis]:
    highest = ratings.groupby("rater", sort=False)["score"].agg(["max", "size"])
    named = bool((highest.index != "").all())
    of_many = highest.loc[highest["size"] >= _MANY, "max"]
    apart = named and len(of_many) > 1 and of_many.max() >= _FAR * of_many.min() > 0
    groups: list[tuple[str, Any]] = [("", ratings["score"])]
    if apart or (by_rater and named):
        groups = [(str(rater), scores) for rater, scores in ratings.groupby("rater", sort=False)["score"]]
    found = []
    for rater, scores in groups:
        low, high = float(scores.min()), float(scores.max())
        found.append(FoundAxis(axis, rater, len(scores), low, high, *likely_scale(axis, low, high)))
    return found
