"""Where the clips of a study come from, and copies of them that give nothing away."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import numpy as np

from qamro.audio import AUDIO_ENDINGS, AudioError
from qamro.audio import Limits as AudioLimits
from qamro.audio.decode import open_reader
from qamro.studies.importers.archive import Limits, unpack
from qamro.studies.listening.design import ListeningError
from qamro.studies.manifest import FILES, NAMES, PLAIN, read_rows
from qamro.studies.tables import StudyError

if TYPE_CHECKING:
    from qamro.studies.study import Study

MOST_CLIPS = 2000
MOST_BYTES = 4 * 2**30
"""Most that a zip may unpack to."""


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
    """Takes uploaded files: audio, manifests that name clips, prompts and systems, and zips of both.

    Args:
        files: Each file with the name that the visitor's machine calls it.
        work: An empty folder for what is unpacked.

    Raises:
        ListeningError: A zip or a table is not usable, or there is no audio.
    """
    found: list[tuple[Path, str]] = []
    for number, (path, name) in enumerate(files):
        found += _unpack(path, name, work / str(number)) if name.lower().endswith(".zip") else [(path, name)]
    tables = [(path, name) for path, name in found if name.lower().endswith(PLAIN) and _base(name) != "ratings.csv"]
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
            table = list(read_rows(path))
        except (StudyError, OSError, ImportError) as problem:
            raise ListeningError(str(problem).replace(str(path), name)) from problem
        column = next((key for key in (*FILES, *NAMES) if table and key in table[0]), None)
        if table and column is None:
            raise ListeningError(f"{name} has no column of clip names; call one clip, path or file")
        for row in table:
            told = {key: "" if value is None else str(value) for key, value in row.items()}
            rows[_base(told.get(str(column), ""))] = told
    return rows


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


# Copies of clips that give nothing away: no name, no tags, no format, only the sound.

RATE = 48_000
"""Sample rate of the beeps, Hz."""

_LIMITS = AudioLimits(seconds=1200, bytes=2**29)
_FLAC_RATE = 192_000
_BEEP, _PAUSE, _REST = 0.18, 0.42, 0.5  # seconds


def random_file() -> str:
    """Returns a new random file name."""
    return f"{secrets.token_hex(16)}.flac"


def copy_blind(source: Path, target: Path) -> float:
    """Writes the sound of a file as FLAC, without resampling and with its channels; returns its length in seconds.

    Every browser plays FLAC, and all clips of a study look the same: an MP3 does not show that it is one. Samples are
    kept to 24 bits; what is over full scale is clipped, as any converter to sound does. Levels are left alone.

    Raises:
        AudioError: The file cannot be decoded, or lasts more than 20 minutes.
    """
    import soundfile

    frames = 0
    part = target.with_suffix(".part")
    try:
        with open_reader(source, _LIMITS) as reader:
            info = reader.info
            if info.sample_rate > _FLAC_RATE:
                raise AudioError(source, f"has a sample rate of {info.sample_rate} Hz", "resample it to 48000 Hz")
            options = {"format": "FLAC", "subtype": "PCM_24"}
            with soundfile.SoundFile(part, "w", info.sample_rate, info.channels, **options) as copy:
                for block in _finite(reader.blocks(), source):
                    frames += len(block)
                    if frames > _LIMITS.seconds * info.sample_rate:
                        raise AudioError(source, f"lasts more than {_LIMITS.seconds:g} s", "cut it")
                    copy.write(block)
        if frames < _LIMITS.min_seconds * info.sample_rate:
            raise AudioError(source, "is too short to be heard", "use a longer clip")
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return frames / info.sample_rate


def write_beeps(count: int, target: Path) -> float:
    """Writes an attention check, so many beeps of 880 Hz, and returns its length in seconds."""
    import soundfile

    t = np.arange(round(_BEEP * RATE)) / RATE
    edge = np.clip(np.minimum(t, _BEEP - t) / 0.01, 0, 1)  # soft edges, or the beep would click
    beep = 0.25 * edge * np.sin(2 * np.pi * 880 * t)
    rest, pause = np.zeros(round(_REST * RATE)), np.zeros(round(_PAUSE * RATE))
    samples = np.concatenate([rest, *[np.concatenate([beep, pause])] * count, rest])
    soundfile.write(target, samples.astype(np.float32), RATE, format="FLAC", subtype="PCM_16")
    return len(samples) / RATE


def _finite(blocks: Iterator[np.ndarray], source: Path) -> Iterator[np.ndarray]:
    for block in blocks:
        if not np.isfinite(block).all():
            raise AudioError(source, "holds NaN or infinite samples", "export it again")
        yield np.clip(block, -1.0, 1.0)
