"""Results of BeaqleJS: JSON, a record for each test with the ratings of its stimuli, and one about the listener.

A test is the content, a label (``A``, ``Reference``) the condition. One file is one session: its name tells the rater.

Source: ``web_service/beaqleJS_Service.php`` and ``tools`` of HSU-ANT/beaqlejs.
"""

from __future__ import annotations

from typing import Any

from qamro.studies.importers.layout import Column, Layout
from qamro.studies.importers.table import Sheet, text_of


def recognises(sheet: Sheet) -> str:
    """Why JSON is such a file; empty when it is not."""
    return "JSON records with TestID and ratings by label" if sheet.source == "json" and _tests(sheet.data) else ""


def _tests(data: Any) -> list[dict[str, Any]]:
    records = data if isinstance(data, list) else []
    return [r for r in records if isinstance(r, dict) and "TestID" in r and isinstance(r.get("rating"), dict)]


def tidy(sheet: Sheet) -> Sheet:
    """Writes a row for each label of each test."""
    rows: list[tuple[str, ...]] = []
    for test in _tests(sheet.data):
        files = test.get("filename") if isinstance(test.get("filename"), dict) else {}
        files = files or {}
        for label, score in test["rating"].items():
            rows.append(
                (text_of(test["TestID"]), label, text_of(files.get(label, "")), sheet.path.stem, text_of(score))
            )
    names = ("TestID", "label", "filename", "session", "rating")
    return sheet.with_columns({name: [row[place] for row in rows] for place, name in enumerate(names)})


def layout_of(sheet: Sheet) -> Layout:
    """Returns the layout of a tidied file."""
    columns = (
        Column("TestID", "source", "the stimuli of a test share their content"),
        Column("label", "system", "the condition; with the test it names the clip"),
        Column("filename", "path", "the sound"),
        Column("session", "rater", "a file is a session"),
        Column("rating", "rating", "MUSHRA", axis="quality"),
    )
    return Layout("beaqlejs", "JSON records with TestID and ratings by label", columns, notes=sheet.notes)
