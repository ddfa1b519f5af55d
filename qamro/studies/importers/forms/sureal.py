"""Data sets of sureal (Netflix): JSON with ``dis_videos``, each with its opinion scores ``os`` by subject.

Source: ``sureal/dataset_reader.py`` of Netflix/sureal.
"""

from __future__ import annotations

from qamro.studies.importers.json_table import text_of
from qamro.studies.importers.layout import Column, Layout
from qamro.studies.importers.table import Sheet


def recognises(sheet: Sheet) -> str:
    """Why JSON is such a file; empty when it is not."""
    data = sheet.data
    told = sheet.source == "json" and isinstance(data, dict) and isinstance(data.get("dis_videos"), list)
    rows = data["dis_videos"] if told else []
    return "JSON with dis_videos" if rows and all(isinstance(row, dict) and "os" in row for row in rows) else ""


def tidy(sheet: Sheet) -> Sheet:
    """Writes a row for each opinion score."""
    rows: list[tuple[str, ...]] = []
    for place, clip in enumerate(sheet.data["dis_videos"]):
        scores = clip["os"] if isinstance(clip["os"], dict) else dict(enumerate(clip["os"] or [], 1))
        name = text_of(clip.get("path") or clip.get("name") or clip.get("asset_id", place))
        content = text_of(clip.get("content_id", ""))
        for rater, given in scores.items():
            for score in given if isinstance(given, list) else [given]:
                label = rater if isinstance(rater, str) else f"subject {rater}"
                rows.append((name, content, label, text_of(score)))
    names = ("path", "content", "subject", "score")
    return sheet.with_columns({name: [row[place] for row in rows] for place, name in enumerate(names)})


def layout_of(sheet: Sheet) -> Layout:
    """Returns the layout of a tidied file."""
    columns = (
        Column("path", "clip", "the clip's file"),
        Column("content", "source", "the content"),
        Column("subject", "rater", "who gave the score"),
        Column("score", "rating", "opinion scores", axis="quality"),
    )
    return Layout("sureal", "JSON with dis_videos", columns, notes=sheet.notes)
