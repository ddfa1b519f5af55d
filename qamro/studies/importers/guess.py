"""Guesses how ratings are to be read: ``guess`` names the form and what each column means, and says why.

A guess is for a person to look at: ``Layout.with_column`` corrects it, ``preview`` shows what comes of it, ``read``
(``qamro.studies.importers.reading``) makes a ``Study`` of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from qamro.studies.importers import aes_natural, codec_mushra, lstm_music, musiceval, webmushra
from qamro.studies.importers.bundle import Table, look_at, study_in, tables_in
from qamro.studies.importers.columns import columns_of, decimal_of
from qamro.studies.importers.layout import TABULAR, Layout
from qamro.studies.importers.roles import is_data, role_by_name
from qamro.studies.importers.unpacked import naming, unpacked
from qamro.studies.tables import first_row, read_table
from qamro.studies.validation import StudyError

if TYPE_CHECKING:
    import pandas as pd

KNOWN = (
    "a folder or zip of clips.csv and ratings.csv",
    "a CSV with a row a rating (clip, rater, axis, score; rater may be missing)",
    "a CSV with a row a clip and a column for each rater or axis",
    "results of webMUSHRA",
    "Audiobox-Aesthetics JSON lines",
    "a MusicEval list (file,MI,TA without a header) or release",
)
"""What can be read, in words."""

MOST_COLUMNS = 2000
"""Most columns of a table; every one is shown to whoever imports it."""

_FIXED: tuple[tuple[Callable[[list[str]], bool], str, str], ...] = (
    (codec_mushra.recognises, "codec_mushra", "its header"),
    (lstm_music.recognises, "lstm_music", "its header"),
    (aes_natural.recognises, "aes_natural", "its header"),
    (musiceval.recognises, "musiceval", "a name and two numbers, and no header"),
)


def guess(path: Path | str, *, form: str = "", file: str = "") -> Layout:
    """Guesses how ratings are to be read.

    Args:
        path: A file, a folder, or a zip. In a folder or zip, the file with ratings is found; several with the same
            header are taken together.
        form: ``"long"``, ``"wide"`` or ``"survey"`` to have the columns guessed for that form; empty to guess it, too.
        file: Of a folder or zip: the file that holds the ratings; empty to find it.

    Raises:
        FileNotFoundError: There is nothing at ``path``.
        StudyError: Nothing there looks like ratings; says what does.
        ValueError: There is no such form to guess columns for.
    """
    path = Path(path)
    if form not in ("", *TABULAR):
        raise ValueError(f"columns can be guessed for {', '.join(TABULAR)}; not for {form!r}")
    if not path.exists():
        raise FileNotFoundError(f"there is no file or folder {path}")
    if not path.is_dir() and not is_zip(path):
        table = look_at(path)
        found = guess_table(table, form=form)
        if found is None:
            raise StudyError(f"{path}{_why_not(table)}. {_known()}")
        return found
    folder = unpacked(path).folder if is_zip(path) else path
    with naming(folder if is_zip(path) else None, str(path)):
        return _folder(folder, path, form, file)


def guess_table(table: Table, *, form: str = "") -> Layout | None:
    """Guesses how one table is to be read; None where it holds no ratings.

    Raises:
        StudyError: It has a header of ratings, but its rows are no table.
    """
    if table.problem:
        return None
    if table.is_json:
        return Layout("audiobox", "each line is a JSON object")
    cells = list(table.header)
    for fits, fixed, why in _FIXED:
        if fits(cells) and not form:
            return Layout(fixed, why)
    if _is_score_table(cells):
        return None
    if len(cells) > MOST_COLUMNS:
        raise StudyError(f"{table.path} has {len(cells):,} columns; a table of ratings has at most {MOST_COLUMNS:,}")
    headless = is_data(cells)
    data = read_sheet(table.path, table.delimiter, headless=headless)
    if webmushra.recognises(cells):
        return webmushra.layout_of(cells, list(data.columns))
    found = columns_of(data, table.path.stem, table.delimiter, decimal_of(data), form=form)
    return replace(found, headless=headless) if found is not None else None


def read_sheet(path: Path, delimiter: str, *, headless: bool = False) -> pd.DataFrame:
    """Reads a table as text; its index tells the row in the file. webMUSHRA's is brought into one shape.

    The last one is kept, as a guess, a look and an import read the same file one after the other.

    Args:
        path: The file.
        delimiter: What separates its columns.
        headless: Whether the first line is data; columns are then called ``column 1``, ``column 2``, …

    Raises:
        StudyError: It is no table.
    """
    about = path.stat()
    return _sheet(path, delimiter, headless, about.st_mtime_ns, about.st_size).copy()


@lru_cache(maxsize=1)
def _sheet(path: Path, delimiter: str, headless: bool, changed: int, size: int) -> pd.DataFrame:
    width = len(first_row(path, delimiter=delimiter)) if headless else 0
    columns = [f"column {number}" for number in range(1, width + 1)]
    table = read_table(path, columns=columns or None, delimiter=delimiter)
    return webmushra.tidy(table, path) if webmushra.recognises(list(table.columns)) else table


def is_zip(path: Path) -> bool:
    """Whether a file begins like a zip."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(4) in (b"PK\x03\x04", b"PK\x05\x06")


