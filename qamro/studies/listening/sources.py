"""Where the clips of a study come from: a folder or zip of a study, or audio files with a table beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from qamro.audio import AUDIO_ENDINGS
from qamro.studies.importers.archive import Limits, unpack
from qamro.studies.listening.errors import ListeningError
from qamro.studies.tables import read_table
from qamro.studies.validation import StudyError

if TYPE_CHECKING:
    import pandas as pd

    from qamro.studies.study import Study

MOST_CLIPS = 2000
MOST_BYTES = 4 * 2**30
"""Most that a zip may unpack to."""

_NAMES = ("path", "clip", "file", "filename", "name")


@dataclass(frozen=True)
class Sound:
    """A clip that may go into a listening study.

    Attributes:
        name: What the study calls it; raters never see it.
        path: The file.
        system: What generated it; empty when unknown.
        prompt: What it was generated from; empty when there is none.
        source: The content that versions of a clip share; empty when unknown.
    """

    name: str
    path: Path
    system: str = ""
    prompt: str = ""
    source: str = ""


def from_study(study: Study) -> list[Sound]:
    """Takes a study's clips; its ratings stay behind.

    Raises:
        ListeningError: A clip's audio is missing.
    """
    if missing := study.missing_audio():
        raise ListeningError(
            f"{len(missing)} of {len(study.clips)} clips of {study.name!r} have no audio file, first {missing[0]!r}; "
            "put the audio beside clips.csv"
        )
    columns = {key: study.clips[key].astype(str) for key in ("clip", "system", "prompt")}
    source = study.clips["source"].astype(str) if "source" in study.clips.columns else [""] * len(study.clips)
    rows = zip(*columns.values(), source, strict=True)
    return [Sound(name, study.audio_path(name), *rest) for name, *rest in rows]


def from_files(files: Sequence[tuple[Path, str]], work: Path) -> list[Sound]:
    """Takes uploaded files: audio, CSVs that name clips, prompts and systems, and zips of both.

    Args:
        files: Each file with the name that the visitor's machine calls it.
        work: An empty folder for what is unpacked.

    Raises:
        ListeningError: A zip or a table is not usable, or there is no audio.
    """
    found: list[tuple[Path, str]] = []
    for number, (path, name) in enumerate(files):
        found += _unpack(path, name, work / str(number)) if name.lower().endswith(".zip") else [(path, name)]
    tables = [(path, name) for path, name in found if name.lower().endswith(".csv") and _base(name) != "ratings.csv"]
    audio = [(path, name) for path, name in found if PurePosixPath(name.lower()).suffix in AUDIO_ENDINGS]
    if not audio:
        raise ListeningError("there is no audio among these files; add clips, or a zip that holds them")
    if len(audio) > MOST_CLIPS:
        raise ListeningError(f"these are {len(audio)} clips; a listening study takes at most {MOST_CLIPS}")
    rows = _rows(tables)
    shared = _shared(name for _, name in audio)
    sounds = []
    for path, name in audio:
        row = rows.get(_base(name), {})
        label = row.get("clip") or name.removeprefix(shared)
        sounds.append(Sound(label, path, *(row.get(key, "") for key in ("system", "prompt", "source"))))
    return sounds


def _rows(tables: Sequence[tuple[Path, str]]) -> dict[str, dict[str, str]]:
    """What tables say about each file, by file name without folders."""
    rows: dict[str, dict[str, str]] = {}
    for path, name in tables:
        try:
            table = read_table(path)
        except (StudyError, OSError) as problem:
            raise ListeningError(str(problem).replace(str(path), name)) from problem
        table.columns = table.columns.str.lower()
        column = next((key for key in _NAMES if key in table.columns), None)
        if column is None:
            raise ListeningError(f"{name} has no column of clip names; call one clip, path or file")
        rows |= _by_file(table, column)
    return rows


def _by_file(table: pd.DataFrame, column: str) -> dict[str, dict[str, str]]:
    return {_base(str(row[column])): {str(k): str(v) for k, v in row.items()} for row in table.to_dict("records")}


def _unpack(path: Path, name: str, folder: Path) -> list[tuple[Path, str]]:
    """Unpacks the audio and tables of a zip; a clip that cannot be taken is an error, as nobody would miss it later."""
    try:
        taken = unpack(path, folder, Limits(files=2 * MOST_CLIPS, bytes=MOST_BYTES), name=name)
    except StudyError as problem:
        raise ListeningError(str(problem)) from problem
    if taken.refused:
        raise ListeningError(f"{name}: {'; '.join(taken.refused)}. Rename these files, and zip again")
    return [(file, file.relative_to(folder).as_posix()) for file in sorted(folder.rglob("*")) if file.is_file()]


def _base(name: str) -> str:
    return PurePosixPath(name.strip().replace("\\", "/")).name


def _shared(names: object) -> str:
    """The folder that all names lie in, with its slash; empty when there is none."""
    parents = [PurePosixPath(str(name)).parent.parts for name in names]  # type: ignore[attr-defined]
    first = parents[0]
    depth = next((i for i, part in enumerate(first) if any(p[i : i + 1] != (part,) for p in parents)), len(first))
    return "".join(f"{part}/" for part in first[:depth])
