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
from functools import cached_property, partial
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

DELIMITERS = (",", ";", "\t", "|", "，")
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
_MAGIC = {
    b"\xd0\xcf\x11\xe0": "an old Excel workbook (.xls)",
    b"PAR1": "a Parquet file",
    b"\x93NUMPY": "an array of NumPy",
    b"SQLite format 3": "a database of SQLite",
    b"%PDF": "a PDF",
    b"$FL2": "a data file of SPSS",
    b"MATLAB 5.0": "a data file of MATLAB",
    b"\x89HDF": "an HDF5 file",
    b"\x1f\x8b": "packed with gzip",
    b"BZh": "packed with bzip2",
    b"7z\xbc\xaf": "packed with 7-Zip",
    b"Rar!": "packed with RAR",
    b"RIFF": "a sound file",
    b"ID3": "a sound file",
    b"fLaC": "a sound file",
    b"OggS": "a sound file",
    b"\x80\x04": "a pickle of Python",
}
"""How files begin that are no text, and what they are."""
DELIMITER_NAMES = {"comma": ",", "semicolon": ";", "tab": "\t", "\\t": "\t", "space": " ", "pipe": "|"}


@dataclass(frozen=True)
class Parsing:
    """How a file is cut into cells, where somebody has said it.

    Attributes:
        delimiter: What separates columns; empty to find out.
        header: How many lines are header; None to find out.
        encoding: How letters are stored; empty to find out.
        sheet: Which sheet of a workbook; empty for the first that holds ratings.
        answers: Words of a scale and the numbers that they stand for, or for votes the sides: ``a``, ``b``, ``tie`` or
            ``both_bad``; ``+`` stands for every number above 0.
        ragged: What becomes of rows with more or fewer cells than the header: ``drop`` leaves them out, ``fill`` adds
            empty cells and puts what is too much into the last column; empty refuses them.
    """

    delimiter: str = ""
    header: int | None = None
    encoding: str = ""
    sheet: str = ""
    answers: tuple[tuple[str, str], ...] = ()
    ragged: str = ""

    def __post_init__(self) -> None:
        """Checks the header, and takes words such as ``tab`` for what they stand for.

        Raises:
            ValueError: There cannot be that many lines of header, the delimiter has several signs, or rows of another
                length can be treated otherwise only.
        """
        if self.ragged not in ("", "drop", "fill"):
            raise ValueError(f"--ragged {self.ragged!r}: write drop (leave such rows out) or fill (add empty cells)")
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
        doubled: Groups of columns of one name in the file; all but the first are called ``NAME#2``, ``NAME#3``, …
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
    doubled: tuple[tuple[str, ...], ...] = ()
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

    def called(self, names: Sequence[str]) -> pd.DataFrame:
        """The table with names for its columns, in their order.

        Raises:
            StudyError: It has more or fewer columns.
        """
        if len(names) != len(self.header):
            raise StudyError(f"{self.path}: {len(self.header)} columns where {len(names)} are expected")
        return self.frame.set_axis(list(names), axis=1)

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
    meant = {word.lower(): what for word, what in parsing.answers}
    return replace(
        sheet,
        read=lambda: {
            name: _answered(cells, meant, role_of(name) == "rating") for name, cells in sheet.columns.items()
        },
    )


_OTHER_SIDE = {"a": "b", "b": "a"}
SIDES = ("a", "b", "tie", "both_bad")
"""What a vote can say, and what ``--answer`` may put for a word in a column of votes."""


def opened(path: Path, parsing: Parsing | None = None) -> Sheet:
    """Looks at a file that has to be a table.

    Raises:
        FileNotFoundError: There is no such file.
        StudyError: It is none.
    """
    sheet = open_sheet(path, parsing)
    if sheet.problem:
        raise StudyError(sheet.problem)
    return sheet


