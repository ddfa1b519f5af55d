"""Sections of a comparison as the page draws them: JSON-ready, numbers as numbers, names as they are."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from qamro.ui.compare.texts import NOTES, View
from qamro.ui.compare.workbench import Workbench
from qamro.ui.widgets import chart_value

if TYPE_CHECKING:
    from qamro.report import Figure, Section, Table

_NAMES = {"clip": "clip", "system": "system", "rater": "rater"}
"""Columns that name something which can be looked at."""


def drawn(bench: Workbench, view: str, section: Section, axis: str = "") -> dict[str, Any]:
    """Returns what the page shows of a section."""
    stem = bench.study.name if bench.study is not None else ""
    return {
        "view": view,
        "title": section.title,
        "note": NOTES[view],
        "sentences": list(dict.fromkeys(section.sentences)),
        "figures": [
            {
                "id": figure.id,
                "title": figure.title,
                "note": figure.note,
                "chart": chart_of(figure, bench),
            }
            for figure in section.figures
        ],
        "tables": [_table(stem, table, axis) for table in section.tables],
        "raters": raters(bench) if view == "raters" else None,
        "out": left_out(bench),
    }


def chart_of(figure: Figure, bench: Workbench) -> dict[str, Any]:
    """Returns what the chart widget draws of a figure."""
    stem = bench.study.name if bench.study is not None else ""
    return chart_value(figure.figure, name=file_name(stem, figure.id), alt=figure.alt)


def empty(bench: Workbench, view: str, title: str, hint: str, *, example: bool = False) -> dict[str, Any]:
    """Returns what the page shows where there is nothing to draw: why, and what to do."""
    button = View.EXAMPLE if example else ""
    return {
        "view": view,
        "note": NOTES[view],
        "empty": {"title": title, "hint": hint, "button": button},
        "raters": raters(bench) if view == "raters" else None,
        "out": left_out(bench),
    }


def raters(bench: Workbench) -> dict[str, Any] | None:
    """Returns who may be left out; None where ratings carry no name."""
    names = bench.raters
    return {"names": names, "out": list(bench.left_out)} if len(names) > 2 else None


def left_out(bench: Workbench) -> dict[str, Any] | None:
    """Returns who is left out; None when nobody is."""
    return {"names": list(bench.left_out), "all": len(bench.raters)} if bench.left_out else None


def _table(stem: str, table: Table, axis: str) -> dict[str, Any]:
    frame, names = table.frame, list(map(str, table.frame.columns))
    columns = [
        {"key": str(name), "number": frame[name].dtype.kind in "fiu", "names": _NAMES.get(str(name), "")}
        for name in frame.columns
    ]
    rows = [[plain(value) for value in row] for row in frame.itertuples(index=False, name=None)]
    pairs = {"better", "worse"} <= {column["key"] for column in columns}
    return {
        "id": table.id,
        "title": table.title,
        "note": table.note,
        "name": file_name(stem, table.id),
        "columns": columns,
        "rows": rows,
        "pairs": pairs,
        "only": {"column": names.index("axis"), "value": axis} if "axis" in names and axis else None,
    }


def file_name(stem: str, name: str) -> str:
    """A name for a saved file."""
    safe = "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in stem).strip("-")
    return f"{safe[:40]}-{name}"


def plain(value: Any) -> Any:
    """A cell for JSON: NaN becomes None, numbers of numpy become those of Python."""
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)
