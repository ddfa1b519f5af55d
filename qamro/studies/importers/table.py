"""Reads a file that somebody brought into columns of text, whatever wrote it: CSV of any kind, Excel, JSON, Parquet.

A file is read once. ``open_sheet`` looks at its beginning (encoding, what separates columns, the header) and
``Sheet.columns`` reads the rest when it is asked for.
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from qamro.studies.importers.cells import number_of
from qamro.studies.importers.delimited import (
    WHOLE,
    blocks,
    columns_of,
    counts_rows,
    delimiter_of,
    first_rows,
    lines_above,
    never_filled,
    of_one_width,
    own_names,
    quoted_lines,
    sep_line,
)
from qamro.studies.importers.header import header_lines, is_number, names_of
from qamro.studies.importers.json_table import flat_columns, json_lines, records_of, text_of
from qamro.studies.importers.letters import EXCEL, HEAD, PARQUET, encoding_of, no_text
from qamro.studies.importers.names import known_axis, role_of
from qamro.studies.tables import BLANKS, StudyError

if TYPE_CHECKING:
    import pandas as pd

MOST_COLUMNS = 2000
"""Most columns of a table; every one is shown to whoever imports it."""

MOST_BYTES = 1 << 30
MOST_CELLS = 50_000_000
_LONGEST = 4000
"""Letters of a column's name; questions of surveys are shorter."""

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
        source: Where it comes from: ``text``, ``json``, ``parquet`` or ``excel``.
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
    elif not rated and any(cell not in known and math.isnan(number_of(cell)) for cell in told):
        known = {cell: what for cell, what in known.items() if what in SIDES}
    return [known.get(cell, cell) for cell in cells] if known else cells


def _opened(path: Path, parsing: Parsing) -> Sheet:
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}")
    try:
        if path.stat().st_size > MOST_BYTES:
            raise StudyError(f"{path} has more than {MOST_BYTES >> 30} GiB; split it")
        with path.open("rb") as file:
            head = file.read(HEAD)
        if head.startswith(EXCEL):
            return _excel(path, parsing)
        if head.startswith(PARQUET):
            return _parquet(path)
        if kind := no_text(head):
            raise StudyError(f"{path} is not a table of text but {kind}; save it as CSV with UTF-8 encoding")
        encoding = parsing.encoding or encoding_of(head, path)
        whole = len(head) < HEAD
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


def _may_be_json(start: str) -> bool:
    """Whether a text that begins with a bracket is JSON rather than a table whose first cell has one."""
    rest = start[1:].lstrip()
    return not rest or rest[0] in '"{[]}-' or rest[0].isdigit() or rest.startswith(("true", "false", "null"))


# Text with columns


def _delimited(path: Path, sample: str, whole: bool, encoding: str, parsing: Parsing) -> Sheet:
    """Looks at delimited text, of which ``sample`` is the beginning, or the ``whole``."""
    said, skipped = sep_line(sample)
    notes = [f"the line 'sep={said}' says what separates columns"] if skipped else []
    if not skipped and (skipped := lines_above(sample)):
        above = " ".join(" ".join(sample.split("\n")[:skipped]).split())
        notes.append(f"lines above the header were left out: {above[:80]!r}")
    delimiter = parsing.delimiter or said or delimiter_of(sample, skipped)
    if not parsing.delimiter and (inner := quoted_lines(sample, skipped)):
        delimiter = inner
        whole = inner.startswith(WHOLE)
        notes.append(
            "whole lines stand in quotes, and were cut within them" if whole else "cells stand in single quotes"
        )
    rows = first_rows(sample, delimiter, skipped, 60)
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
    if lines == 1 and (short := never_filled(header, rows[1:])):
        header = header[:-short]  # such as Approve and Reject in batches of Mechanical Turk
    if lines == 1 and counts_rows(header, rows[1:]):
        header = ["", *header]  # R's row names stand below no name
    if (longest := max(map(len, header))) > _LONGEST:
        raise StudyError(f"{path} has a column whose name has {longest:,} letters; this is no table of ratings")
    headless = lines == 0
    if len(header) > 1 and re.match(r"#\s*\w", header[0]):  # numpy's header is a comment
        header[0] = header[0].lstrip("# ")
    header, doubled = own_names(header)
    while header and not header[-1] and all(not "".join(row[len(header) - 1 :]).strip() for row in rows[lines:]):
        header = header[:-1]  # a spreadsheet's empty columns at the end
    if header.count("") > 1:
        header = [name or f"column {place}" for place, name in enumerate(header, 1)]
    verbatim = bool(re.search(r'"[ \t][^",;]|[^",;][ \t]"', sample))  # names with outer blanks stand in quotes
    if lines > 1:
        notes.append(f"{lines} lines of header were read as one")
    elif headless:
        notes.append("the first line is data, not a header")

    def read() -> dict[str, Sequence[str]]:
        with io.StringIO(sample, newline="") if whole else path.open(encoding=encoding, newline="") as text:
            try:
                even = partial(of_one_width, header=header, delimiter=delimiter, ragged=parsing.ragged)
                columns = columns_of(blocks(text, delimiter, skipped), header, lines, path, even, verbatim=verbatim)
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


