"""A manifest: a CSV that names clips, one a row, with their prompts and systems; read alike by terminal and app."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from qamro.studies.tables import StudyError, first_row, read_table

FILE_COLUMNS = ("path", "file", "filename", "clip", "name")
"""What the column of the sound files may be called, whatever the case; the first that is there."""

_NAMED = 12
"""As many columns are named where none holds files."""


@dataclass(frozen=True)
class Line:
    """A row of a manifest.

    Attributes:
        file: The sound file, as it is written there.
        prompt: Its prompt; empty for none.
        system: What generated it; empty when unknown.
        name: What to call it (column ``clip`` beside one of files); empty to go by the file.
    """

    file: str
    prompt: str = ""
    system: str = ""
    name: str = ""


def read_manifest(path: Path | str) -> list[Line]:
    """Reads a manifest; the ``clips.csv`` of a study is one.

    Raises:
        FileNotFoundError: There is no such file.
        StudyError: No column names files, a name is missing, or a file stands twice; names the row.
    """
    path = Path(path)
    header = first_row(path)
    if not header:
        raise StudyError(f"{path} is empty: it has no column of clip names")
    if not {name.lower() for name in header} & {*FILE_COLUMNS}:  # before a table of any width is read
        raise _no_files(path, header)
    table = read_table(path)
    columns = {str(column).lower(): column for column in reversed(table.columns)}
    files = next((columns[name] for name in FILE_COLUMNS if name in columns), None)
    if files is None:
        raise _no_files(path, list(table.columns))
    others = [columns.get(name) if columns.get(name) != files else None for name in ("prompt", "system", "clip")]
    cells = [[""] * len(table) if column is None else list(table[column]) for column in others]
    first: dict[str, int] = {}
    for row, file in enumerate(table[files], 1):
        if not file.strip():
            raise StudyError(f"{path}, row {row}, column {files!r} is empty; every row names an audio file")
        if file in first:
            raise StudyError(f"{path}, row {row}: {file} stands in row {first[file]} already; remove one")
        first[file] = row
    return [Line(*line) for line in zip(table[files], *cells, strict=True)]


def _no_files(path: Path, columns: list[str]) -> StudyError:
    called, some = ", ".join(FILE_COLUMNS[:-1]), ", ".join(name[:40] for name in columns[:_NAMED])
    more = f" and {len(columns) - _NAMED:,} more" if len(columns) > _NAMED else ""
    return StudyError(f"{path} has no column of clip names ({called}); it has {some}{more}")
