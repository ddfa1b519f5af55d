"""Reads ratings of any known form, without a question."""

from __future__ import annotations

from pathlib import Path

from qamro.studies.folder import is_study
from qamro.studies.importers.guess import guess
from qamro.studies.importers.reading import read
from qamro.studies.study import Study


def read_ratings(path: Path | str) -> Study:
    """Reads human ratings and recognises their form; where columns had to be guessed, the study's notes say how.

    A file called ``ratings.csv`` with a ``clips.csv`` beside it is read as the study of that folder, so that its
    systems are known.

    Args:
        path: A file, a folder, or a zip. ``qamro.studies.importers.guess.KNOWN`` has the forms in words.

    Raises:
        FileNotFoundError: There is nothing at ``path``.
        StudyError: The form is unknown, or a row is not valid; names file, row, column and remedy.
    """
    path = Path(path)
    if path.name == "ratings.csv" and is_study(path.parent):
        path = path.parent
    return read(path, guess(path))