def _answered(cells: Sequence[str], meant: Mapping[str, str], rated: bool) -> Sequence[str]:
    """Puts numbers for words into a column that holds nothing else or is ``rated`` by its name, and sides into any.

    Of numbers on both sides of 0, ``+`` says whose those above 0 are.
    """
    told = {cell for cell in set(cells) if cell.lower() not in BLANKS}
    known = {cell: meant[cell.lower()] for cell in told if cell.lower() in meant}
    plus = meant.get("+", "")
    if plus in _OTHER_SIDE and told and all(map(is_number, told)):
        values = {cell: float(cell.replace(",", ".")) for cell in told}
        if min(values.values()) < 0 < max(values.values()):
            known = {c: "tie" if v == 0 else plus if v > 0 else _OTHER_SIDE[plus] for c, v in values.items()}
    elif not rated and any(cell not in known and not is_number(cell) for cell in told):
        known = {cell: what for cell, what in known.items() if what in SIDES}
    return [known.get(cell, cell) for cell in cells] if known else cells


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
        if kind := _no_text(head):
            raise StudyError(f"{path} is {kind}; save it as CSV with UTF-8 encoding")
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


def _no_text(head: bytes) -> str:
    """What a file is that is no table of text, by its beginning; empty where nothing tells."""
    start = head.lstrip()[:200].lower()
    if start.startswith((b"<!doctype html", b"<html", b"<?xml", b"<table")):
        return "a page of HTML or XML, whatever its ending"
    return next((what for magic, what in _MAGIC.items() if head.startswith(magic)), "")


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
            ways = [f"if {looks!r} is right: --encoding {name}" for name, looks in _encodings(head, problem.start)]
            raise StudyError(
                f"{path} is not a table of text in UTF-8 ({problem}); save it as CSV with UTF-8 encoding, or say how "
                f"its letters are stored: {'; or '.join(ways)}"
            ) from problem
    return "utf-8-sig"


_ENCODINGS = {"latin-1": "cp1252", "shift_jis": "cp932", "gb18030": "gb18030", "euc_kr": "cp949", "cp1251": "cp1251"}
"""Encodings that are offered where a file is not UTF-8, and how each is tried."""


def _encodings(head: bytes, start: int) -> list[tuple[str, str]]:
    """Encodings that a file may be in, and what its first other letters are then; Latin-1 first, which fits any."""
    begin = max(head.rfind(b"\n", 0, start) + 1, start - 24, 0)
    end = head.find(b"\n", start)
    line = head[begin : min(end if end >= 0 else len(head), start + 60)]
    found = []
    for name, codec in _ENCODINGS.items():
        try:
            head[: head.rfind(b"\n") + 1].decode(codec)
            looks = line.decode(codec, errors="ignore").strip()[:16]
        except UnicodeDecodeError:
            continue
        letters = [c for c in looks if ord(c) > 127]
        script = {"cp932": "\u3040\u30ff", "cp949": "\uac00\ud7a3", "cp1251": "\u0400\u04ff"}.get(codec, "\u3000\u9fff")
        fits = sum(script[0] <= c <= script[1] or "\u4e00" <= c <= "\u9fff" for c in letters)
        if letters and (codec == "cp1252" or (len(letters) > 1 and 2 * fits > len(letters))):
            found.append((name, looks))
    return found or [("latin-1", line.decode("cp1252", errors="replace").strip()[:20])]


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
    if not parsing.delimiter and (inner := _quoted_lines(sample, skipped)):
        delimiter = inner
        whole = inner.startswith(_WHOLE)
        notes.append(
            "whole lines stand in quotes, and were cut within them" if whole else "cells stand in single quotes"
        )
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
    if lines == 1 and (short := _never_filled(header, rows[1:])):
        header = header[:-short]  # such as Approve and Reject in batches of Mechanical Turk
    if lines == 1 and _counts_rows(header, rows[1:]):
        header = ["", *header]  # R's row names stand below no name
    if (longest := max(map(len, header))) > _LONGEST:
        raise StudyError(f"{path} has a column whose name has {longest:,} letters; this is no table of ratings")
    headless = lines == 0
    if len(header) > 1 and re.match(r"#\s*\w", header[0]):  # numpy's header is a comment
        header[0] = header[0].lstrip("# ")
    header, doubled = _own_names(header)
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
                even = partial(_of_one_width, header=header, delimiter=delimiter, ragged=parsing.ragged)
                columns = _columns(_blocks(text, delimiter, skipped), header, lines, path, even)
            except (csv.Error, UnicodeError) as problem:
                raise StudyError(
                    f"{path} is not a table of text: {problem}; save it as CSV with UTF-8 encoding"
                ) from problem

        if parsing.ragged == "drop" and not len(next(iter(columns.values()), ())):
            raise StudyError(f"{path}: --ragged drop leaves no row; keep them with --ragged fill")
        return columns

    if parsing.ragged:
        told = {"drop": "are left out", "fill": "are filled with empty cells, or end in the last column"}
        notes.append(f"rows with more or fewer cells than the header {told[parsing.ragged]}")
    return Sheet(path, tuple(header), read, delimiter, headless, labels, doubled, tuple(notes))


