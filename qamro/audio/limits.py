"""What a file must tell before it is decoded, and how much of it is accepted."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from qamro.audio.errors import AudioError


@dataclass(frozen=True)
class AudioInfo:
    """What a file's header says.

    Attributes:
        path: The file.
        format: The container, for example ``"wav"``, ``"ogg"``, ``"mp3"``, ``"mp4"``, ``"matroska"`` (also WebM).
        codec: How the samples are stored, for example ``"pcm_16"``, ``"vorbis"``, ``"mp3"``, ``"aac"``.
        sample_rate: Samples per second and channel, Hz.
        channels: Number of channels.
        seconds: Length; NaN where the container does not say (a recorded stream, raw AAC, MP3 without a
            length header).
        bytes: Size of the file.
    """

    path: Path
    format: str
    codec: str
    sample_rate: int
    channels: int
    seconds: float
    bytes: int


@dataclass(frozen=True)
class Limits:
    """What is accepted. The defaults take every ordinary clip and stop what would fill the memory.

    Attributes:
        seconds: Longest sound: an hour, far more than any clip of a listening test.
        channels: Most channels: 8, that is 7.1 surround.
        sample_rate: Lowest and highest rate in Hz: 4 kHz, below which nothing of music is left, to 384 kHz, the
            highest that recorders use.
        bytes: Largest file: 1 GiB, an hour of 24-bit stereo at 48 kHz.
        min_seconds: Shortest sound: 0.1 s. In less, a listener hears a click and an encoder sees a few frames.
    """

    seconds: float = 3600.0
    channels: int = 8
    sample_rate: tuple[int, int] = (4_000, 384_000)
    bytes: int = 2**30
    min_seconds: float = 0.1


def check_header(info: AudioInfo, limits: Limits) -> None:
    """Holds a header against the limits.

    Raises:
        AudioError: It promises more than the limits allow.
    """
    low, high = limits.sample_rate
    if not 1 <= info.channels <= limits.channels:
        raise AudioError(
            info.path, f"has {info.channels} channels, more than the {limits.channels} allowed", "mix it to stereo"
        )
    if not low <= info.sample_rate <= high:
        raise AudioError(
            info.path,
            f"has a sample rate of {info.sample_rate} Hz, outside {low} to {high} Hz",
            "resample it, for example to 48000 Hz",
        )
    if info.seconds > limits.seconds:
        raise too_long(info, limits)


def too_long(info: AudioInfo, limits: Limits) -> AudioError:
    """Returns the error for a sound over the limit of length, whether its header said so or decoding showed it."""
    lasts = f"lasts {info.seconds:.6g} s" if info.seconds > limits.seconds else "goes on and on"
    return AudioError(info.path, f"{lasts}, more than the {limits.seconds:g} s allowed", "cut it into shorter files")
