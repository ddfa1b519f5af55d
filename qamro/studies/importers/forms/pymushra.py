"""Results of webMUSHRA as pymushra keeps them: semicolons, columns in any order, pages of all kinds in one table.

``wm_id`` is the trial (the content), ``responses_stimulus`` the condition, ``responses_score`` the rating,
``questionaire_uuid`` the rater; ``wm_type`` says which kind of page a row is of. Pages that rate no sound (a scale of
0 and 1 for the languages that somebody knows) stand among the others and are left out.

Source: ``pymushra/service.py`` and ``casting.py`` of nils-werner/pymushra.
"""

from __future__ import annotations

from qamro.studies.importers.layout import Column, Layout
from qamro.studies.importers.table import Sheet

_ROLES = {
    "wm_id": ("source", "the page: stimuli share their content"),
    "responses_stimulus": ("system", "the condition; with the page it names the clip"),
    "questionaire_uuid": ("rater", "who took the test"),
    "questionnaire_uuid": ("rater", "who took the test"),
}
_KINDS = ("mushra", "bs1116", "lss", "likert_single_stimulus", "likert_multi_stimulus", "lms")


def recognises(sheet: Sheet) -> str:
    """Why a table is such a file; empty when it is not."""
    names = {name.lower().replace(".", "_") for name in sheet.header}
    return (
        "the header has wm_id and responses_score"
        if {"wm_id", "responses_score", "responses_stimulus"} <= names
        else ""
    )


def tidy(sheet: Sheet) -> Sheet:
    """Keeps the rows of pages that rate sound."""
    columns = {name.lower().replace(".", "_"): list(cells) for name, cells in sheet.columns.items()}
    kinds = columns.get("wm_type", [])
    wanted = [row for row, kind in enumerate(kinds) if kind.lower() in _KINDS]
    if not wanted or len(wanted) == len(kinds):
        return sheet.with_columns(columns)
    left = sorted({kind for row, kind in enumerate(kinds) if kind.lower() not in _KINDS})
    kept = {name: [cells[row] for row in wanted] for name, cells in columns.items()}
    note = f"{len(kinds) - len(wanted)} answers on other pages are left out ({', '.join(left)[:80]})"
    return sheet.with_columns({**kept, "@row": [str(row) for row in wanted]}, note)


def layout_of(sheet: Sheet) -> Layout:
    """Returns the layout of a tidied file."""
    found = []
    for name in sheet.header:
        if name in _ROLES:
            found.append(Column(name, *_ROLES[name]))
        elif name == "responses_score":
            found.append(Column(name, "rating", "MUSHRA, 0 to 100", axis="quality"))
        elif name.startswith("questionaire") or name in ("wm_testid", "wm_config", "@row"):
            found.append(Column(name, "ignore", "what participants told about themselves, or the whole test"))
        else:
            found.append(Column(name, "about_rating", "belongs to the answer"))
    return Layout(
        "pymushra",
        "the header has wm_id and responses_score",
        tuple(found),
        delimiter=sheet.delimiter,
        notes=sheet.notes,
    )
