"""What lies in a folder that somebody brought: the ratings, tables about clips, and sound."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from qamro.studies.folder import is_study
from qamro.studies.importers import musiceval
from qamro.studies.importers.archive import TABLES
from qamro.studies.importers.roles import role_by_name
from qamro.studies.tables import delimiter_of, first_row
from qamro.studies.validation import StudyError

_STUDY = (("clips.csv", {"clip"}), ("ratings.csv", {"clip", "axis", "score"}))


@dataclass(frozen=True)
class Table:
    """A file that may hold a table.

    Attributes:
        path: The file.
        delimiter: What separates its columns.
        header: The cells of its first line; none for JSON and for a file that cannot be read.
        is_json: Whether it holds JSON lines.
        problem: Why it cannot be read; empty when it can.
    """

    path: Path
    delimiter: str = ","
    header: tuple[str, ...] = ()
    is_json: bool = False
    problem: str = ""


def look_at(path: Path) -> Table:
    """Looks at a file's first line.

    Raises:
        FileNotFoundError: There is no such file.
    """
    if not path.is_file():
        raise FileNotFoundError(f"there is no file or folder {path}")
    with path.open("rb") as file:
        head = file.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip()
    if not head:
        return Table(path, problem="is empty")
    if head[:1] in (b"{", b"["):
        return Table(path, is_json=True)
    try:
        delimiter = delimiter_of(path)
        return Table(path, delimiter, tuple(first_row(path, delimiter=delimiter)))
    except StudyError as problem:
        return Table(path, problem=str(problem))


def tables_in(folder: Path) -> list[Table]:
    """Returns the tables in a folder and below it, least deep first."""
    found = [path for path in walk(folder) if path.suffix.lower() in TABLES]
    return [look_at(path) for path in sorted(found, key=lambda path: (len(path.parts), path))]


def walk(folder: Path) -> Iterator[Path]:
    """Yields the files in a folder and below it; hidden ones and links are passed over."""
    for path in folder.rglob("*"):
        parts = path.relative_to(folder).parts
        if (
            not any(part.startswith(".") or part == "__MACOSX" for part in parts)
            and not path.is_symlink()
            and path.is_file()
        ):
            yield path


def _is_ours(header: list[str], columns: set[str]) -> bool:
    """Whether a header is that of a saved study: its columns are there, and raters are not under another name."""
    return columns <= set(header) and ("rater" in header or all(role_by_name(name) != "rater" for name in header))


def study_in(folder: Path) -> Path | None:
    """Returns the folder of a saved study, or of a release of MusicEval, at or below a folder; None without one.

    A folder whose tables bear the right names but not the right columns is none: its columns can be guessed.
    """
    files = list(walk(folder))
    folders = {folder} | {path.parent for path in files} | {path.parent.parent for path in files}
    for inner in sorted(folders, key=lambda path: (len(path.parts), path)):
        if not inner.is_relative_to(folder):
            continue
        if is_study(inner) and all(_is_ours(first_row(inner / name), columns) for name, columns in _STUDY):
            return inner
        if musiceval.is_release(inner):
            return inner
    return None
