"""What lies beside the ratings: tables that describe the clips, and their sound."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from qamro.studies.importers.names import role_of
from qamro.studies.importers.published import attach_audio
from qamro.studies.importers.table import Sheet
from qamro.studies.study import Study
from qamro.studies.tables import StudyError

if TYPE_CHECKING:
    import pandas as pd

_DESCRIBES = ("path", "system", "prompt", "source")
_MOST_TABLES = 50


def with_tables(clips: pd.DataFrame, tables: Sequence[tuple[str, Sheet]]) -> pd.DataFrame:
    """Adds what other tables say about the clips; what the ratings say already stays.

    A table describes clips when it names each of them once and at least half of those that were rated.

    Args:
        clips: The clips table so far.
        tables: The other tables, by name.
    """
    known = set(clips["clip"])
    for _, sheet in tables[:_MOST_TABLES]:
        roles = {name: role_of(name) for name in sheet.header}
        key = next((name for name, role in roles.items() if role == "clip"), None)
        if key is None:
            continue
        try:
            told = sheet.frame
        except StudyError:  # said by the guess already
            continue
        if told[key].duplicated().any() or len(known & set(told[key])) < len(known) / 2:
            continue
        told = told.set_index(key)
        for name in told.columns:
            column = roles[name] if roles[name] in _DESCRIBES else name if roles[name] == "about" else ""
            if column and (column not in clips.columns or (clips[column] == "").all()):
                clips = clips.assign(**{column: clips["clip"].map(told[name]).fillna("")})
    return clips


def with_sound(study: Study, folder: Path, *, confined: bool) -> tuple[Study, list[str]]:
    """Finds the clips' sound in a folder.

    Args:
        study: The study.
        folder: Where its files are.
        confined: Whether its paths come from a stranger: those that lead out of the folder are emptied first.

    Returns:
        The study, and notes about what was emptied.
    """
    notes = []
    if confined:
        home = folder.resolve()
        root = study.root or home
        astray = [bool(path) and not _lies_in(root / path, home) for path in study.clips["path"]]
        if any(astray):
            paths = ["" if out else path for out, path in zip(astray, study.clips["path"], strict=True)]
            clips = study.clips.assign(path=paths)
            study = study.with_clips(clips)
            notes = [f"{sum(astray)} paths lead out of what was brought along and were emptied"]
    return attach_audio(study, folder), notes


def _lies_in(path: Path, home: Path) -> bool:
    try:
        return path.resolve().is_relative_to(home)
    except (OSError, ValueError):  # a name with a null byte, or one that is too long
        return False