def _own_names(header: Sequence[str]) -> tuple[list[str], tuple[tuple[str, ...], ...]]:
    """Gives columns of one name a name each: ``Score``, ``Score#2``, …; returns these groups, too.

    ``Score.1`` beside ``Score`` is what pandas makes of two columns of one name.
    """
    names: list[str] = []
    groups: dict[str, list[str]] = {}
    taken = set[str]()
    for name in header:
        own, number = name, 1
        while name and own in taken:
            number += 1
            own = f"{name}#{number}"
        names.append(own)
        taken.add(own)
        if name:
            base, dot, count = name.rpartition(".")
            first = base if dot and count.isdecimal() and int(count) and base in groups else name
            groups.setdefault(first, []).append(own)
    return names, tuple(tuple(group) for group in groups.values() if len(group) > 1)


def _never_filled(header: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    """How many columns at the end no row reaches, if they are those that Mechanical Turk leaves for the requester."""
    short = len(header) - max(map(len, rows), default=len(header))
    return short if short > 0 and set(header[-short:]) <= {"Approve", "Reject", ""} else 0


def _counts_rows(header: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Whether every row has one cell more than the header, and the first ones count: row names of R."""
    more = len(rows) > 1 and all(len(row) == len(header) + 1 for row in rows)
    return more and [row[0].strip() for row in rows] == [str(place) for place in range(1, len(rows) + 1)]


_WHOLE = "whole lines in "
"""Before a delimiter: lines stand in quotes, and are cut within them."""


def _quoted_lines(sample: str, skip: int) -> str:
    """What cuts lines that stand in double quotes as a whole, or cells in single ones; empty where none do."""
    lines = [line.strip() for line in sample.splitlines()[skip : skip + 12] if line.strip()]
    lines = lines[:-1] if len(lines) > 3 else lines
    if len(lines) < 2:
        return ""
    if all(line.startswith('"') and line.endswith('"') and '","' not in line and '";"' not in line for line in lines):
        inner = [line[1:-1].replace('""', '"') for line in lines]
        for delimiter in DELIMITERS:
            widths = {len(next(csv.reader([line], delimiter=delimiter), [])) for line in inner}
            if (
                len(widths) == 1
                and widths != {1}
                and '"' not in "".join(line[1:-1].replace('""', "") for line in lines)
            ):
                return f"{_WHOLE}{delimiter}"
    for delimiter in DELIMITERS:
        cells = [cell.strip() for line in lines for cell in line.split(delimiter)]
        quoted = sum(cell.startswith("'") and cell.endswith("'") and len(cell) > 1 for cell in cells)
        if lines[0].count(delimiter) and lines[0].startswith("'") and quoted > 0.5 * len(cells):
            return f"'{delimiter}"
    return ""


def _reader(text: Iterable[str], delimiter: str) -> Iterator[list[str]]:
    if delimiter == " ":
        return (line.split() for line in text)
    if delimiter.startswith(_WHOLE):
        whole = (row[0] for row in csv.reader(text) if row)
        return csv.reader(whole, delimiter=delimiter[-1], skipinitialspace=True)
    if len(delimiter) > 1:
        return csv.reader(text, delimiter=delimiter[-1], quotechar="'", skipinitialspace=True)
    return csv.reader(text, delimiter=delimiter, skipinitialspace=delimiter != "\t")


def _blocks(text: Iterable[str], delimiter: str, skip: int, size: int = _BLOCK) -> Iterator[list[list[str]]]:
    """Yields the rows that hold anything, many at once; ``skip`` lines at the beginning are left out."""
    reader = _reader(text, delimiter)
    for _ in range(skip):
        next(reader, None)
    while block := list(islice(reader, size)):
        kept = [row for row in block if row and (row[0] or any(map(str.strip, row)))]
        if delimiter == "|":  # the rule below the header of a table in Markdown
            kept = [
                [cell.strip() for cell in row]
                for row in kept
                if not all(re.fullmatch(r"\s*(?::?-{2,}:?)?\s*", cell) for cell in row)
            ]
        if kept:
            yield kept


def _first_rows(sample: str, delimiter: str, skip: int, most: int) -> list[list[str]]:
    return next(_blocks(io.StringIO(sample, newline=""), delimiter, skip, most), [])


def _columns(
    blocks: Iterator[list[list[str]]],
    header: list[str],
    lines: int,
    path: Path,
    even: Callable[[list[list[str]]], list[list[str]]],
) -> dict[str, Sequence[str]]:
    """Reads all rows into columns; equal cells share their memory. ``even`` treats rows of another length."""
    width, done = len(header), 0
    cells: list[list[str]] = [[] for _ in header]
    known: list[dict[str, str]] = [{} for _ in header]
    for whole in blocks:
        block = whole[lines:]
        lines = max(lines - len(whole), 0)
        if block and set(map(len, block)) != {width}:
            if width > 1:  # comments between the rows or at the end
                block = [row for row in block if len(row) > 1 or not row[0].startswith("#")]
            block = even(block)
            _check_widths(block, header, done, path)
        for name, column, seen, values in zip(header, cells, known, zip(*block, strict=False), strict=False):
            if len(seen) > 200_000:
                seen.clear()
            for value in set(values).difference(seen):
                seen[value] = value if name in VERBATIM else value.strip()
            column.extend(map(seen.__getitem__, values))
        done += len(block)
    return dict(zip(header, cells, strict=True))


def _of_one_width(rows: list[list[str]], *, header: list[str], delimiter: str, ragged: str) -> list[list[str]]:
    """Leaves out or fills the rows that are longer or shorter than the header, where somebody has said so."""
    width = len(header)
    rows = [row[:width] if len(row) > width and not any(map(str.strip, row[width:])) else row for row in rows]
    if ragged == "drop":
        return [row for row in rows if len(row) == width]
    if ragged == "fill":
        rows = [[*row[: width - 1], delimiter.join(row[width - 1 :])] if len(row) > width else row for row in rows]
        return [row + [""] * (width - len(row)) for row in rows]
    return rows


def _check_widths(block: list[list[str]], header: list[str], done: int, path: Path) -> None:
    width = len(header)
    for number, row in enumerate(block, done + 1):
        if len(row) < width or any(map(str.strip, row[width:])):
            raise StudyError(
                f"{path}, row {number}: {len(row)} cells where {width} are expected ({', '.join(header)[:200]}); "
                "put text that holds commas between double quotes, or leave such rows out with --ragged drop, or keep "
                "them with --ragged fill (what is missing is empty, what is too much goes to the last column)"
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
    header, doubled = _own_names(header)
    columns: dict[str, Sequence[str]] = {
        cell or f"column {place + 1}": [row[place] for row in rows[lines:]] for place, cell in enumerate(header)
    }
    note = f"sheet {name!r}" + (f" of {', '.join(map(repr, book.sheetnames))}" if len(book.sheetnames) > 1 else "")
    return Sheet(
        path, tuple(columns), lambda: columns, headless=lines == 0, labels=labels, doubled=doubled, notes=(note,),
        source="excel",
    )  # fmt: skip


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
