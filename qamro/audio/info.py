"""What is said of a sound file before it is decoded: its ending, its header, how much is accepted, what is wrong."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from pathlib import Path

AUDIO_ENDINGS = (
    *(".wav", ".wave", ".bwf", ".rf64", ".w64", ".flac", ".aif", ".aiff", ".aifc", ".au", ".snd", ".caf", ".voc"),
    *(".sph", ".wv", ".ape", ".tta", ".dsf", ".shn"),
    *(".mp3", ".mp2", ".mpga", ".m4a", ".m4b", ".m4r", ".aac", ".ogg", ".oga", ".opus", ".spx", ".webm", ".weba"),
    *(".mka", ".wma", ".ac3", ".eac3", ".dts", ".amr", ".gsm", ".mpc", ".ra"),
    *(".mp4", ".m4v", ".mov", ".3gp", ".3g2", ".mkv", ".avi", ".flv", ".ogv", ".wmv", ".asf", ".mpg", ".mpeg"),
)
"""Endings by which a file is taken for sound where only its name is known; what it holds, decoding finds out. In lower
case, those first that are preferred where a recording lies there in several formats: what keeps every sample, what
does not, and videos with sound."""

_LONGEST_NAME = 80


class AudioError(ValueError):
    """A sound file cannot be used; the message names the file, says what is wrong and what to do.

    The message is one printable line. It is plain text: escape it before putting it into HTML, like any other.

    Attributes:
        path: The file.
        problem: What is wrong with it.
        remedy: What to do about it.
    """

    def __init__(self, path: str | os.PathLike[str], problem: str, remedy: str) -> None:
        # All three go to the base class, so that the error survives pickling between processes.
        super().__init__(path, problem, remedy)
        self.path = Path(path)
        self.problem = problem
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{safe_name(self.args[0])}: {self.problem}; {self.remedy}"


def safe_name(path: str | os.PathLike[str]) -> str:
    r"""Returns a file's name (without its folder) as one short printable line.

    Control characters, line breaks, bidirectional marks and undecodable bytes are escaped (``\n``, ``\u202e``,
    ``\udcff``), and a name of more than 80 characters loses its middle.

    Example:
        >>> safe_name("takes/one\ntwo.wav")
        'one\\ntwo.wav'
    """
    text = os.fspath(path)
    name = Path(text).name or text or "(no name)"
    if len(name) > _LONGEST_NAME:
        name = f"{name[: _LONGEST_NAME - 21]}…{name[-20:]}"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in name)


@dataclass(frozen=True)
class AudioInfo:
    """What a file's header says.

    Attributes:
        path: The file.
        format: The container, for example ``"wav"``, ``"ogg"``, ``"mp3"``, ``"mp4"``, ``"matroska"`` (also WebM).
        codec: How the samples are stored, for example ``"pcm_16"``, ``"vorbis"``, ``"mp3"``, ``"aac"``.
        sample_rate: Samples per second and channel, Hz.
        channels: Number of channels.
        seconds: Length; NaN where the container does not say (a recorded stream, raw AAC); infinite for an MP3 that
            lasts longer than is accepted.
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
        values: Most numbers to decode, that is seconds x rate x channels: 400 million, about seconds of work. An hour
            of stereo at 48 kHz has 346 million.
        samples: Most samples to keep, that is seconds x the rate that is wanted: 180 million, 720 MB. An hour at
            48 kHz has 173 million.
        work: Most seconds of processor that one file may take.
        memory: Most bytes of address space that a process may have which decodes it (see ``qamro.audio.guarded``).
    """

    seconds: float = 3600.0
    channels: int = 8
    sample_rate: tuple[int, int] = (4_000, 384_000)
    bytes: int = 2**30
    min_seconds: float = 0.1
    values: int = 400_000_000
    samples: int = 180_000_000
    work: float = 10.0
    memory: int = 1_500_000_000


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
    if info.seconds * info.sample_rate * info.channels > limits.values:
        raise too_large(info, limits)


def too_long(info: AudioInfo, limits: Limits) -> AudioError:
    """Returns the error for a sound over the limit of length, whether its header said so or decoding showed it."""
    known = limits.seconds < info.seconds < math.inf
    lasts = f"lasts {info.seconds:.6g} s" if known else "goes on and on"
    return AudioError(info.path, f"{lasts}, more than the {limits.seconds:g} s allowed", "cut it into shorter files")


def too_large(info: AudioInfo, limits: Limits, samples: int = 0) -> AudioError:
    """Returns the error for a sound that would take too much work or memory.

    Args:
        info: The file.
        limits: What is accepted.
        samples: How many samples would be kept; 0 where it is the decoding that is too much.
    """
    size = f"{info.sample_rate} Hz, {info.channels} channel{'s' if info.channels > 1 else ''}"
    lasts = f"{info.seconds:.6g} s at {size}" if math.isfinite(info.seconds) else f"goes on at {size}"
    most = f"{limits.samples:.3g} samples that are kept" if samples else f"{limits.values:.3g} numbers that are decoded"
    return AudioError(info.path, f"is too large: {lasts}, more than the {most}", "cut it, or resample it to 48000 Hz")


def too_slow(path: str | os.PathLike[str], limits: Limits) -> AudioError:
    """Returns the error for a file whose decoding takes too long."""
    return AudioError(path, f"takes more than {limits.work:g} s to decode", "export it again, or cut it")
