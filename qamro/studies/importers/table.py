"""Reads a file that somebody brought into columns of text, whatever wrote it: CSV of any kind, Excel, JSON.

A file is read once. ``open_sheet`` looks at its beginning (encoding, what separates columns, the header) and
``Sheet.columns`` reads the rest when it is asked for.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from qamro.studies.importers.names import is_rater, is_sound, known_axis, role_of
from qamro.studies.tables import VERBATIM
from qamro.studies.validation import StudyError

if TYPE_CHECKING:
    import pandas as pd

DELIMITERS = (",", ";", "\t", "|")
MOST_COLUMNS = 2000
"""Most columns of a table; every one is shown to whoever imports it."""

MOST_BYTES = 1 << 30
_BLOCK = 20_000
_HEAD = 1 << 18
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
    """

    delimiter: str = ""
    header: int | None = None
    encoding: str = ""
    sheet: str = ""

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
    delimiter = parsing.delimiter or said or _delimiter(sample)
    rows = _first_rows(sample, delimiter, skipped, 60)
    if not whole and len(rows) > 1:
        rows = rows[:-1]  # the last one may be cut
    if not rows:
        return Sheet(path, problem=f"{path} is empty")
    if len(rows[0]) > MOST_COLUMNS:
        raise StudyError(
            f"{path} has {len(rows[0]):,} columns; a table of ratings has at most {MOST_COLUMNS:,}: put a row a rating"
        )
    lines = parsing.header if parsing.header is not None else _header_lines(rows)
    header, labels = _names_of(rows, lines)
    headless = lines == 0
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


def _delimiter(sample: str) -> str:
    """Returns what cuts the first lines into most columns, of what cuts them all into as many."""
    best, most = ",", (0.0, 1)
    for delimiter in DELIMITERS:
        try:
            rows = _first_rows(sample, delimiter, 0, 40)
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


def is_number(cell: str) -> bool:
    """Whether a cell holds a number, with a point or a comma before the decimals."""
    try:
        return bool(np.isfinite(float(cell.strip().replace(",", ".", 1))))
    except ValueError:
        return False


def _header_lines(rows: list[list[str]]) -> int:
    """Guesses how many lines are header."""
    if is_data(rows[0]):
        return 0
    for place, row in enumerate(rows[1:3], 1):
        if sum(cell.lstrip().startswith('{"ImportId"') for cell in row) > len(row) / 2:  # Qualtrics
            return place + 1
    if _is_questions(rows):
        return 2
    return 2 + _index_row(rows, 2) if _is_grouped(rows) else 1


def _is_questions(rows: list[list[str]]) -> bool:
    """Whether the second line holds Qualtrics' questions: the first has its own names, the others' are data."""
    return "ResponseId" in rows[0] and len(rows) > 1 and "Response ID" in rows[1]


def _is_grouped(rows: list[list[str]]) -> bool:
    """Whether two lines are header: names that repeat or leave gaps above names, and numbers below both."""
    if len(rows) < 3 or len(rows[0]) < 3 or len(rows[1]) != len(rows[0]):
        return False
    top = [cell.strip() for cell in rows[0]]
    told = [cell for cell in top[1:] if cell]
    gaps = len(set(told)) < len(top[1:])
    below = rows[2 + _index_row(rows, 2)] if len(rows) > 3 else rows[2]
    numeric = [place for place, cell in enumerate(below[: len(top)]) if is_number(cell)]
    return (
        gaps
        and len(set(told)) > 0
        and len(numeric) > 1
        and not any(is_number(rows[1][place]) and not is_rater(rows[1][place]) for place in numeric)
        and all(rows[1][place].strip() for place in numeric)
    )


def _index_row(rows: list[list[str]], place: int) -> int:
    """Whether a line only names the first column, as pandas writes below two lines of header."""
    if len(rows) <= place:
        return 0
    return int(bool(rows[place][0].strip()) and not any(cell.strip() for cell in rows[place][1:]))


