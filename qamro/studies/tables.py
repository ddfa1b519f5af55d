"""Tables of a study, read and checked; every complaint names the file or table, the row, and the remedy."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from qamro.csvtext import csv_line

if TYPE_CHECKING:
    import pandas as pd

VERBATIM = ("clip", "path")
"""Columns in which outer blanks, if quoted, are part of a name."""

DELIMITERS = (",", ";", "\t")
"""What may separate columns; of two that cut alike, the first is meant."""

BLANKS = frozenset(
    (
        "",
        "nan",
        "na",
        "n/a",
        "n.a.",
        "#n/a",
        "<na>",
        "null",
        "none",
        "-",
        "–",
        "—",
        ".",
        "k.a.",
        "k. a.",
        "keine angabe",
    )
)
"""Cells, in lower case, that hold no number on purpose."""


def first_row(path: Path, *, delimiter: str = ",") -> list[str]:
    """Returns the cells of the first line that is not blank; none for an empty file.

    Raises:
        FileNotFoundError: There is no such file.
        StudyError: It is not a text file.
    """
    return [cell.strip() for cell in next(iter(_rows(path, delimiter, limit=1)), [])]


def delimiter_of(path: Path) -> str:
    """Returns what separates a file's columns: the comma, semicolon or tab that cuts its header into most cells.

    Raises:
        FileNotFoundError: There is no such file.
        StudyError: It is not a text file.
    """
    return max(DELIMITERS, key=lambda delimiter: len(first_row(path, delimiter=delimiter)))


def read_table(path: Path, *, columns: list[str] | None = None, delimiter: str = ",") -> pd.DataFrame:
    """Reads separated values as text; blank lines are left out, and outer blanks but of names in quotes.

    Args:
        path: The file, UTF-8 with or without a byte order mark.
        columns: Names of the columns where the file has no header; None takes the first line as header.
        delimiter: What separates the columns.

    Raises:
        FileNotFoundError: There is no such file.
        StudyError: It is empty, not text, names a column twice, or a row is longer or shorter than the header.
    """
    import pandas as pd

    rows = _rows(path, delimiter)
    if not rows:
        raise StudyError(f"{path} is empty")
    header = columns or [name.strip() for name in rows.pop(0)]
    while header and not header[-1]:  # a spreadsheet's empty columns at the end
        header = header[:-1]
    twice = {name for name in header if header.count(name) > 1}
    if twice:
        raise StudyError(f"{path} has two columns named {sorted(twice)[0]!r}; rename one")
    for number, row in enumerate(rows, 1):
        if len(row) != len(header) and (any(map(str.strip, row[len(header) :])) or len(row) < len(header)):
            raise StudyError(
                f"{path}, row {number}: {len(row)} cells where {len(header)} are expected ({', '.join(header)}); "
                "put text that holds commas between double quotes"
            )
    cells = zip(*rows, strict=False) if rows else ([] for _ in header)  # what is left over right of the header is blank
    texts = {
        name: pd.Series(column if name in VERBATIM else [cell.strip() for cell in column], dtype=str)
        for name, column in zip(header, cells, strict=False)
    }
    return pd.DataFrame(texts, columns=pd.Index(header))


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Writes comma-separated values in UTF-8 that ``read_table`` reads back; missing values become empty cells."""
    with path.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
        file.write(csv_line(table.columns))
        columns = [column.where(column.notna(), None) for _, column in table.astype(object).items()]
        file.writelines(map(csv_line, zip(*columns, strict=True)))


def need(table: pd.DataFrame, columns: list[str], path: Path) -> None:
    """Checks that a table has its columns.

    Args:
        table: The table.
        columns: What it needs.
        path: The file that it came from, for the message.

    Raises:
        StudyError: One is missing; names it and those that are there.
    """
    for column in columns:
        if column not in table.columns:
            found = ", ".join(map(str, table.columns))
            hint = "; separate columns by commas" if len(table.columns) == 1 and (";" in found or "\t" in found) else ""
            raise StudyError(f"{path} has no column {column!r}; it has {found}{hint}")


