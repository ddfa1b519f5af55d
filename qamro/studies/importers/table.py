"""Reads a file that somebody brought into columns of text, whatever wrote it: CSV of any kind, Excel, JSON.

A file is read once. ``open_sheet`` looks at its beginning (encoding, what separates columns, the header) and
``Sheet.columns`` reads the rest when it is asked for.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from qamro.studies.importers.header import header_lines, is_number, names_of
from qamro.studies.importers.json_table import flat_columns, json_lines, records_of, text_of
from qamro.studies.importers.names import is_sound, known_axis, role_of
from qamro.studies.tables import BLANKS, VERBATIM, StudyError

if TYPE_CHECKING:
    import pandas as pd

DELIMITERS = (",", ";", "\t", "|")
MOST_COLUMNS = 2000
"""Most columns of a table; every one is shown to whoever imports it."""

MOST_BYTES = 1 << 30
_BLOCK = 20_000
_LONGEST = 4000
"""Letters of a column's name; questions of surveys are shorter."""

_HEAD = 1 << 18
_LOOKED_AT, _MOST_ABOVE = 60, 20
"""Lines at the beginning that are looked at for what stands above a table, and most of these."""
_EXCEL = b"PK\x03\x04"
DELIMITER_NAMES = {"comma": ",", "semicolon": ";", "tab": "\t", "\\t": "\t", "space": " ", "pipe": "|"}


@dataclass(frozen=True)
class Parsing:
    """How a file is cut into cells, where somebody has said it.

    Attributes:
        delimiter: What separates columns; empty to find out.
        header: How many lines are header; None to find out.
        encoding: How letters are stored; empty to find out.
        sheet: Which sheet of a workbook; empty for the first that holds ratings.
        answers: Words of a scale and the numbers that they stand for.
    """

    delimiter: str = ""
    header: int | None = None
    encoding: str = ""
    sheet: str = ""
    answers: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        """Checks the header, and takes words such as ``tab`` for what they stand for.

        Raises:
            ValueError: There cannot be that many lines of header, or the delimiter has several signs.
        """
        object.__setattr__(self, "delimiter", DELIMITER_NAMES.get(self.delimiter.lower(), self.delimiter))
        if len(self.delimiter) > 1:
            raise ValueError(f"--delimiter {self.delimiter!r}: give one sign, or comma, semicolon, tab, space or pipe")
        if self.header is not None and self.header not in (0, 1, 2, 3):
            raise ValueError(f"--header {self.header}: a table has 0, 1, 2 or 3 lines of header")


