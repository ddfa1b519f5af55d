"""How many lines of a table are header, and what its columns are called."""

from __future__ import annotations

import numpy as np

from qamro.studies.importers.names import is_rater, is_sound, known_axis, role_of
from qamro.studies.tables import BLANKS


def is_number(cell: str) -> bool:
    """Whether a cell holds a number, with a point or a comma before the decimals."""
    try:
        return bool(np.isfinite(float(cell.strip().replace(",", ".", 1))))
    except ValueError:
        return False


def header_lines(rows: list[list[str]]) -> int:
    """Guesses how many lines are header."""
    if is_data(rows[0]):
        return 0
    for place, row in enumerate(rows[1:3], 1):
        if sum(cell.lstrip().startswith('{"ImportId"') for cell in row) > len(row) / 2:  # Qualtrics
            return place + 1
    if _is_questions(rows) or _is_labels(rows):
        return 2
    return 2 + _index_row(rows, 2) if _is_grouped(rows) else 1


def _is_questions(rows: list[list[str]]) -> bool:
    """Whether the second line holds Qualtrics' questions: the first has its own names, the others' are data."""
    return "ResponseId" in rows[0] and len(rows) > 1 and "Response ID" in rows[1]


def _is_labels(rows: list[list[str]]) -> bool:
    """Whether the second line says more about each column: words above nothing but numbers (SoSci, SurveyMonkey)."""
    below = [row for row in rows[2:12] if len(row) == len(rows[0])]
    if len(below) < 2 or len(rows[1]) != len(rows[0]) or len(set(rows[0])) < len(rows[0]):
        return False
    numeric = [place for place in range(len(rows[0])) if all(is_number(row[place]) for row in below)]
    told = [rows[1][place].strip() for place in numeric]
    words = [text for text in told if text and not is_number(text) and text.lower() not in BLANKS]
    first = not rows[1][0].strip() and all(row[0].strip() for row in below)
    return len(words) > 1 and (len(words) == len(numeric) or (first and not any(map(is_number, rows[1]))))


def _is_grouped(rows: list[list[str]]) -> bool:
    """Whether two lines are header: names that repeat or leave gaps above names, and numbers below both."""
    if len(rows) < 3 or len(rows[0]) < 3 or len(rows[1]) != len(rows[0]):
        return False
    top = [cell.strip() for cell in rows[0]]
    told = [cell for cell in top[1:] if cell]
    gaps = len(set(told)) < len(top[1:])
    below = rows[2 + _index_row(rows, 2)] if len(rows) > 3 else rows[2]
    numeric = [place for place, cell in enumerate(below[: len(top)]) if is_number(cell)]
    if top[0] and rows[1][0].strip() and any(is_number(rows[1][place]) for place in numeric):
        return False  # the second line names a clip and its scores
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


def names_of(rows: list[list[str]], lines: int) -> tuple[list[str], dict[str, str]]:
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