def _folder(folder: Path, called: Path, form: str, file: str) -> Layout:
    inner = study_in(folder)
    if inner is not None and not file:
        where = inner.relative_to(folder).as_posix()
        if musiceval.is_release(inner):
            return Layout("musiceval", "a folder 'sets' with its lists", files=(where,))
        return Layout("study", "clips.csv and ratings.csv with their columns", files=(where,))
    tables = {table.path.relative_to(folder).as_posix(): table for table in tables_in(folder)}
    layouts, problems = dict[str, Layout](), dict[str, StudyError]()
    for name, table in tables.items():
        try:
            if (layout := guess_table(table, form=form)) is not None:
                layouts[name] = layout
        except StudyError as problem:  # a letter among the tables must not keep the others out
            problems[name] = problem
    if file in problems or (problems and not layouts):
        raise problems.get(file) or next(iter(problems.values()))
    if not layouts or (file and file not in layouts):
        seen = f" (looked at {', '.join([*tables][:5])})" if tables else ""
        only = [f"; {name}{_why_not(table)}" for name, table in tables.items()] if len(tables) == 1 else []
        raise StudyError(f"{called} holds no ratings in a known form{''.join(only) or seen}. {_known()}")
    best = file or max(layouts, key=lambda name: _weight(name, layouts[name]))
    alike = [best]
    if not layouts[best].is_fixed:
        alike += [name for name in layouts if name != best and tables[name].header == tables[best].header]
    others = tuple(name for name in layouts if name not in alike)
    unread = [f"not read: {problem}".replace(f"{folder}/", "") for problem in problems.values()]
    notes = (*layouts[best].notes, *unread)
    return replace(layouts[best], files=tuple(alike), others=others, notes=notes)


def _weight(name: str, layout: Layout) -> tuple[bool, bool, bool, bool, int]:
    """How much speaks for a table being the ratings."""
    path = PurePosixPath(name.lower())
    told = any(word in path.stem for word in ("rating", "score", "answer", "result", "mushra", "annotation"))
    clips_only = path.stem in ("clips", "manifest", "predictions", "truth", "systems", "facts", "raters")
    return layout.names_clips, not clips_only, told, bool(layout.is_fixed or layout.having("rater")), -len(path.parts)


def _is_score_table(cells: list[str]) -> bool:
    """Whether a header is that of predictions: scores with their intervals, or with where they come from."""
    return any(f"source_{name}" in cells or {f"{name}_low", f"{name}_high"} <= set(cells) for name in cells)


def _why_not(table: Table) -> str:
    if table.problem:
        return f" {table.problem.removeprefix(str(table.path)).strip()}"
    if _is_score_table(list(table.header)):
        return " holds predictions, not ratings by people; give it as predictions"
    if {"clip", "rater"} & {role_by_name(name) for name in table.header}:
        return f" has no column of ratings, such as 'score'; it has {', '.join(table.header)}"
    return f" holds no ratings in a known form; its first line is {','.join(table.header)[:80]!r}"


def _known() -> str:
    return f"Known forms: {'; '.join(KNOWN)}"
