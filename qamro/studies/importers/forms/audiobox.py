"""Ratings as Audiobox-Aesthetics publishes them: JSON lines of a path and ten ratings on each of four axes.

The ratings name no rater. The ten positions are neither raters nor random draws (their means over clips differ by 0.5
to 1.4 points where chance gives 0.1), so positions are not kept. Zeros, off the scale of 1 to 10, are kept as found.

Source: arXiv 2502.05139; ``evaluation_data/`` and ``audiomos2025_track2/`` of facebookresearch/audiobox-aesthetics.
"""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

from qamro.studies.importers.table import Sheet, opened
from qamro.studies.study import Study
from qamro.studies.tables import StudyError

AXIS_OF = {
    "Production_Quality": "PQ",
    "Production_Complexity": "PC",
    "Content_Enjoyment": "CE",
    "Content_Usefulness": "CU",
}
"""Names of the axes in the published files."""

PLACEHOLDER = "/your_path/"
"""What stands before the data sets' own paths in the published files."""

_TRACK2 = re.compile(r"^audiomos2025-track2-(?P<system>[^-]+)-(?P<utterance>[^-]+)$")
_GENERATED = re.compile(r"(?:^|/)(?:audio|music)/(?P<system>[^/]+)/(?P<file>[^/]+)$")


def recognises(sheet: Sheet) -> str:
    """Whether JSON is of this form: a path and a list of ratings for one of the axes."""
    told = sheet.source == "json" and "data_path" in sheet.header and bool({*AXIS_OF} & {*sheet.header})
    return "JSON lines with data_path and lists of ratings" if told else ""


def read(path: Path) -> Study:
    """Reads the file; see ``study_of``.

    Raises:
        FileNotFoundError: There is no such file.
        StudyError: As ``study_of``.
    """
    return study_of(opened(path))


def study_of(sheet: Sheet) -> Study:
    """Reads the records.

    Systems come from the paths: ``…/audio/<system>/<file>`` or ``…/music/…`` (PAM; ``real`` is in both, so there are 9)
    and ``audiomos2025-track2-<system>-<utterance>``; elsewhere there are none (AES-Natural is recordings). In PAM one
    file name is one prompt, so it is the ``source``.

    Args:
        sheet: The JSON lines.

    Raises:
        StudyError: A line is not of this form; names the line and the key.
    """
    import pandas as pd

    clips, ratings, path = [], [], sheet.path
    for line, record in records(sheet):
        clip = describe(record["data_path"])
        clips.append(clip)
        for key, axis in AXIS_OF.items():
            ratings += [
                {"clip": clip["clip"], "axis": axis, "score": score} for score in _scores(record, key, path, line)
            ]
    return Study(pd.DataFrame(clips), pd.DataFrame(ratings), name=path.stem, about={"raters": "anonymous"})


def records(sheet: Sheet) -> list[tuple[int, dict[str, Any]]]:
    """Returns the file's objects with the numbers of their lines; each has a ``data_path``.

    Raises:
        StudyError: A line is not a JSON object with a path.
    """
    rows = sheet.data if isinstance(sheet.data, list) else [sheet.data]
    for number, record in enumerate(rows, 1):
        if not isinstance(record, dict) or not isinstance(record.get("data_path"), str) or not record["data_path"]:
            raise StudyError(f"{sheet.path}, line {number}: there is no 'data_path'; each line names its clip by it")
    return list(enumerate(rows, 1))


def describe(data_path: str) -> dict[str, str]:
    """Returns the row of the clips table that a published path stands for."""
    path = data_path.removeprefix(PLACEHOLDER)
    if match := _TRACK2.match(path):
        return {"clip": path, "path": "", "system": match["system"], "source": ""}
    if match := _GENERATED.search(path):
        system, file = match["system"], match["file"]
        return {"clip": f"{system}/{file}", "path": path, "system": system, "source": file}
    return {"clip": path, "path": path, "system": "", "source": ""}


def _scores(record: dict[str, Any], key: str, path: Path, line: int) -> list[float]:
    scores = record.get(key)
    if not isinstance(scores, list) or not scores:
        raise StudyError(f"{path}, line {line}: {key!r} is missing or is not a list of ratings")
    for score in scores:
        if isinstance(score, bool) or not isinstance(score, int | float) or not math.isfinite(score):
            raise StudyError(f"{path}, line {line}: {key!r} holds {score!r}, which is not a finite number")
    return scores
