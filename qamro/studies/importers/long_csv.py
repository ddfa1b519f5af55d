"""Ratings as one long CSV: a row a rating, columns ``clip``, ``axis``, ``score`` and, if known, ``rater``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qamro.studies.folder import is_study
from qamro.studies.study import Study
from qamro.studies.tables import need, numbers, read_table
from qamro.studies.validation import StudyError

if TYPE_CHECKING:
    import pandas as pd

REQUIRED = ("clip", "axis", "score")
_OF_THE_CLIP = ("path", "system", "prompt", "source")


def recognises(cells: list[str]) -> bool:
    """Whether a first line is the header of this form, or nearly so: the error then names what is missing."""
    return len({*REQUIRED, "rater"} & set(cells)) >= 2


def read(path: Path) -> Study:
    """Reads the file.

    ``path``, ``system``, ``prompt`` and ``source`` describe the clip and move to the clips table; other columns stay
    with the rating. A file called ``ratings.csv`` with a ``clips.csv`` beside it is read as the study of that folder,
    so that its systems are known.

    Args:
        path: The CSV; paths of clips are relative to its folder.

    Raises:
        FileNotFoundError: There is no such file.
        StudyError: A column is missing, a score is not a number, or two rows disagree about a clip.
    """
    if path.name == "ratings.csv" and is_study(path.parent):
        return Study.load(path.parent)
    table = read_table(path)
    need(table, list(REQUIRED), path)
    table["score"] = numbers(table, "score", path)
    if "mean_of" in table.columns:
        table["mean_of"] = numbers(table, "mean_of", path)
    described = [column for column in _OF_THE_CLIP if column in table.columns]
    _agree(table, described, path)
    clips = table[["clip", *described]].drop_duplicates("clip")
    return Study(clips, table.drop(columns=described), name=path.stem, root=path.parent)


def _agree(table: pd.DataFrame, columns: list[str], path: Path) -> None:
    first = table.drop_duplicates("clip").set_index("clip")
    for column in columns:
        expected = table["clip"].map(first[column])
        differs = (table[column] != expected).to_numpy()
        if differs.any():
            row = int(differs.argmax())
            clip, said, other = table["clip"].iloc[row], expected.iloc[row], table[column].iloc[row]
            raise StudyError(
                f"{path}, row {row + 1}, column {column!r}: clip {clip!r} has {other!r} here and {said!r} above; "
                "a clip has one"
            )