@dataclass(frozen=True, eq=False)
class Sheet:
    """A table as it stands in a file, all text.

    Attributes:
        path: The file.
        header: The names of its columns.
        read: Reads the columns, once.
        delimiter: What separates its columns.
        headless: Whether the first line is data; columns are then called ``column 1``, ``column 2``, …
        labels: What further lines of header say, by column.
        notes: What was found out about the file.
        source: Where it comes from: ``text``, ``json`` or ``excel``.
        data: What JSON held.
        problem: Why it cannot be read; empty when it can.
    """

    path: Path
    header: tuple[str, ...] = ()
    read: Callable[[], dict[str, Sequence[str]]] = dict
    delimiter: str = ","
    headless: bool = False
    labels: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    source: str = "text"
    data: Any = None
    problem: str = ""

    @cached_property
    def columns(self) -> dict[str, Sequence[str]]:
        """The cells of each column, without outer blanks."""
        return self.read()

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The table as text; its index tells the row, from 0."""
        import pandas as pd

        return pd.DataFrame(
            {name: pd.Series(cells, dtype=object) for name, cells in self.columns.items()}, dtype=object
        )

    @property
    def shape(self) -> tuple[tuple[str, ...], bool]:
        """What sheets that may be read as one have in common."""
        return self.header, self.headless

    def with_columns(self, columns: Mapping[str, Sequence[str]], *notes: str) -> Sheet:
        """Returns the table with other columns."""
        return replace(self, header=tuple(columns), read=lambda: dict(columns), notes=(*self.notes, *notes), labels={})


def open_sheet(path: Path, parsing: Parsing | None = None) -> Sheet:
    """Looks at a file; a file that is no table comes back with the reason in ``problem``.

    Raises:
        FileNotFoundError: There is no such file.
    """
    parsing = parsing or Parsing()
    sheet = _opened(path, parsing)
    if not parsing.answers or sheet.problem:
        return sheet
    numbers = {word.lower(): number for word, number in parsing.answers}
    return replace(sheet, read=lambda: {name: _answered(cells, numbers) for name, cells in sheet.columns.items()})


def _answered(cells: Sequence[str], numbers: Mapping[str, str]) -> Sequence[str]:
    """Puts numbers for words into a column that holds nothing else."""
    told = {cell for cell in set(cells) if cell.lower() not in BLANKS}
    known = {cell: numbers[cell.lower()] for cell in told if cell.lower() in numbers}
    if not known or any(cell not in known and not is_number(cell) for cell in told):
        return cells
    return [known.get(cell, cell) for cell in cells]


def _opened(path: Path, parsing: Parsing) -> Sheet:
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}")
    try:
        if path.stat().st_size > MOST_BYTES:
            raise StudyError(f"{path} has more than {MOST_BYTES >> 30} GiB; split it")
        with path.open("rb") as file:
            head = file.read(_HEAD)
        if head.startswith(_EXCEL):
            return _excel(path, parsing)
        encoding = parsing.encoding or encoding_of(head, path)
        whole = len(head) < _HEAD
        text = head.decode(encoding, errors="strict" if whole else "ignore").removeprefix("\ufeff")
        start = text.lstrip()
        if not start:
            return Sheet(path, problem=f"{path} is empty")
        if start[0] in "{[" and not parsing.delimiter and _may_be_json(start):
            return _json(path, text if whole else path.read_text(encoding=encoding))
        return _delimited(path, text, whole, encoding, parsing)
    except (StudyError, csv.Error, UnicodeError, LookupError) as problem:
        text = str(problem)
        if not isinstance(problem, StudyError):
            text = f"{path} is not a table of text: {problem}; save it as CSV with UTF-8 encoding"
        return Sheet(path, problem=text)


def is_utf8(path: Path) -> bool:
    """Whether a file's beginning is UTF-8 or UTF-16, so that nobody has to say how its letters are stored."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
    try:
        return head.startswith(_EXCEL) or bool(encoding_of(head, path))
    except StudyError:
        return False


def encoding_of(head: bytes, path: Path) -> str:
    """Returns how the letters of a file are stored, from its beginning: UTF-8 or UTF-16.

    Raises:
        StudyError: It is neither; what may be Latin-1 is not guessed, as no letter tells it apart from others.
    """
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if head[1:200:2].count(0) > len(head[1:200:2]) * 0.4:
        return "utf-16-le"
    if head[0:200:2].count(0) > max(len(head[0:200:2]) * 0.4, 1):
        return "utf-16-be"
    if b"\0" in head:
        raise StudyError(f"{path} is not a table of text (it holds zero bytes); save it as CSV with UTF-8 encoding")
    try:
        head[: _HEAD - 4].decode("utf-8")
    except UnicodeDecodeError as problem:
        if problem.start < len(head) - 8:
            bad = head[max(problem.start - 12, 0) : problem.start + 8]
            looks = bad.decode("cp1252", errors="replace").strip()
            raise StudyError(
                f"{path} is not a table of text in UTF-8 ({problem}); save it as CSV with UTF-8 encoding, or, if "
                f"{looks!r} is right, say so with --encoding latin-1"
            ) from problem
    return "utf-8-sig"


def _may_be_json(start: str) -> bool:
    """Whether a text that begins with a bracket is JSON rather than a table whose first cell has one."""
    rest = start[1:].lstrip()
    return not rest or rest[0] in '"{[]}-' or rest[0].isdigit() or rest.startswith(("true", "false", "null"))


