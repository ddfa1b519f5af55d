"""What somebody brought, opened: a file, a folder or a zip, each table once, those of one header together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np

from qamro.audio import AUDIO_ENDINGS
from qamro.studies.importers.archive import TOO_MANY, Limits, is_table, is_zip, unpacked, walk
from qamro.studies.importers.forms import Form, form_of, musiceval
from qamro.studies.importers.layout import TABULAR, Layout
from qamro.studies.importers.names import role_of
from qamro.studies.importers.table import Parsing, Sheet, joined, open_sheet
from qamro.studies.study import is_study
from qamro.studies.tables import StudyError

_STUDY = (("clips.csv", {"clip"}), ("ratings.csv", {"clip", "axis", "score"}))


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
        sheets: The tables that could be opened, by name.
        problems: Why others could not, by name.
        notes: What was left behind in a zip.
    """

    path: Path
    folder: Path | None
    inner: Path | None
    sheets: Mapping[str, Sheet]
    problems: dict[str, str]
    notes: tuple[str, ...] = ()

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """The tables, those of one header together; recognised when asked for, as a saved study needs no guess."""
        by_shape: dict[object, list[str]] = {}
        for name, sheet in self.sheets.items():
            by_shape.setdefault(_shape(sheet), []).append(name)
        groups = []
        for names in by_shape.values():
            sheets = tuple(self.sheets[name] for name in names)
            form, why = form_of(sheets[0])
            if form is not None and form.study is not None and not form.takes_rows:  # of fixed meaning: a file each
                groups += [Group((name,), (sheet,), form, why) for name, sheet in zip(names, sheets, strict=True)]
            else:
                groups.append(Group(tuple(names), sheets, form, why))
        return tuple(groups)

    def group(self, file: str) -> Group | None:
        """The group that a file belongs to."""
        return next((group for group in self.groups if file in group.names), None)


def open_source(path: Path | str, parsing: Parsing | None = None) -> Source:
    """Opens a file, a folder or a zip; what was opened last is kept as long as nothing changes.

    Raises:
        FileNotFoundError: There is nothing there.
        StudyError: A zip cannot be unpacked, or there are too many tables.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"there is no file or folder {path}")
    folder = path if path.is_dir() else unpacked(path).folder if is_zip(path) else None
    files = [path] if folder is None else sorted(walk(folder), key=lambda file: (len(file.parts), file))
    tables = [file for file in files if folder is None or is_table(file.name)]
    if len(tables) > Limits.tables:
        raise StudyError(TOO_MANY.format(what=path, n=len(tables), most=Limits.tables))
    if not tables and len(files) == 1 and files[0].suffix.lower() not in AUDIO_ENDINGS:
        tables = files  # one file by itself may end as it likes
    stamps = tuple((file, (about := file.stat()).st_mtime_ns, about.st_size) for file in tables)
    notes = unpacked(path).notes if folder is not None and folder != path else ()
    return _opened(path, folder, stamps, parsing or Parsing(), notes)


@lru_cache(maxsize=2)
def _opened(
    path: Path, folder: Path | None, stamps: tuple[tuple[Path, int, int], ...], parsing: Parsing, notes: tuple[str, ...]
) -> Source:
    sheets, problems = {}, {}
    for file, *_ in stamps:
        sheet = open_sheet(file, parsing)
        name = file.name if folder is None else file.relative_to(folder).as_posix()
        if sheet.problem:
            problems[name] = sheet.problem
        else:
            sheets[name] = sheet
    inner = _study_in(folder, {sheet.path: sheet for sheet in sheets.values()}) if folder is not None else None
    return Source(path, folder, inner, sheets, problems, notes)


def _shape(sheet: Sheet) -> object:
    """What tables have in common that are read as one: the header, or the tool that wrote them."""
    if sheet.source == "json" or len(sheet.header) > 8:
        form, _ = form_of(sheet)
        if form is not None and (form.tidy is not None or form.study is not None):
            return form.key
    return sheet.shape


def _study_in(folder: Path, tables: Mapping[Path, Sheet]) -> Path | None:
    """Returns the folder of a saved study, or of a release of MusicEval, at or below a folder; None without one.

    A folder whose tables bear the right names but not the right columns is none: its columns can be guessed.
    """
    homes = {folder} | {file.parent for file in tables} | {file.parent.parent for file in tables}
    for home in sorted(homes, key=lambda path: (len(path.parts), path)):
        if not home.is_relative_to(folder):
            continue
        ours = [tables.get(home / name) for name, _ in _STUDY]
        told = [sheet is not None and _is_ours(sheet.header, _STUDY[k][1]) for k, sheet in enumerate(ours)]
        if is_study(home) and all(told):
            return home
        if musiceval.is_release(home):
            return home
    return None


def _is_ours(header: Sequence[str], columns: set[str]) -> bool:
    """Whether a header is that of a saved study: its columns are there, and raters are not under another name."""
    return columns <= set(header) and ("rater" in header or all(role_of(name) != "rater" for name in header))
