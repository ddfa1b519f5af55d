"""Reads ratings of any known form and says what it is made of."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from qamro.studies.folder import is_study
from qamro.studies.importers import aes_natural, aesthetics, codec_mushra, long_csv, lstm_music, musiceval
from qamro.studies.study import Study
from qamro.studies.tables import first_row
from qamro.studies.validation import StudyError

FORMS = (
    "a folder of clips.csv and ratings.csv",
    "a CSV with a header clip, rater, axis, score (rater may be missing)",
    "Audiobox-Aesthetics JSON lines",
    "a MusicEval list (file,MI,TA without a header) or release",
)
"""What ``read_ratings`` understands, in words."""

_BY_HEADER: tuple[tuple[Callable[[list[str]], bool], Callable[[Path], Study]], ...] = (
    (codec_mushra.recognises, codec_mushra.read),
    (lstm_music.recognises, lstm_music.read),
    (aes_natural.recognises, aes_natural.read_list),
    (musiceval.recognises, musiceval.read),
    (long_csv.recognises, long_csv.read),
)


def read_ratings(path: Path | str) -> Study:
    """Reads human ratings and recognises their form.

    Besides those in ``FORMS`` it knows the published tables of codec_mushra and lstm_music and the official lists of
    AES-Natural.

    Args:
        path: A file or a folder.

    Raises:
        FileNotFoundError: There is nothing at ``path``.
        StudyError: The form is unknown, or a row is not valid; names file, row, column and remedy.
    """
    path = Path(path)
    if path.is_dir():
        return _folder(path)
    cells = first_row(path) if not _is_json(path) else []
    reader = aesthetics.read if not cells else next((read for fits, read in _BY_HEADER if fits(cells)), None)
    if reader is None:
        raise StudyError(
            f"{path} holds no ratings in a known form; its first line is {','.join(cells)[:80]!r}. {_KNOWN}"
        )
    try:
        return reader(path)
    except StudyError as problem:
        if str(path) in str(problem):
            raise
        raise StudyError(f"{path}: {problem}") from problem


def _folder(path: Path) -> Study:
    if is_study(path):
        return Study.load(path)
    if musiceval.is_release(path):
        return musiceval.read_release(path)
    raise StudyError(f"{path} is a folder without ratings in a known form. {_KNOWN}")


def _is_json(path: Path) -> bool:
    if not path.exists():
        raise FileNotFoundError(f"there is no file or folder {path}")
    with path.open("rb") as file:
        head = file.read(1024).removeprefix(b"\xef\xbb\xbf").lstrip()
    if not head:
        raise StudyError(f"{path} is empty. {_KNOWN}")
    return aesthetics.recognises(head[:1].decode("latin-1"))


_KNOWN = f"Known forms: {'; '.join(FORMS)}"
