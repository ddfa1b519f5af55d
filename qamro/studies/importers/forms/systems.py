"""Results a system: a leaderboard, or the means of systems. No clip is named, so nothing about clips can be said.

Such a table is not read as ratings unless somebody says that its systems are the clips; what can be said of it is told.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from qamro.studies.importers.cells import decimal_of, look, number_of
from qamro.studies.importers.layout import Layout
from qamro.studies.importers.names import role_of
from qamro.studies.importers.rated_columns import layout_of as guessed
from qamro.studies.importers.table import Sheet


def recognises(sheet: Sheet) -> str:
    """Why a table holds results a system; empty when it does not."""
    if sheet.headless:
        return ""
    roles = {name: role_of(name) for name in sheet.header}
    named = [name for name, role in roles.items() if role == "system"]
    others = {"clip", "path", "rater", "source", "prompt"} & set(roles.values())
    if len(named) != 1 or others or any(name.lower().startswith("system_") and name != named[0] for name in roles):
        return ""
    cells = sheet.columns[named[0]]
    told = 1 < len(cells) <= 1000 and len(set(cells)) == len(cells) and all(cells)
    return f"a row for each {named[0]!r}, and no clips" if told and _scored(sheet, named[0]) else ""


def _scored(sheet: Sheet, but: str) -> list[str]:
    decimal = decimal_of(sheet.frame)
    names = [n for n in sheet.header if n != but and role_of(n) in ("rating", "")]
    return [name for name in names if look(sheet.frame[name], decimal).numeric]


def layout_of(sheet: Sheet) -> Layout | None:
    """Returns a layout that cannot be read before somebody says that systems are clips; it tells the order found."""
    system = next(name for name in sheet.header if role_of(name) == "system")
    scored = _scored(sheet, system)
    scored = [name for name in scored if role_of(name) == "rating"] or scored
    layout = guessed(sheet) or guessed(sheet, "wide")
    if layout is None:
        return None
    decimal, score = decimal_of(sheet.frame), scored[0]
    order = sorted(
        zip(sheet.columns[system], sheet.columns[score], strict=True), key=lambda row: -_number(row[1], decimal)
    )
    told = ", ".join(f"{name} {value}" for name, value in order[:5]) + (" …" if len(order) > 5 else "")
    question = (
        f"these are results a system, not ratings of clips: {len(order)} systems by {score!r} ({told}). Nothing can be "
        f"said of clips, raters or intervals; give the ratings themselves"
    )
    readings = (("or read each system as one clip all the same", ((system, "clip"),)),)
    why = f"a row for each {system!r}, and no clips"
    return replace(layout, form="systems", why=why, question=question, readings=readings)


def _number(text: str, decimal: str) -> float:
    value = number_of(text, decimal)
    return value if np.isfinite(value) else float("-inf")
