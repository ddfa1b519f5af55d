"""Results of BeaqleJS: JSON, a record for each test with the ratings of its stimuli, and one about the listener.

A test is the content, a label (``A``, ``Reference``) the condition. One file is one session: its name tells the rater.
mushraJS writes an object of trials instead, and an ``id``.

Source: ``web_service/beaqleJS_Service.php`` and ``tools`` of HSU-ANT/beaqlejs.
"""

from __future__ import annotations

from typing import Any

from qamro.studies.importers.json_table import text_of
from qamro.studies.importers.layout import Column, Layout
from qamro.studies.importers.table import Sheet


def recognises(sheet: Sheet) -> str:
    """Why JSON is such a file; empty when it is not."""
    return "JSON records with TestID and ratings by label" if sheet.source == "json" and _tests(sheet.data) else ""


def _tests(data: Any) -> list[dict[str, Any]]:
    if isinstance(data, dict) and _is_mushrajs(data):
        return [{"TestID": trial, "rating": told} for trial, told in data["ratings"].items()]
    records = data if isinstance(data, list) else []
    return [r for r in records if isinstance(r, dict) and "TestID" in r and isinstance(r.get("rating"), dict)]


def _is_mushrajs(data: dict[str, Any]) -> bool:
    """Whether JSON is what mushraJS writes: ``ratings``, by trial and stimulus, and perhaps an ``id``."""
    told = data.get("ratings")
    if not isinstance(told, dict) or not told:
        return False
    scores = [s for trial in told.values() if isinstance(trial, dict) for s in trial.values()]
    return bool(scores) and all(isinstance(s, int | float) for s in scores) and all(map(bool, told.values()))


def tidy(sheet: Sheet) -> Sheet:
    """Writes a row for each label of each test."""
    rows: list[tuple[str, ...]] = []
    who = text_of(sheet.data.get("id")) if isinstance(sheet.data, dict) else ""
    for test in _tests(sheet.data):
        files = test.get("filename") if isinstance(test.get("filename"), dict) else {}
        files = files or {}
        for label, score in test["rating"].items():
            rows.append(
                (text_of(test["TestID"]), label, text_of(files.get(label, "")), who or sheet.path.stem, text_of(score))
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