def numbers(table: pd.DataFrame, column: str, path: Path, *, empty: bool = False, decimal: str = ".") -> pd.Series:
    """Returns a column of text as finite numbers.

    Args:
        table: The table.
        column: The column to convert.
        path: The file that the table came from, for the message.
        empty: Whether empty cells (and ``nan``, ``NA``) are allowed; they become NaN.
        decimal: What stands before the decimals, a point or a comma.

    Raises:
        StudyError: A cell is not a finite number; names the file, the row (the first below a header is 1)
            and the column.
    """
    import pandas as pd

    text = table[column].astype(str).str.strip()
    blank = text.str.lower().isin(BLANKS)
    plain = text.mask(blank)
    if decimal != ".":
        plain = plain.str.replace(decimal, ".", regex=False)
    values = pd.to_numeric(plain, errors="coerce").astype(float)
    bad = ~np.isfinite(values.to_numpy())
    if empty:
        bad &= ~blank.to_numpy()
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise StudyError(
            f"{path}, row {row + 1}, column {column!r}: {text.iloc[row][:60]!r} is not a finite number; "
            "correct it or leave the row out"
        )
    return values


def _rows(path: Path, delimiter: str = ",", limit: int | None = None) -> list[list[str]]:
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}")
    rows: list[list[str]] = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as text:
            for row in csv.reader(text, delimiter=delimiter, skipinitialspace=delimiter != "\t"):
                if any(map(str.strip, row)):
                    rows.append(row)
                if limit is not None and len(rows) == limit:
                    break
    except (UnicodeDecodeError, csv.Error) as problem:
        raise StudyError(f"{path} is not a table of text: {problem}; save it as CSV with UTF-8 encoding") from problem
    return rows


# Checks of a study's two tables; every complaint names the table, the row and the remedy.

CLIP_TEXT = ("clip", "path", "system", "prompt")
RATING_TEXT = ("clip", "rater", "axis")
VOTE_TEXT = ("clip_a", "clip_b", "system_a", "system_b", "rater", "axis", "winner")
WINNERS = ("a", "b", "tie", "both_bad")


class StudyError(ValueError):
    """A study's table is not valid; the message says where and what to do.

    Attributes:
        words: Words of which somebody has to say what they stand for; none where that is not what is wrong.
        sides: Whether they stand for sides of a vote, not for numbers.
    """

    words: tuple[str, ...] = ()
    sides: bool = False

    def asking(self, words: Iterable[str], *, sides: bool = False) -> StudyError:
        """Returns the error, which asks what these words stand for."""
        self.words, self.sides = tuple(dict.fromkeys(words)), sides
        return self

    def restated(self, text: str) -> StudyError:
        """Returns an error that says the same in other words."""
        return StudyError(text).asking(self.words, sides=self.sides)


def check_clips(clips: pd.DataFrame) -> pd.DataFrame:
    """Returns a clean copy of a clips table: text columns, missing ones empty, names unique.

    Raises:
        StudyError: There is no ``clip`` column, a name is empty, or a name stands twice.
    """
    _need(clips, ["clip"], "clips")
    clean = _text(clips, list(CLIP_TEXT))
    _no_empty(clean, "clip", "clips")
    repeated = clean["clip"].duplicated()
    if repeated.any():
        row = int(np.flatnonzero(repeated)[0])
        name = clean["clip"].iloc[row]
        raise StudyError(f"clips row {row + 1}: clip {name!r} stands twice; give every clip a name of its own")
    return clean