# Text with columns


def _delimited(path: Path, sample: str, whole: bool, encoding: str, parsing: Parsing) -> Sheet:
    """Looks at delimited text, of which ``sample`` is the beginning, or the ``whole``."""
    said, skipped = _sep_line(sample)
    notes = [f"the line 'sep={said}' says what separates columns"] if skipped else []
    if not skipped and (skipped := _lines_above(sample)):
        above = " ".join(" ".join(sample.split("\n")[:skipped]).split())
        notes.append(f"lines above the header were left out: {above[:80]!r}")
    delimiter = parsing.delimiter or said or _delimiter(sample, skipped)
    rows = _first_rows(sample, delimiter, skipped, 60)
    if not whole and len(rows) > 1:
        rows = rows[:-1]  # the last one may be cut
    if not rows:
        return Sheet(path, problem=f"{path} is empty")
    if len(rows[0]) > MOST_COLUMNS:
        raise StudyError(
            f"{path} has {len(rows[0]):,} columns; a table of ratings has at most {MOST_COLUMNS:,}: put a row a rating"
        )
    lines = parsing.header if parsing.header is not None else header_lines(rows)
    header, labels = names_of(rows, lines)
    if (longest := max(map(len, header))) > _LONGEST:
        raise StudyError(f"{path} has a column whose name has {longest:,} letters; this is no table of ratings")
    headless = lines == 0
    if len(header) > 1 and re.match(r"#\s*\w", header[0]):  # numpy's header is a comment
        header[0] = header[0].lstrip("# ")
    twice = {name for name in header if name and header.count(name) > 1}
    if twice:
        raise StudyError(f"{path} has two columns named {sorted(twice)[0]!r}; rename one")
    while header and not header[-1] and all(not "".join(row[len(header) - 1 :]).strip() for row in rows[lines:]):
        header = header[:-1]  # a spreadsheet's empty columns at the end
    if header.count("") > 1:
        header = [name or f"column {place}" for place, name in enumerate(header, 1)]
    if lines > 1:
        notes.append(f"{lines} lines of header were read as one")
    elif headless:
        notes.append("the first line is data, not a header")

    def read() -> dict[str, Sequence[str]]:
        with io.StringIO(sample, newline="") if whole else path.open(encoding=encoding, newline="") as text:
            try:
                return _columns(_blocks(text, delimiter, skipped), header, lines, path)
            except (csv.Error, UnicodeError) as problem:
                raise StudyError(
                    f"{path} is not a table of text: {problem}; save it as CSV with UTF-8 encoding"
                ) from problem

    return Sheet(path, tuple(header), read, delimiter, headless, labels, tuple(notes))


def _reader(text: Iterable[str], delimiter: str) -> Iterator[list[str]]:
    if delimiter == " ":
        return (line.split() for line in text)
    return csv.reader(text, delimiter=delimiter, skipinitialspace=delimiter != "\t")


def _blocks(text: Iterable[str], delimiter: str, skip: int, size: int = _BLOCK) -> Iterator[list[list[str]]]:
    """Yields the rows that hold anything, many at once; ``skip`` lines at the beginning are left out."""
    reader = _reader(text, delimiter)
    for _ in range(skip):
        next(reader, None)
    while block := list(islice(reader, size)):
        if kept := [row for row in block if row and (row[0] or any(map(str.strip, row)))]:
            yield kept


def _first_rows(sample: str, delimiter: str, skip: int, most: int) -> list[list[str]]:
    return next(_blocks(io.StringIO(sample, newline=""), delimiter, skip, most), [])