def _names_of(rows: list[list[str]], lines: int) -> tuple[list[str], dict[str, str]]:
    """Returns the names of the columns, and what further lines of header say about each."""
    if lines == 0:
        return [f"column {place}" for place in range(1, len(rows[0]) + 1)], {}
    top = [cell.strip() for cell in rows[0]]
    if lines == 1:
        return top, {}
    if len(set(filter(None, top))) == len(top):  # names above, questions below
        below = [
            " ".join(row[place].strip() for row in rows[1:lines] if place < len(row) and "ImportId" not in row[place])
            for place in range(len(top))
        ]
        return top, {name: text for name, text in zip(top, below, strict=True) if text and text != name}
    names, group = [], ""
    index = _index_row(rows, lines - 1) if lines > 2 else 0
    for place in range(len(top)):
        group = top[place] or group
        sub = rows[1][place].strip() if place < len(rows[1]) else ""
        if place == 0:
            names.append((rows[2][0].strip() if index else "") or sub or group)
            group = "" if not top[0] else group
        else:
            names.append(f"{group}/{sub}" if group and sub else sub or group)
    return names, {}


def is_data(cells: list[str]) -> bool:
    """Whether a first line is no header: numbers stand in it, and no cell is a name that columns have."""
    texts = [cell.strip() for cell in cells]
    names = [cell for cell in texts if cell and not is_sound(cell) and not any(c.isdigit() for c in cell)]
    if any(known_axis(cell) or role_of(cell) not in ("", "never", "note", "prediction") for cell in names):
        return False
    numbers = [cell for cell in texts if is_number(cell)]
    if not numbers:
        return False
    counted = [int(cell) for cell in numbers] if all(cell.isdecimal() for cell in numbers) else []
    if len(counted) > 1 and counted[0] in (0, 1) and counted == list(range(counted[0], counted[0] + len(counted))):
        return is_sound(texts[0]) or (len(counted) < 3 and bool(texts[0]))  # raters 1, 2, 3 …
    return True


# JSON


def _json(path: Path, text: str) -> Sheet:
    try:
        data: Any = json.loads(text)
    except json.JSONDecodeError:
        data = _json_lines(text, path)
    except RecursionError as problem:
        raise StudyError(f"{path}: JSON that is nested too deeply") from problem
    columns = _flat_columns(records_of(data))
    if len(columns) > MOST_COLUMNS:
        raise StudyError(f"{path} has {len(columns):,} keys; a table of ratings has at most {MOST_COLUMNS:,}")
    return Sheet(path, tuple(columns), lambda: columns, source="json", data=data)


def _json_lines(text: str, path: Path) -> list[Any]:
    rows = []
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                rows.append(json.loads(line))
            except (json.JSONDecodeError, RecursionError) as problem:
                raise StudyError(
                    f"{path}, line {number}: not JSON ({problem}); a file holds one JSON value, or one a line"
                ) from problem
    return rows


def records_of(data: Any) -> list[dict[str, Any]]:
    """Returns the records in JSON: a list of objects, an object that holds one, or an object of named values."""
    if isinstance(data, list):
        return [record for record in data if isinstance(record, dict)]
    if not isinstance(data, dict):
        return []
    lists = {
        key: value for key, value in data.items() if isinstance(value, list) and value and isinstance(value[0], dict)
    }
    if len(lists) == 1:
        key, rows = next(iter(lists.items()))
        shared = {name: value for name, value in data.items() if name != key and not isinstance(value, dict | list)}
        return [shared | row for row in rows if isinstance(row, dict)]
    values = list(data.values())
    if values and all(isinstance(value, dict) for value in values) and len(values) > 1:
        return [{"clip": name, **value} for name, value in data.items()]
    if len(values) > 1 and all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        return [{"clip": name, "score": value} for name, value in data.items()]
    return [data]


def _flat_columns(records: list[dict[str, Any]]) -> dict[str, Sequence[str]]:
    flat = [_flat(record) for record in records]
    names = list(dict.fromkeys(name for record in flat for name in record))
    return {name: [record.get(name, "") for record in flat] for name in names}


def _flat(record: dict[str, Any], before: str = "", depth: int = 0) -> dict[str, str]:
    cells: dict[str, str] = {}
    for key, value in record.items():
        name = f"{before}{key}"
        if isinstance(value, dict) and depth < 6:
            cells |= _flat(value, f"{name}.", depth + 1)
        else:
            cells[name] = text_of(value)
    return cells


def text_of(value: Any) -> str:
    """Returns a value as a cell of text: whole numbers without a point, nothing for None."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return "" if np.isnan(value) else f"{value:.15g}"
    return (
        value.strip()
        if isinstance(value, str)
        else json.dumps(value, ensure_ascii=False)
        if isinstance(value, list | dict)
        else str(value)
    )


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
    width = max(map(len, rows))
    rows = [row + [""] * (width - len(row)) for row in rows]
    lines = parsing.header if parsing.header is not None else _header_lines(rows)
    header, labels = _names_of(rows, lines)
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
