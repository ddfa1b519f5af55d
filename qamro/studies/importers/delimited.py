"""Text cut into cells: what separates columns, where the table begins, rows of another length, columns of one name."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from qamro.studies.importers.header import is_number
from qamro.studies.importers.names import is_sound
from qamro.studies.tables import VERBATIM, StudyError

DELIMITERS = (",", ";", "\t", "|", "，")
_BLOCK = 20_000
_LOOKED_AT, _MOST_ABOVE = 60, 20
"""Lines at the beginning that are looked at for what stands above a table, and most of these."""


def own_names(header: Sequence[str]) -> tuple[list[str], tuple[tuple[str, ...], ...]]:
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


def never_filled(header: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    """How many columns at the end no row reaches, if they are those that Mechanical Turk leaves for the requester."""
    short = len(header) - max(map(len, rows), default=len(header))
    return short if short > 0 and set(header[-short:]) <= {"Approve", "Reject", ""} else 0


def counts_rows(header: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Whether every row has one cell more than the header, and the first ones count: row names of R."""
    more = len(rows) > 1 and all(len(row) == len(header) + 1 for row in rows)
    return more and [row[0].strip() for row in rows] == [str(place) for place in range(1, len(rows) + 1)]


WHOLE = "whole lines in "
"""Before a delimiter: lines stand in quotes, and are cut within them."""


def quoted_lines(sample: str, skip: int) -> str:
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
                return f"{WHOLE}{delimiter}"
    for delimiter in DELIMITERS:
        cells = [cell.strip() for line in lines for cell in line.split(delimiter)]
        quoted = sum(cell.startswith("'") and cell.endswith("'") and len(cell) > 1 for cell in cells)
        if lines[0].count(delimiter) and lines[0].startswith("'") and quoted > 0.5 * len(cells):
            return f"'{delimiter}"
    return ""


def _reader(text: Iterable[str], delimiter: str) -> Iterator[list[str]]:
    if delimiter == " ":
        return (line.split() for line in text)
    if delimiter.startswith(WHOLE):
        whole = (row[0] for row in csv.reader(text) if row)
        return csv.reader(whole, delimiter=delimiter[-1], skipinitialspace=True)
    if len(delimiter) > 1:
        return csv.reader(text, delimiter=delimiter[-1], quotechar="'", skipinitialspace=True)
    return csv.reader(text, delimiter=delimiter, skipinitialspace=delimiter != "\t")


def blocks(text: Iterable[str], delimiter: str, skip: int, size: int = _BLOCK) -> Iterator[list[list[str]]]:
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


def first_rows(sample: str, delimiter: str, skip: int, most: int) -> list[list[str]]:
    """Returns the first rows that hold anything."""
    return next(blocks(io.StringIO(sample, newline=""), delimiter, skip, most), [])


def columns_of(
    blocks: Iterator[list[list[str]]],
    header: list[str],
    lines: int,
    path: Path,
    even: Callable[[list[list[str]]], list[list[str]]],
    *,
    verbatim: bool,
) -> dict[str, Sequence[str]]:
    """Reads all rows into columns; equal cells share their memory.

    ``even`` treats rows of another length; with ``verbatim``, outer blanks of names are part of them.
    """
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
                seen[value] = value if verbatim and name in VERBATIM else value.strip()
            column.extend(map(seen.__getitem__, values))
        done += len(block)
    return dict(zip(header, cells, strict=True))


def of_one_width(rows: list[list[str]], *, header: list[str], delimiter: str, ragged: str) -> list[list[str]]:
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


def sep_line(sample: str) -> tuple[str, int]:
    """Reads Excel's ``sep=;``: what it says, and how many lines to leave out."""
    first = sample.lstrip("\ufeff").split("\n", 1)[0].strip().strip('"')
    return (first[4], 1) if first.lower().startswith("sep=") and len(first) == 5 else ("", int(first.lower() == "sep="))


def lines_above(sample: str) -> int:
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


def delimiter_of(sample: str, skip: int = 0) -> str:
    """Returns what cuts the first lines into most columns, of what cuts them all into as many."""
    best, most = ",", (0.0, 1)
    for delimiter in DELIMITERS:
        try:
            rows = first_rows(sample, delimiter, skip, 40)
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