def _columns(blocks: Iterator[list[list[str]]], header: list[str], lines: int, path: Path) -> dict[str, Sequence[str]]:
    """Reads all rows into columns; equal cells share their memory."""
    width, done = len(header), 0
    cells: list[list[str]] = [[] for _ in header]
    known: list[dict[str, str]] = [{} for _ in header]
    for whole in blocks:
        block = whole[lines:]
        lines = max(lines - len(whole), 0)
        if block and set(map(len, block)) != {width}:
            if width > 1:  # comments between the rows or at the end
                block = [row for row in block if len(row) > 1 or not row[0].startswith("#")]
            _check_widths(block, header, done, path)
        for name, column, seen, values in zip(header, cells, known, zip(*block, strict=False), strict=False):
            if len(seen) > 200_000:
                seen.clear()
            for value in set(values).difference(seen):
                seen[value] = value if name in VERBATIM else value.strip()
            column.extend(map(seen.__getitem__, values))
        done += len(block)
    return dict(zip(header, cells, strict=True))


def _check_widths(block: list[list[str]], header: list[str], done: int, path: Path) -> None:
    width = len(header)
    for number, row in enumerate(block, done + 1):
        if len(row) < width or any(map(str.strip, row[width:])):
            raise StudyError(
                f"{path}, row {number}: {len(row)} cells where {width} are expected ({', '.join(header)[:200]}); "
                "put text that holds commas between double quotes"
            )


def _sep_line(sample: str) -> tuple[str, int]:
    """Reads Excel's ``sep=;``: what it says, and how many lines to leave out."""
    first = sample.lstrip("\ufeff").split("\n", 1)[0].strip().strip('"')
    return (first[4], 1) if first.lower().startswith("sep=") and len(first) == 5 else ("", int(first.lower() == "sep="))


def _lines_above(sample: str) -> int:
    """How many lines stand above a table: comments after ``#``, a title, in which nothing is cut as below."""
    lines = [re.sub(r'"[^"]*"', "q", line) for line in sample.split("\n")[:_LOOKED_AT]]  # what is quoted cuts nothing
    most, found = 0, 0
    for delimiter in DELIMITERS:
        counts = [line.count(delimiter) for line in lines]
        filled = [place for place, line in enumerate(lines) if line.strip()]
        for start, place in enumerate(filled[: _MOST_ABOVE + 1]):
            below = filled[start : start + 8]
            if _is_above(lines[place], delimiter, counts[place]):
                continue
            if counts[place] > most and len(below) > 2 and len({counts[p] for p in below}) == 1:
                above = [lines[p] for p in filled[:start]]
                if all(_is_above(line, delimiter, counts[place]) for line in above):
                    most, found = counts[place], place if above else 0
                break
    return found


def _is_above(line: str, delimiter: str, count: int) -> bool:
    """Whether a line is no row of the table below it: a comment, or one cell at most."""
    first, _, rest = line.strip().partition(delimiter)
    if first.startswith("#") and line.count(delimiter) != count:
        return True
    others = any(sign in first for sign in DELIMITERS)  # a header that is cut otherwise
    return '"' not in line and bool(first) and not rest.strip(f"{delimiter} ") and not others and not is_sound(first)


def _delimiter(sample: str, skip: int = 0) -> str:
    """Returns what cuts the first lines into most columns, of what cuts them all into as many."""
    best, most = ",", (0.0, 1)
    for delimiter in DELIMITERS:
        try:
            rows = _first_rows(sample, delimiter, skip, 40)
        except csv.Error:
            continue
        widths = [len(row) for row in rows[:-1] or rows]
        if not widths:
            continue
        alike = sum(width == widths[0] for width in widths) / len(widths)
        if widths[0] > 1 and (alike > 0.8, widths[0]) > (most[0] > 0.8, most[1]):
            best, most = delimiter, (alike, widths[0])
    if most[1] == 1:
        lines = [line.split() for line in sample.splitlines()[:40] if line.strip()]
        if (
            lines
            and len(lines[0]) > 1
            and {len(line) for line in lines} == {len(lines[0])}
            and is_number(lines[-1][-1])
        ):
            return " "
    return best


# JSON


