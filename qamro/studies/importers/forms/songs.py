"""SongEval and SingMOS-Pro: songs and singing in JSON, each with its list of ratings.

Read as public code reads them (yonghyunk1m/TuneJury and others); what could not be confirmed is said in the registry.
"""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath
from typing import Any

from qamro.studies.study import Study
from qamro.studies.tables import StudyError

SONGEVAL, SINGMOS = "metadata.jsonl", "metadata.json"
SONG_AXES = ("Coherence", "Musicality", "Memorability", "Clarity", "Naturalness")
_RATER = ("annotator", "annotator_id", "rater", "id", "user")


def read_songeval(path: Path) -> Study:
    """Reads ``metadata.jsonl``: a line a song, with ``file_name`` and a list ``annotation`` of ratings on five axes.

    Raises:
        StudyError: A line is no JSON, or lacks its file or a rating; names the line.
    """
    rows, clips = [], []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            song = json.loads(line)
            name = str(song["file_name"])
            for given in song["annotation"]:
                rater = next((str(given[key]) for key in _RATER if key in given), "")
                rows += [(PurePosixPath(name).stem, rater, axis, float(given[axis])) for axis in SONG_AXES]
        except (ValueError, KeyError, TypeError) as problem:
            what = f"{problem.args[0]!r} is missing" if isinstance(problem, KeyError) else str(problem)
            raise StudyError(
                f"{path}, line {number}: {what}; expected file_name and annotation, with {_named()}"
            ) from problem
        clips.append((PurePosixPath(name).stem, name, "", str(song.get("gender", ""))))
    return _study(path, clips, rows, "songeval", "gender")


def read_singmos(path: Path) -> Study:
    """Reads ``metadata.json``: a list of clips, ``id`` (``sysNNNN-uttNNNN``) and ``judge_score``, a list of ratings.

    Raises:
        StudyError: It is no such list; names the entry.
    """
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as problem:
        raise StudyError(f"{path} is no JSON: {problem}") from problem
    rows, clips = [], []
    for number, entry in enumerate(entries if isinstance(entries, list) else [entries], 1):
        try:
            name, scores = str(entry["id"]), [float(score) for score in entry["judge_score"]]
        except (KeyError, TypeError, ValueError) as problem:
            raise StudyError(
                f"{path}, entry {number}: expected id and judge_score, a list of numbers ({problem})"
            ) from problem
        rows += [(name, "", "MOS", score) for score in scores]
        clips.append((name, f"wav/{name}.wav", name.partition("-")[0], str(entry.get("language", ""))))
    return _study(path, clips, rows, "singmos_pro", "language")


def _study(path: Path, clips: list[Any], rows: list[Any], name: str, further: str) -> Study:
    import pandas as pd

    if not rows:
        raise StudyError(f"{path} holds no ratings")
    table = pd.DataFrame(clips, columns=["clip", "path", "system", further]).assign(prompt="")
    ratings = pd.DataFrame(rows, columns=["clip", "rater", "axis", "score"])
    return Study(table, ratings, name=name, root=path.resolve().parent)


def _named() -> str:
    return ", ".join(SONG_AXES)