def check_ratings(ratings: pd.DataFrame, clips: pd.DataFrame) -> pd.DataFrame:
    """Returns a clean copy of a ratings table: text keys, float scores, every clip known.

    Raises:
        StudyError: A column is missing, a score is not a finite number, ``mean_of`` is not a positive whole
            number, or a clip is unknown.
    """
    _need(ratings, ["clip", "axis", "score"], "ratings")
    clean = _text(ratings, list(RATING_TEXT))
    _no_empty(clean, "clip", "ratings")
    _no_empty(clean, "axis", "ratings")
    clean["score"] = _numbers(clean, "score")
    if "mean_of" in clean.columns:
        counts = _numbers(clean, "mean_of")
        if not (ok := (counts >= 1) & (counts % 1 == 0)).all():
            row = int(np.flatnonzero(~ok)[0])
            raise StudyError(f"ratings row {row + 1}: mean_of is {counts.iloc[row]:g}; a mean is of 1 rating or more")
        clean["mean_of"] = counts.astype(int)
    unknown = _unknown(clean["clip"], clips["clip"])
    if unknown.any():
        row = int(unknown.argmax())
        raise StudyError(
            f"ratings row {row + 1}: clip {clean['clip'].iloc[row]!r} is not in the clips table "
            f"({int(unknown.sum())} such rows); add the clip or remove its ratings"
        )
    return clean


def check_votes(votes: pd.DataFrame, clips: pd.DataFrame) -> pd.DataFrame:
    """Returns a clean copy of a votes table: text, every clip known, every winner one of ``WINNERS``.

    Raises:
        StudyError: A column is missing, a clip is unknown, or a winner is none.
    """
    _need(votes, ["clip_a", "clip_b", "winner"], "votes")
    clean = _text(votes, list(VOTE_TEXT))
    clean["axis"] = clean["axis"].where(clean["axis"] != "", "preference")
    for column, allowed, what in (
        ("clip_a", clips["clip"], "not in the clips table; add the clip or remove its votes"),
        ("clip_b", clips["clip"], "not in the clips table; add the clip or remove its votes"),
        ("winner", WINNERS, f"none of {', '.join(WINNERS)}"),
    ):
        bad = _unknown(clean[column], allowed)
        if bad.any():
            row = int(bad.argmax())
            raise StudyError(f"votes row {row + 1}, column {column!r}: {clean[column].iloc[row]!r} is {what}")
    return clean


def _unknown(cells: pd.Series, names: Collection[str]) -> np.ndarray:
    """Marks the cells that are none of some names, all different; ``isin`` takes six times as long on Arrow's text."""
    import pandas as pd

    return pd.Index(names, dtype=cells.dtype).get_indexer(cells) < 0


def _need(table: pd.DataFrame, columns: list[str], name: str) -> None:
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise StudyError(
            f"the {name} table lacks the column {missing[0]!r}; it has {', '.join(map(str, table.columns)) or 'none'}"
        )


def _text(table: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    clean = table.reset_index(drop=True).copy()
    for column in columns:
        if column in clean.columns:
            clean[column] = _as_text(clean[column])
        else:
            clean[column] = ""
    rest = [column for column in clean.columns if column not in columns]
    return clean[columns + rest]


def _as_text(cells: pd.Series) -> pd.Series:
    """Cells as text, missing ones empty; of many equal ones each is looked at once."""
    import pandas as pd

    codes, values = pd.factorize(cells, use_na_sentinel=True)
    texts = pd.Series(values).convert_dtypes().astype(object)  # whole numbers beside missing ones stay whole
    return pd.Series(np.append(texts.astype(str).to_numpy(object), "")[codes], index=cells.index, dtype=str)


def _numbers(table: pd.DataFrame, column: str) -> pd.Series:
    import pandas as pd

    values = pd.to_numeric(table[column], errors="coerce").astype(float)
    bad = ~np.isfinite(values.to_numpy())
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise StudyError(
            f"ratings row {row + 1} (clip {table['clip'].iloc[row]!r}): {column} {str(table[column].iloc[row])!r} "
            "is not a finite number; correct it or leave the row out"
        )
    return values


def _no_empty(table: pd.DataFrame, column: str, name: str) -> None:
    empty = (table[column].str.strip() == "").to_numpy(bool)
    if empty.any():
        row = int(empty.argmax())
        raise StudyError(f"{name} row {row + 1}: the column {column!r} is empty; every row needs one")
