"""A survey on music by people and by LSTMs: ratings from 0 (bad) to 5 (awesome), and a guess who made it.

Song n is ``Samples/n.mp3``; who made it follows from n. A rating of -1, which the survey's own description does not
mention, stands only beside the guess "familiar" and is taken for no rating: those rows are left out and counted in the
study's notes.

Source: ``Survey/`` of davda54/generating-music (GPL-3.0 repository).
"""

from __future__ import annotations

from pathlib import Path

from qamro.studies.importers.table import Sheet, opened
from qamro.studies.study import Study
from qamro.studies.tables import StudyError, need, numbers

FILE = "answers.csv"
AXIS = "quality"
COLUMNS = ("USER_ID", "SONG_ID", "GUESS", "RATING", "TIME")
GUESSES = {0: "human", 1: "computer", 2: "familiar"}
SYSTEMS = ((24, "human-multi"), (52, "human-single"), (76, "lstm-multi"), (104, "lstm-single"))
"""Last song of each system: people or LSTMs, several instruments or one."""

NOT_RATED = -1


def recognises(cells: list[str]) -> bool:
    """Whether a first line is the header of this form."""
    return set(COLUMNS[:2]) <= set(cells)


def read(path: Path) -> Study:
    """Reads the file; see ``study_of``.

    Raises:
        FileNotFoundError: There is no such file.
        StudyError: As ``study_of``.
    """
    return study_of(opened(path))


def study_of(sheet: Sheet) -> Study:
    """Reads the table; clips lie in ``Samples`` beside it.

    Ratings have the further columns ``guess`` (human, computer, familiar) and ``listened_ms``.

    Raises:
        StudyError: A column is missing, a cell is not a number, or a song is unknown; names the row.
    """
    import pandas as pd

    table, path = sheet.frame, sheet.path
    need(table, list(COLUMNS), path)
    number = {column: numbers(table, column, path) for column in COLUMNS[1:]}
    songs = number["SONG_ID"].astype(int)
    unknown = ~songs.between(1, SYSTEMS[-1][0]).to_numpy()
    if unknown.any():
        row = int(unknown.argmax())
        raise StudyError(f"{path}, row {row + 1}: there is no song {songs.iloc[row]}; they are 1 to {SYSTEMS[-1][0]}")
    rated = number["RATING"] != NOT_RATED
    ratings = pd.DataFrame(
        {
            "clip": songs.astype(str) + ".mp3",
            "rater": "U" + table["USER_ID"],
            "axis": AXIS,
            "score": number["RATING"],
            "guess": number["GUESS"].map(GUESSES).fillna(""),
            "listened_ms": number["TIME"],
        }
    )[rated]
    heard = sorted(set(songs[rated]))
    clips = pd.DataFrame(
        {
            "clip": [f"{song}.mp3" for song in heard],
            "path": [f"Samples/{song}.mp3" for song in heard],
            "system": [next(system for last, system in SYSTEMS if song <= last) for song in heard],
        }
    )
    about: dict[str, object] = {"scale": "0 to 5"}
    if skipped := int((~rated).sum()):
        about["notes"] = [f"{skipped} answers without a rating (-1) are left out"]
    return Study(clips, ratings, name="lstm_music", root=path.parent, about=about)
