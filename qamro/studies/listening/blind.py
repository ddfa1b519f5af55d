"""Copies of clips that give nothing away: no name, no tags, no format, only the sound."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from qamro.audio import AudioError, Limits
from qamro.audio.decode import open_reader

RATE = 48_000
"""Sample rate of the beeps, Hz."""

_LIMITS = Limits(seconds=1200, bytes=2**29)
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
