"""Tables in which one cell holds several ratings: ``[4, 3, 5]``, ``4|3|5``, ``4 3 5``, perhaps beside who gave them.

A cell with two numbers and a comma may be a decimal (``3,5``), so that such lists count only within brackets.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from qamro.studies.importers.layout import Layout
from qamro.studies.importers.names import is_quality, role_of
from qamro.studies.importers.rated_columns import layout_of as guessed
from qamro.studies.importers.table import Sheet
from qamro.studies.tables import BLANKS, StudyError

_NUMBER = r"[+-]?\d+(?:\.\d+)?"
_LIST = re.compile(
    rf"^(?:\[\s*{_NUMBER}(?:\s*[,;]\s*{_NUMBER})*\s*\]|{_NUMBER}(?:\s*[|;/]\s*{_NUMBER})+|{_NUMBER}(?:\s+{_NUMBER})+"
    rf"|{_NUMBER}(?:,\s*{_NUMBER}){{2,}})$"
)
_FRACTION = re.compile(r"^\d+(?:\.\d+)?\s*/\s*\d+$")
_LOOKED_AT = 200


def recognises(sheet: Sheet) -> str:
    """Why a table is such a one; empty when it is not."""
    if sheet.headless or len(sheet.header) > 60 or sheet.source == "excel":
        return ""
    lists = _lists(sheet)
    return f"cells of {lists[0]!r} hold several ratings each" if lists else ""


def _lists(sheet: Sheet) -> list[str]:
    """The columns of ratings whose cells are lists."""
    names = [name for name in sheet.header if role_of(name) in ("rating", "mean_of") or is_quality(name)]
    return [name for name in names if _all_lists(sheet.columns[name])]


def _all_lists(cells: Sequence[str]) -> bool:
    told = [cell for cell in cells[:_LOOKED_AT] if cell.lower() not in BLANKS]
    several = [cell for cell in told if _LIST.match(cell) and not _FRACTION.match(cell)]
    return bool(several) and len(several) == len(told) and any(len(_parts(cell)) > 1 for cell in several)


def _parts(cell: str) -> list[str]:
    inner = cell.strip().strip("[]").strip()
    sign = next((sign for sign in "|;," if sign in inner), None) or ("/" if "/" in inner else None)
    return [part.strip().strip("\"'") for part in (inner.split(sign) if sign else inner.split())] if inner else []


def tidy(sheet: Sheet) -> Sheet:
    """Writes a row for each place in the lists; other columns whose cells are lists of that length are cut, too.

    Raises:
        StudyError: Lists of one row differ in length.
    """
    lists = _lists(sheet)
    columns = dict(sheet.columns)
    raters = [n for n in sheet.header if "rater" in (role_of(n), role_of(n.removesuffix("s"))) and n not in lists]
    rows: list[dict[str, str]] = []
    for row in range(len(columns[lists[0]])):
        cut = {name: _parts(columns[name][row]) for name in lists}
        if len(lengths := {len(parts) for parts in cut.values()}) > 1:
            raise StudyError(f"{sheet.path}, row {row + 1}: lists of {' and '.join(map(str, sorted(lengths)))} ratings")
        length = lengths.pop()
        cut |= {name: parts for name in raters if len(parts := _parts(columns[name][row])) == length and length > 1}
        base = {name: cells[row] for name, cells in columns.items() if name not in cut}
        rows += [
            base | {name: parts[place] for name, parts in cut.items()} | {"@row": str(row)} for place in range(length)
        ]
    called = {name: "rating" for name in lists if role_of(name) == "mean_of" and "rating" not in columns}
    names = (*sheet.header, "@row")
    called |= {name: name.removesuffix("s") for name in raters if name.removesuffix("s") not in columns}
    return sheet.with_columns({called.get(name, name): [row[name] for row in rows] for name in names})


def layout_of(sheet: Sheet) -> Layout | None:
    """Returns the layout of a tidied table."""
    bare = sheet.with_columns({name: cells for name, cells in sheet.columns.items() if name != "@row"})
    layout = guessed(bare)
    if layout is None:
        return None
    return replace(layout, form="cell_lists", why="cells hold several ratings each")
