"""Where the clips of a study come from: a folder or zip of a study, or audio files with a table beside them."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from qamro.studies.listening.errors import ListeningError
from qamro.studies.tables import read_table
from qamro.studies.validation import StudyError

if TYPE_CHECKING:
    import pandas as pd

    from qamro.studies.study import Study

AUDIO = frozenset(
    ".wav .wave .flac .ogg .oga .opus .mp3 .m4a .aac .webm .mp4 .aif .aiff .au .caf".split()  # noqa: SIM905
)
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
    audio = [(path, name) for path, name in found if PurePosixPath(name.lower()).suffix in AUDIO]
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
    """Unpacks the audio and tables of a zip under names of our own, whatever paths it claims."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = [member for member in archive.infolist() if _wanted(member)]
            if sum(member.file_size for member in members) > MOST_BYTES or len(members) > 2 * MOST_CLIPS:
                raise ListeningError(f"{name} is too large to unpack; split the study")
            folder.mkdir(parents=True)
            found = []
            for number, member in enumerate(members):
                target = folder / f"{number}{PurePosixPath(member.filename).suffix.lower()}"
                target.write_bytes(archive.read(member))
                found.append((target, member.filename))
            return found
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError) as problem:
        raise ListeningError(f"{name} cannot be unpacked: {problem}; zip it again, without a password") from problem


def _wanted(member: zipfile.ZipInfo) -> bool:
    path = PurePosixPath(member.filename)
    hidden = any(part.startswith((".", "__MACOSX")) for part in path.parts)
    return not member.is_dir() and not hidden and path.suffix.lower() in {*AUDIO, ".csv"}


def _base(name: str) -> str:
    return PurePosixPath(name.strip().replace("\\", "/")).name


def _shared(names: object) -> str:
    """The folder that all names lie in, with its slash; empty when there is none."""
    parents = [PurePosixPath(str(name)).parent.parts for name in names]  # type: ignore[attr-defined]
    first = parents[0]
    depth = next((i for i, part in enumerate(first) if any(p[i : i + 1] != (part,) for p in parents)), len(first))
    return "".join(f"{part}/" for part in first[:depth])