# Parquet


def _parquet(path: Path) -> Sheet:
    """Reads plain columns; sound and whatever else is bytes, a record or a list in a cell is not looked at.

    A few bytes can stand for any number of cells and letters, so both are counted before they are unpacked.
    """
    from qamro.studies.manifest import need_pyarrow

    try:
        import pyarrow as pa
        import pyarrow.compute as pc

        parquet = need_pyarrow()
        kinds = {
            field.name: field.type.value_type if pa.types.is_dictionary(field.type) else field.type
            for field in parquet.read_schema(path)
        }
        texts = [name for name, kind in kinds.items() if pa.types.is_string(kind) or pa.types.is_large_string(kind)]
        plain = (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean, pa.types.is_temporal, pa.types.is_null)
        names = [name for name, kind in kinds.items() if name in texts or any(is_one(kind) for is_one in plain)]
        if len(names) > MOST_COLUMNS:
            raise StudyError(f"{path} has {len(names):,} columns; a table of ratings has at most {MOST_COLUMNS:,}")
        file = parquet.ParquetFile(path, read_dictionary=texts)
        if file.metadata.num_rows * len(names) > MOST_CELLS:
            raise StudyError(f"{path} has more than {MOST_CELLS:,} cells; split it")
        table = file.read(columns=names)
        chunks = [chunk for name in texts for chunk in table.column(name).chunks]
        letters = [pc.sum(pc.take(pc.binary_length(c.dictionary), c.indices)).as_py() or 0 for c in chunks]
        if sum(letters) > MOST_BYTES:
            raise StudyError(f"{path} has more than {MOST_BYTES >> 30} GiB of text; split it")
        records = table.to_pylist()
    except StudyError:
        raise
    except (ImportError, OSError, ValueError) as problem:
        raise StudyError(f"{path} cannot be read as Parquet: {problem}") from problem
    columns: dict[str, Sequence[str]] = flat_columns(records) if records else dict.fromkeys(names, ())
    return Sheet(path, tuple(columns), lambda: columns, source="parquet")


# Excel

SHEET = "sheet"
"""The column that says which of several sheets of one header a row comes from."""


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
    tables: dict[str, list[list[str]]] = {}
    for name in names:
        rows = []
        for cells in book[name].iter_rows(values_only=True):
            row = [text_of(value) for value in cells]
            if any(row):
                rows.append(row)
        while len(rows) > 3 and rows[0][0] and not any(rows[0][1:]) and all(any(row[1:]) for row in rows[1:4]):
            rows = rows[1:]  # a title above the table
        tables[name] = rows
        known = sum(bool(role_of(cell) or known_axis(cell)) for cell in rows[0]) if rows else -1
        if known > best[0]:
            best = known, name, rows
    _, name, rows = best
    if not rows:
        return Sheet(path, problem=f"{path} is empty")
    alike = [other for other, told in tables.items() if told[:1] == rows[:1] and len(told) > 1]
    width = max(map(len, rows))
    rows = [row + [""] * (width - len(row)) for row in rows]
    lines = parsing.header if parsing.header is not None else header_lines(rows)
    header, labels = names_of(rows, lines)
    while header and not header[-1]:
        header = header[:-1]
    if len(header) > MOST_COLUMNS:
        raise StudyError(f"{path} has {len(header):,} columns; a table of ratings has at most {MOST_COLUMNS:,}")
    header, doubled = own_names(header)
    columns: dict[str, Sequence[str]] = {
        cell or f"column {place + 1}": [row[place] for row in rows[lines:]] for place, cell in enumerate(header)
    }
    note = f"sheet {name!r}" + (f" of {', '.join(map(repr, book.sheetnames))}" if len(book.sheetnames) > 1 else "")
    if len(alike) > 1 and SHEET not in columns and lines:
        below = [(other, [*row, *[""] * width]) for other in alike for row in tables[other][lines:]]
        columns = {cell: [row[place] for _, row in below] for place, cell in enumerate(columns)}
        columns[SHEET] = [other for other, _ in below]
        note = f"sheets {', '.join(map(repr, alike))} of one header were read as one table, below each other"
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