def _json(path: Path, text: str) -> Sheet:
    try:
        data: Any = json.loads(text)
    except ValueError:  # no JSON, or a number of thousands of digits
        data = json_lines(text, path)
    except RecursionError as problem:
        raise StudyError(f"{path}: JSON that is nested too deeply") from problem
    if "\\ud" in text.lower():  # half a letter, which no table can hold
        data = json.loads(json.dumps(data, ensure_ascii=False).encode("utf-8", "replace"))
    columns = flat_columns(records_of(data))
    if len(columns) > MOST_COLUMNS:
        raise StudyError(f"{path} has {len(columns):,} keys; a table of ratings has at most {MOST_COLUMNS:,}")
    return Sheet(path, tuple(columns), lambda: columns, source="json", data=data)


# Excel


def _excel(path: Path, parsing: Parsing) -> Sheet:
    try:
        import openpyxl
    except ImportError as problem:
        raise StudyError(
            f"{path} is an Excel workbook, and openpyxl is not installed; run: pip install openpyxl, or save the sheet "
            "as CSV with UTF-8 encoding"
        ) from problem
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except Exception as problem:  # whatever a broken workbook raises
        raise StudyError(f"{path} cannot be read as an Excel workbook: {problem}; save it as CSV") from problem
    names = [parsing.sheet] if parsing.sheet else book.sheetnames
    if parsing.sheet and parsing.sheet not in book.sheetnames:
        raise StudyError(f"{path} has no sheet {parsing.sheet!r}; it has {', '.join(book.sheetnames)}")
    best: tuple[int, str, list[list[str]]] = (-1, "", [])
    for name in names:
        rows = []
        for cells in book[name].iter_rows(values_only=True):
            row = [text_of(value) for value in cells]
            if any(row):
                rows.append(row)
        known = sum(bool(role_of(cell) or known_axis(cell)) for cell in rows[0]) if rows else -1
        if known > best[0]:
            best = known, name, rows
    _, name, rows = best
    if not rows:
        return Sheet(path, problem=f"{path} is empty")
    while len(rows) > 3 and rows[0][0] and not any(rows[0][1:]) and all(any(row[1:]) for row in rows[1:4]):
        rows = rows[1:]  # a title above the table
    width = max(map(len, rows))
    rows = [row + [""] * (width - len(row)) for row in rows]
    lines = parsing.header if parsing.header is not None else header_lines(rows)
    header, labels = names_of(rows, lines)
    while header and not header[-1]:
        header = header[:-1]
    if len(header) > MOST_COLUMNS:
        raise StudyError(f"{path} has {len(header):,} columns; a table of ratings has at most {MOST_COLUMNS:,}")
    if twice := {cell for cell in header if cell and header.count(cell) > 1}:
        raise StudyError(f"{path} has two columns named {sorted(twice)[0]!r}; rename one")
    columns: dict[str, Sequence[str]] = {
        cell or f"column {place + 1}": [row[place] for row in rows[lines:]] for place, cell in enumerate(header)
    }
    note = f"sheet {name!r}" + (f" of {', '.join(map(repr, book.sheetnames))}" if len(book.sheetnames) > 1 else "")
    return Sheet(
        path, tuple(columns), lambda: columns, headless=lines == 0, labels=labels, notes=(note,), source="excel"
    )


def joined(sheets: Sequence[Sheet]) -> tuple[Sheet, np.ndarray, np.ndarray]:
    """Puts sheets of one header below each other.

    Returns:
        The table; for each of its rows the sheet (its place in ``sheets``) and the row in that sheet, from 0.
    """
    counts = [len(next(iter(sheet.columns.values()), ())) for sheet in sheets]
    of = np.repeat(np.arange(len(sheets)), counts)
    row = np.concatenate([np.arange(count) for count in counts]) if counts else np.empty(0, dtype=int)
    if len(sheets) == 1:
        return sheets[0], of, row
    columns: dict[str, Sequence[str]] = {
        name: [cell for sheet in sheets for cell in sheet.columns[name]] for name in sheets[0].header
    }
    first = sheets[0]
    return replace(first, read=lambda: columns), of, row
