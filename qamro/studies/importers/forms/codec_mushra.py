"""MUSHRA ratings of neural speech codecs: one row a stimulus, ratings and raters as lists in cells.

The anchor was rated but not published as audio; its rows are left out and counted in the study's notes. ``source`` is
the sentence: the eight versions of one sentence share it.

Source: Stahl et al. 2024, doi 10.1109/ACCESS.2024.3482359; ``mushra_results_dataset/`` of
BenjSta/bernoulli-var-speech-codec, CC BY 4.0.
"""

from __future__ import annotations

import json
import math
from pathlib import Path

from qamro.studies.importers.table import Sheet, opened
from qamro.studies.study import Study
from qamro.studies.tables import StudyError, need

FILE = "ratings_formated_filtered.csv"
AXIS = "quality"
COLUMNS = ("signal", "condition", "ratings", "participant_ids", "file")


def recognises(cells: list[str]) -> bool:
    """Whether a first line is the header of this form."""
    return set(COLUMNS) <= set(cells)


def read(path: Path) -> Study:
    """Reads the file; see ``study_of``.

    Raises:
        FileNotFoundError: There is no such file.
        StudyError: As ``study_of``.
    """
    return study_of(opened(path))


def study_of(sheet: Sheet) -> Study:
    """Reads the table; clips lie in ``audio`` beside it.

    Raises:
        StudyError: A column is missing, or a cell is not a list; names the row.
    """
    import pandas as pd

    table, path = sheet.frame, sheet.path
    need(table, list(COLUMNS), path)
    published = table[table["file"] != ""]
    clips = pd.DataFrame(
        {
            "clip": published["file"],
            "path": "audio/" + published["file"],
            "system": published["condition"],
            "source": published["signal"],
        }
    )
    ratings = []
    for row, (clip, scores, raters) in enumerate(
        zip(table["file"], table["ratings"], table["participant_ids"], strict=True), 1
    ):
        if not clip:
            continue
        values, names = _list(scores, "ratings", path, row), _list(raters, "participant_ids", path, row)
        if len(values) != len(names):
            raise StudyError(f"{path}, row {row}: {len(values)} ratings by {len(names)} participants")
        ratings += [
            {"clip": clip, "rater": f"P{name}", "axis": AXIS, "score": score}
            for score, name in zip(values, names, strict=True)
        ]
    columns = ["clip", "rater", "axis", "score"]
    about: dict[str, object] = {"scale": "MUSHRA, 0 to 100"}
    if unheard := len(table) - len(published):
        about["notes"] = [f"{unheard} rated stimuli (the anchor) have no published audio and are left out"]
    frame = pd.DataFrame(ratings, columns=pd.Index(columns))
    return Study(clips, frame, name="codec_mushra", root=path.parent, about=about)


def _list(cell: str, column: str, path: Path, row: int) -> list[float]:
    try:
        values = json.loads(cell)
    except ValueError:
        values = None
    if not isinstance(values, list) or not all(isinstance(v, int | float) and math.isfinite(v) for v in values):
        raise StudyError(f"{path}, row {row}, column {column!r}: {cell[:40]!r} is not a list of numbers")
    return values
