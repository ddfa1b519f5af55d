"""Reads a published study from a folder, however deep its files lie in it, and finds the audio that is there."""

from __future__ import annotations

import contextlib
import unicodedata
from collections import Counter
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from qamro.audio import AUDIO_ENDINGS
from qamro.studies.importers import aes_corpora
from qamro.studies.importers.forms import (
    aes_natural,
    audiobox,
    codec_mushra,
    lstm_music,
    musiceval,
    songs,
    text_audio,
    votes,
)
from qamro.studies.study import Study, is_study

PAM = "AES_PAM.jsonl"
TRACK2 = "audiomos2025_track2_human_annotations.jsonl"


def read_published(name: str, folder: Path, *, corpora: Mapping[str, Path] | None = None) -> Study:
    """Reads a study of the registry from a folder in the published layout, or saved as a study.

    Args:
        name: Its name in the registry.
        folder: A download, a checkout of its repository, or part of one.
        corpora: For AES-Natural: from a data set's name to the folder of its recordings.

    Raises:
        FileNotFoundError: The folder does not hold its ratings.
        StudyError: A file is not valid.
        ValueError: There is no reader for ``name``, or no such data set in AES-Natural.
    """
    if name == "aes_natural":
        return _aes_natural(folder, corpora or {})
    if corpora:
        raise ValueError(f"{name} has no path map; only aes_natural is made of several data sets")
    if is_study(folder):
        return Study.load(folder)
    if name == "musiceval":
        return musiceval.read_release(_release(folder))
    readers = {
        "codec_mushra": (codec_mushra.read, codec_mushra.FILE),
        "lstm_music": (lstm_music.read, lstm_music.FILE),
        "aes_pam": (audiobox.read, PAM),
        "audiomos2025_track2": (audiobox.read, TRACK2),
        "songeval": (songs.read_songeval, songs.SONGEVAL),
        "singmos_pro": (songs.read_singmos, songs.SINGMOS),
        "aime": (votes.read_aime, votes.AIME),
        "musicprefs": (votes.read_musicprefs, votes.MUSICPREFS),
        "audioeval": (text_audio.read_audioeval, text_audio.AUDIOEVAL),
        "relate": (text_audio.read_relate, text_audio.RELATE),
        "xacle": (text_audio.read_xacle, text_audio.XACLE),
        "music_arena_2026": (votes.read_arena, votes.ARENA),
    }
    if name not in readers:
        raise ValueError(f"there is no reader for a study {name!r}; known ones are {', '.join(readers)}")
    reader, file = readers[name]
    return attach_audio(reader(find(folder, file)), folder)


def find(folder: Path, file: str) -> Path:
    """Returns the file of that name that lies least deep in a folder.

    Raises:
        FileNotFoundError: There is none.
    """
    found = sorted(folder.rglob(file), key=lambda path: (len(path.parts), path))
    if not found:
        raise FileNotFoundError(f"{folder} holds no {file}; give the folder of the published study")
    return found[0]


def attach_audio(study: Study, folder: Path) -> Study:
    """Returns the study with the paths of the audio files that lie anywhere in a folder.

    A clip whose own path leads nowhere gets the only file whose last three or two parts are the clip's, or else the
    only one whose name is (extensions apart; accents composed or not); neither where several clips would get it. A file
    from a zip may have its name in letters of another encoding, as the zip does not say which: it is the clip's if its
    bytes are the clip's name in one of these. Without such a file its path stays.
    """
    lost = set(study.missing_audio())
    if not lost:
        return study
    files = [path for path in folder.rglob("*") if path.suffix.lower() in AUDIO_ENDINGS and path.is_file()]
    by_tail = [_index(files, depth) for depth in _DEPTHS]
    clips = study.clips.copy()
    for depth, index in zip(_DEPTHS, by_tail, strict=True):
        wanted = Counter(_tail(PurePosixPath(clip), depth) for clip in clips["clip"])
        for tail, times in wanted.items():
            if times > 1:
                index[tail] = None
    paths = []
    for clip, path in zip(clips["clip"], clips["path"], strict=True):
        there = _found(clip, by_tail) if clip in lost else None
        paths.append(path if there is None else str(there.resolve()))
    clips["path"] = paths
    return study.with_clips(clips)


_DEPTHS = (3, 2, 1)
"""How many parts of a path are compared: systems often share names, and parts of a split names and folders."""

_ZIPPED_IN = ("cp932", "gbk", "big5", "cp949", "cp1252", "cp1251", "cp866", "cp850")
"""What archivers store names in that are not UTF-8; Python then reads them as cp437."""


def _found(clip: str, by_tail: list[dict[str, Path | None]]) -> Path | None:
    """The only file of a clip's name, as it is written or as a zip may have kept it."""
    spellings = [clip]
    if not clip.isascii():
        for encoding in _ZIPPED_IN:
            with contextlib.suppress(UnicodeError):
                spellings.append(unicodedata.normalize("NFC", clip).encode(encoding).decode("cp437"))
    for spelling in dict.fromkeys(spellings):
        for index, depth in zip(by_tail, _DEPTHS, strict=True):
            if (match := index.get(_tail(PurePosixPath(spelling), depth))) is not None:
                return match
    return None


def _index(files: list[Path], depth: int) -> dict[str, Path | None]:
    index: dict[str, Path | None] = {}
    for file in files:
        key = _tail(PurePosixPath(file.as_posix()), depth)
        index[key] = None if key in index else file
    return index


def _tail(path: PurePosixPath, depth: int) -> str:
    stem = path.with_suffix("") if path.suffix.lower() in AUDIO_ENDINGS else path
    return unicodedata.normalize("NFC", "/".join(stem.parts[-depth:])) if len(stem.parts) >= depth else ""


def _release(folder: Path) -> Path:
    if musiceval.is_release(folder):
        return folder
    inner = [path.parent for path in sorted(folder.glob("*/sets")) if musiceval.is_release(path.parent)]
    return inner[0] if inner else folder


def _aes_natural(folder: Path, corpora: Mapping[str, Path]) -> Study:
    if is_study(folder):
        study = Study.load(folder)
    else:
        ratings = [find(folder, file) for file in aes_natural.RATINGS]
        study = aes_natural.read(ratings, {split: find(folder, file) for split, file in aes_natural.LISTS.items()})
    return aes_corpora.locate(study, corpora, base=folder)
